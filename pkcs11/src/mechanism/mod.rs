//! CKM_ ↔ the mechanisms of KMIP: what each is, which keys it takes, and how a parameter completes it.

mod derivation;
mod parameter;
mod said;
mod table;
#[cfg(test)]
mod tests;
mod uses;

use cryptoki_sys as ck;
use kmip::mechanism::{Hash, KeySpec, Padding, PostQuantumUse, Prehash};

pub use self::{
    derivation::{DerivationUse, derivation},
    parameter::{
        Ccm, Context, FURTHER_KEYS_MAX, Hkdf, Kdf, Oaep, PARTS_MAX, Parameter, Part, Salt, Shape,
        Width, initial_value,
    },
    said::{cipher_parameters, mac_parameters, signing_parameters},
    table::ROWS,
    uses::{Authentication, CipherUse, authentication, cipher, context, wrapping},
};
use crate::{Result, Rv, Ulong, ulong};

/// What a mechanism is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// AES-CBC.
    AesCbc(Padding),
    /// AES-CCM.
    AesCcm,
    /// AES-CFB of whole blocks.
    AesCfb,
    /// AES-CTR.
    AesCtr,
    /// AES-ECB.
    AesEcb,
    /// AES-GCM.
    AesGcm,
    /// AES key wrap.
    AesKeyWrap,
    /// AES key wrap with padding.
    AesKeyWrapPadded,
    /// AES-OFB.
    AesOfb,
    /// AES-XTS.
    AesXts,
    /// Diffie and Hellman's agreement on an elliptic curve.
    Agree,
    /// CBC-MAC, half a block of it or cut to the length that the parameter says.
    CbcMac(Block, bool),
    /// ChaCha20.
    ChaCha20,
    /// ChaCha20-Poly1305.
    ChaCha20Poly1305,
    /// CMAC, whole or cut to the length that the parameter says.
    Cmac(Block, bool),
    /// A hash function.
    Digest(Hash),
    /// DSA; without a hash, over a digest made by the caller.
    Dsa(Option<Hash>),
    /// ECDSA; without a hash, over a digest made by the caller.
    Ecdsa(Option<Hash>),
    /// EdDSA.
    Eddsa,
    /// An AES key.
    GenerateAes,
    /// A key for ChaCha20, with and without Poly1305.
    GenerateChaCha20,
    /// A key pair on a curve for ECDSA and ECDH.
    GenerateEc,
    /// A key pair on an Edwards curve.
    GenerateEdwards,
    /// A key pair on a Montgomery curve.
    GenerateMontgomery,
    /// A key pair of a post-quantum algorithm.
    GeneratePostQuantum(PostQuantumUse),
    /// An RSA key pair.
    GenerateRsa,
    /// A key for an HMAC, of the key type shown for it.
    GenerateSecret(Hash, Ulong),
    /// A triple DES key of the key type that says of how many keys.
    GenerateTripleDes(Ulong),
    /// Two AES keys for XTS.
    GenerateXts,
    /// ML-DSA of a digest; without a hash, of one made by the caller, whose hash the parameter names.
    HashMlDsa(Option<Prehash>),
    /// SLH-DSA of a digest; without a hash, of one made by the caller, whose hash the parameter names.
    HashSlhDsa(Option<Prehash>),
    /// HKDF, or a half of it.
    Hkdf,
    /// The same, of which data comes and no key.
    HkdfData,
    /// HMAC, whole or cut to the length that the parameter says; with keys of the type shown, too.
    Hmac(Hash, Ulong, bool),
    /// A derivation of SP 800-108.
    Kdf(Mode),
    /// A key encapsulation mechanism.
    Kem,
    /// ML-DSA of the message.
    MlDsa,
    /// RSAES-OAEP.
    Oaep,
    /// An AES key under an RSA key, and the key under that.
    RsaAesKeyWrap,
    /// PKCS #1 v1.5, signature of a whole DigestInfo or encryption.
    RsaPkcs,
    /// PKCS #1 v1.5, signature of the message.
    RsaPkcsHash(Hash),
    /// PSS; without a hash, over a digest made by the caller.
    RsaPss(Option<Hash>),
    /// SLH-DSA of the message.
    SlhDsa,
    /// Triple DES in CBC.
    TripleDesCbc(Padding),
    /// Triple DES in ECB.
    TripleDesEcb,
}

