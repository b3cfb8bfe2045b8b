//! Computations over data that comes in parts (KMIP 2.1 §6.1.18 and its like): bound to the client, the operation and
//! the key that began them, bounded in number, size and age, and ended by any error.

mod limits;
mod step;
mod stream;

use std::{
    any::Any,
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
};

use kmip::{
    OperationCode,
    attribute::UniqueIdentifier,
    mechanism::Hash,
    ttlv::{Bytes, Timestamp},
};

pub use self::limits::Limits;
pub(crate) use self::{
    step::Step,
    stream::{Engine, Output, Stream},
};
use crate::{
    context::{Authorized, Context},
    error::{Error, Result},
    fault::Fault,
    identity::Principal,
    service::Service,
};

/// What a client names a stream by.
type Correlation = [u8; 16];

/// Every stream between its parts.
pub(crate) struct Streams {
    limits: Limits,
    table: Mutex<HashMap<Correlation, Entry>>,
    held_bytes: Arc<AtomicUsize>,
    /// Of each client that has any, by vault and name.
    shares: Mutex<HashMap<(String, String), Weak<AtomicUsize>>>,
}

struct Entry {
    owner: Owner,
    begun: Timestamp,
    /// Not there while a part is worked on: a stream takes one at a time.
    stream: Option<Stream>,
}

/// Who may go on with a stream, and with what.
#[derive(PartialEq, Eq)]
struct Owner {
    vault: String,
    principal: String,
    operation: OperationCode,
}

impl Streams {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            table: Mutex::default(),
            held_bytes: Arc::default(),
            shares: Mutex::default(),
        }
    }

    /// An engine that holds data until it is whole.
    pub(crate) fn holding(&self, who: &Principal) -> Engine {
        let share = self.share(who);
        let held = stream::Held::new(self.limits, share, Arc::clone(&self.held_bytes));
        Engine::Whole(held)
    }

    /// What is counted of a client, as long as it holds anything.
    fn share(&self, who: &Principal) -> Arc<AtomicUsize> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        shares.retain(|_, share| share.strong_count() > 0);
        let key = (who.vault.clone(), who.name.clone());
        let share = shares.get(&key).and_then(Weak::upgrade).unwrap_or_default();
        shares.insert(key, Arc::downgrade(&share));
        share
    }

    /// How many there are, and how many bytes they hold.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.table().len(), self.held_bytes.load(Ordering::Relaxed))
    }

    /// Ends what is too old.
    pub(crate) fn expire(&self, now: Timestamp) {
        drop(self.live(now));
    }

    /// A place for a new stream.
    fn open(&self, owner: Owner, now: Timestamp, under_test: bool) -> Result<Correlation> {
        let mut table = self.live(now);
        let own = table
            .values()
            .filter(|entry| {
                (&entry.owner.vault, &entry.owner.principal) == (&owner.vault, &owner.principal)
            })
            .count();
        if table.len() >= self.limits.all_max || own >= self.limits.per_client_max {
            return Err(Error::new(
                Fault::Busy,
                "too many operations in parts are under way",
            ));
        }
        let correlation = Some(&owner)
            .filter(|_| under_test)
            .and_then(steady)
            .filter(|correlation| !table.contains_key(correlation))
            .unwrap_or_else(|| uuid::Uuid::new_v4().into_bytes());
        let entry = Entry {
            owner,
            begun: now,
            stream: None,
        };
        table.insert(correlation, entry);
        Ok(correlation)
    }

    /// A stream of this owner; to everybody else it is as if there were none.
    fn take(&self, correlation: &Correlation, owner: &Owner, now: Timestamp) -> Result<Stream> {
        self.live(now)
            .get_mut(correlation)
            .filter(|entry| entry.owner == *owner)
            .and_then(|entry| entry.stream.take())
            .ok_or_else(unknown)
    }

    fn put_back(&self, correlation: &Correlation, stream: Stream) {
        if let Some(entry) = self.table().get_mut(correlation) {
            entry.stream = Some(stream);
        }
    }

    fn end(&self, correlation: &Correlation) {
        self.table().remove(correlation);
    }

    /// The table without what is too old.
    fn live(&self, now: Timestamp) -> MutexGuard<'_, HashMap<Correlation, Entry>> {
        let age_max = i64::try_from(self.limits.age_max.as_secs()).unwrap_or(i64::MAX);
        let mut table = self.table();
        table.retain(|_, entry| now.0.saturating_sub(entry.begun.0) <= age_max);
        table
    }

    fn table(&self) -> MutexGuard<'_, HashMap<Correlation, Entry>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A correlation value that is the same for each stream of a client, one after the other: test cases have one placeholder
/// for all of theirs. Elsewhere a part of a stream that has ended must not be taken for one of another.
fn steady(owner: &Owner) -> Option<Correlation> {
    let name = format!("{}\0{}", owner.vault, owner.principal);
    let digest = hsm::public::hash(Hash::Sha256, name.as_bytes()).ok()?;
    digest.first_chunk().copied()
}

