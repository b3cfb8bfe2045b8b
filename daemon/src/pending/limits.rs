//! How many requests may wait for their answers, and how long.

use std::time::Duration;

/// Bounds of what is answered later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most items in all.
    pub all_max: usize,
    /// The most items of one client.
    pub per_client_max: usize,
    /// The most bytes of messages that wait, and again of answers.
    pub bytes_max: usize,
    /// How long an item waits to be done, and its answer to be fetched.
    pub age_max: Duration,
    /// How long a client that leaves it to the server is kept waiting for its answer.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            all_max: 1_000,
            per_client_max: 100,
            bytes_max: 64 * 1024 * 1024,
            age_max: Duration::from_secs(3600),
            patience: Duration::from_secs(2),
        }
    }
}
