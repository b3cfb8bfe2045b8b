//! Reads at the start what the census must know of what was stored before, while the store is in use already.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{Builder, JoinHandle},
};

use rusqlite::Connection;

use crate::{Error, Record, Result, census::Standing, connection, keys, rows, writer::Memory};

/// Records read at a time: commits tell the census of themselves in between.
const PART: u32 = 1_000;

/// The thread that reads, ended when this is dropped.
pub(crate) struct Loader {
    is_stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Loader {
    /// Starts reading a file as it is now.
    pub(crate) fn start(path: &Path, memory: &Arc<Memory>) -> Result<Self> {
        let connection = connection::open_reader(path)?;
        // The snapshot begins here, before anything is committed of which the census is told.
        connection.execute_batch("BEGIN; SELECT count(*) FROM migration")?;
        let is_stopped = Arc::new(AtomicBool::new(false));
        let (stopped, memory) = (Arc::clone(&is_stopped), Arc::clone(memory));
        let thread = Builder::new()
            .name("store-loader".to_owned())
            .spawn(move || {
                // Searches wait for the end of this, so that it must be told whatever happens.
                let loading = AssertUnwindSafe(|| load(&connection, &memory, &stopped));
                let result = catch_unwind(loading).unwrap_or_else(|_| Err(ended()));
                if result.is_ok() {
                    memory.taken.loaded();
                }
                memory.census.loaded(result);
            })
            .map_err(|error| Error::Unavailable(format!("no thread for the loader: {error}")))?;
        Ok(Self {
            is_stopped,
            thread: Some(thread),
        })
    }
}

fn ended() -> Error {
    Error::Unavailable("the reading of the store has ended early; restart the program".to_owned())
}

impl Drop for Loader {
    fn drop(&mut self) {
        self.is_stopped.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was told where it happened.
            let _ = thread.join();
        }
    }
}

fn load(connection: &Connection, memory: &Memory, is_stopped: &AtomicBool) -> Result<()> {
    let mut after = 0;
    while !is_stopped.load(Ordering::Relaxed) {
        let part = rows::find_after_row(connection, after, PART)?;
        let names = part
            .records
            .iter()
            .flat_map(|(_, record)| keys::names(record));
        memory.taken.load(&names.collect::<Vec<_>>());
        load_digests(memory, &part.records);
        let standings = part.records.iter();
        let standings = standings.map(|(row, record)| (*row, Standing::of(record)));
        memory.census.load(standings.collect());
        match part.last {
            Some(last) => after = last,
            None => break,
        }
    }
    Ok(())
}

/// One that was removed meanwhile finds an object in vain.
fn load_digests(memory: &Memory, records: &[(u32, Record)]) {
    let keys: Vec<_> = records
        .iter()
        .map(|(row, record)| (*row, &record.vault, keys::digests(record)))
        .collect();
    memory.digests.add(
        keys.iter().flat_map(|(row, vault, keys)| {
            keys.iter().map(|digest| (vault.as_str(), digest, *row))
        }),
    );
}
