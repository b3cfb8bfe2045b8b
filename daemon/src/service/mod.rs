//! Message in, message out: version, identity, batch, envelope, audit, commit.

mod authority;
mod batch;
mod commit;
mod deferred;
mod ending;
mod envelope;
mod exchange;
mod limits;
mod notices;
mod outcome;
mod text;
mod together;
mod unanswered;
mod weight;

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicU64},
};

use arc_swap::ArcSwap;
use hsm::{Hsm, group::Group};
use kmip::{
    Buffer, OperationCode, V1_0, V1_4, V2_1, V3_0, Version,
    message::{
        ProtocolVersion, Request, RequestError, RequestHeader, ResponseItem, write_response,
    },
    text::Encoding,
    ttlv::Timestamp,
};
use store::Store;

pub(crate) use self::deferred::canceled;
pub use self::{
    commit::{Begun, NotCommitted, Unfinished},
    limits::Limits,
    notices::Putting,
    weight::Weight,
};
use self::{
    deferred::Manner,
    envelope::{Sizes, check_header, failure, header},
    exchange::Exchange,
    unanswered::Unanswered,
};
use crate::{
    audit::{Durability, Event, Trail},
    clock::Clock,
    conformance::Conformance,
    cryptoki::Applications,
    directory::Directory,
    doubts::Doubts,
    error::{Error, Result},
    fault::Fault,
    identity::{Accounts, Admissions, Caller, Principal, Registry, Tickets},
    notices::Subscriptions,
    ops::{self, Route},
    pending::Pending,
    policy::Policy,
    streams::Streams,
    telemetry,
    turns::Turns,
    uses::Uses,
};

/// What a service is made of.
pub struct Parts {
    /// Where records are kept.
    pub store: Arc<dyn Store>,
    /// The vaults and clients, read from the same store.
    pub directory: Arc<Directory>,
    /// The HSMs by their configured names.
    pub backends: BTreeMap<String, Arc<dyn Hsm>>,
    /// Those of them that are groups.
    pub groups: BTreeMap<String, Arc<Group>>,
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
    /// How the server is tested, if it is.
    pub conformance: Option<Conformance>,
    /// Whether operations are served that may still change.
    pub experimental: bool,
}

/// Serves KMIP messages, synchronously.
pub struct Service {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) backends: BTreeMap<String, Arc<dyn Hsm>>,
    pub(crate) groups: BTreeMap<String, Arc<Group>>,
    pub(crate) limits: Limits,
    pub(crate) conformance: Option<Conformance>,
    experimental: bool,
    pub(crate) pending: Pending,
    pub(crate) streams: Streams,
    pub(crate) tickets: Tickets,
    pub(crate) applications: Applications,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) turns: Turns,
    pub(crate) uses: Uses,
    pub(crate) doubts: Arc<Doubts>,
    trail: Arc<dyn Trail>,
    pub(crate) clock: Arc<Clock>,
    rules: ArcSwap<Rules>,
    pub(crate) revocation_lists: ArcSwap<Vec<Vec<u8>>>,
    internal_errors: AtomicU64,
    unanswered: Unanswered,
}

/// What a reload replaces.
struct Rules {
    policy: Policy,
    admissions: Admissions,
}

