//! The store: records of objects, vaults and clients, kept durably and found again.
//!
//! One trait, one suite of tests, and SQLite behind it. Records are plain data; keys in them are opaque to the store.
//!
//! What holds of every store:
//!
//! - A commit that was acknowledged survives the death of the process and the loss of power; one that was not has
//!   changed nothing. Concurrent commits share one write to the disk, a lone one waits for nobody.
//! - A read that begins after a commit was acknowledged sees it. Nothing uncommitted is seen outside its transaction.
//! - Of two transactions that read a record and change it, the second to commit gets [`Error::Conflict`].
//! - In a vault, a name belongs to at most one object that is not destroyed.
//! - Locate finds what [`Filter::matches`] says, newest first, in transactions with their own changes included.
//! - When the disk is full or fails, commits fail with [`Error::Unavailable`], reads go on, and commits succeed again
//!   once the disk does.
//! - When the disk does not answer, commits that are begun before that is known wait for it, later ones fail with
//!   [`Error::Unavailable`], and reads that need it do so after [`WAIT_MAX`].
#![forbid(unsafe_code)]

mod apart;
mod backup;
mod cache;
mod census;
mod commit;
mod connection;
mod digests;
mod doubts;
mod facets;
mod fields;
mod filter;
mod key_range;
mod keys;
mod loader;
mod locate;
mod migrate;
mod record;
mod rows;
mod sqlite;
mod taken;
mod tenants;
mod transaction;
mod writer;

use std::sync::Arc;

pub use self::{
    commit::Commit,
    filter::{Filter, Located, Page, Scope},
    record::{
        Client, Custody, Doubt, ObjectId, Record, Rules, Successor, Token, Vault, is_account,
    },
    sqlite::{Options, SqliteStore, WAIT_MAX},
};
use kmip::ttlv::Timestamp;

/// The Operation Policy Name of nearly every object, which tells none of them from the others (KMIP 1.4 §3.18).
pub const USUAL_POLICY: &str = "default";

/// Where records are kept. Implementations are thread-safe and may block.
pub trait Store: Send + Sync {
    /// Begins a transaction; costs nothing until it is used.
    fn begin(&self) -> Box<dyn Transaction + '_>;

    /// A record as last committed; from memory when it was read before.
    fn record(&self, id: &ObjectId) -> Result<Option<Arc<Record>>>;

    /// The same for a thread that must not stand still: [`Error::Unavailable`] where others would have to be waited for.
    fn record_at_once(&self, id: &ObjectId) -> Result<Option<Arc<Record>>>;

    /// Records in the order of their identifiers after `after`, at most `items_max`: for jobs that visit all.
    fn records_after(&self, after: Option<&ObjectId>, items_max: u32) -> Result<Vec<Arc<Record>>>;

    /// Destroyed objects whose keys an HSM still owes to delete, at most `items_max`.
    fn doomed(&self, items_max: u32) -> Result<Vec<Arc<Record>>>;

    /// Objects that are to be rotated by now, the longest due first, at most `items_max`.
    fn due_for_rotation(&self, now: Timestamp, items_max: u32) -> Result<Vec<Arc<Record>>>;

    /// The runs of programs that objects of sessions end with, each with its vault.
    fn session_runs(&self) -> Result<Vec<(String, String)>>;

    /// The objects of sessions of a run in a vault, at most `items_max`.
    fn of_session_run(&self, vault: &str, run: &str, items_max: u32) -> Result<Vec<Arc<Record>>>;

    /// How many records there are, tombstones included.
    fn count(&self) -> Result<u64>;

    /// Every vault.
    fn vaults(&self) -> Result<Vec<Vault>>;

    /// Adds a vault or changes the one with this name; durable on return.
    fn put_vault(&self, vault: &Vault) -> Result<()>;

    /// Every client.
    fn clients(&self) -> Result<Vec<Client>>;

    /// Adds a client or changes the one with this vault and name; durable on return.
    fn put_client(&self, client: &Client) -> Result<()>;

    /// The keys of which it is noted that an HSM was about to make them.
    fn doubts(&self) -> Result<Vec<Doubt>>;

