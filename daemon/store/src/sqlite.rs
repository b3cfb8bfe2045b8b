//! The store on SQLite: one thread writes, few connections read, memory answers what was read before.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use kmip::ttlv::Timestamp;

use crate::{
    Client, Commit, Doubt, Error, ObjectId, Record, Result, Store, Transaction, Vault, apart,
    backup,
    cache::{Cache, Found},
    census::Census,
    connection::{self, Lease, Pool},
    digests::Digests,
    doubts,
    keys::NameKey,
    loader::Loader,
    migrate::{self, MIGRATIONS},
    rows,
    taken::Taken,
    tenants,
    transaction::SqliteTransaction,
    writer::{Change, Home, Memory, Writer},
};

/// How long a disk that does not answer keeps anybody waiting who can do without the answer.
pub const WAIT_MAX: Duration = Duration::from_secs(5);

/// How large a store may grow in memory and on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// At most how many records that were read stay in memory.
    pub cached_records_max: usize,
    /// At most how many connections read at a time.
    pub readers_max: usize,
    /// At most how many pages of 4096 bytes the file may have; as the disk allows when absent.
    pub pages_max: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            cached_records_max: 10_000,
            readers_max: 4,
            pages_max: None,
        }
    }
}

/// A store in one SQLite file, which belongs to this process alone while it is open.
pub struct SqliteStore {
    // In this order they end: the writer's connection is the last, and leaves no log behind.
    _loader: Option<Loader>,
    readers: Arc<Pool>,
    memory: Arc<Memory>,
    writer: Writer,
    _lock: Option<File>,
}

impl SqliteStore {
    /// Opens the store, or makes it where there is no file, and brings it to the newest schema. Nothing is read ahead.
    ///
    /// [`Error::NotOurs`] names a file that is of another program, damaged, or of a newer version, and changes nothing
    /// in it; [`Error::Unavailable`] one that another process has open.
    pub fn open(path: &Path, options: &Options) -> Result<Self> {
        let failed = |error: io::Error| Error::Unavailable(format!("{}: {error}", path.display()));
        match backup::create_private(path) {
            Ok(_) => backup::sync_folder(path).map_err(failed)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(error)),
        }
        let mut writer = connection::open_writer(path)?;
        migrate::check(&writer, path, MIGRATIONS)?;
        let lock = lock(path)?;
        connection::make_durable(&writer, options)?;
        migrate::migrate(&mut writer, path, MIGRATIONS)?;
        let memory = memory(options);
        let readers = Arc::new(Pool::of_file(path, options.readers_max));
        // What the loader reads was committed before the writer starts, which tells of all that comes later.
        let loader = Loader::start(path, &memory)?;
        Ok(Self {
            _loader: Some(loader),
            readers,
            writer: Writer::start(Home::Own(Box::new(writer)), Arc::clone(&memory))?,
            memory,
            _lock: Some(lock),
        })
    }

    /// A store that ends with this value: for tests and trials.
    pub fn in_memory() -> Result<Self> {
        let mut connection = connection::open_in_memory()?;
        migrate::migrate(&mut connection, Path::new("memory"), MIGRATIONS)?;
        let readers = Arc::new(Pool::of_one(connection));
        let memory = memory(&Options::default());
        memory.taken.loaded();
        memory.census.loaded(Ok(()));
        Ok(Self {
            _loader: None,
            writer: Writer::start(Home::Shared(Arc::clone(&readers)), Arc::clone(&memory))?,
            readers,
            memory,
            _lock: None,
        })
    }

    /// [`Store::backup`] that tells its progress: the pages done and those in all, about every MiB.
    pub fn backup_with(&self, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
        backup::copy(&*self.readers.open_another()?, to, progress)?;
        // What is made now has its record a moment later: a copy that is opened elsewhere must not take it for lost.
        doubts::forget_in(to)
    }

    /// Waits for the thread that commits, so that [`Store::health`] tells of what lasts longer than `wait_max`.
    pub fn watch(&self, wait_max: Duration) {
        // What came of it is told by the health.
        let _ = self.prepare(Vec::new()).wait_for(wait_max);
    }

    /// A record from memory, or by a reader.
    fn record_by<'a>(
        &self,
        id: &ObjectId,
        reader: impl FnOnce() -> Result<Lease<'a>>,
    ) -> Result<Option<Arc<Record>>> {
        match self.memory.cache.records.find(id) {
            Found::Hit(record) => Ok(Some(record)),
            Found::Miss(ticket) => {
                let record = rows::find(&*reader()?, id)?.map(Arc::new);
                if let Some(record) = &record {
                    let record = Arc::clone(record);
                    self.memory.cache.records.fill(id.clone(), record, &ticket);
                }
                Ok(record)
            }
        }
    }

    /// The object that is not destroyed and has the name.
    pub(crate) fn holder(&self, name: &NameKey) -> Result<Option<ObjectId>> {
        match self.memory.cache.names.find(name) {
            Found::Hit(id) => Ok(Some(id)),
            Found::Miss(ticket) => {
                let id = rows::find_name(&*self.reader()?, name)?;
                if let Some(id) = &id {
                    self.memory
                        .cache
                        .names
                        .fill(name.clone(), id.clone(), &ticket);
                }
                Ok(id)
            }
        }
    }

    /// Whether no object has the name, as far as that is known without asking.
    pub(crate) fn is_free(&self, name: &NameKey) -> bool {
        self.memory.taken.is_free(name)
    }

    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }

    pub(crate) fn reader(&self) -> Result<Lease<'_>> {
        self.readers.take()
    }

    pub(crate) fn prepare(&self, changes: Vec<Change>) -> Commit {
        self.writer.prepare(changes)
    }
}

