//! The embedded HSM: keys sealed under a master, unsealed into a bounded cache, used by the fastest library.

mod aead;
mod aes;
pub(crate) mod answer;
mod block;
mod capabilities;
mod chacha;
pub(crate) mod check;
mod ciphers;
pub(crate) mod derive;
pub(crate) mod ec;
pub(crate) mod engine;
pub(crate) mod entropy;
mod ffi;
mod gcm;
mod hmac;
pub(crate) mod in_context;
mod input;
pub(crate) mod known;
mod mac;
mod master;
pub(crate) mod named;
mod pairwise;
mod plain;
pub(crate) mod prime;
pub mod rng;
pub(crate) mod rsa;
mod seal;
mod secure;
pub(crate) mod state;
mod transport;
mod triple_des;
mod wrap;
mod xts;

use std::sync::Arc;

use kmip::{
    Secret,
    mechanism::{Cipher, Hash, KeySpec, Mac, Signing},
};

use self::{derive::Source, state::State};
pub use self::{
    ffi::secure_heap_used_bytes,
    master::{Master, MasterSource},
    plain::PlainKey,
    secure::{SecureHeap, memory, start},
};
use crate::{
    Base, Begun, Capabilities, Decryption, Departure, Derived, Deriving, Encrypted, Encryption,
    Error, Generated, Hsm, Input, KeyRef, Material, Parcel, Result, Sealed, Target, Task, Terms,
    Transport, Trial, Wrapped, cache::Cache,
};

/// How many unsealed keys an embedded HSM keeps when nothing else is said.
pub const CACHE_KEYS_MAX: usize = 10_000;

/// The secure heap that holds the private numbers of [`CACHE_KEYS_MAX`] RSA-2048 keys; what is not used is not resident
/// unless it is locked.
pub const SECURE_HEAP_BYTES: usize = 32 * 1024 * 1024;

/// An HSM in software. It has no database: a [`KeyRef`] is the key itself, sealed, and whoever holds it together with
/// the master can use it. So [`Hsm::destroy`] forgets what is unsealed, and the key is gone when its reference is.
pub struct SoftHsm {
    master: Master,
    capabilities: Capabilities,
    unsealed: Cache<PlainKey>,
    state: State,
    keys_may_move: bool,
    verifies_signatures: bool,
}

impl SoftHsm {
    /// An HSM under a master, with at most so many unsealed keys in memory.
    #[must_use]
    pub fn new(master: Master, cache_keys_max: usize) -> Self {
        Self::tested(master, cache_keys_max, known::first().to_vec())
    }

    /// An HSM after its self-tests. One that failed serves nothing, and says why.
    fn tested(master: Master, cache_keys_max: usize, trials: Vec<Trial>) -> Self {
        rng::open_pool();
        let state = State::default();
        // Every use is told.
        drop(state.note(known::passing(&trials)));
        Self {
            master,
            capabilities: Capabilities {
                trials,
                ..capabilities::all()
            },
            unsealed: Cache::new(cache_keys_max),
            state,
            keys_may_move: false,
            verifies_signatures: true,
        }
    }

    /// Whether every signature is verified before it leaves, or those of RSA alone.
    #[must_use]
    pub const fn with_signatures_verified(mut self, verified: bool) -> Self {
        self.verifies_signatures = verified;
        self
    }

    /// The key ready for use: a lookup when it was used lately, an unsealing otherwise.
    fn key(&self, key: &KeyRef) -> Result<Arc<PlainKey>> {
        if let Some(ready) = self.unsealed.get(&key.0) {
            return Ok(ready);
        }
        if secure::secure_heap_is_tight() {
            self.unsealed.halve();
        }
        let opened = seal::open_key(&self.master, key)?;
        let ready = Arc::new(PlainKey::from_validated(&opened.material)?);
        self.unsealed.insert(&key.0, Arc::clone(&ready));
        Ok(ready)
    }
}

