//! What the daemon tells clients unasked: who listens, and what waits to be sent to them (KMIP 2.1 §6.2).
//!
//! A client listens on a connection whose roles it has turned with Set Endpoint Role. It is first asked what it serves;
//! then it is told of every change of an object whose attributes it may read.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use kmip::{
    Buffer, OperationCode, QueryFunction, Version,
    attribute::{Attribute, AttributeKind, AttributeReference, Attributes},
    client::{incoming, outgoing},
    message::{OutgoingItem, RequestHeader, Response, write_request},
    payload::{
        notify::{Notify, NotifyRequest},
        query::{Query, QueryRequest},
    },
};
use store::Record;

use crate::{
    identity::Principal,
    policy::{self, Access, Decision},
};

/// The most messages that wait for one client; of more, the oldest are forgotten.
const NEWS_MAX: usize = 1_000;

/// One client that listens.
pub struct Subscription {
    pub(crate) principal: Arc<Principal>,
    pub(crate) version: Version,
    /// The directory's generation then: whoever was revoked since is told nothing more.
    generation: u64,
    queue: Mutex<Queue>,
    /// Wakes the connection.
    wake: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct Queue {
    news: VecDeque<OutgoingItem>,
    /// What was sent and is not answered.
    sent: Option<OperationCode>,
    /// What the client serves, once it has said so.
    serves: Option<Vec<OperationCode>>,
    is_over: bool,
}

/// What the connection does next.
pub enum Next {
    /// It sends this, and waits for the answer.
    Send(Buffer),
    /// It waits until it is woken.
    Wait,
    /// It ends.
    End,
}

impl Subscription {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be sent next.
    #[must_use]
    pub fn next(&self) -> Next {
        let mut queue = self.queue();
        if queue.is_over {
            return Next::End;
        }
        let item = if queue.serves.is_none() {
            let asked = QueryRequest {
                query_function: vec![QueryFunction::QueryOperations],
            };
            Some(outgoing::<Query>(&asked, self.version))
        } else {
            queue.news.pop_front()
        };
        let Some(item) = item else {
            return Next::Wait;
        };
        queue.sent = Some(item.operation);
        let header = RequestHeader::plain(self.version, 1);
        Next::Send(write_request(&header, &[item], self.version).into_bytes())
    }

    /// Takes the answer of what was sent: whether it is one.
    #[must_use]
    pub fn answered(&self, bytes: &[u8]) -> bool {
        let mut queue = self.queue();
        let (Ok(response), Some(sent)) = (Response::read(bytes), queue.sent.take()) else {
            return false;
        };
        let [item] = response.items.as_slice() else {
            return false;
        };
        if sent == OperationCode::Query {
            // Who does not say what it serves is taken to serve what it has turned the roles for.
            let served = incoming::<Query>(item, self.version);
            let served = served.map(|own| own.operation).unwrap_or_default();
            let all = vec![OperationCode::Notify, OperationCode::Put];
            queue.serves = Some(if served.is_empty() { all } else { served });
            let Queue { news, serves, .. } = &mut *queue;
            news.retain(|own| serves.iter().flatten().any(|code| *code == own.operation));
        } else if let Some(reason) = item.result_reason {
            let client = self.principal.name.as_str();
            tracing::info!(client, ?sent, ?reason, "a client refuses what it is told");
        }
        true
    }

    /// Queues a message, unless the client does not serve it: whether it is queued.
    pub(crate) fn tell(&self, item: OutgoingItem) -> bool {
        let mut queue = self.queue();
        let refuses = queue
            .serves
            .as_ref()
            .is_some_and(|own| !own.contains(&item.operation));
        if queue.is_over || refuses {
            return false;
        }
        if queue.news.len() >= NEWS_MAX {
            queue.news.pop_front();
            let client = self.principal.name.as_str();
            tracing::warn!(client, "a client does not take what it is told fast enough");
        }
        queue.news.push_back(item);
        drop(queue);
        (self.wake)();
        true
    }

