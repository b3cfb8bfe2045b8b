//! The one table of the embedded HSM: which library computes which algorithm.
//!
//! | algorithm | library | because |
//! |---|---|---|
//! | RSA | OpenSSL | any hash, salt and mask function; as fast as AWS-LC; numbers live in its secure heap |
//! | P-256, P-384, P-521, Ed25519 | AWS-LC | 1.2, 10, 12 and 4 times faster, constant-time |
//! | the other curves, DSA, DH | OpenSSL | breadth |
//! | ML-KEM, signatures of ML-DSA | AWS-LC | 1.7 and 7 times faster; OpenSSL reads and writes the keys |
//! | SLH-DSA | OpenSSL | the only one that has it |
//! | AES-GCM with a 12-byte IV | AWS-LC | fastest, one pass out of place |
//! | AES-GCM otherwise, ECB, CBC, CFB, OFB, CTR, CCM, XTS, KW, KWP | OpenSSL | breadth |
//! | triple DES, ChaCha20, ChaCha20-Poly1305 | OpenSSL | breadth; any tag length, and parts |
//! | CMAC | AWS-LC | parts without a fetch |
//! | HMAC with SHA-1 and SHA-2 | AWS-LC | keeps the key's two states ready |
//! | HMAC with SHA-3 | OpenSSL | breadth |
//! | digests | AWS-LC; SHA3-224, SHA-512/224, MD5 and RIPEMD-160 OpenSSL | no fetch per call |
//!
//! The functions below and those of `ciphers` are that table in Rust; everything else asks them.

use std::ffi::c_int;

use aws_lc_rs::{digest, hmac, kem, signature};
use kmip::mechanism::{Curve, Hash, OldHash, PostQuantum};
use openssl::{
    hash::MessageDigest,
    md::{Md, MdRef},
    nid::Nid,
    pkey::Id,
};

use crate::{Error, Input, Result};

/// How the signatures of a curve are computed.
#[derive(Clone, Copy)]
pub(crate) enum CurveEngine {
    /// ECDSA by AWS-LC, which signs digests as long as those of one hash function.
    AwsLc {
        signing: &'static signature::EcdsaSigningAlgorithm,
        verification: &'static signature::EcdsaVerificationAlgorithm,
        digest: &'static digest::Algorithm,
    },
    /// Ed25519 by AWS-LC.
    AwsLcEdwards,
    /// ECDSA by OpenSSL.
    OpenSsl,
    /// Ed448, X25519 and X448 by OpenSSL.
    OpenSslNamed,
}

/// The row of a curve.
pub(crate) const fn curve(curve: Curve) -> CurveEngine {
    match curve {
        Curve::P256 => CurveEngine::AwsLc {
            signing: &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            verification: &signature::ECDSA_P256_SHA256_FIXED,
            digest: &digest::SHA256,
        },
        Curve::P384 => CurveEngine::AwsLc {
            signing: &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
            verification: &signature::ECDSA_P384_SHA384_FIXED,
            digest: &digest::SHA384,
        },
        Curve::P521 => CurveEngine::AwsLc {
            signing: &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
            verification: &signature::ECDSA_P521_SHA512_FIXED,
            digest: &digest::SHA512,
        },
        Curve::Ed25519 => CurveEngine::AwsLcEdwards,
        Curve::Ed448 | Curve::X25519 | Curve::X448 => CurveEngine::OpenSslNamed,
        _ => CurveEngine::OpenSsl,
    }
}

/// OpenSSL's number of a curve on which ECDSA works: all of them are validated and encoded there.
pub(crate) const fn nid(curve: Curve) -> Option<Nid> {
    match curve {
        Curve::P192 => Some(Nid::X9_62_PRIME192V1),
        Curve::P224 => Some(Nid::SECP224R1),
        Curve::P256 => Some(Nid::X9_62_PRIME256V1),
        Curve::P384 => Some(Nid::SECP384R1),
        Curve::P521 => Some(Nid::SECP521R1),
        Curve::Secp256k1 => Some(Nid::SECP256K1),
        // NID_brainpoolP160r1 and its twist, which the safe crate does not name.
        Curve::BrainpoolP160r1 => Some(Nid::from_raw(921)),
        Curve::BrainpoolP160t1 => Some(Nid::from_raw(922)),
        Curve::BrainpoolP192r1 => Some(Nid::BRAINPOOL_P192R1),
        Curve::BrainpoolP192t1 => Some(Nid::BRAINPOOL_P192T1),
        Curve::BrainpoolP224r1 => Some(Nid::BRAINPOOL_P224R1),
        Curve::BrainpoolP224t1 => Some(Nid::BRAINPOOL_P224T1),
        Curve::BrainpoolP256r1 => Some(Nid::BRAINPOOL_P256R1),
        Curve::BrainpoolP256t1 => Some(Nid::BRAINPOOL_P256T1),
        Curve::BrainpoolP320r1 => Some(Nid::BRAINPOOL_P320R1),
        Curve::BrainpoolP320t1 => Some(Nid::BRAINPOOL_P320T1),
        Curve::BrainpoolP384r1 => Some(Nid::BRAINPOOL_P384R1),
        Curve::BrainpoolP384t1 => Some(Nid::BRAINPOOL_P384T1),
        Curve::BrainpoolP512r1 => Some(Nid::BRAINPOOL_P512R1),
        Curve::BrainpoolP512t1 => Some(Nid::BRAINPOOL_P512T1),
        Curve::Ed25519 | Curve::Ed448 | Curve::X25519 | Curve::X448 => None,
    }
}

