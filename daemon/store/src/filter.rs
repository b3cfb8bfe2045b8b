//! Filters and scopes of Locate, and their meaning in plain Rust, to which every backend is held.

use std::collections::BTreeMap;

use kmip::{
    ObjectClass, ObjectGroupMember, ObjectType, State, StorageStatusMask,
    attribute::{Attribute, AttributeKind, UniqueIdentifier},
    ttlv::Timestamp,
};

use crate::{ObjectId, Record, fields, is_account};

/// What an object must have (KMIP 2.1 §6.1.28). Empty, it matches everything on-line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Attributes, all of which must match.
    pub attributes: Vec<Attribute>,
    /// Where the object is stored; on-line when absent.
    pub storage_status: Option<StorageStatusMask>,
    /// Fresh members of an object group only, or members that may be its default.
    pub object_group_member: Option<ObjectGroupMember>,
    /// Whether users, groups and credentials are found too.
    pub accounts: bool,
}

impl Filter {
    /// Whether the object has all that is asked, at a time.
    ///
    /// An attribute matches when any of its instances does: by equality, or as its kind is compared (KMIP 2.1
    /// §6.1.28): of masks all asked bits are set, of Usage Limits at least as much is left, of structures the fields
    /// given are equal, and a date lies in the range where it is asked twice. State is the one at the time given.
    #[must_use]
    pub fn matches(&self, record: &Record, now: Timestamp) -> bool {
        (self.accounts || !is_account(record.object_type))
            && self.storage_mask().intersects(record.storage_status())
            && self.matches_group_member(record)
            && self
                .date_ranges()
                .into_iter()
                .all(|(kind, range)| range.is_some_and(|range| has_date_in(record, kind, range)))
            && self
                .attributes
                .iter()
                .filter(|asked| fields::date(asked).is_none())
                .all(|asked| has_attribute(record, asked, now))
    }

    /// Where matching objects may be stored. Destroyed ones are found only by those who ask for them: by the mask
    /// (KMIP 2.1 §6.1.28), or by a state that no other object has, for 1.x has no bit for them.
    pub(crate) fn storage_mask(&self) -> StorageStatusMask {
        let mask = self
            .storage_status
            .unwrap_or(StorageStatusMask::OnLineStorage);
        let asks_destroyed = self.attributes.iter().any(|asked| {
            matches!(
                asked,
                Attribute::State(State::Destroyed | State::DestroyedCompromised)
            )
        });
        if asks_destroyed {
            mask | StorageStatusMask::DestroyedStorage
        } else {
            mask
        }
    }

    /// The dates asked: a date given once is a range of one second, given twice a range with both its ends (KMIP 2.1
    /// §6.1.28). Given more often it has no meaning, and nothing matches.
    pub(crate) fn date_ranges(&self) -> BTreeMap<AttributeKind, Option<(Timestamp, Timestamp)>> {
        let mut asked: BTreeMap<AttributeKind, Vec<Timestamp>> = BTreeMap::new();
        for (kind, date) in self.attributes.iter().filter_map(fields::date) {
            asked.entry(kind).or_default().push(date);
        }
        asked
            .into_iter()
            .map(|(kind, dates)| match *dates.as_slice() {
                [date] => (kind, Some((date, date))),
                [one, two] => (kind, Some((one.min(two), one.max(two)))),
                _ => (kind, None),
            })
            .collect()
    }

    /// KMIP 2.1 §6.1.28: fresh members are those never handed out; any member may be the default one, which is the server's
    /// choice among what matches.
    pub(crate) fn matches_group_member(&self, record: &Record) -> bool {
        let is_fresh = record.attributes.fresh == Some(true);
        let is_member = !record.attributes.object_group.is_empty();
        match self.object_group_member {
            None => true,
            Some(ObjectGroupMember::GroupMemberFresh) => is_member && is_fresh,
            Some(ObjectGroupMember::GroupMemberDefault) => is_member,
            Some(_) => false,
        }
    }
}

fn has_date_in(record: &Record, kind: AttributeKind, (from, to): (Timestamp, Timestamp)) -> bool {
    record
        .attributes
        .of(kind)
        .iter()
        .any(|(_, own)| fields::date(own).is_some_and(|(_, own)| from <= own && own <= to))
}

/// Whether an instance matches; of the attributes that the record keeps as fields of its own, the field counts.
pub(crate) fn has_attribute(record: &Record, asked: &Attribute, now: Timestamp) -> bool {
    match asked {
        Attribute::UniqueIdentifier(id) => {
            matches!(id, UniqueIdentifier::Text(id) if *id == record.id.0)
        }
        Attribute::ObjectType(object_type) => *object_type == record.object_type,
        // KMIP 3.0: objects are their users' unless they are said to be the system's.
        Attribute::ObjectClass(class) => {
            record.attributes.object_class.unwrap_or(ObjectClass::User) == *class
        }
        // KMIP 1.2 §3.38: only what was registered without its value is told from the others.
        Attribute::KeyValuePresent(present) => {
            let usual =
                record.object_type != ObjectType::Template && !is_account(record.object_type);
            record.attributes.key_value_present.unwrap_or(usual) == *present
        }
        Attribute::State(state) => record.state_at(now) == Some(*state),
        Attribute::Vendor(vendor) => record
            .attributes
            .vendor_of(&vendor.vendor_identification, &vendor.attribute_name)
            .any(|(_, own)| own.value == vendor.value),
        _ => asked.kind().is_some_and(|kind| {
            let own = record.attributes.of(kind);
            own.iter().any(|(_, own)| fields::has(own, asked))
        }),
    }
}

/// Which objects a principal may find: those of its vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The vault.
    pub vault: String,
    /// Only objects of this owner, where the policy says so.
    pub owner: Option<String>,
}

impl Scope {
    /// Whether the object lies in the scope.
    #[must_use]
    pub fn contains(&self, record: &Record) -> bool {
        self.vault == record.vault && self.owner.as_ref().is_none_or(|own| *own == record.owner)
    }
}

/// Which part of the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// How many of the first are left out.
    pub offset: u64,
    /// At most how many are returned; all when absent.
    pub items_max: Option<u64>,
    /// Whether it is worth a longer search to tell how many there are in all.
    pub is_counted: bool,
}

impl Page {
    /// Whether the n-th object found is on the page.
    #[must_use]
    pub fn shows(&self, n: u64) -> bool {
        n >= self.offset && self.items_max.is_none_or(|max| n - self.offset < max)
    }
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Located {
    /// The page, newest first.
    pub ids: Vec<ObjectId>,
    /// How many there are in all; absent where counting them would take longer than finding the page did.
    pub total: Option<u64>,
}
