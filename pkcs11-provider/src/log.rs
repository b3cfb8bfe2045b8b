//! The module's own log: a file when one is configured, otherwise nothing; never the host's output, never a secret.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::Write,
    path::Path,
    sync::Mutex,
    time::{SystemTime, UNIX_EPOCH},
};

/// Where the module writes what an operator may want to know.
#[derive(Default)]
pub(crate) struct Log(Option<Mutex<File>>);

impl Log {
    /// A log that appends to a file; no log when the file cannot be opened, for a host must not fail for its log.
    pub(crate) fn to(path: &Path) -> Self {
        Self(
            OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .ok()
                .map(Mutex::new),
        )
    }

    /// Writes one line; what cannot be written is lost.
    pub(crate) fn line(&self, what: fmt::Arguments<'_>) {
        let Some(file) = &self.0 else { return };
        let line = format!(
            "{} {} {what}\n",
            seconds_since_1970(),
            rustix::process::getpid()
        );
        let mut file = file
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        drop(file.write_all(line.as_bytes()));
    }
}

/// The clock, for the log and for the dates of new objects.
#[expect(
    clippy::disallowed_methods,
    reason = "the provider has no Context; this is its one look at the clock"
)]
pub(crate) fn seconds_since_1970() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0))
}
