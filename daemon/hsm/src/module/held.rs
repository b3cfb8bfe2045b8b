//! What a session holds ready: at most so many values by name, of which the one used longest ago makes room.

use std::collections::HashMap;

/// Values by name, bounded.
pub(super) struct Held<V> {
    entries: HashMap<Vec<u8>, (u64, V)>,
    entries_max: usize,
    /// Counts the uses.
    uses: u64,
}

impl<V> Held<V> {
    /// Room for so many values, and for one at least.
    pub(super) fn new(entries_max: usize) -> Self {
        Self {
            entries: HashMap::new(),
            entries_max: entries_max.max(1),
            uses: 0,
        }
    }

    /// The value of a name, which is used now.
    pub(super) fn get(&mut self, name: &[u8]) -> Option<&V> {
        self.uses += 1;
        let (used, value) = self.entries.get_mut(name)?;
        *used = self.uses;
        Some(value)
    }

    /// Takes out what must go before another value may be put in.
    pub(super) fn make_room(&mut self) -> Option<V> {
        if self.entries.len() < self.entries_max {
            return None;
        }
        let oldest = self.entries.iter().min_by_key(|(_, (used, _))| *used);
        let name = oldest.map(|(name, _)| name.clone())?;
        self.remove(&name)
    }

    /// Puts a value in, for which room was made.
    pub(super) fn insert(&mut self, name: &[u8], value: V) {
        self.uses += 1;
        self.entries.insert(name.to_vec(), (self.uses, value));
    }

    /// Takes a value out.
    pub(super) fn remove(&mut self, name: &[u8]) -> Option<V> {
        self.entries.remove(name).map(|(_, value)| value)
    }

    /// Takes everything out.
    pub(super) fn clear(&mut self) -> Vec<V> {
        let all = std::mem::take(&mut self.entries);
        all.into_values().map(|(_, value)| value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_longest_ago_makes_room() {
        let mut held = Held::new(3);
        for name in [b"a", b"b", b"c"] {
            assert_eq!(held.make_room(), None);
            held.insert(name, name[0]);
        }
        assert_eq!(held.get(b"a"), Some(&b'a'));
        assert_eq!(held.make_room(), Some(b'b'));
        held.insert(b"d", b'd');
        assert_eq!(held.get(b"b"), None);
        assert_eq!(held.make_room(), Some(b'c'));
        assert_eq!(held.remove(b"a"), Some(b'a'));
        assert_eq!(held.clear(), [b'd']);
        assert_eq!(held.get(b"d"), None);
    }

    #[test]
    fn one_is_held_at_least() {
        let mut held = Held::new(0);
        assert_eq!(held.make_room(), None);
        held.insert(b"a", 1);
        assert_eq!(held.make_room(), Some(1));
    }
}
