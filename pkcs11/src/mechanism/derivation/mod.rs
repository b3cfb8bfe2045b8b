//! Mechanisms that derive keys, as Derive Key has them.
//!
//! What gives a part of a base key, joins keys or mixes bytes into them is not among them: it would show the base key
//! piece by piece.

mod block;
#[cfg(test)]
mod tests;

use cryptoki_sys as ck;
use kmip::{
    BlockCipherMode, DerivationMethod, Secret,
    attribute::CryptographicParameters,
    mechanism::{
        Block, Derivation, Hash, KeySpec, Prf,
        parameters::{hashing_algorithm, said_block},
    },
    payload::derive::DerivationParameters,
    ttlv::Bytes,
};

use super::{Hkdf, Kdf, Meaning, Mode, Parameter, Salt, hash};
use crate::{Result, Rv, Ulong, curve, material::ec_spki, size};

/// How keys are derived.
pub struct DerivationUse {
    /// The method.
    pub method: DerivationMethod,
    /// What goes in beside the base key. An agreement's is the other side's public key, as SubjectPublicKeyInfo.
    pub parameters: DerivationParameters,
    /// The lengths of which each key has whole ones to itself, where several are derived at once.
    pub segment_bytes: usize,
}

/// The way a mechanism with this parameter derives keys of these lengths from a base key of this kind.
pub fn derivation(
    meaning: Meaning,
    parameter: Parameter,
    spec: KeySpec,
    lengths: &[usize],
) -> Result<DerivationUse> {
    match (meaning, parameter) {
        (Meaning::Agree, Parameter::Ecdh(kdf, shared, public)) => {
            agreement(spec, kdf, shared, &public)
        }
        (Meaning::Hkdf | Meaning::HkdfData, Parameter::Hkdf(how)) => hkdf(how, spec),
        (Meaning::Kdf(mode), Parameter::Kdf(how)) => kdf(mode, how, lengths),
        _ => Err(Rv::MECHANISM_PARAM_INVALID),
    }
}

/// The key derivation functions of agreements: those of ANSI X9.63 and of SP 800-56A, by their hash functions.
const AGREED: &[(Ulong, DerivationMethod, Hash)] = &[
    (
        ck::CKD_SHA1_KDF,
        DerivationMethod::AsymmetricKey,
        Hash::Sha1,
    ),
    (
        ck::CKD_SHA224_KDF,
        DerivationMethod::AsymmetricKey,
        Hash::Sha224,
    ),
    (
        ck::CKD_SHA256_KDF,
        DerivationMethod::AsymmetricKey,
        Hash::Sha256,
    ),
    (
        ck::CKD_SHA384_KDF,
        DerivationMethod::AsymmetricKey,
        Hash::Sha384,
    ),
    (
        ck::CKD_SHA512_KDF,
        DerivationMethod::AsymmetricKey,
        Hash::Sha512,
    ),
    (
        ck::CKD_SHA3_224_KDF,
        DerivationMethod::AsymmetricKey,
        Hash::Sha3_224,
    ),
    (
        ck::CKD_SHA3_256_KDF,
        DerivationMethod::AsymmetricKey,
        Hash::Sha3_256,
    ),
    (
        ck::CKD_SHA3_384_KDF,
        DerivationMethod::AsymmetricKey,
        Hash::Sha3_384,
    ),
    (
        ck::CKD_SHA3_512_KDF,
        DerivationMethod::AsymmetricKey,
        Hash::Sha3_512,
    ),
    (
        ck::CKD_SHA1_KDF_SP800,
        DerivationMethod::ONE_STEP,
        Hash::Sha1,
    ),
    (
        ck::CKD_SHA224_KDF_SP800,
        DerivationMethod::ONE_STEP,
        Hash::Sha224,
    ),
    (
        ck::CKD_SHA256_KDF_SP800,
        DerivationMethod::ONE_STEP,
        Hash::Sha256,
    ),
    (
        ck::CKD_SHA384_KDF_SP800,
        DerivationMethod::ONE_STEP,
        Hash::Sha384,
    ),
    (
        ck::CKD_SHA512_KDF_SP800,
        DerivationMethod::ONE_STEP,
        Hash::Sha512,
    ),
    (
        ck::CKD_SHA3_224_KDF_SP800,
        DerivationMethod::ONE_STEP,
        Hash::Sha3_224,
    ),
    (
        ck::CKD_SHA3_256_KDF_SP800,
        DerivationMethod::ONE_STEP,
        Hash::Sha3_256,
    ),
    (
        ck::CKD_SHA3_384_KDF_SP800,
        DerivationMethod::ONE_STEP,
        Hash::Sha3_384,
    ),
    (
        ck::CKD_SHA3_512_KDF_SP800,
        DerivationMethod::ONE_STEP,
        Hash::Sha3_512,
    ),
];

