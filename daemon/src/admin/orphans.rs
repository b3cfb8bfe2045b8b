//! Keys in the tokens of a group's members that belong to no object: told, and destroyed where they were this daemon's own.

use std::fmt;

use hsm::{Departure, ForeignKey, KeyRef, group::TRANSPORT_ID};
use kmip::mechanism::KeySpec;
use store::{Custody, ObjectId, Record, Transaction};

use super::{
    Admin, Deed, Execute, invalid,
    key::adopted,
    protocol::{GroupOrphans, GroupOrphansDestroy, OrphanFacts, OrphanName},
};
use crate::{
    drift,
    error::{Error, Result},
    moving,
};

/// What the store says of a key that is in a token.
enum Known {
    /// It is an object's, or is being made.
    Named,
    /// It was an object's of this kind, by whose record nothing is left of it there.
    Left(Box<Record>, Why),
    /// Nothing.
    Stranger,
}

/// Why nothing is to be left of a key.
#[derive(Clone, Copy)]
enum Why {
    Destroyed,
    KeptElsewhere,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Destroyed => "its object is destroyed",
            Self::KeptElsewhere => "its object's key is kept elsewhere",
        })
    }
}

/// A key of a member that no object names.
struct Orphan {
    /// The member's place in the group.
    place: usize,
    member: String,
    found: ForeignKey,
    /// The object whose it was, if it was this daemon's.
    was: Option<(Box<Record>, Why)>,
}

impl Orphan {
    fn facts(&self) -> OrphanFacts {
        let spec = self.found.spec.as_ref();
        OrphanFacts {
            member: self.member.clone(),
            id: hex::encode(&self.found.id),
            label: self.found.label.clone(),
            kind: spec.map(KeySpec::to_string).unwrap_or_default(),
            was_own: self.was.as_ref().map(|(_, why)| why.to_string()),
        }
    }

    fn is_called(&self, name: &OrphanName) -> bool {
        let own = self.facts();
        (&own.member, &own.id, &own.kind) == (&name.member, &name.id, &name.kind)
    }
}

impl Execute for GroupOrphans {
    fn prepare(self, admin: &Admin, _: u32) -> Result<Deed<'_, Vec<OrphanFacts>>> {
        drift::group(&admin.parts.service, &self.name)?;
        let group = self.name.clone();
        let mut deed = Deed::new(move || admin.orphans(&self.name));
        deed.object = Some(group);
        Ok(deed)
    }
}

impl Execute for GroupOrphansDestroy {
    fn prepare(self, admin: &Admin, uid: u32) -> Result<Deed<'_, Vec<OrphanFacts>>> {
        let all = admin.found(&self.name)?;
        let mut chosen = Vec::new();
        for name in &self.orphans {
            let meant = all.iter().find(|own| own.is_called(name));
            let own = meant.filter(|own| own.was.is_some()).ok_or_else(|| {
                invalid(format!(
                    "nothing is destroyed: the key {} in {} is not one that was this Keyhold's and belongs to no object",
                    name.id, name.member
                ))
            })?;
            chosen.push(own.facts());
        }
        let group = self.name.clone();
        let mut deed = Deed::new(move || admin.destroy_orphans(&self, uid));
        deed.object = Some(group);
        deed.note = Some(format!("{} keys", chosen.len()));
        Ok(deed)
    }
}

impl Admin {
    /// The keys of members that no object names, as they are told.
    pub(super) fn orphans(&self, group: &str) -> Result<Vec<OrphanFacts>> {
        Ok(self.found(group)?.iter().map(Orphan::facts).collect())
    }

    fn found(&self, group: &str) -> Result<Vec<Orphan>> {
        let group = drift::group(&self.parts.service, group)?;
        let mut all = Vec::new();
        for (place, facts) in group.members().into_iter().enumerate() {
            // Who is left out was told already.
            let Some(hsm) = group.member(place) else {
                continue;
            };
            for found in hsm.foreign_keys()? {
                let was = match self.known(&found)? {
                    Known::Named => continue,
                    Known::Left(record, why) => Some((record, why)),
                    Known::Stranger => None,
                };
                all.push(Orphan {
                    place,
                    member: facts.name.clone(),
                    found,
                    was,
                });
            }
        }
        Ok(all)
    }

