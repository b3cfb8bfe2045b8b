//! Classes and their rows: rows move between them with commits and with time.

use std::collections::{BTreeSet, BinaryHeap, HashMap};

use kmip::{State, ttlv::Timestamp};
use roaring::RoaringBitmap;

use crate::{
    Record,
    facets::{self, Facets},
};

/// The time of a search is that of its message, which may be older than that of the last search by this much.
const BEHIND_SECONDS_MAX: i64 = 60;

/// The classes there are, and the class of each row.
#[derive(Default)]
pub(super) struct Classes {
    pub(super) by_number: HashMap<u32, Class>,
    pub(super) numbers: HashMap<Vec<u8>, u32>,
    /// In the order in which they were founded, which is that of their numbers.
    pub(super) of_vault: HashMap<String, Vec<u32>>,
    /// The class of each row; 0 of rows not known.
    of_row: Vec<u32>,
    /// The number of the class founded last; none is given twice.
    pub(super) last_number: u32,
    dated: HashMap<u32, Dated>,
    /// When which row's state changes by itself next.
    pub(super) due: BTreeSet<(Timestamp, u32)>,
    settled: Timestamp,
}

/// One class and its objects.
pub(super) struct Class {
    pub(super) facets: Facets,
    key: Vec<u8>,
    pub(super) rows: RoaringBitmap,
}

/// What a record says of its class, told by whoever has the record so that nobody waits meanwhile.
pub(crate) struct Standing {
    facets: Facets,
    /// The key of the facets.
    key: Vec<u8>,
    dates: Option<Dates>,
}

impl Standing {
    pub(crate) fn of(record: &Record) -> Self {
        let facets = Facets::of(record);
        Self {
            key: facets.key(),
            facets,
            dates: Dates::of(record),
        }
    }
}

/// An object whose dates may still act.
struct Dated {
    facets: Facets,
    stored: Dates,
}

/// What the state at a time is told from.
#[derive(Clone, Copy)]
struct Dates {
    state: State,
    activation: Option<Timestamp>,
    deactivation: Option<Timestamp>,
}

impl Dates {
    /// The dates of a record, if there are any that its state will follow.
    fn of(record: &Record) -> Option<Self> {
        let attributes = &record.attributes;
        let state = attributes.state?;
        let own = Self {
            state,
            activation: attributes
                .activation_date
                .filter(|_| state == State::PreActive),
            deactivation: attributes
                .deactivation_date
                .filter(|_| matches!(state, State::PreActive | State::Active)),
        };
        (own.activation.is_some() || own.deactivation.is_some()).then_some(own)
    }

    /// The state at a time.
    fn state_at(&self, now: Timestamp) -> Option<State> {
        facets::state_at(Some(self.state), self.activation, self.deactivation, now)
    }

    /// When the state changes by itself after a time.
    fn next_after(&self, now: Timestamp) -> Option<Timestamp> {
        [self.activation, self.deactivation]
            .into_iter()
            .flatten()
            .filter(|date| *date > now)
            .min()
    }
}

impl Classes {
    /// The class of a row; 0 where it is not known.
    pub(super) fn class_of(&self, row: u32) -> u32 {
        usize::try_from(row)
            .ok()
            .and_then(|row| self.of_row.get(row))
            .copied()
            .unwrap_or(0)
    }

    /// The classes of a vault that were founded after one.
    pub(super) fn founded_after(
        &self,
        vault: &str,
        last: u32,
    ) -> impl Iterator<Item = (u32, &Class)> {
        let own = self.of_vault.get(vault).map_or(&[][..], Vec::as_slice);
        let known = own.partition_point(|number| *number <= last);
        let founded = own.iter().skip(known);
        founded.filter_map(|number| Some((*number, self.by_number.get(number)?)))
    }

    /// The rows of classes before one, newest first.
    pub(super) fn newest(&self, numbers: &[u32], before: u32) -> impl Iterator<Item = u32> {
        let classes = numbers
            .iter()
            .filter_map(|number| self.by_number.get(number));
        let mut walks: Vec<_> = classes
            .map(|class| class.rows.range(..before).rev())
            .collect();
        let mut heads: BinaryHeap<(u32, usize)> = walks
            .iter_mut()
            .enumerate()
            .filter_map(|(n, walk)| Some((walk.next()?, n)))
            .collect();
        std::iter::from_fn(move || {
            let (row, n) = heads.pop()?;
            let next = walks.get_mut(n).and_then(Iterator::next);
            heads.extend(next.map(|row| (row, n)));
            Some(row)
        })
    }

