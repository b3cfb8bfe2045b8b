//! What the service tells clients unasked: who listens, what has changed, and objects that are put to them.

use std::sync::{
    Arc,
    mpsc::{Receiver, SyncSender, sync_channel},
};

use kmip::{
    EndpointRole, LinkType, OperationCode, PutFunction, ResultStatus,
    attribute::{Attribute, AttributeKind, UniqueIdentifier},
    client::{CallError, incoming, outgoing},
    message::{Request, RequestHeader, ResponseItem, write_request},
    object::KeyWrappingSpecification,
    payload::{
        Operation,
        get::{Get, GetRequest},
        get_attributes::{GetAttributes, GetAttributesRequest},
        notify::PutRequest,
        role::SetEndpointRole,
    },
    ttlv::Timestamp,
};
use store::{Filter, ObjectId, Page, Scope};

use super::{Service, envelope::Sizes, exchange::Exchange};
use crate::{
    audit::{Durability, Event},
    error::{Error, Result},
    fault::Fault,
    identity::{Caller, Peer, Principal},
    notices::{Answer, Change, Delivery, Next, Subscription, Terms, What},
    ops,
    policy::{self, Access, Decision},
    telemetry,
};

/// The most objects of one vault of which it is told in one round that one of their dates has come.
const DATES_MAX: u64 = 10_000;

/// The dates that do something when they come (KMIP 2.1 §4.57, §4.40, §4.41).
const DATES: [AttributeKind; 4] = [
    AttributeKind::ActivationDate,
    AttributeKind::DeactivationDate,
    AttributeKind::ProcessStartDate,
    AttributeKind::ProtectStopDate,
];

/// How an object is put.
#[derive(Default)]
pub struct Putting {
    /// How its key is wrapped; it is not, when absent.
    pub wrapping: Option<KeyWrappingSpecification>,
    /// The object that it takes the place of.
    pub replaced: Option<UniqueIdentifier>,
}

/// Whether the answers turn the roles of their connection.
pub(super) fn turns(request: &Request<'_>, answers: &[ResponseItem]) -> bool {
    let last = answers.iter().rev().find(|item| {
        item.operation == Some(OperationCode::SetEndpointRole)
            && item.result_status == ResultStatus::Success
    });
    let role = last.and_then(|item| incoming::<SetEndpointRole>(item, request.version).ok());
    role.is_some_and(|own| own.endpoint_role == EndpointRole::Client)
}

impl Service {
    /// Begins to tell a client that has turned the roles of its connection; `wake` is called when there is news.
    #[must_use]
    pub fn subscribe(
        &self,
        caller: &Caller,
        wake: Box<dyn Fn() + Send + Sync>,
    ) -> Option<Arc<Subscription>> {
        let (principal, version) = caller.turned()?;
        let terms = Terms {
            vault: principal.vault.clone(),
            client: principal.name.clone(),
            version,
            is_called: false,
            wants_new: false,
            limits: self.limits.notices,
        };
        let own = self.listen(terms, Some(principal), wake);
        own.begin();
        Some(own)
    }

    /// Begins to tell a client; who it is is found out when something is to be told, unless it is known.
    pub fn listen(
        &self,
        terms: Terms,
        principal: Option<Arc<Principal>>,
        wake: Box<dyn Fn() + Send + Sync>,
    ) -> Arc<Subscription> {
        let own = Arc::new(Subscription::new(terms, principal, wake));
        self.subscriptions.add(own.clone());
        own
    }

    /// Tells a client nothing more.
    pub fn unsubscribe(&self, subscription: &Arc<Subscription>) {
        self.subscriptions.remove(subscription);
    }

    /// Who listens, as the directory and the policy are now; nobody whose client is not enrolled, or revoked.
    pub(crate) fn listener(&self, own: &Subscription) -> Option<Arc<Principal>> {
        let now = self.clock.now();
        own.principal(self.directory.generation(), |then| match then {
            Some(then) => self.principal_now(then, now).ok(),
            None => {
                let rules = self.rules.load();
                let mut caller = Caller::new(peer(own));
                caller.principal(None, &self.registry(&rules, now)).ok()
            }
        })
    }

    /// What is to be sent next to a client that listens.
    #[must_use]
    pub fn next(&self, own: &Subscription) -> Next {
        match self.listener(own) {
            Some(_) => own.next(),
            None => Next::End,
        }
    }

