//! Whose digests are which, by their hashes in memory: for values of chance an index on the disk writes a page per object.

use std::{
    collections::BTreeSet,
    hash::{BuildHasher, RandomState},
    ops::RangeInclusive,
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

use crate::keys::KeyValue;

/// The digests of a store's objects by their hashes, each with the object's row.
///
/// Two digests may have one hash: a digest's key is no whole one, and what it finds is compared.
#[derive(Default)]
pub(crate) struct Digests {
    hasher: RandomState,
    rows: RwLock<BTreeSet<(u64, u32)>>,
}

impl Digests {
    /// Notes digests of objects.
    pub(crate) fn add<'a>(&self, digests: impl Iterator<Item = (&'a str, &'a KeyValue, u32)>) {
        let added = digests.map(|(vault, digest, row)| (self.hash(vault, digest), row));
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        rows.extend(added);
    }

    /// Forgets digests of objects.
    pub(crate) fn remove<'a>(&self, digests: impl Iterator<Item = (&'a str, &'a KeyValue, u32)>) {
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        for (vault, digest, row) in digests {
            rows.remove(&(self.hash(vault, digest), row));
        }
    }

    /// How many objects have the digest, as far as that is worth knowing.
    pub(crate) fn count(&self, vault: &str, digest: &KeyValue, most: usize) -> usize {
        let all = self.rows_until(vault, digest, u32::MAX);
        self.read().range(all).take(most).count()
    }

    /// Whether an object has the digest.
    pub(crate) fn has(&self, vault: &str, digest: &KeyValue, row: u32) -> bool {
        self.read().contains(&(self.hash(vault, digest), row))
    }

    /// Objects with the digest before one, newest first.
    pub(crate) fn before(&self, vault: &str, digest: &KeyValue, row: u32, most: usize) -> Vec<u32> {
        let Some(last) = row.checked_sub(1) else {
            return Vec::new();
        };
        let older = self.rows_until(vault, digest, last);
        let found = self.read();
        let found = found.range(older).rev().take(most);
        found.map(|(_, row)| *row).collect()
    }

    fn rows_until(&self, vault: &str, digest: &KeyValue, last: u32) -> RangeInclusive<(u64, u32)> {
        let hash = self.hash(vault, digest);
        (hash, 0)..=(hash, last)
    }

    fn hash(&self, vault: &str, digest: &KeyValue) -> u64 {
        self.hasher.hash_one((vault, digest))
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeSet<(u64, u32)>> {
        self.rows.read().unwrap_or_else(PoisonError::into_inner)
    }
}
