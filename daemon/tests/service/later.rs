//! Answers that come later: who gets them, when, for how long, and what becomes of the requests.

use std::time::Duration;

use keyhold::{pending, service::Limits};
use kmip::{
    AsynchronousIndicator, BatchErrorContinuationOption, CancellationResult,
    CryptographicAlgorithm, CryptographicUsageMask, OperationCode, ProcessingStage, ResultReason,
    ResultStatus, V1_0, V1_2, V1_4, V2_0, V2_1, Version,
    attribute::Attribute,
    client::outgoing,
    message::{Asynchrony, OutgoingItem, RequestHeader, ResponseItem},
    payload::{
        Operation,
        activate::{Activate, ActivateRequest},
        create::Create,
        get::{Get, GetRequest},
        poll::{
            AsynchronousCorrelationValues, Cancel, CancelRequest, Operations, Poll, PollRequest,
            Process, ProcessRequest, QueryAsynchronousRequests, QueryAsynchronousRequestsRequest,
        },
        query::{Query, QueryRequest},
    },
    ttlv::{Bytes, Timestamp, TimestampExtended},
};

use crate::fixture::{Fixture, NOON, create, read, text};

/// A service whose late work is done when a test says so, and which keeps nobody waiting.
fn fixture(limits: pending::Limits) -> Fixture {
    let limits = Limits {
        pending: pending::Limits {
            patience: Duration::ZERO,
            ..limits
        },
        ..Limits::default()
    };
    Fixture::with_limits(limits)
}

fn plain() -> Fixture {
    fixture(pending::Limits::default())
}

fn aes(version: Version) -> OutgoingItem {
    let attributes = vec![
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(128),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
    ];
    outgoing::<Create>(&create(attributes), version)
}

fn activate(id: Option<&str>) -> OutgoingItem {
    let unique_identifier = id.map(Into::into);
    outgoing::<Activate>(&ActivateRequest { unique_identifier }, V2_1)
}

fn get() -> OutgoingItem {
    outgoing::<Get>(&GetRequest::default(), V2_1)
}

fn query(version: Version) -> OutgoingItem {
    let query_function = vec![];
    outgoing::<Query>(&QueryRequest { query_function }, version)
}

fn header(fixture: &Fixture, indicator: AsynchronousIndicator) -> RequestHeader {
    RequestHeader {
        asynchronous_indicator: Some(Asynchrony(indicator)),
        ..fixture.header()
    }
}

/// Sends items that are to be answered later.
fn send(fixture: &mut Fixture, items: &[OutgoingItem]) -> Vec<ResponseItem> {
    let header = header(fixture, AsynchronousIndicator::Mandatory);
    fixture.send(&header, items).items
}

fn mark(item: &ResponseItem) -> Bytes {
    assert_eq!(item.result_status, ResultStatus::OperationPending);
    assert!(item.payload.is_none() && item.result_reason.is_none());
    item.asynchronous_correlation_value.clone().unwrap()
}

fn ask<O: Operation>(fixture: &mut Fixture, request: &O::Request) -> ResponseItem {
    let item = outgoing::<O>(request, fixture.version);
    fixture.batch(None, &[item]).pop().unwrap()
}

fn poll(fixture: &mut Fixture, mark: &Bytes) -> ResponseItem {
    let asynchronous_correlation_value = mark.clone();
    ask::<Poll>(
        fixture,
        &PollRequest {
            asynchronous_correlation_value,
        },
    )
}

fn cancel(fixture: &mut Fixture, mark: &Bytes) -> CancellationResult {
    let asynchronous_correlation_value = mark.clone();
    let response = fixture.call::<Cancel>(&CancelRequest {
        asynchronous_correlation_value,
    });
    let response = response.unwrap();
    assert_eq!(response.asynchronous_correlation_value, *mark);
    response.cancellation_result
}

fn process(fixture: &mut Fixture, mark: &Bytes) -> ResponseItem {
    let asynchronous_correlation_value = mark.clone();
    ask::<Process>(
        fixture,
        &ProcessRequest {
            asynchronous_correlation_value,
        },
    )
}

fn objects(fixture: &Fixture) -> u64 {
    store::Store::count(&*fixture.store).unwrap()
}

/// The reason for a mark that nothing is known of.
fn unknown(version: Version) -> ResultReason {
    if version.is_2() {
        ResultReason::InvalidAsynchronousCorrelationValue
    } else {
        ResultReason::ItemNotFound
    }
}

