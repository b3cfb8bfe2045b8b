//! How long messages take to read and to write, beside a cursor written by hand for that message, and beside
//! `kmip-ttlv`, which reads and writes the same bytes.
//!
//! The goals: a request is read and its answer written in twice the time of the cursor, and in a twentieth of
//! `kmip-ttlv`'s.

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::indexing_slicing,
    reason = "written by hand to be short and fast, for messages that are known"
)]
mod by_hand;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask, DigitalSignatureAlgorithm, HashingAlgorithm,
    ObjectType, ResultStatus, State, Tag, V1_2, V2_1, Version,
    attribute::{Attribute, AttributeKind, AttributeList, CryptographicParameters, Name},
    client::outgoing,
    message::{
        Request, RequestHeader, ResponseHeader, ResponseItem, write_request, write_response,
    },
    payload::{
        Operation,
        create::{Create, CreateRequest, CreateResponse},
        get_attributes::{GetAttributes, GetAttributesResponse},
        locate::{Locate, LocateRequest, LocateResponse},
        sign::{Sign, SignRequest, SignResponse},
    },
    ttlv::{Bytes, Structure, Timestamp, Writer},
};
use kmip_protocol::types::{request, response::ResponseMessage};

fn request<O: Operation>(payload: &O::Request, version: Version) -> Vec<u8> {
    let item = outgoing::<O>(payload, version);
    write_request(&RequestHeader::plain(version, 1), &[item], version)
        .bytes()
        .to_vec()
}

fn attributes() -> AttributeList {
    [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(
            CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt,
        ),
    ]
    .into_iter()
    .collect()
}

fn create() -> CreateRequest {
    CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes(),
        protection_storage_masks: None,
    }
}

fn locate() -> LocateRequest {
    LocateRequest {
        attributes: [
            Attribute::ObjectType(ObjectType::SymmetricKey),
            Attribute::Name(Name::text("database-key-2025")),
            Attribute::State(State::Active),
        ]
        .into_iter()
        .collect(),
        ..LocateRequest::default()
    }
}

const ID: &str = "1703250b-4d40-4de2-93a0-c494a1d4ae40";

fn sign() -> SignRequest {
    SignRequest {
        unique_identifier: Some(ID.into()),
        cryptographic_parameters: Some(CryptographicParameters {
            hashing_algorithm: Some(HashingAlgorithm::SHA256),
            digital_signature_algorithm: Some(DigitalSignatureAlgorithm::ECDSAWithSHA256),
            ..CryptographicParameters::default()
        }),
        data: Some(vec![7; 32].into()),
        digested_data: None,
        correlation_value: None,
        init_indicator: None,
        final_indicator: None,
    }
}

/// Reads an envelope and its one payload.
fn read<O: Operation>(bytes: &[u8]) -> bool {
    let Ok(request) = Request::read(bytes, 100) else {
        return false;
    };
    let payload = request.items.first().map(|item| item.payload);
    payload.is_some_and(|payload| O::Request::read_fields(payload).is_ok())
}

fn decode<O: Operation>(criterion: &mut Criterion, payload: &O::Request) {
    let name = format!("decode {:?}", O::CODE);
    let mut group = criterion.benchmark_group(name);
    for version in [V1_2, V2_1] {
        let bytes = request::<O>(payload, version);
        assert!(read::<O>(&bytes));
        group.throughput(Throughput::Bytes(u64::try_from(bytes.len()).unwrap_or(0)));
        let id = BenchmarkId::new(version.to_string(), bytes.len());
        group.bench_with_input(id, &bytes, |bencher, bytes| {
            bencher.iter(|| read::<O>(black_box(bytes)));
        });
    }
    group.finish();
}

fn decode_requests(criterion: &mut Criterion) {
    decode::<Create>(criterion, &create());
    decode::<Locate>(criterion, &locate());
    decode::<Sign>(criterion, &sign());
}

fn response<O: Operation>(response: &O::Response, version: Version) -> Writer {
    let mut writer = Writer::new(version);
    response.write_fields(&mut writer);
    let item = ResponseItem {
        operation: Some(O::CODE),
        unique_batch_item_id: None,
        result_status: ResultStatus::Success,
        result_reason: None,
        result_message: None,
        asynchronous_correlation_value: None,
        payload: Some(writer.into_bytes()),
    };
    let header = ResponseHeader {
        protocol_version: version.into(),
        time_stamp: Timestamp(1_700_000_000),
        nonce: None,
        server_hashed_password: None,
        attestation_type: Vec::new(),
        client_correlation_value: None,
        server_correlation_value: None,
        batch_count: 1,
    };
    write_response(&header, &[item], version)
}

