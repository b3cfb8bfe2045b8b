//! Transactions: changes kept aside until the commit, and the view of the store through them.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use kmip::{StorageStatusMask, attribute::Attribute, attribute::UniqueIdentifier, ttlv::Timestamp};

use crate::{
    Client, Commit, Custody, Error, Filter, Located, ObjectId, Page, Record, Result, Scope,
    SqliteStore, Store, Transaction, Vault, apart,
    connection::Snapshot,
    keys::{self, NameKey},
    locate::{self, Plan},
    writer::{Change, ObjectChange},
};

/// A transaction on a SQLite store.
///
/// It reads what is committed at each read and holds no lock; that the records it changes were not changed by others
/// in between is found out by their revisions when it commits.
pub(crate) struct SqliteTransaction<'a> {
    store: &'a SqliteStore,
    /// In the order of the first change of each record.
    pending: Vec<Pending>,
    places: HashMap<ObjectId, usize>,
    /// Who has the names that pending records have.
    holders: HashMap<NameKey, ObjectId>,
    /// What goes into the archive, and what comes out.
    archive: HashMap<ObjectId, Option<Custody>>,
    vaults: Vec<(Vault, Vault)>,
    successors: Vec<Client>,
}

struct Pending {
    before: Option<Arc<Record>>,
    after: Arc<Record>,
}

impl<'a> SqliteTransaction<'a> {
    pub(crate) fn new(store: &'a SqliteStore) -> Self {
        Self {
            store,
            pending: Vec::new(),
            places: HashMap::new(),
            holders: HashMap::new(),
            archive: HashMap::new(),
            vaults: Vec::new(),
            successors: Vec::new(),
        }
    }

    fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    fn pending(&self, id: &ObjectId) -> Option<&Pending> {
        self.places
            .get(id)
            .and_then(|place| self.pending.get(*place))
    }

    fn read(&self, id: &ObjectId) -> Result<Option<Arc<Record>>> {
        match self.pending(id) {
            Some(pending) => Ok(Some(Arc::clone(&pending.after))),
            None => self.store.record(id),
        }
    }

    /// The object that is not destroyed and has the name, as this transaction sees it.
    fn holder(&self, name: &NameKey) -> Result<Option<ObjectId>> {
        if let Some(id) = self.holders.get(name) {
            return Ok(Some(id.clone()));
        }
        // A committed holder that was changed here no longer has the name, else it would stand among the pending.
        let committed = self.store.holder(name)?;
        Ok(committed.filter(|id| !self.places.contains_key(id)))
    }

    /// Whether another object has the name.
    fn is_taken(&self, name: &NameKey, by_other_than: &ObjectId) -> Result<bool> {
        if !self.holders.contains_key(name) && self.store.is_free(name) {
            return Ok(false);
        }
        let holder = self.holder(name)?;
        Ok(holder.is_some_and(|holder| holder != *by_other_than))
    }

    /// Keeps a change aside once its names are found free.
    fn keep(&mut self, before: Option<Arc<Record>>, after: Record) -> Result<()> {
        let names = keys::names(&after);
        for name in &names {
            if self.is_taken(name, &after.id)? {
                return Err(Error::NameTaken(name.value.clone()));
            }
        }
        let after = Arc::new(after);
        let place = self.places.get(&after.id);
        match place.and_then(|place| self.pending.get_mut(*place)) {
            Some(pending) => {
                for name in keys::names(&pending.after) {
                    self.holders.remove(&name);
                }
                pending.after = Arc::clone(&after);
            }
            None => {
                self.places.insert(after.id.clone(), self.pending.len());
                let after = Arc::clone(&after);
                self.pending.push(Pending { before, after });
            }
        }
        let holders = names.into_iter().map(|name| (name, after.id.clone()));
        self.holders.extend(holders);
        Ok(())
    }

