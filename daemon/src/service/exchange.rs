//! One message being answered: whose it is, in which version, and when.

use std::sync::Arc;

use kmip::{Version, ttlv::Timestamp};

use super::{Service, deferred::Manner};
use crate::identity::{Caller, Peer, Principal};

/// One message being answered.
pub(super) struct Exchange<'a> {
    pub(super) service: &'a Service,
    pub(super) principal: &'a Arc<Principal>,
    pub(super) from: &'a Peer,
    /// The connection, where it lasts.
    pub(super) connection: Option<u64>,
    pub(super) peer: &'a str,
    /// The message's own bytes.
    pub(super) message: &'a [u8],
    pub(super) version: Version,
    pub(super) now: Timestamp,
    pub(super) manner: Manner,
    /// Whether the connection's roles may be turned.
    pub(super) may_turn: bool,
}

impl<'a> Exchange<'a> {
    /// A caller's message that is answered at once.
    pub(super) fn new(
        service: &'a Service,
        principal: &'a Arc<Principal>,
        caller: &'a Caller,
        (message, version): (&'a [u8], Version),
        now: Timestamp,
    ) -> Self {
        Self {
            service,
            principal,
            from: &caller.peer,
            connection: caller.connection(),
            peer: caller.description(),
            message,
            version,
            now,
            manner: Manner::AtOnce,
            may_turn: caller.is_turnable(),
        }
    }
}
