//! Copies of keys and data in the members of a group: compared object by object, and made again where a member lacks one.

use hsm::{
    KeyRef, Sealed,
    group::{Group, Standing},
};
use kmip::ttlv::Timestamp;
use store::{Custody, ObjectId, Record};

use crate::{
    authority,
    error::{Error, Result},
    fault::Fault,
    moving::{self, Exchange, Tell},
    service::Service,
};

/// An object whose copies are not the same.
pub(crate) struct Finding {
    /// Which.
    pub object: ObjectId,
    /// Its vault.
    pub vault: String,
    /// Its first name.
    pub name: Option<String>,
    /// What each member has.
    pub standings: Vec<Standing>,
    /// Why it is left so, if it was to be mended.
    pub why: Option<String>,
}

/// What came of looking at an object.
pub(crate) enum Looked {
    /// It has no copies in the group.
    Elsewhere,
    /// All members have the same.
    Whole,
    /// They had not, and have now.
    Mended,
    /// They have not.
    Drifted(Finding),
}

/// How a group is looked through.
pub(crate) struct Survey<'a> {
    service: &'a Service,
    name: &'a str,
    group: &'a Group,
    /// What the keys are asked, so that an answer tells nothing another time.
    challenge: [u8; 16],
}

impl<'a> Survey<'a> {
    /// Of the group with a name.
    pub(crate) fn of(service: &'a Service, name: &'a str, challenge: [u8; 16]) -> Result<Self> {
        Ok(Self {
            service,
            name,
            group: group(service, name)?,
            challenge,
        })
    }

    /// Compares an object's copies.
    pub(crate) fn look(&self, object: &ObjectId) -> Result<Looked> {
        let mut tx = self.service.store.begin();
        let Some(record) = tx.record(object)? else {
            return Ok(Looked::Elsewhere);
        };
        let custody = moving::custody(tx.as_mut(), &record)?;
        drop(tx);
        Ok(match self.compare(&record, &custody)? {
            None => Looked::Elsewhere,
            Some(standings) if is_whole(&standings) => Looked::Whole,
            Some(standings) => Looked::Drifted(found(&record, standings, None)),
        })
    }

    /// Compares an object's copies, and makes again what members lack, or have something else in the place of: from one
    /// that has what most have, or from the one that is said to be right.
    pub(crate) fn mend(
        &self,
        object: &ObjectId,
        right: Option<usize>,
        tell: &Tell<'_>,
    ) -> Result<Looked> {
        let looked = self.look(object)?;
        let Looked::Drifted(before) = looked else {
            return Ok(looked);
        };
        let remake = |record: &Record, custody: &Custody| {
            let Some(standings) = self.compare(record, custody)? else {
                return Ok(None);
            };
            let Ok((from, to)) = plan(&standings, right) else {
                return Ok(None);
            };
            if to.is_empty() {
                return Ok(None);
            }
            let after = self.remake(record, custody, from, &to)?;
            let name = |place: usize| self.member(place);
            let to: Vec<_> = to.iter().map(|own| name(*own)).collect();
            let note = format!("in {}: from {} to {}", self.name, name(from), to.join(", "));
            Ok(Some(Exchange {
                after,
                note,
                foreseen: None,
            }))
        };
        // What a member has under a reference that nobody names any more is in no place of its own.
        let mended = moving::exchange(self.service, object, tell, remake, |_| ());
        let why = match mended {
            Ok(_) => match self.look(object)? {
                Looked::Drifted(left) => {
                    let why = plan(&left.standings, right).err();
                    let away = why.unwrap_or_else(|| self.away(&left.standings));
                    return Ok(Looked::Drifted(Finding {
                        why: Some(away),
                        ..left
                    }));
                }
                Looked::Whole => return Ok(Looked::Mended),
                other => return Ok(other),
            },
            // One object that cannot be mended keeps no other from it.
            Err(error) if error.fault != Fault::Internal => match error.cause() {
                Some(cause) => format!("{}: {cause}", error.message()),
                None => error.message().to_owned(),
            },
            Err(error) => return Err(error),
        };
        Ok(Looked::Drifted(Finding {
            why: Some(why),
            ..before
        }))
    }

    fn compare(&self, record: &Record, custody: &Custody) -> Result<Option<Vec<Standing>>> {
        let label = record.id.0.as_bytes();
        Ok(match custody {
            Custody::Hsm { backend, key } if backend == self.name => {
                let key = KeyRef(key.clone());
                let usage = record.attributes.cryptographic_usage_mask;
                let how = (record.spec, usage.unwrap_or_default());
                Some(self.group.compare_key(&key, how, &self.challenge)?)
            }
            Custody::Sealed { backend, sealed } | Custody::Unopened { backend, sealed }
                if backend == self.name =>
            {
                let sealed = Sealed(sealed.clone());
                Some(self.group.compare_sealed(&sealed, label)?)
            }
            _ => None,
        })
    }

