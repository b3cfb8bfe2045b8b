//! Which objects are of which class, in memory: what few values tell apart, so that whole classes are found or left out.

use std::{
    collections::{BTreeSet, BinaryHeap, HashMap},
    sync::{Condvar, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use kmip::{State, StorageStatusMask, attribute::Attribute, ttlv::Timestamp};
use roaring::RoaringBitmap;

use crate::{
    Error, Page, Record, Result, Scope,
    facets::{self, Facets},
};

/// The time of a search is that of its message, which may be older than that of the last search by this much.
const BEHIND_SECONDS_MAX: i64 = 60;

/// The classes of a store's objects.
///
/// A class is a vault, an owner, and one set of values of every attribute that is no search key; there are few, however
/// many objects there are. An object's row in the database is its number here, and the order of creation.
#[derive(Default)]
pub(crate) struct Census {
    classes: RwLock<Classes>,
    loading: Mutex<Loading>,
    progressed: Condvar,
}

/// How far the reading of what was stored before has come.
#[derive(Clone, Default)]
enum Loading {
    #[default]
    Running,
    Done,
    Failed(Error),
}

#[derive(Default)]
struct Classes {
    by_number: HashMap<u32, Class>,
    numbers: HashMap<Vec<u8>, u32>,
    of_vault: HashMap<String, Vec<u32>>,
    /// The class of each row; 0 of rows not known.
    of_row: Vec<u32>,
    last_number: u32,
    dated: HashMap<u32, Dated>,
    /// When which row's state changes by itself next.
    due: BTreeSet<(Timestamp, u32)>,
    settled: Timestamp,
}

struct Class {
    facets: Facets,
    key: Vec<u8>,
    rows: RoaringBitmap,
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

    /// When the state changes by itself after a time.
    fn next_after(&self, now: Timestamp) -> Option<Timestamp> {
        [self.activation, self.deactivation]
            .into_iter()
            .flatten()
            .filter(|date| *date > now)
            .min()
    }
}

/// Classes that match, and how many objects they have.
pub(crate) struct Selection {
    numbers: Vec<u32>,
    /// How many objects are of these classes.
    pub(crate) total: u64,
}

impl Census {
    /// Notes what a commit made of an object.
    pub(crate) fn put(&self, row: u32, record: &Record) {
        self.write().put(row, record);
    }

    /// Notes objects that were stored before, unless a commit has already told of them.
    pub(crate) fn load(&self, records: &[(u32, Record)]) {
        let mut classes = self.write();
        for (row, record) in records {
            if classes.class_of(*row) == 0 {
                classes.put(*row, record);
            }
        }
    }

    /// Ends the loading: searches wait for it.
    pub(crate) fn loaded(&self, result: Result<()>) {
        let outcome = result.map_or_else(Loading::Failed, |()| Loading::Done);
        *self.loading.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
        self.progressed.notify_all();
    }

    /// Why searches cannot be answered, if so.
    pub(crate) fn health(&self) -> Result<()> {
        match &*self.loading.lock().unwrap_or_else(PoisonError::into_inner) {
            Loading::Failed(error) => Err(error.clone()),
            Loading::Running | Loading::Done => Ok(()),
        }
    }

    fn wait(&self) -> Result<()> {
        let mut loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match &*loading {
                Loading::Done => return Ok(()),
                Loading::Failed(error) => return Err(error.clone()),
                Loading::Running => {
                    loading = self
                        .progressed
                        .wait(loading)
                        .unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    /// The classes in scope that are stored so and have all the facets asked, at a time.
    pub(crate) fn select(
        &self,
        scope: &Scope,
        storage: StorageStatusMask,
        wanted: impl Fn(&Facets) -> bool,
        now: Timestamp,
    ) -> Result<Selection> {
        self.wait()?;
        if self.read().is_unsettled(now) {
            self.write().settle(now);
        }
        let classes = self.read();
        let mut selection = Selection {
            numbers: Vec::new(),
            total: 0,
        };
        for number in classes.of_vault.get(&scope.vault).into_iter().flatten() {
            if let Some(class) = classes.by_number.get(number)
                && storage.intersects(class.facets.storage)
                && scope
                    .owner
                    .as_ref()
                    .is_none_or(|own| *own == class.facets.record.owner)
                && wanted(&class.facets)
            {
                selection.numbers.push(*number);
                selection.total += class.rows.len();
            }
        }
        selection.numbers.sort_unstable();
        Ok(selection)
    }

    /// A page of the rows of these classes, newest first.
    pub(crate) fn newest(&self, selection: &Selection, page: Page) -> Vec<u32> {
        let classes = self.read();
        let selected = selection
            .numbers
            .iter()
            .filter_map(|number| classes.by_number.get(number));
        let mut walks: Vec<_> = selected.map(|class| class.rows.iter().rev()).collect();
        let mut heads: BinaryHeap<(u32, usize)> = walks
            .iter_mut()
            .enumerate()
            .filter_map(|(n, walk)| Some((walk.next()?, n)))
            .collect();
        let items_max = page.items_max.unwrap_or(u64::MAX).min(selection.total);
        let mut rows = Vec::new();
        let mut passed = 0;
        while let Some((row, n)) = heads.pop() {
            if u64::try_from(rows.len()).unwrap_or(u64::MAX) >= items_max {
                break;
            }
            if passed >= page.offset {
                rows.push(row);
            }
            passed += 1;
            let next = walks.get_mut(n).and_then(Iterator::next);
            heads.extend(next.map(|row| (row, n)));
        }
        rows
    }

    /// Leaves only the rows of these classes.
    pub(crate) fn retain(&self, selection: &Selection, rows: &mut Vec<u32>) {
        let classes = self.read();
        rows.retain(|row| {
            let number = classes.class_of(*row);
            selection.numbers.binary_search(&number).is_ok()
        });
    }

    fn read(&self) -> RwLockReadGuard<'_, Classes> {
        self.classes.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Classes> {
        self.classes.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Classes {
    fn class_of(&self, row: u32) -> u32 {
        usize::try_from(row)
            .ok()
            .and_then(|row| self.of_row.get(row))
            .copied()
            .unwrap_or(0)
    }

    fn put(&mut self, row: u32, record: &Record) {
        if let Some(old) = self.dated.remove(&row) {
            self.forget_due(row, old.stored);
        }
        let facets = Facets::of(record, self.settled);
        if let Some(stored) = Dates::of(record) {
            self.due
                .extend(stored.next_after(self.settled).map(|next| (next, row)));
            let facets = facets.clone();
            self.dated.insert(row, Dated { facets, stored });
        }
        self.classify(row, facets);
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
    fn classify(&mut self, row: u32, facets: Facets) {
        let key = facets.key();
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

    fn is_unsettled(&self, now: Timestamp) -> bool {
        self.due.first().is_some_and(|(date, _)| *date <= now) || self.is_ahead(now)
    }

    fn is_ahead(&self, now: Timestamp) -> bool {
        !self.dated.is_empty() && self.settled.0 - now.0 > BEHIND_SECONDS_MAX
    }

    /// Lets the dates act that have come (KMIP 2.1 §4.57, transitions 4 and 6).
    fn settle(&mut self, now: Timestamp) {
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
        let state = facets::state_at(
            Some(stored.state),
            stored.activation,
            stored.deactivation,
            now,
        );
        facets.record.attributes.state = state;
        self.due
            .extend(stored.next_after(now).map(|next| (next, row)));
        self.classify(row, facets);
    }
}

/// Whether the class has every facet asked.
pub(crate) fn has_all(facets: &Facets, asked: &[&Attribute], now: Timestamp) -> bool {
    asked
        .iter()
        .all(|asked| crate::filter::has_attribute(&facets.record, asked, now))
}

#[cfg(test)]
mod tests {
    use kmip::{ObjectType, attribute::Attributes};

    use super::*;
    use crate::{Custody, ObjectId};

    fn record(state: State, activation: i64, deactivation: i64) -> Record {
        Record {
            id: ObjectId("1".to_owned()),
            vault: "v".to_owned(),
            owner: "o".to_owned(),
            object_type: ObjectType::SymmetricKey,
            spec: None,
            attributes: Attributes {
                state: Some(state),
                activation_date: Some(Timestamp(activation)),
                deactivation_date: Some(Timestamp(deactivation)),
                ..Attributes::default()
            },
            custody: Custody::Public(Vec::new()),
            revision: 1,
        }
    }

    fn count(census: &Census, state: State, now: i64) -> u64 {
        let scope = Scope {
            vault: "v".to_owned(),
            owner: None,
        };
        let (asked, now) = (Attribute::State(state), Timestamp(now));
        let wanted = |facets: &Facets| has_all(facets, &[&asked], now);
        let all = StorageStatusMask(7);
        census.select(&scope, all, wanted, now).unwrap().total
    }

    #[test]
    fn dates_act_when_they_come_and_are_taken_back_with_the_clock() {
        let census = Census::default();
        census.loaded(Ok(()));
        census.put(1, &record(State::PreActive, 1_000, 2_000));
        census.put(2, &record(State::Active, 1, 3_000));
        for (now, pre_active, active, deactivated) in [
            (999, 1, 1, 0),
            (1_000, 0, 2, 0),
            (2_500, 0, 1, 1),
            (9_000, 0, 0, 2),
            (100, 1, 1, 0),
            (2_000, 0, 1, 1),
        ] {
            let counts = [State::PreActive, State::Active, State::Deactivated]
                .map(|state| count(&census, state, now));
            assert_eq!(counts, [pre_active, active, deactivated], "at {now}");
        }
    }

    #[test]
    fn a_class_without_objects_is_forgotten() {
        let census = Census::default();
        census.loaded(Ok(()));
        for length in 1..100 {
            let mut record = record(State::Active, 1, 9_000);
            record.attributes.cryptographic_length = Some(length);
            census.put(1, &record);
        }
        let classes = census.read();
        assert_eq!(classes.by_number.len(), 1);
        assert_eq!(classes.numbers.len(), 1);
        assert_eq!(classes.of_vault.get("v").map(Vec::len), Some(1));
        assert_eq!(classes.due.len(), 1);
    }

    #[test]
    fn what_was_loaded_never_hides_what_was_committed() {
        let census = Census::default();
        census.put(1, &record(State::Deactivated, 1, 2));
        census.load(&[
            (1, record(State::Active, 1, 9_000)),
            (2, record(State::Active, 1, 9_000)),
        ]);
        census.loaded(Ok(()));
        assert_eq!(count(&census, State::Active, 5), 1);
        assert_eq!(count(&census, State::Deactivated, 5), 1);
    }

    #[test]
    fn a_census_that_could_not_be_made_says_so() {
        let census = Census::default();
        let error = Error::Unavailable("the disk".to_owned());
        census.loaded(Err(error.clone()));
        assert_eq!(census.health(), Err(error));
    }
}
