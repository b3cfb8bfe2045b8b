//! What is answered of groups of HSMs.

use serde::{Deserialize, Serialize};

/// A group of HSMs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupFacts {
    /// Its name.
    pub name: String,
    /// Its members.
    pub members: Vec<GroupMember>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupMember {
    /// Its name.
    pub name: String,
    /// Why it is left out, if it is.
    pub problem: Option<String>,
    /// The calls that it was given.
    pub calls: u64,
    /// Those that it did not answer.
    pub failures: u64,
    /// Those that it is answering.
    pub in_flight: usize,
}

/// What was found of the copies in a group, and what was made of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftFacts {
    /// The group.
    pub group: String,
    /// The names of its members.
    pub members: Vec<String>,
    /// How many keys and data of the group were compared.
    pub compared: u64,
    /// How many objects are still to be looked at.
    pub left: u64,
    /// How many were repaired.
    pub repaired: u64,
    /// How many are not the same in all members.
    pub drifted_count: u64,
    /// The first of them; told at the end.
    pub drifted: Vec<DriftObject>,
    /// Keys of members that belong to no object; told at the end of a comparison.
    pub orphans: Vec<OrphanFacts>,
}

/// An object that is not the same in all members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftObject {
    /// Its identifier.
    pub object: String,
    /// Its vault.
    pub vault: String,
    /// Its first name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What each member has: `same`, `missing`, `different`, or that it is `away`.
    pub members: Vec<String>,
    /// Why it could not be repaired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A key in a member that belongs to no object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrphanFacts {
    /// The member.
    pub member: String,
    /// Its CKA_ID, in hexadecimal.
    pub id: String,
    /// Its label.
    pub label: String,
    /// What kind of key it is, if it is of one that is served.
    pub kind: String,
    /// Why nothing should be left of it, if it was this Keyhold's for certain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was_own: Option<String>,
}

/// Which key of a member is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrphanName {
    /// The member.
    pub member: String,
    /// Its CKA_ID, in hexadecimal.
    pub id: String,
    /// What kind of key it is.
    pub kind: String,
}
