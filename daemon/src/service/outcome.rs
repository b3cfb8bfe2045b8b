//! Outcomes: what came of an item is in the trail before it counts.

use std::sync::atomic::Ordering;

use super::Service;
use crate::{
    audit::{Durability, Event, TrailError},
    error::{Error, Result},
    fault::Fault,
    telemetry,
};

impl Service {
    /// Records an event before its outcome counts: what cannot be recorded has failed. Causes of internal errors get a
    /// number, which the client, the trail and the log share.
    pub(super) fn recorded<T>(
        &self,
        event: &mut Event<'_>,
        durability: Durability,
        result: Result<T>,
    ) -> Result<T> {
        let result = result.map_err(|error| self.numbered(error, event));
        event.outcome = result
            .as_ref()
            .map_or_else(|error| error.fault.name(), |_| "Success");
        telemetry::operation(event.operation, event.outcome);
        match self.trail.append(event, durability) {
            Ok(()) => result,
            Err(failed) => Err(unavailable(failed)),
        }
    }

    /// Records why an item commits nothing that is answered all the same.
    pub(super) fn noted(&self, event: &mut Event<'_>, refusal: Error) -> Result<()> {
        let refusal = self.numbered(refusal, event);
        event.outcome = refusal.fault.name();
        telemetry::operation(event.operation, event.outcome);
        self.trail
            .append(event, Durability::Grouped)
            .map_err(unavailable)
    }

    pub(super) fn numbered(&self, error: Error, event: &mut Event<'_>) -> Error {
        if error.fault != Fault::Internal {
            return error;
        }
        let number = self.internal_errors.fetch_add(1, Ordering::Relaxed);
        let cause = error
            .cause()
            .map_or_else(|| error.message().to_owned(), ToString::to_string);
        tracing::error!(number, operation = event.operation, cause, "internal error");
        event.note = Some(format!("internal error {number:x}").into());
        Error::new(Fault::Internal, format!("internal error {number:x}"))
    }
}

/// The error of what cannot be recorded.
pub(super) fn unavailable(failed: TrailError) -> Error {
    tracing::error!(error = %failed, "not served, because it cannot be audited");
    Error::new(Fault::Internal, "the audit trail is unavailable").because(failed)
}
