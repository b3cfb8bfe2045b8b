//! Whose a stream is, what it costs, and what ends it.

use std::time::Duration;

use keyhold::{conformance::Seeding, policy::Policy, service::Limits, streams};
use kmip::{
    BatchErrorContinuationOption, BlockCipherMode, ResultReason, ResultStatus,
    RevocationReasonCode, UsageLimitsUnit, V1_4, V2_1,
    attribute::{Attribute, RevocationReason, UsageLimits},
    client::outgoing,
    payload::{
        encrypt::{Decrypt, DecryptRequest, Encrypt, EncryptRequest, EncryptResponse},
        revoke::{Revoke, RevokeRequest},
    },
    ttlv::{Bytes, Timestamp},
};

use super::{AES, Of, part, stream};
use crate::{
    fixture::{Fixture, NOON},
    symmetric::{decryption, encryption, key, mode},
};

fn begin(fixture: &mut Fixture, request: &EncryptRequest, data: &[u8]) -> EncryptResponse {
    fixture
        .call::<Encrypt>(&part(request, data, &Of::First))
        .unwrap()
}

#[test]
fn a_stream_is_its_clients_its_operations_and_its_keys() {
    let mut fixture = Fixture::new();
    let aes = key(&mut fixture, AES, None, &[1; 16]).unwrap();
    let other = key(&mut fixture, AES, None, &[2; 16]).unwrap();
    let request = encryption(&aes, &mode(BlockCipherMode::CTR), &[]);
    let own = stream(&begin(&mut fixture, &request, b"one"));
    let next = part(&request, b"two", &Of::Next(own.clone()));
    let unknown = Some(ResultReason::InvalidCorrelationValue);
    for client in [2, 9] {
        assert_eq!(
            fixture.as_client(client).call::<Encrypt>(&next).err(),
            unknown
        );
    }
    fixture.as_client(1);
    let decryption = DecryptRequest {
        correlation_value: Some(own),
        ..decryption(&request, &begin(&mut fixture, &request, b"x"))
    };
    assert_eq!(fixture.call::<Decrypt>(&decryption).err(), unknown);
    for made_up in [vec![], vec![0; 16], vec![0; 17]] {
        let asked = part(&request, b"two", &Of::Next(Bytes(made_up)));
        assert_eq!(fixture.call::<Encrypt>(&asked).err(), unknown);
    }
    // None of them hurt the stream; another key ends it.
    fixture.call::<Encrypt>(&next).unwrap();
    let elsewhere = EncryptRequest {
        unique_identifier: Some(other.as_str().into()),
        ..next.clone()
    };
    let refused = fixture.call::<Encrypt>(&elsewhere).err();
    assert_eq!(refused, Some(ResultReason::InvalidField));
    assert_eq!(
        fixture.call::<Encrypt>(&next).err(),
        unknown,
        "an error ends a stream"
    );
    fixture.version = V1_4;
    assert_eq!(
        fixture.call::<Encrypt>(&next).err(),
        Some(ResultReason::InvalidField)
    );
}

#[test]
fn each_part_is_held_to_the_state_of_the_key() {
    let mut fixture = Fixture::new();
    let aes = key(&mut fixture, AES, None, &[1; 16]).unwrap();
    let request = encryption(&aes, &mode(BlockCipherMode::CTR), &[]);
    let own = stream(&begin(&mut fixture, &request, b"one"));
    fixture
        .call::<Revoke>(&RevokeRequest {
            unique_identifier: Some(aes.as_str().into()),
            revocation_reason: Some(RevocationReason {
                revocation_reason_code: RevocationReasonCode::Unspecified,
                revocation_message: None,
            }),
            compromise_occurrence_date: None,
        })
        .unwrap();
    let next = part(&request, b"two", &Of::Next(own));
    let refused = fixture.call::<Encrypt>(&next).err();
    assert_eq!(refused, Some(ResultReason::WrongKeyLifecycleState));
    let ended = fixture.call::<Encrypt>(&next).err();
    assert_eq!(ended, Some(ResultReason::InvalidCorrelationValue));
}

#[test]
fn limits_bound_number_size_and_age() {
    let mut fixture = Fixture::with_limits(Limits {
        streams: streams::Limits {
            all_max: 3,
            per_client_max: 2,
            held_bytes_max: 1_000,
            client_held_bytes_max: 1_500,
            all_held_bytes_max: 1_500,
            age_max: Duration::from_secs(60),
        },
        ..Limits::default()
    });
    let aes = key(&mut fixture, AES, None, &[1; 16]).unwrap();
    let ctr = encryption(&aes, &mode(BlockCipherMode::CTR), &[]);
    let busy = Some(ResultReason::ServerLimitExceeded);
    let own = stream(&begin(&mut fixture, &ctr, b"one"));
    begin(&mut fixture, &ctr, b"one");
    assert_eq!(
        fixture.call::<Encrypt>(&part(&ctr, b"", &Of::First)).err(),
        busy
    );
    // Another client has room for one, then all are taken.
    let theirs = key(fixture.as_client(2), AES, None, &[1; 16]).unwrap();
    let theirs = encryption(&theirs, &mode(BlockCipherMode::CTR), &[]);
    begin(&mut fixture, &theirs, b"one");
    assert_eq!(
        fixture
            .call::<Encrypt>(&part(&theirs, b"", &Of::First))
            .err(),
        busy
    );
    fixture.as_client(1);
    let last = part(&ctr, b"", &Of::Last(own));
    fixture.call::<Encrypt>(&last).unwrap();
    // What is held until it is whole has its size.
    let ccm = encryption(&aes, &mode(BlockCipherMode::CCM), &[]);
    let own = stream(&begin(&mut fixture, &ccm, &[0; 900]));
    let next = part(&ccm, &[0; 101], &Of::Next(own));
    assert_eq!(fixture.call::<Encrypt>(&next).err(), busy);
    let own = stream(&begin(&mut fixture, &ccm, &[0; 1_000]));
    fixture.clock.advance_to(Timestamp(NOON.0 + 61));
    let late = part(&ccm, b"", &Of::Last(own));
    let expired = fixture.call::<Encrypt>(&late).err();
    assert_eq!(expired, Some(ResultReason::InvalidCorrelationValue));
    // What expired gave its room back.
    for _ in 0..2 {
        begin(&mut fixture, &ctr, b"");
    }
}

