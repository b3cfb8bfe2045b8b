//! Split keys: made of keys and of nothing, joined again, and refused where they do not fit.

mod joined;
mod refused;

use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask, KeyFormatType, ObjectType, ResultReason,
    Secret, SecretDataType, SplitKeyMethod, V1_2, Version,
    attribute::{Attribute, AttributeList},
    object::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, SplitKey},
    payload::split::{CreateSplitKey, CreateSplitKeyRequest, JoinSplitKey, JoinSplitKeyRequest},
    ttlv::BigInteger,
};

use crate::{
    fixture::{Fixture, text},
    objects::list,
};

const METHODS: [SplitKeyMethod; 4] = [
    SplitKeyMethod::XOR,
    SplitKeyMethod::PolynomialSharingGF216,
    SplitKeyMethod::PolynomialSharingPrimeField,
    SplitKeyMethod::PolynomialSharingGF28,
];

/// 2⁵²¹ − 1, beyond every symmetric key.
fn prime() -> BigInteger {
    let mut prime = [0xFF; 66];
    prime[0] = 1;
    BigInteger::from_unsigned(&prime)
}

fn request(id: Option<&str>, method: SplitKeyMethod, of: (i32, i32)) -> CreateSplitKeyRequest {
    CreateSplitKeyRequest {
        object_type: ObjectType::SplitKey,
        unique_identifier: id.map(Into::into),
        split_key_parts: of.0,
        split_key_threshold: of.1,
        split_key_method: method,
        prime_field_size: (method == SplitKeyMethod::PolynomialSharingPrimeField).then(prime),
        attributes: AttributeList::default(),
        protection_storage_masks: None,
    }
}

fn split(
    fixture: &mut Fixture,
    request: &CreateSplitKeyRequest,
) -> Result<Vec<String>, ResultReason> {
    let response = fixture.call::<CreateSplitKey>(request)?;
    let is_told = response.object_type == Some(ObjectType::SplitKey);
    assert_eq!(is_told, fixture.version == V1_2);
    Ok(response.unique_identifier.iter().map(text).collect())
}

fn join(
    fixture: &mut Fixture,
    parts: &[String],
    object_type: ObjectType,
) -> Result<String, ResultReason> {
    let mask = CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt;
    let attributes = match object_type {
        ObjectType::SymmetricKey => list([
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
            Attribute::CryptographicUsageMask(mask),
        ]),
        ObjectType::PrivateKey => list([Attribute::CryptographicUsageMask(
            CryptographicUsageMask::Sign,
        )]),
        _ => list([]),
    };
    let response = fixture.call::<JoinSplitKey>(&JoinSplitKeyRequest {
        object_type,
        unique_identifier: parts.iter().map(|id| id.as_str().into()).collect(),
        secret_data_type: (object_type == ObjectType::SecretData).then_some(SecretDataType::Seed),
        attributes,
        protection_storage_masks: None,
    })?;
    Ok(text(&response.unique_identifier))
}

fn bytes(object: &ManagedObject) -> Vec<u8> {
    match object.key_block().and_then(|block| block.key_value.clone()) {
        Some(KeyValue::Plain {
            key_material: KeyMaterial::Bytes(bytes),
            attributes,
        }) => {
            assert!(attributes.is_empty(), "what is beside a part stays inside");
            bytes.expose().to_vec()
        }
        _ => panic!("no bytes"),
    }
}

fn raw(bytes: &[u8]) -> KeyBlock {
    KeyBlock {
        key_format_type: KeyFormatType::Raw,
        key_compression_type: None,
        key_value: Some(KeyValue::plain(KeyMaterial::Bytes(Secret::from(bytes)))),
        cryptographic_algorithm: None,
        cryptographic_length: None,
        key_wrapping_data: None,
    }
}

fn versions() -> impl Iterator<Item = Version> {
    Version::SPOKEN
        .iter()
        .copied()
        .filter(|version| *version >= V1_2)
}

fn part_of_four(identifier: i32, bytes: &[u8]) -> SplitKey {
    SplitKey {
        split_key_parts: 4,
        key_part_identifier: identifier,
        split_key_threshold: 2,
        split_key_method: SplitKeyMethod::PolynomialSharingGF28,
        prime_field_size: None,
        key_block: raw(bytes),
    }
}
