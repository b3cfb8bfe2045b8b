//! The one clock: wall time that never runs backwards, and monotonic time for durations.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use kmip::ttlv::Timestamp;

/// Tells the time to everything below the connections.
///
/// A wall clock that is set back would revive keys whose dates have passed, so the latest time ever told is the floor
/// of what is told next.
pub struct Clock {
    floor: AtomicI64,
    fixed: bool,
}

impl Clock {
    /// The system's clock, never before `floor`: the time of the last audited event.
    #[must_use]
    pub const fn system(floor: Timestamp) -> Self {
        Self {
            floor: AtomicI64::new(floor.0),
            fixed: false,
        }
    }

    /// A clock that stands still until it is set, for tests.
    #[must_use]
    pub const fn fixed(now: Timestamp) -> Self {
        Self {
            floor: AtomicI64::new(now.0),
            fixed: true,
        }
    }

    /// Sets a fixed clock, or lifts the floor of the system's.
    pub fn advance_to(&self, now: Timestamp) {
        self.floor.fetch_max(now.0, Ordering::AcqRel);
    }

    /// The time in whole seconds.
    pub fn now(&self) -> Timestamp {
        let wall = self.wall();
        let wall = i64::try_from(wall.as_secs()).unwrap_or(i64::MAX);
        Timestamp(self.floor.fetch_max(wall, Ordering::AcqRel).max(wall))
    }

    /// The time since 1970 in seconds and nanoseconds. Parts of a second are for an order among what is new, and count
    /// for nothing else.
    pub(crate) fn since_epoch(&self) -> (u64, u32) {
        let (now, wall) = (self.now(), self.wall());
        let seconds = u64::try_from(now.0).unwrap_or_default();
        let nanoseconds = if wall.as_secs() == seconds {
            wall.subsec_nanos()
        } else {
            0
        };
        (seconds, nanoseconds)
    }

    /// What the system's clock says; a fixed one says nothing.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that asks the system for the time"
    )]
    fn wall(&self) -> Duration {
        if self.fixed {
            return Duration::ZERO;
        }
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO)
    }

    /// A point in time to measure from.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that asks the system for the time"
    )]
    pub fn instant(&self) -> Instant {
        Instant::now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_runs_backwards() {
        let future = Timestamp(i64::MAX - 1);
        assert_eq!(Clock::system(future).now(), future);
        let fixed = Clock::fixed(Timestamp(100));
        fixed.advance_to(Timestamp(50));
        assert_eq!(fixed.now(), Timestamp(100));
        fixed.advance_to(Timestamp(200));
        assert_eq!(fixed.now(), Timestamp(200));
    }
}
