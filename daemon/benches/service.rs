//! What the service costs without a network: whole messages in and out, as CPU time of one thread.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench that fails is a failed bench"
)]

use std::{collections::BTreeMap, hint::black_box, sync::Arc};

use criterion::{Criterion, criterion_group, criterion_main};
use hsm::soft::{CACHE_KEYS_MAX, Master, MasterSource, SoftHsm};
use keyhold::{
    audit::{Durability, Event, Trail, TrailError},
    clock::Clock,
    directory::Directory,
    identity::{Admissions, Caller, CertificateFacts, Peer},
    policy::Policy,
    service::{Limits, Parts, Service},
};
use kmip::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, HashingAlgorithm, ObjectType,
    Secret, V2_1,
    attribute::{Attribute, AttributeList, CryptographicParameters, Name, UniqueIdentifier},
    client::{incoming, outgoing},
    message::{OutgoingItem, RequestHeader, Response, write_request},
    payload::{
        Operation,
        create::{Create, CreateKeyPair, CreateKeyPairRequest, CreateRequest},
        discover::{DiscoverVersions, DiscoverVersionsRequest},
        encrypt::{Encrypt, EncryptRequest},
        get::{Get, GetRequest},
        locate::{Locate, LocateRequest},
        sign::{Sign, SignRequest},
    },
    ttlv::{Bytes, Timestamp},
};
use store::{Client, SqliteStore, Vault};

/// Throws events away: the trail has a bench of its own.
struct NoTrail;

impl Trail for NoTrail {
    fn when_durable(&self, then: Box<dyn FnOnce(Result<(), TrailError>) + Send>) {
        then(Ok(()));
    }

    fn append(&self, event: &Event<'_>, _: Durability) -> Result<(), TrailError> {
        black_box(event);
        Ok(())
    }

    fn health(&self) -> Result<(), TrailError> {
        Ok(())
    }
}

const NOW: Timestamp = Timestamp(1_790_000_000);

struct Bench {
    service: Service,
    caller: Caller,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = MasterSource::File(folder.path().join("master"));
        Master::create(&source).unwrap();
        let hsm: Arc<dyn hsm::Hsm> =
            Arc::new(SoftHsm::new(Master::load(&source).unwrap(), CACHE_KEYS_MAX));
        let store = Arc::new(SqliteStore::in_memory().unwrap());
        let directory = Arc::new(Directory::load(store.clone()).unwrap());
        directory.put_vault(&vault()).unwrap();
        directory.put_client(&client()).unwrap();
        let service = Service::new(Parts {
            store,
            directory,
            backends: BTreeMap::from([("soft".to_owned(), hsm)]),
            groups: BTreeMap::new(),
            trail: Arc::new(NoTrail),
            clock: Arc::new(Clock::fixed(NOW)),
            policy: Policy::default(),
            admissions: Admissions::default(),
            limits: Limits::default(),
            conformance: None,
            experimental: false,
        });
        let facts = CertificateFacts {
            sha256: [0; 32],
            spki_sha256: [1; 32],
            subject: "CN=bench".into(),
            issuer: "CN=bench".into(),
            alternative_names: vec![],
        };
        Self {
            service,
            caller: Caller::new(Peer::Certificate(facts)),
            _folder: folder,
        }
    }

    fn respond(&mut self, request: &[u8]) -> kmip::Buffer {
        black_box(self.service.weight(&self.caller, request));
        self.service.respond(&mut self.caller, request)
    }

    fn call<O: Operation>(&mut self, request: &O::Request) -> O::Response {
        let request = message(outgoing::<O>(request, V2_1));
        let response = Response::read(&self.respond(&request)).unwrap();
        incoming::<O>(&response.items[0], V2_1).unwrap()
    }
}

fn vault() -> Vault {
    Vault {
        name: "bench".into(),
        backend: "soft".into(),
        locked_by_default: false,
        wrapped: false,
        strict: false,
        created: NOW,
        user_pin: None,
        so_pin: None,
        token: store::Token::default(),
        rules: store::Rules::default(),
    }
}