    fn remake(
        &self,
        record: &Record,
        custody: &Custody,
        from: usize,
        to: &[usize],
    ) -> Result<Custody> {
        let label = record.id.0.as_bytes();
        let backend = self.name.to_owned();
        let reseal = |sealed: &[u8]| -> Result<Vec<u8>> {
            let sealed = Sealed(sealed.to_vec());
            Ok(self.group.mend_sealed(&sealed, from, to, label)?.0)
        };
        Ok(match custody {
            Custody::Hsm { key, .. } => {
                let vault = self.service.directory.vault(authority::vault_of(record));
                let vault = vault.ok_or_else(|| Error::internal("an object without a vault"))?;
                let terms = authority::terms(&vault, record);
                let spec = record.spec;
                let spec = spec.ok_or_else(|| Error::internal("a key without a kind"))?;
                let key = KeyRef(key.clone());
                let key = self.group.mend_key(&key, from, to, spec, &terms)?.0;
                Custody::Hsm { backend, key }
            }
            Custody::Sealed { sealed, .. } => Custody::Sealed {
                sealed: reseal(sealed)?,
                backend,
            },
            Custody::Unopened { sealed, .. } => Custody::Unopened {
                sealed: reseal(sealed)?,
                backend,
            },
            _ => return Err(Error::internal("a value in no HSM is mended")),
        })
    }

    fn member(&self, place: usize) -> String {
        let members = self.group.members();
        let found = members.get(place).map(|own| own.name.clone());
        found.unwrap_or_default()
    }

    /// Who is away, of those that are to be mended.
    fn away(&self, standings: &[Standing]) -> String {
        let away = standings.iter().enumerate();
        let away: Vec<_> = away
            .filter(|(_, own)| matches!(own, Standing::Away(_)))
            .map(|(place, _)| self.member(place))
            .collect();
        if away.is_empty() {
            "it changed meanwhile; repair once more".to_owned()
        } else {
            format!("{} does not answer now", away.join(" and "))
        }
    }
}

/// The group with a name.
pub(crate) fn group<'a>(service: &'a Service, name: &str) -> Result<&'a Group> {
    let found = service.groups.get(name).map(AsRef::as_ref);
    found.ok_or_else(|| {
        let names: Vec<_> = service.groups.keys().map(String::as_str).collect();
        let message = if names.is_empty() {
            "no group is configured: a `[[backend]]` of kind \"group\"".to_owned()
        } else {
            format!("there is no group {name:?}; there is: {}", names.join(", "))
        };
        Error::new(Fault::InvalidField, message)
    })
}

/// Every object that there is, of which those in the group are looked at.
pub(crate) fn objects(service: &Service, now: Timestamp) -> Result<Vec<ObjectId>> {
    let mut all = Vec::new();
    for vault in service.directory.vaults() {
        all.extend(moving::objects(service, &vault.name, now)?);
    }
    Ok(all)
}

fn found(record: &Record, standings: Vec<Standing>, why: Option<String>) -> Finding {
    let name = record.attributes.name.first();
    Finding {
        object: record.id.clone(),
        vault: authority::vault_of(record).to_owned(),
        name: name.map(|name| name.name_value.clone()),
        standings,
        why,
    }
}

fn is_whole(standings: &[Standing]) -> bool {
    standings.iter().all(|own| *own == Standing::Same)
}

/// From which member an object is copied, and to which; or why to none.
fn plan(
    standings: &[Standing],
    right: Option<usize>,
) -> std::result::Result<(usize, Vec<usize>), String> {
    let has = |own: &Standing| matches!(own, Standing::Same | Standing::Other);
    let from = match right {
        Some(right) if standings.get(right).is_some_and(has) => right,
        Some(_) => return Err("the member that is said to be right does not have it".to_owned()),
        None => match standings.iter().position(|own| *own == Standing::Same) {
            Some(from) => from,
            None if standings.iter().any(has) => {
                return Err("its copies differ: say by `--from` which member is right".to_owned());
            }
            None => return Err("no member that answers has it".to_owned()),
        },
    };
    // Beside one that is said to be right, who has the same as it is not told from who has something else.
    let needs = |own: &Standing| match own {
        Standing::Lacking | Standing::Other => true,
        Standing::Same => right.is_some() && standings.get(from) == Some(&Standing::Other),
        Standing::Away(_) => false,
    };
    let to = standings.iter().enumerate();
    let to = to.filter(|(place, own)| *place != from && needs(own));
    Ok((from, to.map(|(place, _)| place).collect()))
}

#[cfg(test)]
mod tests {
    use hsm::group::Standing::{Lacking, Other, Same};

    use super::*;

    #[test]
    fn what_most_have_is_copied() {
        assert_eq!(plan(&[Same, Lacking, Same], None), Ok((0, vec![1])));
        assert_eq!(plan(&[Other, Same, Same], None), Ok((1, vec![0])));
        let away = || Standing::Away(String::new());
        assert_eq!(plan(&[away(), Same, Lacking], None), Ok((1, vec![2])));
        assert_eq!(plan(&[away(), Same], None), Ok((1, vec![])));
    }

    #[test]
    fn who_is_said_to_be_right_is_right() {
        assert_eq!(plan(&[Other, Other], Some(1)), Ok((1, vec![0])));
        assert_eq!(plan(&[Same, Same, Other], Some(2)), Ok((2, vec![0, 1])));
        assert_eq!(plan(&[Same, Same, Other], Some(1)), Ok((1, vec![2])));
        assert!(plan(&[Same, Lacking], Some(1)).is_err());
    }

    #[test]
    fn nothing_is_copied_where_nobody_is_right() {
        let why = |standings: &[Standing]| plan(standings, None).unwrap_err();
        assert!(why(&[Other, Other]).contains("--from"));
        assert!(why(&[Lacking, Standing::Away(String::new())]).contains("no member"));
    }
}
