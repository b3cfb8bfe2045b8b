//! What is done by the clock: deletions that HSMs owe, and tests of the HSMs. Rotations have a module of their own, and
//! ends of sessions are the service's.
//!
//! Dates that change states need no job: they act when a record is read, to the second.

use std::{collections::BTreeSet, time::Duration};

use hsm::{KeyRef, Trial};
use store::Custody;

use crate::{custody, service::Service};

/// How often upkeep is done that nobody waits for.
pub(crate) const PERIOD: Duration = Duration::from_secs(60);

/// How often debts are looked for: an HSM that is back has soon what it should have.
pub(crate) const DEBTS_PERIOD: Duration = Duration::from_secs(2);

/// How often objects of sessions are looked for whose programs are gone.
pub(crate) const SESSIONS_PERIOD: Duration = Duration::from_secs(2);

/// How often the HSMs are tested as at their start.
pub(crate) const SELF_TEST_PERIOD: Duration = Duration::from_secs(24 * 60 * 60);

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
    // An HSM that is away is asked once a round, and said so once, by whoever watches it.
    let mut away = BTreeSet::new();
    for record in doomed {
        let Custody::Doomed { backend, key } = &record.custody else {
            continue;
        };
        let hsm = service.backends.get(backend);
        if !away.contains(backend) && hsm.is_some_and(|hsm| hsm.is_whole().is_err()) {
            away.insert(backend.clone());
        }
        if !away.contains(backend) {
            custody::pay(service, &record.id, backend, &KeyRef(key.clone()));
        }
    }
}

/// Tests every HSM again. What fails in the embedded one ends its service; a module is looked at by whoever reads the log.
pub(crate) fn test_hsms(service: &Service) {
    for (backend, hsm) in &service.backends {
        match hsm.self_test() {
            Ok(trials) => {
                let served = |own: &&Trial| !hsm.capabilities().trials.contains(own);
                let broken = trials.iter().filter(|own| own.outcome.is_broken_promise());
                for own in broken.filter(served) {
                    let (what, outcome) = (&own.what, own.outcome.to_string());
                    tracing::error!(
                        backend,
                        what,
                        outcome,
                        "the HSM fails a test that it passed"
                    );
                }
                tracing::info!(backend, tests = trials.len(), "the HSM was tested again");
            }
            Err(error) => tracing::error!(backend, %error, "the HSM cannot be tested"),
        }
    }
}
