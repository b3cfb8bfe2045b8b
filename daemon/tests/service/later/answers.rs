//! Who is answered later, and who at once.

use std::time::Duration;

use keyhold::{pending, service::Limits};
use kmip::{
    AsynchronousIndicator, BatchErrorContinuationOption, OperationCode, ResultReason, ResultStatus,
    V1_0, V1_2, V1_4, V2_0, V2_1,
    client::outgoing,
    message::{OutgoingItem, RequestHeader},
    payload::{
        activate::Activate,
        create::Create,
        get::Get,
        poll::{Poll, PollRequest},
        query::Query,
    },
};

use super::{activate, aes, get, header, mark, objects, plain, poll, query, send, unknown};
use crate::fixture::{Fixture, read, text};

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
