//! How many messages are answered where they were read: one thread that reads must stay free when an HSM hangs.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The threads that may answer messages beside reading them.
pub(crate) struct Inline(AtomicUsize);

/// One of them, until it is dropped.
pub(super) struct Permit<'a>(&'a Inline);

impl Inline {
    /// So many threads at once.
    pub(crate) const fn new(threads: usize) -> Self {
        Self(AtomicUsize::new(threads))
    }

    /// A permit, if there is one left.
    pub(super) fn permit(&self) -> Option<Permit<'_>> {
        let taken = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            });
        taken.is_ok().then(|| Permit(self))
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_no_more_permits_than_threads() {
        let inline = Inline::new(2);
        let both = (inline.permit(), inline.permit());
        assert!(both.0.is_some() && both.1.is_some());
        // Asking for one that is not there makes none.
        assert!(inline.permit().is_none() && inline.permit().is_none());
        drop(both);
        assert!(inline.permit().is_some());
    }
}
