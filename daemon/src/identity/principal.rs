//! Who asks, in one vault: what the rest of the daemon knows of it.

use std::sync::Arc;

use super::{Origin, Ticket};
use crate::policy::Role;

/// Who asks, in one vault.
pub struct Principal {
    /// The client's name, `uid:1000`, or `administrator`; a user's is followed by `@` and the vault.
    pub name: String,
    /// The vault.
    pub vault: String,
    /// The role in it: of a user, what both its own role and the client's allow.
    pub role: Arc<Role>,
    /// Whether only public objects are shown: a local user without the PIN, or with the security officer's.
    pub public_only: bool,
    /// Whether the security officer's PIN was proven.
    pub officer: bool,
    /// Whether the vault's user PIN or a user's own secret was proven.
    pub(crate) has_proven_itself: bool,
    /// From which this was established, and a ticket can establish it again.
    pub(crate) origin: Origin,
    /// The ticket by which it asks.
    pub(crate) ticket: Option<Arc<Ticket>>,
}

impl Principal {
    /// The same, asking by a ticket.
    pub(super) fn with(&self, ticket: Arc<Ticket>) -> Self {
        Self {
            ticket: Some(ticket),
            ..self.again()
        }
    }

    /// The same, which has proven the vault's PIN.
    pub(crate) fn proven(&self) -> Self {
        Self {
            public_only: false,
            officer: false,
            has_proven_itself: true,
            ..self.again()
        }
    }

    /// The same, which has proven the security officer's PIN.
    pub(crate) fn as_officer(&self) -> Self {
        Self {
            officer: true,
            ..self.again()
        }
    }

    fn again(&self) -> Self {
        Self {
            name: self.name.clone(),
            vault: self.vault.clone(),
            role: self.role.clone(),
            public_only: self.public_only,
            officer: self.officer,
            has_proven_itself: self.has_proven_itself,
            origin: self.origin.clone(),
            ticket: self.ticket.clone(),
        }
    }
}