/// A block cipher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// AES.
    Aes,
    /// Triple DES.
    TripleDes,
}

/// A mode of SP 800-108.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// §4.1.
    Counter,
    /// §4.2.
    Feedback,
    /// §4.3.
    DoublePipeline,
}

/// A row of the table.
#[derive(Debug)]
pub struct Row {
    /// The mechanism.
    pub kind: Ulong,
    /// What it is.
    pub meaning: Meaning,
    /// The functions it serves, as `CKF_` bits.
    pub flags: Ulong,
    /// The sizes of keys, in the unit that the standard gives the mechanism.
    pub sizes: (Ulong, Ulong),
    /// What its parameter is.
    pub shape: Shape,
}

/// The mechanism, if it serves a function.
pub fn row(kind: Ulong, function: Ulong) -> Result<&'static Row> {
    ROWS.iter()
        .find(|row| row.kind == kind && row.flags & function != 0)
        .ok_or(Rv::MECHANISM_INVALID)
}

impl Row {
    /// Whether a key is of a size that the mechanism takes: in bits where the key has a modulus, in bytes where it is secret.
    /// Curves and parameter sets are told by their names.
    #[must_use]
    pub fn fits(&self, spec: KeySpec) -> bool {
        let size = match spec {
            KeySpec::Rsa { bits } | KeySpec::Dsa { bits, .. } => Ulong::from(bits),
            KeySpec::Ec(_) | KeySpec::PostQuantum(_) | KeySpec::Dh { .. } => return true,
            secret => ulong(secret.secret_bytes()),
        };
        (self.sizes.0..=self.sizes.1).contains(&size)
    }
}

impl Meaning {
    /// Whether a key of this kind and key type is one for the mechanism.
    #[must_use]
    pub fn takes(self, spec: KeySpec, key_type: Ulong) -> bool {
        match self {
            Self::AesCbc(_)
            | Self::AesCcm
            | Self::AesCfb
            | Self::AesCtr
            | Self::AesEcb
            | Self::AesGcm
            | Self::AesKeyWrap
            | Self::AesKeyWrapPadded
            | Self::AesOfb
            | Self::CbcMac(Block::Aes, _)
            | Self::Cmac(Block::Aes, _) => {
                matches!(spec, KeySpec::Aes { .. }) && key_type != ck::CKK_AES_XTS
            }
            Self::AesXts => {
                matches!(spec, KeySpec::Aes { bits: 256 | 512 }) && key_type == ck::CKK_AES_XTS
            }
            Self::Agree => matches!(spec, KeySpec::Ec(curve) if !curve.is_edwards()),
            Self::CbcMac(Block::TripleDes, _)
            | Self::Cmac(Block::TripleDes, _)
            | Self::TripleDesCbc(_)
            | Self::TripleDesEcb => matches!(spec, KeySpec::TripleDes { .. }),
            Self::Dsa(_) => matches!(spec, KeySpec::Dsa { .. }),
            Self::ChaCha20 => spec == KeySpec::ChaCha20,
            Self::ChaCha20Poly1305 => {
                matches!(spec, KeySpec::ChaCha20 | KeySpec::ChaCha20Poly1305)
            }
            Self::Ecdsa(_) => matches!(spec, KeySpec::Ec(curve) if curve.is_weierstrass()),
            Self::Eddsa => matches!(spec, KeySpec::Ec(curve) if curve.is_edwards()),
            Self::Hkdf | Self::HkdfData | Self::Kdf(_) => {
                matches!(spec, KeySpec::Hmac { .. } | KeySpec::Aes { .. })
            }
            Self::Hmac(_, own, _) => {
                matches!(spec, KeySpec::Hmac { .. })
                    && [ck::CKK_GENERIC_SECRET, own].contains(&key_type)
            }
            Self::Kem => is(spec, PostQuantumUse::Kem),
            Self::MlDsa | Self::HashMlDsa(_) => is(spec, PostQuantumUse::MlDsa),
            Self::SlhDsa | Self::HashSlhDsa(_) => is(spec, PostQuantumUse::SlhDsa),
            Self::Oaep
            | Self::RsaAesKeyWrap
            | Self::RsaPkcs
            | Self::RsaPkcsHash(_)
            | Self::RsaPss(_) => {
                matches!(spec, KeySpec::Rsa { .. })
            }
            Self::Digest(_)
            | Self::GenerateAes
            | Self::GenerateChaCha20
            | Self::GenerateEc
            | Self::GenerateEdwards
            | Self::GenerateMontgomery
            | Self::GeneratePostQuantum(_)
            | Self::GenerateRsa
            | Self::GenerateSecret(..)
            | Self::GenerateTripleDes(_)
            | Self::GenerateXts => false,
        }
    }
}

