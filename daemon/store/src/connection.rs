//! Connections to the database: how they are opened, and the few that readers share.

use std::{
    ops::Deref,
    path::{Path, PathBuf},
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig, limits::Limit};

use crate::{Error, Options, Result, WAIT_MAX};

/// Marks a file as a store of ours, for `file(1)` and for [`crate::migrate`]: "KyHd".
pub(crate) const APPLICATION_ID: i32 = 0x4B79_4864;

/// No text or blob is longer: far above what records hold, far below where lengths overflow.
const VALUE_BYTES_MAX: i32 = 16 << 20;

/// The statements of one connection: every fixed one and the shapes of Locate in use.
const STATEMENTS_MAX: usize = 64;

const READ_WRITE: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE
    .union(OpenFlags::SQLITE_OPEN_CREATE)
    .union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

const READ_ONLY: OpenFlags =
    OpenFlags::SQLITE_OPEN_READ_ONLY.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// Opens the one connection that writes; nothing is asked of the file yet.
pub(crate) fn open_writer(path: &Path) -> Result<Connection> {
    let opened = Connection::open_with_flags(path, READ_WRITE);
    let connection = opened.map_err(|error| cannot_open(path, &error))?;
    harden(&connection)?;
    Ok(connection)
}

/// Opens a connection that reads what the writer committed.
pub(crate) fn open_reader(path: &Path) -> Result<Connection> {
    let opened = Connection::open_with_flags(path, READ_ONLY);
    let connection = opened.map_err(|error| cannot_open(path, &error))?;
    harden(&connection)?;
    connection.execute_batch("PRAGMA cache_size = -2000")?;
    Ok(connection)
}

/// Opens a database that ends with its connection.
pub(crate) fn open_in_memory() -> Result<Connection> {
    let connection = Connection::open_in_memory()?;
    harden(&connection)?;
    connection.execute_batch("PRAGMA foreign_keys = ON")?;
    Ok(connection)
}

/// Makes the writer's connection durable: every commit waits for the disk, and what is deleted is overwritten.
pub(crate) fn make_durable(connection: &Connection, options: &Options) -> Result<()> {
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
        PRAGMA foreign_keys = ON; PRAGMA cache_size = -8000; PRAGMA wal_autocheckpoint = 4000;
        PRAGMA journal_size_limit = 67108864; PRAGMA temp_store = MEMORY;",
    )?;
    if let Some(pages_max) = options.pages_max {
        connection.pragma_update(None, "max_page_count", pages_max)?;
    }
    Ok(())
}

/// A database file may come from elsewhere: what stands in it is data, never code.
fn harden(connection: &Connection) -> Result<()> {
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // Plans that do not depend on the values bound: else SQLite prepares most statements again at every use.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.execute_batch("PRAGMA cell_size_check = ON")?;
    Ok(())
}

/// One state of the database for several reads, which take the log's locks once together instead of once each.
pub(crate) struct Snapshot<'a>(&'a Connection);

impl<'a> Snapshot<'a> {
    pub(crate) fn begin(connection: &'a Connection) -> Result<Self> {
        execute(connection, "BEGIN")?;
        Ok(Self(connection))
    }
}

impl Deref for Snapshot<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.0
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        // A connection that kept its snapshot would show the next reader what was.
        if execute(self.0, "COMMIT").is_err() && !self.0.is_autocommit() {
            let _ = self.0.execute_batch("ROLLBACK");
        }
    }
}

/// Runs a statement without values, which stays prepared.
pub(crate) fn execute(connection: &Connection, sql: &str) -> Result<()> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}

fn cannot_open(path: &Path, error: &rusqlite::Error) -> Error {
    Error::Unavailable(format!(
        "{}: {error}; check that the folder exists and that this user may write there",
        path.display()
    ))
}

/// The connections that readers share; opened when needed, never more than the maximum.
pub(crate) struct Pool {
    path: PathBuf,
    connections_max: usize,
    state: Mutex<State>,
    returned: Condvar,
}

struct State {
    idle: Vec<Connection>,
    opened: usize,
}

impl Pool {
    /// A pool of readers of a file.
    pub(crate) fn of_file(path: &Path, connections_max: usize) -> Self {
        Self::new(path.to_owned(), connections_max.max(1), Vec::new())
    }

    /// A pool of one connection: of a database in memory, which the writer takes from here as well.
    pub(crate) fn of_one(connection: Connection) -> Self {
        Self::new(PathBuf::new(), 1, vec![connection])
    }

    fn new(path: PathBuf, connections_max: usize, idle: Vec<Connection>) -> Self {
        Self {
            path,
            connections_max,
            state: Mutex::new(State {
                opened: idle.len(),
                idle,
            }),
            returned: Condvar::new(),
        }
    }

    /// Takes a connection, waiting for one if all are taken, though not for as long as a disk may keep those who have them.
    pub(crate) fn take(&self) -> Result<Lease<'_>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(lease) = self.free(&mut state)? {
                return Ok(lease);
            }
            let (back, waited) = self
                .returned
                .wait_timeout(state, WAIT_MAX)
                .unwrap_or_else(PoisonError::into_inner);
            state = back;
            if waited.timed_out() {
                return self.free(&mut state)?.ok_or_else(|| {
                    Error::Unavailable("no reader of the store has ended in time".to_owned())
                });
            }
        }
    }

    /// Takes a connection, unless all are taken.
    pub(crate) fn try_take(&self) -> Result<Option<Lease<'_>>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.free(&mut state)
    }

    /// A connection that nobody has, or one more.
    fn free(&self, state: &mut State) -> Result<Option<Lease<'_>>> {
        if let Some(connection) = state.idle.pop() {
            return Ok(Some(self.lease(connection)));
        }
        if state.opened >= self.connections_max {
            return Ok(None);
        }
        let connection = open_reader(&self.path)?;
        state.opened += 1;
        Ok(Some(self.lease(connection)))
    }

    /// A connection of the caller's own, for work that would keep one from the others for long; none in memory.
    pub(crate) fn open_another(&self) -> Result<Lease<'_>> {
        if self.path.as_os_str().is_empty() {
            return self.take();
        }
        open_reader(&self.path).map(|connection| Lease {
            connection: Some(connection),
            home: None,
        })
    }

    fn lease(&self, connection: Connection) -> Lease<'_> {
        Lease {
            connection: Some(connection),
            home: Some(self),
        }
    }
}

/// A connection taken from the pool, which goes back when dropped.
pub(crate) struct Lease<'a> {
    connection: Option<Connection>,
    home: Option<&'a Pool>,
}

impl Deref for Lease<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        match &self.connection {
            Some(connection) => connection,
            None => unreachable!("only drop takes the connection out"),
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let (Some(home), Some(connection)) = (self.home, self.connection.take()) {
            let mut state = home.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.idle.push(connection);
            home.returned.notify_one();
        }
    }
}
