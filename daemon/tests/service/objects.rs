//! What many tests do with objects: describe them, register them, get them back, read their attributes.

use kmip::{
    CryptographicAlgorithm, KeyFormatType, ResultReason, Secret,
    attribute::{Attribute, AttributeList, Attributes},
    object::{KeyBlock, KeyMaterial, KeyValue, ManagedObject},
    payload::{
        get::{Get, GetRequest},
        get_attributes::{GetAttributes, GetAttributesRequest},
        register::{Register, RegisterRequest},
    },
};

use crate::fixture::{Fixture, text};

pub(crate) fn list(attributes: impl IntoIterator<Item = Attribute>) -> AttributeList {
    attributes.into_iter().collect()
}

/// Bytes that nothing wraps, as what they are if they are a key.
pub(crate) fn raw(bytes: &[u8], algorithm: Option<CryptographicAlgorithm>) -> KeyBlock {
    KeyBlock {
        key_format_type: KeyFormatType::Raw,
        key_compression_type: None,
        key_value: Some(KeyValue::plain(KeyMaterial::Bytes(Secret::from(bytes)))),
        cryptographic_algorithm: algorithm,
        cryptographic_length: algorithm.map(|_| i32::try_from(bytes.len() * 8).unwrap()),
        key_wrapping_data: None,
    }
}

pub(crate) fn register(
    fixture: &mut Fixture,
    object: ManagedObject,
    with: AttributeList,
) -> Result<String, ResultReason> {
    let request = RegisterRequest {
        object_type: object.object_type(),
        attributes: with,
        object: Some(object),
        protection_storage_masks: None,
    };
    Ok(text(&fixture.call::<Register>(&request)?.unique_identifier))
}

/// The object in the format named, or in its own.
pub(crate) fn get(
    fixture: &mut Fixture,
    id: &str,
    format: Option<KeyFormatType>,
) -> Result<ManagedObject, ResultReason> {
    let request = GetRequest {
        unique_identifier: Some(id.into()),
        key_format_type: format,
        ..GetRequest::default()
    };
    Ok(fixture.call::<Get>(&request)?.object)
}

/// All attributes of an object.
pub(crate) fn attributes(fixture: &mut Fixture, id: &str) -> Attributes {
    let request = GetAttributesRequest {
        unique_identifier: Some(id.into()),
        attribute_reference: vec![],
    };
    let response = fixture.call::<GetAttributes>(&request).unwrap();
    let mut attributes = Attributes::default();
    for (_, attribute) in response.attributes.items {
        attributes.add(attribute).unwrap();
    }
    attributes
}
