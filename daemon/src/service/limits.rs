//! How much one message may ask for, and how much clients leave here.

use crate::{cryptoki, identity::TicketLimits, notices, pending, streams};

/// Bounds of what one message may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most items of a batch.
    pub batch_items_max: usize,
    /// The most identifiers that one Locate returns.
    pub locate_items_max: u64,
    /// The most bytes of one RNG Retrieve.
    pub random_bytes_max: usize,
    /// Bounds of what is answered later.
    pub pending: pending::Limits,
    /// Bounds of PKCS #11 over KMIP.
    pub cryptoki: cryptoki::Limits,
    /// Bounds of what comes in parts.
    pub streams: streams::Limits,
    /// Bounds of what waits for a client that listens.
    pub notices: notices::Limits,
    /// Bounds of tickets.
    pub tickets: TicketLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            batch_items_max: 1_000,
            locate_items_max: 10_000,
            random_bytes_max: 65_536,
            pending: pending::Limits::default(),
            cryptoki: cryptoki::Limits::default(),
            streams: streams::Limits::default(),
            notices: notices::Limits::default(),
            tickets: TicketLimits::default(),
        }
    }
}
