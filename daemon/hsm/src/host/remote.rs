//! The daemon's side of an HSM in another process.

use std::sync::Arc;

use kmip::{
    Buffer, CryptographicUsageMask, Secret,
    mechanism::{Cipher, Derivation, Hash, KeySpec, Mac, Signing},
};

use super::{
    call::Call,
    helper::{Helper, Terms as HelperTerms},
    wire::{self, Broken, Put, Take},
};
use crate::{
    Base, Begun, Capabilities, Decryption, Departure, Derived, Deriving, Encrypted, Encryption,
    Error, Finished, ForeignKey, Generated, Hsm, Input, KeyRef, Material, Parcel, Result, Sealed,
    SecureHeap, Stream, Target, Task, Terms, Transport, Trial, Wrapped,
};

/// An HSM in another process. Calls fail with [`Error::Unavailable`] while there is none.
pub struct RemoteHsm {
    helper: Arc<Helper>,
    keeps_keys: bool,
    capabilities: Capabilities,
}

impl RemoteHsm {
    /// Starts the process, which opens the HSM.
    pub fn open(terms: HelperTerms) -> Result<Self> {
        let (helper, (keeps_keys, capabilities)) = Helper::start(terms)?;
        Ok(Self {
            helper,
            keeps_keys,
            capabilities,
        })
    }

    fn call<T: for<'a> Take<'a>>(&self, call: Call, arguments: impl Put) -> Result<T> {
        ask(&self.helper, call, false, arguments)
    }
}

/// Calls, and reads what comes back.
fn ask<T: for<'a> Take<'a>>(
    helper: &Helper,
    call: Call,
    is_slow: bool,
    arguments: impl Put,
) -> Result<T> {
    let write = |frame: &mut Buffer| (call, arguments).put(frame);
    let answer = helper.exchange(is_slow, write, |frame| wire::whole::<Result<T>>(frame))?;
    answer.unwrap_or_else(|Broken| Err(Error::Failed("its process answers nonsense".to_owned())))
}

impl Hsm for RemoteHsm {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn keeps_keys(&self) -> bool {
        self.keeps_keys
    }

    fn generate(&self, spec: KeySpec, terms: &Terms) -> Result<Generated> {
        // A key pair is looked for, and a secret key is a draw.
        let is_slow = spec.is_asymmetric();
        ask(&self.helper, Call::Generate, is_slow, (spec, terms))
    }

    fn import(&self, material: &Material, terms: &Terms) -> Result<KeyRef> {
        // Whether the factors of an RSA key are prime takes as long to be seen as to find some.
        let is_slow = matches!(material, Material::Private { .. });
        ask(&self.helper, Call::Import, is_slow, (material, terms))
    }

    fn export(&self, key: &KeyRef) -> Result<Material> {
        self.call(Call::Export, key)
    }

    fn destroy(&self, key: &KeyRef) -> Result<()> {
        self.call(Call::Destroy, key)
    }

    fn abandon(&self, spec: KeySpec, id: &[u8]) -> Result<()> {
        self.call(Call::Abandon, (spec, id))
    }

    fn holds(&self, spec: KeySpec, id: &[u8]) -> Result<bool> {
        self.call(Call::Holds, (spec, id))
    }

    fn random(&self, out: &mut [u8]) -> Result<()> {
        let bytes: Secret = self.call(Call::Random, out.len())?;
        if bytes.len() != out.len() {
            return Err(Error::Failed(
                "its process gave other random bytes".to_owned(),
            ));
        }
        out.copy_from_slice(bytes.expose());
        Ok(())
    }

    fn seed(&self, offered: &[u8]) -> Result<()> {
        self.call(Call::Seed, offered)
    }

    fn seal(&self, plain: &Secret, label: &[u8]) -> Result<Sealed> {
        self.call(Call::Seal, (plain, label))
    }

    fn open(&self, sealed: &Sealed, label: &[u8]) -> Result<Secret> {
        self.call(Call::Open, (sealed, label))
    }

    fn sign(&self, key: &KeyRef, mechanism: Signing, input: Input<'_>) -> Result<Vec<u8>> {
        // By hashing alone, each takes up to seconds.
        let is_slow = matches!(mechanism, Signing::SlhDsa | Signing::InContext { .. });
        ask(&self.helper, Call::Sign, is_slow, (key, mechanism, input))
    }

