//! Many waiters, one write to the disk: whoever comes first syncs for all who wait.

use std::sync::{
    Condvar, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use super::TrailError;

/// Rounds of syncing that waiters share.
#[derive(Default)]
pub(super) struct Group {
    rounds: Mutex<Rounds>,
    /// Told to those who wait for a round with an even or an odd number: they wait for the running one or for the next.
    finished: [Condvar; 2],
    /// Whether there is a failure, to be asked without a lock.
    failed: AtomicBool,
}

#[derive(Default)]
struct Rounds {
    started: u64,
    finished: u64,
    running: bool,
    failure: Option<TrailError>,
}

impl Group {
    /// Returns once a round has finished that began after this call: what was written before it is on the disk.
    ///
    /// A failed round fails for ever, for all: the kernel forgets which pages it could not write, so that a second sync
    /// would succeed without them.
    pub(super) fn wait(
        &self,
        sync: impl FnOnce() -> Result<(), TrailError>,
    ) -> Result<(), TrailError> {
        let mut rounds = self.rounds.lock().unwrap_or_else(PoisonError::into_inner);
        let own = rounds.started + 1;
        loop {
            if let Some(failure) = &rounds.failure {
                return Err(failure.clone());
            }
            if rounds.finished >= own {
                return Ok(());
            }
            if !rounds.running {
                break;
            }
            let finished = self.finished(own);
            rounds = finished
                .wait(rounds)
                .unwrap_or_else(PoisonError::into_inner);
        }
        rounds.running = true;
        rounds.started += 1;
        drop(rounds);
        let result = sync();
        rounds = self.rounds.lock().unwrap_or_else(PoisonError::into_inner);
        rounds.running = false;
        rounds.finished = rounds.started;
        rounds.failure = result.as_ref().err().cloned();
        self.failed.store(result.is_err(), Ordering::Release);
        let own = rounds.finished;
        drop(rounds);
        self.finished(own).notify_all();
        if result.is_ok() {
            // One of those who wait for the next round begins it; the others may sleep on.
            self.finished(own + 1).notify_one();
        } else {
            self.finished(own + 1).notify_all();
        }
        result
    }

    fn finished(&self, round: u64) -> &Condvar {
        let [even, odd] = &self.finished;
        if round.is_multiple_of(2) { even } else { odd }
    }

    /// The failure that ended it, if one did.
    pub(super) fn failure(&self) -> Option<TrailError> {
        if !self.failed.load(Ordering::Acquire) {
            return None;
        }
        self.rounds
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .failure
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicU32, Ordering},
        time::Duration,
    };

    use super::*;

    #[test]
    fn waiters_share_rounds() {
        let group = Group::default();
        let rounds = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..32 {
                scope.spawn(|| {
                    group.wait(|| {
                        rounds.fetch_add(1, Ordering::Relaxed);
                        std::thread::sleep(Duration::from_millis(20));
                        Ok(())
                    })
                });
            }
        });
        let rounds = rounds.into_inner();
        assert!((1..16).contains(&rounds), "{rounds} rounds for 32 waiters");
    }

    #[test]
    fn a_failed_sync_is_final() {
        let group = Group::default();
        let failed = TrailError("the disk is gone".to_owned());
        assert_eq!(group.wait(|| Err(failed.clone())), Err(failed.clone()));
        assert_eq!(group.wait(|| Ok(())), Err(failed.clone()));
        assert_eq!(group.failure(), Some(failed));
    }
}
