//! Links between objects, read (KMIP 2.1 §4.31).

use kmip::{
    LinkType,
    attribute::{Attributes, UniqueIdentifier},
};
use store::ObjectId;

/// The object that a link of this type names.
pub(crate) fn linked(attributes: &Attributes, link_type: LinkType) -> Option<ObjectId> {
    let mut links = attributes.link.iter();
    let link = links.find(|link| link.link_type == link_type)?;
    match &link.linked_object_identifier {
        UniqueIdentifier::Text(id) => Some(ObjectId(id.clone())),
        _ => None,
    }
}
