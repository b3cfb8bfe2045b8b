//! Attributes: the stored form of a record, and the payloads that carry attributes, in each version.

use kmip::{
    Version,
    attribute::Attributes,
    payload::{attribute, create, get_attributes, locate, register},
};

use super::messages::settles;

/// Reads stored attributes, and attributes as they stand in payloads of each version.
pub fn attributes(bytes: &[u8]) {
    if let Ok(record) = Attributes::from_stored(bytes) {
        let stored = record.to_stored();
        let again = Attributes::from_stored(&stored).map(|record| record.to_stored());
        assert_eq!(again.as_deref(), Ok(stored.as_slice()));
        for version in Version::SPOKEN {
            let _ = record.each(*version);
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