fn encode_responses(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode");
    let signature = SignResponse {
        unique_identifier: ID.into(),
        signature_data: Some(Bytes(vec![9; 71])),
        correlation_value: None,
    };
    group.bench_function("Sign response", |bencher| {
        bencher.iter(|| response::<Sign>(black_box(&signature), V2_1));
    });
    let attributes = GetAttributesResponse {
        unique_identifier: ID.into(),
        attributes: attributes(),
    };
    for version in [V1_2, V2_1] {
        group.bench_function(format!("Get Attributes response {version}"), |bencher| {
            bencher.iter(|| response::<GetAttributes>(black_box(&attributes), version));
        });
    }
    group.finish();
}

/// Names and tags of attributes, those that a search in order would find last.
fn find_attributes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("find an attribute");
    for name in ["Cryptographic Length", "Rotate Offset", "x-Product_Version"] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| AttributeKind::from_name(black_box(name)));
        });
    }
    group.bench_function("by its tag", |bencher| {
        bencher.iter(|| AttributeKind::from_tag(black_box(Tag::RotateOffset)));
    });
    group.finish();
}

/// Reads a request and writes its answer, by the codec and by hand.
fn answer<O: Operation>(
    criterion: &mut Criterion,
    request_payload: &O::Request,
    answer: &O::Response,
    signature: Option<&[u8]>,
) {
    let bytes = request::<O>(request_payload, V2_1);
    let by_hand = || {
        let asked = by_hand::read(black_box(&bytes))?;
        let id = asked.id.as_deref().unwrap_or(ID);
        let read: usize = asked.attributes.iter().map(|(_, own)| own.size()).sum();
        Some((
            by_hand::write(asked.operation, id, signature).len(),
            read,
            asked,
        ))
    };
    let asked = by_hand::read(&bytes).expect("a request that is read by hand");
    assert_eq!((asked.version, asked.operation), ((2, 1), O::CODE.0));
    assert_eq!(
        response::<O>(answer, V2_1).bytes(),
        by_hand::write(O::CODE.0, ID, signature)
    );
    let mut group = criterion.benchmark_group(format!("answer {:?}", O::CODE));
    group.bench_function("the codec", |bencher| {
        bencher.iter(|| {
            let request = Request::read(black_box(&bytes), 100).ok()?;
            let payload = O::Request::read_fields(request.items.first()?.payload).ok()?;
            let written = response::<O>(black_box(answer), request.version);
            Some((written.bytes().len(), payload))
        });
    });
    group.bench_function("by hand", |bencher| bencher.iter(by_hand));
    group.finish();
}

fn answers(criterion: &mut Criterion) {
    let signature = [9; 71];
    let signed = SignResponse {
        unique_identifier: ID.into(),
        signature_data: Some(Bytes(signature.to_vec())),
        correlation_value: None,
    };
    answer::<Sign>(criterion, &sign(), &signed, Some(&signature));
    let located = LocateResponse {
        located_items: None,
        unique_identifier: vec![ID.into()],
    };
    answer::<Locate>(criterion, &locate(), &located, None);
    let created = CreateResponse {
        object_type: ObjectType::SymmetricKey,
        unique_identifier: ID.into(),
    };
    answer::<Create>(criterion, &create(), &created, None);
}

/// The other implementation on the same messages: it reads responses and writes requests.
fn beside_kmip_ttlv(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("beside kmip-ttlv");
    let signature = SignResponse {
        unique_identifier: ID.into(),
        signature_data: Some(Bytes(vec![9; 71])),
        correlation_value: None,
    };
    let bytes = response::<Sign>(&signature, V1_2).bytes().to_vec();
    group.bench_function("theirs reads a Sign response", |bencher| {
        bencher.iter(|| kmip_ttlv::de::from_slice::<ResponseMessage>(black_box(&bytes)).is_ok());
    });
    group.bench_function("ours reads a Sign response", |bencher| {
        bencher.iter(|| {
            let read = kmip::message::Response::read(black_box(&bytes)).ok()?;
            let item = read.items.first()?;
            kmip::client::incoming::<Sign>(item, V1_2).ok()
        });
    });
    let theirs = request::RequestPayload::Create(
        kmip_protocol::types::common::ObjectType::SymmetricKey,
        request::TemplateAttribute::unnamed(vec![
            request::Attribute::CryptographicAlgorithm(
                kmip_protocol::types::common::CryptographicAlgorithm::AES,
            ),
            request::Attribute::CryptographicLength(256),
        ]),
    );
    group.bench_function("theirs writes a Create request", |bencher| {
        bencher.iter(|| kmip_protocol::request::to_vec(black_box(theirs.clone()), None).is_ok());
    });
    let ours = create();
    group.bench_function("ours writes a Create request", |bencher| {
        bencher.iter(|| request::<Create>(black_box(&ours), V1_2));
    });
    group.finish();
}

criterion_group!(
    codec,
    decode_requests,
    encode_responses,
    answers,
    find_attributes,
    beside_kmip_ttlv
);
criterion_main!(codec);