#[test]
fn a_request_is_pending_then_done_then_forgotten_in_every_version() {
    for version in [V1_0, V1_2, V1_4, V2_0, V2_1] {
        let mut fixture = plain();
        fixture.version = version;
        let header = header(&fixture, AsynchronousIndicator::Mandatory);
        let pending = fixture.send(&header, &[aes(version)]).items;
        assert_eq!(pending[0].operation, Some(OperationCode::Create));
        let mark = mark(&pending[0]);
        assert_eq!(objects(&fixture), 0, "nothing is done yet");
        let waits = poll(&mut fixture, &mark);
        assert_eq!(waits.result_status, ResultStatus::OperationPending);
        assert_eq!(waits.asynchronous_correlation_value, Some(mark.clone()));
        assert!(fixture.service.work_off_one());
        assert!(!fixture.service.work_off_one(), "there was one");
        assert_eq!(objects(&fixture), 1);
        // KMIP 1.4 §4.27: identical to the answer that would have come at once.
        let done = poll(&mut fixture, &mark);
        assert!(read::<Create>(&done, version).is_ok());
        let gone = poll(&mut fixture, &mark);
        assert_eq!(gone.operation, Some(OperationCode::Poll));
        assert_eq!(gone.result_reason, Some(unknown(version)), "{version}");
    }
}

#[test]
fn an_item_is_recorded_once_when_it_is_done() {
    let mut fixture = plain();
    let pending = send(&mut fixture, &[aes(V2_1)]);
    assert!(fixture.trail.events.lock().unwrap().is_empty());
    fixture.service.work_off_one();
    let id = {
        let events = fixture.trail.events.lock().unwrap();
        assert_eq!(events.len(), 1);
        let (operation, object, outcome) = events[0].clone();
        assert_eq!((operation.as_str(), outcome), ("Create", "Success"));
        object.unwrap()
    };
    let done = poll(&mut fixture, &mark(&pending[0]));
    let made = read::<Create>(&done, V2_1).unwrap().unique_identifier;
    assert_eq!(text(&made), id);
}

#[test]
fn a_failure_comes_later_too() {
    let mut fixture = plain();
    let pending = send(&mut fixture, &[activate(Some("nothing"))]);
    fixture.service.work_off_one();
    let done = poll(&mut fixture, &mark(&pending[0]));
    assert_eq!(
        read::<Activate>(&done, V2_1).err(),
        Some(ResultReason::ObjectNotFound)
    );
}

#[test]
fn who_says_nothing_or_no_is_answered_at_once() {
    let mut fixture = plain();
    assert!(read::<Create>(&fixture.batch(None, &[aes(V2_1)])[0], V2_1).is_ok());
    for version in [V1_0, V2_1] {
        fixture.version = version;
        let header = header(&fixture, AsynchronousIndicator::Prohibited);
        let answered = fixture.send(&header, &[aes(version)]).items;
        assert!(read::<Create>(&answered[0], version).is_ok(), "{version}");
    }
}

/// Before 2.0 a client that would fetch its answer does so for what is work, and not for what is none.
#[test]
fn the_boolean_of_1_x_puts_work_aside_and_nothing_else() {
    let mut fixture = plain();
    fixture.version = V1_2;
    let header = header(&fixture, AsynchronousIndicator::Mandatory);
    let items = fixture.send(&header, &[query(V1_2)]).items;
    assert!(read::<Query>(&items[0], V1_2).is_ok());
    let items = fixture.send(&header, &[aes(V1_2)]).items;
    mark(&items[0]);
}

#[test]
fn what_is_light_is_put_aside_when_the_client_must_have_it_so() {
    let mut fixture = plain();
    let pending = send(&mut fixture, &[query(V2_1)]);
    fixture.service.work_off_one();
    let done = poll(&mut fixture, &mark(&pending[0]));
    assert!(read::<Query>(&done, V2_1).is_ok());
}

#[test]
fn who_leaves_it_to_the_server_waits_a_little_and_no_more() {
    let limits = |patience| Limits {
        pending: pending::Limits {
            patience,
            ..pending::Limits::default()
        },
        ..Limits::default()
    };
    // Nobody does the work: the client is not kept.
    let mut fixture = plain();
    let header = header(&fixture, AsynchronousIndicator::Optional);
    let items = fixture.send(&header, &[query(V2_1), aes(V2_1)]).items;
    assert!(read::<Query>(&items[0], V2_1).is_ok());
    let kept = mark(&items[1]);
    fixture.service.work_off_one();
    assert!(read::<Create>(&poll(&mut fixture, &kept), V2_1).is_ok());
    // Somebody does it: the client has its answer at once, and nothing is left behind.
    let patient = limits(Duration::from_secs(60));
    let mut fixture = Fixture::with_limits(patient);
    let items = [aes(V2_1), activate(None), get()];
    let service = fixture.service.clone();
    std::thread::scope(|scope| {
        scope.spawn(|| service.work_off());
        let answered = fixture.send(&header, &items).items;
        assert!(read::<Get>(&answered[2], V2_1).is_ok());
        let made = read::<Create>(&answered[0], V2_1).unwrap();
        let id = text(&made.unique_identifier);
        // Stop is the default: what stands behind a failure has no answer.
        let answered = fixture
            .send(&header, &[activate(Some(&id)), aes(V2_1)])
            .items;
        assert_eq!(answered.len(), 1);
        assert_eq!(
            read::<Activate>(&answered[0], V2_1).err(),
            Some(ResultReason::WrongKeyLifecycleState)
        );
        service.end_late_work();
    });
    assert_eq!(objects(&fixture), 1);
}

