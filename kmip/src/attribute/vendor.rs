//! `x-` and `y-` names of 1.x and Vendor Attributes of 2.x as one thing (KMIP 1.4 §3.39, KMIP 2.1 §7.4).

use super::{Attribute, Attributes, Refusal};
use crate::{
    Result, Tag,
    ttlv::{AnyValue, Item, Value, Writer, structure},
};

structure! {
    /// Vendor Attribute (KMIP 2.1 §7.4): in 1.x its name is `vendor-attribute`, where the vendors `x` and `y` are
    /// clients and servers.
    #[derive(Debug, Eq, Hash)]
    pub struct VendorAttribute {
        /// Whose attribute.
        vendor_identification: String = VendorIdentification;
        /// Its name.
        attribute_name: String = AttributeName;
        /// Its value, of any type.
        value: AnyValue = AttributeValue;
    }
}

impl VendorAttribute {
    /// The vendor of attributes that clients make up.
    pub const CLIENT: &'static str = "x";
    /// The vendor of attributes that servers make up.
    pub const SERVER: &'static str = "y";
    /// The client's attribute that marks an object of a PKCS#11 session; its value names the run of the program that the
    /// object ends with.
    pub const SESSION: &'static str = "pkcs11-session";

    /// Splits a 1.x name; a name without a prefix belongs to the clients' vendor, as many clients write them.
    #[must_use]
    pub fn split_name(name: &str) -> (&str, &str) {
        name.split_once('-').unwrap_or((Self::CLIENT, name))
    }

    /// The name in 1.x.
    #[must_use]
    pub fn v1_name(&self) -> String {
        format!("{}-{}", self.vendor_identification, self.attribute_name)
    }

    /// Whether both are instances of one attribute.
    #[must_use]
    pub fn is_same_attribute(&self, other: &Self) -> bool {
        self.vendor_identification == other.vendor_identification
            && self.attribute_name == other.attribute_name
    }

    /// Reads the 1.x form, whose name stands outside.
    pub(super) fn read_v1(name: &str, item: Item<'_>) -> Result<Self> {
        let (vendor, attribute) = Self::split_name(name);
        Ok(Self {
            vendor_identification: vendor.to_owned(),
            attribute_name: attribute.to_owned(),
            value: AnyValue::read(item)?,
        })
    }

    /// Writes the 2.x form.
    pub(super) fn write_v2(&self, writer: &mut Writer) {
        self.write(Tag::Attribute, writer);
    }
}

impl Attributes {
    /// The instances of one vendor attribute with their indices.
    pub fn vendor_of<'a>(
        &'a self,
        vendor: &'a str,
        name: &'a str,
    ) -> impl Iterator<Item = (u32, &'a VendorAttribute)> {
        self.vendor
            .iter()
            .filter(move |(_, own)| {
                own.vendor_identification == vendor && own.attribute_name == name
            })
            .map(|(index, own)| (*index, own))
    }

    pub(super) fn add_vendor(&mut self, new: VendorAttribute) -> u32 {
        let last = self
            .vendor
            .iter()
            .filter(|(_, own)| own.is_same_attribute(&new))
            .map(|(index, _)| *index)
            .max();
        let index = last.map_or(0, |last| last + 1);
        self.vendor.push((index, new));
        index
    }

    pub(super) fn replace_vendor(
        &mut self,
        index: u32,
        new: VendorAttribute,
    ) -> std::result::Result<(), Refusal> {
        let (_, place) = self
            .vendor
            .iter_mut()
            .find(|(own_index, own)| *own_index == index && own.is_same_attribute(&new))
            .ok_or(Refusal::NoSuchInstance)?;
        *place = new;
        Ok(())
    }

    /// Removes the instance of a vendor attribute with this index.
    pub fn remove_vendor(
        &mut self,
        vendor: &str,
        name: &str,
        index: u32,
    ) -> std::result::Result<Attribute, Refusal> {
        let at = self
            .vendor
            .iter()
            .position(|(own_index, own)| {
                *own_index == index
                    && own.vendor_identification == vendor
                    && own.attribute_name == name
            })
            .ok_or(Refusal::NoSuchInstance)?;
        Ok(Attribute::Vendor(self.vendor.remove(at).1))
    }
}
