//! Whether each HSM works, looked at by the clock: a metric says how it is, and the log says when that changes.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{service::Service, telemetry};

/// How often they are looked at.
pub(crate) const PERIOD: Duration = Duration::from_secs(5);

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
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match health {
                Ok(()) => {
                    if known.remove(backend).is_some() {
                        tracing::info!(backend, "the HSM works again");
                    }
                }
                Err(error) => {
                    let why = error.to_string();
                    if known.get(backend) != Some(&why) {
                        tracing::error!(backend, why, "the HSM does not work");
                        known.insert(backend.clone(), why);
                    }
                }
            }
        }
    }
}
