//! Registered key blocks into material: formats are parsed here, numbers are validated by the HSM layer.

use hsm::{
    Material,
    encoding::{self, PrimeGroup, RsaPrivateNumbers, RsaPublicNumbers},
};
use kmip::{
    CryptographicAlgorithm, KeyFormatType, Secret,
    mechanism::{Curve, KeySpec, parameters},
    object::{KeyBlock, KeyMaterial, TransparentECPrivateKey, TransparentRSAPrivateKey},
    ttlv::BigInteger,
};

use super::{check_length, format_not_served, malformed};
use crate::error::{Error, Result};

/// A symmetric key. `algorithm` is what the attributes say; the key block may say it too, or instead.
pub(crate) fn symmetric_key(
    block: &KeyBlock,
    material: &KeyMaterial,
    algorithm: Option<CryptographicAlgorithm>,
) -> Result<Material> {
    let bytes = match material {
        KeyMaterial::Bytes(bytes)
            if matches!(
                block.key_format_type,
                KeyFormatType::Raw | KeyFormatType::Opaque
            ) =>
        {
            bytes.clone()
        }
        KeyMaterial::Symmetric(key) => key.key.clone(),
        _ => return Err(format_not_served(block.key_format_type)),
    };
    let algorithm = algorithm
        .or(block.cryptographic_algorithm)
        .ok_or_else(|| Error::invalid_field("the cryptographic algorithm is missing"))?;
    let bits = i32::try_from(bytes.len().saturating_mul(8)).map_err(|_| malformed())?;
    let spec = parameters::key_spec(algorithm, Some(bits), None).map_err(|unfit| match unfit {
        parameters::Unfit::Bad(message) | parameters::Unfit::TagLength(message) => {
            Error::invalid_field(message)
        }
        parameters::Unfit::Unsupported(_) => Error::from(unfit),
    })?;
    if spec.is_asymmetric() {
        return Err(Error::invalid_field(
            "the algorithm is not that of a symmetric key",
        ));
    }
    check_length(block, spec)?;
    Ok(Material::Secret { spec, bytes })
}

/// A private key as PKCS #8.
pub(crate) fn private_key(block: &KeyBlock, material: &KeyMaterial) -> Result<Material> {
    let pkcs8 = match (block.key_format_type, material) {
        (KeyFormatType::PKCS8, KeyMaterial::Bytes(bytes)) => bytes.clone(),
        (KeyFormatType::PKCS1, KeyMaterial::Bytes(bytes)) => encoding::pkcs1_to_pkcs8(bytes)?,
        (KeyFormatType::ECPrivateKey, KeyMaterial::Bytes(bytes)) => encoding::sec1_to_pkcs8(bytes)?,
        (KeyFormatType::Raw, KeyMaterial::Bytes(bytes)) => match raw_algorithm(block)? {
            KeySpec::Ec(curve) => encoding::scalar_to_pkcs8(curve, bytes)?,
            KeySpec::PostQuantum(own) => encoding::post_quantum_to_pkcs8(own, bytes)?,
            _ => return Err(format_not_served(block.key_format_type)),
        },
        (KeyFormatType::SeedPrivateKey, KeyMaterial::Bytes(bytes)) => {
            seed_to_pkcs8(raw_algorithm(block)?, bytes)?
        }
        (_, KeyMaterial::RSAPrivate(key)) => encoding::rsa_numbers_to_pkcs8(&rsa_numbers(key)?)?,
        (_, KeyMaterial::ECPrivate(key)) => ec_private(key, block.cryptographic_algorithm)?,
        (_, KeyMaterial::DSAPrivate(key)) => {
            encoding::dsa_to_pkcs8(&group(&key.p, Some(&key.q), &key.g)?, &unsigned(&key.x)?)?
        }
        (_, KeyMaterial::DHPrivate(key)) => {
            encoding::dh_to_pkcs8(&group(&key.p, None, &key.g)?, &unsigned(&key.x)?)?
        }
        (format, _) => return Err(format_not_served(format)),
    };
    let spec = encoding::pkcs8_spec(&pkcs8)?;
    check_length(block, spec)?;
    Ok(Material::Private { spec, pkcs8 })
}

/// The seed of a private key of ML-KEM or ML-DSA (KMIP 3.0, working draft 19).
fn seed_to_pkcs8(spec: KeySpec, seed: &Secret) -> Result<Secret> {
    match spec {
        KeySpec::PostQuantum(own) if encoding::seed_bytes(own) == Some(seed.len()) => {
            Ok(encoding::post_quantum_to_pkcs8(own, seed)?)
        }
        KeySpec::PostQuantum(own) if encoding::seed_bytes(own).is_some() => Err(malformed()),
        _ => Err(format_not_served(KeyFormatType::SeedPrivateKey)),
    }
}

