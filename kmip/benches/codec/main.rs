//! How long messages take to read and to write, beside a cursor written by hand for those messages, and beside
//! `kmip-ttlv`, which reads and writes the same bytes.
//!
//! The goals: a request is read and its answer written in twice the time of the cursor, and in a twentieth of
//! `kmip-ttlv`'s.

#[expect(
    clippy::cast_possible_wrap,
    clippy::indexing_slicing,
    reason = "written by hand to be short and fast, for messages that are known"
)]
mod by_hand;
mod messages;
mod others;
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    reason = "written by hand to be short and fast, for messages that are known"
)]
mod written;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use kmip::{
    Tag, V1_2, V2_1,
    attribute::AttributeKind,
    message::Request,
    payload::{
        Operation,
        create::Create,
        get_attributes::{GetAttributes, GetAttributesResponse},
        locate::Locate,
        sign::Sign,
    },
    ttlv::Structure,
};

use self::{
    messages::{ID, attributes, create, locate, request, response, sign, signed},
    others::{beside_a_cursor, beside_kmip_ttlv},
};

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
        let bytes = request::<O>(payload, version).bytes().to_vec();
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

fn encode_responses(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode");
    let signature = signed();
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

criterion_group!(
    codec,
    decode_requests,
    encode_responses,
    find_attributes,
    beside_a_cursor,
    beside_kmip_ttlv
);
criterion_main!(codec);