    /// The only object that can match, where the filter names it: by its identifier, or by the name of an object that
    /// is not destroyed. `None` means that the filter names none; `Some(None)`, one that is not there.
    fn named(&self, filter: &Filter, scope: &Scope) -> Result<Option<Option<ObjectId>>> {
        let finds_destroyed = filter
            .storage_mask()
            .intersects(StorageStatusMask::DestroyedStorage);
        for asked in &filter.attributes {
            match asked {
                Attribute::UniqueIdentifier(UniqueIdentifier::Text(id)) => {
                    return Ok(Some(Some(ObjectId(id.clone()))));
                }
                Attribute::ShortUniqueIdentifier(short) => {
                    let long = keys::long_of(&short.0);
                    if let Some(id) = long
                        && self.read(&id)?.is_some()
                    {
                        return Ok(Some(Some(id)));
                    }
                }
                Attribute::Name(name) if !finds_destroyed => {
                    return self.holder(&NameKey::new(&scope.vault, name)).map(Some);
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// The committed objects with the pending ones laid over them: changed ones in their places, new ones first.
    fn locate_overlaid(&self, plan: &Plan<'_>, query: &Query<'_>) -> Result<Located> {
        let reader = self.store.reader()?;
        let connection = Snapshot::begin(&reader)?;
        let committed = plan.find(&connection, self.store.memory(), Page::default())?;
        let changed = self
            .pending
            .iter()
            .filter_map(|pending| pending.before.as_ref())
            .map(|before| locate::row_of(&connection, &before.id))
            .collect::<Result<HashSet<_>>>()?;
        let mut found: Vec<_> = committed
            .rows
            .into_iter()
            .filter(|row| !changed.contains(row))
            .map(|row| (i64::from(row), None))
            .collect();
        for (n, pending) in (0_i64..).zip(&self.pending) {
            if query.admits(&pending.after) {
                let row = match &pending.before {
                    Some(before) => i64::from(locate::row_of(&connection, &before.id)?),
                    None => i64::MAX / 2 + n,
                };
                found.push((row, Some(pending.after.id.clone())));
            }
        }
        found.sort_unstable_by_key(|(row, _)| std::cmp::Reverse(*row));
        let total = u64::try_from(found.len()).ok();
        let shown =
            (0..)
                .zip(found)
                .filter(|(n, _)| query.page.shows(*n))
                .map(|(_, (row, pending))| match pending {
                    Some(id) => Ok(vec![id]),
                    None => locate::ids(
                        &connection,
                        &u32::try_from(row).into_iter().collect::<Vec<_>>(),
                    ),
                });
        let ids = shown.collect::<Result<Vec<_>>>()?.concat();
        Ok(Located { ids, total })
    }
}

/// What is looked for.
struct Query<'a> {
    filter: &'a Filter,
    scope: &'a Scope,
    page: Page,
    now: Timestamp,
}

impl Query<'_> {
    fn admits(&self, record: &Record) -> bool {
        self.scope.contains(record) && self.filter.matches(record, self.now)
    }
}

impl Transaction for SqliteTransaction<'_> {
    fn record(&mut self, id: &ObjectId) -> Result<Option<Arc<Record>>> {
        self.read(id)
    }

    fn insert(&mut self, mut record: Record) -> Result<()> {
        // Of committed records, the unique identifier is compared at commit.
        if self.pending(&record.id).is_some() {
            return Err(Error::Conflict);
        }
        record.revision = 1;
        self.keep(None, record)
    }

    fn update(&mut self, mut record: Record) -> Result<()> {
        let before = self.read(&record.id)?.ok_or(Error::Conflict)?;
        let is_same_object =
            before.vault == record.vault && before.object_type == record.object_type;
        if before.revision != record.revision || !is_same_object {
            return Err(Error::Conflict);
        }
        record.revision += 1;
        self.keep(Some(before), record)
    }

    fn archived(&mut self, id: &ObjectId) -> Result<Option<Custody>> {
        match self.archive.get(id) {
            Some(pending) => Ok(pending.clone()),
            None => apart::archived(&*self.store.reader()?, id),
        }
    }

    fn set_archived(&mut self, id: &ObjectId, custody: Option<Custody>) {
        self.archive.insert(id.clone(), custody);
    }

    fn change_vault(&mut self, before: Vault, after: Vault) {
        self.vaults.push((before, after));
    }

    fn put_successor(&mut self, client: Client) {
        self.successors.push(client);
    }

    fn locate(
        &mut self,
        filter: &Filter,
        scope: &Scope,
        page: Page,
        now: Timestamp,
    ) -> Result<Located> {
        let query = Query {
            filter,
            scope,
            page,
            now,
        };
        if let Some(named) = self.named(filter, scope)? {
            let record = named.map(|id| self.read(&id)).transpose()?.flatten();
            let found = record.filter(|record| query.admits(record));
            let shown = found.as_ref().filter(|_| page.shows(0));
            return Ok(Located {
                ids: shown.map(|record| record.id.clone()).into_iter().collect(),
                total: Some(found.map_or(0, |_| 1)),
            });
        }
        let Some(plan) = Plan::new(filter, scope, now) else {
            return Ok(Located {
                total: Some(0),
                ..Located::default()
            });
        };
        if self.has_pending() {
            self.locate_overlaid(&plan, &query)
        } else {
            let reader = self.store.reader()?;
            let snapshot = Snapshot::begin(&reader)?;
            let found = plan.find(&snapshot, self.store.memory(), page)?;
            Ok(Located {
                ids: locate::ids(&snapshot, &found.rows)?,
                total: found.total,
            })
        }
    }

    fn is_changed(&self) -> bool {
        self.has_pending()
            || !self.archive.is_empty()
            || !self.vaults.is_empty()
            || !self.successors.is_empty()
    }

    fn prepare(self: Box<Self>) -> Result<Commit> {
        let mut changes = self
            .pending
            .iter()
            .map(|pending| {
                let change = ObjectChange::new(pending.before.as_deref(), &pending.after)?;
                Ok(Change::Object(Box::new(change)))
            })
            .collect::<Result<Vec<_>>>()?;
        // Objects are there before what hangs on them.
        let archive = self.archive.into_iter();
        changes.extend(archive.map(|(id, custody)| Change::Archive(id, custody)));
        let vaults = self.vaults.into_iter();
        changes.extend(vaults.map(|(before, after)| Change::VaultFrom(before, after)));
        changes.extend(self.successors.into_iter().map(Change::Successor));
        Ok(self.store.prepare(changes))
    }
}