#[test]
fn usage_limits_count_a_stream_once_or_its_bytes() {
    for (unit, total, expected) in [
        (UsageLimitsUnit::Object, 1, [true, true, true, false]),
        (UsageLimitsUnit::Byte, 6, [true, true, false, false]),
    ] {
        let mut fixture = Fixture::new();
        let id = fixture.aes_key([Attribute::UsageLimits(UsageLimits {
            usage_limits_total: total,
            usage_limits_count: None,
            usage_limits_unit: unit,
        })]);
        let ctr = encryption(&id, &mode(BlockCipherMode::CTR), &[]);
        let first = fixture.call::<Encrypt>(&part(&ctr, b"abc", &Of::First));
        let own = first.as_ref().map(stream).unwrap();
        let steps = [Of::Next(own.clone()), Of::Last(own)];
        let mut seen = vec![first.is_ok()];
        for of in steps {
            seen.push(fixture.call::<Encrypt>(&part(&ctr, b"abc", &of)).is_ok());
        }
        seen.push(
            fixture
                .call::<Encrypt>(&part(&ctr, b"", &Of::First))
                .is_ok(),
        );
        assert_eq!(seen, expected, "{unit:?}");
    }
}

#[test]
fn a_batch_that_is_undone_ends_its_streams() {
    let mut fixture = Fixture::new();
    let aes = key(&mut fixture, AES, None, &[1; 16]).unwrap();
    let ctr = encryption(&aes, &mode(BlockCipherMode::CTR), &[]);
    let own = stream(&begin(&mut fixture, &ctr, b"one"));
    let next = part(&ctr, b"two", &Of::Next(own));
    let wrong = part(&ctr, b"", &Of::Next(Bytes(vec![1])));
    let items = [&next, &wrong].map(|request| outgoing::<Encrypt>(request, V2_1));
    let answers = fixture.batch(Some(BatchErrorContinuationOption::Undo), &items);
    assert_eq!(answers[0].result_status, ResultStatus::OperationUndone);
    let ended = fixture.call::<Encrypt>(&next).err();
    assert_eq!(ended, Some(ResultReason::InvalidCorrelationValue));
    // Without that option the first item keeps what it did.
    let own = stream(&begin(&mut fixture, &ctr, b"one"));
    let next = part(&ctr, b"two", &Of::Next(own));
    let items = [&next, &wrong].map(|request| outgoing::<Encrypt>(request, V2_1));
    fixture.batch(None, &items);
    fixture.call::<Encrypt>(&next).unwrap();
}

#[test]
fn correlation_values_are_new_but_under_test() {
    for (mut fixture, is_steady) in [
        (Fixture::new(), false),
        (Fixture::under_test(Policy::default(), Seeding::Whole), true),
    ] {
        let aes = key(&mut fixture, AES, None, &[1; 16]).unwrap();
        let ctr = encryption(&aes, &mode(BlockCipherMode::CTR), &[]);
        let first = stream(&begin(&mut fixture, &ctr, b"one"));
        let beside = stream(&begin(&mut fixture, &ctr, b"one"));
        assert_ne!(first, beside, "two streams at a time have two names");
        for own in [&beside, &first] {
            let last = part(&ctr, b"", &Of::Last(own.clone()));
            fixture.call::<Encrypt>(&last).unwrap();
        }
        let again = stream(&begin(&mut fixture, &ctr, b"one"));
        assert_eq!(again == first, is_steady);
        let theirs = key(fixture.as_client(2), AES, None, &[1; 16]).unwrap();
        let theirs = encryption(&theirs, &mode(BlockCipherMode::CTR), &[]);
        assert_ne!(stream(&begin(&mut fixture, &theirs, b"one")), first);
    }
}

#[test]
fn one_client_does_not_take_the_memory_of_all() {
    let mut fixture = Fixture::with_limits(Limits {
        streams: streams::Limits {
            held_bytes_max: 1_000,
            client_held_bytes_max: 1_500,
            all_held_bytes_max: 2_500,
            ..streams::Limits::default()
        },
        ..Limits::default()
    });
    let busy = Some(ResultReason::ServerLimitExceeded);
    let mut begin_ccm = |client| {
        let aes = key(fixture.as_client(client), AES, None, &[1; 16]).unwrap();
        let ccm = encryption(&aes, &mode(BlockCipherMode::CCM), &[]);
        let first = part(&ccm, &[0; 900], &Of::First);
        fixture.call::<Encrypt>(&first).err()
    };
    assert_eq!(begin_ccm(1), None);
    assert_eq!(begin_ccm(1), busy, "its share");
    assert_eq!(begin_ccm(2), None, "which is not another's");
    assert_eq!(begin_ccm(2), busy);
    assert_eq!(begin_ccm(1), busy, "what was refused holds nothing");
}
