//! Keys that an HSM is about to make: noted on the disk before, so that whichever no record names in the end is destroyed,
//! whatever ended meanwhile, the item, the HSM's process or the daemon.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use hsm::{CustodyMode, Departure, Hsm, KeyRef};
use kmip::mechanism::KeySpec;
use store::{Custody, Doubt, ObjectId};

use crate::{
    error::{Error, Result},
    service::Service,
};

/// Those of this run of the daemon.
pub(crate) struct Doubts {
    under_way: Mutex<HashSet<(ObjectId, String)>>,
    /// Keys that nobody names, of which one look has left nothing.
    looked_for: Mutex<HashSet<(ObjectId, String)>>,
    /// Whether there is anything to look at; the run before may have left something.
    any: AtomicBool,
}

impl Default for Doubts {
    fn default() -> Self {
        Self {
            under_way: Mutex::default(),
            looked_for: Mutex::default(),
            any: AtomicBool::new(true),
        }
    }
}

impl Doubts {
    fn under_way(&self) -> MutexGuard<'_, HashSet<(ObjectId, String)>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a key was looked for before, now that it was looked for: modules overlook a key now and then while another
    /// thread is at the token, so one look is none.
    fn is_looked_for_twice(&self, doubt: &Doubt) -> bool {
        let mut all = self
            .looked_for
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let key = (doubt.object.clone(), doubt.backend.clone());
        let is_second = all.remove(&key);
        if !is_second {
            all.insert(key);
        }
        is_second
    }
}

/// A key that is being made, until it is known what came of it: whoever holds this is at it.
pub(crate) struct Foreseen {
    doubts: Arc<Doubts>,
    key: (ObjectId, String),
}

impl Foreseen {
    /// Whether it is the key of these terms.
    pub(crate) fn is_of(&self, backend: &str, terms: &hsm::Terms) -> bool {
        self.key.0.0.as_bytes() == terms.id && self.key.1 == backend
    }
}

impl Drop for Foreseen {
    fn drop(&mut self) {
        self.doubts.under_way().remove(&self.key);
        self.doubts.any.store(true, Ordering::Release);
    }
}

/// Notes that an HSM is about to make a key, where it would keep one that nobody names.
pub(crate) fn foresee(
    service: &Service,
    (backend, hsm): (&str, &dyn Hsm),
    spec: KeySpec,
    terms: &hsm::Terms,
) -> Result<Option<Foreseen>> {
    let is_kept = hsm.keeps_keys() && !terms.exportable && terms.custody == CustodyMode::Resident;
    if !is_kept {
        return Ok(None);
    }
    let object = String::from_utf8(terms.id.clone()).map_err(Error::internal)?;
    let key = (ObjectId(object), backend.to_owned());
    if !service.doubts.under_way().insert(key.clone()) {
        // Somebody else is making the key of an object with the identifier that this one was to have.
        return Err(store::Error::Conflict.into());
    }
    let foreseen = Foreseen {
        doubts: Arc::clone(&service.doubts),
        key: key.clone(),
    };
    let (object, backend) = key;
    service.store.put_doubt(&Doubt {
        object,
        backend,
        spec,
    })?;
    Ok(Some(foreseen))
}

/// Destroys what may be there and has no record; what cannot be asked about now stays in doubt.
pub(crate) fn settle(service: &Service) {
    if !service.doubts.any.swap(false, Ordering::AcqRel) {
        return;
    }
    if let Err(error) = try_settle(service) {
        service.doubts.any.store(true, Ordering::Release);
        tracing::warn!(%error, "keys that may have been made cannot be looked for");
    }
}

fn try_settle(service: &Service) -> store::Result<()> {
    let mut settled = Vec::new();
    for doubt in service.store.doubts()? {
        let key = (doubt.object.clone(), doubt.backend.clone());
        // What is under way is looked at when it is over.
        if service.doubts.under_way().contains(&key) {
            continue;
        }
        if is_settled(service, &doubt) {
            settled.push(doubt);
        } else {
            service.doubts.any.store(true, Ordering::Release);
        }
    }
    if settled.is_empty() {
        return Ok(());
    }
    service.store.remove_doubts(&settled)
}

fn is_settled(service: &Service, doubt: &Doubt) -> bool {
    let (backend, object) = (&doubt.backend, &doubt.object);
    // One that is not configured now may be again.
    let Some(hsm) = service.backends.get(backend) else {
        return false;
    };
    let settled = has_record(service, &**hsm, doubt).and_then(|has_record| {
        if has_record {
            return Ok(true);
        }
        hsm.abandon(doubt.spec, object.0.as_bytes())?;
        Ok(service.doubts.is_looked_for_twice(doubt))
    });
    settled.unwrap_or_else(|error| {
        tracing::warn!(backend, %object, %error, "whether a key was made is not known yet");
        false
    })
}

/// Whether the object's record names a key that this HSM keeps as an object of its own. One that names a key which may leave,
/// or a wrapped one, names none of those.
fn has_record(
    service: &Service,
    hsm: &dyn Hsm,
    doubt: &Doubt,
) -> std::result::Result<bool, Box<dyn std::error::Error>> {
    let mut tx = service.store.begin();
    let Some(record) = tx.record(&doubt.object)? else {
        return Ok(false);
    };
    let custody = match &record.custody {
        Custody::Archived => tx.archived(&record.id)?,
        other => Some(other.clone()),
    };
    match custody {
        Some(Custody::Hsm { backend, key })
            if backend == doubt.backend && record.spec == Some(doubt.spec) =>
        {
            Ok(hsm.departure(&KeyRef(key))? == Departure::Never)
        }
        _ => Ok(false),
    }
}
