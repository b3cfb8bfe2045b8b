//! Message in, message out: version, identity, batch, envelope, audit, commit.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use hsm::Hsm;
use kmip::{
    AsynchronousIndicator, BatchErrorContinuationOption, OperationCode, ResultStatus, V1_0, V1_4,
    V2_1, Version,
    attribute::UniqueIdentifier,
    message::{
        ProtocolVersion, Request, RequestError, RequestHeader, RequestItem, ResponseHeader,
        ResponseItem, write_response,
    },
    ttlv::Timestamp,
};
use store::{Custody, ObjectId, Record, Store, Transaction};
use zeroize::Zeroizing;

use crate::{
    audit::{Durability, Event, Trail},
    clock::Clock,
    context::{Batch, Context, Effects},
    directory::Directory,
    error::{Error, Result},
    fault::Fault,
    identity::{Admissions, Caller, Principal},
    ops::{self, Route},
    policy::Policy,
    telemetry,
};

/// What a service is made of.
pub struct Parts {
    /// Where records are kept.
    pub store: Arc<dyn Store>,
    /// The vaults and clients, read from the same store.
    pub directory: Arc<Directory>,
    /// The HSMs by their configured names.
    pub backends: BTreeMap<String, Arc<dyn Hsm>>,
    /// Where events are recorded.
    pub trail: Arc<dyn Trail>,
    /// The time.
    pub clock: Arc<Clock>,
    /// The roles.
    pub policy: Policy,
    /// How principals are told beside the enrolled clients.
    pub admissions: Admissions,
    /// Bounds of a message.
    pub limits: Limits,
}

/// Bounds of what one message may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most items of a batch.
    pub batch_items_max: usize,
    /// The most identifiers that one Locate returns.
    pub locate_items_max: u64,
    /// The most bytes of one RNG Retrieve.
    pub random_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            batch_items_max: 1_000,
            locate_items_max: 10_000,
            random_bytes_max: 65_536,
        }
    }
}

/// Serves KMIP messages, synchronously.
pub struct Service {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) backends: BTreeMap<String, Arc<dyn Hsm>>,
    pub(crate) limits: Limits,
    trail: Arc<dyn Trail>,
    clock: Arc<Clock>,
    rules: ArcSwap<Rules>,
    internal_errors: AtomicU64,
}

/// What a reload replaces.
struct Rules {
    policy: Policy,
    admissions: Admissions,
}

/// How much work a message is, so that cheap ones are answered where they were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Microseconds: symmetric cryptography, cached reads.
    Light,
    /// Milliseconds, or a wait for a disk or an HSM.
    Heavy,
}

/// How often an item that lost a race for its record is tried again.
const TRIES_MAX: u32 = 5;