impl Service {
    /// Puts a service together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            store: parts.store,
            directory: parts.directory,
            backends: parts.backends,
            groups: parts.groups,
            limits: parts.limits,
            conformance: parts.conformance,
            experimental: parts.experimental,
            pending: Pending::new(parts.limits.pending),
            streams: Streams::new(parts.limits.streams),
            tickets: Tickets::new(parts.limits.tickets),
            applications: Applications::new(parts.limits.cryptoki),
            subscriptions: Subscriptions::default(),
            turns: Turns::default(),
            uses: Uses::default(),
            doubts: Arc::default(),
            trail: parts.trail,
            clock: parts.clock,
            rules: ArcSwap::from_pointee(Rules {
                policy: parts.policy,
                admissions: parts.admissions,
            }),
            revocation_lists: ArcSwap::default(),
            internal_errors: AtomicU64::new(0),
            unanswered: Unanswered::default(),
        }
    }

    /// Whether a user of the local socket may use a vault.
    pub(crate) fn admits_user(&self, uid: u32) -> bool {
        self.rules.load().admissions.admit_user(uid)
    }

    /// Says how much of what is bounded there is now.
    pub(crate) fn measure(&self) {
        let (streams, held_bytes) = self.streams.size();
        telemetry::sizes(&[
            ("keyhold_streams", streams),
            ("keyhold_streams_held_bytes", held_bytes),
            ("keyhold_pending_requests", self.pending.count()),
            ("keyhold_tickets", self.tickets.count()),
        ]);
        for (name, group) in &self.groups {
            telemetry::group_members(name, &group.members());
        }
    }

    /// Ends what came in parts, and tickets, that are too old.
    pub(crate) fn expire_streams(&self) {
        self.tickets.expire(self.clock.now());
        self.streams.expire(self.clock.now());
    }

    /// Writes how often keys were used.
    pub fn write_uses(&self) {
        self.uses.write(&*self.store);
    }

    /// Replaces the policy and the admissions; the next message is held to them.
    pub fn reload(&self, policy: Policy, admissions: Admissions) {
        self.rules.store(Arc::new(Rules { policy, admissions }));
        self.directory.touch();
    }

    /// Replaces the revocation lists, DER, that Validate looks certificates up in.
    pub fn believe_revocations(&self, lists: Vec<Vec<u8>>) {
        self.revocation_lists.store(Arc::new(lists));
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

    /// The users and their credentials.
    #[must_use]
    pub fn accounts(&self) -> Accounts<'_> {
        self.accounts_at(self.clock.now())
    }

    pub(crate) fn accounts_at(&self, now: Timestamp) -> Accounts<'_> {
        Accounts {
            store: &*self.store,
            backends: &self.backends,
            directory: &self.directory,
            now,
        }
    }

    /// Answers one request message. Any bytes in give a response message out.
    pub fn respond(&self, caller: &mut Caller, bytes: &[u8]) -> Buffer {
        self.respond_in(caller, bytes, None)
    }

    /// Answers one request message whose answer will be written as a text, if it will.
    fn respond_in(&self, caller: &mut Caller, bytes: &[u8], text: Option<Encoding>) -> Buffer {
        let now = self.clock.now();
        match Request::read(bytes, self.limits.of_a_message()) {
            Ok(request) => {
                let sizes = Sizes::of(&request.header, request.version, now, text);
                self.answer(caller, &request, bytes, sizes, now)
            }
            Err(RequestError::Unreadable(error, version)) => {
                let version = version.unwrap_or(V1_0);
                self.refuse_message(caller, version, now, Error::of_message(error))
            }
            Err(RequestError::VersionNotSpoken(asked)) => {
                self.negotiate(caller, bytes, &asked, now)
            }
        }
    }

    /// Whether an operation is served in a version.
    pub(crate) fn serves(&self, route: &Route, version: Version) -> bool {
        route.since <= version
            && (!route.is_for_tests || self.conformance.is_some())
            && (!route.is_experimental || self.experimental)
    }

    /// A version that is not spoken is answered in the nearest that is; Discover Versions is served all the same,
    /// because it is how a client finds out (KMIP 1.4 §4.26).
    fn negotiate(
        &self,
        caller: &mut Caller,
        bytes: &[u8],
        asked: &ProtocolVersion,
        now: Timestamp,
    ) -> Buffer {
        let nearest = match asked.protocol_version_major {
            ..=1 => V1_4,
            3 => V3_0,
            _ => V2_1,
        };
        match Request::read_as(bytes, nearest, self.limits.of_a_message()) {
            Ok(request)
                if request
                    .items
                    .iter()
                    .all(|item| item.operation == OperationCode::DiscoverVersions) =>
            {
                self.answer(caller, &request, bytes, Sizes::UNLIMITED, now)
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
    ) -> Buffer {
        let peer = caller.description();
        let mut event = Event {
            time: now,
            vault: "",
            principal: peer,
            peer,
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
        message: &[u8],
        sizes: Sizes,
        now: Timestamp,
    ) -> Buffer {
        let principal = self.principal_of(caller, &request.header, now);
        let peer = caller.description();
        let items = match principal {
            Ok(principal) => {
                let exchange = Exchange {
                    manner: Manner::of(request, self.conformance.is_some()),
                    ..Exchange::new(self, &principal, caller, (message, request.version), now)
                };
                exchange.batch(request, sizes)
            }
            Err(error) => vec![self.refuse_items(peer, request, now, error)],
        };
        if notices::turns(request, &items) {
            caller.turn(request.version);
        }
        let mut header = header(Some(&request.header), request.version, now, items.len());
        header.server_hashed_password =
            caller.server_hashed_password(request.header.authentication.as_ref());
        write_response(&header, &items, request.version).into_bytes()
    }

    /// Who asks, if the header asks for what can be given.
    fn principal_of(
        &self,
        caller: &mut Caller,
        header: &RequestHeader,
        now: Timestamp,
    ) -> Result<Arc<Principal>> {
        let rules = self.rules.load();
        let registry = self.registry(&rules, now);
        let principal = caller.principal(header.authentication.as_ref(), &registry)?;
        check_header(header)?;
        Ok(principal)
    }

    /// The principal of a request that waited, as it is now.
    fn principal_now(&self, then: &Principal, now: Timestamp) -> Result<Arc<Principal>> {
        let rules = self.rules.load();
        self.registry(&rules, now).again(then)
    }

    fn registry<'a>(&'a self, rules: &'a Rules, now: Timestamp) -> Registry<'a> {
        Registry {
            accounts: self.accounts_at(now),
            policy: &rules.policy,
            admissions: &rules.admissions,
            tickets: &self.tickets,
        }
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
}
