//! What kind of key attributes describe, and the attributes of a kind of key (KMIP 2.1 §4.14, §4.15, §4.18).

use super::{HMACS, Result, Unfit, curve, recommended_curve};
use crate::{
    CryptographicAlgorithm,
    attribute::CryptographicDomainParameters,
    mechanism::{Curve, Kept, KeySpec},
};

/// What kind of key an algorithm, a length in bits and domain parameters describe, for Create and Create Key Pair.
pub fn key_spec(
    algorithm: CryptographicAlgorithm,
    length: Option<i32>,
    domain: Option<&CryptographicDomainParameters>,
) -> Result<KeySpec> {
    let bits = |default: u16| match length {
        None => Ok(default),
        Some(bits) => {
            u16::try_from(bits).map_err(|_| Unfit::Bad("the cryptographic length is out of range"))
        }
    };
    if let Some((hash, _)) = HMACS.iter().find(|(_, name)| *name == algorithm) {
        let bits = bits(u16::try_from(hash.digest_bytes() * 8).unwrap_or(256))?;
        let fits = (8..=8192).contains(&bits) && bits.is_multiple_of(8);
        return fits
            .then_some(KeySpec::Hmac { hash: *hash, bits })
            .ok_or(Unfit::Bad("an HMAC key has 8 to 8192 bits, in whole bytes"));
    }
    match algorithm {
        CryptographicAlgorithm::AES => match bits(256)? {
            bits @ (128 | 192 | 256 | 512) => Ok(KeySpec::Aes { bits }),
            _ => Err(Unfit::Bad(
                "an AES key has 128, 192 or 256 bits, or 512 for XTS",
            )),
        },
        // The bits of parity are counted by some and not by others.
        CryptographicAlgorithm::DES3 => match bits(168)? {
            168 | 192 => Ok(KeySpec::TripleDes { bits: 168 }),
            112 | 128 => Ok(KeySpec::TripleDes { bits: 112 }),
            _ => Err(Unfit::Bad("a triple DES key has 112 or 168 bits")),
        },
        CryptographicAlgorithm::ChaCha20 | CryptographicAlgorithm::ChaCha20Poly1305 => {
            if bits(256)? != 256 {
                return Err(Unfit::Bad("a ChaCha20 key has 256 bits"));
            }
            Ok(if algorithm == CryptographicAlgorithm::ChaCha20 {
                KeySpec::ChaCha20
            } else {
                KeySpec::ChaCha20Poly1305
            })
        }
        CryptographicAlgorithm::RSA => match bits(2048)? {
            bits @ 2048..=4096 if bits.is_multiple_of(8) => Ok(KeySpec::Rsa { bits }),
            _ => Err(Unfit::Bad("an RSA key has 2048 to 4096 bits")),
        },
        CryptographicAlgorithm::Ed25519 => Ok(KeySpec::Ec(Curve::Ed25519)),
        CryptographicAlgorithm::EC
        | CryptographicAlgorithm::ECDSA
        | CryptographicAlgorithm::ECDH => ec_spec(length, domain),
        other => {
            let kept = Kept::ALL.iter().find(|kept| kept.algorithm() == other);
            let kept = *kept.ok_or(Unfit::Unsupported(
                "this cryptographic algorithm is not served",
            ))?;
            kept_spec(kept, bits(kept.default_bits())?)
        }
    }
}

fn kept_spec(algorithm: Kept, bits: u16) -> Result<KeySpec> {
    let bits = match (algorithm, bits) {
        // With the bits of parity.
        (Kept::Des, 64) => 56,
        (_, bits) => bits,
    };
    algorithm
        .has(bits)
        .then_some(KeySpec::Kept { algorithm, bits })
        .ok_or(Unfit::Bad("keys of this algorithm have another length"))
}

fn ec_spec(length: Option<i32>, domain: Option<&CryptographicDomainParameters>) -> Result<KeySpec> {
    if let Some(name) = domain.and_then(|domain| domain.recommended_curve) {
        let curve = curve(name)?;
        if length.is_some_and(|bits| bits != i32::from(curve.bits())) {
            return Err(Unfit::Bad(
                "the cryptographic length is not that of the recommended curve",
            ));
        }
        return Ok(KeySpec::Ec(curve));
    }
    // A length alone has always meant the NIST curve of that length.
    match length {
        None | Some(256) => Ok(KeySpec::Ec(Curve::P256)),
        Some(384) => Ok(KeySpec::Ec(Curve::P384)),
        Some(521) => Ok(KeySpec::Ec(Curve::P521)),
        Some(_) => Err(Unfit::Unsupported(
            "no curve of this length is served; name a recommended curve",
        )),
    }
}

/// The algorithm, length in bits and domain parameters of a kind of key. `client_algorithm` is what the client called
/// it, which is kept where it means the same (ECDSA and EC).
#[must_use]
pub fn key_attributes(
    spec: KeySpec,
    client_algorithm: Option<CryptographicAlgorithm>,
) -> (
    CryptographicAlgorithm,
    i32,
    Option<CryptographicDomainParameters>,
) {
    let domain = |curve| CryptographicDomainParameters {
        qlength: None,
        recommended_curve: Some(recommended_curve(curve)),
    };
    let (algorithm, domain) = match spec {
        KeySpec::Aes { .. } => (CryptographicAlgorithm::AES, None),
        KeySpec::Rsa { .. } => (CryptographicAlgorithm::RSA, None),
        KeySpec::Hmac { hash, .. } => {
            let name = HMACS
                .iter()
                .find(|(own, _)| *own == hash)
                .map(|(_, name)| *name);
            (name.unwrap_or(CryptographicAlgorithm::HMACSHA256), None)
        }
        KeySpec::TripleDes { .. } => (CryptographicAlgorithm::DES3, None),
        KeySpec::ChaCha20 => (CryptographicAlgorithm::ChaCha20, None),
        KeySpec::ChaCha20Poly1305 => (CryptographicAlgorithm::ChaCha20Poly1305, None),
        KeySpec::Kept { algorithm, .. } => (algorithm.algorithm(), None),
        KeySpec::Ec(Curve::Ed25519) => (
            CryptographicAlgorithm::Ed25519,
            Some(domain(Curve::Ed25519)),
        ),
        KeySpec::Ec(curve) => {
            let same = [
                CryptographicAlgorithm::EC,
                CryptographicAlgorithm::ECDSA,
                CryptographicAlgorithm::ECDH,
            ];
            let kept = client_algorithm.filter(|algorithm| same.contains(algorithm));
            (
                kept.unwrap_or(CryptographicAlgorithm::EC),
                Some(domain(curve)),
            )
        }
    };
    (algorithm, i32::from(spec.bits()), domain)
}