impl Service {
    /// Puts a service together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            store: parts.store,
            directory: parts.directory,
            backends: parts.backends,
            limits: parts.limits,
            trail: parts.trail,
            clock: parts.clock,
            rules: ArcSwap::from_pointee(Rules {
                policy: parts.policy,
                admissions: parts.admissions,
            }),
            internal_errors: AtomicU64::new(0),
        }
    }

    /// Replaces the policy and the admissions; the next message is held to them.
    pub fn reload(&self, policy: Policy, admissions: Admissions) {
        self.rules.store(Arc::new(Rules { policy, admissions }));
        self.directory.touch();
    }

    /// Whether the policy has a role with this name.
    #[must_use]
    pub fn has_role(&self, name: &str) -> bool {
        self.rules.load().policy.role(name).is_some()
    }

    /// The vaults and clients.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Answers one request message. Any bytes in give a response message out.
    pub fn respond(&self, caller: &mut Caller, bytes: &[u8]) -> Zeroizing<Vec<u8>> {
        let now = self.clock.now();
        match Request::read(bytes, self.limits.batch_items_max) {
            Ok(request) => self.answer(caller, &request, now),
            Err(RequestError::Unreadable(error, version)) => {
                let version = version.unwrap_or(V1_0);
                self.refuse_message(caller, version, now, Error::from(error))
            }
            Err(RequestError::VersionNotSpoken(asked)) => {
                self.negotiate(caller, bytes, &asked, now)
            }
        }
    }

    /// How much work the message is. A guess that is wrong costs time only.
    #[must_use]
    pub fn weight(&self, bytes: &[u8]) -> Weight {
        let Ok(request) = Request::read(bytes, 8) else {
            return Weight::Light;
        };
        let light = request.items.iter().all(|item| {
            ops::find(item.operation).is_some_and(|route| (route.is_light)(self, item.payload))
        });
        if light { Weight::Light } else { Weight::Heavy }
    }

    /// Whether a record is at hand, so that reading it is light.
    pub(crate) fn has_record(&self, id: Option<&UniqueIdentifier>) -> bool {
        matches!(id, Some(UniqueIdentifier::Text(_)))
    }

    /// Whether a key is at hand in an HSM that answers in microseconds, and `also` holds for its record.
    pub(crate) fn has_light_key(
        &self,
        id: Option<&UniqueIdentifier>,
        also: impl Fn(&Record) -> bool,
    ) -> bool {
        let Some(UniqueIdentifier::Text(id)) = id else {
            return false;
        };
        let Ok(Some(record)) = self.store.record(&ObjectId(id.clone())) else {
            return true;
        };
        let light = match &record.custody {
            Custody::Hsm { backend, .. } | Custody::Sealed { backend, .. } => self
                .backends
                .get(backend)
                .is_none_or(|hsm| !hsm.keeps_keys()),
            Custody::Public(_) | Custody::Doomed { .. } | Custody::Gone => true,
        };
        light && also(&record)
    }

    /// A version that is not spoken is answered in the nearest that is; Discover Versions is served all the same,
    /// because it is how a client finds out (KMIP 1.4 §4.26).
    fn negotiate(
        &self,
        caller: &mut Caller,
        bytes: &[u8],
        asked: &ProtocolVersion,
        now: Timestamp,
    ) -> Zeroizing<Vec<u8>> {
        let nearest = if asked.protocol_version_major <= 1 {
            V1_4
        } else {
            V2_1
        };
        match Request::read_as(bytes, nearest, self.limits.batch_items_max) {
            Ok(request)
                if request
                    .items
                    .iter()
                    .all(|item| item.operation == OperationCode::DiscoverVersions) =>
            {
                self.answer(caller, &request, now)
            }
            _ => {
                let error = Error::new(
                    Fault::VersionNotSpoken,
                    "this protocol version is not spoken here",
                );
                self.refuse_message(caller, nearest, now, error)
            }
        }
    }

    /// One failed item in answer to a message that cannot be served at all.
    fn refuse_message(
        &self,
        caller: &Caller,
        version: Version,
        now: Timestamp,
        error: Error,
    ) -> Zeroizing<Vec<u8>> {
        let peer = caller.peer.to_string();
        let mut event = Event {
            time: now,
            vault: "",
            principal: &peer,
            peer: &peer,
            operation: "Message",
            object: None,
            outcome: error.fault.name(),
            note: None,
            version: Some(version),
        };
        let error = self
            .recorded::<()>(&mut event, Durability::Grouped, Err(error))
            .err();
        let items = error.map(|error| failure(None, None, &error, version));
        write_response(&header(None, version, now, 1), items.as_slice(), version).into_bytes()
    }

    fn answer(
        &self,
        caller: &mut Caller,
        request: &Request<'_>,
        now: Timestamp,
    ) -> Zeroizing<Vec<u8>> {
        let rules = self.rules.load();
        let principal = caller.principal(
            request.header.authentication.as_ref(),
            &self.directory,
            &rules.policy,
            &rules.admissions,
            now,
        );
        let principal =
            principal.and_then(|principal| check_header(&request.header).map(|()| principal));
        let peer = caller.peer.to_string();
        let items = match principal {
            Ok(principal) => {
                let head = write_response(
                    &header(Some(&request.header), request.version, now, 0),
                    &[],
                    request.version,
                );
                let sizes = Sizes {
                    used: head.bytes().len(),
                    bytes_max: request
                        .header
                        .maximum_response_size
                        .and_then(|bytes| usize::try_from(bytes).ok())
                        .unwrap_or(usize::MAX),
                };
                let exchange = Exchange {
                    service: self,
                    principal: &principal,
                    peer: &peer,
                    version: request.version,
                    now,
                };
                exchange.batch(request, sizes)
            }
            Err(error) => vec![self.refuse_items(&peer, request, now, error)],
        };
        let count = items.len();
        write_response(
            &header(Some(&request.header), request.version, now, count),
            &items,
            request.version,
        )
        .into_bytes()
    }

    /// The first item fails for all: nobody knows who asks, or the header asks for what is not served.
    fn refuse_items(
        &self,
        peer: &str,
        request: &Request<'_>,
        now: Timestamp,
        error: Error,
    ) -> ResponseItem {
        let first = request.items.first();
        let mut event = Event {
            time: now,
            vault: "",
            principal: peer,
            peer,
            operation: first.map_or("Message", |item| ops::name(item.operation)),
            object: None,
            outcome: error.fault.name(),
            note: error.cause().map(|cause| cause.to_string().into()),
            version: Some(request.version),
        };
        let operation = first.map(|item| item.operation);
        let id = first.and_then(|item| item.unique_batch_item_id.clone());
        match self.recorded(&mut event, Durability::Grouped, Err(error)) {
            Err(error) => failure(operation, id, &error, request.version),
            Ok(()) => failure(operation, id, &Error::not_permitted(), request.version),
        }
    }

    /// Records an event before its outcome counts: what cannot be recorded has failed. Causes of internal errors get a
    /// number, which the client, the trail and the log share.
    fn recorded<T>(
        &self,
        event: &mut Event<'_>,
        durability: Durability,
        result: Result<T>,
    ) -> Result<T> {
        let result = result.map_err(|error| self.numbered(error, event));
        event.outcome = result
            .as_ref()
            .map_or_else(|error| error.fault.name(), |_| "Success");
        telemetry::operation(event.operation, event.outcome);
        match self.trail.append(event, durability) {
            Ok(()) => result,
            Err(failed) => {
                tracing::error!(error = %failed, "not served, because it cannot be audited");
                Err(Error::new(Fault::Internal, "the audit trail is unavailable").because(failed))
            }
        }
    }

    fn numbered(&self, error: Error, event: &mut Event<'_>) -> Error {
        if error.fault != Fault::Internal {
            return error;
        }
        let number = self.internal_errors.fetch_add(1, Ordering::Relaxed);
        let cause = error
            .cause()
            .map_or_else(|| error.message().to_owned(), ToString::to_string);
        tracing::error!(number, operation = event.operation, cause, "internal error");
        event.note = Some(format!("internal error {number:x}").into());
        Error::new(Fault::Internal, format!("internal error {number:x}"))
    }
}

