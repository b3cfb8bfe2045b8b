//! The embedded HSM: keys sealed under a master, unsealed into a bounded cache, used by the fastest library.

mod aead;
mod aes;
mod block;
mod chacha;
pub(crate) mod check;
mod ciphers;
pub(crate) mod derive;
pub(crate) mod ec;
pub(crate) mod engine;
mod ffi;
mod gcm;
mod hmac;
pub(crate) mod in_context;
mod input;
mod mac;
mod master;
pub(crate) mod named;
mod plain;
pub(crate) mod prime;
pub mod rng;
pub(crate) mod rsa;
mod seal;
mod secure;
mod triple_des;
mod wrap;
mod xts;

use std::sync::Arc;

use kmip::{
    Secret,
    mechanism::{
        Cipher, Curve, Derivation, Hash, Kept, KeySpec, Mac, Padding, PostQuantum, PostQuantumUse,
        Prf, Signing,
    },
};

use self::derive::Source;
pub use self::{
    ffi::secure_heap_used_bytes,
    master::{Master, MasterSource},
    plain::PlainKey,
    secure::{SecureHeap, start},
};
use crate::{
    Base, Begun, Capabilities, Decryption, Derived, Deriving, Encrypted, Encryption, Generated,
    Hsm, Input, KeyRef, Material, Result, Sealed, Target, Task, Terms, cache::Cache,
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
}

impl SoftHsm {
    /// An HSM under a master, with at most so many unsealed keys in memory.
    #[must_use]
    pub fn new(master: Master, cache_keys_max: usize) -> Self {
        rng::open_pool();
        Self {
            master,
            capabilities: capabilities(),
            unsealed: Cache::new(cache_keys_max),
        }
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
        let (material, public) = PlainKey::generate(spec)?;
        let digest = terms.exportable.then(|| material.digest()).transpose()?;
        Ok(Generated {
            key: seal::seal_key(&self.master, &material, terms)?,
            public,
            digest,
        })
    }

    fn import(&self, material: &Material, terms: &Terms) -> Result<KeyRef> {
        let valid = PlainKey::validate(material)?;
        // What the checks let through, the libraries must take too: a key that cannot be used is not kept.
        PlainKey::from_validated(&valid)?;
        seal::seal_key(&self.master, &valid, terms)
    }

    fn export(&self, key: &KeyRef) -> Result<Material> {
        let opened = seal::open_key(&self.master, key)?;
        if opened.exportable {
            Ok(opened.material)
        } else {
            Err(crate::Error::NotExportable)
        }
    }

    fn destroy(&self, key: &KeyRef) -> Result<()> {
        self.unsealed.remove(&key.0);
        Ok(())
    }

    fn random(&self, out: &mut [u8]) -> Result<()> {
        rng::fill(out)
    }

    fn seed(&self, offered: &[u8]) -> Result<()> {
        rng::stir(offered)
    }

    fn seal(&self, plain: &Secret, label: &[u8]) -> Result<Sealed> {
        seal::seal(&self.master, plain, label)
    }

    fn open(&self, sealed: &Sealed, label: &[u8]) -> Result<Secret> {
        seal::open(&self.master, sealed, label)
    }

    fn sign(&self, key: &KeyRef, mechanism: Signing, input: Input<'_>) -> Result<Vec<u8>> {
        self.key(key)?.sign(mechanism, input)
    }

    fn encrypt(&self, key: &KeyRef, cipher: &Cipher, input: Encryption<'_>) -> Result<Encrypted> {
        self.key(key)?.encrypt(cipher, input)
    }

    fn decrypt(&self, key: &KeyRef, cipher: &Cipher, input: Decryption<'_>) -> Result<Secret> {
        self.key(key)?.decrypt(cipher, input)
    }

    fn begin(&self, key: &KeyRef, task: Task<'_>) -> Result<Option<Begun>> {
        self.key(key)?.begin(task)
    }

    fn mac(&self, key: &KeyRef, mechanism: Mac, message: &[u8]) -> Result<Vec<u8>> {
        self.key(key)?.mac(mechanism, message)
    }

    fn derive(&self, base: Base<'_>, how: &Deriving<'_>, target: &Target<'_>) -> Result<Derived> {
        let salt = how.salt_key.map(|key| seal::open_key(&self.master, key));
        let salt = salt.transpose()?;
        if let Some(salt) = &salt {
            target.follows(salt.exportable)?;
        }
        let how = derive::salted(how, salt.as_ref().map(|salt| &salt.material))?;
        let bytes = match base {
            Base::Bytes(bytes) => derive::derive(&Source::Bytes(bytes), &how, target.bytes())?,
            Base::Key(key) => {
                let opened = seal::open_key(&self.master, key)?;
                // What two agree on leaves no less when it leaves here: the other side has it.
                if !how.mechanism.is_agreement() {
                    target.follows(opened.exportable)?;
                }
                derive::derive(&Source::Key(&opened.material), &how, target.bytes())?
            }
        };
        target.keep(self, bytes)
    }

    fn decapsulate(&self, key: &KeyRef, ciphertext: &[u8], target: &Target<'_>) -> Result<Derived> {
        let opened = seal::open_key(&self.master, key)?;
        let secret = PlainKey::from_validated(&opened.material)?.decapsulate(ciphertext)?;
        target.keep_whole(self, secret)
    }

    fn health(&self) -> Result<()> {
        rng::health()
    }
}

