//! When a call must have ended, whatever it waits for.

use std::{
    io,
    time::{Duration, Instant},
};

/// The end of the time that a call has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// So much from now.
    pub(crate) fn after(time: Duration) -> Self {
        let now = now();
        // A time that no clock reaches is one without an end.
        Self(now.checked_add(time).unwrap_or(now))
    }

    /// The time that is left; an error when there is none.
    pub(crate) fn rest(self) -> io::Result<Duration> {
        self.0
            .checked_duration_since(now())
            .filter(|rest| !rest.is_zero())
            .ok_or_else(|| io::ErrorKind::TimedOut.into())
    }

    /// Whether so much time has gone by since then.
    pub(crate) fn is_older_than(self, time: Duration, other: Self) -> bool {
        other.0.saturating_duration_since(self.0) > time
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the provider has no Context to ask"
)]
fn now() -> Instant {
    Instant::now()
}
