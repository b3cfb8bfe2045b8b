//! Moving the values of a vault from one HSM into another, or within one from the store into the token: each is made there
//! first, then its record is changed, in one commit, and then the old one is forgotten. So whatever ends it, each value is in
//! one HSM and is used there, and who moves on finds what is left by the records alone.

mod ways;

use hsm::{Hsm, KeyRef, Sealed, Transport};
use kmip::{StorageStatusMask, ttlv::Timestamp};
use store::{Custody, Filter, ObjectId, Page, Record, Scope, Transaction, Vault};

use self::ways::{Way, loss, way};
use crate::{
    authority,
    doubts::{self, Foreseen},
    error::{Error, Result},
    fault::Fault,
    service::Service,
};

/// What is in other HSMs than the vault's own.
#[derive(Default)]
pub(crate) struct Plan {
    /// What is to be moved.
    pub objects: Vec<ObjectId>,
    /// How many of them are keys that leave as they are.
    pub exported: u64,
    /// How many are locked keys, which leave wrapped.
    pub wrapped: u64,
    /// How many are data.
    pub sealed: u64,
    /// How many are locked keys of the vault's own HSM that become objects of it.
    pub housed: u64,
    /// What locked keys do where they are, and not where they go.
    pub losses: Vec<Obstacle>,
    /// What cannot be moved, and why.
    pub obstacles: Vec<Obstacle>,
}

/// An object that cannot be moved, or not with all that it does.
pub(crate) struct Obstacle {
    /// Which.
    pub object: ObjectId,
    /// Its first name.
    pub name: Option<String>,
    /// Why.
    pub why: &'static str,
}

impl Obstacle {
    fn of(record: &Record, why: &'static str) -> Self {
        let name = record.attributes.name.first();
        Self {
            object: record.id.clone(),
            name: name.map(|name| name.name_value.clone()),
            why,
        }
    }
}

/// What takes the place of a value's custody, and what the trail says of that.
pub(crate) struct Exchange {
    /// What takes its place.
    pub after: Custody,
    /// From where to where.
    pub note: String,
    /// The key in doubt until it is known what came of it.
    pub foreseen: Option<Foreseen>,
}

/// Whom a change is told before it is committed, and again if it is not: the object, from where to where, the outcome.
pub(crate) type Tell<'a> = dyn Fn(&Record, &str, &'static str) -> Result<()> + 'a;

/// Looks through a vault that is as it is to be, and whose authority may be left where it is.
pub(crate) fn plan(
    service: &Service,
    (vault, leaves_authority): (&Vault, bool),
    now: Timestamp,
) -> Result<Plan> {
    let mut plan = Plan::default();
    for object in objects(service, &vault.name, now)? {
        let mut tx = service.store.begin();
        let Some(record) = tx.record(&object)? else {
            continue;
        };
        if leaves_authority && authority::is_of_one(&record) {
            continue;
        }
        let custody = custody(tx.as_mut(), &record)?;
        match way(service, vault, &record, &custody)? {
            None => continue,
            Some(Err(why)) => {
                plan.obstacles.push(Obstacle::of(&record, why));
                continue;
            }
            Some(Ok(Way::Exported)) => plan.exported += 1,
            Some(Ok(Way::Wrapped)) => {
                let lost = loss(service, vault, &record, &custody)?;
                plan.losses
                    .extend(lost.map(|why| Obstacle::of(&record, why)));
                plan.wrapped += 1;
            }
            Some(Ok(Way::Sealed)) => plan.sealed += 1,
            Some(Ok(Way::Housed)) => plan.housed += 1,
        }
        plan.objects.push(object);
    }
    Ok(plan)
}

/// Moves the value of an object into its vault's HSM; whether there was anything to move.
pub(crate) fn step(
    service: &Service,
    vault: &Vault,
    transport: Option<&Transport>,
    object: &ObjectId,
    tell: &Tell<'_>,
) -> Result<bool> {
    let made_anew = |record: &Record, before: &Custody| {
        let Some(way) = way(service, vault, record, before)? else {
            return Ok(None);
        };
        let way = way.map_err(|why| cannot(&record.id, why))?;
        let from = backend_of(before).unwrap_or_default();
        Ok(Some(Exchange {
            foreseen: foresee(service, vault, record, way)?,
            after: remake(service, vault, transport, record, before, way)?,
            note: format!("from {from} to {}", vault.backend),
        }))
    };
    exchange(service, object, tell, made_anew, |own| {
        forget(service, own);
    })
}

/// Makes a value anew, changes its record, and lets go what no record names any more; once more if others changed the record
/// meanwhile. Whether there was anything to do.
pub(crate) fn exchange(
    service: &Service,
    object: &ObjectId,
    tell: &Tell<'_>,
    remake: impl Fn(&Record, &Custody) -> Result<Option<Exchange>>,
    forget: impl Fn(&Custody),
) -> Result<bool> {
    let mut tries = 0;
    loop {
        tries += 1;
        let mut tx = service.store.begin();
        let Some(record) = tx.record(object)? else {
            return Ok(false);
        };
        let before = custody(tx.as_mut(), &record)?;
        let Some(exchange) = remake(&record, &before)? else {
            return Ok(false);
        };
        let Exchange {
            after,
            note,
            foreseen: _foreseen,
        } = exchange;
        let kept = tell(&record, &note, "Success").map(|()| keep(tx, &record, after.clone()));
        match kept {
            Ok(Ok(())) => {
                forget(&before);
                return Ok(true);
            }
            Ok(Err(error)) => {
                forget(&after);
                tell(&record, &note, "NotCommitted")?;
                if error != store::Error::Conflict || tries >= TRIES_MAX {
                    return Err(error.into());
                }
            }
            Err(error) => {
                forget(&after);
                return Err(error);
            }
        }
    }
}

