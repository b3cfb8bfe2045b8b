//! The HSM layer: one trait, the embedded HSM and PKCS#11 modules behind it.
//!
//! Everything that crosses [`Hsm`] is plain data that could cross a process boundary.

mod cache;
pub mod chain;
mod derivation;
pub mod encoding;
mod foreign;
pub mod group;
pub mod host;
mod kind;
pub mod module;
mod padding;
mod parts;
pub mod public;
pub mod soft;
pub mod split;
pub mod stack;
mod terms;
mod transport;
mod trial;

pub use self::{
    derivation::{Base, Derived, Deriving, Target},
    foreign::ForeignKey,
    parts::{Begun, Finished, Stream, Task},
    soft::SecureHeap,
    terms::{CustodyMode, Terms},
    transport::{Departure, Parcel, TRANSPORT, Transport, Wrapped, takes_locked},
    trial::{Claim, Outcome, Trial},
};
use kmip::{
    CryptographicUsageMask, Secret,
    mechanism::{Cipher, Derivation, Hash, KeySpec, Mac, Signing},
};

/// An HSM as a vault uses it. Implementations are thread-safe and may block.
pub trait Hsm: Send + Sync {
    /// What this HSM can do; what stands here works, and what does not is refused with [`Error::Unsupported`].
    fn capabilities(&self) -> &Capabilities;

    /// Whether the HSM keeps keys itself, so that calls are slow and deletions can be owed. An HSM whose references are
    /// the keys, sealed, forgets a key with its record.
    fn keeps_keys(&self) -> bool {
        true
    }

    /// Makes a key, or a key pair, inside. Nothing is kept that the returned reference does not name.
    fn generate(&self, spec: KeySpec, terms: &Terms) -> Result<Generated>;

    /// Takes a secret or private key over, after full validation of its numbers.
    fn import(&self, material: &Material, terms: &Terms) -> Result<KeyRef>;

    /// The material of a key whose terms said `exportable`; [`Error::NotExportable`] for any other.
    fn export(&self, key: &KeyRef) -> Result<Material>;

    /// Makes the key unusable for ever. Idempotent: an unknown key is success.
    fn destroy(&self, key: &KeyRef) -> Result<()>;

    /// Destroys a locked key by what it was to be when no reference names it. Idempotent: that there is none is success.
    fn abandon(&self, _spec: KeySpec, _id: &[u8]) -> Result<()> {
        Ok(())
    }

    /// Whether the HSM keeps a key of this kind under an identifier already, whoever made it.
    fn holds(&self, _spec: KeySpec, _id: &[u8]) -> Result<bool> {
        Ok(false)
    }

    /// Random bytes from the HSM's generator.
    fn random(&self, out: &mut [u8]) -> Result<()>;

    /// Adds bytes that somebody offers to what seeds the generator. They are trusted for nothing; a module may take none.
    fn seed(&self, offered: &[u8]) -> Result<()>;

    /// Encrypts and authenticates data at rest, bound to a label that [`Self::open`] must repeat.
    fn seal(&self, plain: &Secret, label: &[u8]) -> Result<Sealed>;

    /// Opens what [`Self::seal`] closed; [`Error::Corrupt`] when it or its label was changed.
    fn open(&self, sealed: &Sealed, label: &[u8]) -> Result<Secret>;

