//! Which objects are of which class, in memory: what few values tell apart, so that whole classes are found or left out.

mod classes;
#[cfg(test)]
mod tests;

use std::sync::{Condvar, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use kmip::{StorageStatusMask, attribute::Attribute, ttlv::Timestamp};

use self::classes::Classes;
pub(crate) use self::classes::Standing;
use crate::{Error, Page, Result, Scope, facets::Facets};

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

/// What classes are asked for: of a vault or an owner in it, stored so, with facets that match.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) scope: &'a Scope,
    pub(crate) storage: StorageStatusMask,
    pub(crate) wanted: &'a dyn Fn(&Facets) -> bool,
}

/// Classes that match, for a search in several looks.
///
/// Objects come, go and move to other classes between two looks. Each look takes in the classes that were founded since the
/// last, so that an object that matches throughout is seen by every look.
pub(crate) struct Selection<'a> {
    asked: Asked<'a>,
    /// In ascending order.
    numbers: Vec<u32>,
    /// The number of the last class that was looked at.
    last: u32,
    /// How many objects were of these classes at the first look.
    pub(crate) total: u64,
}

impl Census {
    /// Notes what commits made of objects.
    pub(crate) fn put(&self, objects: Vec<(u32, Standing)>) {
        let mut classes = self.write();
        for (row, standing) in objects {
            classes.put(row, standing);
        }
    }

    /// Notes objects that were stored before, unless a commit has already told of them.
    pub(crate) fn load(&self, objects: Vec<(u32, Standing)>) {
        let mut classes = self.write();
        for (row, standing) in objects {
            if classes.class_of(row) == 0 {
                classes.put(row, standing);
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

    /// The classes that match at a time.
    pub(crate) fn select<'a>(&self, asked: Asked<'a>, now: Timestamp) -> Result<Selection<'a>> {
        self.wait()?;
        if self.read().is_unsettled(now) {
            self.write().settle(now);
        }
        let mut selection = Selection {
            asked,
            numbers: Vec::new(),
            last: 0,
            total: 0,
        };
        let classes = self.read();
        selection.take_in(&classes);
        selection.total = selection.count(&classes);
        Ok(selection)
    }

    /// A page of the rows of these classes, newest first, and how many there are in all.
    pub(crate) fn page(&self, selection: &mut Selection<'_>, page: Page) -> (Vec<u32>, u64) {
        let classes = self.read();
        selection.take_in(&classes);
        let most = |items: u64| usize::try_from(items).unwrap_or(usize::MAX);
        let rows = classes.newest(&selection.numbers, u32::MAX);
        let rows = rows
            .skip(most(page.offset))
            .take(page.items_max.map_or(usize::MAX, most));
        (rows.collect(), selection.count(&classes))
    }

    /// Rows of these classes before one, newest first.
    pub(crate) fn before(
        &self,
        selection: &mut Selection<'_>,
        before: u32,
        most: usize,
    ) -> Vec<u32> {
        let classes = self.read();
        selection.take_in(&classes);
        let rows = classes.newest(&selection.numbers, before);
        rows.take(most).collect()
    }

    /// Leaves only the rows of these classes.
    pub(crate) fn retain(&self, selection: &mut Selection<'_>, rows: &mut Vec<u32>) {
        let classes = self.read();
        selection.take_in(&classes);
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

impl Asked<'_> {
    fn admits(&self, facets: &Facets) -> bool {
        let owner = self.scope.owner.as_ref();
        self.storage.intersects(facets.storage)
            && owner.is_none_or(|own| *own == facets.record.owner)
            && (self.wanted)(facets)
    }
}

impl Selection<'_> {
    /// Takes in the classes that were founded since the last look. What a class is like never changes.
    fn take_in(&mut self, classes: &Classes) {
        let founded = classes.founded_after(&self.asked.scope.vault, self.last);
        let admitted = founded.filter(|(_, class)| self.asked.admits(&class.facets));
        self.numbers.extend(admitted.map(|(number, _)| number));
        self.last = classes.last_number;
    }

    /// How many objects are of these classes.
    fn count(&self, classes: &Classes) -> u64 {
        let own = self.numbers.iter();
        let own = own.filter_map(|number| classes.by_number.get(number));
        own.map(|class| class.rows.len()).sum()
    }
}

/// Whether the class has every facet asked.
pub(crate) fn has_all(facets: &Facets, asked: &[&Attribute], now: Timestamp) -> bool {
    asked
        .iter()
        .all(|asked| crate::filter::has_attribute(&facets.record, asked, now))
}
