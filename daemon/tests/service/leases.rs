//! Check, Obtain Lease, Get Usage Allocation, Log and Ping.

use keyhold::policy::Policy;
use kmip::{
    BatchErrorContinuationOption, CryptographicUsageMask as Mask, ResultReason, ResultStatus,
    RevocationReasonCode, UsageLimitsUnit, V1_0, V1_4, V2_0, V2_1, Version,
    attribute::{Attribute, RevocationReason, UsageLimits},
    client::{incoming, outgoing},
    message::ResponseItem,
    payload::{
        check::{Check, CheckRequest, CheckResponse},
        destroy::{Destroy, DestroyRequest},
        get::{Get, GetRequest},
        get_attributes::{GetAttributes, GetAttributesRequest},
        lease::{GetUsageAllocation, GetUsageAllocationRequest, ObtainLease, ObtainLeaseRequest},
        log::{Log, LogRequest, Ping, PingRequest},
        revoke::{Revoke, RevokeRequest},
    },
    ttlv::{Interval, Timestamp},
};

use crate::fixture::{Fixture, NOON, text};

fn limits(total: i64) -> Attribute {
    Attribute::UsageLimits(UsageLimits {
        usage_limits_total: total,
        usage_limits_count: None,
        usage_limits_unit: UsageLimitsUnit::Object,
    })
}

/// A Check of one field each.
fn check(id: &str, count: Option<i64>, mask: Option<Mask>, lease: Option<u32>) -> CheckRequest {
    CheckRequest {
        unique_identifier: Some(id.into()),
        usage_limits_count: count,
        cryptographic_usage_mask: mask,
        lease_time: lease.map(Interval),
    }
}

fn spoken() -> impl Iterator<Item = Version> {
    Version::SPOKEN.iter().copied()
}

#[test]
fn a_check_that_is_allowed_names_the_object_alone() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([limits(10)]);
    for version in spoken() {
        fixture.version = version;
        for request in [
            check(&id, None, None, None),
            check(&id, Some(10), Some(Mask::Encrypt), Some(3_600)),
        ] {
            let answer = fixture.call::<Check>(&request).unwrap();
            assert_eq!(
                answer,
                CheckResponse {
                    unique_identifier: Some(id.as_str().into()),
                    ..CheckResponse::default()
                }
            );
        }
    }
}

/// Checks that are denied, each with its reason in 2.x and whether 2.x tells in the payload what was refused.
fn denied(id: &str) -> [(CheckRequest, ResultReason, bool); 5] {
    let mask = Some(Mask::Encrypt | Mask::Sign);
    let wrong_mask = ResultReason::IncompatibleCryptographicUsageMask;
    let too_long = ResultReason::PermissionDenied;
    [
        (check(id, None, mask, None), wrong_mask, false),
        (
            check(id, Some(11), None, None),
            ResultReason::UsageLimitExceeded,
            false,
        ),
        (check(id, None, None, Some(3_601)), too_long, true),
        (check(id, None, None, Some(0)), too_long, true),
        (check(id, Some(11), mask, None), wrong_mask, true),
    ]
}

/// What is refused comes back, unless the reason of 2.x says it already (BL-M-3).
#[test]
fn a_check_that_is_denied_says_what_was_refused() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([limits(10)]);
    for version in [V1_0, V1_4, V2_0, V2_1] {
        fixture.version = version;
        for (request, reason, told_in_v2) in denied(&id) {
            let mut items = fixture.batch(None, &[outgoing::<Check>(&request, version)]);
            let item = items.remove(0);
            assert_eq!(item.result_status, ResultStatus::OperationFailed);
            let in_v1 = ResultReason::PermissionDenied;
            let reason = if version.is_2() { reason } else { in_v1 };
            assert_eq!(item.result_reason, Some(reason), "{version} {request:?}");
            assert_eq!(item.payload.is_some(), told_in_v2 || !version.is_2());
            if item.payload.is_none() {
                continue;
            }
            let as_success = ResponseItem {
                result_status: ResultStatus::Success,
                ..item
            };
            let refused = incoming::<Check>(&as_success, version)
                .map_err(|error| error.to_string())
                .unwrap();
            let wanted = CheckResponse {
                unique_identifier: None,
                usage_limits_count: request.usage_limits_count,
                cryptographic_usage_mask: request.cryptographic_usage_mask,
                lease_time: request.lease_time,
            };
            assert_eq!(refused, wanted);
        }
    }
}

#[test]
fn a_denied_check_empties_the_placeholder() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    for (mask, wanted) in [
        (Mask::Encrypt, ResultStatus::Success),
        (Mask::Sign, ResultStatus::OperationFailed),
    ] {
        let items = fixture.batch(
            Some(BatchErrorContinuationOption::Continue),
            &[
                outgoing::<kmip::payload::locate::Locate>(
                    &kmip::payload::locate::LocateRequest {
                        attributes: [Attribute::UniqueIdentifier(id.as_str().into())]
                            .into_iter()
                            .collect(),
                        ..Default::default()
                    },
                    V2_1,
                ),
                outgoing::<Check>(
                    &CheckRequest {
                        cryptographic_usage_mask: Some(mask),
                        ..CheckRequest::default()
                    },
                    V2_1,
                ),
                outgoing::<Get>(&GetRequest::default(), V2_1),
            ],
        );
        let status: Vec<_> = items.iter().map(|item| item.result_status).collect();
        assert_eq!(status, [ResultStatus::Success, wanted, wanted]);
    }
}

