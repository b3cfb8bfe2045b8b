//! The one thread that writes: it takes the change sets that wait, applies each or none of it, and commits them at once.

use std::{
    sync::{
        Arc, Weak,
        mpsc::{Receiver, SendError, Sender, channel},
    },
    thread::{Builder, JoinHandle},
};

use kmip::ttlv::Timestamp;
use rusqlite::{Connection, params};

use crate::{
    Client, Custody, Doubt, Error, ObjectId, Record, Result, Vault, apart,
    cache::Cache,
    census::{Census, Standing},
    commit::{Commit, Hanging, Told, ended},
    connection::{Pool, execute},
    digests::Digests,
    doubts,
    keys::{self, KeyValue, NameKey, SearchKey},
    rows::Encoded,
    taken::Taken,
    tenants,
};

/// A group larger than this keeps the first of it waiting for too long.
const GROUP_MAX: usize = 512;

/// A change of one row and what hangs on it.
pub(crate) enum Change {
    Archive(ObjectId, Option<Custody>),
    Client(Client),
    Doubt(Doubt),
    Object(Box<ObjectChange>),
    /// Keys in doubt no more.
    Settled(Vec<Doubt>),
    Successor(Client),
    Vault(Vault),
    /// A vault as it was read, and as it is to be.
    VaultFrom(Vault, Vault),
}

/// A record added or replaced, with the difference that it makes to the search.
pub(crate) struct ObjectChange {
    /// The revision that is replaced; none of a new object.
    before: Option<u64>,
    after: Encoded,
    keys_removed: Vec<SearchKey>,
    keys_added: Vec<SearchKey>,
    digests_removed: Vec<KeyValue>,
    digests_added: Vec<KeyValue>,
    names_removed: Vec<NameKey>,
    names_added: Vec<NameKey>,
    /// When it is rotated, if that changes.
    rotation: Option<Option<Timestamp>>,
    /// Whether the run that it ends with changes.
    is_of_other_run: bool,
    standing: Standing,
}

impl ObjectChange {
    /// The change from a record as it was read, or from none, to what is to be stored.
    pub(crate) fn new(before: Option<&Record>, after: &Arc<Record>) -> Result<Self> {
        let old_keys = before.map(keys::search_keys).unwrap_or_default();
        let old_digests = before.map(keys::digests).unwrap_or_default();
        let old_names = before.map(keys::names).unwrap_or_default();
        let new_keys = keys::search_keys(after);
        let new_digests = keys::digests(after);
        let new_names = keys::names(after);
        let (old_due, new_due) = (before.and_then(Record::rotation_due), after.rotation_due());
        Ok(Self {
            rotation: (old_due != new_due).then_some(new_due),
            is_of_other_run: before.and_then(Record::session_run) != after.session_run(),
            standing: Standing::of(after),
            before: before.map(|before| before.revision),
            after: Encoded::new(Arc::clone(after))?,
            keys_removed: missing(&old_keys, &new_keys),
            keys_added: missing(&new_keys, &old_keys),
            digests_removed: missing(&old_digests, &new_digests),
            digests_added: missing(&new_digests, &old_digests),
            names_removed: missing(&old_names, &new_names),
            names_added: missing(&new_names, &old_names),
        })
    }
}

/// What of the one is missing in the other; both are sorted.
fn missing<T: Clone + Ord>(one: &[T], other: &[T]) -> Vec<T> {
    one.iter()
        .filter(|item| other.binary_search(item).is_err())
        .cloned()
        .collect()
}

/// Where the writer's connection is.
pub(crate) enum Home {
    /// Its own.
    Own(Box<Connection>),
    /// Shared with the readers of a database in memory, one at a time.
    Shared(Arc<Pool>),
}

struct Job {
    changes: Vec<Change>,
    told: Told,
}

/// The rows of a job's objects, in the order of its changes.
type Rows = Vec<u32>;

/// What is kept in memory of what is stored.
pub(crate) struct Memory {
    pub(crate) cache: Cache,
    pub(crate) census: Census,
    pub(crate) digests: Digests,
    pub(crate) taken: Taken,
}

