//! What was read stays in memory: records by identifier, holders of names; bounded, and never stale after a commit.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{ObjectId, Record, keys::NameKey};

/// Enough that two threads seldom meet at one lock.
const SHARDS: usize = 64;

/// The caches of a store.
pub(crate) struct Cache {
    /// Records as last committed.
    pub(crate) records: Sharded<ObjectId, Arc<Record>>,
    /// Which object that is not destroyed has a name.
    pub(crate) names: Sharded<NameKey, ObjectId>,
}

impl Cache {
    pub(crate) fn new(entries_max: usize) -> Self {
        Self {
            records: Sharded::new(entries_max),
            names: Sharded::new(entries_max),
        }
    }
}

/// A bounded map in parts with a lock each. What was used since the hand last came by stays when room is needed.
///
/// Readers fill it from the database, the writer corrects it after each commit. A reader may hold an old value while
/// the writer commits a new one, so it must show the ticket it drew before it asked the database: the writer makes the
/// part's tickets void with every correction, and a void ticket fills nothing.
pub(crate) struct Sharded<K, V> {
    hasher: RandomState,
    shards: Vec<RwLock<Shard<K, V>>>,
}

/// The right to fill in what the database said after this moment.
pub(crate) struct Ticket(u64);

/// What a look-up gave.
pub(crate) enum Found<V> {
    Hit(V),
    Miss(Ticket),
}

struct Shard<K, V> {
    entries_max: usize,
    corrections: u64,
    places: HashMap<K, usize>,
    entries: Vec<Entry<K, V>>,
    hand: usize,
}

struct Entry<K, V> {
    key: K,
    value: V,
    was_used: AtomicBool,
}

impl<K: Clone + Eq + Hash, V: Clone> Sharded<K, V> {
    fn new(entries_max: usize) -> Self {
        let shard = || {
            RwLock::new(Shard {
                entries_max: entries_max.div_ceil(SHARDS),
                corrections: 0,
                places: HashMap::new(),
                entries: Vec::new(),
                hand: 0,
            })
        };
        Self {
            hasher: RandomState::new(),
            shards: std::iter::repeat_with(shard).take(SHARDS).collect(),
        }
    }

    /// The value, or a ticket to fill it in.
    pub(crate) fn find(&self, key: &K) -> Found<V> {
        let Some(shard) = self.shard(key) else {
            return Found::Miss(Ticket(u64::MAX));
        };
        let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
        let place = shard.places.get(key);
        match place.and_then(|place| shard.entries.get(*place)) {
            Some(entry) => {
                // Storing only what is news keeps the line shared between cores.
                if !entry.was_used.load(Ordering::Relaxed) {
                    entry.was_used.store(true, Ordering::Relaxed);
                }
                Found::Hit(entry.value.clone())
            }
            None => Found::Miss(Ticket(shard.corrections)),
        }
    }

    /// Keeps what the database said, unless it may have changed since.
    pub(crate) fn fill(&self, key: K, value: V, ticket: &Ticket) {
        let Some(shard) = self.shard(&key) else {
            return;
        };
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        if shard.corrections == ticket.0 && !shard.places.contains_key(&key) {
            shard.add(key, value);
        }
    }

    /// Tells what a commit made of the key: replaces or drops what is kept, and voids the tickets.
    pub(crate) fn correct(&self, key: &K, value: Option<V>) {
        let Some(shard) = self.shard(key) else {
            return;
        };
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        shard.corrections += 1;
        let place = shard.places.get(key).copied();
        match (place, value) {
            (Some(place), Some(value)) => {
                if let Some(entry) = shard.entries.get_mut(place) {
                    entry.value = value;
                }
            }
            (Some(place), None) => shard.remove(place),
            (None, _) => {}
        }
    }

    fn shard(&self, key: &K) -> Option<&RwLock<Shard<K, V>>> {
        // The upper bits choose the part, for the map within uses the lower ones.
        let n = usize::try_from(self.hasher.hash_one(key) >> 32).unwrap_or_default() % SHARDS;
        self.shards.get(n)
    }
}

impl<K: Clone + Eq + Hash, V> Shard<K, V> {
    fn add(&mut self, key: K, value: V) {
        let entry = Entry {
            key: key.clone(),
            value,
            was_used: AtomicBool::new(false),
        };
        if self.entries.len() < self.entries_max {
            self.places.insert(key, self.entries.len());
            self.entries.push(entry);
            return;
        }
        let place = self.next_unused();
        if let Some(old) = self.entries.get_mut(place) {
            self.places.remove(&old.key);
            *old = entry;
            self.places.insert(key, place);
        }
    }

    /// Turns the hand to an entry that was not used since it last came by; after a whole turn any will do.
    fn next_unused(&mut self) -> usize {
        for _ in 0..=self.entries.len() {
            let place = self.hand;
            self.hand = (self.hand + 1) % self.entries.len().max(1);
            let entry = self.entries.get(place);
            if !entry.is_some_and(|entry| entry.was_used.swap(false, Ordering::Relaxed)) {
                return place;
            }
        }
        self.hand
    }

    fn remove(&mut self, place: usize) {
        let old = self.entries.swap_remove(place);
        self.places.remove(&old.key);
        if let Some(moved) = self.entries.get(place) {
            self.places.insert(moved.key.clone(), place);
        }
        self.hand = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(cache: &Sharded<u32, u32>, key: u32, value: u32) {
        if let Found::Miss(ticket) = cache.find(&key) {
            cache.fill(key, value, &ticket);
        }
    }

    fn value(cache: &Sharded<u32, u32>, key: u32) -> Option<u32> {
        match cache.find(&key) {
            Found::Hit(value) => Some(value),
            Found::Miss(_) => None,
        }
    }

    #[test]
    fn a_value_read_before_a_commit_is_not_filled_in_after_it() {
        let cache = Sharded::new(1_000);
        let Found::Miss(ticket) = cache.find(&1) else {
            panic!("the cache is empty");
        };
        cache.correct(&1, Some(8));
        cache.fill(1, 7, &ticket);
        assert_eq!(value(&cache, 1), None);
        fill(&cache, 1, 8);
        assert_eq!(value(&cache, 1), Some(8));
    }

    #[test]
    fn commits_replace_and_drop_what_is_kept() {
        // Keys fall on shards at random, so each shard must have room for many more than its share.
        let cache = Sharded::new(SHARDS * 500);
        (0..500).for_each(|key| fill(&cache, key, key));
        (0..500).for_each(|key| cache.correct(&key, (key % 2 == 0).then_some(key + 1)));
        for key in 0..500 {
            assert_eq!(value(&cache, key), (key % 2 == 0).then_some(key + 1));
        }
    }

    #[test]
    fn what_is_kept_is_bounded_and_what_is_used_stays() {
        let cache = Sharded::new(SHARDS * 4);
        fill(&cache, u32::MAX, 0);
        for key in 0..10_000 {
            fill(&cache, key, key);
            assert_eq!(value(&cache, u32::MAX), Some(0));
        }
        let kept = (0..10_000)
            .filter(|key| value(&cache, *key).is_some())
            .count();
        assert!(kept < SHARDS * 4, "{kept} entries");
        assert!(kept > SHARDS * 2, "{kept} entries");
    }

    #[test]
    fn a_cache_of_nothing_keeps_nothing() {
        let cache = Sharded::new(0);
        fill(&cache, 1, 1);
        assert_eq!(value(&cache, 1), None);
    }
}