    /// What the store says of a key: Keyhold gives its keys the identifiers of their objects, and those that it has adopted are
    /// found by what their HSM knows them by.
    fn known(&self, found: &ForeignKey) -> Result<Known> {
        if found.id == TRANSPORT_ID {
            return Ok(Known::Named);
        }
        let service = &self.parts.service;
        for backend in service.backends.keys() {
            let object = adopted(service, backend, found)?;
            let record = service.store.record(&object)?;
            if record.is_some_and(|own| own.custody != Custody::Gone) {
                return Ok(Known::Named);
            }
        }
        let Ok(id) = std::str::from_utf8(&found.id) else {
            return Ok(Known::Stranger);
        };
        let object = ObjectId(id.to_owned());
        // First, because what is made is noted before its record is.
        let is_in_doubt = service
            .store
            .doubts()?
            .iter()
            .any(|own| own.object == object);
        let mut tx = service.store.begin();
        let Some(record) = tx.record(&object)? else {
            return Ok(if is_in_doubt {
                Known::Named
            } else {
                Known::Stranger
            });
        };
        let left = self.left(tx.as_mut(), &record)?;
        Ok(match left {
            Some(_) if is_in_doubt => Known::Named,
            Some(why) if was_own(&record, found) => Known::Left(Box::new((*record).clone()), why),
            Some(_) => Known::Stranger,
            None => Known::Named,
        })
    }

    /// Why a record names no object of a token, if it does not.
    fn left(&self, tx: &mut dyn Transaction, record: &Record) -> Result<Option<Why>> {
        Ok(match moving::custody(tx, record)? {
            Custody::Gone => Some(Why::Destroyed),
            Custody::Doomed { .. } => None,
            Custody::Hsm { backend, key } => {
                let hsm = moving::backend(&self.parts.service, &backend);
                // Whoever cannot be asked may have it as an object.
                let departure = hsm.and_then(|hsm| Ok(hsm.departure(&KeyRef(key))?));
                let is_kept = departure.is_ok_and(|own| own != Departure::Never);
                is_kept.then_some(Why::KeptElsewhere)
            }
            _ => Some(Why::KeptElsewhere),
        })
    }

    /// Destroys what was this daemon's, each after one more look at it, and after the trail was told.
    fn destroy_orphans(&self, asked: &GroupOrphansDestroy, uid: u32) -> Result<Vec<OrphanFacts>> {
        let peer = format!("administrator uid:{uid}");
        let group = drift::group(&self.parts.service, &asked.name)?;
        let mut destroyed = Vec::new();
        for own in self.found(&asked.name)? {
            let is_meant = asked.orphans.iter().any(|name| own.is_called(name));
            let (Some((record, why)), true) = (&own.was, is_meant) else {
                continue;
            };
            let spec = own.found.spec.ok_or_else(|| Error::internal(UNKNOWN))?;
            let hsm = group.member(own.place);
            let hsm = hsm.ok_or_else(|| invalid(format!("{} is left out", own.member)))?;
            let note = format!("in {} of {}: {why}", own.member, asked.name);
            self.record_change((STEP, &peer), record, &note, "Success")?;
            if let Err(error) = hsm.abandon(spec, &own.found.id) {
                self.record_change((STEP, &peer), record, &note, "NotCommitted")?;
                return Err(error.into());
            }
            destroyed.push(own.facts());
        }
        Ok(destroyed)
    }
}

/// Whether a key may be what was a record's: locked, as all are that a token keeps, and of its kind.
fn was_own(record: &Record, found: &ForeignKey) -> bool {
    let is_kind = match (record.spec, found.spec) {
        // A token knows of no hash function that one is for.
        (Some(KeySpec::Hmac { .. }), Some(KeySpec::Hmac { .. })) => true,
        (own, found) => own.is_some() && own == found,
    };
    is_kind && found.is_locked && record.attributes.extractable == Some(false)
}

/// What is recorded of each key that is destroyed.
const STEP: &str = "group.orphan.destroy";
const UNKNOWN: &str = "a key that was this daemon's is of no known kind";
