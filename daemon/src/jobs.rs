//! What is done by the clock: deletions that HSMs owe. Rotations have a module of their own, and ends of sessions are the
//! service's.
//!
//! Dates that change states need no job: they act when a record is read, to the second.

use std::time::Duration;

use hsm::KeyRef;
use store::Custody;

use crate::{custody, service::Service};

/// How often debts are looked for.
pub(crate) const PERIOD: Duration = Duration::from_secs(60);

/// How often objects of sessions are looked for whose programs are gone.
pub(crate) const SESSIONS_PERIOD: Duration = Duration::from_secs(2);

/// The most debts paid in one round.
const DEBTS_MAX: u32 = 1_000;

/// Deletes the keys of destroyed objects that are still in their HSMs: the daemon died between the commit and the
/// deletion, or the HSM was away.
pub(crate) fn pay_debts(service: &Service) {
    let doomed = match service.store.doomed(DEBTS_MAX) {
        Ok(doomed) => doomed,
        Err(error) => {
            tracing::warn!(%error, "deletions that are owed cannot be looked for");
            return;
        }
    };
    for record in doomed {
        if let Custody::Doomed { backend, key } = &record.custody {
            custody::pay(service, &record.id, backend, &KeyRef(key.clone()));
        }
    }
}
