//! What the daemon tells clients unasked: who listens, and what waits to be sent to them (KMIP 2.1 §6.2).
//!
//! A client listens on a connection whose roles it has turned with Set Endpoint Role, or at an address of its own that the
//! daemon connects to. It is first asked what it serves; then it is told of every change of an object whose attributes it
//! may read, and given what is put to it.

mod change;
mod limits;
mod news;
mod question;
mod subscription;

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
};

use kmip::ttlv::Timestamp;

pub(crate) use self::{change::Change, news::What, subscription::Answer};
pub use self::{
    limits::Limits,
    news::Delivery,
    subscription::{Next, Subscription, Terms},
};

/// Everybody who listens.
#[derive(Default)]
pub(crate) struct Subscriptions {
    all: Mutex<Vec<Arc<Subscription>>>,
    count: AtomicUsize,
    /// Until when it was told what dates do by themselves.
    told_until: AtomicI64,
}

impl Subscriptions {
    fn locked(&self) -> MutexGuard<'_, Vec<Arc<Subscription>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a client listen.
    pub(crate) fn add(&self, own: Arc<Subscription>) {
        let mut all = self.locked();
        all.push(own);
        self.count.store(all.len(), Ordering::Release);
    }

    /// Lets a client go.
    pub(crate) fn remove(&self, gone: &Arc<Subscription>) {
        let mut all = self.locked();
        all.retain(|own| !Arc::ptr_eq(own, gone));
        self.count.store(all.len(), Ordering::Release);
    }

    /// Whether anybody listens: what changes is compared only then.
    pub(crate) fn is_heard(&self) -> bool {
        self.count.load(Ordering::Acquire) > 0
    }

    /// Everybody who listens now.
    pub(crate) fn all(&self) -> Vec<Arc<Subscription>> {
        if self.is_heard() {
            self.locked().clone()
        } else {
            Vec::new()
        }
    }

    /// The vaults of those who listen.
    pub(crate) fn vaults(&self) -> BTreeSet<String> {
        let all = self.all().into_iter();
        all.map(|own| own.terms().vault.clone()).collect()
    }

    /// The seconds that were not told of yet, the first and the last; none at the first time.
    pub(crate) fn untold(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let until = self.told_until.fetch_max(now.0, Ordering::AcqRel);
        let has_begun = until != 0 && until < now.0;
        has_begun.then_some((Timestamp(until + 1), now))
    }
}
