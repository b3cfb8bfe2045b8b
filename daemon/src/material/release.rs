//! Material into the key blocks that Get returns, in the format asked for.

use hsm::{Material, encoding, stack::wiped};
use kmip::{
    KeyCompressionType, KeyFormatType, ObjectType, Secret, V1_3, V3_0, Version,
    mechanism::{KeySpec, parameters},
    object::{
        KeyBlock, KeyMaterial, KeyValue, KeyWrappingData, TransparentDHPrivateKey,
        TransparentDHPublicKey, TransparentDSAPrivateKey, TransparentDSAPublicKey,
        TransparentECPrivateKey, TransparentECPublicKey, TransparentRSAPrivateKey,
        TransparentRSAPublicKey, TransparentSymmetricKey,
    },
    ttlv::{BigInteger, Bytes},
};

use super::format_not_served;
use crate::error::Result;

/// The format of a key that the server made (KMIP 2.1 §6.1.19, its table of defaults).
pub(crate) fn default_format(spec: KeySpec, object_type: ObjectType) -> KeyFormatType {
    let is_public = object_type == ObjectType::PublicKey;
    match spec {
        KeySpec::Aes { .. }
        | KeySpec::Hmac { .. }
        | KeySpec::TripleDes { .. }
        | KeySpec::ChaCha20
        | KeySpec::ChaCha20Poly1305
        | KeySpec::Kept { .. } => KeyFormatType::Raw,
        KeySpec::Rsa { .. } => KeyFormatType::PKCS1,
        KeySpec::Dsa { .. } if is_public => KeyFormatType::TransparentDSAPublicKey,
        KeySpec::Dsa { .. } => KeyFormatType::TransparentDSAPrivateKey,
        KeySpec::Dh { .. } if is_public => KeyFormatType::TransparentDHPublicKey,
        KeySpec::Dh { .. } => KeyFormatType::TransparentDHPrivateKey,
        KeySpec::Ec(curve) if curve.is_weierstrass() && is_public => {
            KeyFormatType::TransparentECPublicKey
        }
        KeySpec::Ec(curve) if curve.is_weierstrass() => KeyFormatType::TransparentECPrivateKey,
        KeySpec::Ec(_) | KeySpec::PostQuantum(_) if is_public => KeyFormatType::X509,
        KeySpec::Ec(_) | KeySpec::PostQuantum(_) => KeyFormatType::PKCS8,
    }
}

/// What a version calls a format: those before 1.3 the transparent form of an elliptic curve's key.
fn spelled(format: KeyFormatType, version: Version) -> KeyFormatType {
    match format {
        KeyFormatType::TransparentECPrivateKey if version < V1_3 => {
            KeyFormatType::TransparentECDSAPrivateKey
        }
        KeyFormatType::TransparentECPublicKey if version < V1_3 => {
            KeyFormatType::TransparentECDSAPublicKey
        }
        // Younger than the version: what holds the seed and is known to all.
        KeyFormatType::SeedPrivateKey if version < V3_0 => KeyFormatType::PKCS8,
        other => other,
    }
}

/// The key block of secret or private material, in a format.
pub(crate) fn key_block(
    value: &super::super::custody::Value,
    format: KeyFormatType,
    version: Version,
) -> Result<KeyBlock> {
    use crate::custody::Value;
    let format = spelled(format, version);
    let (spec, material) = match value {
        Value::Key(Material::Secret { spec, bytes }) => (Some(*spec), secret(bytes, format)?),
        Value::Key(Material::Private { spec, pkcs8 }) => {
            (Some(*spec), wiped(|| private(*spec, pkcs8, format))?)
        }
        Value::PublicKey { spec, spki } => (Some(*spec), public(*spec, spki, format)?),
        Value::Bytes(bytes) => (None, KeyMaterial::Bytes(bytes.clone())),
    };
    let described = spec.map(|spec| parameters::key_attributes(spec, None));
    Ok(KeyBlock {
        key_format_type: format,
        key_compression_type: None,
        key_value: Some(KeyValue::plain(material)),
        cryptographic_algorithm: described.as_ref().map(|(algorithm, ..)| *algorithm),
        cryptographic_length: described.as_ref().map(|(_, length, _)| *length),
        key_wrapping_data: None,
    })
}

