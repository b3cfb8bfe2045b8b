//! Limits of messages, and of what is under way: what is beyond one is refused by the reason that each version has for it.

use keyhold::{identity::TicketLimits, pending, service::Limits, streams};
use kmip::{
    AsynchronousIndicator, BatchErrorContinuationOption, BlockCipherMode, CryptographicAlgorithm,
    CryptographicUsageMask, ResultReason, ResultStatus, V1_0, V1_3, V2_0, Version,
    attribute::{Attribute, VendorAttribute},
    client::outgoing,
    message::{Asynchrony, RequestHeader},
    payload::{
        create::Create,
        encrypt::{Encrypt, EncryptRequest},
        login::{Login, LoginRequest},
        query::{Query, QueryRequest},
    },
    ttlv::{AnyValue, ItemType, Writer},
};

use crate::{
    fixture::{Fixture, create, read},
    symmetric::{encryption, mode},
};

/// The structures around the value of a vendor's attribute in a Create, in every version.
const AROUND_A_VALUE: u8 = 5;

/// A key with an attribute of so many structures one inside the other.
fn nested(levels: u8) -> kmip::payload::create::CreateRequest {
    let mut body = Vec::new();
    for _ in 1..levels {
        let mut around = Writer::new(V2_0);
        around.structure(kmip::Tag::AttributeValue, |inside| inside.encoded(&body));
        body = around.bytes().to_vec();
    }
    create(vec![
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(128),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
        Attribute::Vendor(VendorAttribute {
            vendor_identification: VendorAttribute::CLIENT.to_owned(),
            attribute_name: "deep".to_owned(),
            value: AnyValue {
                item_type: ItemType::Structure,
                body,
            },
        }),
    ])
}

/// What a message is told that is more than one may be.
fn of_a_message(version: Version) -> ResultReason {
    if version.is_2() {
        ResultReason::ServerLimitExceeded
    } else {
        ResultReason::InvalidMessage
    }
}

/// What a client is told that asks for more than there is room for now.
fn of_room(version: Version) -> ResultReason {
    if version.is_2() {
        ResultReason::ServerLimitExceeded
    } else {
        ResultReason::GeneralFailure
    }
}

/// A service with these limits, in each version from one on.
fn in_each_version(limits: Limits, since: Version, mut look: impl FnMut(&mut Fixture, Version)) {
    let versions = Version::SPOKEN.iter().filter(|own| **own >= since);
    for version in versions {
        let mut fixture = Fixture::with_limits(limits);
        fixture.version = *version;
        look(&mut fixture, *version);
    }
}

#[test]
fn a_message_is_nested_so_deeply_and_no_deeper() {
    for nesting_max in [12, 32, 64] {
        let limits = Limits {
            nesting_max,
            ..Limits::default()
        };
        in_each_version(limits, V1_0, |fixture, version| {
            let deepest = nested(nesting_max - AROUND_A_VALUE);
            fixture.call::<Create>(&deepest).unwrap();
            let deeper = nested(nesting_max - AROUND_A_VALUE + 1);
            let refused = fixture.call::<Create>(&deeper).err();
            assert_eq!(refused, Some(of_a_message(version)), "{version}");
            let events = fixture.trail.events.lock().unwrap();
            assert_eq!(events.last().unwrap().2, "TooDeep");
        });
    }
}

fn query(version: Version) -> kmip::message::OutgoingItem {
    let query_function = vec![];
    outgoing::<Query>(&QueryRequest { query_function }, version)
}

#[test]
fn a_batch_has_so_many_items_and_no_more() {
    let limits = Limits {
        batch_items_max: 3,
        ..Limits::default()
    };
    in_each_version(limits, V1_0, |fixture, version| {
        let items = |count| Vec::from_iter((0..count).map(|_| query(version)));
        assert_eq!(fixture.batch(None, &items(3)).len(), 3);
        let answers = fixture.batch(None, &items(4));
        assert_eq!(answers.len(), 1, "none of it is done");
        assert_eq!(answers[0].result_status, ResultStatus::OperationFailed);
        assert_eq!(
            answers[0].result_reason,
            Some(of_a_message(version)),
            "{version}"
        );
        let events = fixture.trail.events.lock().unwrap();
        assert_eq!(events.last().unwrap().2, "TooManyItems");
    });
}

#[test]
fn so_many_computations_are_under_way_in_parts() {
    let limits = Limits {
        streams: streams::Limits {
            per_client_max: 1,
            ..streams::Limits::default()
        },
        ..Limits::default()
    };
    in_each_version(limits, V1_3, |fixture, version| {
        let aes = fixture.aes_key([]);
        let first = EncryptRequest {
            init_indicator: Some(true),
            ..encryption(&aes, &mode(BlockCipherMode::CTR), b"one")
        };
        fixture.call::<Encrypt>(&first).unwrap();
        let refused = fixture.call::<Encrypt>(&first).err();
        assert_eq!(refused, Some(of_room(version)), "{version}");
    });
}

#[test]
fn so_many_requests_wait_for_their_answers() {
    let limits = Limits {
        pending: pending::Limits {
            per_client_max: 1,
            ..pending::Limits::default()
        },
        ..Limits::default()
    };
    in_each_version(limits, V1_0, |fixture, version| {
        let header = RequestHeader {
            asynchronous_indicator: Some(Asynchrony(AsynchronousIndicator::Mandatory)),
            batch_error_continuation_option: Some(BatchErrorContinuationOption::Stop),
            ..fixture.header()
        };
        // In 1.x only what waits for a disk or an HSM is answered later.
        let create = [outgoing::<Create>(&nested(1), version)];
        let waits = fixture.send(&header, &create).items;
        assert_eq!(waits[0].result_status, ResultStatus::OperationPending);
        let refused = fixture.send(&header, &create).items;
        let reason = read::<Create>(&refused[0], version).err();
        // 1.x has no way to say that an answer must come later, so there it comes at once.
        let expected = version.is_2().then_some(of_room(version));
        assert_eq!(reason, expected, "{version}");
    });
}

#[test]
fn so_many_tickets_are_out() {
    let limits = Limits {
        tickets: TicketLimits {
            per_vault_max: 1,
            ..TicketLimits::default()
        },
        ..Limits::default()
    };
    in_each_version(limits, V2_0, |fixture, version| {
        let request = LoginRequest::default();
        fixture.call::<Login>(&request).unwrap();
        let refused = fixture.call::<Login>(&request).err();
        assert_eq!(refused, Some(of_room(version)), "{version}");
    });
}
