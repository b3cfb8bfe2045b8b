//! Batches whose items are answered later: their order, their failures, their size.

use kmip::{
    AsynchronousIndicator, BatchErrorContinuationOption, ResultReason, ResultStatus, V1_4, V2_1,
    attribute::Attribute,
    client::outgoing,
    message::RequestHeader,
    payload::{
        activate::{Activate, ActivateRequest},
        create::Create,
        get::{Get, GetRequest},
        poll::{Poll, PollRequest},
        query::{Query, QueryRequest},
    },
};

use super::{activate, aes, cancel, get, header, mark, objects, plain, poll, send};
use crate::fixture::{read, text};

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