/// What this HSM can do. Where a length is free (an HMAC key, an imported RSA modulus, a salt, a label), one row with
/// the usual length stands for all.
fn capabilities() -> Capabilities {
    let hashes = || Hash::ALL.iter().copied();
    let pairs = || hashes().flat_map(move |hash| hashes().map(move |mask_hash| (hash, mask_hash)));
    let mut keys: Vec<_> = [128, 192, 256, 512]
        .map(|bits| KeySpec::Aes { bits })
        .into();
    keys.extend([112, 168].map(|bits| KeySpec::TripleDes { bits }));
    keys.extend([KeySpec::ChaCha20, KeySpec::ChaCha20Poly1305]);
    keys.extend(Kept::ALL.iter().map(|algorithm| KeySpec::Kept {
        algorithm: *algorithm,
        bits: algorithm.default_bits(),
    }));
    keys.extend(hashes().map(|hash| KeySpec::Hmac {
        hash,
        bits: u16::try_from(hash.digest_bytes() * 8).unwrap_or(u16::MAX),
    }));
    keys.extend([1024, 2048, 3072, 4096].map(|bits| KeySpec::Rsa { bits }));
    keys.extend(
        [(1024, 160), (2048, 224), (2048, 256), (3072, 256)]
            .map(|(bits, order_bits)| KeySpec::Dsa { bits, order_bits }),
    );
    keys.extend([2048, 3072, 4096].map(|bits| KeySpec::Dh { bits }));
    keys.extend(Curve::ALL.iter().map(|curve| KeySpec::Ec(*curve)));
    keys.extend(
        PostQuantum::ALL
            .iter()
            .map(|own| KeySpec::PostQuantum(*own)),
    );

    let or_none = || hashes().map(Some).chain([None]);
    let mut sign: Vec<_> = or_none().map(Signing::RsaPkcs1).collect();
    sign.extend(pairs().map(|(hash, mask_hash)| Signing::RsaPss {
        hash,
        mask_hash,
        salt_bytes: u16::try_from(hash.digest_bytes()).unwrap_or(u16::MAX),
    }));
    sign.extend(or_none().map(Signing::Dsa));
    sign.extend(or_none().map(Signing::Ecdsa));
    sign.extend([Signing::Eddsa, Signing::MlDsa, Signing::SlhDsa]);

    let mut cipher = symmetric();
    cipher.push(Cipher::RsaPkcs1);
    cipher.extend(pairs().map(|(hash, mask_hash)| Cipher::RsaOaep {
        hash,
        mask_hash,
        label: Vec::new(),
    }));
    Capabilities {
        description: format!(
            "Keyhold embedded HSM {} (AWS-LC; {})",
            env!("CARGO_PKG_VERSION"),
            openssl::version::version()
        ),
        generate: keys.clone(),
        import: keys,
        sign,
        cipher,
        mac: hashes().map(Mac::Hmac).chain(BLOCK_MACS).collect(),
        derive: derivations(),
        decapsulate: decapsulating(),
        wrapped: Vec::new(),
        trials: Vec::new(),
    }
}

/// The keys that decapsulate.
fn decapsulating() -> Vec<KeySpec> {
    let all = PostQuantum::ALL.iter().copied();
    all.filter(|own| own.kind() == PostQuantumUse::Kem)
        .map(KeySpec::PostQuantum)
        .collect()
}

/// The ciphers with secret keys.
fn symmetric() -> Vec<Cipher> {
    let paddings = || Padding::ALL.iter().copied();
    let tags = || [4, 8, 12, 13, 14, 15, 16].into_iter();
    let mut cipher = vec![
        Cipher::AesCtr,
        Cipher::AesCfb,
        Cipher::AesOfb,
        Cipher::AesXts,
        Cipher::AesKeyWrap,
        Cipher::AesKeyWrapPadded,
        Cipher::TripleDesCfb,
        Cipher::TripleDesOfb,
        Cipher::ChaCha20,
    ];
    cipher.extend(paddings().map(Cipher::AesEcb));
    cipher.extend(paddings().map(Cipher::AesCbc));
    cipher.extend(paddings().map(Cipher::TripleDesEcb));
    cipher.extend(paddings().map(Cipher::TripleDesCbc));
    cipher.extend(tags().map(|tag_bytes| Cipher::AesGcm { tag_bytes }));
    cipher.extend([4, 6, 8, 10, 12, 14, 16].map(|tag_bytes| Cipher::AesCcm { tag_bytes }));
    cipher.extend(tags().map(|tag_bytes| Cipher::ChaCha20Poly1305 { tag_bytes }));
    cipher
}

/// The MACs of block ciphers.
const BLOCK_MACS: [Mac; 4] = [
    Mac::AesCmac,
    Mac::TripleDesCmac,
    Mac::AesCbcMac,
    Mac::TripleDesCbcMac,
];

/// Derivations, with one count of iterations standing for all.
fn derivations() -> Vec<Derivation> {
    let mut all = vec![Derivation::Agreement];
    for hash in Hash::ALL.iter().copied() {
        let prf = Prf::Hmac(hash);
        all.extend([
            Derivation::Pbkdf2 {
                hash,
                iterations: 1,
            },
            Derivation::Digest(hash),
            Derivation::Hmac(hash),
            Derivation::Counter(prf),
            Derivation::Feedback(prf),
            Derivation::DoublePipeline(prf),
            Derivation::Hkdf(hash),
            Derivation::HkdfExtract(hash),
            Derivation::HkdfExpand(hash),
            Derivation::X963(hash),
            Derivation::OneStep(hash),
        ]);
    }
    all.extend([
        Derivation::Counter(Prf::AesCmac),
        Derivation::Feedback(Prf::AesCmac),
        Derivation::DoublePipeline(Prf::AesCmac),
    ]);
    let paddings = [Padding::None, Padding::Pkcs5];
    all.extend(paddings.map(|padding| Derivation::Encrypt(Cipher::AesEcb(padding))));
    all.extend(paddings.map(|padding| Derivation::Encrypt(Cipher::AesCbc(padding))));
    all
}
