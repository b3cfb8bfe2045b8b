//! Tickets: random bytes that stand for who logged in, for a while, for some requests, and for a part of what they may.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_lc_rs::rand;
use kmip::{
    OperationCode, Secret, TicketType, UsageLimitsUnit,
    attribute::{Link, UniqueIdentifier, UsageLimits},
    mechanism::Hash,
    message,
    payload::login::{Right, Rights},
    ttlv::{Interval, Timestamp},
};
use store::Record;

use super::{Peer, proof::Claim};
use crate::{
    error::{Error, Result},
    fault::Fault,
};

/// Who a ticket stands for, to be established anew each time it is used.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) peer: Peer,
    pub(crate) claim: Claim,
}

/// What a ticket is asked to be good for.
pub(crate) struct Terms {
    pub(crate) lease_time: Option<Interval>,
    pub(crate) request_count: Option<i32>,
    pub(crate) usage_limits: Option<UsageLimits>,
    /// What its bearer may do; everything that its origin may when absent.
    pub(crate) rights: Option<Rights>,
}

/// A ticket that is good.
pub(crate) struct Ticket {
    key: Key,
    pub(super) origin: Origin,
    pub(super) vault: String,
    expires: Timestamp,
    /// The ticket that it was made with: it ends with that one, and counts against it too.
    parent: Option<Arc<Self>>,
    rights: Option<Rights>,
    left: Mutex<Left>,
}

/// What is left of a ticket.
struct Left {
    requests: Option<i32>,
    usage: Option<UsageLimits>,
    /// Of each right.
    rights: Vec<Option<UsageLimits>>,
}

/// A ticket is kept by its hash: what is looked up is no secret.
type Key = [u8; 32];

/// The tickets of an appliance. They do not outlive the process: clients log in again.
pub struct Tickets {
    limits: TicketLimits,
    all: Mutex<HashMap<Key, Arc<Ticket>>>,
}

/// For how long a ticket is good where nobody says.
const LEASE_SECONDS: u32 = 3_600;

/// Bounds of tickets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketLimits {
    /// The most of the appliance.
    pub all_max: usize,
    /// The most of one vault, which cannot take the room of the others.
    pub per_vault_max: usize,
    /// For how long one is good at most.
    pub seconds_max: u32,
}

impl Default for TicketLimits {
    fn default() -> Self {
        Self {
            all_max: 65_536,
            per_vault_max: 4_096,
            seconds_max: 86_400,
        }
    }
}

/// The most rights, operations and objects that a ticket names.
const RIGHTS_MAX: usize = 256;

impl Tickets {
    /// No tickets yet.
    #[must_use]
    pub fn new(limits: TicketLimits) -> Self {
        Self {
            limits,
            all: Mutex::default(),
        }
    }

    /// How many are out.
    pub(crate) fn count(&self) -> usize {
        lock(&self.all).len()
    }

    /// Forgets those that have ended.
    pub(crate) fn expire(&self, now: Timestamp) {
        lock(&self.all).retain(|_, own| own.expires > now);
    }

    /// Makes a ticket; `parent` is the one that the request itself came with.
    pub(crate) fn issue(
        &self,
        origin: Origin,
        vault: &str,
        terms: Terms,
        parent: Option<Arc<Ticket>>,
        now: Timestamp,
    ) -> Result<message::Ticket> {
        // Else a ticket that ends would be renewed by its own.
        if parent
            .as_ref()
            .is_some_and(|parent| parent.is_delegated() || parent.parent.is_some())
        {
            return Err(Error::not_permitted());
        }
        let mut value = [0; 32];
        rand::fill(&mut value).map_err(|_| Error::internal("no random bytes"))?;
        let value = Secret::from(&value[..]);
        let key = key(&value)?;
        let seconds_max = self.limits.seconds_max;
        let ticket = Ticket::new(key, origin, vault, terms, (parent, seconds_max), now)?;
        let mut all = lock(&self.all);
        let is_full = |all: &HashMap<Key, Arc<Ticket>>| {
            all.len() >= self.limits.all_max || of_vault(all, vault) >= self.limits.per_vault_max
        };
        if is_full(&all) {
            all.retain(|_, own| own.expires > now);
        }
        if is_full(&all) {
            return Err(Error::new(Fault::Busy, "too many tickets are out"));
        }
        all.insert(key, Arc::new(ticket));
        Ok(message::Ticket {
            ticket_type: TicketType::Login,
            ticket_value: value,
        })
    }