fn with(
    method: DerivationMethod,
    parameters: CryptographicParameters,
    data: Vec<u8>,
) -> DerivationUse {
    DerivationUse {
        method,
        parameters: DerivationParameters {
            cryptographic_parameters: Some(parameters),
            derivation_data: vec![Secret::new(data)],
            ..DerivationParameters::default()
        },
        segment_bytes: 1,
    }
}

fn hashing(hash: Option<Hash>) -> CryptographicParameters {
    CryptographicParameters {
        hashing_algorithm: hash.map(hashing_algorithm),
        ..CryptographicParameters::default()
    }
}

/// Every curve served has the cofactor one, or works it in (RFC 7748 §5): with it or without it is the same.
fn agreement(spec: KeySpec, kdf: Ulong, shared: Vec<u8>, public: &[u8]) -> Result<DerivationUse> {
    let KeySpec::Ec(curve) = spec else {
        return Err(Rv::KEY_TYPE_INCONSISTENT);
    };
    let point = curve::point(curve, public).ok_or(Rv::MECHANISM_PARAM_INVALID)?;
    let (method, hash) = match AGREED.iter().find(|(own, ..)| *own == kdf) {
        Some((_, method, hash)) => (*method, Some(*hash)),
        None if kdf == ck::CKD_NULL && shared.is_empty() => (DerivationMethod::AsymmetricKey, None),
        None => return Err(Rv::MECHANISM_PARAM_INVALID),
    };
    let mut how = with(method, hashing(hash), ec_spki(curve, point));
    how.parameters.salt = (!shared.is_empty()).then_some(Bytes(shared));
    Ok(how)
}

/// The whole, or a half, of which the first has no information and the second no salt (PKCS #11 3.2 §6.62.3).
fn hkdf(how: Hkdf, spec: KeySpec) -> Result<DerivationUse> {
    let hash = hash(how.hash)?;
    let (method, info) = match (how.extracts, how.expands) {
        (true, true) => (DerivationMethod::HKDF, how.info),
        (true, false) => (DerivationMethod::HKDF_EXTRACT, Vec::new()),
        // RFC 5869 §2.3: what is expanded is no shorter than what would have been extracted.
        (false, true) if spec.secret_bytes() < hash.digest_bytes() => {
            return Err(Rv::KEY_SIZE_RANGE);
        }
        (false, true) => (DerivationMethod::HKDF_EXPAND, how.info),
        (false, false) => return Err(Rv::MECHANISM_PARAM_INVALID),
    };
    let mut derives = with(method, hashing(Some(hash)), info);
    derives.parameters.salt = match how.salt {
        Salt::Bytes(salt) => Some(Bytes(salt)),
        Salt::None | Salt::Key(_) => None,
    };
    Ok(derives)
}

/// What goes into a block is KMIP's own where it is a counter of 32 bits in front of bytes, and is said where it is not.
fn kdf(mode: Mode, how: Kdf, lengths: &[usize]) -> Result<DerivationUse> {
    let invalid = Rv::MECHANISM_PARAM_INVALID;
    let (parameters, prf, block_bytes) = if how.prf == ck::CKM_AES_CMAC {
        let parameters = CryptographicParameters {
            block_cipher_mode: Some(BlockCipherMode::CMAC),
            ..CryptographicParameters::default()
        };
        (parameters, Prf::AesCmac, 16)
    } else {
        let hash = hash(how.prf)?;
        (hashing(Some(hash)), Prf::Hmac(hash), hash.digest_bytes())
    };
    let (method, is_made_so) = match mode {
        Mode::Counter => (DerivationMethod::NIST800108C, Derivation::Counter(prf)),
        Mode::Feedback => (DerivationMethod::NIST800108F, Derivation::Feedback(prf)),
        Mode::DoublePipeline => (
            DerivationMethod::NIST800108DPI,
            Derivation::DoublePipeline(prf),
        ),
    };
    let is_counted = size(how.more_keys).checked_add(1) == Some(lengths.len());
    if !is_counted || (mode != Mode::Feedback && !how.iv.is_empty()) {
        return Err(invalid);
    }
    let (block, data) =
        block::read(&is_made_so, &how.parts, lengths, block_bytes).ok_or(invalid)?;
    let bytes: usize = data.iter().map(Vec::len).sum();
    let is_usual = block == Block::usual(&is_made_so, bytes);
    let mut derives = with(method, parameters, Vec::new());
    let all = &mut derives.parameters;
    all.derivation_data = data.into_iter().map(Secret::new).collect();
    all.block = (!is_usual).then(|| Bytes(said_block(&block)));
    all.initialization_vector = (!how.iv.is_empty()).then_some(Bytes(how.iv));
    derives.segment_bytes = block_bytes;
    Ok(derives)
}