    /// Takes what a client answers: whether it is an answer.
    #[must_use]
    pub fn answered(&self, own: &Subscription, bytes: &[u8]) -> bool {
        match own.answered(bytes) {
            Answer::No => false,
            Answer::Told => true,
            Answer::Delivered(delivery) => {
                self.delivered(own, delivery);
                true
            }
        }
    }

    fn delivered(&self, own: &Subscription, delivery: Delivery) {
        let terms = own.terms();
        let operation = ops::name(delivery.operation);
        let outcome = delivery.refusal.map_or("delivered", |_| "refused");
        telemetry::told(operation, outcome);
        let event = Event {
            time: self.clock.now(),
            vault: &terms.vault,
            principal: &terms.client,
            peer: PEER,
            operation,
            object: Some(delivery.object),
            outcome: delivery.refusal.unwrap_or("Success"),
            note: None,
            version: Some(delivery.version),
        };
        // It has happened, and cannot be taken back.
        if let Err(lost) = self.trail.append(&event, Durability::Grouped) {
            tracing::error!(error = %lost, "the audit record of what a client was told is lost");
        }
    }

    /// Tells of what an item has changed and made.
    pub(crate) fn tell(&self, changes: Vec<Change>, made: &[(String, ObjectId)]) {
        if changes.is_empty() && made.is_empty() {
            return;
        }
        let all = self.subscriptions.all();
        for (vault, id) in made {
            for own in all.iter().filter(|own| own.terms().wants_new) {
                if own.terms().vault == *vault
                    && let Some(principal) = self.listener(own)
                    && let Err(error) = self.put_to(own, &principal, &id.0, None)
                {
                    tracing::debug!(object = %id, reason = error.message(), "a new object is not put");
                }
            }
        }
        for change in changes {
            self.tell_all(&all, &Arc::new(change));
        }
    }

    /// Tells everybody of a change who may read the object's attributes.
    fn tell_all(&self, all: &[Arc<Subscription>], change: &Arc<Change>) {
        let record = change.record();
        for own in all.iter().filter(|own| own.terms().vault == record.vault) {
            if record.is_destroyed() {
                own.take_back(&record.id.0);
            }
            let Some(principal) = self.listener(own) else {
                own.end();
                continue;
            };
            let code = OperationCode::GetAttributes;
            if policy::decide(&principal, code, Access::Read, record) == Decision::Allow {
                own.tell(What::Notify(change.clone()), &record.id.0, None);
            }
        }
    }

    /// Tells of what dates have done by themselves since the last time.
    pub fn tell_dates(&self) {
        let now = self.clock.now();
        let Some((from, to)) = self.subscriptions.untold(now) else {
            return;
        };
        let all = self.subscriptions.all();
        for vault in self.subscriptions.vaults() {
            for kind in DATES {
                match self.come(&vault, kind, from, to) {
                    Ok(changes) => {
                        for change in changes {
                            self.tell_all(&all, &Arc::new(change));
                        }
                    }
                    Err(error) => {
                        tracing::warn!(vault, %error, "dates that have come cannot be looked for");
                    }
                }
            }
        }
    }

    /// What the dates of one kind did to a vault's objects in these seconds.
    fn come(
        &self,
        vault: &str,
        kind: AttributeKind,
        from: Timestamp,
        to: Timestamp,
    ) -> store::Result<Vec<Change>> {
        let filter = Filter {
            attributes: [from, to]
                .into_iter()
                .filter_map(|date| dated(kind, date))
                .collect(),
            ..Filter::default()
        };
        let scope = Scope {
            vault: vault.to_owned(),
            owner: None,
        };
        let page = Page {
            offset: 0,
            items_max: Some(DATES_MAX),
            is_counted: false,
        };
        let found = self.store.begin().locate(&filter, &scope, page, to)?;
        let records = found.ids.iter().map(|id| self.store.record(id));
        let records: store::Result<Vec<_>> = records.collect();
        let records = records?.into_iter().flatten();
        Ok(records
            .filter_map(|record| Change::by_date(&record, kind, to))
            .collect())
    }