/// OpenSSL's name of a curve whose keys are strings of bytes.
pub(crate) const fn raw_id(curve: Curve) -> Option<Id> {
    match curve {
        Curve::Ed25519 => Some(Id::ED25519),
        Curve::Ed448 => Some(Id::ED448),
        Curve::X25519 => Some(Id::X25519),
        Curve::X448 => Some(Id::X448),
        _ => None,
    }
}

/// ML-DSA as AWS-LC signs and verifies it.
pub(crate) const fn ml_dsa(
    algorithm: PostQuantum,
) -> Option<(
    &'static signature::PqdsaSigningAlgorithm,
    &'static signature::PqdsaVerificationAlgorithm,
)> {
    match algorithm {
        PostQuantum::MlDsa44 => Some((&signature::ML_DSA_44_SIGNING, &signature::ML_DSA_44)),
        PostQuantum::MlDsa65 => Some((&signature::ML_DSA_65_SIGNING, &signature::ML_DSA_65)),
        PostQuantum::MlDsa87 => Some((&signature::ML_DSA_87_SIGNING, &signature::ML_DSA_87)),
        _ => None,
    }
}

/// ML-KEM as AWS-LC computes it.
pub(crate) const fn ml_kem(
    algorithm: PostQuantum,
) -> Option<&'static kem::Algorithm<kem::AlgorithmId>> {
    match algorithm {
        PostQuantum::MlKem512 => Some(&kem::ML_KEM_512),
        PostQuantum::MlKem768 => Some(&kem::ML_KEM_768),
        PostQuantum::MlKem1024 => Some(&kem::ML_KEM_1024),
        _ => None,
    }
}

/// How a hash function is computed.
#[derive(Clone, Copy)]
pub(crate) struct HashEngine {
    /// The digest by AWS-LC; by OpenSSL when it has none.
    digest: Option<&'static digest::Algorithm>,
    /// HMAC by AWS-LC; by OpenSSL when it has none.
    pub(crate) hmac: Option<hmac::Algorithm>,
    /// OpenSSL's name of the hash, for RSA and for what AWS-LC lacks.
    pub(crate) openssl: MessageDigest,
    /// The same as a parameter of RSA paddings.
    pub(crate) md: &'static MdRef,
}

