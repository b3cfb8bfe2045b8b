//! A bounded cache from bytes to shared values: sharded, so that no lock is everybody's.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// Values by the bytes they were made of. When it is full, what was not asked for lately makes room (CLOCK).
pub(crate) struct Cache<V> {
    hasher: RandomState,
    shards: Box<[RwLock<Shard<V>>]>,
}

struct Shard<V> {
    places: HashMap<u64, usize>,
    entries: Vec<Entry<V>>,
    entries_max: usize,
    hand: usize,
}

struct Entry<V> {
    hash: u64,
    name: Box<[u8]>,
    value: Arc<V>,
    used: AtomicBool,
}

impl<V> Cache<V> {
    /// A cache of at most so many entries; none at all with zero.
    pub(crate) fn new(entries_max: usize) -> Self {
        let shards = if entries_max < 16 * SHARDS { 1 } else { SHARDS };
        let shard = || Shard {
            places: HashMap::new(),
            entries: Vec::new(),
            entries_max: entries_max / shards,
            hand: 0,
        };
        Self {
            hasher: RandomState::new(),
            shards: (0..shards).map(|_| RwLock::new(shard())).collect(),
        }
    }

    /// The value of a name, if it is here.
    pub(crate) fn get(&self, name: &[u8]) -> Option<Arc<V>> {
        let hash = self.hash(name);
        let shard = self
            .shard(hash)?
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let entry = shard.entries.get(*shard.places.get(&hash)?)?;
        if *entry.name != *name {
            return None;
        }
        // Written only when it changes, so that readers of one hot key do not fight for its cache line.
        if !entry.used.load(Ordering::Relaxed) {
            entry.used.store(true, Ordering::Relaxed);
        }
        Some(Arc::clone(&entry.value))
    }

    /// Keeps a value; of two names with one hash, the later stays.
    pub(crate) fn insert(&self, name: &[u8], value: Arc<V>) {
        let hash = self.hash(name);
        let Some(shard) = self.shard(hash) else {
            return;
        };
        let entry = Entry {
            hash,
            name: name.into(),
            value,
            used: AtomicBool::new(false),
        };
        // What is pushed out is dropped, and its key zeroed, after the lock.
        let _pushed_out = shard
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(entry);
    }

    /// Forgets a value.
    pub(crate) fn remove(&self, name: &[u8]) {
        let hash = self.hash(name);
        if let Some(shard) = self.shard(hash) {
            let _forgotten = shard
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(hash, name);
        }
    }

    /// Forgets half of the values, those used lately last.
    pub(crate) fn halve(&self) {
        for shard in &self.shards {
            let mut forgotten = Vec::new();
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            for _ in 0..shard.entries.len().div_ceil(2) {
                let place = shard.victim();
                forgotten.extend(shard.take(place));
            }
            drop(shard);
        }
    }

    /// Names end in a tag, a modulus or a point, so their end tells them apart and is all that need be hashed.
    fn hash(&self, name: &[u8]) -> u64 {
        let end = name.last_chunk::<HASHED_BYTES>();
        self.hasher.hash_one(end.map_or(name, |end| end.as_slice()))
    }

    fn shard(&self, hash: u64) -> Option<&RwLock<Shard<V>>> {
        let count = u64::try_from(self.shards.len()).ok()?;
        self.shards.get(usize::try_from(hash % count).ok()?)
    }
}

impl<V> Shard<V> {
    fn insert(&mut self, entry: Entry<V>) -> Option<Entry<V>> {
        if self.entries_max == 0 {
            return Some(entry);
        }
        let place = match self.places.get(&entry.hash) {
            Some(place) => *place,
            None if self.entries.len() < self.entries_max => {
                self.places.insert(entry.hash, self.entries.len());
                self.entries.push(entry);
                return None;
            }
            None => self.victim(),
        };
        let old = self.entries.get_mut(place)?;
        self.places.remove(&old.hash);
        self.places.insert(entry.hash, place);
        Some(std::mem::replace(old, entry))
    }

    /// The next entry that was not used since the hand last passed it.
    fn victim(&mut self) -> usize {
        loop {
            let place = self.hand;
            self.hand = (self.hand + 1) % self.entries.len();
            let used = self
                .entries
                .get_mut(place)
                .is_some_and(|entry| std::mem::take(entry.used.get_mut()));
            if !used {
                return place;
            }
        }
    }

    fn remove(&mut self, hash: u64, name: &[u8]) -> Option<Entry<V>> {
        let place = *self.places.get(&hash)?;
        if *self.entries.get(place)?.name != *name {
            return None;
        }
        self.take(place)
    }

    fn take(&mut self, place: usize) -> Option<Entry<V>> {
        self.places.remove(&self.entries.get(place)?.hash);
        let taken = self.entries.swap_remove(place);
        if let Some(moved) = self.entries.get(place) {
            self.places.insert(moved.hash, place);
        }
        // Whoever moved here comes next; the rest of the round goes on.
        self.hand = if place < self.entries.len() { place } else { 0 };
        Some(taken)
    }
}

const SHARDS: usize = 64;
const HASHED_BYTES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn count<V>(cache: &Cache<V>) -> usize {
        let lengths = cache.shards.iter().map(|shard| {
            let shard = shard.read().unwrap();
            assert_eq!(shard.places.len(), shard.entries.len());
            for (hash, place) in &shard.places {
                assert_eq!(shard.entries[*place].hash, *hash);
            }
            shard.entries.len()
        });
        lengths.sum()
    }

    #[test]
    fn never_holds_more_than_it_may_and_gives_back_what_it_holds() {
        for entries_max in [0, 1, 7, 1023, 2048] {
            let cache = Cache::new(entries_max);
            for number in 0..5000_u32 {
                let name = number.to_be_bytes();
                cache.insert(&name, Arc::new(number));
                if entries_max > 0 {
                    assert_eq!(cache.get(&name).as_deref(), Some(&number));
                }
                if number % 3 == 0 {
                    cache.remove(&name);
                    assert_eq!(cache.get(&name), None);
                }
            }
            let held = count(&cache);
            assert!(held <= entries_max, "{held} of {entries_max}");
            assert!(held * 2 >= entries_max, "{held} of {entries_max}");
        }
    }

    #[test]
    fn what_is_used_stays() {
        let cache = Cache::new(8);
        cache.insert(b"hot", Arc::new(0));
        for number in 0..1000_u32 {
            assert!(cache.get(b"hot").is_some(), "lost after {number}");
            cache.insert(&number.to_be_bytes(), Arc::new(number));
        }
    }

    #[test]
    fn halving_keeps_what_is_used() {
        let cache = Cache::new(100);
        for number in 0..100_u32 {
            cache.insert(&number.to_be_bytes(), Arc::new(number));
        }
        for number in 0..50_u32 {
            cache.get(&number.to_be_bytes()).unwrap();
        }
        cache.halve();
        assert_eq!(count(&cache), 50);
        assert!((0..40_u32).all(|number| cache.get(&number.to_be_bytes()).is_some()));
        for _ in 0..10 {
            cache.halve();
        }
        assert_eq!(count(&cache), 0);
    }

    #[test]
    fn a_name_that_only_ends_alike_is_another() {
        let cache = Cache::new(8);
        let (one, two) = ([1_u8; 40], [[2_u8; 8].as_slice(), &[1; 32]].concat());
        cache.insert(&one, Arc::new(1));
        assert_eq!(cache.get(&two), None);
        cache.remove(&two);
        assert_eq!(cache.get(&one).as_deref(), Some(&1));
    }
}