/// Room that the client leaves for the response.
#[derive(Clone, Copy)]
struct Sizes {
    used: usize,
    bytes_max: usize,
}

/// One message being answered.
struct Exchange<'a> {
    service: &'a Service,
    principal: &'a Principal,
    peer: &'a str,
    version: Version,
    now: Timestamp,
}

impl Exchange<'_> {
    fn batch(&self, request: &Request<'_>, mut sizes: Sizes) -> Vec<ResponseItem> {
        let option = request.header.batch_error_continuation_option;
        let mut batch = Batch::default();
        if option == Some(BatchErrorContinuationOption::Undo) && request.items.len() > 1 {
            return self.undoable(request, sizes, &mut batch);
        }
        let mut answers = Vec::with_capacity(request.items.len());
        for item in &request.items {
            let answer = self.item(item, &mut batch, sizes);
            let failed = answer.result_status == ResultStatus::OperationFailed;
            sizes.used += encoded_bytes(&answer);
            answers.push(answer);
            // Stop is the default; items behind a failed one get no answer (KMIP 1.4 §6.13).
            if failed && option != Some(BatchErrorContinuationOption::Continue) {
                break;
            }
        }
        answers
    }

    /// One item in a transaction of its own.
    fn item(&self, item: &RequestItem<'_>, batch: &mut Batch, sizes: Sizes) -> ResponseItem {
        let mut tries = 0;
        loop {
            tries += 1;
            let mut tx = self.service.store.begin();
            let mut effects = Effects::default();
            let mut event = self.event(item.operation);
            let result = self.run(item, tx.as_mut(), batch, &mut effects, &mut event);
            let result = result.and_then(|payload| fits(payload, item, sizes));
            let durability = if result.is_ok() && tx.is_changed() {
                Durability::Durable
            } else {
                Durability::Grouped
            };
            let result = self.service.recorded(&mut event, durability, result);
            let result = match result {
                Ok(payload) => match tx.commit() {
                    Ok(()) => Ok(payload),
                    Err(store::Error::Conflict) if tries < TRIES_MAX => {
                        self.undone(&mut event, effects);
                        continue;
                    }
                    Err(error) => {
                        let error = self.service.numbered(Error::from(error), &mut event);
                        self.undone(&mut event, std::mem::take(&mut effects));
                        Err(error)
                    }
                },
                Err(error) => Err(error),
            };
            return match result {
                Ok(payload) => {
                    effects.finish(self.service);
                    batch.answered(item.operation, event.object.as_deref());
                    success(item, payload)
                }
                Err(error) => {
                    effects.undo(self.service);
                    failure(
                        Some(item.operation),
                        item.unique_batch_item_id.clone(),
                        &error,
                        self.version,
                    )
                }
            };
        }
    }

    /// Records that what was recorded as done was not committed, and takes its outside effects back.
    fn undone(&self, event: &mut Event<'_>, effects: Effects) {
        effects.undo(self.service);
        event.outcome = "NotCommitted";
        if let Err(failed) = self.service.trail.append(event, Durability::Grouped) {
            tracing::error!(error = %failed, "the correction of an audit record is lost");
        }
    }

    /// All items in one transaction: because effects are made before and broken after, undoing is not committing.
    fn undoable(
        &self,
        request: &Request<'_>,
        mut sizes: Sizes,
        batch: &mut Batch,
    ) -> Vec<ResponseItem> {
        let mut tx = self.service.store.begin();
        let mut effects = Effects::default();
        let mut answers = Vec::with_capacity(request.items.len());
        let mut events = Vec::with_capacity(request.items.len());
        let mut failed = None;
        for item in &request.items {
            let mut event = self.event(item.operation);
            let result = self.run(item, tx.as_mut(), batch, &mut effects, &mut event);
            match result.and_then(|payload| fits(payload, item, sizes)) {
                Ok(payload) => {
                    batch.answered(item.operation, event.object.as_deref());
                    let answer = success(item, payload);
                    sizes.used += encoded_bytes(&answer);
                    answers.push(answer);
                    events.push(event);
                }
                Err(error) => {
                    failed = Some((item, error, event));
                    break;
                }
            }
        }
        let outcome = match failed {
            None => self.commit_all(&mut events, tx),
            Some((item, error, mut event)) => {
                let error =
                    self.service
                        .recorded::<()>(&mut event, Durability::Grouped, Err(error));
                Err((Some(item), error.err().unwrap_or_else(Error::not_permitted)))
            }
        };
        match outcome {
            Ok(()) => effects.finish(self.service),
            Err((item, error)) => {
                effects.undo(self.service);
                for event in &mut events {
                    event.outcome = "Undone";
                    if let Err(lost) = self.service.trail.append(event, Durability::Grouped) {
                        tracing::error!(error = %lost, "the audit record of an undone item is lost");
                    }
                }
                for answer in &mut answers {
                    answer.result_status = ResultStatus::OperationUndone;
                }
                let last = item.or_else(|| request.items.last());
                let id = last.and_then(|item| item.unique_batch_item_id.clone());
                if item.is_none() {
                    answers.pop();
                }
                answers.push(failure(
                    last.map(|item| item.operation),
                    id,
                    &error,
                    self.version,
                ));
            }
        }
        answers
    }

    fn commit_all<'i>(
        &self,
        events: &mut [Event<'_>],
        tx: Box<dyn Transaction + '_>,
    ) -> std::result::Result<(), (Option<&'i RequestItem<'i>>, Error)> {
        let durability = if tx.is_changed() {
            Durability::Durable
        } else {
            Durability::Grouped
        };
        for event in events.iter_mut() {
            self.service
                .recorded(event, durability, Ok(()))
                .map_err(|error| (None, error))?;
        }
        tx.commit().map_err(|error| {
            let error = Error::from(error);
            let error = match events.last_mut() {
                Some(event) => self.service.numbered(error, event),
                None => error,
            };
            (None, error)
        })
    }

    fn event(&self, operation: OperationCode) -> Event<'_> {
        Event {
            time: self.now,
            vault: &self.principal.vault,
            principal: &self.principal.name,
            peer: self.peer,
            operation: ops::name(operation),
            object: None,
            outcome: "Success",
            note: None,
            version: Some(self.version),
        }
    }

    /// Runs the item's route; a panic of ours fails the item and nothing else.
    fn run(
        &self,
        item: &RequestItem<'_>,
        tx: &mut dyn Transaction,
        batch: &mut Batch,
        effects: &mut Effects,
        event: &mut Event<'_>,
    ) -> Result<Zeroizing<Vec<u8>>> {
        if item
            .message_extension
            .iter()
            .any(|extension| extension.criticality_indicator)
        {
            // KMIP 2.1 §9.13: a critical extension that is not understood fails the item.
            return Err(Error::new(
                Fault::UnknownExtension,
                "the message extension is not known here",
            ));
        }
        let route = ops::find(item.operation)
            .filter(|route| route.since <= self.version)
            .ok_or_else(|| Error::new(Fault::NotServed, "the operation is not served"))?;
        let mut context = Context {
            version: self.version,
            now: self.now,
            principal: self.principal,
            service: self.service,
            route,
            tx,
            batch,
            effects,
            object: None,
            note: None,
        };
        let result = catch_unwind(AssertUnwindSafe(|| serve(route, &mut context, item)));
        event.object = context.object.take();
        event.note = context.note.take();
        result.unwrap_or_else(|_| Err(Error::internal("a handler panicked")))
    }
}

