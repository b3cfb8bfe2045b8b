//! Attributes: one instance ([`Attribute`]), the typed record ([`Attributes`]), and lists of them on the wire.

mod link;
mod list;
mod reference;
mod structures;
mod table;
mod vendor;

pub use self::{
    list::{AttributeList, SingleAttribute},
    reference::AttributeReference,
    structures::*,
    table::{Attribute, AttributeKind, Attributes},
    vendor::VendorAttribute,
};
use crate::Version;

/// The slot of a single-instance attribute.
pub type One<T> = Option<T>;

/// The instances of a multi-instance attribute, each with the index it keeps for life (KMIP 1.4 §2.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Many<T>(Vec<(u32, T)>);

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Many<T> {
    /// The instances in the order of their indices.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(_, value)| value)
    }

    /// The instance with the lowest index.
    #[must_use]
    pub fn first(&self) -> Option<&T> {
        self.0.first().map(|(_, value)| value)
    }

    /// Whether there is no instance.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds an instance behind the others.
    pub fn push(&mut self, value: T) {
        let index = self.0.last().map_or(0, |(index, _)| index + 1);
        self.0.push((index, value));
    }

    /// Keeps the instances that `keep` approves; the others' indices are not used again while a later one stands.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.0.retain(|(_, value)| keep(value));
    }
}

/// Why an instance cannot be added, replaced or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A single-instance attribute has its value already.
    SingleValued,
    /// There is no instance with this index.
    NoSuchInstance,
    /// The same value stands there already.
    AlreadyThere,
}

/// Who gives an attribute its first value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetBy {
    /// Only a client.
    Client,
    /// Whichever comes first.
    Either,
    /// Only the server.
    Server,
}

/// The standard's rules for an attribute (KMIP 2.1 §4, KMIP 1.4 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its full name, which is its name on the wire of 1.x.
    pub name: &'static str,
    /// Who sets it.
    pub set_by: SetBy,
    /// Whether a client may change it (conditions of state are checked where it is changed).
    pub client_changes: bool,
    /// Whether a client may delete it.
    pub client_deletes: bool,
    /// Whether it may have several instances.
    pub multiple: bool,
    /// The first version that has it.
    pub since: Version,
    /// The first version that no longer has it.
    pub until: Option<Version>,
}

impl Rule {
    /// Whether the version has this attribute.
    #[must_use]
    pub fn applies_to(&self, version: Version) -> bool {
        version >= self.since && self.until.is_none_or(|until| version < until)
    }
}

/// A slot of the typed record, single or multiple.
trait Slot<T> {
    const MULTIPLE: bool;
    fn each<'a>(&'a self) -> impl Iterator<Item = (u32, &'a T)>
    where
        T: 'a;
    fn add(&mut self, value: T) -> Result<u32, Refusal>;
    fn put(&mut self, index: u32, value: T);
    fn replace(&mut self, index: u32, value: T) -> Result<(), Refusal>;
    fn remove(&mut self, index: u32) -> Result<T, Refusal>;
}

impl<T> Slot<T> for One<T> {
    const MULTIPLE: bool = false;

    fn each<'a>(&'a self) -> impl Iterator<Item = (u32, &'a T)>
    where
        T: 'a,
    {
        self.iter().map(|value| (0, value))
    }

    fn add(&mut self, value: T) -> Result<u32, Refusal> {
        if self.is_some() {
            return Err(Refusal::SingleValued);
        }
        *self = Some(value);
        Ok(0)
    }

    fn put(&mut self, _: u32, value: T) {
        *self = Some(value);
    }

    fn replace(&mut self, index: u32, value: T) -> Result<(), Refusal> {
        if index != 0 || self.is_none() {
            return Err(Refusal::NoSuchInstance);
        }
        *self = Some(value);
        Ok(())
    }

    fn remove(&mut self, index: u32) -> Result<T, Refusal> {
        if index != 0 {
            return Err(Refusal::NoSuchInstance);
        }
        self.take().ok_or(Refusal::NoSuchInstance)
    }
}

impl<T: PartialEq> Slot<T> for Many<T> {
    const MULTIPLE: bool = true;

    fn each<'a>(&'a self) -> impl Iterator<Item = (u32, &'a T)>
    where
        T: 'a,
    {
        self.0.iter().map(|(index, value)| (*index, value))
    }

    fn add(&mut self, value: T) -> Result<u32, Refusal> {
        if self.0.iter().any(|(_, other)| *other == value) {
            return Err(Refusal::AlreadyThere);
        }
        self.push(value);
        Ok(self.0.last().map_or(0, |(index, _)| *index))
    }

    fn put(&mut self, index: u32, value: T) {
        // They were stored in their order, so this is the end.
        let at = self.0.partition_point(|(other, _)| *other <= index);
        self.0.insert(at, (index, value));
    }

    fn replace(&mut self, index: u32, value: T) -> Result<(), Refusal> {
        let (_, place) = self
            .0
            .iter_mut()
            .find(|(other, _)| *other == index)
            .ok_or(Refusal::NoSuchInstance)?;
        *place = value;
        Ok(())
    }

    fn remove(&mut self, index: u32) -> Result<T, Refusal> {
        let at = self
            .0
            .iter()
            .position(|(other, _)| *other == index)
            .ok_or(Refusal::NoSuchInstance)?;
        Ok(self.0.remove(at).1)
    }
}
