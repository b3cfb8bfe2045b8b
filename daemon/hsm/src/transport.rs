//! Keys on their way from one HSM into another: wrapped for it, so that nobody between sees them.
//!
//! The form is that of CKM_RSA_AES_KEY_WRAP (PKCS #11 3.1 §6.1.21): an AES key of one use, encrypted by RSAES-OAEP, and behind
//! it the key, secret as its bytes and private as its PKCS #8, wrapped under that by AES key wrap with padding.

use kmip::{
    Secret, der,
    mechanism::{Cipher, Hash, KeySpec},
};

use crate::{
    Decryption, Encryption, Error, Hsm, KeyRef, Material, Result, public,
    soft::{PlainKey, rng},
};

/// A key pair for which other HSMs wrap keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transport {
    /// The private key, which unwraps.
    pub key: KeyRef,
    /// The public key, DER SubjectPublicKeyInfo.
    pub public: Vec<u8>,
    /// The hash functions of RSAES-OAEP with which it unwraps, the best first.
    pub hashes: Vec<Hash>,
}

/// A key that leaves for another HSM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// The hash function of RSAES-OAEP and of its mask.
    pub hash: Hash,
    /// The wrapped key.
    pub bytes: Vec<u8>,
    /// The public half of a private key, DER SubjectPublicKeyInfo.
    pub public: Vec<u8>,
}

/// A key that comes from another HSM.
#[derive(Clone, Copy)]
pub struct Wrapped<'a> {
    /// The hash function of RSAES-OAEP and of its mask.
    pub hash: Hash,
    /// The two parts, one behind the other.
    pub bytes: &'a [u8],
    /// What kind of key it is.
    pub spec: KeySpec,
    /// The public half of a private key, DER SubjectPublicKeyInfo, which it must agree with; empty where the HSM is to find
    /// it out, which not every one can.
    pub public: &'a [u8],
}

/// How a key may leave its HSM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// Its terms say that it may be exported.
    Exported,
    /// It is locked, and leaves wrapped for another HSM.
    Wrapped,
    /// It is locked, and the HSM's configuration lets none leave.
    Forbidden,
    /// It is locked, and an object of the HSM, which gives none away.
    Never,
}

impl Parcel {
    /// As it comes into another HSM: a key of a kind that agrees with its public half.
    #[must_use]
    pub fn wrapped(&self, spec: KeySpec) -> Wrapped<'_> {
        Wrapped {
            hash: self.hash,
            bytes: &self.bytes,
            spec,
            public: &self.public,
        }
    }
}

impl Wrapped<'_> {
    /// The encrypted AES key, and the wrapped key.
    pub(crate) fn parts(&self, under: KeySpec) -> Result<(&[u8], &[u8])> {
        let KeySpec::Rsa { bits } = under else {
            return Err(Error::KeyTypeMismatch);
        };
        self.bytes
            .split_at_checked(usize::from(bits.div_ceil(8)))
            .ok_or(Error::BadInput("shorter than the modulus"))
    }
}

/// Wraps a key for the holder of a private key.
pub(crate) fn wrap(material: &Material, public: &[u8], hashes: &[Hash]) -> Result<Parcel> {
    let hash = *hashes.first().ok_or(Error::Unsupported)?;
    let own = PlainKey::from_validated(material)?;
    let mut ephemeral = zeroize::Zeroizing::new(vec![0; 32]);
    rng::fill(&mut ephemeral)?;
    let mut wrapped = public::encrypt(public, &oaep(hash), &ephemeral)?;
    let input = Encryption {
        iv: None,
        associated: &[],
        plain: material.bytes().expose(),
    };
    let key = aes(Secret::new(std::mem::take(&mut *ephemeral)))?;
    wrapped.extend(key.encrypt(&Cipher::AesKeyWrapPadded, input)?.data);
    Ok(Parcel {
        hash,
        bytes: wrapped,
        public: own.public().unwrap_or_default().to_vec(),
    })
}

/// Unwraps a key, which was not validated yet, with a private key.
pub(crate) fn unwrap(pair: &PlainKey, under: KeySpec, wrapped: &Wrapped<'_>) -> Result<Material> {
    let (ephemeral, data) = wrapped.parts(under)?;
    let decrypt = |key: &PlainKey, cipher: &Cipher, data| {
        let input = Decryption {
            iv: None,
            associated: &[],
            tag: None,
            data,
        };
        key.decrypt(cipher, input)
    };
    let ephemeral = aes(decrypt(pair, &oaep(wrapped.hash), ephemeral)?)?;
    let bytes = decrypt(&ephemeral, &Cipher::AesKeyWrapPadded, data)?;
    let spec = wrapped.spec;
    Ok(if spec.is_asymmetric() {
        let rest = der::split_loosely(bytes.expose()).map_or(0, |(_, rest)| rest.len());
        let whole = bytes.len().saturating_sub(rest);
        let pkcs8 = without_padding(bytes, whole);
        Material::Private { spec, pkcs8 }
    } else {
        let bytes = without_padding(bytes, spec.secret_bytes());
        Material::Secret { spec, bytes }
    })
}

/// Some modules give the padding back with the key, and then it is part of what they wrap: zeros up to a whole block.
fn without_padding(key: Secret, bytes: usize) -> Secret {
    match key.expose().split_at_checked(bytes) {
        Some((own, padding))
            if padding.len() < 8
                && key.len().is_multiple_of(8)
                && padding.iter().all(|byte| *byte == 0) =>
        {
            Secret::from(own)
        }
        _ => key,
    }
}

fn aes(bytes: Secret) -> Result<PlainKey> {
    let bits = match bytes.len() {
        16 => 128,
        24 => 192,
        32 => 256,
        _ => return Err(crate::soft::engine::decryption_failed()),
    };
    let spec = KeySpec::Aes { bits };
    PlainKey::from_material(&Material::Secret { spec, bytes })
}

/// RSAES-OAEP with one hash function for all.
pub(crate) const fn oaep(hash: Hash) -> Cipher {
    Cipher::RsaOaep {
        hash,
        mask_hash: hash,
        label: Vec::new(),
    }
}

/// The hash functions with which keys are wrapped, the best first. SHA-1 is no danger to OAEP, and all that some modules have.
pub(crate) const HASHES: [Hash; 2] = [Hash::Sha256, Hash::Sha1];

/// The kind of key pair that is made where nobody asks for another.
pub const TRANSPORT: KeySpec = KeySpec::Rsa { bits: 3072 };

/// Refuses key pairs that unwrap nothing, or that others break.
pub(crate) const fn check_pair(spec: KeySpec) -> Result<()> {
    match spec {
        KeySpec::Rsa { bits: 2048.. } => Ok(()),
        _ => Err(Error::BadKey(
            "a transport key is one of RSA with 2048 bits at least",
        )),
    }
}

/// Whether an HSM takes locked keys of a kind from others; one RSA modulus and one HMAC key stand for all.
#[must_use]
pub fn takes_locked(hsm: &dyn Hsm, spec: KeySpec) -> bool {
    let is_alike = |row: &KeySpec| match (*row, spec) {
        (KeySpec::Rsa { .. }, KeySpec::Rsa { .. }) => true,
        (KeySpec::Hmac { hash, .. }, KeySpec::Hmac { hash: own, .. }) => hash == own,
        (row, spec) => row == spec,
    };
    !hsm.keeps_keys() || hsm.capabilities().wrapped.iter().any(is_alike)
}