    /// Puts an object to a client that listens, on each of its connections: what tells how the client took it. The client
    /// must be allowed to get it, and the release is recorded as that of a Get.
    pub fn put(
        &self,
        vault: &str,
        id: &str,
        client: &str,
        putting: &Putting,
    ) -> Result<Vec<Receiver<Delivery>>> {
        let all = self.subscriptions.all().into_iter();
        let own = all.filter(|own| own.terms().vault == vault && own.terms().client == client);
        let listening = own.filter_map(|own| Some((self.listener(&own)?, own)));
        listening
            .map(|(principal, own)| {
                let (sender, receiver) = sync_channel(1);
                self.put_to(&own, &principal, id, Some((putting, sender)))?;
                Ok(receiver)
            })
            .collect()
    }

    fn put_to(
        &self,
        own: &Subscription,
        principal: &Arc<Principal>,
        id: &str,
        asked: Option<(&Putting, SyncSender<Delivery>)>,
    ) -> Result<()> {
        let version = own.version();
        let (putting, receipt) = asked.unzip();
        let attributes = GetAttributesRequest {
            unique_identifier: Some(id.into()),
            attribute_reference: Vec::new(),
        };
        let get = GetRequest {
            unique_identifier: Some(id.into()),
            key_wrapping_specification: putting.and_then(|own| own.wrapping.clone()),
            ..GetRequest::default()
        };
        let items = [
            outgoing::<GetAttributes>(&attributes, version),
            outgoing::<Get>(&get, version),
        ];
        let header = RequestHeader::plain(version, items.len());
        let message = write_request(&header, &items, version);
        let request = Request::read_as(message.bytes(), version, items.len())
            .map_err(|_| Error::internal("a request of our own cannot be read"))?;
        let (caller, now) = (Caller::new(peer(own)), self.clock.now());
        let exchange = Exchange {
            peer: PEER,
            ..Exchange::new(self, principal, &caller, (message.bytes(), version), now)
        };
        let mut answers = exchange.batch(&request, Sizes::UNLIMITED).into_iter();
        let attributes = answered::<GetAttributes>(answers.next(), version)?.attributes;
        let object = answered::<Get>(answers.next(), version)?;
        let replaced = match putting {
            Some(own) => own.replaced.clone(),
            None => attributes.iter().find_map(replaced),
        };
        let function = replaced.as_ref().map(|_| PutFunction::Replace);
        let put = PutRequest {
            unique_identifier: object.unique_identifier,
            put_function: function.unwrap_or(PutFunction::New),
            replaced_unique_identifier: replaced,
            object: object.object,
            attributes,
        };
        if own.tell(What::Put(Box::new(put)), id, receipt) {
            return Ok(());
        }
        Err(Error::new(
            Fault::Busy,
            "the client does not serve Put, or the object is larger than what may wait for it",
        ))
    }
}

/// The answer to a request of our own, or why it was refused.
fn answered<O: Operation>(
    answer: Option<ResponseItem>,
    version: kmip::Version,
) -> Result<O::Response> {
    let answer = answer.ok_or_else(|| Error::internal("an item of our own has no answer"))?;
    incoming::<O>(&answer, version).map_err(|error| match error {
        CallError::Refused { reason, message } => Error::new(
            Fault::of(reason, version),
            message.unwrap_or_else(|| "the client may not have the object".to_owned()),
        ),
        other => Error::internal(other),
    })
}

/// The object whose place one takes that was made by rotating it.
fn replaced(attribute: &Attribute) -> Option<UniqueIdentifier> {
    match attribute {
        Attribute::Link(link) if link.link_type == LinkType::ReplacedObjectLink => {
            Some(link.linked_object_identifier.clone())
        }
        _ => None,
    }
}

/// A date as the attribute of its kind.
const fn dated(kind: AttributeKind, date: Timestamp) -> Option<Attribute> {
    match kind {
        AttributeKind::ActivationDate => Some(Attribute::ActivationDate(date)),
        AttributeKind::DeactivationDate => Some(Attribute::DeactivationDate(date)),
        AttributeKind::ProcessStartDate => Some(Attribute::ProcessStartDate(date)),
        AttributeKind::ProtectStopDate => Some(Attribute::ProtectStopDate(date)),
        _ => None,
    }
}

/// In whose name the daemon asks what it tells.
fn peer(own: &Subscription) -> Peer {
    Peer::Listener {
        vault: own.terms().vault.clone(),
        client: own.terms().client.clone(),
    }
}

/// From where, in the trail: nobody has asked.
const PEER: &str = "told by the server";
