//! How a key signs by its parameters.

use super::{Result, Unfit, hash, mask_hash};
use crate::{
    DigitalSignatureAlgorithm, PaddingMethod,
    attribute::CryptographicParameters,
    mechanism::{Curve, Hash, KeySpec, Signing},
};

/// Digital Signature Algorithms: the padding of an RSA one, and the hash.
const SIGNATURES: &[(DigitalSignatureAlgorithm, Option<PaddingMethod>, Hash)] = &[
    (
        DigitalSignatureAlgorithm::SHA1WithRSAEncryption,
        Some(PaddingMethod::PKCS1V15),
        Hash::Sha1,
    ),
    (
        DigitalSignatureAlgorithm::SHA224WithRSAEncryption,
        Some(PaddingMethod::PKCS1V15),
        Hash::Sha224,
    ),
    (
        DigitalSignatureAlgorithm::SHA256WithRSAEncryption,
        Some(PaddingMethod::PKCS1V15),
        Hash::Sha256,
    ),
    (
        DigitalSignatureAlgorithm::SHA384WithRSAEncryption,
        Some(PaddingMethod::PKCS1V15),
        Hash::Sha384,
    ),
    (
        DigitalSignatureAlgorithm::SHA512WithRSAEncryption,
        Some(PaddingMethod::PKCS1V15),
        Hash::Sha512,
    ),
    (
        DigitalSignatureAlgorithm::SHA3256WithRSAEncryption,
        Some(PaddingMethod::PKCS1V15),
        Hash::Sha3_256,
    ),
    (
        DigitalSignatureAlgorithm::SHA3384WithRSAEncryption,
        Some(PaddingMethod::PKCS1V15),
        Hash::Sha3_384,
    ),
    (
        DigitalSignatureAlgorithm::SHA3512WithRSAEncryption,
        Some(PaddingMethod::PKCS1V15),
        Hash::Sha3_512,
    ),
    (DigitalSignatureAlgorithm::ECDSAWithSHA1, None, Hash::Sha1),
    (
        DigitalSignatureAlgorithm::ECDSAWithSHA224,
        None,
        Hash::Sha224,
    ),
    (
        DigitalSignatureAlgorithm::ECDSAWithSHA256,
        None,
        Hash::Sha256,
    ),
    (
        DigitalSignatureAlgorithm::ECDSAWithSHA384,
        None,
        Hash::Sha384,
    ),
    (
        DigitalSignatureAlgorithm::ECDSAWithSHA512,
        None,
        Hash::Sha512,
    ),
];

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
    match spec {
        KeySpec::Rsa { bits } => rsa_signing(
            bits,
            parameters,
            row.and_then(|(_, padding, _)| *padding),
            hash,
        ),
        KeySpec::Ec(Curve::Ed25519) => Ok(Signing::Eddsa),
        KeySpec::Ec(_) if row.is_some_and(|(_, padding, _)| padding.is_some()) => Err(Unfit::Bad(
            "the digital signature algorithm is RSA's, the key is not",
        )),
        KeySpec::Ec(_) => Ok(Signing::Ecdsa(hash)),
        KeySpec::Aes { .. }
        | KeySpec::Hmac { .. }
        | KeySpec::TripleDes { .. }
        | KeySpec::ChaCha20
        | KeySpec::ChaCha20Poly1305
        | KeySpec::Kept { .. } => Err(Unfit::Bad("a symmetric key does not sign")),
    }
}

fn rsa_signing(
    bits: u16,
    parameters: &CryptographicParameters,
    implied: Option<PaddingMethod>,
    hash_named: Option<Hash>,
) -> Result<Signing> {
    let pss = parameters.digital_signature_algorithm == Some(DigitalSignatureAlgorithm::RSASSAPSS);
    let implied = if pss {
        Some(PaddingMethod::PSS)
    } else {
        implied
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
