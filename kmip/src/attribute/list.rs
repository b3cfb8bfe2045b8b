//! Attributes on the wire: name, index and value in 1.x, each under its own tag in 2.x; and how a record is stored.

use super::{
    Attribute, AttributeKind, AttributeReference, Attributes, Link, Name, UniqueIdentifier,
    VendorAttribute,
};
use crate::{
    Result, Tag, V2_1, Version,
    error::{DecodeError, DecodeErrorKind},
    ttlv::{Field, Item, Reader, Structure, Value, Writer, read_once, structure_passes_over},
};

/// Attribute instances as a message carries them. The index is 1.x's, and absent where the client gave none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AttributeList {
    /// The instances in the order of the message.
    pub items: Vec<(Option<u32>, Attribute)>,
    /// The names of Template objects that a 1.x Template-Attribute refers to.
    pub templates: Vec<Name>,
}

impl AttributeList {
    /// The most instances read: adding one to an object compares it with the others, so many would take long.
    pub const INSTANCES_MAX: usize = 4096;

    /// Whether nothing stands in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty() && self.templates.is_empty()
    }

    /// The instances without their indices.
    pub fn iter(&self) -> impl Iterator<Item = &Attribute> {
        self.items.iter().map(|(_, attribute)| attribute)
    }
}

impl FromIterator<Attribute> for AttributeList {
    fn from_iter<I: IntoIterator<Item = Attribute>>(attributes: I) -> Self {
        attributes
            .into_iter()
            .map(|attribute| (None, attribute))
            .collect()
    }
}

impl FromIterator<(Option<u32>, Attribute)> for AttributeList {
    fn from_iter<I: IntoIterator<Item = (Option<u32>, Attribute)>>(items: I) -> Self {
        Self {
            items: items.into_iter().collect(),
            templates: Vec::new(),
        }
    }
}

/// The list is a field of its own kind: one structure in 2.x, a Template-Attribute or bare Attributes in 1.x.
impl Field for AttributeList {
    type Slot = Self;

    fn takes(own: Tag, old: Option<Tag>, found: Tag) -> bool {
        // FortiOS and VAST wrap Locate's attributes in a Template-Attribute, where the standard has them bare.
        let wrapped = old == Some(Tag::Attribute) && found == Tag::TemplateAttribute;
        found == own || Some(found) == old || wrapped
    }

    fn accept(slot: &mut Self::Slot, item: Item<'_>) -> Result<()> {
        if item.tag == Tag::Attribute {
            return slot.accept_inner(item);
        }
        let mut reader = item.structure()?;
        if slot.items.capacity() == 0 {
            // What the first attribute would ask for, at once and not by way of growing.
            slot.items = Vec::with_capacity(4);
        }
        while let Some(inner) = reader.next_item()? {
            slot.accept_inner(inner)
                .map_err(|error| error.within(item.tag))?;
        }
        Ok(())
    }

    fn finish(slot: Self::Slot, _: Tag) -> Result<Self> {
        Ok(slot)
    }

    fn write_field(&self, own: Tag, old: Option<Tag>, writer: &mut Writer) {
        // 2.1 §6.1: Attributes is a required field of the payloads that have it, even with nothing to say.
        let required = writer.version().is_2() && own == Tag::Attributes;
        if self.is_empty() && !required {
            return;
        }
        match old.filter(|_| !writer.version().is_2()) {
            Some(Tag::Attribute) => self.write_v1(writer),
            Some(old) => writer.structure(old, |writer| {
                for name in &self.templates {
                    name.write(Tag::Name, writer);
                }
                self.write_v1(writer);
            }),
            None => writer.structure(own, |writer| {
                for attribute in self.iter() {
                    write_v2(attribute, writer);
                }
            }),
        }
    }
}

impl AttributeList {
    /// Takes one item of a list.
    fn accept_inner(&mut self, item: Item<'_>) -> Result<()> {
        if self.items.len() + self.templates.len() >= Self::INSTANCES_MAX {
            return Err(item.error(DecodeErrorKind::TooMany));
        }
        match item.tag {
            // A 1.x Attribute is told from a 2.x Vendor Attribute by the version.
            Tag::Attribute if item.version().is_2() => {
                let vendor = VendorAttribute::read(item)?;
                self.items.push((None, Attribute::Vendor(vendor)));
            }
            Tag::Attribute => self.items.push(read_v1(item)?),
            Tag::Name if !item.version().is_2() => self.templates.push(Name::read(item)?),
            _ => match AttributeKind::from_tag(item.tag) {
                Some(kind) => Attribute::read_into(&mut self.items, kind, &item)?,
                None if structure_passes_over(item).is_ok() => {}
                None => self.items.push((None, Attribute::Link(read_link(item)?))),
            },
        }
        Ok(())
    }

