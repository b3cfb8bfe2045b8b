//! Names that are taken, by their hashes in memory: that a name is free is told without asking the database.

use std::{
    collections::HashSet,
    hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState},
    sync::{PoisonError, RwLock},
};

use crate::keys::NameKey;

/// The names of a store's objects, as far as a hash tells them.
///
/// Only "free" is an answer, and a hint: whoever is told so may still lose the name at the commit, where the key of a
/// table decides. So nothing is wrong when two names have one hash.
#[derive(Default)]
pub(crate) struct Taken {
    hasher: RandomState,
    names: RwLock<Names>,
}

#[derive(Default)]
struct Names {
    hashes: HashSet<u64, BuildHasherDefault<Unhashed>>,
    /// Whether the names that were stored before are among them.
    is_whole: bool,
}

impl Taken {
    /// Whether no object has the name.
    pub(crate) fn is_free(&self, name: &NameKey) -> bool {
        let hash = self.hasher.hash_one(name);
        let names = self.names.read().unwrap_or_else(PoisonError::into_inner);
        names.is_whole && !names.hashes.contains(&hash)
    }

    /// Notes what commits made of names: what was freed before what was taken.
    pub(crate) fn change<'a>(
        &self,
        freed: impl Iterator<Item = &'a NameKey>,
        taken: impl Iterator<Item = &'a NameKey>,
    ) {
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        for name in freed {
            names.hashes.remove(&self.hasher.hash_one(name));
        }
        let taken = taken.map(|name| self.hasher.hash_one(name));
        names.hashes.extend(taken);
    }

    /// Notes names that were stored before. One that was freed meanwhile counts as taken, and is asked for in vain.
    pub(crate) fn load(&self, taken: &[NameKey]) {
        self.change([].iter(), taken.iter());
    }

    /// Ends the loading.
    pub(crate) fn loaded(&self) {
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        names.is_whole = true;
    }
}

/// A hash is its own hash.
#[derive(Default)]
struct Unhashed(u64);

impl Hasher for Unhashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use kmip::attribute::Name;

    use super::*;

    fn name(vault: &str, value: &str) -> NameKey {
        NameKey::new(vault, &Name::text(value))
    }

    #[test]
    fn a_name_is_free_once_all_are_known_and_nobody_has_it() {
        let taken = Taken::default();
        let (one, other) = (name("v", "one"), name("v", "other"));
        taken.load(std::slice::from_ref(&one));
        assert!(!taken.is_free(&other), "not all are known");
        taken.loaded();
        assert!(taken.is_free(&other));
        assert!(!taken.is_free(&one));
        assert!(taken.is_free(&name("w", "one")), "of another vault");
    }

    #[test]
    fn a_name_that_passes_from_one_object_to_another_stays_taken() {
        let taken = Taken::default();
        taken.loaded();
        let (one, other) = (name("v", "one"), name("v", "other"));
        taken.change([].iter(), [&one].into_iter());
        taken.change([&one].into_iter(), [&one, &other].into_iter());
        assert!(!taken.is_free(&one));
        taken.change([&one].into_iter(), [].iter());
        assert!(taken.is_free(&one));
        assert!(!taken.is_free(&other));
    }
}
