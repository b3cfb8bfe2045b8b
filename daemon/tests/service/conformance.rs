//! What a server under test serves, and no other.

use keyhold::{conformance::Seeding, policy::Policy};
use kmip::{
    AsynchronousIndicator, CancellationResult, InteropFunction, OperationCode, QueryFunction,
    ResultReason, ResultStatus, V1_4, V2_0,
    attribute::{Attribute, Name},
    client::outgoing,
    message::{Asynchrony, RequestHeader},
    payload::{
        get::{Get, GetRequest},
        interop::{Interop, InteropRequest},
        locate::{Locate, LocateRequest},
        poll::{Cancel, CancelRequest, Poll, PollRequest},
        query::{Query, QueryRequest},
        rng::{RNGSeed, RNGSeedRequest},
    },
    ttlv::Bytes,
};

use crate::fixture::{Fixture, read};

fn tested(seeding: Seeding) -> Fixture {
    Fixture::under_test(Policy::default(), seeding)
}

fn interop(fixture: &mut Fixture, function: InteropFunction) -> Result<(), ResultReason> {
    let request = InteropRequest {
        interop_function: function,
        interop_identifier: "a case".to_owned(),
    };
    fixture.call::<Interop>(&request).map(drop)
}

fn operations(fixture: &mut Fixture) -> Vec<OperationCode> {
    let request = QueryRequest {
        query_function: vec![QueryFunction::QueryOperations],
    };
    fixture.call::<Query>(&request).unwrap().operation
}

fn located(fixture: &mut Fixture) -> usize {
    let found = fixture.call::<Locate>(&LocateRequest::default());
    found.unwrap().unique_identifier.len()
}

#[test]
fn interop_is_served_by_a_server_under_test_only() {
    for function in [
        InteropFunction::Begin,
        InteropFunction::End,
        InteropFunction::Reset,
    ] {
        assert_eq!(interop(&mut tested(Seeding::None), function), Ok(()));
        assert_eq!(
            interop(&mut Fixture::new(), function),
            Err(ResultReason::OperationNotSupported)
        );
    }
    assert_eq!(
        interop(&mut tested(Seeding::None), InteropFunction(77)),
        Err(ResultReason::InvalidField)
    );
    let mut fixture = tested(Seeding::None);
    assert!(operations(&mut fixture).contains(&OperationCode::Interop));
    fixture.version = V1_4;
    assert!(!operations(&mut fixture).contains(&OperationCode::Interop));
    assert!(!operations(&mut Fixture::new()).contains(&OperationCode::Interop));
}

#[test]
fn reset_empties_the_vault_of_who_asks() {
    let mut fixture = tested(Seeding::None);
    let name = || [Attribute::Name(Name::text("taken"))];
    let id = fixture.aes_key(name());
    fixture.as_client(9);
    fixture.aes_key([]);
    fixture.as_client(1);
    assert_eq!(located(&mut fixture), 1);
    interop(&mut fixture, InteropFunction::Begin).unwrap();
    assert_eq!(located(&mut fixture), 1);
    interop(&mut fixture, InteropFunction::Reset).unwrap();
    assert_eq!(located(&mut fixture), 0);
    let get = GetRequest {
        unique_identifier: Some(id.as_str().into()),
        ..GetRequest::default()
    };
    assert!(fixture.call::<Get>(&get).is_err());
    fixture.aes_key(name());
    fixture.as_client(9);
    assert_eq!(located(&mut fixture), 1, "another vault keeps its objects");
}

#[test]
fn reset_needs_the_right_to_destroy() {
    let mut fixture = tested(Seeding::None);
    fixture.version = V2_0;
    for (key, may) in [(1, true), (2, true), (3, false), (4, false), (5, false)] {
        fixture.as_client(key);
        assert_eq!(
            interop(&mut fixture, InteropFunction::Reset),
            if may {
                Ok(())
            } else {
                Err(ResultReason::PermissionDenied)
            }
        );
    }
}

#[test]
fn seeds_are_taken_as_the_test_wants_and_otherwise_not() {
    let seed = |fixture: &mut Fixture, bytes: usize| {
        let request = RNGSeedRequest {
            data: Bytes(vec![7; bytes]),
        };
        fixture
            .call::<RNGSeed>(&request)
            .map(|answer| answer.data_length)
    };
    assert_eq!(seed(&mut Fixture::new(), 32), Ok(0));
    assert_eq!(seed(&mut tested(Seeding::None), 32), Ok(0));
    assert_eq!(seed(&mut tested(Seeding::Whole), 32), Ok(32));
    assert_eq!(seed(&mut tested(Seeding::Whole), 0), Ok(0));
    assert_eq!(seed(&mut tested(Seeding::Partial), 32), Ok(16));
    assert_eq!(seed(&mut tested(Seeding::Partial), 5), Ok(5));
    assert_eq!(
        seed(&mut tested(Seeding::Denied), 32),
        Err(ResultReason::PermissionDenied)
    );
}

/// Cases of 1.x can neither ask again for what is not done yet, nor be quick enough to cancel it.
#[test]
fn a_case_fetches_what_comes_later_at_once_or_cancels_it() {
    let mut fixture = tested(Seeding::None);
    fixture.version = V1_4;
    let indicator = Asynchrony(AsynchronousIndicator::Optional);
    let header = RequestHeader {
        asynchronous_indicator: Some(indicator),
        ..fixture.header()
    };
    let locate = outgoing::<Locate>(&LocateRequest::default(), V1_4);
    let mut marks = Vec::new();
    for _ in 0..2 {
        let answer = fixture
            .send(&header, std::slice::from_ref(&locate))
            .items
            .remove(0);
        assert_eq!(answer.result_status, ResultStatus::OperationPending);
        marks.push(answer.asynchronous_correlation_value.unwrap());
    }
    assert!(!fixture.service.work_off_one(), "it waits for the case");
    let asynchronous_correlation_value = marks[0].clone();
    let poll = PollRequest {
        asynchronous_correlation_value,
    };
    let answer = fixture
        .batch(None, &[outgoing::<Poll>(&poll, V1_4)])
        .remove(0);
    assert!(read::<Locate>(&answer, V1_4).is_ok());
    let asynchronous_correlation_value = marks[1].clone();
    let canceled = fixture.call::<Cancel>(&CancelRequest {
        asynchronous_correlation_value,
    });
    assert_eq!(
        canceled.unwrap().cancellation_result,
        CancellationResult::Canceled
    );
}
