//! A service in process: the embedded HSM, a store in memory, a clock that stands still.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use hsm::soft::{Master, MasterSource, SoftHsm};
use keyhold::{
    audit::{Durability, Event, Trail, TrailError},
    clock::Clock,
    conformance::{Conformance, Seeding},
    directory::Directory,
    identity::{Admissions, Caller, CertificateFacts, Peer},
    policy::Policy,
    service::{Begun, Limits, Parts, Service, Weight},
};
use kmip::{
    BatchErrorContinuationOption, CryptographicAlgorithm, CryptographicUsageMask, ObjectType,
    OperationCode, ResultReason, ResultStatus, V2_1, Version,
    attribute::{Attribute, AttributeList, UniqueIdentifier},
    client::{incoming, outgoing},
    message::{OutgoingItem, RequestHeader, Response, ResponseItem, write_request},
    payload::{
        Operation,
        activate::{Activate, ActivateRequest},
        create::{Create, CreateRequest},
    },
    ttlv::Timestamp,
};
use store::{Client, SqliteStore, Vault};

/// Noon on a day of the year 2026.
pub(crate) const NOON: Timestamp = Timestamp(1_790_000_000);

/// A trail that keeps events in memory and can be told to fail.
#[derive(Default)]
pub(crate) struct MemoryTrail {
    pub(crate) events: Mutex<Vec<(String, Option<String>, &'static str)>>,
    /// What events said beside, in their order.
    pub(crate) notes: Mutex<Vec<String>>,
    pub(crate) is_full: AtomicBool,
}

impl Trail for MemoryTrail {
    fn append(&self, event: &Event<'_>, _: Durability) -> Result<(), TrailError> {
        self.health()?;
        let note = event.note.as_ref().map(ToString::to_string);
        self.notes.lock().unwrap().extend(note);
        let event = (
            event.operation.to_owned(),
            event.object.clone(),
            event.outcome,
        );
        self.events.lock().unwrap().push(event);
        Ok(())
    }

    fn when_durable(&self, then: Box<dyn FnOnce(Result<(), TrailError>) + Send>) {
        then(self.health());
    }

    fn health(&self) -> Result<(), TrailError> {
        if self.is_full.load(Ordering::Relaxed) {
            Err(TrailError("full".into()))
        } else {
            Ok(())
        }
    }
}

pub(crate) struct Fixture {
    pub(crate) service: Arc<Service>,
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) trail: Arc<MemoryTrail>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) caller: Caller,
    pub(crate) version: Version,
    _folder: tempfile::TempDir,
}

