//! Who asks: from a peer's certificate or uid, and the credentials of a message, to a principal of one vault.

mod account;
mod admission;
mod certificate;
mod otp;
mod password;
mod peer;
mod principal;
mod proof;
mod ticket;
mod verifier;

use std::sync::Arc;

use kmip::{
    Secret, Version,
    message::{self, Authentication, Credential},
};
use store::Vault;

use self::admission::Standing;
pub(crate) use self::{
    account::check_username,
    ticket::{Origin, Terms, Ticket},
};
pub use self::{
    account::{Accounts, NewUser, User},
    peer::{CertificateFacts, Peer},
    principal::Principal,
    ticket::{TicketLimits, Tickets},
    verifier::NewCredential,
};
use crate::{
    directory::Directory,
    error::{Error, Result},
    fault::Fault,
    policy::Policy,
};

/// A local user who may use a vault through the local socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalUser {
    /// The user, or any user.
    pub uid: Option<u32>,
    /// The vault.
    pub vault: String,
    /// The role in it.
    pub role: String,
    /// Whether the vault's PIN is asked for anything but its public objects.
    pub pin_required: bool,
}

/// Certificates that are admitted without being enrolled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The issuer's name, RFC 4514.
    pub issuer: String,
    /// A subject alternative name that the certificate must have; a trailing `*` stands for any ending.
    pub alternative_name: String,
    /// The vault.
    pub vault: String,
    /// The role in it.
    pub role: String,
}

/// The rules by which principals are told.
#[derive(Clone, Debug, Default)]
pub struct Admissions {
    /// Users of the local socket.
    pub local_users: Vec<LocalUser>,
    /// Certificates that are not enrolled.
    pub certificates: Vec<Admission>,
}

impl Admissions {
    /// Whether any rule admits a user of the local socket.
    pub(crate) fn admit_user(&self, uid: u32) -> bool {
        let mut rules = self.local_users.iter();
        rules.any(|rule| rule.uid.is_none_or(|own| own == uid))
    }
}

/// One connection's identity, kept from message to message.
pub struct Caller {
    /// The other side.
    pub peer: Peer,
    description: String,
    known: Option<Known>,
    roles: Roles,
    /// The number of the connection, where what the other side does here may live as long as that.
    connection: Option<u64>,
}

/// Who asks and who answers on a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Roles {
    /// The other side asks, and that stays so.
    Fixed,
    /// The other side asks, and may turn that.
    Turnable,
    /// The daemon asks, in this version.
    Turned(Version),
}

struct Known {
    principal: Arc<Principal>,
    authentication: Vec<Credential>,
    server_hashed_password: Option<Secret>,
    generation: u64,
}

/// All that principals are told by.
pub(crate) struct Registry<'a> {
    pub(crate) accounts: Accounts<'a>,
    pub(crate) policy: &'a Policy,
    pub(crate) admissions: &'a Admissions,
    pub(crate) tickets: &'a Tickets,
}

/// The most credentials of one message: each of them takes long.
const CREDENTIALS_MAX: usize = 4;

impl Caller {
    /// A new connection's caller.
    #[must_use]
    pub fn new(peer: Peer) -> Self {
        Self {
            description: peer.to_string(),
            peer,
            known: None,
            roles: Roles::Fixed,
            connection: None,
        }
    }

    /// Says which connection this is.
    pub(crate) fn is_on(&mut self, connection: u64) {
        self.connection = Some(connection);
    }

    /// Which connection it is.
    pub(crate) const fn connection(&self) -> Option<u64> {
        self.connection
    }

    /// Lets the other side turn the roles of its connection.
    pub fn may_turn(&mut self) {
        if self.roles == Roles::Fixed {
            self.roles = Roles::Turnable;
        }
    }

    /// Whether it may.
    pub(crate) fn is_turnable(&self) -> bool {
        self.roles != Roles::Fixed
    }

    /// Turns the roles: from now on the daemon asks, in this version.
    pub(crate) fn turn(&mut self, version: Version) {
        self.roles = Roles::Turned(version);
    }

    /// Whether the roles are turned.
    #[must_use]
    pub const fn has_turned(&self) -> bool {
        matches!(self.roles, Roles::Turned(_))
    }

    /// Who is told, and in which version, when the roles are turned.
    pub(crate) fn turned(&self) -> Option<(Arc<Principal>, Version)> {
        match (&self.known, self.roles) {
            (Some(known), Roles::Turned(version)) => Some((known.principal.clone(), version)),
            _ => None,
        }
    }

    /// The other side in words, for the audit trail.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Whether a message's credentials were proven on this connection before, or are a ticket; proving others takes
    /// long on purpose.
    pub(crate) fn has_proven(&self, authentication: Option<&Authentication>) -> bool {
        let given = credentials(authentication);
        given.is_empty()
            || given.iter().all(|own| matches!(own, Credential::Ticket(_)))
            || self
                .known
                .as_ref()
                .is_some_and(|known| known.authentication == given)
    }

    /// What the server proves to a client that hashed its password in this message.
    pub(crate) fn server_hashed_password(
        &self,
        authentication: Option<&Authentication>,
    ) -> Option<Secret> {
        let known = self.known.as_ref();
        let known = known.filter(|known| known.authentication == credentials(authentication));
        known.and_then(|known| known.server_hashed_password.clone())
    }

