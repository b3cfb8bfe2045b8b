//! What a correlation value is good for: polled, canceled, processed, listed, and by its owner only.

use kmip::{
    AsynchronousIndicator, CancellationResult, OperationCode, ProcessingStage, ResultReason, V1_0,
    V1_4, V2_1,
    message::ResponseItem,
    payload::{
        activate::Activate,
        create::Create,
        poll::{
            AsynchronousCorrelationValues, Operations, Process, ProcessRequest,
            QueryAsynchronousRequests, QueryAsynchronousRequestsRequest,
        },
    },
    ttlv::{Bytes, Timestamp, TimestampExtended},
};

use super::{activate, aes, ask, cancel, header, mark, objects, plain, poll, query, send, unknown};
use crate::fixture::{Fixture, NOON, read};

fn process(fixture: &mut Fixture, mark: &Bytes) -> ResponseItem {
    let asynchronous_correlation_value = mark.clone();
    ask::<Process>(
        fixture,
        &ProcessRequest {
            asynchronous_correlation_value,
        },
    )
}

#[test]
fn another_principals_requests_do_not_exist() {
    let mut fixture = plain();
    let pending = send(&mut fixture, &[aes(V2_1)]);
    let mark = mark(&pending[0]);
    fixture.service.work_off_one();
    // Another client of the vault, then one of another vault.
    for other in [2, 9] {
        fixture.as_client(other);
        let answer = poll(&mut fixture, &mark);
        assert_eq!(answer.result_reason, Some(unknown(V2_1)));
        assert_eq!(cancel(&mut fixture, &mark), CancellationResult::Unavailable);
        assert_eq!(
            process(&mut fixture, &mark).result_reason,
            Some(unknown(V2_1))
        );
        let everything = QueryAsynchronousRequestsRequest::default();
        let listed = fixture.call::<QueryAsynchronousRequests>(&everything);
        assert!(listed.unwrap().asynchronous_request.is_empty());
    }
    fixture.as_client(1);
    assert!(read::<Create>(&poll(&mut fixture, &mark), V2_1).is_ok());
}

#[test]
fn marks_that_are_none_are_not_found() {
    for version in [V1_0, V2_1] {
        let mut fixture = plain();
        fixture.version = version;
        for bytes in [vec![], vec![0; 16], vec![7; 16], vec![1; 3], vec![1; 4096]] {
            let mark = Bytes(bytes);
            let answer = poll(&mut fixture, &mark);
            assert_eq!(answer.result_reason, Some(unknown(version)));
            assert_eq!(cancel(&mut fixture, &mark), CancellationResult::Unavailable);
        }
    }
}

#[test]
fn what_nobody_has_begun_is_canceled_and_told_so() {
    for version in [V1_4, V2_1] {
        let mut fixture = plain();
        fixture.version = version;
        let header = header(&fixture, AsynchronousIndicator::Mandatory);
        let pending = fixture.send(&header, &[aes(version)]).items;
        let mark = mark(&pending[0]);
        assert_eq!(cancel(&mut fixture, &mark), CancellationResult::Canceled);
        assert_eq!(
            cancel(&mut fixture, &mark),
            CancellationResult::Failed,
            "it has failed by now"
        );
        assert!(
            fixture.service.work_off_one(),
            "its turn comes all the same"
        );
        assert_eq!(objects(&fixture), 0);
        let answer = poll(&mut fixture, &mark);
        assert_eq!(
            read::<Create>(&answer, version).err(),
            Some(ResultReason::OperationCanceledByRequester)
        );
        let events = fixture.trail.events.lock().unwrap();
        let canceled = ("Create".to_owned(), None, "Canceled");
        assert_eq!(events.iter().filter(|own| **own == canceled).count(), 1);
    }
}

#[test]
fn what_is_done_cannot_be_canceled() {
    let mut fixture = plain();
    let pending = send(&mut fixture, &[aes(V2_1)]);
    let mark = mark(&pending[0]);
    fixture.service.work_off_one();
    assert_eq!(cancel(&mut fixture, &mark), CancellationResult::Completed);
    assert!(read::<Create>(&poll(&mut fixture, &mark), V2_1).is_ok());
    assert_eq!(objects(&fixture), 1);
}

#[test]
fn a_request_is_processed_when_its_owner_wants_it() {
    let mut fixture = plain();
    let items = [aes(V2_1), activate(None)];
    let pending = send(&mut fixture, &items);
    let (first, second) = (mark(&pending[0]), mark(&pending[1]));
    let done = process(&mut fixture, &second);
    assert!(read::<Activate>(&done, V2_1).is_ok(), "with what it needs");
    assert!(!fixture.service.work_off_one(), "nothing is left to do");
    let done = process(&mut fixture, &first);
    assert!(read::<Create>(&done, V2_1).is_ok(), "it was done before");
    let gone = process(&mut fixture, &first);
    assert_eq!(gone.result_reason, Some(unknown(V2_1)));
}

#[test]
fn a_list_tells_what_waits_and_how_far_it_is() {
    let mut fixture = plain();
    let first = mark(&send(&mut fixture, &[aes(V2_1)])[0]);
    fixture.service.work_off_one();
    fixture.clock.advance_to(Timestamp(NOON.0 + 5));
    let second = mark(&send(&mut fixture, &[query(V2_1)])[0]);
    let mut list = |request: QueryAsynchronousRequestsRequest| {
        let response = fixture.call::<QueryAsynchronousRequests>(&request);
        response.unwrap().asynchronous_request
    };
    let all = list(QueryAsynchronousRequestsRequest::default());
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].asynchronous_correlation_value, first);
    assert_eq!(all[0].operation, OperationCode::Create);
    assert_eq!(all[0].processing_stage, ProcessingStage::Completed);
    let noon = TimestampExtended(NOON.0 * 1_000_000);
    assert_eq!(all[0].submission_date, noon);
    assert_eq!(all[1].processing_stage, ProcessingStage::Submitted);
    assert_eq!(all[1].submission_date.0, noon.0 + 5_000_000);
    let of_operation = list(QueryAsynchronousRequestsRequest {
        operations: Some(Operations {
            operation: vec![OperationCode::Query],
        }),
        ..QueryAsynchronousRequestsRequest::default()
    });
    assert_eq!(of_operation.len(), 1);
    assert_eq!(of_operation[0].asynchronous_correlation_value, second);
    let of_mark = list(QueryAsynchronousRequestsRequest {
        asynchronous_correlation_values: Some(AsynchronousCorrelationValues {
            asynchronous_correlation_value: vec![first.clone(), Bytes(vec![1])],
        }),
        ..QueryAsynchronousRequestsRequest::default()
    });
    assert_eq!(of_mark.len(), 1);
    assert_eq!(of_mark[0].asynchronous_correlation_value, first);
}
