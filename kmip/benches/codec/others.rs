//! The codec beside others: a server's part beside a cursor written by hand, a client's beside `kmip-ttlv`.

use std::hint::black_box;

use criterion::{BatchSize, Criterion};
use kmip::{
    DigitalSignatureAlgorithm, HashingAlgorithm, V2_1,
    client::incoming,
    message::{Request, Response},
    payload::{Operation, create::Create, locate::Locate, sign::Sign},
    ttlv::{Structure, Writer},
};
use kmip_protocol::types::{
    common::{self, UniqueIdentifier},
    request::{Attribute, RequestPayload, TemplateAttribute},
    response::ResponseMessage,
};

use super::{
    by_hand,
    messages::{ID, NAME, TIME, create, created, locate, located, request, response, sign, signed},
    written,
};

/// A server's part: it reads a request of KMIP 2.1 and writes its answer.
struct Answer<'a, O: Operation, P> {
    request: Writer,
    answer: &'a O::Response,
    read: fn(&[u8]) -> Result<P, by_hand::Wrong>,
    write: &'a dyn Fn(&mut Vec<u8>),
}

impl<O: Operation, P: PartialEq> Answer<'_, O, P> {
    /// Hands on what was read and what was written.
    fn by_the_codec<R>(&self, look: impl FnOnce(&O::Request, &Writer) -> R) -> Option<R> {
        let Ok(request) = Request::read(black_box(self.request.bytes()), 100) else {
            return None;
        };
        let Ok(payload) = O::Request::read_fields(request.items.first()?.payload) else {
            return None;
        };
        let written = response::<O>(black_box(self.answer), black_box(&request).version);
        Some(look(&payload, &written))
    }

    fn by_hand<R>(&self, look: impl FnOnce(&by_hand::Asked<P>, &[u8]) -> R) -> Option<R> {
        let Ok(asked) = by_hand::read(black_box(self.request.bytes()), self.read) else {
            return None;
        };
        let written = written::write(asked.operation, black_box(TIME), self.write);
        Some(look(&asked, &written))
    }

    fn run(&self, criterion: &mut Criterion, asks: &P) {
        let written = self.by_the_codec(|_, written| written.bytes().to_vec());
        let written_by_hand = self.by_hand(|asked, written| {
            assert_eq!(asked.operation, O::CODE.0);
            assert!(asked.header == HEADER && asked.batch_item_id.is_none());
            assert!(asked.payload == *asks);
            written.to_vec()
        });
        assert!(written.is_some() && written == written_by_hand);
        let mut group = criterion.benchmark_group(format!("answer {:?}", O::CODE));
        group.bench_function("the codec", |bencher| {
            bencher.iter(|| {
                self.by_the_codec(|payload, written| _ = (black_box(payload), black_box(written)))
            });
        });
        group.bench_function("by hand", |bencher| {
            bencher
                .iter(|| self.by_hand(|asked, written| _ = (black_box(asked), black_box(written))));
        });
        group.finish();
    }
}

const HEADER: by_hand::Header = by_hand::Header {
    version: (2, 1),
    response_bytes_max: None,
    client_correlation: None,
    continuation: None,
    in_order: None,
    time: None,
};

fn write_id(out: &mut Vec<u8>) {
    written::string(out, 0x42_0094, 7, black_box(ID).as_bytes());
}

const fn number(tag: u32, value: u32) -> by_hand::Attribute {
    by_hand::Attribute(tag, by_hand::Value::Number(value))
}

