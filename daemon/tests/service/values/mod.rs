//! Values in and out: every object type in every format, wrapping there and back.

mod authentic;
mod elsewhere;
mod formats;
mod seeds;
mod unopened;
mod wrapping;

use kmip::{
    CryptographicUsageMask, ResultReason,
    attribute::Attribute,
    object::ManagedObject,
    payload::register::{Register, RegisterRequest},
};

use crate::fixture::{Fixture, text};

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
