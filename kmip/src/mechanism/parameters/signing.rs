//! How a key signs by its parameters.

use super::{Result, Unfit, hash, mask_hash};
use crate::{
    CryptographicAlgorithm, DigitalSignatureAlgorithm, PaddingMethod,
    attribute::CryptographicParameters,
    mechanism::{Curve, CurveForm, Hash, KeySpec, PostQuantumUse, Prehash, Signing},
};

/// Whose signatures a Digital Signature Algorithm makes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    /// RSASSA-PKCS1-v1_5.
    Rsa,
    Dsa,
    Ecdsa,
}

/// Digital Signature Algorithms, their families and their hash functions (KMIP 2.1 §11.15).
const SIGNATURES: &[(DigitalSignatureAlgorithm, Family, Hash)] = {
    use DigitalSignatureAlgorithm as Named;
    &[
        (Named::SHA1WithRSAEncryption, Family::Rsa, Hash::Sha1),
        (Named::SHA224WithRSAEncryption, Family::Rsa, Hash::Sha224),
        (Named::SHA256WithRSAEncryption, Family::Rsa, Hash::Sha256),
        (Named::SHA384WithRSAEncryption, Family::Rsa, Hash::Sha384),
        (Named::SHA512WithRSAEncryption, Family::Rsa, Hash::Sha512),
        (Named::DSAWithSHA1, Family::Dsa, Hash::Sha1),
        (Named::DSAWithSHA224, Family::Dsa, Hash::Sha224),
        (Named::DSAWithSHA256, Family::Dsa, Hash::Sha256),
        (Named::ECDSAWithSHA1, Family::Ecdsa, Hash::Sha1),
        (Named::ECDSAWithSHA224, Family::Ecdsa, Hash::Sha224),
        (Named::ECDSAWithSHA256, Family::Ecdsa, Hash::Sha256),
        (Named::ECDSAWithSHA384, Family::Ecdsa, Hash::Sha384),
        (Named::ECDSAWithSHA512, Family::Ecdsa, Hash::Sha512),
        (Named::SHA3256WithRSAEncryption, Family::Rsa, Hash::Sha3_256),
        (Named::SHA3384WithRSAEncryption, Family::Rsa, Hash::Sha3_384),
        (Named::SHA3512WithRSAEncryption, Family::Rsa, Hash::Sha3_512),
    ]
};

/// How a key of this kind signs by these parameters.
pub fn signing(spec: KeySpec, parameters: &CryptographicParameters) -> Result<Signing> {
    let named = parameters.digital_signature_algorithm;
    let row = named.and_then(|named| SIGNATURES.iter().find(|(name, ..)| *name == named));
    if named.is_some_and(|named| named != DigitalSignatureAlgorithm::RSASSAPSS) && row.is_none() {
        return Err(Unfit::Unsupported(
            "this digital signature algorithm is not served",
        ));
    }
    let hash = match (parameters.hashing_algorithm.map(hash).transpose()?, row) {
        (Some(own), Some((_, _, implied))) if own != *implied => {
            return Err(Unfit::Bad(
                "hashing algorithm and digital signature algorithm contradict each other",
            ));
        }
        (Some(own), _) => Some(own),
        (None, row) => row.map(|(_, _, implied)| *implied),
    };
    let family = row.map(|(_, family, _)| *family);
    let own = match spec {
        KeySpec::Rsa { .. } => Some(Family::Rsa),
        KeySpec::Dsa { .. } => Some(Family::Dsa),
        KeySpec::Ec(curve) if curve.is_weierstrass() => Some(Family::Ecdsa),
        _ => None,
    };
    if family.is_some() && family != own {
        return Err(Unfit::Bad(
            "the digital signature algorithm is not that of the key",
        ));
    }
    match spec {
        KeySpec::Rsa { bits } => rsa_signing(bits, parameters, family.is_some(), hash),
        KeySpec::Dsa { .. } => Ok(Signing::Dsa(hash)),
        KeySpec::Ec(curve) => match curve.form() {
            CurveForm::Weierstrass => Ok(Signing::Ecdsa(hash)),
            CurveForm::Edwards => in_context(spec, parameters, hash, Signing::Eddsa),
            CurveForm::Montgomery => Err(Unfit::Bad("a key for agreement does not sign")),
        },
        KeySpec::PostQuantum(algorithm) => match algorithm.kind() {
            PostQuantumUse::MlDsa => in_context(spec, parameters, hash, Signing::MlDsa),
            PostQuantumUse::SlhDsa => in_context(spec, parameters, hash, Signing::SlhDsa),
            PostQuantumUse::Kem => Err(Unfit::Bad("a key that encapsulates does not sign")),
        },
        KeySpec::Dh { .. } => Err(Unfit::Bad("a key for agreement does not sign")),
        _ => Err(Unfit::Bad("a symmetric key does not sign")),
    }
}