    /// Signs with a private key. RSA as PKCS #1, ECDSA as r ‖ s of two field lengths, Ed25519 as its 64 bytes.
    fn sign(&self, key: &KeyRef, mechanism: Signing, input: Input<'_>) -> Result<Vec<u8>>;

    /// Encrypts with a secret key (public keys encrypt in `public`).
    fn encrypt(&self, key: &KeyRef, cipher: &Cipher, input: Encryption<'_>) -> Result<Encrypted>;

    /// Decrypts with a secret or private key. Nothing unauthenticated is ever returned.
    fn decrypt(&self, key: &KeyRef, cipher: &Cipher, input: Decryption<'_>) -> Result<Secret>;

    /// Begins a computation over data that comes in parts; `None` where the HSM wants the data whole, for example because
    /// nothing unauthenticated may leave it.
    fn begin(&self, _key: &KeyRef, _task: Task<'_>) -> Result<Option<Begun>> {
        Ok(None)
    }

    /// The whole MAC of a message.
    fn mac(&self, key: &KeyRef, mechanism: Mac, message: &[u8]) -> Result<Vec<u8>>;

    /// Derives a key or data, which is kept here and never seen outside.
    fn derive(&self, base: Base<'_>, how: &Deriving<'_>, target: &Target<'_>) -> Result<Derived>;

    /// Keeps the secret that a ciphertext gives to the holder of a private key (FIPS 203 §7.3), as [`Self::derive`] keeps
    /// what it derives. A ciphertext that was changed gives another secret, and no error.
    fn decapsulate(&self, key: &KeyRef, ciphertext: &[u8], target: &Target<'_>) -> Result<Derived>;

    /// The keys that others made in this HSM.
    fn foreign_keys(&self) -> Result<Vec<ForeignKey>> {
        Ok(Vec::new())
    }

    /// Tests a key that somebody else made in every way that it may be used, and gives it another name where that is asked
    /// for. Who keeps its reference from then on is who has it.
    fn adopt(
        &self,
        _key: &KeyRef,
        _usage: CryptographicUsageMask,
        _label: Option<&str>,
    ) -> Result<()> {
        Err(Error::Unsupported)
    }

    /// Tests everything again, as at the start. What fails in the embedded HSM ends its service.
    fn self_test(&self) -> Result<Vec<Trial>>;

    /// How a key may leave this HSM.
    fn departure(&self, key: &KeyRef) -> Result<Departure>;

    /// Makes a key pair of RSA that unwraps keys which come from elsewhere, in the place of one under the same identifier. A
    /// group makes a resident one in one member, for the time of a journey, and a wrapped one in all.
    fn transport(&self, spec: KeySpec, terms: &Terms) -> Result<Transport>;

    /// Wraps a locked key for the holder of a private key in another HSM, by the first of these hash functions that serves;
    /// [`Error::NotExportable`] unless [`Self::departure`] is [`Departure::Wrapped`].
    fn wrap_for(&self, key: &KeyRef, public: &[u8], hashes: &[Hash]) -> Result<Parcel>;

    /// Takes over, as a locked key, what was wrapped for a private key of this HSM, and tells the public half of a private
    /// one. What is there under its identifier already came on a journey that was cut short, and goes.
    fn unwrap(&self, under: &KeyRef, wrapped: &Wrapped<'_>, terms: &Terms) -> Result<Generated>;

    /// What a key answers to a challenge: the same in every HSM that has the same key, whatever that is for, and nothing of it.
    /// A private key answers with its public half, and none comes from one that cannot be asked.
    fn answer(&self, key: &KeyRef, challenge: &[u8; 16]) -> Result<Option<Vec<u8>>>;

    /// Makes an object of this HSM of a locked key that its reference has wrapped. What is there under its identifier already
    /// was made by a change that was cut short, and goes.
    fn house(&self, _key: &KeyRef, _terms: &Terms) -> Result<KeyRef> {
        Err(Error::Unsupported)
    }

    /// Where the process that has the HSM keeps its secrets.
    fn memory(&self) -> Result<SecureHeap> {
        Ok(soft::memory())
    }

    /// Whether the HSM answers now: cheap, for readiness probes.
    fn health(&self) -> Result<()>;

    /// Whether all of the HSM answers now, so that what it owes can be paid.
    fn is_whole(&self) -> Result<()> {
        self.health()
    }
}

/// Opaque bytes minted by a backend and kept by the store: only the backend can read them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KeyRef(pub Vec<u8>);

impl std::fmt::Debug for KeyRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyRef({} bytes)", self.0.len())
    }
}

/// Data sealed at rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

/// What [`Hsm::generate`] made, or [`Hsm::unwrap`] took over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// The secret key, or the private key of a pair.
    pub key: KeyRef,
    /// The public key of a pair, DER SubjectPublicKeyInfo.
    pub public: Option<Vec<u8>>,
    /// [`Material::digest`] of an exportable key, so that nobody must take it out for that; none of a locked one.
    pub digest: Option<Vec<u8>>,
}

/// Key material outside an HSM, on its way in or out.
#[derive(Clone, PartialEq, Eq)]
pub enum Material {
    /// A secret key and its bytes.
    Secret {
        /// What kind of key the bytes are.
        spec: KeySpec,
        /// The key itself.
        bytes: Secret,
    },
    /// A private key as DER PKCS #8 (RFC 5208).
    Private {
        /// What kind of key it is; checked against the encoding.
        spec: KeySpec,
        /// The DER encoding.
        pkcs8: Secret,
    },
}

impl Material {
    /// What kind of key it is.
    #[must_use]
    pub const fn spec(&self) -> KeySpec {
        match self {
            Self::Secret { spec, .. } | Self::Private { spec, .. } => *spec,
        }
    }

    /// Its bytes: a secret key's own, a private key's PKCS #8.
    #[must_use]
    pub const fn bytes(&self) -> &Secret {
        match self {
            Self::Secret { bytes, .. } => bytes,
            Self::Private { pkcs8, .. } => pkcs8,
        }
    }
}

/// What is signed.
#[derive(Clone, Copy)]
pub enum Input<'a> {
    /// The message; the mechanism hashes it.
    Message(&'a [u8]),
    /// Its digest under the mechanism's hash.
    Digest(&'a [u8]),
    /// The message, for a signature in a context ([`Signing::InContext`]).
    InContext {
        /// The message, or its digest under the hash that the mechanism names.
        message: &'a [u8],
        /// Whether it is the digest.
        is_digest: bool,
        /// The context, of at most 255 bytes.
        context: &'a [u8],
    },
}

/// What is encrypted.
#[derive(Clone, Copy)]
pub struct Encryption<'a> {
    /// The IV, nonce or initial counter; made inside when absent and the mode has one.
    pub iv: Option<&'a [u8]>,
    /// Additional authenticated data of an AEAD mode.
    pub associated: &'a [u8],
    /// The plaintext.
    pub plain: &'a [u8],
}

/// The result of an encryption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encrypted {
    /// The ciphertext without the tag.
    pub data: Vec<u8>,
    /// The IV, when it was made inside.
    pub iv: Option<Vec<u8>>,
    /// The tag of an AEAD mode.
    pub tag: Option<Vec<u8>>,
}

/// What is decrypted.
#[derive(Clone, Copy)]
pub struct Decryption<'a> {
    /// The IV, nonce or initial counter; [`Error::BadInput`] when the mode has one and it is absent.
    pub iv: Option<&'a [u8]>,
    /// Additional authenticated data of an AEAD mode.
    pub associated: &'a [u8],
    /// The tag of an AEAD mode.
    pub tag: Option<&'a [u8]>,
    /// The ciphertext.
    pub data: &'a [u8],
}

/// What an HSM can do, as `keyhold check` prints it and the contract suite holds it to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The backend for people: maker, model, firmware.
    pub description: String,
    /// Keys that can be generated as locked keys.
    pub generate: Vec<KeySpec>,
    /// Keys that can be imported as locked keys.
    pub import: Vec<KeySpec>,
    /// Mechanisms for locked keys to sign with.
    pub sign: Vec<Signing>,
    /// Mechanisms for locked keys to encrypt and decrypt with.
    pub cipher: Vec<Cipher>,
    /// Mechanisms for locked keys to authenticate with.
    pub mac: Vec<Mac>,
    /// Mechanisms for other keys to be derived from locked keys with.
    pub derive: Vec<Derivation>,
    /// Locked keys that decapsulate.
    pub decapsulate: Vec<KeySpec>,
    /// Locked keys that can be kept [`CustodyMode::Wrapped`]; nothing where the HSM keeps no keys itself.
    pub wrapped: Vec<KeySpec>,
    /// What was tried to find this out.
    pub trials: Vec<Trial>,
}