    fn write_v1(&self, writer: &mut Writer) {
        for (index, attribute) in &self.items {
            write_v1(*index, attribute, writer);
        }
    }
}

/// A single attribute in 2.x's New Attribute and Current Attribute, or in 1.x's Attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct SingleAttribute {
    /// The index of 1.x.
    pub index: Option<u32>,
    /// The instance; its value is absent where 1.x deletes or asks by name alone.
    pub attribute: Attribute,
}

impl Value for SingleAttribute {
    fn read(item: Item<'_>) -> Result<Self> {
        if item.tag == Tag::Attribute {
            let (index, attribute) = read_v1(item)?;
            return Ok(Self { index, attribute });
        }
        let mut list = AttributeList::default();
        AttributeList::accept(&mut list, item)?;
        let mut items = list.items.into_iter();
        match (items.next(), items.next()) {
            (Some((index, attribute)), None) if list.templates.is_empty() => {
                Ok(Self { index, attribute })
            }
            (None, _) => Err(item.error(DecodeErrorKind::Missing)),
            _ => Err(item.error(DecodeErrorKind::TooMany)),
        }
    }

    fn write(&self, tag: Tag, writer: &mut Writer) {
        if tag == Tag::Attribute {
            write_v1(self.index, &self.attribute, writer);
        } else if writer.version().is_2() {
            writer.structure(tag, |writer| write_v2(&self.attribute, writer));
        } else {
            // A field of 2.0 in an older message: no such payload is spoken, but what is read is written so that it reads.
            writer.structure(tag, |writer| write_v1(self.index, &self.attribute, writer));
        }
    }
}

fn read_v1(item: Item<'_>) -> Result<(Option<u32>, Attribute)> {
    let mut reader = item.structure()?;
    let (mut name, mut index, mut attribute) = (None, None, None);
    while let Some(inner) = reader.next_item()? {
        let accepted = match inner.tag {
            Tag::AttributeName => read_once(&mut name, inner, |inner| inner.text()),
            Tag::AttributeIndex => read_once(&mut index, inner, read_index),
            Tag::AttributeValue => read_once(&mut attribute, inner, Ok),
            _ => structure_passes_over(inner),
        };
        accepted.map_err(|error| error.within(item.tag))?;
    }
    let missing = |tag| DecodeError::at(tag, DecodeErrorKind::Missing).within(item.tag);
    let name = name.ok_or_else(|| missing(Tag::AttributeName))?;
    let value = attribute.ok_or_else(|| missing(Tag::AttributeValue))?;
    let attribute = match AttributeKind::from_name(name) {
        Some(kind) => Attribute::read_value(kind, value),
        None => VendorAttribute::read_v1(name, value).map(Attribute::Vendor),
    };
    Ok((index, attribute.map_err(|error| error.within(item.tag))?))
}

fn read_index(item: Item<'_>) -> Result<u32> {
    let negative = |_| item.error(DecodeErrorKind::ValueInvalid("must not be negative"));
    u32::try_from(item.integer()?).map_err(negative)
}

fn write_v1(index: Option<u32>, attribute: &Attribute, writer: &mut Writer) {
    writer.structure(Tag::Attribute, |writer| {
        match attribute {
            Attribute::Vendor(vendor) => writer.text(Tag::AttributeName, &vendor.v1_name()),
            other => writer.text(
                Tag::AttributeName,
                other.kind().map_or("", |kind| kind.rule().name),
            ),
        }
        // Since 1.1 the index 0 may be left out, and several clients' parsers want it so.
        if let Some(index) = index.filter(|index| *index > 0) {
            writer.integer(
                Tag::AttributeIndex,
                i32::try_from(index).unwrap_or(i32::MAX),
            );
        }
        attribute.write_value(Tag::AttributeValue, writer);
    });
}