/// The row of a hash function.
pub(crate) fn hash(hash: Hash) -> HashEngine {
    let row = |digest, hmac, openssl, md| HashEngine {
        digest,
        hmac,
        openssl,
        md,
    };
    type M = MessageDigest;
    match hash {
        Hash::Sha1 => row(
            Some(&digest::SHA1_FOR_LEGACY_USE_ONLY),
            Some(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
            M::sha1(),
            Md::sha1(),
        ),
        Hash::Sha224 => row(
            Some(&digest::SHA224),
            Some(hmac::HMAC_SHA224),
            M::sha224(),
            Md::sha224(),
        ),
        Hash::Sha256 => row(
            Some(&digest::SHA256),
            Some(hmac::HMAC_SHA256),
            M::sha256(),
            Md::sha256(),
        ),
        Hash::Sha384 => row(
            Some(&digest::SHA384),
            Some(hmac::HMAC_SHA384),
            M::sha384(),
            Md::sha384(),
        ),
        Hash::Sha512 => row(
            Some(&digest::SHA512),
            Some(hmac::HMAC_SHA512),
            M::sha512(),
            Md::sha512(),
        ),
        Hash::Sha3_224 => row(None, None, M::sha3_224(), Md::sha3_224()),
        Hash::Sha3_256 => row(Some(&digest::SHA3_256), None, M::sha3_256(), Md::sha3_256()),
        Hash::Sha3_384 => row(Some(&digest::SHA3_384), None, M::sha3_384(), Md::sha3_384()),
        Hash::Sha3_512 => row(Some(&digest::SHA3_512), None, M::sha3_512(), Md::sha3_512()),
        Hash::Sha512_224 => numbered(None, NID_SHA512_224),
        Hash::Sha512_256 => numbered(Some(&digest::SHA512_256), NID_SHA512_256),
    }
}

/// A row of what the safe crate knows by OpenSSL's numbers only.
fn numbered(digest: Option<&'static digest::Algorithm>, number: c_int) -> HashEngine {
    let nid = Nid::from_raw(number);
    HashEngine {
        digest,
        hmac: None,
        // OpenSSL 3.5 has both; what it had not would be refused where it is used.
        openssl: MessageDigest::from_nid(nid).unwrap_or_else(MessageDigest::null),
        md: Md::from_nid(nid).unwrap_or_else(Md::null),
    }
}

/// The digest of a message by a hash function of old.
pub(crate) fn old_digest(function: OldHash, message: &[u8]) -> Result<Vec<u8>> {
    openssl::hash::hash(old_hash(function), message)
        .map(|digest| digest.to_vec())
        .map_err(failed)
}

/// OpenSSL's name of a hash function of old.
pub(crate) fn old_hash(function: OldHash) -> MessageDigest {
    match function {
        OldHash::Md5 => MessageDigest::md5(),
        OldHash::Ripemd160 => MessageDigest::ripemd160(),
    }
}

/// A digest being computed over parts.
pub(crate) enum Hasher {
    AwsLc(digest::Context),
    OpenSsl(openssl::hash::Hasher),
}

impl Hasher {
    /// Begins a digest.
    pub(crate) fn new(function: Hash) -> Result<Self> {
        let engine = hash(function);
        match engine.digest {
            Some(algorithm) => Ok(Self::AwsLc(digest::Context::new(algorithm))),
            None => openssl::hash::Hasher::new(engine.openssl)
                .map(Self::OpenSsl)
                .map_err(failed),
        }
    }

    /// Begins a digest of old.
    pub(crate) fn old(function: OldHash) -> Result<Self> {
        openssl::hash::Hasher::new(old_hash(function))
            .map(Self::OpenSsl)
            .map_err(failed)
    }

    /// Takes a part.
    pub(crate) fn update(&mut self, part: &[u8]) -> Result<()> {
        match self {
            Self::AwsLc(context) => {
                context.update(part);
                Ok(())
            }
            Self::OpenSsl(hasher) => hasher.update(part).map_err(failed),
        }
    }

    /// The digest of the parts.
    pub(crate) fn finish(&mut self) -> Result<Vec<u8>> {
        match self {
            Self::AwsLc(context) => Ok(context.clone().finish().as_ref().to_vec()),
            Self::OpenSsl(hasher) => hasher
                .finish()
                .map(|digest| digest.to_vec())
                .map_err(failed),
        }
    }
}

const NID_SHA512_224: c_int = 1094;
const NID_SHA512_256: c_int = 1095;

/// A digest, on the stack.
pub(crate) struct Digest {
    bytes: [u8; digest::MAX_OUTPUT_LEN],
    len: usize,
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl Digest {
    fn new(from: &[u8]) -> Self {
        let mut bytes = [0; digest::MAX_OUTPUT_LEN];
        let len = from.len().min(bytes.len());
        for (to, from) in bytes.iter_mut().zip(from) {
            *to = *from;
        }
        Self { bytes, len }
    }
}

/// The digest of a message.
pub(crate) fn digest(function: Hash, message: &[u8]) -> Result<Digest> {
    let engine = hash(function);
    match engine.digest {
        Some(algorithm) => Ok(Digest::new(digest::digest(algorithm, message).as_ref())),
        None => Ok(Digest::new(
            &openssl::hash::hash(engine.openssl, message).map_err(failed)?,
        )),
    }
}

/// What a signature is computed over.
pub(crate) enum Digested<'a> {
    Given(&'a [u8]),
    Made(Digest),
}

impl AsRef<[u8]> for Digested<'_> {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Given(bytes) => bytes,
            Self::Made(digest) => digest.as_ref(),
        }
    }
}

/// Hashes a message, or checks the digest given against its hash function.
pub(crate) fn digested(function: Option<Hash>, input: Input<'_>) -> Result<Digested<'_>> {
    match (function, input) {
        (Some(function), Input::Message(message)) => {
            Ok(Digested::Made(digest(function, bounded(message)?)?))
        }
        (Some(function), Input::Digest(digest)) if digest.len() != function.digest_bytes() => Err(
            Error::BadInput("a digest of another length than its hash has"),
        ),
        (_, Input::Digest(digest)) => Ok(Digested::Given(digest)),
        (None, Input::Message(_)) => Err(Error::BadInput(
            "a mechanism without a hash takes no message",
        )),
        (_, Input::InContext { .. }) => Err(Error::KeyTypeMismatch),
    }
}

/// A library's refusal where the input cannot be the reason.
pub(crate) fn failed(error: impl std::fmt::Display) -> Error {
    Error::Failed(error.to_string())
}

/// The one answer to a wrong tag, a wrong padding or an altered ciphertext: which of them it was, nobody learns.
pub(crate) fn decryption_failed() -> Error {
    Error::Failed("decryption failed".to_owned())
}

/// No single call takes more: OpenSSL counts in `int`, and nobody may make this process hold more.
pub(crate) const INPUT_BYTES_MAX: usize = 1 << 30;

/// Refuses an input longer than [`INPUT_BYTES_MAX`].
pub(crate) fn bounded(input: &[u8]) -> Result<&[u8]> {
    if input.len() > INPUT_BYTES_MAX {
        return Err(Error::BadInput("longer than 1 GiB"));
    }
    Ok(input)
}
