//! Filters and scopes of Locate, and their meaning in plain Rust, to which every backend is held.

use kmip::{ObjectGroupMember, StorageStatusMask, attribute::Attribute};

use crate::ObjectId;

/// What an object must have (KMIP 2.1 §6.1.28). Empty, it matches everything on-line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Attributes, all of which must match.
    pub attributes: Vec<Attribute>,
    /// Where the object is stored; on-line when absent.
    pub storage_status: Option<StorageStatusMask>,
    /// Fresh or default members of an object group only.
    pub object_group_member: Option<ObjectGroupMember>,
}

/// Which objects a principal may find: those of its vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The vault.
    pub vault: String,
    /// Only objects of this owner, where the policy says so.
    pub owner: Option<String>,
}

/// Which part of the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// How many of the first are left out.
    pub offset: u64,
    /// At most how many are returned; all when absent.
    pub items_max: Option<u64>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Located {
    /// The page, newest first.
    pub ids: Vec<ObjectId>,
    /// How many there are in all.
    pub total: u64,
}
