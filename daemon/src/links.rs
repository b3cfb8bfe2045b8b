//! Links are kept both ways: what one object says of another, the other says of it (KMIP 2.1 §4.31).

use kmip::{
    LinkType, ObjectType, OperationCode,
    attribute::{Attributes, Link, UniqueIdentifier},
};
use store::{ObjectId, Record};

use crate::{
    context::Context,
    error::{Error, Result},
    fault::Fault,
    lifecycle,
    policy::{self, Access, Decision},
};

impl Context<'_> {
    /// Saves a changed object, and changes the other ends of the links that it lost or got.
    pub(crate) fn save_linked(&mut self, before: &Record, after: Record) -> Result<()> {
        let missing = |of: &Record, from: &Record| -> Vec<Link> {
            let own = of.attributes.link.iter();
            own.filter(|link| from.attributes.link.iter().all(|other| other != *link))
                .cloned()
                .collect()
        };
        for link in missing(before, &after) {
            if let Some((mut other, back)) = self.other_end(&after, &link)? {
                other.attributes.link.retain(|own| *own != back);
                self.save(other)?;
            }
        }
        for link in missing(&after, before) {
            self.link_back(&after, &link)?;
        }
        self.save(after)
    }

    /// Links another object back to this one.
    pub(crate) fn link_back(&mut self, record: &Record, link: &Link) -> Result<()> {
        match self.other_end(record, link)? {
            Some((mut other, back)) if other.attributes.link.iter().all(|own| *own != back) => {
                other.attributes.link.push(back);
                self.save(other)
            }
            _ => Ok(()),
        }
    }

    /// The other object of a link and what it is to say, if the principal may change it. A link may also lead to what
    /// is not here.
    fn other_end(&mut self, record: &Record, link: &Link) -> Result<Option<(Record, Link)>> {
        let UniqueIdentifier::Text(id) = &link.linked_object_identifier else {
            return Ok(None);
        };
        if *id == record.id.0 {
            return Err(Error::new(
                Fault::InvalidAttributeValue,
                "an object is not linked to itself",
            ));
        }
        let Some(other) = self.tx.record(&ObjectId(id.clone()))? else {
            return Ok(None);
        };
        let code = OperationCode::ModifyAttribute;
        let may = policy::decide(self.principal, code, Access::Manage, &other);
        if may != Decision::Allow || lifecycle::on_line(&other).is_err() {
            return Ok(None);
        }
        let back = opposite(link.link_type, record.object_type, other.object_type);
        Ok(back.map(|link_type| {
            let back = Link {
                link_type,
                linked_object_identifier: UniqueIdentifier::Text(record.id.0.clone()),
            };
            ((*other).clone(), back)
        }))
    }
}

/// What the other object is to say of this one. Some links mean different things in different objects.
fn opposite(link_type: LinkType, own: ObjectType, other: ObjectType) -> Option<LinkType> {
    let of_own = match own {
        ObjectType::Certificate => Some(LinkType::CertificateLink),
        ObjectType::PrivateKey => Some(LinkType::PrivateKeyLink),
        ObjectType::PublicKey => Some(LinkType::PublicKeyLink),
        _ => None,
    };
    match link_type {
        LinkType::CertificateLink if other == ObjectType::Certificate => of_own,
        LinkType::PrivateKeyLink if other == ObjectType::PrivateKey => of_own,
        LinkType::PublicKeyLink if other == ObjectType::PublicKey => of_own,
        LinkType::DerivationBaseObjectLink => Some(LinkType::DerivedKeyLink),
        LinkType::DerivedKeyLink => Some(LinkType::DerivationBaseObjectLink),
        LinkType::ReplacementObjectLink => Some(LinkType::ReplacedObjectLink),
        LinkType::ReplacedObjectLink => Some(LinkType::ReplacementObjectLink),
        LinkType::ParentLink => Some(LinkType::ChildLink),
        LinkType::ChildLink => Some(LinkType::ParentLink),
        LinkType::PreviousLink => Some(LinkType::NextLink),
        LinkType::NextLink => Some(LinkType::PreviousLink),
        _ => None,
    }
}

/// The object that a link of this type names.
pub(crate) fn linked(attributes: &Attributes, link_type: LinkType) -> Option<ObjectId> {
    let mut links = attributes.link.iter();
    let link = links.find(|link| link.link_type == link_type)?;
    match &link.linked_object_identifier {
        UniqueIdentifier::Text(id) => Some(ObjectId(id.clone())),
        _ => None,
    }
}
