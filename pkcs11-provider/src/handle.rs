//! Handles: numbers that callers hold, each for one thing; the map is locked only to look up.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use pkcs11::Ulong;

/// Things by their handles. A handle is never given twice, and stays within 32 bits, which Java and Go hosts need.
pub(crate) struct Handles<T> {
    next: AtomicU32,
    all: Mutex<HashMap<Ulong, Arc<T>>>,
}

impl<T> Default for Handles<T> {
    fn default() -> Self {
        Self {
            next: AtomicU32::new(1),
            all: Mutex::default(),
        }
    }
}

impl<T> Handles<T> {
    /// Puts a thing in and tells its handle.
    pub(crate) fn insert(&self, make: impl FnOnce(Ulong) -> T) -> (Ulong, Arc<T>) {
        let handle = Ulong::from(self.next.fetch_add(1, Ordering::Relaxed));
        let thing = Arc::new(make(handle));
        self.lock().insert(handle, Arc::clone(&thing));
        (handle, thing)
    }

    /// Other things under the same handles.
    pub(crate) fn map(&self, other: impl Fn(&T) -> Option<T>) -> Self {
        let all = self.lock();
        let others = all
            .iter()
            .filter_map(|(handle, thing)| Some((*handle, Arc::new(other(thing)?))))
            .collect();
        Self {
            next: AtomicU32::new(self.next.load(Ordering::Relaxed)),
            all: Mutex::new(others),
        }
    }

    /// The thing with this handle.
    pub(crate) fn find(&self, handle: Ulong) -> Option<Arc<T>> {
        self.lock().get(&handle).cloned()
    }

    /// Puts another thing under a handle that was given.
    pub(crate) fn replace(&self, handle: Ulong, thing: T) {
        self.lock().insert(handle, Arc::new(thing));
    }

    /// Takes a thing out.
    pub(crate) fn remove(&self, handle: Ulong) -> Option<Arc<T>> {
        self.lock().remove(&handle)
    }

    /// Takes out all that fit.
    pub(crate) fn remove_all(&self, fits: impl Fn(&T) -> bool) -> Vec<(Ulong, Arc<T>)> {
        self.lock().extract_if(|_, thing| fits(thing)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Ulong, Arc<T>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_not_given_twice() {
        let handles = Handles::default();
        let (first, _) = handles.insert(|handle| handle);
        assert_eq!(handles.find(first).as_deref(), Some(&first));
        assert!(handles.remove(first).is_some());
        let (second, _) = handles.insert(|handle| handle);
        assert_ne!(first, second);
        assert!(handles.find(first).is_none());
        assert_eq!(handles.remove_all(|own| *own == second).len(), 1);
    }
}
