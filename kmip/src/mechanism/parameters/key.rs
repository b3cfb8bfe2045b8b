//! What kind of key attributes describe, and the attributes of a kind of key (KMIP 2.1 §4.14, §4.15, §4.18).

use super::{HMACS, POST_QUANTUM, Result, Unfit, curve, post_quantum_name, recommended_curve};
use crate::{
    CryptographicAlgorithm,
    attribute::CryptographicDomainParameters,
    mechanism::{Curve, CurveForm, Kept, KeySpec},
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
    if let Some((own, _)) = POST_QUANTUM.iter().find(|(_, name)| *name == algorithm) {
        // The algorithm says it all; what implementations call its length differs.
        return Ok(KeySpec::PostQuantum(*own));
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
            chacha_spec(algorithm, bits(256)?)
        }
        CryptographicAlgorithm::RSA => match bits(2048)? {
            bits @ 1024..=8192 if bits.is_multiple_of(8) => Ok(KeySpec::Rsa { bits }),
            _ => Err(Unfit::Bad("an RSA key has 1024 to 8192 bits")),
        },
        CryptographicAlgorithm::DSA => dsa_spec(bits(2048)?, domain),
        CryptographicAlgorithm::DH => match bits(2048)? {
            bits @ (2048 | 3072 | 4096) => Ok(KeySpec::Dh { bits }),
            _ => Err(Unfit::Bad(
                "a Diffie-Hellman key has 2048, 3072 or 4096 bits",
            )),
        },
        CryptographicAlgorithm::Ed25519 => Ok(KeySpec::Ec(Curve::Ed25519)),
        CryptographicAlgorithm::Ed448 => Ok(KeySpec::Ec(Curve::Ed448)),
        CryptographicAlgorithm::EC
        | CryptographicAlgorithm::ECDSA
        | CryptographicAlgorithm::ECDH => ec_spec(algorithm, length, domain),
        other => {
            let kept = Kept::ALL.iter().find(|kept| kept.algorithm() == other);
            let kept = *kept.ok_or(Unfit::Unsupported(
                "this cryptographic algorithm is not served",
            ))?;
            kept_spec(kept, bits(kept.default_bits())?)
        }
    }
}

fn chacha_spec(algorithm: CryptographicAlgorithm, bits: u16) -> Result<KeySpec> {
    match (bits, algorithm) {
        (256, CryptographicAlgorithm::ChaCha20) => Ok(KeySpec::ChaCha20),
        (256, _) => Ok(KeySpec::ChaCha20Poly1305),
        _ => Err(Unfit::Bad("a ChaCha20 key has 256 bits")),
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

/// FIPS 186-4 §4.2: the pairs of lengths that there are.
fn dsa_spec(bits: u16, domain: Option<&CryptographicDomainParameters>) -> Result<KeySpec> {
    let usual = if bits == 1024 { 160 } else { 256 };
    let order_bits = domain
        .and_then(|domain| domain.qlength)
        .map_or(Ok(usual), u16::try_from);
    match (bits, order_bits) {
        (1024, Ok(order_bits @ 160))
        | (2048, Ok(order_bits @ (224 | 256)))
        | (3072, Ok(order_bits @ 256)) => Ok(KeySpec::Dsa { bits, order_bits }),
        _ => Err(Unfit::Bad(
            "a DSA key has 1024 bits and an order of 160, 2048 and 224 or 256, or 3072 and 256",
        )),
    }
}

fn ec_spec(
    algorithm: CryptographicAlgorithm,
    length: Option<i32>,
    domain: Option<&CryptographicDomainParameters>,
) -> Result<KeySpec> {
    if let Some(name) = domain.and_then(|domain| domain.recommended_curve) {
        let curve = curve(name, Some(algorithm))?;
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
        Some(192) => Ok(KeySpec::Ec(Curve::P192)),
        Some(224) => Ok(KeySpec::Ec(Curve::P224)),
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
        KeySpec::Dsa { order_bits, .. } => (
            CryptographicAlgorithm::DSA,
            Some(CryptographicDomainParameters {
                qlength: Some(i32::from(order_bits)),
                recommended_curve: None,
            }),
        ),
        KeySpec::Dh { .. } => (CryptographicAlgorithm::DH, None),
        KeySpec::PostQuantum(algorithm) => (post_quantum_name(algorithm), None),
        KeySpec::Ec(curve) => (
            curve_algorithm(curve, client_algorithm),
            Some(domain(curve)),
        ),
    };
    (algorithm, i32::from(spec.bits()), domain)
}

/// What a key on a curve is called, which for ECDSA and ECDH is what the client calls it.
fn curve_algorithm(
    curve: Curve,
    client_algorithm: Option<CryptographicAlgorithm>,
) -> CryptographicAlgorithm {
    match curve.form() {
        CurveForm::Edwards if curve == Curve::Ed448 => CryptographicAlgorithm::Ed448,
        CurveForm::Edwards => CryptographicAlgorithm::Ed25519,
        CurveForm::Montgomery => CryptographicAlgorithm::ECDH,
        CurveForm::Weierstrass => {
            let same = [
                CryptographicAlgorithm::EC,
                CryptographicAlgorithm::ECDSA,
                CryptographicAlgorithm::ECDH,
            ];
            client_algorithm
                .filter(|algorithm| same.contains(algorithm))
                .unwrap_or(CryptographicAlgorithm::EC)
        }
    }
}