/// The way to the writer's thread, which ends when this is dropped.
pub(crate) struct Writer {
    /// Held by nobody else for long, so that the thread ends when this does.
    jobs: Option<Arc<Sender<Job>>>,
    thread: Option<JoinHandle<()>>,
    hanging: Arc<Hanging>,
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(home: Home, memory: Arc<Memory>) -> Result<Self> {
        let (jobs, waiting) = channel();
        let hanging = Arc::new(Hanging::default());
        let own = Arc::clone(&hanging);
        let thread = Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run(&home, &waiting, &memory, &own))
            .map_err(|error| Error::Unavailable(format!("no thread for the writer: {error}")))?;
        Ok(Self {
            jobs: Some(Arc::new(jobs)),
            thread: Some(thread),
            hanging,
        })
    }

    /// Changes that are applied together or not at all; they are durable, and seen by every read, once it is told.
    pub(crate) fn prepare(&self, changes: Vec<Change>) -> Commit {
        let jobs = self.jobs.as_ref().map_or_else(Weak::new, Arc::downgrade);
        Commit::new(Arc::clone(&self.hanging), move |told| {
            match jobs.upgrade() {
                Some(jobs) => {
                    if let Err(SendError(job)) = jobs.send(Job { changes, told }) {
                        (job.told)(Err(ended()));
                    }
                }
                None => told(Err(ended())),
            }
        })
    }

    /// Whether the thread runs, and answers those who wait for it.
    pub(crate) fn health(&self) -> Result<()> {
        let thread = self.thread.as_ref();
        if thread.is_none_or(JoinHandle::is_finished) {
            return Err(ended());
        }
        self.hanging.trouble().map_or(Ok(()), Err)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was told where it happened.
            let _ = thread.join();
        }
    }
}

fn run(home: &Home, waiting: &Receiver<Job>, memory: &Memory, hanging: &Hanging) {
    // The first job is taken at once; whatever came while the last group was written joins it. Nobody waits for a timer.
    while let Ok(first) = waiting.recv() {
        let others = waiting.try_iter().take(GROUP_MAX - 1);
        let group: Vec<Job> = std::iter::once(first).chain(others).collect();
        let results = match home {
            Home::Own(connection) => commit_group(connection, &group),
            Home::Shared(pool) => pool
                .take()
                .and_then(|connection| commit_group(&connection, &group)),
        };
        let results = results.unwrap_or_else(|error| vec![Err(error); group.len()]);
        let (changes, told): (Vec<_>, Vec<_>) =
            group.into_iter().map(|job| (job.changes, job.told)).unzip();
        // Every record is corrected before anybody is told, so that a read after an acknowledgement is never stale.
        let committed = changes.into_iter().zip(&results);
        correct(
            memory,
            committed
                .filter_map(|(changes, rows)| Some((changes, rows.as_ref().ok()?)))
                .flat_map(|(changes, rows)| objects(changes).zip(rows.iter().copied()))
                .collect(),
        );
        for (told, result) in told.into_iter().zip(results) {
            told(result.map(drop));
        }
        hanging.has_answered();
    }
}

/// One transaction for the group. An error means that nothing of it was changed; the results inside are each job's own.
fn commit_group(connection: &Connection, group: &[Job]) -> Result<Vec<Result<Rows>>> {
    // Few jobs are refused, so that a savepoint for each would cost more than to begin again when one is.
    let together = |changes: &[Change]| Ok(Ok(apply(connection, changes)?));
    let outcome = match transact(connection, group, together) {
        Err(Error::Conflict | Error::NameTaken(_)) => transact(connection, group, |changes| {
            apply_alone(connection, changes)
        }),
        other => other,
    };
    outcome.map_err(|error| match error {
        Error::Unavailable(_) => error,
        other => Error::Unavailable(other.to_string()),
    })
}

fn transact(
    connection: &Connection,
    group: &[Job],
    apply: impl Fn(&[Change]) -> Result<Result<Rows>>,
) -> Result<Vec<Result<Rows>>> {
    let outcome = (|| {
        execute(connection, "BEGIN IMMEDIATE")?;
        let results = group
            .iter()
            .map(|job| apply(&job.changes))
            .collect::<Result<Vec<_>>>()?;
        execute(connection, "COMMIT")?;
        Ok(results)
    })();
    // After some errors SQLite has rolled back already; where it has not, nothing may stay open.
    if outcome.is_err() && !connection.is_autocommit() {
        let _ = connection.execute_batch("ROLLBACK");
    }
    outcome
}

/// Applies one job under a savepoint, so that its own refusal leaves the others' changes alone.
fn apply_alone(connection: &Connection, changes: &[Change]) -> Result<Result<Rows>> {
    execute(connection, "SAVEPOINT job")?;
    let applied = apply(connection, changes);
    match applied {
        Ok(_) => {}
        Err(Error::Conflict | Error::NameTaken(_)) => execute(connection, "ROLLBACK TO job")?,
        Err(error) => return Err(error),
    }
    execute(connection, "RELEASE job")?;
    Ok(applied)
}