    /// The ticket of a credential, if it is good for another request, which is counted.
    pub(super) fn redeem(&self, given: &message::Ticket, now: Timestamp) -> Result<Arc<Ticket>> {
        let ticket = self.find(given, now)?;
        ticket.count_request()?;
        Ok(ticket)
    }

    /// Whether a ticket that was good still is.
    pub(super) fn check(&self, ticket: &Ticket, now: Timestamp) -> Result<()> {
        let all = lock(&self.all);
        if ticket.expires > now && all.contains_key(&ticket.key) {
            Ok(())
        } else {
            Err(invalid())
        }
    }

    /// Ends a ticket and those that were made with it.
    pub(crate) fn end(&self, given: &message::Ticket, vault: &str, now: Timestamp) -> Result<()> {
        let ticket = self.find(given, now)?;
        if ticket.vault != vault {
            return Err(invalid());
        }
        let mut all = lock(&self.all);
        let mut ended = vec![ticket.key];
        while let Some(key) = ended.pop() {
            all.remove(&key);
            ended.extend(
                all.values()
                    .filter(|own| own.parent.as_ref().is_some_and(|parent| parent.key == key))
                    .map(|own| own.key),
            );
        }
        Ok(())
    }

    fn find(&self, given: &message::Ticket, now: Timestamp) -> Result<Arc<Ticket>> {
        if given.ticket_type != TicketType::Login {
            return Err(invalid());
        }
        let key = key(&given.ticket_value)?;
        let mut all = lock(&self.all);
        let found = all.get(&key).cloned().ok_or_else(invalid)?;
        if found.expires <= now {
            all.remove(&key);
            return Err(invalid());
        }
        Ok(found)
    }
}

impl Ticket {
    fn new(
        key: Key,
        origin: Origin,
        vault: &str,
        terms: Terms,
        (parent, seconds_max): (Option<Arc<Self>>, u32),
        now: Timestamp,
    ) -> Result<Self> {
        // A lease or a count of nothing is one that is left to the server.
        let asked = terms.lease_time.map_or(0, |lease| lease.0);
        let seconds = match asked {
            0 => LEASE_SECONDS,
            asked => asked,
        };
        let seconds = seconds.min(seconds_max);
        let expires = Timestamp(now.0.saturating_add(i64::from(seconds)));
        let requests = terms.request_count.filter(|count| *count != 0);
        if requests.is_some_and(|count| count < 0) {
            return Err(Error::invalid_field("Request Count is not negative"));
        }
        let rights = terms.rights;
        let each = rights.as_ref().map_or(&[][..], |rights| &rights.right);
        let named = |right: &Right| {
            right
                .operations
                .as_ref()
                .map_or(0, |own| own.operation.len())
                + right
                    .objects
                    .as_ref()
                    .map_or(0, |own| own.unique_identifier.len())
                + right
                    .object_groups
                    .as_ref()
                    .map_or(0, |own| own.object_group.len() + own.group_link.len())
        };
        if each.len() + each.iter().map(named).sum::<usize>() > RIGHTS_MAX {
            return Err(Error::invalid_field("too many rights are named"));
        }
        let left = Left {
            requests,
            usage: terms.usage_limits.as_ref().map(begun),
            rights: each
                .iter()
                .map(|right| right.usage_limits.as_ref().map(begun))
                .collect(),
        };
        Ok(Self {
            key,
            origin,
            vault: vault.to_owned(),
            expires: parent
                .as_ref()
                .map_or(expires, |parent| expires.min(parent.expires)),
            parent,
            rights,
            left: Mutex::new(left),
        })
    }