impl Store for SqliteStore {
    fn begin(&self) -> Box<dyn Transaction + '_> {
        Box::new(SqliteTransaction::new(self))
    }

    fn record(&self, id: &ObjectId) -> Result<Option<Arc<Record>>> {
        self.record_by(id, || self.reader())
    }

    fn record_at_once(&self, id: &ObjectId) -> Result<Option<Arc<Record>>> {
        self.record_by(id, || {
            let busy = || Error::Unavailable("every reader of the store is busy".to_owned());
            self.readers.try_take()?.ok_or_else(busy)
        })
    }

    fn records_after(&self, after: Option<&ObjectId>, items_max: u32) -> Result<Vec<Arc<Record>>> {
        // They pass the cache by: a visit to all must not drive out what is in use.
        let records = rows::find_after(&*self.reader()?, after, items_max)?;
        Ok(records.into_iter().map(Arc::new).collect())
    }

    fn doomed(&self, items_max: u32) -> Result<Vec<Arc<Record>>> {
        let records = rows::find_doomed(&*self.reader()?, items_max)?;
        Ok(records.into_iter().map(Arc::new).collect())
    }

    fn due_for_rotation(&self, now: Timestamp, items_max: u32) -> Result<Vec<Arc<Record>>> {
        let records = apart::find_due(&*self.reader()?, now, items_max)?;
        Ok(records.into_iter().map(Arc::new).collect())
    }

    fn session_runs(&self) -> Result<Vec<(String, String)>> {
        apart::session_runs(&*self.reader()?)
    }

    fn of_session_run(&self, vault: &str, run: &str, items_max: u32) -> Result<Vec<Arc<Record>>> {
        let records = apart::find_of_session_run(&*self.reader()?, vault, run, items_max)?;
        Ok(records.into_iter().map(Arc::new).collect())
    }

    fn count(&self) -> Result<u64> {
        let objects: i64 = self
            .reader()?
            .prepare_cached("SELECT count(*) FROM object")?
            .query_row([], |row| row.get(0))?;
        Ok(u64::try_from(objects).unwrap_or_default())
    }

    fn vaults(&self) -> Result<Vec<Vault>> {
        tenants::vaults(&*self.reader()?)
    }

    fn put_vault(&self, vault: &Vault) -> Result<()> {
        self.prepare(vec![Change::Vault(vault.clone())]).wait()
    }

    fn clients(&self) -> Result<Vec<Client>> {
        tenants::clients(&*self.reader()?)
    }

    fn put_client(&self, client: &Client) -> Result<()> {
        self.prepare(vec![Change::Client(client.clone())]).wait()
    }

    fn doubts(&self) -> Result<Vec<Doubt>> {
        doubts::all(&*self.reader()?)
    }

    fn put_doubt(&self, doubt: &Doubt) -> Result<()> {
        self.prepare(vec![Change::Doubt(doubt.clone())])
            .wait_for(WAIT_MAX)
    }

    fn remove_doubts(&self, doubts: &[Doubt]) -> Result<()> {
        self.prepare(vec![Change::Settled(doubts.to_vec())]).wait()
    }

    fn backup(&self, to: &Path) -> Result<()> {
        self.backup_with(to, &mut |_, _| {})
    }

    fn health(&self) -> Result<()> {
        self.writer.health()?;
        self.memory.census.health()?;
        let reader = self.reader()?;
        reader
            .prepare_cached("SELECT number FROM migration LIMIT 1")?
            .query_row([], |_| Ok(()))?;
        Ok(())
    }
}

fn memory(options: &Options) -> Arc<Memory> {
    Arc::new(Memory {
        cache: Cache::new(options.cached_records_max),
        census: Census::default(),
        digests: Digests::default(),
        taken: Taken::default(),
    })
}

/// Takes the file for this process: what others wrote, this one's memory would not know. The lock stands beside it,
/// because closing any handle of the database itself would drop SQLite's own locks.
fn lock(path: &Path) -> Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let opened = match backup::create_private(&name) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => File::open(&name),
        created => created,
    };
    let file =
        opened.map_err(|error| Error::Unavailable(format!("{}: {error}", name.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Unavailable(format!(
            "{} is open in another process; stop that one first",
            path.display()
        ))),
        Err(TryLockError::Error(error)) => Err(Error::Unavailable(format!(
            "{}: {error}; the store must lie on a file system with locks",
            name.display()
        ))),
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Corrupt(format!("{error}; restore the store from a backup"))
            }
            Some(ErrorCode::DiskFull) => Self::Unavailable(format!(
                "{error}; free some space, and commits succeed again"
            )),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_must_not_wait_is_told_that_every_reader_is_busy() {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            readers_max: 1,
            ..Options::default()
        };
        let store = SqliteStore::open(&folder.path().join("store.db"), &options).unwrap();
        let id = ObjectId("none".to_owned());
        assert_eq!(store.record_at_once(&id).unwrap(), None);
        let reader = store.reader().unwrap();
        let refused = store.record_at_once(&id).unwrap_err();
        assert!(matches!(refused, Error::Unavailable(_)), "{refused}");
        drop(reader);
        assert_eq!(store.record_at_once(&id).unwrap(), None);
    }
}