fn apply(connection: &Connection, changes: &[Change]) -> Result<Rows> {
    // Names are freed before they are taken: one transaction may pass a name from one object to another.
    for change in changes {
        if let Change::Object(change) = change {
            free_names(connection, change)?;
        }
    }
    let mut rows = Rows::new();
    for change in changes {
        match change {
            Change::Archive(id, custody) => {
                apart::put_archived(connection, id, custody.as_ref())?;
            }
            Change::Client(client) => tenants::put_client(connection, client)?,
            Change::Doubt(doubt) => doubts::put(connection, doubt)?,
            Change::Object(change) => rows.push(put_object(connection, change)?),
            Change::Settled(settled) => doubts::remove(connection, settled)?,
            Change::Successor(client) => tenants::put_successor(connection, client)?,
            Change::Vault(vault) => tenants::put_vault(connection, vault)?,
            Change::VaultFrom(before, after) => tenants::change_vault(connection, before, after)?,
        }
    }
    Ok(rows)
}

fn free_names(connection: &Connection, change: &ObjectChange) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "DELETE FROM name WHERE vault = ? AND value = ? AND type = ? \
        AND object = (SELECT row FROM object WHERE id = ?)",
    )?;
    for name in &change.names_removed {
        let id = &change.after.record.id.0;
        statement.execute(params![name.vault, name.value, name.name_type, id])?;
    }
    Ok(())
}

fn put_object(connection: &Connection, change: &ObjectChange) -> Result<u32> {
    let row = match change.before {
        None => change.after.insert(connection)?,
        Some(revision) => change.after.update(connection, revision)?,
    };
    let row = row.ok_or(Error::Conflict)?;
    let vault = &change.after.record.vault;
    let mut name = connection.prepare_cached(
        "INSERT INTO name (vault, value, type, object) VALUES (?, ?, ?, ?) \
        ON CONFLICT (vault, value, type) DO NOTHING",
    )?;
    for key in &change.names_added {
        if name.execute(params![vault, key.value, key.name_type, row])? == 0 {
            return Err(Error::NameTaken(key.value.clone()));
        }
    }
    let mut removed = connection.prepare_cached(
        "DELETE FROM attribute WHERE vault = ? AND kind = ? AND value = ? AND object = ?",
    )?;
    for key in &change.keys_removed {
        removed.execute(params![vault, key.kind, key.value, row])?;
    }
    let mut added = connection
        .prepare_cached("INSERT INTO attribute (vault, kind, value, object) VALUES (?, ?, ?, ?)")?;
    for key in &change.keys_added {
        added.execute(params![vault, key.kind, key.value, row])?;
    }
    if let Some(due) = change.rotation {
        apart::put_rotation(connection, row, due)?;
    }
    if change.is_of_other_run {
        apart::put_session(connection, row, change.after.record.session_run())?;
    }
    Ok(row)
}

/// The objects among changes, in their order.
fn objects(changes: Vec<Change>) -> impl Iterator<Item = ObjectChange> {
    changes.into_iter().filter_map(|change| match change {
        Change::Object(change) => Some(*change),
        Change::Archive(..)
        | Change::Client(_)
        | Change::Doubt(_)
        | Change::Settled(_)
        | Change::Successor(_)
        | Change::Vault(_)
        | Change::VaultFrom(..) => None,
    })
}

/// Tells the memory of changes that were committed, with the rows of their objects.
fn correct(memory: &Memory, changes: Vec<(ObjectChange, u32)>) {
    let each = || changes.iter().map(|(change, _)| change);
    memory.taken.change(
        each().flat_map(|change| &change.names_removed),
        each().flat_map(|change| &change.names_added),
    );
    memory
        .digests
        .remove(digests(&changes, |change| &change.digests_removed));
    memory
        .digests
        .add(digests(&changes, |change| &change.digests_added));
    let cache = &memory.cache;
    for change in each() {
        let record = &change.after.record;
        cache.records.correct(&record.id, Some(Arc::clone(record)));
        for name in change.names_removed.iter().chain(&change.names_added) {
            cache.names.correct(name, None);
        }
    }
    let standings = changes.into_iter();
    let standings = standings.map(|(change, row)| (row, change.standing));
    memory.census.put(standings.collect());
}

/// Some digests of changes, each with its vault and the row of its object.
fn digests(
    changes: &[(ObjectChange, u32)],
    of: impl Fn(&ObjectChange) -> &[KeyValue],
) -> impl Iterator<Item = (&str, &KeyValue, u32)> {
    changes.iter().flat_map(move |(change, row)| {
        let vault = change.after.record.vault.as_str();
        of(change).iter().map(move |digest| (vault, digest, *row))
    })
}