    fn encrypt(&self, key: &KeyRef, cipher: &Cipher, input: Encryption<'_>) -> Result<Encrypted> {
        self.call(Call::Encrypt, (key, cipher, input))
    }

    fn decrypt(&self, key: &KeyRef, cipher: &Cipher, input: Decryption<'_>) -> Result<Secret> {
        self.call(Call::Decrypt, (key, cipher, input))
    }

    fn begin(&self, key: &KeyRef, task: Task<'_>) -> Result<Option<Begun>> {
        let begun: Option<(u64, Option<Vec<u8>>)> = self.call(Call::Begin, (key, task))?;
        Ok(begun.map(|(number, iv)| Begun {
            stream: Box::new(RemoteStream {
                helper: Arc::clone(&self.helper),
                number,
            }),
            iv,
        }))
    }

    fn mac(&self, key: &KeyRef, mechanism: Mac, message: &[u8]) -> Result<Vec<u8>> {
        self.call(Call::Mac, (key, mechanism, message))
    }

    fn derive(&self, base: Base<'_>, how: &Deriving<'_>, target: &Target<'_>) -> Result<Derived> {
        let is_slow = matches!(how.mechanism, Derivation::Pbkdf2 { .. });
        ask(&self.helper, Call::Derive, is_slow, (base, how, target))
    }

    fn decapsulate(&self, key: &KeyRef, ciphertext: &[u8], target: &Target<'_>) -> Result<Derived> {
        self.call(Call::Decapsulate, (key, ciphertext, target))
    }

    fn foreign_keys(&self) -> Result<Vec<ForeignKey>> {
        ask(&self.helper, Call::ForeignKeys, true, ())
    }

    fn adopt(
        &self,
        key: &KeyRef,
        usage: CryptographicUsageMask,
        label: Option<&str>,
    ) -> Result<()> {
        self.call(Call::Adopt, (key, usage, label.map(str::to_owned)))
    }

    fn self_test(&self) -> Result<Vec<Trial>> {
        ask(&self.helper, Call::SelfTest, true, ())
    }

    fn departure(&self, key: &KeyRef) -> Result<Departure> {
        self.call(Call::Departure, key)
    }

    fn transport(&self, spec: KeySpec, terms: &Terms) -> Result<Transport> {
        ask(&self.helper, Call::Transport, true, (spec, terms))
    }

    fn wrap_for(&self, key: &KeyRef, public: &[u8], hashes: &[Hash]) -> Result<Parcel> {
        self.call(Call::WrapFor, (key, public, hashes.to_vec()))
    }

    fn unwrap(&self, under: &KeyRef, wrapped: &Wrapped<'_>, terms: &Terms) -> Result<Generated> {
        // What comes out may be a key pair.
        ask(&self.helper, Call::Unwrap, true, (under, wrapped, terms))
    }

    fn answer(&self, key: &KeyRef, challenge: &[u8; 16]) -> Result<Option<Vec<u8>>> {
        self.call(Call::Answer, (key, &challenge[..]))
    }

    fn house(&self, key: &KeyRef, terms: &Terms) -> Result<KeyRef> {
        self.call(Call::House, (key, terms))
    }

    fn memory(&self) -> Result<SecureHeap> {
        self.call(Call::Memory, ())
    }

    fn health(&self) -> Result<()> {
        self.call(Call::Health, ())
    }
}

/// A computation over parts that the other process keeps.
struct RemoteStream {
    helper: Arc<Helper>,
    number: u64,
}

impl Stream for RemoteStream {
    fn update(&mut self, part: &[u8]) -> Result<Secret> {
        ask(&self.helper, Call::Update, false, (self.number, part))
    }

    fn finish(&mut self) -> Result<Finished> {
        ask(&self.helper, Call::Finish, false, self.number)
    }
}

impl Drop for RemoteStream {
    fn drop(&mut self) {
        // A process that cannot be asked has forgotten it already.
        let _: Result<()> = ask(&self.helper, Call::Forget, false, self.number);
    }
}