impl Hsm for SoftHsm {
    fn keeps_keys(&self) -> bool {
        false
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn generate(&self, spec: KeySpec, terms: &Terms) -> Result<Generated> {
        self.state.guard(|| {
            let (material, public) = PlainKey::generate(spec)?;
            let digest = terms.exportable.then(|| material.digest()).transpose()?;
            Ok(Generated {
                key: seal::seal_key(&self.master, &material, terms)?,
                public,
                digest,
            })
        })
    }

    fn import(&self, material: &Material, terms: &Terms) -> Result<KeyRef> {
        self.state.guard(|| {
            let (valid, _) = PlainKey::brought(material)?;
            seal::seal_key(&self.master, &valid, terms)
        })
    }

    fn export(&self, key: &KeyRef) -> Result<Material> {
        self.state.guard(|| {
            let opened = seal::open_key(&self.master, key)?;
            if opened.exportable {
                Ok(opened.material)
            } else {
                Err(Error::NotExportable)
            }
        })
    }

    fn destroy(&self, key: &KeyRef) -> Result<()> {
        self.unsealed.remove(&key.0);
        Ok(())
    }

    fn random(&self, out: &mut [u8]) -> Result<()> {
        self.state.guard(|| rng::fill(out))
    }

    fn seed(&self, offered: &[u8]) -> Result<()> {
        self.state.guard(|| rng::stir(offered))
    }

    fn seal(&self, plain: &Secret, label: &[u8]) -> Result<Sealed> {
        self.state.guard(|| seal::seal(&self.master, plain, label))
    }

    fn open(&self, sealed: &Sealed, label: &[u8]) -> Result<Secret> {
        self.state.guard(|| seal::open(&self.master, sealed, label))
    }

    fn sign(&self, key: &KeyRef, mechanism: Signing, input: Input<'_>) -> Result<Vec<u8>> {
        self.state.guard(|| {
            let key = self.key(key)?;
            if self.verifies_signatures {
                key.sign(mechanism, input)
            } else {
                key.sign_unseen(mechanism, input)
            }
        })
    }

    fn encrypt(&self, key: &KeyRef, cipher: &Cipher, input: Encryption<'_>) -> Result<Encrypted> {
        self.state.guard(|| self.key(key)?.encrypt(cipher, input))
    }

    fn decrypt(&self, key: &KeyRef, cipher: &Cipher, input: Decryption<'_>) -> Result<Secret> {
        self.state.guard(|| self.key(key)?.decrypt(cipher, input))
    }

    fn begin(&self, key: &KeyRef, task: Task<'_>) -> Result<Option<Begun>> {
        self.state.guard(|| {
            let begun = self.key(key)?.begin(task)?;
            Ok(begun.map(|begun| self.state.guarded(begun)))
        })
    }

    fn mac(&self, key: &KeyRef, mechanism: Mac, message: &[u8]) -> Result<Vec<u8>> {
        self.state.guard(|| self.key(key)?.mac(mechanism, message))
    }

    fn derive(&self, base: Base<'_>, how: &Deriving<'_>, target: &Target<'_>) -> Result<Derived> {
        self.state.guard(|| {
            let mut keys = Vec::new();
            for key in how.keys {
                let opened = seal::open_key(&self.master, key)?;
                target.follows(opened.exportable)?;
                keys.push(opened.material);
            }
            let derived = |source: &Source<'_>| derive::derive(source, how, &keys, target.bytes());
            let bytes = match base {
                Base::Bytes(bytes) => derived(&Source::Bytes(bytes))?,
                Base::Key(key) => {
                    let opened = seal::open_key(&self.master, key)?;
                    // What two agree on leaves no less when it leaves here: the other side has it.
                    if !how.mechanism.is_agreement() {
                        target.follows(opened.exportable)?;
                    }
                    derived(&Source::Key(&opened.material))?
                }
            };
            target.keep(self, bytes)
        })
    }

    fn decapsulate(&self, key: &KeyRef, ciphertext: &[u8], target: &Target<'_>) -> Result<Derived> {
        self.state.guard(|| {
            let opened = seal::open_key(&self.master, key)?;
            let secret = PlainKey::from_validated(&opened.material)?.decapsulate(ciphertext)?;
            target.keep_whole(self, secret)
        })
    }

    fn self_test(&self) -> Result<Vec<Trial>> {
        self.state.passing()?;
        let trials = known::run(known::TABLE);
        drop(self.state.note(known::passing(&trials)));
        Ok(trials)
    }

    fn departure(&self, key: &KeyRef) -> Result<Departure> {
        self.state.guard(|| self.departure_of(key))
    }

    fn transport(&self, spec: KeySpec, terms: &Terms) -> Result<Transport> {
        self.make_transport(spec, terms)
    }

    fn wrap_for(&self, key: &KeyRef, public: &[u8], hashes: &[Hash]) -> Result<Parcel> {
        self.state.guard(|| self.wrap_locked(key, public, hashes))
    }

    fn unwrap(&self, under: &KeyRef, wrapped: &Wrapped<'_>, terms: &Terms) -> Result<Generated> {
        self.state
            .guard(|| self.unwrap_locked(under, wrapped, terms))
    }

    fn answer(&self, key: &KeyRef, challenge: &[u8; 16]) -> Result<Option<Vec<u8>>> {
        self.state.guard(|| self.key(key)?.answer(challenge))
    }

    fn health(&self) -> Result<()> {
        self.state.passing()
    }
}

#[cfg(test)]
mod tests;
