//! How many computations may be under way in parts, how much they may hold, and how long.

use std::time::Duration;

/// Bounds of computations that come in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most in all.
    pub all_max: usize,
    /// The most of one client.
    pub per_client_max: usize,
    /// The most bytes held of one whose data must be whole before anything can be said of it.
    pub held_bytes_max: usize,
    /// The most bytes held of those of one client.
    pub client_held_bytes_max: usize,
    /// The most bytes held of all of them.
    pub all_held_bytes_max: usize,
    /// How long one may take from its first part to its last.
    pub age_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            all_max: 1_000,
            per_client_max: 100,
            held_bytes_max: 16 * 1024 * 1024,
            client_held_bytes_max: 64 * 1024 * 1024,
            all_held_bytes_max: 128 * 1024 * 1024,
            age_max: Duration::from_secs(600),
        }
    }
}