    /// Notes that an HSM is about to make a key; durable on return. [`Error::Unanswered`] after [`WAIT_MAX`].
    fn put_doubt(&self, doubt: &Doubt) -> Result<()>;

    /// Forgets keys in doubt: what came of them is known; durable on return.
    fn remove_doubts(&self, doubts: &[Doubt]) -> Result<()>;

    /// Writes a consistent copy to a new file while the store is in use.
    fn backup(&self, to: &std::path::Path) -> Result<()>;

    /// Whether the store answers now: cheap, for readiness probes.
    fn health(&self) -> Result<()>;
}

/// Changes that become durable together, or not at all. Dropped, it is rolled back.
pub trait Transaction {
    /// A record as this transaction sees it, its own changes included.
    fn record(&mut self, id: &ObjectId) -> Result<Option<Arc<Record>>>;

    /// Adds a record under a new identifier; its revision becomes 1. [`Error::NameTaken`] when another object of the
    /// vault that is not destroyed has one of its names, here or at commit; [`Error::Conflict`] when there is an object
    /// with this identifier, at commit at the latest.
    fn insert(&mut self, record: Record) -> Result<()>;

    /// Replaces a record; its revision must be the one read, here or before, and becomes one more: to change the record
    /// again, read it again. Identifier, vault and object type stay for ever. [`Error::Conflict`] when the record was
    /// changed since it was read, or does not exist; [`Error::NameTaken`] as above.
    fn update(&mut self, record: Record) -> Result<()>;

    /// Where the value of an archived object is, as this transaction sees it. It is never kept in memory.
    fn archived(&mut self, id: &ObjectId) -> Result<Option<Custody>>;

    /// Puts the custody of an object of this transaction into the archive, or takes it out.
    fn set_archived(&mut self, id: &ObjectId, custody: Option<Custody>);

    /// Changes a vault with the other changes; [`Error::Conflict`] at commit when it is not as it was read any more.
    fn change_vault(&mut self, before: Vault, after: Vault);

    /// Gives a client its successor with the other changes; [`Error::Conflict`] at commit when it has another certificate by
    /// then, or was revoked.
    fn put_successor(&mut self, client: Client);

    /// The objects in scope that match, newest first, as this transaction sees them at a time.
    fn locate(
        &mut self,
        filter: &Filter,
        scope: &Scope,
        page: Page,
        now: Timestamp,
    ) -> Result<Located>;

    /// Whether there is anything to commit.
    fn is_changed(&self) -> bool;

    /// Makes the changes ready to be committed, at a time of the caller's choosing.
    fn prepare(self: Box<Self>) -> Result<Commit>;

    /// Makes the changes durable: they survive the loss of power once this returns. [`Error::Conflict`] when another
    /// transaction changed one of the records since it was read here. Concurrent commits share one write to the disk.
    fn commit(self: Box<Self>) -> Result<()> {
        if self.is_changed() {
            self.prepare()?.wait()
        } else {
            Ok(())
        }
    }
}

/// What went wrong in the store. The text is for the log, never for a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// Another transaction changed a record since it was read.
    Conflict,
    /// A stored record cannot be read.
    Corrupt(String),
    /// Another object of the vault has this name.
    NameTaken(String),
    /// The file is not a store of ours, or of a newer program.
    NotOurs(String),
    /// The disk has not answered in time: the changes are made or are not made once it does.
    Unanswered,
    /// The disk or the database failed; nothing was changed.
    Unavailable(String),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Conflict => f.write_str("the record was changed by another request"),
            Self::Corrupt(what) => write!(f, "a stored record cannot be read: {what}"),
            Self::NameTaken(name) => write!(f, "another object has the name {name:?}"),
            Self::NotOurs(what) => write!(f, "not a Keyhold store: {what}"),
            Self::Unanswered => f.write_str(
                "the disk does not answer: it is not known whether the changes are made",
            ),
            Self::Unavailable(what) => write!(f, "the store is unavailable: {what}"),
        }
    }
}

impl std::error::Error for Error {}

/// The result of the store.
pub type Result<T> = std::result::Result<T, Error>;