fn unknown() -> Error {
    Error::new(
        Fault::NoSuchStream,
        "the correlation value names no operation of this client that is under way",
    )
}

/// The part that an item works on.
pub(crate) struct Part {
    correlation: Correlation,
    pub(crate) is_first: bool,
    pub(crate) is_last: bool,
    pub(crate) stream: Stream,
    output: Option<Output>,
}

impl Part {
    /// Computes on; once, even when the item is tried again.
    pub(crate) fn advance(&mut self, data: &[u8]) -> Result<()> {
        if self.output.is_none() {
            self.output = Some(self.stream.take(data, self.is_last)?);
        }
        Ok(())
    }

    /// What came of it.
    pub(crate) fn output(&self) -> Result<&Output> {
        self.output
            .as_ref()
            .ok_or_else(|| Error::internal("a part was not computed"))
    }

    /// What the first part said.
    pub(crate) fn said<R: Any>(&mut self) -> Result<&mut R> {
        self.stream.said()
    }

    /// What the first part said, and what came of this one.
    pub(crate) fn end<R: Any>(&mut self) -> Result<(&mut R, &Output)> {
        let output = self
            .output
            .as_ref()
            .ok_or_else(|| Error::internal("a part was not computed"))?;
        Ok((self.stream.said()?, output))
    }

    /// The correlation value of the answer, until the last part.
    pub(crate) fn correlation(&self) -> Option<Bytes> {
        (!self.is_last).then(|| Bytes(self.correlation.to_vec()))
    }
}

impl Context<'_> {
    /// The part that this item brings. The first one begins its stream by `begin`.
    pub(crate) fn part(
        &mut self,
        step: Step,
        begin: impl FnOnce(&mut Self) -> Result<Stream>,
    ) -> Result<Part> {
        // The item is tried again; its part was computed already.
        if let Some(part) = self.batch.parts.kept.take() {
            return Ok(part);
        }
        let owner = Owner {
            vault: self.principal.vault.clone(),
            principal: self.principal.name.clone(),
            operation: self.route.code,
        };
        let streams = &self.service.streams;
        let (correlation, is_last) = match step {
            Step::Whole | Step::First => {
                let under_test = self.service.conformance.is_some();
                (streams.open(owner, self.now, under_test)?, false)
            }
            Step::Next { correlation, last } => {
                let correlation = correlation.0.try_into().map_err(|_| unknown())?;
                let stream = streams.take(&correlation, &owner, self.now)?;
                self.batch.parts.open = Some(correlation);
                self.note(if last { "last part" } else { "part" });
                return Ok(Part {
                    correlation,
                    is_first: false,
                    is_last: last,
                    stream,
                    output: None,
                });
            }
        };
        self.batch.parts.open = Some(correlation);
        self.note("first part");
        let stream = begin(self)?;
        Ok(Part {
            correlation,
            is_first: true,
            is_last,
            stream,
            output: None,
        })
    }

    /// The key of a stream, if the policy allows the operation on it still. A part that names another is refused.
    pub(crate) fn part_key(
        &mut self,
        part: &Part,
        named: Option<UniqueIdentifier>,
    ) -> Result<Authorized> {
        let object = part
            .stream
            .object
            .clone()
            .ok_or_else(|| Error::internal("a stream of this operation has a key"))?;
        let key = self.object(Some(UniqueIdentifier::Text(object.0)))?;
        if named.is_some_and(|named| named != key.identifier() && !part.is_first) {
            return Err(Error::invalid_field("the stream has another key"));
        }
        Ok(key)
    }

    /// Keeps a part until its item is committed, so that the stream goes on, or until the item is tried again.
    pub(crate) fn keep(&mut self, part: Part) {
        self.batch.parts.kept = Some(part);
    }
}

/// What the items of a batch do to streams.
#[derive(Default)]
pub(crate) struct Parts {
    /// The stream that the item at work has taken.
    open: Option<Correlation>,
    /// Its part, computed.
    kept: Option<Part>,
    /// Streams that earlier items went on with.
    touched: Vec<Correlation>,
}

impl Parts {
    /// The item is done, or has failed: its stream goes on, or ends.
    pub(crate) fn settle(&mut self, service: &Service, is_done: bool) {
        let Some(correlation) = self.open.take() else {
            return;
        };
        match self.kept.take() {
            Some(part) if is_done && !part.is_last => {
                service.streams.put_back(&correlation, part.stream);
                self.touched.push(correlation);
            }
            _ => service.streams.end(&correlation),
        }
    }

    /// Whether the item at work may be tried again: it has taken no stream, or its part is computed and kept.
    pub(crate) const fn can_be_tried_again(&self) -> bool {
        self.open.is_none() || self.kept.is_some()
    }

    /// The whole batch is undone: no stream can take its part back, so they end.
    pub(crate) fn undo(&mut self, service: &Service) {
        self.settle(service, false);
        for correlation in self.touched.drain(..) {
            service.streams.end(&correlation);
        }
    }
}
