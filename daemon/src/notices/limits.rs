//! How much waits for a client that does not take what it is told.

/// Bounds of what waits for one client; of more, the oldest is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most messages.
    pub waiting_max: usize,
    /// The most bytes of them.
    pub bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            waiting_max: 1_000,
            bytes_max: 16 * 1024 * 1024,
        }
    }
}
