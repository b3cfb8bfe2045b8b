//! Objects with their values: keys, secrets, certificates.

use kmip::{
    CertificateType, CryptographicAlgorithm, KeyFormatType, OpaqueDataType, Secret, SecretDataType,
    attribute::AttributeList,
    object::{
        Certificate, KeyBlock, KeyMaterial, KeyObject, KeyValue, ManagedObject, OpaqueObject,
        SecretData,
    },
    ttlv::Bytes,
};

/// A key block of plain bytes.
#[must_use]
pub fn block(
    format: KeyFormatType,
    bytes: &[u8],
    algorithm: Option<CryptographicAlgorithm>,
    bits: Option<i32>,
) -> KeyBlock {
    block_of(
        format,
        KeyMaterial::Bytes(Secret::from(bytes)),
        algorithm,
        bits,
    )
}

/// A key block of any material.
#[must_use]
pub const fn block_of(
    format: KeyFormatType,
    material: KeyMaterial,
    algorithm: Option<CryptographicAlgorithm>,
    bits: Option<i32>,
) -> KeyBlock {
    KeyBlock {
        key_format_type: format,
        key_compression_type: None,
        key_value: Some(KeyValue::Plain {
            key_material: material,
            attributes: AttributeList {
                items: Vec::new(),
                templates: Vec::new(),
            },
        }),
        cryptographic_algorithm: algorithm,
        cryptographic_length: bits,
        key_wrapping_data: None,
    }
}

/// An AES key's object.
#[must_use]
pub fn aes_object(bytes: &[u8]) -> ManagedObject {
    let bits = i32::try_from(bytes.len() * 8).unwrap();
    ManagedObject::SymmetricKey(KeyObject {
        key_block: block(
            KeyFormatType::Raw,
            bytes,
            Some(CryptographicAlgorithm::AES),
            Some(bits),
        ),
    })
}

/// Secret data.
#[must_use]
pub fn secret_object(kind: SecretDataType, format: KeyFormatType, bytes: &[u8]) -> ManagedObject {
    ManagedObject::SecretData(SecretData {
        secret_data_type: kind,
        key_block: block(format, bytes, None, None),
    })
}

/// An opaque object.
#[must_use]
pub fn opaque_object(kind: OpaqueDataType, bytes: &[u8]) -> ManagedObject {
    ManagedObject::OpaqueObject(OpaqueObject {
        opaque_data_type: kind,
        opaque_data_value: Secret::from(bytes),
    })
}

/// An X.509 certificate.
#[must_use]
pub fn certificate_object(der: &[u8]) -> ManagedObject {
    ManagedObject::Certificate(Certificate {
        certificate_type: CertificateType::X509,
        certificate_value: Bytes(der.to_vec()),
    })
}

/// The bytes of a key block that is not wrapped.
#[must_use]
pub fn bytes(object: &ManagedObject) -> Vec<u8> {
    let block = object.key_block().expect("a key block");
    assert!(
        block.key_wrapping_data.is_none(),
        "nobody asked for it to be wrapped"
    );
    match &block.key_value {
        Some(KeyValue::Plain {
            key_material: KeyMaterial::Bytes(bytes),
            ..
        }) => bytes.expose().to_vec(),
        _ => panic!("a {:?} key is not bytes", block.key_format_type),
    }
}
