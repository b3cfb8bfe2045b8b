//! Cryptographic Parameters and attributes of a key ↔ validated mechanisms (KMIP 2.1 §4.16).

mod cipher;
mod key;
mod mac;
mod signing;
mod start;

pub use self::{
    cipher::{cipher, padding_method},
    key::{key_attributes, key_spec},
    mac::mac,
    signing::signing,
    start::{Start, start},
};
use super::{Curve, Hash, OldHash};
use crate::{
    CryptographicAlgorithm, HashingAlgorithm, MaskGenerator, RecommendedCurve,
    attribute::CryptographicParameters,
};

/// Why parameters name no mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// They contradict the key or themselves; the text is safe to show to a client.
    Bad(&'static str),
    /// They name a length of an authentication tag that does not exist; the text is safe to show to a client.
    TagLength(&'static str),
    /// They make sense, but are not served; the text is safe to show to a client.
    Unsupported(&'static str),
}

/// The result of reading parameters.
pub type Result<T> = std::result::Result<T, Unfit>;

/// Hash functions and their names in KMIP.
const HASHES: &[(Hash, HashingAlgorithm)] = &[
    (Hash::Sha1, HashingAlgorithm::SHA1),
    (Hash::Sha224, HashingAlgorithm::SHA224),
    (Hash::Sha256, HashingAlgorithm::SHA256),
    (Hash::Sha384, HashingAlgorithm::SHA384),
    (Hash::Sha512, HashingAlgorithm::SHA512),
    (Hash::Sha3_224, HashingAlgorithm::SHA3224),
    (Hash::Sha3_256, HashingAlgorithm::SHA3256),
    (Hash::Sha3_384, HashingAlgorithm::SHA3384),
    (Hash::Sha3_512, HashingAlgorithm::SHA3512),
    (Hash::Sha512_224, HashingAlgorithm::SHA512224),
    (Hash::Sha512_256, HashingAlgorithm::SHA512256),
];

/// HMAC algorithms, their hash functions and the length of a key in bits where none is asked for.
const HMACS: &[(Hash, CryptographicAlgorithm)] = &[
    (Hash::Sha1, CryptographicAlgorithm::HMACSHA1),
    (Hash::Sha224, CryptographicAlgorithm::HMACSHA224),
    (Hash::Sha256, CryptographicAlgorithm::HMACSHA256),
    (Hash::Sha384, CryptographicAlgorithm::HMACSHA384),
    (Hash::Sha512, CryptographicAlgorithm::HMACSHA512),
    (Hash::Sha3_224, CryptographicAlgorithm::HMACSHA3224),
    (Hash::Sha3_256, CryptographicAlgorithm::HMACSHA3256),
    (Hash::Sha3_384, CryptographicAlgorithm::HMACSHA3384),
    (Hash::Sha3_512, CryptographicAlgorithm::HMACSHA3512),
];

/// Curves and their names in KMIP.
const CURVES: &[(Curve, RecommendedCurve)] = &[
    (Curve::P256, RecommendedCurve::P256),
    (Curve::P384, RecommendedCurve::P384),
    (Curve::P521, RecommendedCurve::P521),
    (Curve::Secp256k1, RecommendedCurve::SECP256K1),
    (Curve::Ed25519, RecommendedCurve::CURVE25519),
];

/// The hash function of a Hashing Algorithm.
pub fn hash(algorithm: HashingAlgorithm) -> Result<Hash> {
    HASHES
        .iter()
        .find(|(_, name)| *name == algorithm)
        .map(|(hash, _)| *hash)
        .ok_or(Unfit::Unsupported("this hashing algorithm is not served"))
}

/// The hash function of a digest, which may be one of old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digest {
    /// One that is good for everything.
    Of(Hash),
    /// One that is good for digests alone.
    Old(OldHash),
}

/// The hash function that a digest is made with by a Hashing Algorithm.
pub fn digest(algorithm: HashingAlgorithm) -> Result<Digest> {
    match algorithm {
        HashingAlgorithm::MD5 => Ok(Digest::Old(OldHash::Md5)),
        HashingAlgorithm::RIPEMD160 => Ok(Digest::Old(OldHash::Ripemd160)),
        other => hash(other).map(Digest::Of),
    }
}

/// The Hashing Algorithm of a hash function.
#[must_use]
pub fn hashing_algorithm(hash: Hash) -> HashingAlgorithm {
    HASHES
        .iter()
        .find(|(own, _)| *own == hash)
        .map_or(HashingAlgorithm::SHA256, |(_, name)| *name)
}

/// The Recommended Curve of a curve.
#[must_use]
pub fn recommended_curve(curve: Curve) -> RecommendedCurve {
    CURVES
        .iter()
        .find(|(own, _)| *own == curve)
        .map_or(RecommendedCurve::P256, |(_, name)| *name)
}

/// The curve of a Recommended Curve.
pub fn curve(name: RecommendedCurve) -> Result<Curve> {
    CURVES
        .iter()
        .find(|(_, own)| *own == name)
        .map(|(curve, _)| *curve)
        .ok_or(Unfit::Unsupported("this curve is not served"))
}

/// The hash of MGF1; that of the message or label where none is named.
fn mask_hash(parameters: &CryptographicParameters, hash_of_message: Hash) -> Result<Hash> {
    if parameters
        .mask_generator
        .is_some_and(|generator| generator != MaskGenerator::MFG1)
    {
        return Err(Unfit::Unsupported("this mask generator is not served"));
    }
    if parameters.trailer_field.is_some_and(|trailer| trailer != 1) {
        return Err(Unfit::Unsupported("this trailer field is not served"));
    }
    parameters
        .mask_generator_hashing_algorithm
        .map_or(Ok(hash_of_message), hash)
}
