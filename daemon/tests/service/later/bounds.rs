//! How much waits, how long, and what ends the waiting.

use std::time::Duration;

use keyhold::pending;
use kmip::{
    AsynchronousIndicator, BatchErrorContinuationOption, ResultReason, ResultStatus, V1_2, V2_1,
    message::RequestHeader, payload::create::Create, ttlv::Timestamp,
};

use super::{aes, fixture, header, mark, objects, plain, poll, query, send, unknown};
use crate::fixture::{Fixture, NOON, read};

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
