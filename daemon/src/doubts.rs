//! Keys that an HSM may have made without saying so, because its process ended meanwhile: destroyed once it answers again.

use std::sync::{Mutex, PoisonError};

use kmip::mechanism::KeySpec;
use store::{Custody, ObjectId};

use crate::service::Service;

/// A key that may be in an HSM, and that no record will ever name.
struct Doubt {
    backend: String,
    spec: KeySpec,
    object: ObjectId,
}

/// All of them.
#[derive(Default)]
pub(crate) struct Doubts(Mutex<Vec<Doubt>>);

impl Doubts {
    /// Whether the key of a new object was made is not known.
    pub(crate) fn add(&self, backend: &str, spec: KeySpec, object: &ObjectId) {
        self.put(vec![Doubt {
            backend: backend.to_owned(),
            spec,
            object: object.clone(),
        }]);
    }

    fn put(&self, mut doubts: Vec<Doubt>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.append(&mut doubts);
    }

    fn take(&self) -> Vec<Doubt> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Destroys what may be there; what cannot be asked about now stays in doubt.
pub(crate) fn settle(service: &Service) {
    let mut doubts = service.doubts.take();
    doubts.retain(|doubt| !is_settled(service, doubt));
    service.doubts.put(doubts);
}

fn is_settled(service: &Service, doubt: &Doubt) -> bool {
    let Doubt {
        backend,
        spec,
        object,
    } = doubt;
    // The identifier was new, so nobody else has it; a record that has it all the same is to keep its key.
    match service.store.begin().record(object) {
        Ok(Some(record)) if matches!(record.custody, Custody::Hsm { .. }) => return true,
        Ok(_) => {}
        Err(_) => return false,
    }
    let Some(hsm) = service.backends.get(backend) else {
        return true;
    };
    match hsm.abandon(*spec, object.0.as_bytes()) {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(backend, %object, %error, "whether a key was made is not known yet");
            false
        }
    }
}