    fn count_request(&self) -> Result<()> {
        if let Some(parent) = &self.parent {
            parent.count_request()?;
        }
        match &mut lock(&self.left).requests {
            Some(requests) if *requests <= 0 => Err(spent()),
            Some(requests) => {
                *requests -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Whether it was given to another, who may do a part only.
    pub(crate) const fn is_delegated(&self) -> bool {
        self.rights.is_some()
    }

    /// Whether a right is one to an operation, on whatever objects.
    pub(crate) fn names(&self, operation: OperationCode) -> bool {
        self.rights.as_ref().is_none_or(|rights| {
            rights.right.iter().any(|right| {
                let operations = right.operations.as_ref();
                operations.is_none_or(|own| own.operation.contains(&operation))
            })
        })
    }

    /// Whether a right allows an operation, on an object where there is one.
    pub(crate) fn allows(&self, operation: OperationCode, object: Option<&Record>) -> bool {
        self.rights.as_ref().is_none_or(|rights| {
            rights
                .right
                .iter()
                .any(|right| is_right_to(right, operation, object))
        })
    }

    /// Counts protection, so many times and so many bytes, against what is left of the ticket and of a right to it.
    pub(crate) fn charge(
        &self,
        operation: OperationCode,
        object: &Record,
        (times, bytes): (i64, usize),
    ) -> Result<()> {
        if let Some(parent) = &self.parent {
            parent.charge(operation, object, (times, bytes))?;
        }
        let mut left = lock(&self.left);
        let cost = |limits: &UsageLimits| match limits.usage_limits_unit {
            UsageLimitsUnit::Byte => i64::try_from(bytes).unwrap_or(i64::MAX),
            _ => times,
        };
        let has = |limits: &Option<UsageLimits>| {
            limits
                .as_ref()
                .is_none_or(|own| own.usage_limits_count.unwrap_or_default() >= cost(own))
        };
        let take = |limits: &mut Option<UsageLimits>| {
            if let Some(own) = limits {
                own.usage_limits_count =
                    Some(own.usage_limits_count.unwrap_or_default() - cost(own));
            }
        };
        let each = self.rights.as_ref().map_or(&[][..], |rights| &rights.right);
        let right = each
            .iter()
            .zip(&left.rights)
            .position(|(right, own)| is_right_to(right, operation, Some(object)) && has(own));
        if !has(&left.usage) || (right.is_none() && self.rights.is_some()) {
            return Err(spent());
        }
        take(&mut left.usage);
        if let Some(own) = right.and_then(|at| left.rights.get_mut(at)) {
            take(own);
        }
        Ok(())
    }
}

/// Whether a right allows an operation, on an object where there is one. A right to objects is none to what has no
/// object yet: making one, or searching.
fn is_right_to(right: &Right, operation: OperationCode, object: Option<&Record>) -> bool {
    let operations = right.operations.as_ref();
    let objects = right.objects.as_ref();
    let groups = right.object_groups.as_ref();
    let is_this = |id: &UniqueIdentifier| matches!((id, object), (UniqueIdentifier::Text(id), Some(own)) if *id == own.id.0);
    let is_member = |group: &String| {
        object.is_some_and(|own| own.attributes.object_group.iter().any(|own| own == group))
    };
    let is_linked = |group: &UniqueIdentifier| {
        object.is_some_and(|own| {
            own.attributes.link.iter().any(|link| {
                link.link_type == Link::GROUP && link.linked_object_identifier == *group
            })
        })
    };
    operations.is_none_or(|own| own.operation.contains(&operation))
        && objects.is_none_or(|own| own.unique_identifier.iter().any(is_this))
        && groups.is_none_or(|own| {
            own.object_group.iter().any(is_member) || own.group_link.iter().any(is_linked)
        })
}

/// Limits of which nothing is used: the client's count is ignored, as that of a key is (KMIP 1.4 §3.21).
fn begun(limits: &UsageLimits) -> UsageLimits {
    UsageLimits {
        usage_limits_count: Some(limits.usage_limits_total),
        ..limits.clone()
    }
}

fn of_vault(all: &HashMap<Key, Arc<Ticket>>, vault: &str) -> usize {
    all.values().filter(|own| own.vault == vault).count()
}

fn key(value: &Secret) -> Result<Key> {
    let hash = hsm::public::hash(Hash::Sha256, value.expose())?;
    <Key>::try_from(hash).map_err(|_| Error::internal("a hash of another length"))
}

fn invalid() -> Error {
    Error::new(Fault::InvalidTicket, "the ticket is not good, or no more")
}

fn spent() -> Error {
    Error::new(Fault::TicketSpent, "what the ticket allowed is used up")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
