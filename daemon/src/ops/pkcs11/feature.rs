//! Objects that tell an application what is served to it, profiles and mechanisms: they are none of the vault's.

use pkcs11::{
    Facts, Ulong,
    attribute::number,
    features::{meant, mechanisms, profiles},
};

use cryptoki_sys as ck;

use super::general::served;
use crate::cryptoki::Entry;

/// Their handles begin here, where those of the vault's objects never come to.
const FIRST: Ulong = Ulong::MAX / 2;

fn all() -> impl Iterator<Item = (Ulong, Facts)> {
    (FIRST..).zip(profiles().chain(mechanisms(served)))
}

/// The one with a handle.
pub(super) fn named(handle: Ulong) -> Option<Facts> {
    let which = handle.checked_sub(FIRST).map(pkcs11::size)?;
    all().nth(which).map(|(_, facts)| facts)
}

/// The handles of those that a search finds; none where it does not mean them.
pub(super) fn found(template: &[Entry]) -> Option<Vec<Ulong>> {
    let value = |kind| {
        let entry = template.iter().find(|entry| entry.kind == kind);
        entry.and_then(|entry| entry.value.as_deref())
    };
    let class = value(ck::CKA_CLASS).and_then(|class| number(class));
    meant(class, |kind| value(kind).is_some())?;
    let matches = |facts: &Facts| {
        template.iter().all(|entry| {
            let given = entry.value.as_deref().map_or(&[][..], Vec::as_slice);
            facts.value(entry.kind) == Some(given)
        })
    };
    let found = all().filter(|(_, facts)| matches(facts));
    Some(found.map(|(handle, _)| handle).collect())
}
