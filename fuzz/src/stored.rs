//! Attributes: the stored form of a record, and the payloads that carry attributes, in each version.

use kmip::{
    Tag, Version,
    attribute::{Attributes, UniqueIdentifier},
    payload::{
        attribute, create,
        get_attributes::{self, GetAttributesResponse},
        locate, register,
    },
    ttlv::{Reader, Structure, Writer},
};

use super::messages::settles;

/// Reads stored attributes, and attributes as they stand in payloads of each version.
pub fn attributes(bytes: &[u8]) {
    if let Ok(record) = Attributes::from_stored(bytes) {
        let stored = record.to_stored();
        let again = Attributes::from_stored(&stored).map(|record| record.to_stored());
        assert_eq!(again.as_deref(), Ok(stored.as_slice()));
        if is_storable(&record) {
            for version in Version::SPOKEN {
                shown(&record, *version);
            }
        }
    }
    for version in Version::SPOKEN.iter().copied() {
        settles::<get_attributes::GetAttributes>(bytes, version);
        settles::<get_attributes::GetAttributeList>(bytes, version);
        settles::<attribute::AddAttribute>(bytes, version);
        settles::<attribute::ModifyAttribute>(bytes, version);
        settles::<attribute::DeleteAttribute>(bytes, version);
        settles::<attribute::AdjustAttribute>(bytes, version);
        settles::<attribute::SetAttribute>(bytes, version);
        settles::<create::CreateKeyPair>(bytes, version);
        settles::<register::Register>(bytes, version);
        settles::<locate::Locate>(bytes, version);
    }
}

/// What points into a batch is never stored, because it means nothing after it.
fn is_storable(record: &Attributes) -> bool {
    use UniqueIdentifier::{Name, Text};
    let own = record.unique_identifier.iter();
    let mut links = record.link.iter();
    own.into_iter().all(|id| matches!(id, Text(_)))
        && links.all(|link| matches!(link.linked_object_identifier, Text(_) | Name(_)))
}

/// What a version shows of a record can be read by its clients.
fn shown(record: &Attributes, version: Version) {
    let answer = GetAttributesResponse {
        unique_identifier: UniqueIdentifier::Text(String::new()),
        attributes: record.each(version),
    };
    let mut writer = Writer::new(version);
    answer.write_fields(&mut writer);
    let reader = Reader::new(writer.bytes(), Tag::ResponsePayload, version);
    match GetAttributesResponse::read_fields(reader) {
        Ok(read) => assert_eq!(
            read.attributes.items.len(),
            answer.attributes.items.len(),
            "{version}"
        ),
        Err(error) => panic!("{version}: {error}"),
    }
}