/// The configured HSM with a name.
pub(crate) fn backend<'a>(service: &'a Service, name: &str) -> Result<&'a dyn Hsm> {
    service
        .backends
        .get(name)
        .map(AsRef::as_ref)
        .ok_or_else(|| {
            let message = format!("the HSM {name:?} is not configured");
            Error::new(Fault::InvalidField, message)
        })
}

/// Every object of a vault that has a value, and its authority.
pub(crate) fn objects(service: &Service, vault: &str, now: Timestamp) -> Result<Vec<ObjectId>> {
    let filter = Filter {
        storage_status: Some(StorageStatusMask::OnLineStorage | StorageStatusMask::ArchivalStorage),
        accounts: true,
        ..Filter::default()
    };
    let own = Scope {
        vault: vault.to_owned(),
        owner: None,
    };
    let mut tx = service.store.begin();
    let mut all = tx.locate(&filter, &own, Page::default(), now)?.ids;
    let authority = tx.locate(&filter, &authority::scope(vault), Page::default(), now)?;
    all.extend(authority.ids);
    Ok(all)
}

/// Where a value is, in the archive or not.
pub(crate) fn custody(tx: &mut dyn Transaction, record: &Record) -> Result<Custody> {
    match &record.custody {
        Custody::Archived => tx
            .archived(&record.id)?
            .ok_or_else(|| Error::internal("the value of an archived object is not there")),
        other => Ok(other.clone()),
    }
}

fn backend_of(custody: &Custody) -> Option<&str> {
    match custody {
        Custody::Hsm { backend, .. }
        | Custody::Sealed { backend, .. }
        | Custody::Unopened { backend, .. } => Some(backend),
        _ => None,
    }
}

/// Notes that a locked key is about to come: a journey that is not taken up again leaves nothing behind.
fn foresee(
    service: &Service,
    vault: &Vault,
    record: &Record,
    way: Way,
) -> Result<Option<Foreseen>> {
    let (Way::Wrapped | Way::Housed, Some(spec)) = (way, record.spec) else {
        return Ok(None);
    };
    let to = (vault.backend.as_str(), backend(service, &vault.backend)?);
    let terms = authority::terms(vault, record);
    doubts::foresee(service, to, spec, &terms)
}

/// Makes a value anew in the vault's HSM.
fn remake(
    service: &Service,
    vault: &Vault,
    transport: Option<&Transport>,
    record: &Record,
    before: &Custody,
    way: Way,
) -> Result<Custody> {
    let to = backend(service, &vault.backend)?;
    let backend = vault.backend.clone();
    let label = record.id.0.as_bytes();
    let reseal = |from: &str, sealed: &[u8]| -> Result<Vec<u8>> {
        let from = self::backend(service, from)?;
        let plain = from.open(&Sealed(sealed.to_vec()), label)?;
        Ok(to.seal(&plain, label)?.0)
    };
    match before {
        Custody::Sealed {
            backend: from,
            sealed,
        } => Ok(Custody::Sealed {
            sealed: reseal(from, sealed)?,
            backend,
        }),
        Custody::Unopened {
            backend: from,
            sealed,
        } => Ok(Custody::Unopened {
            sealed: reseal(from, sealed)?,
            backend,
        }),
        Custody::Hsm { backend: from, key } => {
            let from = self::backend(service, from)?;
            let key = send(
                (from, &KeyRef(key.clone())),
                to,
                vault,
                transport,
                record,
                way,
            )?;
            Ok(Custody::Hsm {
                backend,
                key: key.0,
            })
        }
        _ => Err(Error::internal("a value in no HSM is moved")),
    }
}

fn send(
    (from, key): (&dyn Hsm, &KeyRef),
    to: &dyn Hsm,
    vault: &Vault,
    transport: Option<&Transport>,
    record: &Record,
    way: Way,
) -> Result<KeyRef> {
    let is_exported = matches!(way, Way::Exported);
    let terms = hsm::Terms {
        exportable: is_exported,
        ..authority::terms(vault, record)
    };
    match way {
        Way::Exported => return Ok(to.import(&from.export(key)?, &terms)?),
        Way::Housed => return Ok(to.house(key, &terms)?),
        Way::Wrapped | Way::Sealed => {}
    }
    let (Some(transport), Some(spec)) = (transport, record.spec) else {
        return Err(cannot(&record.id, "there is no key to wrap it for"));
    };
    let parcel = from.wrap_for(key, &transport.public, &transport.hashes)?;
    Ok(to
        .unwrap(&transport.key, &parcel.wrapped(spec), &terms)?
        .key)
}

fn keep(mut tx: Box<dyn Transaction + '_>, record: &Record, custody: Custody) -> store::Result<()> {
    let mut changed = record.clone();
    if changed.custody == Custody::Archived {
        tx.set_archived(&record.id, Some(custody));
    } else {
        changed.custody = custody;
    }
    tx.update(changed)?;
    tx.commit()
}

/// Lets an HSM forget a key that no record names any more.
fn forget(service: &Service, custody: &Custody) {
    let Custody::Hsm { backend, key } = custody else {
        return;
    };
    let gone = backend_of(custody)
        .and_then(|name| service.backends.get(name))
        .map(|hsm| hsm.destroy(&KeyRef(key.clone())));
    if let Some(Err(error)) = gone {
        tracing::warn!(backend, %error, "a key that was moved stays in the memory of its HSM");
    }
}

fn cannot(object: &ObjectId, why: &'static str) -> Error {
    Error::new(
        Fault::InvalidField,
        format!("{object} cannot be moved: {why}"),
    )
}

/// How often a value is moved while others change its record.
const TRIES_MAX: u32 = 5;
