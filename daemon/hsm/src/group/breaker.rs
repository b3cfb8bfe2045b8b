//! When a member of a group that failed is asked again: soon, and less often each time.

use std::time::Duration;

/// What a member's failures were like.
#[derive(Default)]
pub(super) struct Breaker {
    /// How often it failed again soon after it was taken back.
    relapses: u32,
    /// How many calls it had answered when it was taken back.
    taken_back_at: Option<u64>,
}

/// How long to wait before each time that it is asked.
pub(super) struct Pauses(Duration);

impl Breaker {
    /// It failed, after so many calls in all: when it is asked again. Whoever fails soon after being taken back is asked
    /// later at first.
    pub(super) fn trip(&mut self, calls: u64) -> Pauses {
        let is_relapse = self
            .taken_back_at
            .is_some_and(|at| calls.saturating_sub(at) < CALLS_OF_TRUST);
        self.relapses = if is_relapse {
            self.relapses.saturating_add(1)
        } else {
            0
        };
        let doubled = 1_u32.checked_shl(self.relapses).unwrap_or(u32::MAX);
        Pauses(FIRST.saturating_mul(doubled).min(LONGEST))
    }

    /// It was taken back, after so many calls in all.
    pub(super) const fn restore(&mut self, calls: u64) {
        self.taken_back_at = Some(calls);
    }
}

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let own = self.0;
        self.0 = (own * 2).min(LONGEST);
        Some(own)
    }
}

/// Between the failure and the first time that it is asked again.
const FIRST: Duration = Duration::from_millis(100);
/// Between two times. A member that is back is to be in use within five seconds, of which it may need some itself.
const LONGEST: Duration = Duration::from_secs(1);
/// After so many calls its earlier failures are forgotten.
const CALLS_OF_TRUST: u64 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(pauses: Pauses, count: usize) -> Vec<u128> {
        pauses.take(count).map(|own| own.as_millis()).collect()
    }

    #[test]
    fn it_is_asked_less_and_less_often() {
        let pauses = Breaker::default().trip(7);
        let seen = millis(pauses, 7);
        assert_eq!(seen, [100, 200, 400, 800, 1000, 1000, 1000]);
    }

    #[test]
    fn who_fails_again_at_once_is_asked_later() {
        let mut breaker = Breaker::default();
        let mut first = Vec::new();
        for calls in [10, 20, 30, 40, 50, 60, 70] {
            first.extend(millis(breaker.trip(calls), 1));
            breaker.restore(calls);
        }
        assert_eq!(first, [100, 200, 400, 800, 1000, 1000, 1000]);
    }

    #[test]
    fn a_hundred_answers_are_trusted() {
        let mut breaker = Breaker::default();
        breaker.trip(0);
        breaker.restore(0);
        assert_eq!(millis(breaker.trip(99), 1), [200]);
        breaker.restore(99);
        assert_eq!(millis(breaker.trip(199), 1), [100]);
    }
}
