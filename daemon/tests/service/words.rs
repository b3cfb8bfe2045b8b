//! What clients are told of a failure comes out of fixed tables: nothing of ours, of a library or of another client.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fs,
    path::Path,
    sync::atomic::Ordering,
};

use keyhold::{conformance::Seeding, ops::ROUTES, policy::Policy};
use kmip::{
    OperationCode, ResultStatus, Tag, Version,
    attribute::{Attribute, AttributeKind},
    message::OutgoingItem,
    payload::{query::Query, query::QueryRequest},
    ttlv::{ItemType, Writer},
};

use crate::fixture::Fixture;

/// How many payloads each operation is sent in each version.
const ROUNDS: usize = 40;

/// Texts that stand in the sources, and what may be told with them.
struct Words {
    literals: HashSet<String>,
    /// Texts around one value: what stands before and after it.
    around: Vec<(String, String)>,
    attributes: HashSet<String>,
}

impl Words {
    fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut literals = HashSet::new();
        for folder in ["src", "hsm/src", "../kmip/src"] {
            collect(&root.join(folder), &mut literals);
        }
        assert!(literals.len() > 500, "the sources have texts");
        let around = literals.iter().filter_map(|literal| {
            let (before, rest) = literal.split_once('{')?;
            let (_, after) = rest.split_once('}')?;
            let is_one = !before.contains('{') && !after.contains('{');
            let says = before.len() + after.len() > 5;
            (is_one && says).then(|| (before.to_owned(), after.to_owned()))
        });
        let names = AttributeKind::ALL.iter();
        Self {
            around: around.collect(),
            attributes: names.map(|kind| kind.rule().name.to_owned()).collect(),
            literals,
        }
    }

    /// Whether a message is one of a table, alone or behind the path of tags where it was found.
    fn have(&self, message: &str) -> bool {
        let is_path = |text: &str| {
            text.split('/').all(|tag| {
                let mut letters = tag.chars();
                letters.all(|own| own.is_ascii_alphanumeric() || "._#-()".contains(own))
            })
        };
        self.literals.contains(message)
            || message
                .split_once(' ')
                .is_some_and(|(path, what)| is_path(path) && self.literals.contains(what))
            || self.around.iter().any(|(before, after)| {
                let inner = message.strip_prefix(before.as_str());
                let inner = inner.and_then(|own| own.strip_suffix(after.as_str()));
                inner.is_some_and(|own| {
                    self.attributes.contains(own) || own.bytes().all(|own| own.is_ascii_hexdigit())
                })
            })
            // The client's own word, back to it alone.
            || message.starts_with("unknown attribute \"")
    }
}

/// The texts of every source file below a folder.
fn collect(folder: &Path, literals: &mut HashSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, literals);
            continue;
        }
        // Keys of known answers stand beside the sources, too.
        if path.extension().is_none_or(|own| own != "rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let mut letters = text.chars().peekable();
        let mut inside: Option<String> = None;
        while let Some(letter) = letters.next() {
            match (letter, &mut inside) {
                ('"', None) => inside = Some(String::new()),
                ('"', Some(_)) => literals.extend(inside.take()),
                ('\\', Some(own)) => match letters.next() {
                    // A text goes on with the next line, without what it is indented by.
                    Some('\n') => while letters.next_if(|own| own.is_whitespace()).is_some() {},
                    Some(escaped) => own.push(escaped),
                    None => {}
                },
                (other, Some(own)) => own.push(other),
                ('\'', None) if letters.peek() == Some(&'"') => _ = letters.next(),
                ('/', None) if letters.peek() == Some(&'/') => {
                    while letters.next_if(|own| *own != '\n').is_some() {}
                }
                (_, None) => {}
            }
        }
    }
}

/// Numbers that are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }
}

/// Fields of many payloads, with the types that they have.
const FIELDS: &[(Tag, ItemType)] = &[
    (Tag::UniqueIdentifier, ItemType::TextString),
    (Tag::PrivateKeyUniqueIdentifier, ItemType::TextString),
    (Tag::ObjectType, ItemType::Enumeration),
    (Tag::KeyFormatType, ItemType::Enumeration),
    (Tag::KeyWrapType, ItemType::Enumeration),
    (Tag::QueryFunction, ItemType::Enumeration),
    (Tag::AttributeReference, ItemType::Enumeration),
    (Tag::AttributeName, ItemType::TextString),
    (Tag::DerivationMethod, ItemType::Enumeration),
    (Tag::SplitKeyMethod, ItemType::Enumeration),
    (Tag::SplitKeyParts, ItemType::Integer),
    (Tag::SplitKeyThreshold, ItemType::Integer),
    (Tag::CertificateRequestType, ItemType::Enumeration),
    (Tag::CertificateRequest, ItemType::ByteString),
    (Tag::ValidityDate, ItemType::DateTime),
    (Tag::UsageLimitsCount, ItemType::LongInteger),
    (Tag::MaximumItems, ItemType::Integer),
    (Tag::OffsetItems, ItemType::Integer),
    (Tag::Data, ItemType::ByteString),
    (Tag::IVCounterNonce, ItemType::ByteString),
    (Tag::SignatureData, ItemType::ByteString),
    (Tag::MACData, ItemType::ByteString),
    (Tag::DigestedData, ItemType::ByteString),
    (Tag::AuthenticatedEncryptionTag, ItemType::ByteString),
    (Tag::CorrelationValue, ItemType::ByteString),
    (Tag::AsynchronousCorrelationValue, ItemType::ByteString),
    (Tag::InitIndicator, ItemType::Boolean),
    (Tag::FinalIndicator, ItemType::Boolean),
    (Tag::DataLength, ItemType::Integer),
    (Tag::Offset, ItemType::Interval),
    (Tag::LogMessage, ItemType::TextString),
    (Tag::PKCS11Function, ItemType::Enumeration),
    (Tag::PKCS11InputParameters, ItemType::ByteString),
    (Tag::InteropFunction, ItemType::Enumeration),
    (Tag::EndpointRole, ItemType::Enumeration),
];