fn serve(
    route: &Route,
    context: &mut Context<'_>,
    item: &RequestItem<'_>,
) -> Result<Zeroizing<Vec<u8>>> {
    context.authorise_operation()?;
    (route.run)(context, item.payload)
}

/// Header fields that ask for what is not served fail the whole message (KMIP 2.1 §9.1).
fn check_header(header: &RequestHeader) -> Result<()> {
    match header.asynchronous_indicator {
        Some(indicator) if indicator.0 == AsynchronousIndicator::Mandatory => Err(Error::new(
            Fault::FeatureNotServed,
            "answers are synchronous here",
        )),
        _ => Ok(()),
    }
}

/// Checks that the answer fits before anything is committed, because a Create that was done cannot be taken back.
fn fits(
    payload: Zeroizing<Vec<u8>>,
    item: &RequestItem<'_>,
    sizes: Sizes,
) -> Result<Zeroizing<Vec<u8>>> {
    let answer = success(item, payload);
    if sizes.used.saturating_add(encoded_bytes(&answer)) > sizes.bytes_max {
        return Err(Error::new(
            Fault::TooLarge,
            "the response is longer than the maximum response size",
        ));
    }
    Ok(answer.payload.unwrap_or_default())
}

fn encoded_bytes(item: &ResponseItem) -> usize {
    let padded = |bytes: usize| 8 + bytes.next_multiple_of(8);
    let operation = 16;
    let status = 16;
    let reason = if item.result_reason.is_some() { 16 } else { 0 };
    8 + operation
        + status
        + reason
        + item
            .unique_batch_item_id
            .as_ref()
            .map_or(0, |id| padded(id.0.len()))
        + item
            .result_message
            .as_ref()
            .map_or(0, |message| padded(message.len()))
        + item
            .payload
            .as_ref()
            .map_or(0, |payload| padded(payload.len()))
}

