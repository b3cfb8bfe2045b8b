//! Links that come back to where they began (KMIP 3.0, Circular Link Error).

use std::collections::BTreeSet;

use kmip::{
    LinkType,
    attribute::{Link, UniqueIdentifier},
};
use store::ObjectId;

use crate::{
    context::Context,
    error::{Error, Result},
    fault::Fault,
};

/// The most objects that are looked at: a chain that is longer is not followed to its end.
const OBJECTS_MAX: usize = 1_000;

/// The types that order objects. The others pair them, and lead there and back.
const ORDERING: [LinkType; 9] = [
    LinkType::ParentLink,
    LinkType::ChildLink,
    LinkType::PreviousLink,
    LinkType::NextLink,
    LinkType::ReplacedObjectLink,
    LinkType::ReplacementObjectLink,
    LinkType::DerivationBaseObjectLink,
    LinkType::DerivedKeyLink,
    Link::GROUP,
];

/// Refuses a link by which an object would be reached from itself along links of one type.
pub(super) fn refuse(context: &mut Context<'_>, from: &ObjectId, link: &Link) -> Result<()> {
    if !ORDERING.contains(&link.link_type) {
        return Ok(());
    }
    let mut ahead = target(context, &link.linked_object_identifier)
        .into_iter()
        .collect::<Vec<_>>();
    let mut seen = BTreeSet::new();
    while let Some(id) = ahead.pop() {
        if id == *from {
            return Err(Error::new(
                Fault::CircularLink,
                "the link leads back to the object",
            ));
        }
        if seen.len() >= OBJECTS_MAX || !seen.insert(id.clone()) {
            continue;
        }
        let Some(record) = context.tx.record(&id)? else {
            continue;
        };
        let links = record.attributes.link.iter();
        let next: Vec<_> = links
            .filter(|own| own.link_type == link.link_type)
            .filter_map(|own| target(context, &own.linked_object_identifier))
            .collect();
        ahead.extend(next);
    }
    Ok(())
}

/// The object that a link names, if there is one.
fn target(context: &Context<'_>, id: &UniqueIdentifier) -> Option<ObjectId> {
    context.resolve(Some(id.clone())).ok()
}
