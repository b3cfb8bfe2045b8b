//! Whether each HSM, the store and the audit trail work, looked at by the clock: a metric says how it is, and the log says
//! when that changes.

use std::{
    collections::BTreeMap,
    fmt::Display,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use store::{SqliteStore, Store as _, WAIT_MAX};

use crate::{
    audit::{FileTrail, Trail as _},
    service::Service,
    telemetry,
};

/// How often the HSMs are looked at.
pub(crate) const PERIOD: Duration = Duration::from_secs(5);

/// How often the disks of the store and of the audit trail are looked at.
pub(crate) const DISK_PERIOD: Duration = Duration::from_secs(1);

/// What was wrong with each when it was looked at last; nothing with one that worked.
#[derive(Default)]
pub(crate) struct Healths(Mutex<BTreeMap<String, String>>);

impl Healths {
    /// Looks at every HSM.
    pub(crate) fn look(&self, service: &Service) {
        for (backend, hsm) in &service.backends {
            // One that does not answer keeps whoever asks waiting, and nobody else waits for this.
            let health = hsm.health();
            telemetry::hsm_works(backend, health.is_ok());
            self.know("the HSM", backend, health);
        }
    }

    /// Looks at the store, and waits for its disk so long and no longer.
    pub(crate) fn look_at_store(&self, store: &SqliteStore) {
        store.watch(WAIT_MAX);
        let health = store.health();
        telemetry::part_works("store", health.is_ok());
        self.know("the store", "store", health);
    }

    /// Looks at the audit trail, and waits for its disk so long and no longer.
    pub(crate) fn look_at_trail(&self, trail: &FileTrail) {
        trail.watch();
        let health = trail.health();
        telemetry::part_works("audit", health.is_ok());
        self.know("the audit trail", "audit", health);
    }

    fn know<E: Display>(&self, what: &str, part: &str, health: Result<(), E>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match health {
            Ok(()) => {
                if known.remove(part).is_some() {
                    tracing::info!(part, "{what} works again");
                }
            }
            Err(error) => {
                let why = error.to_string();
                if known.get(part) != Some(&why) {
                    tracing::error!(part, why, "{what} does not work");
                    known.insert(part.to_owned(), why);
                }
            }
        }
    }
}