/// What went wrong in the HSM layer. The text is for the log, never for a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The input does not fit the mechanism: lengths, padding, a missing IV.
    BadInput(&'static str),
    /// A test of the HSM's own failed: it serves nothing until it is started again.
    Broken(String),
    /// Key material that fails validation.
    BadKey(&'static str),
    /// A sealed blob, or its label, was changed.
    Corrupt,
    /// The operation itself failed: a wrong tag, a wrong padding.
    Failed(String),
    /// The reference names no key of this HSM.
    KeyNotFound,
    /// The mechanism or input does not fit this kind of key.
    KeyTypeMismatch,
    /// The key's terms forbid its export.
    NotExportable,
    /// The HSM refused the login. It is not tried again: tokens lock themselves after a few wrong PINs.
    Refused(String),
    /// The HSM cannot be reached; a later try may succeed.
    Unavailable(String),
    /// This HSM cannot do that.
    Unsupported,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BadInput(what) => write!(f, "the input does not fit the mechanism: {what}"),
            Self::Broken(what) => write!(
                f,
                "the HSM has failed a test of itself and serves nothing until it is started again: {what}"
            ),
            Self::BadKey(what) => write!(f, "the key is not valid: {what}"),
            Self::Corrupt => f.write_str("sealed data or its label was changed"),
            Self::Failed(what) => write!(f, "the operation failed: {what}"),
            Self::KeyNotFound => f.write_str("no such key in the HSM"),
            Self::KeyTypeMismatch => f.write_str("the mechanism does not fit the key"),
            Self::NotExportable => f.write_str("the key may not leave the HSM"),
            Self::Refused(what) => write!(f, "the HSM refuses the login: {what}"),
            Self::Unavailable(what) => write!(f, "the HSM is unavailable: {what}"),
            Self::Unsupported => f.write_str("the HSM does not support this"),
        }
    }
}

impl std::error::Error for Error {}

/// The result of the HSM layer.
pub type Result<T> = std::result::Result<T, Error>;