#[test]
fn an_unknown_indicator_is_refused() {
    let mut fixture = plain();
    let header = header(&fixture, AsynchronousIndicator(9));
    let items = fixture.send(&header, &[aes(V2_1)]).items;
    assert_eq!(items[0].result_reason, Some(ResultReason::InvalidField));
    let header = RequestHeader {
        batch_error_continuation_option: Some(BatchErrorContinuationOption(9)),
        ..fixture.header()
    };
    let items = fixture.send(&header, &[aes(V2_1)]).items;
    assert_eq!(items[0].result_reason, Some(ResultReason::InvalidField));
}

#[test]
fn the_ways_to_an_answer_are_never_late_themselves() {
    let mut fixture = plain();
    let made = send(&mut fixture, &[aes(V2_1)]);
    let asynchronous_correlation_value = mark(&made[0]);
    let item = outgoing::<Poll>(
        &PollRequest {
            asynchronous_correlation_value,
        },
        V2_1,
    );
    let items = send(&mut fixture, &[item]);
    assert_eq!(
        items[0].result_reason,
        Some(ResultReason::FeatureNotSupported)
    );
    let unserved = OutgoingItem {
        operation: OperationCode(0x7777),
        payload: vec![].into(),
    };
    let items = send(&mut fixture, &[unserved]);
    assert_eq!(
        items[0].result_reason,
        Some(ResultReason::OperationNotSupported)
    );
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

#[test]
fn the_items_of_a_batch_are_done_in_turn_and_hand_on_the_placeholder() {
    let mut fixture = plain();
    let pending = send(&mut fixture, &[aes(V2_1), activate(None), get()]);
    assert_eq!(pending.len(), 3);
    for (position, item) in pending.iter().enumerate() {
        let id = item.unique_batch_item_id.as_ref().unwrap();
        assert_eq!(id.0, position.to_be_bytes());
    }
    let marks: Vec<_> = pending.iter().map(mark).collect();
    assert!(fixture.service.work_off_one());
    assert!(!fixture.service.work_off_one(), "one turn for all of them");
    // Fetched in any order, and each in a message of its own.
    let got = read::<Get>(&poll(&mut fixture, &marks[2]), V2_1).unwrap();
    let made = read::<Create>(&poll(&mut fixture, &marks[0]), V2_1).unwrap();
    assert_eq!(text(&got.unique_identifier), text(&made.unique_identifier));
}

/// What was answered at once hands its placeholder on to what is answered later.
#[test]
fn the_placeholder_goes_from_an_answer_to_a_pending_item() {
    let mut fixture = plain();
    let made = fixture.aes_key([]);
    fixture.version = V1_4;
    let header = header(&fixture, AsynchronousIndicator::Optional);
    let id = Some(made.as_str().into());
    let locate = kmip::payload::locate::LocateRequest {
        attributes: [Attribute::UniqueIdentifier(made.as_str().into())]
            .into_iter()
            .collect(),
        ..kmip::payload::locate::LocateRequest::default()
    };
    let items = [
        outgoing::<kmip::payload::locate::Locate>(&locate, V1_4),
        outgoing::<Get>(&GetRequest::default(), V1_4),
        outgoing::<Activate>(
            &ActivateRequest {
                unique_identifier: id,
            },
            V1_4,
        ),
    ];
    let answered = fixture.send(&header, &items).items;
    let waits = answered
        .iter()
        .position(|item| item.result_status == ResultStatus::OperationPending);
    let waits = waits.unwrap();
    assert!(waits > 0 || answered.len() == 3);
    fixture.service.work_off_one();
    let pending = &answered[waits.max(1)];
    let got = poll(&mut fixture, &mark(pending));
    assert_eq!(
        text(&read::<Get>(&got, V1_4).unwrap().unique_identifier),
        made
    );
}

#[test]
fn a_failed_item_stops_those_behind_it_unless_they_are_to_go_on() {
    let bad = || activate(Some("nothing"));
    for (option, reason) in [
        (None, Some(ResultReason::GeneralFailure)),
        (Some(BatchErrorContinuationOption::Continue), None),
    ] {
        let mut fixture = plain();
        let header = RequestHeader {
            batch_error_continuation_option: option,
            ..header(&fixture, AsynchronousIndicator::Mandatory)
        };
        let pending = fixture.send(&header, &[bad(), aes(V2_1)]).items;
        assert_eq!(pending.len(), 2, "nobody knows of the failure yet");
        fixture.service.work_off_one();
        let last = poll(&mut fixture, &mark(&pending[1]));
        assert_eq!(read::<Create>(&last, V2_1).err(), reason, "{option:?}");
        assert_eq!(objects(&fixture), u64::from(option.is_some()));
    }
}

#[test]
fn an_item_given_up_stops_those_behind_it() {
    let mut fixture = plain();
    let pending = send(&mut fixture, &[aes(V2_1), activate(None)]);
    cancel(&mut fixture, &mark(&pending[0]));
    fixture.service.work_off_one();
    let last = poll(&mut fixture, &mark(&pending[1]));
    assert_eq!(
        read::<Activate>(&last, V2_1).err(),
        Some(ResultReason::GeneralFailure)
    );
}

#[test]
fn a_batch_that_is_undone_is_undone_later() {
    let mut fixture = plain();
    let header = RequestHeader {
        batch_error_continuation_option: Some(BatchErrorContinuationOption::Undo),
        ..header(&fixture, AsynchronousIndicator::Mandatory)
    };
    let items = [aes(V2_1), activate(None), activate(None), get()];
    let pending = fixture.send(&header, &items).items;
    let marks: Vec<_> = pending.iter().map(mark).collect();
    assert_eq!(marks.len(), 4);
    fixture.service.work_off_one();
    assert_eq!(objects(&fixture), 0);
    let mut answer = |at: usize| poll(&mut fixture, &marks[at]);
    let first = answer(0);
    assert_eq!(first.result_status, ResultStatus::OperationUndone);
    assert!(first.payload.is_some());
    let failed = answer(2);
    assert_eq!(
        failed.result_reason,
        Some(ResultReason::WrongKeyLifecycleState)
    );
    let behind = answer(3);
    assert_eq!(behind.result_reason, Some(ResultReason::GeneralFailure));

    let pending = fixture.send(&header, &items[..2]).items;
    fixture.service.work_off_one();
    assert!(read::<Activate>(&poll(&mut fixture, &mark(&pending[1])), V2_1).is_ok());
    assert_eq!(objects(&fixture), 1);
}

#[test]
fn an_answer_must_fit_the_message_that_fetches_it() {
    let mut fixture = plain();
    let tight = RequestHeader {
        maximum_response_size: Some(200),
        ..header(&fixture, AsynchronousIndicator::Mandatory)
    };
    let query = outgoing::<Query>(
        &QueryRequest {
            query_function: vec![kmip::QueryFunction::QueryOperations],
        },
        V2_1,
    );
    let pending = fixture.send(&tight, &[query]).items;
    let asynchronous_correlation_value = mark(&pending[0]);
    fixture.service.work_off_one();
    let item = outgoing::<Poll>(
        &PollRequest {
            asynchronous_correlation_value: asynchronous_correlation_value.clone(),
        },
        V2_1,
    );
    let tight = RequestHeader {
        maximum_response_size: Some(200),
        ..fixture.header()
    };
    let refused = fixture.send(&tight, &[item]).items;
    assert_eq!(
        refused[0].result_reason,
        Some(ResultReason::ResponseTooLarge)
    );
    let done = poll(&mut fixture, &asynchronous_correlation_value);
    assert!(read::<Query>(&done, V2_1).is_ok(), "it is still there");
}

#[test]
fn too_small_a_response_puts_nothing_aside() {
    let mut fixture = plain();
    let tight = RequestHeader {
        maximum_response_size: Some(100),
        ..header(&fixture, AsynchronousIndicator::Mandatory)
    };
    let items = fixture.send(&tight, &[aes(V2_1)]).items;
    assert_eq!(items[0].result_reason, Some(ResultReason::ResponseTooLarge));
    assert!(!fixture.service.work_off_one());
}

#[test]
fn there_is_room_for_so_many_and_no_more() {
    let mut fixture = fixture(pending::Limits {
        all_max: 3,
        per_client_max: 2,
        ..pending::Limits::default()
    });
    for _ in 0..2 {
        mark(&send(&mut fixture, &[query(V2_1)])[0]);
    }
    let full = |fixture: &mut Fixture| send(fixture, &[query(V2_1)])[0].result_reason;
    let reason = Some(ResultReason::ServerLimitExceeded);
    assert_eq!(full(&mut fixture), reason, "of one client");
    fixture.as_client(2);
    mark(&send(&mut fixture, &[query(V2_1)])[0]);
    assert_eq!(full(&mut fixture), reason, "in all");
    // Who leaves it to the server is answered at once instead, in any version.
    for version in [V1_2, V2_1] {
        fixture.version = version;
        let header = header(&fixture, AsynchronousIndicator::Optional);
        let items = fixture.send(&header, &[aes(version)]).items;
        assert!(read::<Create>(&items[0], version).is_ok());
    }
    // A whole batch has room, or none of it; and every item of it is refused.
    let header = RequestHeader {
        batch_error_continuation_option: Some(BatchErrorContinuationOption::Continue),
        ..header(&fixture, AsynchronousIndicator::Mandatory)
    };
    let items = fixture.send(&header, &[query(V2_1), query(V2_1)]).items;
    assert_eq!(items.len(), 2);
    assert!(items.iter().all(|item| item.result_reason == reason));
}

#[test]
fn messages_that_wait_take_so_much_memory_and_no_more() {
    let mut fixture = fixture(pending::Limits {
        bytes_max: 1_000,
        ..pending::Limits::default()
    });
    let mut taken = 0;
    while send(&mut fixture, &[aes(V2_1)])[0].result_status == ResultStatus::OperationPending {
        taken += 1;
        assert!(taken < 10);
    }
    assert!(taken > 1);
    assert!(fixture.service.work_off_one());
    mark(&send(&mut fixture, &[aes(V2_1)])[0]);
}

#[test]
fn what_is_too_old_is_gone() {
    let mut fixture = fixture(pending::Limits {
        age_max: Duration::from_secs(60),
        ..pending::Limits::default()
    });
    let done = mark(&send(&mut fixture, &[query(V2_1)])[0]);
    fixture.service.work_off_one();
    let waits = mark(&send(&mut fixture, &[aes(V2_1)])[0]);
    fixture.clock.advance_to(Timestamp(NOON.0 + 60));
    let still = poll(&mut fixture, &waits);
    assert_eq!(still.result_status, ResultStatus::OperationPending);
    fixture.clock.advance_to(Timestamp(NOON.0 + 61));
    for mark in [&done, &waits] {
        let answer = poll(&mut fixture, mark);
        assert_eq!(answer.result_reason, Some(unknown(V2_1)));
    }
    fixture.service.work_off_one();
    assert_eq!(objects(&fixture), 0, "what was given up is not done");
}

/// A client that is revoked while its request waits is not served.
#[test]
fn whoever_is_revoked_is_not_served_later() {
    let mut fixture = plain();
    fixture.as_client(2);
    let pending = send(&mut fixture, &[aes(V2_1)]);
    mark(&pending[0]);
    let mut client = crate::fixture::client(2, "one", "user");
    client.revoked = Some(NOON);
    fixture.service.directory().put_client(&client).unwrap();
    fixture.service.work_off_one();
    assert_eq!(objects(&fixture), 0);
    let events = fixture.trail.events.lock().unwrap();
    assert_eq!(events[0].2, "NotAuthenticated");
}

/// A role that was changed while the request waited is the one that counts.
#[test]
fn whoever_lost_a_right_has_lost_it_later_too() {
    let mut fixture = plain();
    fixture.as_client(2);
    let pending = send(&mut fixture, &[aes(V2_1)]);
    let client = crate::fixture::client(2, "one", "auditor");
    fixture.service.directory().put_client(&client).unwrap();
    fixture.service.work_off_one();
    assert_eq!(objects(&fixture), 0);
    let answer = poll(&mut fixture, &mark(&pending[0]));
    assert_eq!(
        read::<Create>(&answer, V2_1).err(),
        Some(ResultReason::PermissionDenied)
    );
}

#[test]
fn nothing_is_begun_once_the_end_has_come() {
    let mut fixture = plain();
    let waits = mark(&send(&mut fixture, &[aes(V2_1)])[0]);
    fixture.service.end_late_work();
    fixture.service.work_off();
    assert_eq!(objects(&fixture), 0);
    let items = send(&mut fixture, &[aes(V2_1)]);
    assert_eq!(
        items[0].result_reason,
        Some(ResultReason::ServerLimitExceeded)
    );
    let still = poll(&mut fixture, &waits);
    assert_eq!(still.result_status, ResultStatus::OperationPending);
}