/// Structures of many payloads; what is in them is made of the fields and of these.
const STRUCTURES: &[(Tag, &[(Tag, ItemType)])] = &[
    (
        Tag::CryptographicParameters,
        &[
            (Tag::BlockCipherMode, ItemType::Enumeration),
            (Tag::PaddingMethod, ItemType::Enumeration),
            (Tag::HashingAlgorithm, ItemType::Enumeration),
            (Tag::CryptographicAlgorithm, ItemType::Enumeration),
            (Tag::DigitalSignatureAlgorithm, ItemType::Enumeration),
            (Tag::TagLength, ItemType::Integer),
            (Tag::IVLength, ItemType::Integer),
            (Tag::RandomIV, ItemType::Boolean),
        ],
    ),
    (
        Tag::Attributes,
        &[
            (Tag::CryptographicAlgorithm, ItemType::Enumeration),
            (Tag::CryptographicLength, ItemType::Integer),
            (Tag::CryptographicUsageMask, ItemType::Integer),
            (Tag::State, ItemType::Enumeration),
            (Tag::ActivationDate, ItemType::DateTime),
            (Tag::Sensitive, ItemType::Boolean),
            (Tag::Description, ItemType::TextString),
        ],
    ),
    (
        Tag::Attribute,
        &[
            (Tag::AttributeName, ItemType::TextString),
            (Tag::AttributeIndex, ItemType::Integer),
            (Tag::AttributeValue, ItemType::TextString),
        ],
    ),
    (Tag::NewAttribute, &[(Tag::State, ItemType::Enumeration)]),
    (
        Tag::RevocationReason,
        &[
            (Tag::RevocationReasonCode, ItemType::Enumeration),
            (Tag::RevocationMessage, ItemType::TextString),
        ],
    ),
    (
        Tag::KeyWrappingSpecification,
        &[
            (Tag::WrappingMethod, ItemType::Enumeration),
            (Tag::EncodingOption, ItemType::Enumeration),
        ],
    ),
    (
        Tag::DerivationParameters,
        &[
            (Tag::DerivationData, ItemType::ByteString),
            (Tag::Salt, ItemType::ByteString),
            (Tag::IterationCount, ItemType::Integer),
        ],
    ),
    (
        Tag::SymmetricKey,
        &[
            (Tag::KeyFormatType, ItemType::Enumeration),
            (Tag::CryptographicLength, ItemType::Integer),
        ],
    ),
];

/// Writes a field, mostly of its own type and with a value that could be one.
fn field(writer: &mut Writer, dice: &mut Dice, (tag, own): (Tag, ItemType), ids: &[String]) {
    let kinds = [
        ItemType::Integer,
        ItemType::TextString,
        ItemType::ByteString,
        ItemType::Enumeration,
    ];
    let kind = if dice.roll(12) == 0 {
        kinds[dice.roll(4)]
    } else {
        own
    };
    let small = u32::try_from(dice.roll(40)).unwrap();
    let numbers = [0, 1, 2, 128, 256, -1, i32::MAX];
    match kind {
        ItemType::TextString if tag.name() == Tag::UniqueIdentifier.name() => {
            writer.text(tag, &ids[dice.roll(ids.len())]);
        }
        ItemType::TextString => writer.text(tag, ["", "State", "x-own", "Key"][dice.roll(4)]),
        ItemType::ByteString => writer.byte_string(tag, &vec![7; [0, 1, 12, 16, 33][dice.roll(5)]]),
        ItemType::Enumeration => writer.enumeration(tag, small),
        ItemType::Integer => writer.integer(tag, numbers[dice.roll(7)]),
        ItemType::LongInteger => writer.long_integer(tag, i64::from(numbers[dice.roll(7)])),
        ItemType::Boolean => writer.boolean(tag, dice.roll(2) == 0),
        ItemType::DateTime => writer.date_time(tag, i64::from(numbers[dice.roll(7)])),
        _ => writer.interval(tag, small),
    }
}

