//! A lock whose holder may be kept by a disk for as long as it likes: the others wait for their turn so long and no longer.

use std::{
    ops::{Deref, DerefMut},
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicBool, AtomicUsize, Ordering, fence},
    },
    time::Duration,
};

/// Something that one thread at a time works on.
#[derive(Default)]
pub(super) struct Turn<T> {
    value: Mutex<T>,
    /// Those who wait, so that whoever ends a turn makes no call of the system for nobody.
    waiting: AtomicUsize,
    gate: Mutex<()>,
    ended: Condvar,
    /// Whether somebody has waited in vain for the turn that lasts.
    hung: AtomicBool,
}

/// Somebody's turn lasts longer than others may wait.
#[derive(Debug)]
pub(super) struct Hung;

/// How often a short turn is looked for before its end is slept for.
const SPINS: u32 = 64;

impl<T> Turn<T> {
    pub(super) const fn new(value: T) -> Self {
        Self {
            value: Mutex::new(value),
            waiting: AtomicUsize::new(0),
            gate: Mutex::new(()),
            ended: Condvar::new(),
            hung: AtomicBool::new(false),
        }
    }

    /// Takes a turn, after waiting for so long at most; at once or not at all when others have waited in vain already.
    pub(super) fn take(&self, wait_max: Duration) -> Result<Taken<'_, T>, Hung> {
        for _ in 0..SPINS {
            if let Some(taken) = self.try_take() {
                return Ok(taken);
            }
            std::hint::spin_loop();
        }
        if self.is_hung() {
            return Err(Hung);
        }
        self.queue(wait_max)
            .ok_or_else(|| {
                self.hung.store(true, Ordering::SeqCst);
                Hung
            })
            // It may have ended before it was said to hang; whoever has it otherwise takes that back.
            .or_else(|hung| self.try_take().ok_or(hung))
    }

    /// Takes a turn, however long that lasts.
    pub(super) fn take_patiently(&self) -> Taken<'_, T> {
        loop {
            if let Some(taken) = self.queue(Duration::from_secs(1)) {
                return taken;
            }
        }
    }

    /// Whether somebody has waited in vain for the turn that lasts.
    pub(super) fn is_hung(&self) -> bool {
        self.hung.load(Ordering::SeqCst)
    }

    fn try_take(&self) -> Option<Taken<'_, T>> {
        let guard = match self.value.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        Some(Taken {
            guard,
            _end: End(self),
        })
    }

    fn queue(&self, wait_max: Duration) -> Option<Taken<'_, T>> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        let mut gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = loop {
            // Whoever ends a turn from here on sees that somebody waits, and comes through the gate to say so.
            if let Some(taken) = self.try_take() {
                break Some(taken);
            }
            let (back, waited) = self
                .ended
                .wait_timeout(gate, wait_max)
                .unwrap_or_else(PoisonError::into_inner);
            gate = back;
            if waited.timed_out() {
                break self.try_take();
            }
        };
        drop(gate);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        taken
    }
}

/// A turn, which ends when this is dropped.
pub(super) struct Taken<'a, T> {
    // In this order they end: what was taken is free before anybody is told.
    guard: MutexGuard<'a, T>,
    _end: End<'a, T>,
}

impl<T> Deref for Taken<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> DerefMut for Taken<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

/// Tells whoever waits that a turn has ended.
struct End<'a, T>(&'a Turn<T>);

impl<T> Drop for End<'_, T> {
    fn drop(&mut self) {
        let turn = self.0;
        fence(Ordering::SeqCst);
        if turn.is_hung() {
            turn.hung.store(false, Ordering::SeqCst);
        }
        if turn.waiting.load(Ordering::SeqCst) > 0 {
            // Who waits holds the gate from its last look at the turn until it sleeps.
            drop(turn.gate.lock().unwrap_or_else(PoisonError::into_inner));
            turn.ended.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc::channel, thread};

    use super::*;

    const SHORT: Duration = Duration::from_millis(20);

    #[test]
    fn every_turn_is_taken_by_one() {
        let turn = Turn::new(0_u32);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..5_000 {
                        *turn.take(Duration::from_secs(60)).unwrap() += 1;
                    }
                });
            }
        });
        assert_eq!(*turn.take(SHORT).unwrap(), 40_000);
        assert!(!turn.is_hung());
    }

    #[test]
    fn a_turn_that_lasts_is_told_and_ends() {
        let turn = Turn::new(());
        let lasting = turn.take(SHORT).unwrap();
        assert!(turn.take(SHORT).is_err());
        assert!(turn.is_hung());
        // Whoever comes now is told at once.
        assert!(turn.take(Duration::MAX).is_err());
        thread::scope(|scope| {
            let (tell, told) = channel();
            let own = &turn;
            scope.spawn(move || {
                drop(own.take_patiently());
                tell.send(()).unwrap();
            });
            while turn.waiting.load(Ordering::SeqCst) == 0 {
                thread::yield_now();
            }
            drop(lasting);
            told.recv().unwrap();
        });
        assert!(!turn.is_hung());
        assert!(turn.take(SHORT).is_ok());
    }
}