    /// The principal of a message. What was proven is kept while the credentials stay the same, and looked at again
    /// when the directory changes; a revoked client or user is refused with its next message.
    pub(crate) fn principal(
        &mut self,
        authentication: Option<&Authentication>,
        registry: &Registry<'_>,
    ) -> Result<Arc<Principal>> {
        let given = credentials(authentication);
        if let [Credential::Ticket(ticket)] = given {
            return registry.bearer(&self.peer, ticket);
        }
        let generation = registry.accounts.directory.generation();
        let known = self.known.take();
        let known = known.filter(|known| known.authentication == given);
        let known = match known {
            Some(known) if known.generation == generation => known,
            Some(known) => Known {
                principal: registry.established(&known.principal.origin, asked(given, registry))?,
                generation,
                ..known
            },
            None => {
                let (principal, server_hashed_password) = registry.proven(&self.peer, given)?;
                Known {
                    principal,
                    authentication: given.to_vec(),
                    server_hashed_password,
                    generation,
                }
            }
        };
        let principal = known.principal.clone();
        self.known = Some(known);
        Ok(principal)
    }
}

impl Registry<'_> {
    /// Who a peer is that gives these credentials.
    fn proven(
        &self,
        peer: &Peer,
        given: &[Credential],
    ) -> Result<(Arc<Principal>, Option<Secret>)> {
        if given.len() > CREDENTIALS_MAX {
            return Err(not_authenticated());
        }
        let asked = asked(given, self);
        let standing = self.standing(peer, asked)?;
        let vault = self.vault(&standing.vault)?;
        let proof = proof::prove(given, &vault, &self.accounts)?;
        let origin = Origin {
            peer: peer.clone(),
            claim: proof.claim,
        };
        let principal = self.established(&origin, asked)?;
        Ok((principal, proof.server_hashed_password))
    }

    /// Who comes of a peer and what it has proven, as the directory and the policy are now.
    fn established(&self, origin: &Origin, asked: Option<&str>) -> Result<Arc<Principal>> {
        let standing = self.standing(&origin.peer, asked)?;
        let vault = self.vault(&standing.vault)?;
        let user = origin.claim.user(&self.accounts, &vault)?;
        let user = self.accounts.with_certificate(user, &standing)?;
        let role = |name: &str| self.policy.role(name).ok_or_else(not_authenticated);
        let own = role(&standing.role)?;
        let (name, role) = match &user {
            None => (standing.name, own),
            Some(user) => (
                format!("{}@{}", account::name_of(user), vault.name),
                Arc::new(own.with(&*role(account::role_of(user))?)),
            ),
        };
        Ok(Arc::new(Principal {
            name,
            role,
            public_only: standing.proof_required && !origin.claim.is_of_user(),
            officer: origin.claim.is_officer(),
            has_proven_itself: origin.claim.is_of_user(),
            vault: standing.vault,
            origin: origin.clone(),
            ticket: None,
        }))
    }

    /// Who a ticket stands for. Its bearer must be known in the same vault by its own means; a ticket that was not
    /// delegated is good only for the client that it was given to.
    fn bearer(&self, peer: &Peer, given: &message::Ticket) -> Result<Arc<Principal>> {
        let ticket = self.tickets.redeem(given, self.accounts.now)?;
        let standing = self.standing(peer, Some(&ticket.vault))?;
        if standing.vault != ticket.vault || (!ticket.is_delegated() && *peer != ticket.origin.peer)
        {
            return Err(not_authenticated());
        }
        let principal = self.established(&ticket.origin, Some(&ticket.vault))?;
        Ok(Arc::new(principal.with(ticket)))
    }

    /// Who somebody is now who asked before: the ticket counts no other request.
    pub(crate) fn again(&self, then: &Principal) -> Result<Arc<Principal>> {
        let now = self.established(&then.origin, Some(&then.vault))?;
        match &then.ticket {
            None => Ok(now),
            Some(ticket) => {
                self.tickets.check(ticket, self.accounts.now)?;
                Ok(Arc::new(now.with(ticket.clone())))
            }
        }
    }

    fn standing(&self, peer: &Peer, asked: Option<&str>) -> Result<Standing> {
        admission::standing(peer, asked, self.accounts.directory, self.admissions)
    }

    fn vault(&self, name: &str) -> Result<Arc<Vault>> {
        let vault = self.accounts.directory.vault(name);
        vault.ok_or_else(not_authenticated)
    }
}

/// The credentials of a message; an empty Authentication is none.
fn credentials(authentication: Option<&Authentication>) -> &[Credential] {
    authentication.map_or(&[], |authentication| &authentication.credential)
}

/// The vault that the credentials name.
fn asked<'a>(given: &'a [Credential], registry: &Registry<'_>) -> Option<&'a str> {
    let directory = registry.accounts.directory;
    given.iter().find_map(|credential| match credential {
        Credential::UsernameAndPassword(own) => split(&own.username, directory).1,
        Credential::OneTimePassword(own) => split(&own.username, directory).1,
        Credential::HashedPassword(own) => split(&own.username, directory).1,
        Credential::Device(_)
        | Credential::Attestation(_)
        | Credential::Ticket(_)
        | Credential::NotServed(_) => None,
    })
}

/// `user@vault` into both parts. What stands behind the `@` of a mail address is no vault.
fn split<'a>(username: &'a str, directory: &Directory) -> (&'a str, Option<&'a str>) {
    match username.rsplit_once('@') {
        Some((user, vault)) if user.is_empty() || directory.vault(vault).is_some() => {
            (user, Some(vault))
        }
        _ => (username, None),
    }
}

pub(crate) fn not_authenticated() -> Error {
    Error::new(Fault::NotAuthenticated, "authentication not successful")
}

fn attestation_failed() -> Error {
    Error::new(
        Fault::AttestationFailed,
        "attestations are not verified here, and none is needed",
    )
}

fn unserved(message: &'static str) -> Error {
    Error::new(Fault::FeatureNotServed, message)
}