/// Compresses the point in the block of a public key, where the format is one that shows a point (KMIP 2.1 §3.1).
pub(crate) fn compress(block: &mut KeyBlock, spki: &[u8]) -> Result<()> {
    let (curve, point) = encoding::spki_to_compressed_point(spki)?;
    let material = match block.key_format_type {
        KeyFormatType::X509 => KeyMaterial::Bytes(Secret::new(encoding::compressed_spki(spki)?)),
        KeyFormatType::TransparentECPublicKey
        | KeyFormatType::TransparentECDSAPublicKey
        | KeyFormatType::TransparentECDHPublicKey
        | KeyFormatType::TransparentECMQVPublicKey => {
            KeyMaterial::ECPublic(TransparentECPublicKey {
                recommended_curve: parameters::recommended_curve(curve),
                q_string: Bytes(point),
            })
        }
        other => return Err(format_not_served(other)),
    };
    block.key_compression_type = Some(KeyCompressionType::ECPublicKeyTypeX962CompressedPrime);
    block.key_value = Some(KeyValue::plain(material));
    Ok(())
}

/// A key block whose value was wrapped.
pub(crate) fn wrapped_key_block(
    plain: &KeyBlock,
    wrapped: Vec<u8>,
    how: KeyWrappingData,
    bare: bool,
) -> KeyBlock {
    // KMIP 2.1 §3.2: without an encoding the wrapped material stands in the Key Value structure's place as bytes of the
    // material; with TTLV the bytes are those of the whole Key Value.
    let value = if bare {
        KeyValue::plain(KeyMaterial::Bytes(Secret::new(wrapped)))
    } else {
        KeyValue::Wrapped(Bytes(wrapped))
    };
    KeyBlock {
        key_value: Some(value),
        key_wrapping_data: Some(how),
        ..plain.clone()
    }
}

fn secret(bytes: &Secret, format: KeyFormatType) -> Result<KeyMaterial> {
    match format {
        KeyFormatType::Raw => Ok(KeyMaterial::Bytes(bytes.clone())),
        KeyFormatType::TransparentSymmetricKey => {
            Ok(KeyMaterial::Symmetric(TransparentSymmetricKey {
                key: bytes.clone(),
            }))
        }
        other => Err(format_not_served(other)),
    }
}

fn private(spec: KeySpec, pkcs8: &Secret, format: KeyFormatType) -> Result<KeyMaterial> {
    match (spec, format) {
        (_, KeyFormatType::PKCS8) => Ok(KeyMaterial::Bytes(pkcs8.clone())),
        (KeySpec::Rsa { .. }, KeyFormatType::PKCS1) => {
            Ok(KeyMaterial::Bytes(encoding::pkcs8_to_pkcs1(pkcs8)?))
        }
        (KeySpec::Rsa { .. }, KeyFormatType::TransparentRSAPrivateKey) => rsa_private(pkcs8),
        (KeySpec::Dsa { .. }, KeyFormatType::TransparentDSAPrivateKey) => dsa_private(pkcs8),
        (KeySpec::Dh { .. }, KeyFormatType::TransparentDHPrivateKey) => dh_private(pkcs8),
        (KeySpec::Ec(curve), KeyFormatType::ECPrivateKey) if curve.is_weierstrass() => {
            Ok(KeyMaterial::Bytes(encoding::pkcs8_to_sec1(pkcs8)?))
        }
        (KeySpec::Ec(curve), KeyFormatType::Raw) if !curve.is_weierstrass() => {
            Ok(KeyMaterial::Bytes(encoding::pkcs8_to_scalar(pkcs8)?.1))
        }
        (KeySpec::PostQuantum(_), KeyFormatType::Raw) => {
            Ok(KeyMaterial::Bytes(encoding::pkcs8_to_post_quantum(pkcs8)?))
        }
        (KeySpec::PostQuantum(own), KeyFormatType::SeedPrivateKey) => {
            // A key that came expanded has no seed any more.
            encoding::pkcs8_to_seed(own, pkcs8)?
                .map(KeyMaterial::Bytes)
                .ok_or_else(|| format_not_served(format))
        }
        (
            KeySpec::Ec(_),
            KeyFormatType::TransparentECPrivateKey
            | KeyFormatType::TransparentECDSAPrivateKey
            | KeyFormatType::TransparentECDHPrivateKey
            | KeyFormatType::TransparentECMQVPrivateKey,
        ) => {
            let (curve, scalar) = encoding::pkcs8_to_scalar(pkcs8)?;
            Ok(KeyMaterial::ECPrivate(TransparentECPrivateKey {
                recommended_curve: parameters::recommended_curve(curve),
                d: BigInteger::from_unsigned(scalar.expose()),
            }))
        }
        (_, other) => Err(format_not_served(other)),
    }
}

