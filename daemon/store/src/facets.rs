//! Facets of a record: what few values tell apart, which is everything that is no search key.

use kmip::{
    State, StorageStatusMask,
    attribute::{Attribute, AttributeKind, Attributes, Digest},
    ttlv::Timestamp,
};

use crate::{Custody, ObjectId, Record, keys};

/// A record cut down to what it shares with many others.
#[derive(Clone)]
pub(crate) struct Facets {
    /// Where the object is stored: one bit.
    pub(crate) storage: StorageStatusMask,
    /// Vault, owner, type and the attributes that are no search keys.
    pub(crate) record: Record,
}

impl Facets {
    /// The facets of a record; the state is that of its last change.
    pub(crate) fn of(record: &Record) -> Self {
        let mut attributes = Attributes::default();
        let is_facet =
            |kind: AttributeKind| kind != AttributeKind::UniqueIdentifier && !keys::is_key(kind);
        record.attributes.visit(is_facet, &mut |_, attribute| {
            // A second value of a single attribute cannot stand in a record.
            let _ = attributes.add(attribute);
        });
        for digest in record.attributes.digest.iter() {
            attributes.digest.push(without_value(digest));
        }
        // Whether there is a group is a facet; which one is a key.
        if !record.attributes.object_group.is_empty() {
            attributes.object_group.push(String::new());
        }
        Self {
            storage: record.storage_status(),
            record: Record {
                id: ObjectId(String::new()),
                vault: record.vault.clone(),
                owner: record.owner.clone(),
                object_type: record.object_type,
                spec: None,
                attributes,
                custody: Custody::Public(Vec::new()),
                revision: 0,
            },
        }
    }

    /// Bytes that are the same of equal facets.
    pub(crate) fn key(&self) -> Vec<u8> {
        let mut key = self.record.attributes.to_stored();
        key.extend(self.storage.0.to_be_bytes());
        key.extend(self.record.object_type.0.to_be_bytes());
        for text in [&self.record.vault, &self.record.owner] {
            key.extend_from_slice(text.as_bytes());
            key.push(keys::SEPARATOR);
        }
        key
    }
}

/// Whether an attribute asked is compared with the facets.
pub(crate) fn is_facet(asked: &Attribute) -> bool {
    match asked {
        Attribute::Digest(digest) => digest.digest_value.is_none(),
        Attribute::UniqueIdentifier(_) => false,
        _ => asked.kind().is_some_and(|kind| !keys::is_key(kind)),
    }
}

fn without_value(digest: &Digest) -> Digest {
    Digest {
        digest_value: None,
        ..digest.clone()
    }
}

/// The state at a time: dates act by themselves (KMIP 2.1 §4.57, transitions 4 and 6).
pub(crate) fn state_at(
    stored: Option<State>,
    activation: Option<Timestamp>,
    deactivation: Option<Timestamp>,
    now: Timestamp,
) -> Option<State> {
    let due = |date: Option<Timestamp>| date.is_some_and(|date| date <= now);
    let state = stored?;
    let active = state == State::Active || (state == State::PreActive && due(activation));
    Some(match state {
        State::PreActive | State::Active if active && due(deactivation) => State::Deactivated,
        State::PreActive if active => State::Active,
        other => other,
    })
}