fn client() -> Client {
    Client {
        name: "bench".into(),
        vault: "bench".into(),
        role: "user".into(),
        spki_sha256: [1; 32],
        serial: "01".into(),
        issued: NOW,
        expires: NOW,
        revoked: None,
        successor: None,
    }
}

fn message(item: OutgoingItem) -> Vec<u8> {
    let header = RequestHeader {
        protocol_version: V2_1.into(),
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
    };
    write_request(&header, &[item], V2_1).bytes().to_vec()
}

fn list(attributes: impl IntoIterator<Item = Attribute>) -> AttributeList {
    attributes.into_iter().collect()
}

fn named_key(bench: &mut Bench, name: &str) -> UniqueIdentifier {
    let attributes = list([
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
        Attribute::ActivationDate(NOW),
        Attribute::Name(Name::text(name)),
    ]);
    let request = CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes,
        protection_storage_masks: None,
    };
    bench.call::<Create>(&request).unique_identifier
}

fn signing_key(bench: &mut Bench, algorithm: CryptographicAlgorithm) -> UniqueIdentifier {
    let mask = |mask| Attribute::CryptographicUsageMask(mask);
    let request = CreateKeyPairRequest {
        common_attributes: list([
            Attribute::CryptographicAlgorithm(algorithm),
            Attribute::ActivationDate(NOW),
        ]),
        private_key_attributes: list([mask(CryptographicUsageMask::Sign)]),
        public_key_attributes: list([mask(CryptographicUsageMask::Verify)]),
        common_protection_storage_masks: None,
        private_protection_storage_masks: None,
        public_protection_storage_masks: None,
    };
    bench
        .call::<CreateKeyPair>(&request)
        .private_key_unique_identifier
}

fn sign(id: UniqueIdentifier) -> OutgoingItem {
    let parameters = CryptographicParameters {
        hashing_algorithm: Some(HashingAlgorithm::SHA256),
        ..CryptographicParameters::default()
    };
    let request = SignRequest {
        unique_identifier: Some(id),
        cryptographic_parameters: Some(parameters),
        digested_data: Some(Bytes(vec![7; 32])),
        ..SignRequest::default()
    };
    outgoing::<Sign>(&request, V2_1)
}

fn encrypt(id: UniqueIdentifier) -> OutgoingItem {
    let parameters = CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::GCM),
        ..CryptographicParameters::default()
    };
    let request = EncryptRequest {
        unique_identifier: Some(id),
        cryptographic_parameters: Some(parameters),
        data: Some(Secret::new(vec![0; 1024])),
        ..EncryptRequest::default()
    };
    outgoing::<Encrypt>(&request, V2_1)
}

fn service(criterion: &mut Criterion) {
    let mut bench = Bench::new();
    let keys: Vec<_> = (0..1_000)
        .map(|n| named_key(&mut bench, &format!("key {n}")))
        .collect();
    let key = keys[500].clone();
    let get = GetRequest {
        unique_identifier: Some(key.clone()),
        ..GetRequest::default()
    };
    let locate = LocateRequest {
        attributes: list([Attribute::Name(Name::text("key 700"))]),
        ..LocateRequest::default()
    };
    let p256 = signing_key(&mut bench, CryptographicAlgorithm::EC);
    let rsa = signing_key(&mut bench, CryptographicAlgorithm::RSA);
    let discover = DiscoverVersionsRequest {
        protocol_version: vec![],
    };
    let messages = [
        (
            "discover versions",
            message(outgoing::<DiscoverVersions>(&discover, V2_1)),
        ),
        ("get", message(outgoing::<Get>(&get, V2_1))),
        ("locate by name", message(outgoing::<Locate>(&locate, V2_1))),
        ("encrypt aes-256-gcm 1 KiB", message(encrypt(key))),
        ("sign ecdsa p-256", message(sign(p256))),
        ("sign rsa-2048", message(sign(rsa))),
    ];
    for (name, request) in messages {
        let answer = Response::read(&bench.respond(&request)).unwrap();
        assert!(
            answer.items[0].result_reason.is_none(),
            "{name}: {:?}",
            answer.items[0].result_reason
        );
        criterion.bench_function(name, |bencher| bencher.iter(|| bench.respond(&request)));
    }
}

criterion_group!(benches, service);
criterion_main!(benches);
