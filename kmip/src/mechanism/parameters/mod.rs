//! Cryptographic Parameters and attributes of a key ↔ validated mechanisms (KMIP 2.1 §4.16).

mod block;
mod cipher;
mod derivation;
mod key;
mod mac;
mod signing;
mod start;

pub use self::{
    block::{block, said_block},
    cipher::{cipher, padding_method},
    derivation::derivation,
    key::{key_attributes, key_spec},
    mac::mac,
    signing::signing,
    start::{Start, start},
};
use super::{Curve, Hash, OldHash, PostQuantum};
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

/// Curves and their names in KMIP. Where one name is two curves, the first is what it means by itself.
const CURVES: &[(Curve, RecommendedCurve)] = &[
    (Curve::P192, RecommendedCurve::P192),
    (Curve::P224, RecommendedCurve::P224),
    (Curve::P256, RecommendedCurve::P256),
    (Curve::P384, RecommendedCurve::P384),
    (Curve::P521, RecommendedCurve::P521),
    (Curve::Secp256k1, RecommendedCurve::SECP256K1),
    (Curve::BrainpoolP160r1, RecommendedCurve::BRAINPOOLP160R1),
    (Curve::BrainpoolP160t1, RecommendedCurve::BRAINPOOLP160T1),
    (Curve::BrainpoolP192r1, RecommendedCurve::BRAINPOOLP192R1),
    (Curve::BrainpoolP192t1, RecommendedCurve::BRAINPOOLP192T1),
    (Curve::BrainpoolP224r1, RecommendedCurve::BRAINPOOLP224R1),
    (Curve::BrainpoolP224t1, RecommendedCurve::BRAINPOOLP224T1),
    (Curve::BrainpoolP256r1, RecommendedCurve::BRAINPOOLP256R1),
    (Curve::BrainpoolP256t1, RecommendedCurve::BRAINPOOLP256T1),
    (Curve::BrainpoolP320r1, RecommendedCurve::BRAINPOOLP320R1),
    (Curve::BrainpoolP320t1, RecommendedCurve::BRAINPOOLP320T1),
    (Curve::BrainpoolP384r1, RecommendedCurve::BRAINPOOLP384R1),
    (Curve::BrainpoolP384t1, RecommendedCurve::BRAINPOOLP384T1),
    (Curve::BrainpoolP512r1, RecommendedCurve::BRAINPOOLP512R1),
    (Curve::BrainpoolP512t1, RecommendedCurve::BRAINPOOLP512T1),
    (Curve::Ed25519, RecommendedCurve::CURVE25519),
    (Curve::X25519, RecommendedCurve::CURVE25519),
    (Curve::Ed448, RecommendedCurve::CURVE448),
    (Curve::X448, RecommendedCurve::CURVE448),
];

/// Post-quantum algorithms and their names in KMIP.
const POST_QUANTUM: &[(PostQuantum, CryptographicAlgorithm)] = &[
    (PostQuantum::MlKem512, CryptographicAlgorithm::MLKEM512),
    (PostQuantum::MlKem768, CryptographicAlgorithm::MLKEM768),
    (PostQuantum::MlKem1024, CryptographicAlgorithm::MLKEM1024),
    (PostQuantum::MlDsa44, CryptographicAlgorithm::MLDSA44),
    (PostQuantum::MlDsa65, CryptographicAlgorithm::MLDSA65),
    (PostQuantum::MlDsa87, CryptographicAlgorithm::MLDSA87),
    (
        PostQuantum::SlhDsaSha2_128s,
        CryptographicAlgorithm::SLHDSASHA2128s,
    ),
    (
        PostQuantum::SlhDsaSha2_128f,
        CryptographicAlgorithm::SLHDSASHA2128f,
    ),
    (
        PostQuantum::SlhDsaSha2_192s,
        CryptographicAlgorithm::SLHDSASHA2192s,
    ),
    (
        PostQuantum::SlhDsaSha2_192f,
        CryptographicAlgorithm::SLHDSASHA2192f,
    ),
    (
        PostQuantum::SlhDsaSha2_256s,
        CryptographicAlgorithm::SLHDSASHA2256s,
    ),
    (
        PostQuantum::SlhDsaSha2_256f,
        CryptographicAlgorithm::SLHDSASHA2256f,
    ),
    (
        PostQuantum::SlhDsaShake128s,
        CryptographicAlgorithm::SLHDSASHAKE128s,
    ),
    (
        PostQuantum::SlhDsaShake128f,
        CryptographicAlgorithm::SLHDSASHAKE128f,
    ),
    (
        PostQuantum::SlhDsaShake192s,
        CryptographicAlgorithm::SLHDSASHAKE192s,
    ),
    (
        PostQuantum::SlhDsaShake192f,
        CryptographicAlgorithm::SLHDSASHAKE192f,
    ),
    (
        PostQuantum::SlhDsaShake256s,
        CryptographicAlgorithm::SLHDSASHAKE256s,
    ),
    (
        PostQuantum::SlhDsaShake256f,
        CryptographicAlgorithm::SLHDSASHAKE256f,
    ),
];

/// The Cryptographic Algorithm of a post-quantum algorithm.
fn post_quantum_name(algorithm: PostQuantum) -> CryptographicAlgorithm {
    POST_QUANTUM
        .iter()
        .find(|(own, _)| *own == algorithm)
        .map_or(CryptographicAlgorithm::MLDSA65, |(_, name)| *name)
}

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

/// The curve of a Recommended Curve, which for Curve25519 and Curve448 depends on what the key is for.
pub fn curve(name: RecommendedCurve, algorithm: Option<CryptographicAlgorithm>) -> Result<Curve> {
    let agrees = algorithm == Some(CryptographicAlgorithm::ECDH);
    let mut found = CURVES.iter().filter(|(_, own)| *own == name);
    let (first, second) = (found.next(), found.next());
    second
        .filter(|_| agrees)
        .or(first)
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