fn header(
    request: Option<&RequestHeader>,
    version: Version,
    now: Timestamp,
    count: usize,
) -> ResponseHeader {
    ResponseHeader {
        protocol_version: version.into(),
        time_stamp: now,
        nonce: None,
        attestation_type: Vec::new(),
        client_correlation_value: request
            .and_then(|request| request.client_correlation_value.clone()),
        server_correlation_value: None,
        batch_count: i32::try_from(count).unwrap_or(i32::MAX),
    }
}

fn success(item: &RequestItem<'_>, payload: Zeroizing<Vec<u8>>) -> ResponseItem {
    ResponseItem {
        operation: Some(item.operation),
        unique_batch_item_id: item.unique_batch_item_id.clone(),
        result_status: ResultStatus::Success,
        result_reason: None,
        result_message: None,
        asynchronous_correlation_value: None,
        payload: Some(payload),
    }
}

fn failure(
    operation: Option<OperationCode>,
    unique_batch_item_id: Option<kmip::ttlv::Bytes>,
    error: &Error,
    version: Version,
) -> ResponseItem {
    ResponseItem {
        operation,
        unique_batch_item_id,
        result_status: ResultStatus::OperationFailed,
        result_reason: Some(error.fault.reason(version)),
        result_message: Some(error.message().to_owned()),
        asynchronous_correlation_value: None,
        payload: None,
    }
}