fn is(spec: KeySpec, kind: PostQuantumUse) -> bool {
    matches!(spec, KeySpec::PostQuantum(own) if own.kind() == kind)
}

/// Hash functions in their three spellings: the mechanism, the mask generation function made of it, and HMAC.
const HASHES: &[(Hash, Ulong, Option<Ulong>, Ulong)] = &[
    (
        Hash::Sha1,
        ck::CKM_SHA_1,
        Some(ck::CKG_MGF1_SHA1),
        ck::CKM_SHA_1_HMAC,
    ),
    (
        Hash::Sha224,
        ck::CKM_SHA224,
        Some(ck::CKG_MGF1_SHA224),
        ck::CKM_SHA224_HMAC,
    ),
    (
        Hash::Sha256,
        ck::CKM_SHA256,
        Some(ck::CKG_MGF1_SHA256),
        ck::CKM_SHA256_HMAC,
    ),
    (
        Hash::Sha384,
        ck::CKM_SHA384,
        Some(ck::CKG_MGF1_SHA384),
        ck::CKM_SHA384_HMAC,
    ),
    (
        Hash::Sha512,
        ck::CKM_SHA512,
        Some(ck::CKG_MGF1_SHA512),
        ck::CKM_SHA512_HMAC,
    ),
    (
        Hash::Sha512_224,
        ck::CKM_SHA512_224,
        None,
        ck::CKM_SHA512_224_HMAC,
    ),
    (
        Hash::Sha512_256,
        ck::CKM_SHA512_256,
        None,
        ck::CKM_SHA512_256_HMAC,
    ),
    (
        Hash::Sha3_224,
        ck::CKM_SHA3_224,
        Some(ck::CKG_MGF1_SHA3_224),
        ck::CKM_SHA3_224_HMAC,
    ),
    (
        Hash::Sha3_256,
        ck::CKM_SHA3_256,
        Some(ck::CKG_MGF1_SHA3_256),
        ck::CKM_SHA3_256_HMAC,
    ),
    (
        Hash::Sha3_384,
        ck::CKM_SHA3_384,
        Some(ck::CKG_MGF1_SHA3_384),
        ck::CKM_SHA3_384_HMAC,
    ),
    (
        Hash::Sha3_512,
        ck::CKM_SHA3_512,
        Some(ck::CKG_MGF1_SHA3_512),
        ck::CKM_SHA3_512_HMAC,
    ),
];

/// The hash function that a mechanism is, or that its HMAC is made of.
pub(crate) fn hash(mechanism: Ulong) -> Result<Hash> {
    HASHES
        .iter()
        .find(|(_, own, _, hmac)| [*own, *hmac].contains(&mechanism))
        .map(|(hash, ..)| *hash)
        .ok_or(Rv::MECHANISM_PARAM_INVALID)
}

fn hash_and_mask(mechanism: Ulong, mask: Ulong) -> Result<(Hash, Hash)> {
    let hash = HASHES.iter().find(|(_, own, ..)| *own == mechanism);
    let mask = HASHES.iter().find(|(_, _, own, _)| *own == Some(mask));
    match (hash, mask) {
        (Some((hash, ..)), Some((mask, ..))) => Ok((*hash, *mask)),
        _ => Err(Rv::MECHANISM_PARAM_INVALID),
    }
}
