//! How many messages are answered where they were read: one thread that reads must stay free when an HSM hangs, and awake.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::runtime::Handle;

use super::Shared;

/// How long nobody may be told that there is something to read when the thread that waits for it answers a message.
const UNREAD_MAX: Duration = Duration::from_millis(50);

/// The threads that may answer messages beside reading them.
pub(crate) struct Inline {
    threads: usize,
    left: AtomicUsize,
}

/// One of them, until it is dropped.
pub(super) struct Permit<'a>(&'a Inline);

impl Inline {
    /// So many threads at once.
    pub(crate) const fn new(threads: usize) -> Self {
        Self {
            threads,
            left: AtomicUsize::new(threads),
        }
    }

    /// Whether a message is being answered where it was read.
    fn is_busy(&self) -> bool {
        self.left.load(Ordering::Relaxed) < self.threads
    }

    /// A permit, if there is one left.
    pub(super) fn permit(&self) -> Option<Permit<'_>> {
        self.permit_beside(0)
    }

    /// A permit for a message that takes longer than others should wait to be read: another thread reads meanwhile. It
    /// leaves one for what is answered sooner.
    pub(super) fn permit_for_longer(&self) -> Option<Permit<'_>> {
        let permit = self.permit_beside(1)?;
        wake_another();
        Some(permit)
    }

    /// A permit, if others are left as well.
    fn permit_beside(&self, others: usize) -> Option<Permit<'_>> {
        let less = |left: usize| left.checked_sub(1).filter(|left| *left >= others);
        let taken = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        taken.is_ok().then(|| Permit(self))
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.left.fetch_add(1, Ordering::Relaxed);
    }
}

/// Wakes a thread to read in the place of this one. Of two tasks the runtime keeps one for the thread that has spawned
/// them, and wakes another thread for the other.
fn wake_another() {
    for _ in 0..2 {
        drop(tokio::spawn(async {}));
    }
}

/// Keeps somebody reading. The runtime wakes no other thread when the one that waits for what comes answers a message
/// itself, which takes as long as the HSM does; so one is woken while that lasts, and waits in its place.
pub(crate) fn keep_reading(shared: &Arc<Shared>) -> io::Result<()> {
    let (runtime, shared) = (Handle::current(), Arc::downgrade(shared));
    let watch = move || {
        while let Some(own) = shared.upgrade() {
            if own.inline.is_busy() {
                drop(runtime.spawn(async {}));
            }
            drop(own);
            thread::sleep(UNREAD_MAX);
        }
    };
    let named = thread::Builder::new().name("reading".to_owned());
    named.spawn(watch).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_no_more_permits_than_threads() {
        let inline = Inline::new(2);
        assert!(!inline.is_busy());
        let both = (inline.permit(), inline.permit());
        assert!(inline.is_busy());
        assert!(both.0.is_some() && both.1.is_some());
        // Asking for one that is not there makes none.
        assert!(inline.permit().is_none() && inline.permit().is_none());
        drop(both);
        assert!(!inline.is_busy());
        assert!(inline.permit().is_some());
    }
}
