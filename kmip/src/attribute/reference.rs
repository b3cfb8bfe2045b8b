//! References to attributes: a name in 1.x, a tag or a vendor's name in 2.x (KMIP 2.1 §7.5).

use super::{AttributeKind, Link, VendorAttribute};
use crate::{
    LinkType, Result, Tag,
    error::DecodeErrorKind,
    ttlv::{Item, ItemType, Value, Writer, structure},
};

/// Which attribute is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AttributeReference {
    /// An attribute of the standard.
    Standard(AttributeKind),
    /// The links of one type (3.0).
    Link(LinkType),
    /// A tag of the standard that is no attribute served here.
    Unknown(Tag),
    /// A vendor's attribute.
    Vendor {
        /// Whose.
        vendor_identification: String,
        /// Its name.
        attribute_name: String,
    },
}

impl AttributeReference {
    /// The attribute with this name in 1.x: the standard's, else a vendor's.
    #[must_use]
    pub fn from_v1_name(name: &str) -> Self {
        AttributeKind::from_name(name).map_or_else(
            || {
                let (vendor, attribute) = VendorAttribute::split_name(name);
                Self::Vendor {
                    vendor_identification: vendor.to_owned(),
                    attribute_name: attribute.to_owned(),
                }
            },
            Self::Standard,
        )
    }
}

structure! {
    /// The 2.x reference to a vendor's attribute.
    struct VendorReference {
        /// Whose.
        vendor_identification: String = VendorIdentification;
        /// Its name.
        attribute_name: String = AttributeName;
    }
}

impl Value for AttributeReference {
    fn read(item: Item<'_>) -> Result<Self> {
        match item.item_type {
            ItemType::TextString => item.text().map(Self::from_v1_name),
            ItemType::Enumeration => {
                let tag = Tag(item.enumeration()?);
                Ok(match Link::type_of(tag) {
                    Some(link_type) => Self::Link(link_type),
                    None => AttributeKind::from_tag(tag).map_or(Self::Unknown(tag), Self::Standard),
                })
            }
            ItemType::Structure => VendorReference::read(item).map(|own| Self::Vendor {
                vendor_identification: own.vendor_identification,
                attribute_name: own.attribute_name,
            }),
            other => Err(item.error(DecodeErrorKind::TypeMismatch(other))),
        }
    }

    fn write(&self, tag: Tag, writer: &mut Writer) {
        match (self, writer.version().is_2()) {
            (Self::Standard(kind), true) => writer.enumeration(tag, kind.tag().0),
            (Self::Standard(kind), false) => writer.text(tag, kind.rule().name),
            (Self::Link(link_type), _) => {
                let tag_of_links = Link::tag_of(*link_type).unwrap_or(Tag::Link);
                writer.enumeration(tag, tag_of_links.0);
            }
            (Self::Unknown(unknown), _) => writer.enumeration(tag, unknown.0),
            (
                Self::Vendor {
                    vendor_identification,
                    attribute_name,
                },
                true,
            ) => VendorReference {
                vendor_identification: vendor_identification.clone(),
                attribute_name: attribute_name.clone(),
            }
            .write(tag, writer),
            (
                Self::Vendor {
                    vendor_identification,
                    attribute_name,
                },
                false,
            ) => {
                writer.text(tag, &format!("{vendor_identification}-{attribute_name}"));
            }
        }
    }
}
