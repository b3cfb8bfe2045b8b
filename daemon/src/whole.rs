//! Objects that are kept as they came, in TTLV: parts of keys, PGP keys and certificate requests.

use kmip::{
    Secret, Tag, V2_1,
    object::ManagedObject,
    ttlv::{Reader, Value, Writer},
};

use crate::error::{Error, Result};

/// An object as bytes to be kept.
pub(crate) fn encoded(object: &ManagedObject) -> Secret {
    let mut writer = Writer::new(V2_1);
    object.write(Tag::SplitKey, &mut writer);
    Secret::from(writer.bytes())
}

/// The object that was [`encoded`].
pub(crate) fn decoded(bytes: &Secret) -> Result<ManagedObject> {
    let mut reader = Reader::new(bytes.expose(), Tag::RequestPayload, V2_1);
    let item = reader
        .next_item()
        .and_then(|item| item.map(ManagedObject::read).transpose());
    match item {
        Ok(Some(object)) => Ok(object),
        Ok(None) => Err(Error::internal("a stored object is empty")),
        Err(error) => Err(Error::internal(error)),
    }
}
