//! Whether a thread watches for an answer before it sleeps: a processor that went to sleep takes longer to wake than a
//! short answer takes to come.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

/// For how long an answer is watched for.
pub(crate) const MOMENT: Duration = Duration::from_micros(100);

/// The most calls that go without after one whose answer took longer: what watching in vain costs is little among them.
const CALLS_WITHOUT_MAX: u32 = 64;

/// How many threads may watch at once. One processor is left to whoever answers, so that nobody watches where there is
/// only one.
pub(crate) struct Places {
    most: usize,
    taken: AtomicUsize,
}

/// One of them, until it is dropped.
pub(crate) struct Place<'a>(&'a Places);

impl Places {
    pub(crate) fn new() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self::of(processors - 1)
    }

    /// As many, of which none is taken: those who watch in the parent are not in its child.
    pub(crate) const fn forked(&self) -> Self {
        Self::of(self.most)
    }

    const fn of(most: usize) -> Self {
        Self {
            most,
            taken: AtomicUsize::new(0),
        }
    }

    /// A place, if there is one left.
    pub(crate) fn take(&self) -> Option<Place<'_>> {
        let one_more = |taken| (taken < self.most).then_some(taken + 1);
        let taken = self
            .taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        taken.is_ok().then(|| Place(self))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a connection has learned about its answers.
#[derive(Default)]
pub(crate) struct Watch {
    /// The calls that still go without.
    rests: u32,
    /// How many went or go without since the last in vain.
    pause: u32,
}

impl Watch {
    /// Whether the answer of the next call is watched for.
    pub(crate) const fn is_due(&mut self) -> bool {
        let due = self.rests == 0;
        self.rests = self.rests.saturating_sub(1);
        due
    }

    /// Learns whether an answer came while it was watched for.
    pub(crate) fn learn(&mut self, came: bool) {
        self.pause = if came {
            0
        } else {
            (self.pause * 2).clamp(1, CALLS_WITHOUT_MAX)
        };
        self.rests = self.pause;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_watches_in_vain_watches_seldom() {
        let mut watch = Watch::default();
        let watched = (0..1000).filter(|_| {
            let due = watch.is_due();
            if due {
                watch.learn(false);
            }
            due
        });
        let watched = watched.count();
        assert!((10..30).contains(&watched), "{watched} of 1000 calls");
        // One answer in time is enough to watch again.
        while !watch.is_due() {}
        watch.learn(true);
        assert!(watch.is_due());
    }

    #[test]
    fn there_are_no_more_places_than_processors_to_spare() {
        let places = Places::of(1);
        let first = places.take();
        assert!(first.is_some() && places.take().is_none());
        drop(first);
        assert!(places.take().is_some());
        let held = places.take();
        assert!(held.is_some() && places.forked().take().is_some());
        assert!(Places::of(0).take().is_none());
    }
}