/// A public key as DER SubjectPublicKeyInfo, validated.
pub(crate) fn public_key(block: &KeyBlock, material: &KeyMaterial) -> Result<(KeySpec, Vec<u8>)> {
    let spki = match (block.key_format_type, material) {
        (KeyFormatType::X509, KeyMaterial::Bytes(bytes)) => bytes.expose().to_vec(),
        (KeyFormatType::PKCS1, KeyMaterial::Bytes(bytes)) => {
            encoding::pkcs1_public_to_spki(bytes.expose())?
        }
        (KeyFormatType::Raw, KeyMaterial::Bytes(bytes)) => match raw_algorithm(block)? {
            KeySpec::Ec(curve) => encoding::point_to_spki(curve, bytes.expose())?,
            KeySpec::PostQuantum(own) => encoding::post_quantum_to_spki(own, bytes.expose())?,
            _ => return Err(format_not_served(block.key_format_type)),
        },
        (_, KeyMaterial::RSAPublic(key)) => encoding::rsa_numbers_to_spki(&RsaPublicNumbers {
            modulus: number(&key.modulus)?,
            exponent: number(&key.public_exponent)?,
        })?,
        (_, KeyMaterial::ECPublic(key)) => {
            let curve = parameters::curve(key.recommended_curve, block.cryptographic_algorithm)?;
            encoding::point_to_spki(curve, &key.q_string.0)?
        }
        (_, KeyMaterial::DSAPublic(key)) => {
            encoding::dsa_to_spki(&group(&key.p, Some(&key.q), &key.g)?, &number(&key.y)?)?
        }
        (_, KeyMaterial::DHPublic(key)) => {
            encoding::dh_to_spki(&group(&key.p, None, &key.g)?, &number(&key.y)?)?
        }
        (format, _) => return Err(format_not_served(format)),
    };
    let spec = hsm::public::spec(&spki)?;
    check_length(block, spec)?;
    Ok((spec, spki))
}

/// What kind of key bare bytes are: those whose algorithm says it all, and X25519 and X448 by their lengths.
fn raw_algorithm(block: &KeyBlock) -> Result<KeySpec> {
    let algorithm = block
        .cryptographic_algorithm
        .ok_or_else(|| Error::invalid_field("the cryptographic algorithm is missing"))?;
    if algorithm == CryptographicAlgorithm::ECDH {
        let curves = [Curve::X25519, Curve::X448];
        let of_length =
            |curve: &&Curve| Some(i32::from(curve.bits())) == block.cryptographic_length;
        return curves
            .iter()
            .find(of_length)
            .map(|curve| KeySpec::Ec(*curve))
            .ok_or_else(|| format_not_served(block.key_format_type));
    }
    match parameters::key_spec(algorithm, None, None)? {
        spec @ KeySpec::PostQuantum(_) => Ok(spec),
        spec @ KeySpec::Ec(curve) if curve.is_edwards() => Ok(spec),
        _ => Err(format_not_served(block.key_format_type)),
    }
}

fn group(p: &BigInteger, q: Option<&BigInteger>, g: &BigInteger) -> Result<PrimeGroup> {
    Ok(PrimeGroup {
        p: number(p)?,
        q: q.map(number).transpose()?.unwrap_or_default(),
        g: number(g)?,
    })
}

/// The bytes of secret data.
pub(crate) fn secret_data(block: &KeyBlock, material: &KeyMaterial) -> Result<Secret> {
    match material {
        KeyMaterial::Bytes(bytes) => Ok(bytes.clone()),
        KeyMaterial::Symmetric(key) => Ok(key.key.clone()),
        _ => Err(format_not_served(block.key_format_type)),
    }
}

fn unsigned(number: &BigInteger) -> Result<Secret> {
    number
        .to_unsigned()
        .filter(|magnitude| !magnitude.is_empty())
        .ok_or_else(malformed)
}

fn number(number: &BigInteger) -> Result<Vec<u8>> {
    Ok(unsigned(number)?.expose().to_vec())
}

fn rsa_numbers(key: &TransparentRSAPrivateKey) -> Result<RsaPrivateNumbers> {
    let optional = |number: &Option<BigInteger>| number.as_ref().map(unsigned).transpose();
    let exponent = |number: &Option<BigInteger>| optional(number)?.ok_or_else(malformed);
    Ok(RsaPrivateNumbers {
        modulus: number(&key.modulus)?,
        public_exponent: exponent(&key.public_exponent)?.expose().to_vec(),
        private_exponent: exponent(&key.private_exponent)?,
        p: optional(&key.p)?,
        q: optional(&key.q)?,
        exponent_p: optional(&key.prime_exponent_p)?,
        exponent_q: optional(&key.prime_exponent_q)?,
        coefficient: optional(&key.crt_coefficient)?,
    })
}

fn ec_private(
    key: &TransparentECPrivateKey,
    algorithm: Option<CryptographicAlgorithm>,
) -> Result<Secret> {
    let curve = parameters::curve(key.recommended_curve, algorithm)?;
    let scalar = unsigned(&key.d)?;
    let missing = curve
        .field_bytes()
        .checked_sub(scalar.len())
        .ok_or_else(malformed)?;
    let mut padded = zeroize::Zeroizing::new(vec![0; missing]);
    padded.extend_from_slice(scalar.expose());
    Ok(encoding::scalar_to_pkcs8(
        curve,
        &Secret::from(&padded[..]),
    )?)
}
