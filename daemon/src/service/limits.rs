//! How much one message may ask for, and how much clients leave here.

use kmip::{
    Buffer, V1_0,
    message::{Bounds, protocol_version},
};

use super::Service;
use crate::{
    cryptoki,
    error::Error,
    fault::Fault,
    identity::{Caller, TicketLimits},
    notices, pending, streams,
};

/// Bounds of what one message may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most items of a batch.
    pub batch_items_max: usize,
    /// The most structures of a message one inside the other.
    pub nesting_max: u8,
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
            nesting_max: 32,
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

impl Limits {
    /// What a message is held to while it is read.
    pub(crate) const fn of_a_message(&self) -> Bounds {
        Bounds {
            items_max: self.batch_items_max,
            depth_max: self.nesting_max,
        }
    }
}

impl Service {
    /// Answers a message that is longer than messages may be by its beginning.
    pub(crate) fn refuse_large(&self, caller: &Caller, beginning: &[u8]) -> Buffer {
        let version = protocol_version(beginning).ok();
        let version = version.and_then(|own| own.spoken()).unwrap_or(V1_0);
        let error = Error::new(
            Fault::MessageTooLarge,
            "the message is longer than messages may be here",
        );
        self.refuse_message(caller, version, self.clock.now(), error)
    }
}
