//! What every store promises, as one suite; and what the SQLite store promises of its files.
#![expect(
    clippy::unwrap_used,
    reason = "what stands beside the tests is test code as well"
)]

mod behaviour;
mod concurrency;
mod crash;
mod doubts;
mod files;
mod hanging;
mod locate;
mod model;
mod sample;
mod tenants;

use store::{SqliteStore, Store};

/// Runs a test on every store there is.
fn each_store(test: impl Fn(&dyn Store)) {
    test(&SqliteStore::in_memory().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    test(&SqliteStore::open(&path, &store::Options::default()).unwrap());
}