fn read_v2(item: Item<'_>) -> Result<Attribute> {
    match AttributeKind::from_tag(item.tag) {
        Some(kind) => Attribute::read_value(kind, item),
        None => read_link(item).map(Attribute::Link),
    }
}

/// The attribute of a tag that is no attribute's: in 3.0 a link under its type's own tag.
fn read_link(item: Item<'_>) -> Result<Link> {
    let link_type = Link::type_of(item.tag)
        .ok_or_else(|| item.error(DecodeErrorKind::AttributeUnknown(format!("{:?}", item.tag))))?;
    Ok(Link {
        link_type,
        linked_object_identifier: UniqueIdentifier::read(item)?,
    })
}

fn write_v2(attribute: &Attribute, writer: &mut Writer) {
    match (attribute, attribute.kind()) {
        (Attribute::Vendor(vendor), _) => vendor.write_v2(writer),
        (Attribute::Link(link), _) if writer.version().is_3() => {
            if let Some(tag) = Link::tag_of(link.link_type) {
                link.linked_object_identifier.write(tag, writer);
            }
        }
        (other, Some(kind)) => other.write_value(kind.tag(), writer),
        (_, None) => {}
    }
}

impl Attributes {
    /// Every instance that the version knows, with its index, in the order of the table; vendors' last.
    #[must_use]
    pub fn each(&self, version: Version) -> AttributeList {
        let standard = AttributeKind::ALL
            .iter()
            .filter(|kind| {
                // Links are attributes of 3.0 too, each under its own tag.
                kind.rule().applies_to(version) || **kind == AttributeKind::Link
            })
            .flat_map(|kind| self.of(*kind))
            .filter(|(_, attribute)| match attribute {
                Attribute::Link(link) => link.applies_to(version),
                _ => true,
            });
        let vendor = self
            .vendor
            .iter()
            .map(|(index, vendor)| (*index, Attribute::Vendor(vendor.clone())));
        standard
            .chain(vendor)
            .map(|(index, attribute)| (Some(index), attribute))
            .collect()
    }

    /// The instances that a reference names.
    #[must_use]
    pub fn named(&self, reference: &AttributeReference) -> Vec<(u32, Attribute)> {
        match reference {
            AttributeReference::Standard(kind) => self.of(*kind),
            AttributeReference::Link(link_type) => {
                let mut links = self.of(AttributeKind::Link);
                links.retain(
                    |(_, own)| matches!(own, Attribute::Link(link) if link.link_type == *link_type),
                );
                links
            }
            AttributeReference::Unknown(_) => Vec::new(),
            AttributeReference::Vendor {
                vendor_identification,
                attribute_name,
            } => self
                .vendor_of(vendor_identification, attribute_name)
                .map(|(index, vendor)| (index, Attribute::Vendor(vendor.clone())))
                .collect(),
        }
    }
}

/// The stored form: every instance under its 2.x tag, behind its index where that is not 0.
impl Structure for Attributes {
    fn read_fields(mut reader: Reader<'_>) -> Result<Self> {
        let mut attributes = Self::default();
        let mut index = 0;
        while let Some(item) = reader.next_item()? {
            if item.tag == Tag::AttributeIndex {
                index = read_index(item)?;
                continue;
            }
            let attribute = match item.tag {
                Tag::Attribute => Attribute::Vendor(VendorAttribute::read(item)?),
                _ => read_v2(item)?,
            };
            attributes.put(index, attribute);
            index = 0;
        }
        Ok(attributes)
    }

    fn write_fields(&self, writer: &mut Writer) {
        let mut write = |index: u32, attribute: Attribute| {
            if index > 0 {
                writer.integer(Tag::AttributeIndex, index.cast_signed());
            }
            write_v2(&attribute, writer);
        };
        self.visit(|_| true, &mut write);
        for (index, vendor) in &self.vendor {
            write(*index, Attribute::Vendor(vendor.clone()));
        }
    }
}

impl Attributes {
    /// The stored form as bytes.
    #[must_use]
    pub fn to_stored(&self) -> Vec<u8> {
        let mut writer = Writer::new(V2_1);
        self.write_fields(&mut writer);
        writer.bytes().to_vec()
    }

    /// Reads the stored form.
    pub fn from_stored(bytes: &[u8]) -> Result<Self> {
        Self::read_fields(Reader::new(bytes, Tag::Attributes, V2_1))
    }
}