/// A payload that an operation could be sent by somebody who does not know it.
fn payload(
    operation: OperationCode,
    version: Version,
    dice: &mut Dice,
    ids: &[String],
) -> OutgoingItem {
    let mut writer = Writer::new(version);
    if dice.roll(3) > 0 {
        writer.text(Tag::UniqueIdentifier, &ids[dice.roll(ids.len())]);
    }
    for _ in 0..dice.roll(6) {
        if dice.roll(2) == 0 {
            let own = FIELDS[dice.roll(FIELDS.len())];
            field(&mut writer, dice, own, ids);
        } else {
            let (tag, inner) = STRUCTURES[dice.roll(STRUCTURES.len())];
            writer.structure(tag, |writer| {
                for _ in 0..dice.roll(5) {
                    let own = inner[dice.roll(inner.len())];
                    field(writer, dice, own, ids);
                }
            });
        }
    }
    OutgoingItem {
        operation,
        payload: writer.into_bytes(),
    }
}

#[test]
fn whatever_fails_is_told_in_words_of_a_table() {
    let words = Words::read();
    for foreign in [
        "no such table: object in SELECT * FROM object",
        "error:1C80006B:Provider routines::wrong final block length",
        "called `Option::unwrap()` on a `None` value",
        "/var/lib/keyhold/keyhold.db: is full",
    ] {
        assert!(!words.have(foreign), "{foreign}");
    }
    let mut fixture = Fixture::under_test(Policy::default(), Seeding::Whole);
    let mut ids = vec![String::new(), "nothing".to_owned(), "\u{202e}x".repeat(500)];
    ids.push(fixture.aes_key([]));
    ids.push(fixture.aes_key([Attribute::Sensitive(true)]));
    ids.push(
        fixture
            .create(vec![
                Attribute::CryptographicAlgorithm(kmip::CryptographicAlgorithm::AES),
                Attribute::CryptographicLength(128),
                Attribute::CryptographicUsageMask(kmip::CryptographicUsageMask::Encrypt),
            ])
            .unwrap(),
    );
    let mut dice = Dice(0x5eed);
    let mut told: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut foreign = BTreeSet::new();
    for version in Version::SPOKEN {
        fixture.version = *version;
        // Interop empties the vault, and roles that are turned answer nothing more.
        let routes = ROUTES.iter().filter(|route| route.since <= *version);
        for route in routes.filter(|route| route.name() != "Interop") {
            for _ in 0..ROUNDS {
                let item = payload(route.code, *version, &mut dice, &ids);
                let answers = fixture.batch(None, &[item]);
                for answer in answers {
                    if answer.result_status == ResultStatus::Success {
                        continue;
                    }
                    assert!(answer.result_reason.is_some(), "{}", route.name());
                    let message = answer.result_message.unwrap();
                    assert!(message.len() < 2_500, "{message}");
                    if !words.have(&message) {
                        foreign.insert(message.clone());
                    }
                    told.entry(message).or_default().insert(route.name());
                }
            }
        }
    }
    assert!(foreign.is_empty(), "{foreign:#?}");
    assert!(told.len() > 60, "{} messages: {told:#?}", told.len());
    assert!(
        !told.keys().any(|own| own.starts_with("internal error")),
        "a client can make something of ours fail: {told:#?}"
    );
}

/// Messages whose every byte may be broken are told of by the same tables.
#[test]
fn what_cannot_be_read_is_told_in_words_of_a_table() {
    let words = Words::read();
    let mut fixture = Fixture::new();
    let query = QueryRequest {
        query_function: vec![kmip::QueryFunction::QueryOperations],
    };
    let item = kmip::client::outgoing::<Query>(&query, fixture.version);
    let message = kmip::message::write_request(&fixture.header(), &[item], fixture.version);
    let mut seen = BTreeSet::new();
    for at in 0..message.bytes().len() {
        for value in [0, 1, 0x42, 0x7F, 0xFF] {
            let mut broken = message.bytes().to_vec();
            broken[at] = value;
            let answer = fixture.service.respond(&mut fixture.caller, &broken);
            let answer = kmip::message::Response::read(&answer).unwrap();
            for item in answer.items {
                seen.extend(item.result_message);
            }
        }
    }
    assert!(seen.len() > 10, "{seen:#?}");
    let foreign: Vec<_> = seen.iter().filter(|own| !words.have(own)).collect();
    assert!(foreign.is_empty(), "{foreign:#?}");
}

/// What fails of ours has a number, and the log its cause.
#[test]
fn what_is_ours_has_no_words_at_all() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    fixture.trail.is_full.store(true, Ordering::Relaxed);
    let item = kmip::client::outgoing::<kmip::payload::get::Get>(
        &kmip::payload::get::GetRequest {
            unique_identifier: Some(id.as_str().into()),
            ..Default::default()
        },
        fixture.version,
    );
    let answers = fixture.batch(None, &[item]);
    let message = answers[0].result_message.as_deref();
    assert_eq!(message, Some("the audit trail is unavailable"));
    assert!(answers[0].payload.is_none());
}
