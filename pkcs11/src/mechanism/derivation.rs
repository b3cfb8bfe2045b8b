//! Mechanisms that derive keys, as Derive Key has them.
//!
//! What gives a part of a base key, joins keys or mixes bytes into them is not among them: it would show the base key
//! piece by piece.

use cryptoki_sys as ck;
use kmip::{
    BlockCipherMode, DerivationMethod, Secret,
    attribute::CryptographicParameters,
    mechanism::{Hash, KeySpec, parameters::hashing_algorithm},
    payload::derive::DerivationParameters,
    ttlv::Bytes,
};

use super::{Hkdf, Kdf, Meaning, Mode, Parameter, Part, hash};
use crate::{Result, Rv, Ulong, curve, material::ec_spki};

/// How a key is derived.
pub struct DerivationUse {
    /// The method.
    pub method: DerivationMethod,
    /// What goes in beside the base key. An agreement's is the other side's public key, as SubjectPublicKeyInfo.
    pub parameters: DerivationParameters,
}

/// The way a mechanism with this parameter derives so many bytes from a base key of this kind.
pub fn derivation(
    meaning: Meaning,
    parameter: Parameter,
    spec: KeySpec,
    bytes: usize,
) -> Result<DerivationUse> {
    match (meaning, parameter) {
        (Meaning::Agree, Parameter::Ecdh(kdf, shared, public)) => {
            agreement(spec, kdf, shared, &public)
        }
        (Meaning::Hkdf, Parameter::Hkdf(how)) => hkdf(how),
        (Meaning::Kdf(mode), Parameter::Kdf(how)) => kdf(mode, how, bytes),
        _ => Err(Rv::MECHANISM_PARAM_INVALID),
    }
}

/// The key derivation functions of ANSI X9.63, by their hash functions.
const X963: &[(Ulong, Hash)] = &[
    (ck::CKD_SHA1_KDF, Hash::Sha1),
    (ck::CKD_SHA224_KDF, Hash::Sha224),
    (ck::CKD_SHA256_KDF, Hash::Sha256),
    (ck::CKD_SHA384_KDF, Hash::Sha384),
    (ck::CKD_SHA512_KDF, Hash::Sha512),
    (ck::CKD_SHA3_224_KDF, Hash::Sha3_224),
    (ck::CKD_SHA3_256_KDF, Hash::Sha3_256),
    (ck::CKD_SHA3_384_KDF, Hash::Sha3_384),
    (ck::CKD_SHA3_512_KDF, Hash::Sha3_512),
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
    let hash = match X963.iter().find(|(own, _)| *own == kdf) {
        Some((_, hash)) => Some(*hash),
        None if kdf == ck::CKD_NULL && shared.is_empty() => None,
        None => return Err(Rv::MECHANISM_PARAM_INVALID),
    };
    let mut how = with(
        DerivationMethod::AsymmetricKey,
        hashing(hash),
        ec_spki(curve, point),
    );
    how.parameters.salt = (!shared.is_empty()).then_some(Bytes(shared));
    Ok(how)
}

fn hkdf(how: Hkdf) -> Result<DerivationUse> {
    let has_salt = match how.salt_kind {
        ck::CKF_HKDF_SALT_NULL => false,
        ck::CKF_HKDF_SALT_DATA => true,
        _ => return Err(Rv::MECHANISM_PARAM_INVALID),
    };
    // One half alone is not what Derive Key has.
    if !how.extracts || !how.expands {
        return Err(Rv::MECHANISM_PARAM_INVALID);
    }
    let parameters = hashing(Some(hash(how.hash)?));
    let mut derives = with(DerivationMethod::HKDF, parameters, how.info);
    derives.parameters.salt = has_salt.then_some(Bytes(how.salt));
    Ok(derives)
}

/// The counter has 32 bits, and stands in front of what else goes in, as the daemon has it.
fn kdf(mode: Mode, how: Kdf, bytes: usize) -> Result<DerivationUse> {
    let invalid = Rv::MECHANISM_PARAM_INVALID;
    let (parameters, block_bytes) = if how.prf == ck::CKM_AES_CMAC {
        let parameters = CryptographicParameters {
            block_cipher_mode: Some(BlockCipherMode::CMAC),
            ..CryptographicParameters::default()
        };
        (parameters, 16)
    } else {
        let hash = hash(how.prf)?;
        (hashing(Some(hash)), hash.digest_bytes())
    };
    let (method, fixed) = match (mode, how.parts.as_slice()) {
        (Mode::Counter, [Part::Iteration(Some(32)), rest @ ..]) => {
            (DerivationMethod::NIST800108C, rest)
        }
        (Mode::Feedback, [Part::Iteration(None), Part::Counter(32), rest @ ..]) => {
            (DerivationMethod::NIST800108F, rest)
        }
        (Mode::DoublePipeline, [Part::Iteration(None), Part::Counter(32), rest @ ..]) => {
            (DerivationMethod::NIST800108DPI, rest)
        }
        _ => return Err(invalid),
    };
    if how.more_keys != 0 || (mode != Mode::Feedback && !how.iv.is_empty()) {
        return Err(invalid);
    }
    let mut data = Vec::new();
    for part in fixed {
        match part {
            Part::Bytes(own) => data.extend_from_slice(own),
            Part::Length { of_blocks, width } => {
                let counted = if *of_blocks {
                    bytes.next_multiple_of(block_bytes)
                } else {
                    bytes
                };
                data.extend(big_endian(counted * 8, *width).ok_or(invalid)?);
            }
            Part::Iteration(_) | Part::Counter(_) => return Err(invalid),
        }
    }
    let mut derives = with(method, parameters, data);
    derives.parameters.initialization_vector = (!how.iv.is_empty()).then_some(Bytes(how.iv));
    Ok(derives)
}

/// A number of so many bits.
fn big_endian(number: usize, width: Ulong) -> Option<Vec<u8>> {
    let width = usize::try_from(width).ok()?;
    let whole = u64::try_from(number).ok()?.to_be_bytes();
    let skipped = whole.len().checked_sub(width / 8)?;
    let (front, own) = whole.split_at_checked(skipped)?;
    let fits = width > 0 && width.is_multiple_of(8) && front.iter().all(|byte| *byte == 0);
    fits.then(|| own.to_vec())
}
