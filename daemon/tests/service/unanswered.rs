//! A disk that does not answer in time: the client is told that nothing is known, and what was begun comes to its end later.

use std::sync::mpsc::{Sender, channel};

use keyhold::audit::TrailError;
use kmip::{
    BatchErrorContinuationOption, ResultReason, ResultStatus,
    client::outgoing,
    message::{Response, ResponseItem},
    payload::create::Create,
};
use store::Store;

use crate::{
    commit::{begin, key, message, outcomes},
    fixture::Fixture,
};

/// Keeps the thread that commits, as a disk does that hangs, until it is told to go on.
fn hang(fixture: &Fixture) -> Sender<()> {
    let (go_on, hanging) = channel();
    let (at_it, is_at_it) = channel();
    let commit = fixture.store.begin().prepare().unwrap();
    commit.start(move |_| {
        at_it.send(()).unwrap();
        hanging.recv().unwrap();
    });
    is_at_it.recv().unwrap();
    go_on
}

fn is_not_known(item: &ResponseItem) {
    assert_eq!(item.result_status, ResultStatus::OperationFailed);
    assert_eq!(item.result_reason, Some(ResultReason::InternalServerError));
    let words = item.result_message.as_deref().unwrap_or_default();
    assert!(words.contains("it is not known whether"), "{words}");
}

#[test]
fn who_waits_for_a_disk_is_told_that_nothing_is_known() {
    let mut fixture = Fixture::new();
    let created = message::<Create>(&fixture, &key("k"));
    let go_on = hang(&fixture);
    // As a worker answers it, which waits itself.
    let answer = fixture.service.respond(&mut fixture.caller, &created);
    is_not_known(&Response::read(&answer).unwrap().items[0]);
    assert_eq!(outcomes(&fixture), [("Create".to_owned(), "Success")]);
    // Nothing is settled before it is known.
    fixture.service.settle_unanswered();
    assert_eq!(fixture.store.count(), Ok(0));

    go_on.send(()).unwrap();
    while fixture.store.count() != Ok(1) {
        std::thread::yield_now();
    }
    fixture.service.settle_unanswered();
    assert_eq!(outcomes(&fixture), [("Create".to_owned(), "Success")]);
}

#[test]
fn items_that_are_done_together_are_not_known_together() {
    let mut fixture = Fixture::new();
    let go_on = hang(&fixture);
    let two = ["a", "b"].map(|name| outgoing::<Create>(&key(name), fixture.version));
    let items = fixture.batch(Some(BatchErrorContinuationOption::Undo), &two);
    assert_eq!(items.len(), 2);
    items.iter().for_each(is_not_known);
    go_on.send(()).unwrap();
    while fixture.store.count() != Ok(2) {
        std::thread::yield_now();
    }
}

#[test]
fn what_was_given_up_and_is_not_done_is_corrected() {
    let mut fixture = Fixture::new();
    let created = message::<Create>(&fixture, &key("k"));
    let (unfinished, changes) = begin(&mut fixture, &created);
    let (answer, word) = fixture.service.give_up(&fixture.caller, unfinished);
    is_not_known(&Response::read(&answer).unwrap().items[0]);
    drop(changes);
    let failed = keyhold::service::NotCommitted::Trail(TrailError("gone".to_owned()));
    word.send(Err(failed)).unwrap();
    fixture.service.settle_unanswered();
    let wanted = ["Success", "NotCommitted"].map(|own| ("Create".to_owned(), own));
    assert_eq!(outcomes(&fixture), wanted);
    assert_eq!(fixture.store.count(), Ok(0));
}