    fn end(&self) {
        self.queue().is_over = true;
        (self.wake)();
    }
}

/// Everybody who listens.
#[derive(Default)]
pub(crate) struct Subscriptions {
    all: Mutex<Vec<Arc<Subscription>>>,
    count: AtomicUsize,
}

impl Subscriptions {
    fn all(&self) -> MutexGuard<'_, Vec<Arc<Subscription>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a client listen.
    pub(crate) fn add(
        &self,
        principal: Arc<Principal>,
        version: Version,
        generation: u64,
        wake: Box<dyn Fn() + Send + Sync>,
    ) -> Arc<Subscription> {
        let own = Arc::new(Subscription {
            principal,
            version,
            generation,
            queue: Mutex::default(),
            wake,
        });
        let mut all = self.all();
        all.push(own.clone());
        self.count.store(all.len(), Ordering::Release);
        own
    }

    /// Lets a client go.
    pub(crate) fn remove(&self, gone: &Arc<Subscription>) {
        let mut all = self.all();
        all.retain(|own| !Arc::ptr_eq(own, gone));
        self.count.store(all.len(), Ordering::Release);
    }

    /// Whether anybody listens: what changes is compared only then.
    pub(crate) fn is_heard(&self) -> bool {
        self.count.load(Ordering::Acquire) > 0
    }

    /// Those who listen as this client.
    pub(crate) fn of(&self, vault: &str, client: &str, generation: u64) -> Vec<Arc<Subscription>> {
        let mut all = self.all().clone();
        all.retain(|own| {
            let who = &own.principal;
            who.vault == vault && who.name == client && own.generation == generation
        });
        all
    }

    /// Tells everybody of a change who may read the object's attributes.
    pub(crate) fn tell(&self, change: &Change, generation: u64) {
        for own in self.all().iter() {
            if own.generation != generation {
                own.end();
                continue;
            }
            let code = OperationCode::GetAttributes;
            let may_read = policy::decide(&own.principal, code, Access::Read, &change.record);
            if may_read == Decision::Allow {
                let request = change.request(own.version);
                own.tell(outgoing::<Notify>(&request, own.version));
            }
        }
    }
}

/// What has changed of an object.
pub(crate) struct Change {
    record: Record,
    new: Vec<(u32, Attribute)>,
    gone: Vec<AttributeReference>,
}

impl Change {
    /// What differs between two records of an object.
    pub(crate) fn between(before: &Attributes, after: &Record) -> Self {
        let (mut new, mut gone) = (Vec::new(), Vec::new());
        for kind in AttributeKind::ALL {
            let (old, own) = (before.of(*kind), after.attributes.of(*kind));
            if own.is_empty() && !old.is_empty() {
                gone.push(AttributeReference::Standard(*kind));
            }
            new.extend(own.into_iter().filter(|own| !old.contains(own)));
        }
        let vendors = &after.attributes.vendor;
        let changed = vendors.iter().filter(|own| !before.vendor.contains(own));
        new.extend(changed.map(|(index, own)| (*index, Attribute::Vendor(own.clone()))));
        let lost = before
            .vendor
            .iter()
            .filter(|(_, old)| !vendors.iter().any(|(_, own)| own.is_same_attribute(old)));
        gone.extend(lost.map(|(_, own)| AttributeReference::Vendor {
            vendor_identification: own.vendor_identification.clone(),
            attribute_name: own.attribute_name.clone(),
        }));
        Self {
            record: after.clone(),
            new,
            gone,
        }
    }

    /// The message, in the words of a version.
    fn request(&self, version: Version) -> NotifyRequest {
        let is_known = |attribute: &Attribute| {
            attribute
                .kind()
                .is_none_or(|kind| kind.rule().applies_to(version))
        };
        let new = self.new.iter().filter(|(_, own)| is_known(own));
        let gone = self.gone.iter().filter(|reference| match reference {
            AttributeReference::Standard(kind) => kind.rule().applies_to(version),
            _ => true,
        });
        NotifyRequest {
            unique_identifier: self.record.id.0.as_str().into(),
            attributes: new
                .map(|(index, own)| (Some(*index), own.clone()))
                .collect(),
            attribute_reference: gone.cloned().collect(),
        }
    }
}