/// A role that neither gets keys nor encrypts is told so before it tries.
#[test]
fn a_check_asks_the_policy_too() {
    let policy = "version = 1\n[role.special]\nallow = [\"Check\", \"Decrypt\"]\n";
    let mut fixture = Fixture::with_policy(Policy::parse(policy).unwrap());
    let id = fixture.aes_key([]);
    fixture.as_client(6);
    let mut may = |mask| {
        fixture
            .call::<Check>(&check(&id, None, Some(mask), None))
            .is_ok()
    };
    assert!(may(Mask::Decrypt));
    assert!(!may(Mask::Encrypt));
    assert!(!may(Mask::Encrypt | Mask::Decrypt));
}

#[test]
fn a_lease_tells_its_time_and_the_last_change() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    let request = ObtainLeaseRequest {
        unique_identifier: Some(id.as_str().into()),
    };
    for version in spoken() {
        fixture.version = version;
        let lease = fixture.call::<ObtainLease>(&request).unwrap();
        assert_eq!(text(&lease.unique_identifier), id);
        assert_eq!(
            (lease.lease_time, lease.last_change_date),
            (Interval(3_600), NOON)
        );
    }
    fixture.version = V2_1;
    let revoke = RevokeRequest {
        unique_identifier: Some(id.as_str().into()),
        revocation_reason: Some(RevocationReason {
            revocation_reason_code: RevocationReasonCode::KeyCompromise,
            revocation_message: None,
        }),
        compromise_occurrence_date: None,
    };
    fixture.call::<Revoke>(&revoke).unwrap();
    assert_eq!(
        fixture.call::<ObtainLease>(&request).err(),
        Some(ResultReason::PermissionDenied)
    );
    fixture
        .call::<Destroy>(&DestroyRequest {
            unique_identifier: Some(id.as_str().into()),
        })
        .unwrap();
    assert_eq!(
        fixture.call::<ObtainLease>(&request).err(),
        Some(ResultReason::ObjectDestroyed)
    );
    assert_eq!(
        fixture.call::<Check>(&check(&id, None, None, None)).err(),
        Some(ResultReason::ObjectDestroyed)
    );
}

/// The count of an object's usage limits and its last change.
fn left(fixture: &mut Fixture, id: &str) -> (Option<i64>, Option<Timestamp>) {
    let answer = fixture.call::<GetAttributes>(&GetAttributesRequest {
        unique_identifier: Some(id.into()),
        attribute_reference: vec![],
    });
    let (mut count, mut date) = (None, None);
    for attribute in answer.unwrap().attributes.iter() {
        match attribute {
            Attribute::UsageLimits(limits) => count = limits.usage_limits_count,
            Attribute::LastChangeDate(own) => date = Some(*own),
            _ => {}
        }
    }
    (count, date)
}

#[test]
fn an_allocation_counts_and_ends_at_nothing() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([limits(10)]);
    let later = Timestamp(NOON.0 + 5);
    fixture.clock.advance_to(later);
    let allocate = |fixture: &mut Fixture, count| {
        fixture
            .call::<GetUsageAllocation>(&GetUsageAllocationRequest {
                unique_identifier: Some(id.as_str().into()),
                usage_limits_count: count,
            })
            .map(|answer| text(&answer.unique_identifier))
    };
    assert_eq!(allocate(&mut fixture, 7), Ok(id.clone()));
    assert_eq!(left(&mut fixture, &id), (Some(3), Some(later)));
    for (version, reason) in [
        (V1_0, ResultReason::PermissionDenied),
        (V2_1, ResultReason::UsageLimitExceeded),
    ] {
        fixture.version = version;
        assert_eq!(allocate(&mut fixture, 4), Err(reason));
        assert_eq!(allocate(&mut fixture, i64::MAX), Err(reason));
        assert_eq!(allocate(&mut fixture, 0), Err(ResultReason::InvalidField));
        assert_eq!(allocate(&mut fixture, -1), Err(ResultReason::InvalidField));
    }
    assert_eq!(allocate(&mut fixture, 3), Ok(id.clone()));
    assert_eq!(left(&mut fixture, &id).0, Some(0));
}

#[test]
fn without_limits_there_is_nothing_to_allocate() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    for (version, reason) in [
        (V1_0, ResultReason::IllegalOperation),
        (V2_1, ResultReason::AttributeNotFound),
    ] {
        fixture.version = version;
        let request = GetUsageAllocationRequest {
            unique_identifier: Some(id.as_str().into()),
            usage_limits_count: 1,
        };
        assert_eq!(
            fixture.call::<GetUsageAllocation>(&request).err(),
            Some(reason)
        );
    }
}

#[test]
fn a_message_to_log_stands_in_the_trail() {
    let mut fixture = Fixture::new();
    // An auditor may: it changes nothing.
    fixture.as_client(5);
    let log = |message: &str| LogRequest {
        log_message: message.into(),
    };
    fixture
        .call::<Log>(&log("Registered a symmetric key."))
        .unwrap();
    assert_eq!(
        fixture.call::<Log>(&log(&"x".repeat(4_097))).err(),
        Some(ResultReason::InvalidField)
    );
    let notes = fixture.trail.notes.lock().unwrap();
    assert_eq!(notes.as_slice(), ["Registered a symmetric key."]);
    drop(notes);
    fixture.version = V1_4;
    let items = fixture.batch(None, &[outgoing::<Log>(&log("x"), V1_4)]);
    assert_eq!(
        items[0].result_reason,
        Some(ResultReason::OperationNotSupported)
    );
}

#[test]
fn a_ping_is_answered() {
    let mut fixture = Fixture::new();
    fixture.call::<Ping>(&PingRequest {}).unwrap();
}