/// A peer whose certificate has this key.
pub(crate) fn peer(key: u8) -> Peer {
    Peer::Certificate(CertificateFacts {
        sha256: [key; 32],
        spki_sha256: [key; 32],
        subject: format!("CN=client {key}"),
        issuer: "CN=test".into(),
        alternative_names: vec![],
    })
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::with_policy(Policy::default())
    }

    pub(crate) fn with_policy(policy: Policy) -> Self {
        Self::with(policy, None)
    }

    /// A server under test, which serves what no other does.
    pub(crate) fn under_test(policy: Policy, seeding: Seeding) -> Self {
        Self::with(
            policy,
            Some(Conformance {
                seeding,
                is_slow: false,
            }),
        )
    }

    fn with(policy: Policy, conformance: Option<Conformance>) -> Self {
        Self::with_parts(policy, conformance, Limits::default())
    }

    /// A service with bounds of its own.
    pub(crate) fn with_limits(limits: Limits) -> Self {
        Self::with_parts(Policy::default(), None, limits)
    }

    /// Two vaults: `one` with an administrator (key 1) and a client of each built-in role (keys 2 to 5), `two` with an
    /// administrator (key 9).
    fn with_parts(policy: Policy, conformance: Option<Conformance>, limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = MasterSource::File(folder.path().join("master"));
        Master::create(&source).unwrap();
        let hsm: Arc<dyn hsm::Hsm> = Arc::new(SoftHsm::new(Master::load(&source).unwrap(), 100));
        let store = Arc::new(SqliteStore::in_memory().unwrap());
        let directory = Arc::new(Directory::load(store.clone()).unwrap());
        for name in ["one", "two"] {
            directory.put_vault(&vault(name)).unwrap();
        }
        let roles = [
            (1, "one", "administrator"),
            (2, "one", "user"),
            (3, "one", "operator"),
            (4, "one", "consumer"),
            (5, "one", "auditor"),
            (6, "one", "special"),
            (9, "two", "administrator"),
        ];
        for (key, vault, role) in roles {
            directory.put_client(&client(key, vault, role)).unwrap();
        }
        let trail = Arc::new(MemoryTrail::default());
        let clock = Arc::new(Clock::fixed(NOON));
        let service = Arc::new(Service::new(Parts {
            store: store.clone(),
            directory,
            backends: BTreeMap::from([("soft".to_owned(), hsm)]),
            groups: BTreeMap::new(),
            trail: trail.clone(),
            clock: clock.clone(),
            policy,
            admissions: Admissions::default(),
            limits,
            conformance,
            // As what only a server under test does, and nobody else by default.
            experimental: conformance.is_some(),
        }));
        Self {
            service,
            store,
            trail,
            clock,
            caller: Caller::new(peer(1)),
            version: V2_1,
            _folder: folder,
        }
    }

    /// The same service seen by another client.
    pub(crate) fn as_client(&mut self, key: u8) -> &mut Self {
        self.caller = Caller::new(peer(key));
        self
    }

    pub(crate) fn call<O: Operation>(
        &mut self,
        request: &O::Request,
    ) -> Result<O::Response, ResultReason> {
        let items = self.batch(None, &[outgoing::<O>(request, self.version)]);
        assert_eq!(items.len(), 1);
        read::<O>(&items[0], self.version)
    }

    pub(crate) fn batch(
        &mut self,
        option: Option<BatchErrorContinuationOption>,
        items: &[OutgoingItem],
    ) -> Vec<ResponseItem> {
        self.send(
            &RequestHeader {
                batch_error_continuation_option: option,
                ..self.header()
            },
            items,
        )
        .items
    }

    pub(crate) fn header(&self) -> RequestHeader {
        RequestHeader {
            protocol_version: self.version.into(),
            maximum_response_size: None,
            client_correlation_value: None,
            server_correlation_value: None,
            asynchronous_indicator: None,
            attestation_capable_indicator: None,
            attestation_type: vec![],
            authentication: None,
            batch_error_continuation_option: None,
            batch_order_option: None,
            time_stamp: None,
            batch_count: 1,
        }
    }

    /// The answer to a message, as a connection comes by it.
    pub(crate) fn respond(&mut self, request: &[u8]) -> kmip::Buffer {
        if self.service.weight(&self.caller, request) != Weight::Commit {
            return self.service.respond(&mut self.caller, request);
        }
        match self.service.begin(&mut self.caller, request) {
            Begun::Answered(reply) => reply,
            Begun::Changes(unfinished, changes) => {
                let (tell, told) = std::sync::mpsc::channel();
                self.service
                    .commit(changes, move |result| tell.send(result).unwrap());
                let result = told.recv().unwrap();
                self.service
                    .finish(&self.caller, request, *unfinished, result)
            }
        }
    }

    pub(crate) fn send(&mut self, header: &RequestHeader, items: &[OutgoingItem]) -> Response {
        let header = RequestHeader {
            batch_count: i32::try_from(items.len()).unwrap(),
            ..header.clone()
        };
        let request = write_request(&header, items, self.version);
        let response = self.respond(request.bytes());
        let response = Response::read(&response).expect("a response can be read");
        assert_eq!(response.version, self.version);
        let counted = usize::try_from(response.header.batch_count).unwrap();
        assert_eq!(
            counted,
            if self.version.is_3() {
                0
            } else {
                response.items.len()
            }
        );
        response
    }

    /// An active AES key that may encrypt and decrypt.
    pub(crate) fn aes_key(&mut self, more: impl IntoIterator<Item = Attribute>) -> String {
        let mask = CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt;
        let mut attributes = vec![
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
            Attribute::CryptographicLength(256),
            Attribute::CryptographicUsageMask(mask),
        ];
        attributes.extend(more);
        let id = self.create(attributes).unwrap();
        self.call::<Activate>(&ActivateRequest {
            unique_identifier: Some(id.as_str().into()),
        })
        .unwrap();
        id
    }

    pub(crate) fn create(&mut self, attributes: Vec<Attribute>) -> Result<String, ResultReason> {
        let response = self.call::<Create>(&create(attributes))?;
        Ok(text(&response.unique_identifier))
    }
}

pub(crate) fn create(attributes: Vec<Attribute>) -> CreateRequest {
    CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes.into_iter().collect::<AttributeList>(),
        protection_storage_masks: None,
    }
}

pub(crate) fn text(id: &UniqueIdentifier) -> String {
    match id {
        UniqueIdentifier::Text(id) => id.clone(),
        other => panic!("{other:?} is no text"),
    }
}

pub(crate) fn read<O: Operation>(
    item: &ResponseItem,
    version: Version,
) -> Result<O::Response, ResultReason> {
    assert_eq!(
        item.operation,
        Some(O::CODE),
        "every item names its operation"
    );
    if item.result_status == ResultStatus::Success {
        return Ok(incoming::<O>(item, version)
            .map_err(|error| error.to_string())
            .unwrap());
    }
    let says_more =
        item.result_status == ResultStatus::OperationUndone || O::CODE == OperationCode::Check;
    assert!(item.payload.is_none() || says_more);
    Err(item.result_reason.expect("a failure has its reason"))
}

fn vault(name: &str) -> Vault {
    Vault {
        name: name.into(),
        backend: "soft".into(),
        locked_by_default: false,
        wrapped: false,
        strict: false,
        created: NOON,
        user_pin: None,
        so_pin: None,
        token: store::Token::default(),
        rules: store::Rules::default(),
    }
}

pub(crate) fn client(key: u8, vault: &str, role: &str) -> Client {
    Client {
        name: format!("client {key}"),
        vault: vault.into(),
        role: role.into(),
        spki_sha256: [key; 32],
        serial: format!("{key:02x}"),
        issued: NOON,
        expires: Timestamp(NOON.0 + 1_000_000),
        revoked: None,
        successor: None,
    }
}