/// The longest context (RFC 8032 §5.1, FIPS 204 §5.2).
const CONTEXT_BYTES_MAX: usize = 255;

/// Signatures of the message itself. KMIP has no words for their variants, so that a P Source, which means nothing else
/// for such keys, stands for the context and makes the rest count: the hash function of the message, and a salt of no
/// bytes for a deterministic signature. Without it, all of this is read over as it always was.
fn in_context(
    spec: KeySpec,
    parameters: &CryptographicParameters,
    hash: Option<Hash>,
    pure: Signing,
) -> Result<Signing> {
    let Some(context) = &parameters.p_source else {
        return Ok(pure);
    };
    if context.0.len() > CONTEXT_BYTES_MAX {
        return Err(Unfit::Bad("a context has at most 255 bytes"));
    }
    let prehash = match (hash, parameters.cryptographic_algorithm) {
        (Some(hash), _) => Some(Prehash::Hash(hash)),
        (None, Some(CryptographicAlgorithm::SHAKE128)) => Some(Prehash::Shake128),
        (None, Some(CryptographicAlgorithm::SHAKE256)) => Some(Prehash::Shake256),
        _ => None,
    };
    let own = match spec {
        KeySpec::Ec(Curve::Ed25519) => Some(Prehash::Hash(Hash::Sha512)),
        KeySpec::Ec(_) => Some(Prehash::Shake256),
        _ => prehash,
    };
    if prehash.is_some() && prehash != own {
        return Err(Unfit::Bad("the curve has one hash function of its own"));
    }
    // RFC 8032 §5.1: the context of Ed25519ctx should not be empty, and without one it is another scheme.
    if spec == KeySpec::Ec(Curve::Ed25519) && prehash.is_none() && context.0.is_empty() {
        return Err(Unfit::Bad("Ed25519 has no empty context"));
    }
    Ok(Signing::InContext {
        prehash,
        deterministic: parameters.salt_length == Some(0),
    })
}

fn rsa_signing(
    bits: u16,
    parameters: &CryptographicParameters,
    names_pkcs1: bool,
    hash_named: Option<Hash>,
) -> Result<Signing> {
    let pss = parameters.digital_signature_algorithm == Some(DigitalSignatureAlgorithm::RSASSAPSS);
    let implied = if pss {
        Some(PaddingMethod::PSS)
    } else {
        names_pkcs1.then_some(PaddingMethod::PKCS1V15)
    };
    let padding = match (parameters.padding_method, implied) {
        (Some(own), Some(implied)) if own != implied => {
            return Err(Unfit::Bad(
                "padding method and digital signature algorithm contradict each other",
            ));
        }
        (own, implied) => own.or(implied).unwrap_or(PaddingMethod::PKCS1V15),
    };
    match padding {
        PaddingMethod::PKCS1V15 => Ok(Signing::RsaPkcs1(hash_named)),
        PaddingMethod::PSS => {
            let hash = hash_named.unwrap_or(Hash::Sha256);
            let mask_hash = mask_hash(parameters, hash)?;
            let salt = parameters
                .salt_length
                .map_or_else(|| Ok(hash.digest_bytes()), usize::try_from);
            let room = usize::from(bits)
                .div_ceil(8)
                .saturating_sub(hash.digest_bytes() + 2);
            match salt {
                Ok(salt) if salt <= room => {
                    let salt_bytes = u16::try_from(salt).unwrap_or(u16::MAX);
                    Ok(Signing::RsaPss {
                        hash,
                        mask_hash,
                        salt_bytes,
                    })
                }
                _ => Err(Unfit::Bad("the salt length does not fit the key")),
            }
        }
        _ => Err(Unfit::Unsupported(
            "this padding method is not served for signatures",
        )),
    }
}
