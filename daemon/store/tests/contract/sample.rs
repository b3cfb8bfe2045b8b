//! Records to store, and the short ways to store and find them.

use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask, ObjectType, State,
    attribute::{Attribute, Attributes, Digest, Name},
    mechanism::KeySpec,
    ttlv::{Bytes, Timestamp},
};
use store::{Custody, Filter, Located, ObjectId, Page, Record, Result, Scope, Store};

/// The time at which tests look.
pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000);

/// A record as a created AES key has it.
pub(crate) fn key(name: &str) -> Record {
    let mut attributes = Attributes {
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(256),
        cryptographic_usage_mask: Some(CryptographicUsageMask(0xC)),
        state: Some(State::Active),
        initial_date: Some(NOW),
        activation_date: Some(NOW),
        last_change_date: Some(NOW),
        original_creation_date: Some(NOW),
        ..Attributes::default()
    };
    let id = uuid::Uuid::new_v4();
    attributes.name.push(Name::text(name));
    attributes.digest.push(Digest {
        hashing_algorithm: kmip::HashingAlgorithm::SHA256,
        digest_value: Some(Bytes(id.as_bytes().repeat(2))),
        key_format_type: None,
    });
    Record {
        id: ObjectId(id.to_string()),
        vault: "default".to_owned(),
        owner: "alice".to_owned(),
        object_type: ObjectType::SymmetricKey,
        spec: Some(KeySpec::Aes { bits: 256 }),
        attributes,
        custody: Custody::Hsm {
            backend: "soft".to_owned(),
            key: vec![7; 120],
        },
        revision: 0,
    }
}

/// Inserts a record in a transaction of its own.
pub(crate) fn insert(store: &dyn Store, record: &Record) -> Result<()> {
    let mut transaction = store.begin();
    transaction.insert(record.clone())?;
    transaction.commit()
}

/// Changes a record in a transaction of its own.
pub(crate) fn change(
    store: &dyn Store,
    id: &ObjectId,
    change: impl FnOnce(&mut Record),
) -> Result<()> {
    let mut transaction = store.begin();
    let mut record = Record::clone(&*transaction.record(id)?.unwrap());
    change(&mut record);
    transaction.update(record)?;
    transaction.commit()
}

/// The scope of the vault where the samples are.
pub(crate) fn scope() -> Scope {
    Scope {
        vault: "default".to_owned(),
        owner: None,
    }
}

/// A filter of attributes alone.
pub(crate) fn with(attributes: Vec<Attribute>) -> Filter {
    Filter {
        attributes,
        ..Filter::default()
    }
}

/// Everything in the vault that matches.
pub(crate) fn locate(store: &dyn Store, filter: &Filter) -> Located {
    let mut transaction = store.begin();
    transaction
        .locate(filter, &scope(), Page::default(), NOW)
        .unwrap()
}

/// What is found by a name.
pub(crate) fn named(store: &dyn Store, name: &str) -> Vec<ObjectId> {
    locate(store, &with(vec![Attribute::Name(Name::text(name))])).ids
}