    /// Notes what an object is like now.
    pub(super) fn put(&mut self, row: u32, standing: Standing) {
        if let Some(old) = self.dated.remove(&row) {
            self.forget_due(row, old.stored);
        }
        let Standing {
            mut facets,
            mut key,
            dates,
        } = standing;
        if let Some(stored) = dates {
            self.due
                .extend(stored.next_after(self.settled).map(|next| (next, row)));
            facets.record.attributes.state = stored.state_at(self.settled);
            key = facets.key();
            let facets = facets.clone();
            self.dated.insert(row, Dated { facets, stored });
        }
        self.classify(row, facets, key);
    }

    fn forget_due(&mut self, row: u32, stored: Dates) {
        for date in [stored.activation, stored.deactivation]
            .into_iter()
            .flatten()
        {
            self.due.remove(&(date, row));
        }
    }

    /// Moves a row into the class of these facets.
    fn classify(&mut self, row: u32, facets: Facets, key: Vec<u8>) {
        let number = match self.numbers.get(&key) {
            Some(number) => *number,
            None => self.found(facets, key),
        };
        let Ok(place) = usize::try_from(row) else {
            return;
        };
        if self.of_row.len() <= place {
            self.of_row.resize(place + 1, 0);
        }
        let before = self
            .of_row
            .get_mut(place)
            .map_or(0, |own| std::mem::replace(own, number));
        if before == number {
            return;
        }
        if let Some(class) = self.by_number.get_mut(&number) {
            class.rows.insert(row);
        }
        self.leave(row, before);
    }

    /// A class of its own for facets that no object had before.
    fn found(&mut self, facets: Facets, key: Vec<u8>) -> u32 {
        self.last_number += 1;
        let number = self.last_number;
        self.numbers.insert(key.clone(), number);
        self.of_vault
            .entry(facets.record.vault.clone())
            .or_default()
            .push(number);
        let rows = RoaringBitmap::new();
        self.by_number.insert(number, Class { facets, key, rows });
        number
    }

    /// Takes a row out of a class, and forgets a class that has no objects left.
    fn leave(&mut self, row: u32, number: u32) {
        let Some(class) = self.by_number.get_mut(&number) else {
            return;
        };
        class.rows.remove(row);
        if class.rows.is_empty()
            && let Some(class) = self.by_number.remove(&number)
        {
            self.numbers.remove(&class.key);
            if let Some(own) = self.of_vault.get_mut(&class.facets.record.vault) {
                own.retain(|other| *other != number);
            }
        }
    }

    /// Whether dates have come that have not acted.
    pub(super) fn is_unsettled(&self, now: Timestamp) -> bool {
        self.due.first().is_some_and(|(date, _)| *date <= now) || self.is_ahead(now)
    }

    fn is_ahead(&self, now: Timestamp) -> bool {
        !self.dated.is_empty() && self.settled.0 - now.0 > BEHIND_SECONDS_MAX
    }

    /// Lets the dates act that have come (KMIP 2.1 §4.57, transitions 4 and 6).
    pub(super) fn settle(&mut self, now: Timestamp) {
        if self.is_ahead(now) {
            // Somebody has set the clock back: what acted too early is told anew.
            self.due.clear();
            self.settled = now;
            let rows: Vec<u32> = self.dated.keys().copied().collect();
            rows.into_iter().for_each(|row| self.act(row, now));
            return;
        }
        self.settled = self.settled.max(now);
        while let Some((date, row)) = self.due.first().copied() {
            if date > now {
                break;
            }
            self.due.pop_first();
            self.act(row, now);
        }
    }

    fn act(&mut self, row: u32, now: Timestamp) {
        let Some(dated) = self.dated.get(&row) else {
            return;
        };
        let stored = dated.stored;
        let mut facets = dated.facets.clone();
        facets.record.attributes.state = stored.state_at(now);
        self.due
            .extend(stored.next_after(now).map(|next| (next, row)));
        let key = facets.key();
        self.classify(row, facets, key);
    }
}
