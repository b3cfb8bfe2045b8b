//! Which objects are of which class, in memory: what few values tell apart, so that whole classes are found or left out.

mod classes;
#[cfg(test)]
mod tests;

use std::{
    collections::BinaryHeap,
    sync::{Condvar, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

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

/// Classes that match, and how many objects they have.
pub(crate) struct Selection {
    numbers: Vec<u32>,
    /// How many objects are of these classes.
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

/// Whether the class has every facet asked.
pub(crate) fn has_all(facets: &Facets, asked: &[&Attribute], now: Timestamp) -> bool {
    asked
        .iter()
        .all(|asked| crate::filter::has_attribute(&facets.record, asked, now))
}