pub(crate) fn beside_a_cursor(criterion: &mut Criterion) {
    Answer::<Sign, _> {
        request: request::<Sign>(&sign(), V2_1),
        answer: &signed(),
        read: by_hand::sign,
        write: &|out| {
            write_id(out);
            written::string(out, 0x42_00C3, 8, black_box(&[9; 71]));
        },
    }
    .run(
        criterion,
        &by_hand::Sign {
            id: Some(ID.to_owned()),
            parameters: Some(by_hand::Parameters {
                hash: Some(HashingAlgorithm::SHA256.0),
                signature: Some(DigitalSignatureAlgorithm::ECDSAWithSHA256.0),
                ..by_hand::Parameters::default()
            }),
            data: Some(vec![7; 32].into()),
            digest: None,
        },
    );
    Answer::<Locate, _> {
        request: request::<Locate>(&locate(), V2_1),
        answer: &located(),
        read: by_hand::locate,
        write: &write_id,
    }
    .run(
        criterion,
        &by_hand::Locate {
            items_max: None,
            attributes: vec![
                number(0x42_0057, 2),
                by_hand::Attribute(0x42_0053, by_hand::Value::Text(NAME.to_owned())),
                number(0x42_002A, 256),
            ],
        },
    );
    Answer::<Create, _> {
        request: request::<Create>(&create(), V2_1),
        answer: &created(),
        read: by_hand::create,
        write: &|out| {
            written::enumeration(out, 0x42_0057, black_box(2));
            write_id(out);
        },
    }
    .run(
        criterion,
        &by_hand::Create {
            object_type: 2,
            attributes: vec![
                number(0x42_0028, 3),
                number(0x42_002A, 256),
                number(0x42_002C, 12),
            ],
        },
    );
}

/// A client's part, for `kmip-ttlv` reads no requests: it writes a request of the
/// lowest version that has the operation, as they do, and reads its answer.
fn call<O: Operation>(
    criterion: &mut Criterion,
    ours: &O::Request,
    answer: &O::Response,
    theirs: &RequestPayload,
) {
    let answer = response::<O>(answer, O::SINCE);
    let read_by_them = || kmip_ttlv::de::from_slice::<ResponseMessage>(black_box(answer.bytes()));
    let written = request::<O>(ours, O::SINCE);
    let written_by_them = kmip_protocol::request::to_vec(theirs.clone(), None);
    assert_eq!(
        hex::encode(written.bytes()),
        hex::encode(written_by_them.expect("a request that they write"))
    );
    assert!(read_by_them().is_ok());
    let mut group = criterion.benchmark_group(format!("call {:?}", O::CODE));
    group.bench_function("the codec", |bencher| {
        bencher.iter(|| {
            let written = request::<O>(black_box(ours), O::SINCE);
            let read = Response::borrowed(black_box(answer.bytes())).ok()?;
            let payload = incoming::<O>(read.items.first()?, O::SINCE).ok()?;
            // Shown where they stand: to hand them out would measure how they are copied.
            Some(_ = (black_box(&written), black_box(&payload), black_box(&read)))
        });
    });
    group.bench_function("kmip-ttlv", |bencher| {
        let both = |theirs| (kmip_protocol::request::to_vec(theirs, None), read_by_them());
        bencher.iter_batched(|| theirs.clone(), both, BatchSize::SmallInput);
    });
    group.finish();
}

pub(crate) fn beside_kmip_ttlv(criterion: &mut Criterion) {
    let parameters = common::CryptographicParameters::default()
        .with_hashing_algorithm(common::HashingAlgorithm::SHA256)
        .with_digital_signature_algorithm(common::DigitalSignatureAlgorithm::ECDSAWithSHA256);
    let theirs = RequestPayload::Sign(
        Some(UniqueIdentifier(ID.to_owned())),
        Some(parameters),
        common::Data(vec![7; 32]),
    );
    call::<Sign>(criterion, &sign(), &signed(), &theirs);
    let theirs = RequestPayload::Locate(vec![
        Attribute::ObjectType(common::ObjectType::SymmetricKey),
        Attribute::Name(NAME.to_owned()),
        Attribute::CryptographicLength(256),
    ]);
    call::<Locate>(criterion, &locate(), &located(), &theirs);
    let theirs = RequestPayload::Create(
        common::ObjectType::SymmetricKey,
        TemplateAttribute::unnamed(vec![
            Attribute::CryptographicAlgorithm(common::CryptographicAlgorithm::AES),
            Attribute::CryptographicLength(256),
            Attribute::CryptographicUsageMask(
                common::CryptographicUsageMask::Encrypt | common::CryptographicUsageMask::Decrypt,
            ),
        ]),
    );
    call::<Create>(criterion, &create(), &created(), &theirs);
}
