//! Values in and out: every object type in every format, wrapping there and back.

mod authentic;
mod elsewhere;
mod formats;
mod seeds;
mod unopened;
mod wrapping;

use kmip::{
    CryptographicUsageMask, KeyFormatType, ResultReason,
    attribute::Attribute,
    object::ManagedObject,
    payload::{
        get::{Get, GetRequest},
        register::{Register, RegisterRequest},
    },
};

use crate::fixture::{Fixture, text};

fn get(
    fixture: &mut Fixture,
    id: &str,
    format: Option<KeyFormatType>,
) -> Result<ManagedObject, ResultReason> {
    let request = GetRequest {
        unique_identifier: Some(id.into()),
        key_format_type: format,
        ..GetRequest::default()
    };
    fixture
        .call::<Get>(&request)
        .map(|response| response.object)
}

fn register(
    fixture: &mut Fixture,
    mask: Option<CryptographicUsageMask>,
    object: ManagedObject,
) -> Result<String, ResultReason> {
    let request = RegisterRequest {
        object_type: object.object_type(),
        attributes: mask
            .map(Attribute::CryptographicUsageMask)
            .into_iter()
            .collect(),
        object: Some(object),
        protection_storage_masks: None,
    };
    fixture
        .call::<Register>(&request)
        .map(|response| text(&response.unique_identifier))
}