fn rsa_private(pkcs8: &Secret) -> Result<KeyMaterial> {
    let numbers = encoding::pkcs8_to_rsa_numbers(pkcs8)?;
    let optional =
        |number: Option<Secret>| number.map(|number| BigInteger::from_unsigned(number.expose()));
    Ok(KeyMaterial::RSAPrivate(Box::new(
        TransparentRSAPrivateKey {
            modulus: BigInteger::from_unsigned(&numbers.modulus),
            private_exponent: Some(BigInteger::from_unsigned(numbers.private_exponent.expose())),
            public_exponent: Some(BigInteger::from_unsigned(&numbers.public_exponent)),
            p: optional(numbers.p),
            q: optional(numbers.q),
            prime_exponent_p: optional(numbers.exponent_p),
            prime_exponent_q: optional(numbers.exponent_q),
            crt_coefficient: optional(numbers.coefficient),
        },
    )))
}

fn dsa_private(pkcs8: &Secret) -> Result<KeyMaterial> {
    let (group, x) = encoding::pkcs8_to_dsa(pkcs8)?;
    Ok(KeyMaterial::DSAPrivate(TransparentDSAPrivateKey {
        p: BigInteger::from_unsigned(&group.p),
        q: BigInteger::from_unsigned(&group.q),
        g: BigInteger::from_unsigned(&group.g),
        x: BigInteger::from_unsigned(x.expose()),
    }))
}

fn dh_private(pkcs8: &Secret) -> Result<KeyMaterial> {
    let (group, x) = encoding::pkcs8_to_dh(pkcs8)?;
    Ok(KeyMaterial::DHPrivate(TransparentDHPrivateKey {
        p: BigInteger::from_unsigned(&group.p),
        q: None,
        g: BigInteger::from_unsigned(&group.g),
        j: None,
        x: BigInteger::from_unsigned(x.expose()),
    }))
}

fn public(spec: KeySpec, spki: &[u8], format: KeyFormatType) -> Result<KeyMaterial> {
    match (spec, format) {
        (_, KeyFormatType::X509) => Ok(KeyMaterial::Bytes(Secret::from(spki))),
        (KeySpec::Rsa { .. }, KeyFormatType::PKCS1) => Ok(KeyMaterial::Bytes(Secret::new(
            encoding::spki_to_pkcs1_public(spki)?,
        ))),
        (KeySpec::Rsa { .. }, KeyFormatType::TransparentRSAPublicKey) => {
            let numbers = encoding::spki_to_rsa_numbers(spki)?;
            Ok(KeyMaterial::RSAPublic(TransparentRSAPublicKey {
                modulus: BigInteger::from_unsigned(&numbers.modulus),
                public_exponent: BigInteger::from_unsigned(&numbers.exponent),
            }))
        }
        (KeySpec::Dsa { .. }, KeyFormatType::TransparentDSAPublicKey) => {
            let (group, y) = encoding::spki_to_dsa(spki)?;
            Ok(KeyMaterial::DSAPublic(TransparentDSAPublicKey {
                p: BigInteger::from_unsigned(&group.p),
                q: BigInteger::from_unsigned(&group.q),
                g: BigInteger::from_unsigned(&group.g),
                y: BigInteger::from_unsigned(&y),
            }))
        }
        (KeySpec::Dh { .. }, KeyFormatType::TransparentDHPublicKey) => {
            let (group, y) = encoding::spki_to_dh(spki)?;
            Ok(KeyMaterial::DHPublic(TransparentDHPublicKey {
                p: BigInteger::from_unsigned(&group.p),
                q: None,
                g: BigInteger::from_unsigned(&group.g),
                j: None,
                y: BigInteger::from_unsigned(&y),
            }))
        }
        (KeySpec::Ec(curve), KeyFormatType::Raw) if !curve.is_weierstrass() => Ok(
            KeyMaterial::Bytes(Secret::new(encoding::spki_to_point(spki)?.1)),
        ),
        (KeySpec::PostQuantum(_), KeyFormatType::Raw) => Ok(KeyMaterial::Bytes(Secret::new(
            encoding::spki_to_post_quantum(spki)?,
        ))),
        (
            KeySpec::Ec(_),
            KeyFormatType::TransparentECPublicKey
            | KeyFormatType::TransparentECDSAPublicKey
            | KeyFormatType::TransparentECDHPublicKey
            | KeyFormatType::TransparentECMQVPublicKey,
        ) => {
            let (curve, point) = encoding::spki_to_point(spki)?;
            Ok(KeyMaterial::ECPublic(TransparentECPublicKey {
                recommended_curve: parameters::recommended_curve(curve),
                q_string: Bytes(point),
            }))
        }
        (_, other) => Err(format_not_served(other)),
    }
}
