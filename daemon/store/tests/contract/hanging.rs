//! A disk that does not answer: those who wait for the thread that commits are told in time, and it goes on when it can.

use std::{sync::mpsc::channel, time::Duration};

use store::{Error, SqliteStore, Store};

use crate::sample::key;

const SHORT: Duration = Duration::from_millis(50);

#[test]
fn a_commit_that_hangs_is_told_and_done_when_it_can_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path, &store::Options::default()).unwrap();
    let prepared = |name: &str| {
        let record = key(name);
        let mut tx = store.begin();
        tx.insert(record.clone()).unwrap();
        (record.id, tx.prepare().unwrap())
    };
    store.watch(SHORT);
    assert_eq!(store.health(), Ok(()));

    // Who is told keeps the thread that commits, as a disk would that does not answer.
    let (go_on, hanging) = channel::<()>();
    let (at_it, is_at_it) = channel();
    let (first, commit) = prepared("first");
    commit.start(move |result| {
        at_it.send(result).unwrap();
        hanging.recv().unwrap();
    });
    assert_eq!(is_at_it.recv().unwrap(), Ok(()));
    let (second, commit) = prepared("second");
    assert_eq!(commit.wait_for(SHORT), Err(Error::Unanswered));
    assert!(matches!(store.health(), Err(Error::Unavailable(_))));
    // From here on nothing is begun.
    let (third, commit) = prepared("third");
    assert!(matches!(commit.wait(), Err(Error::Unavailable(_))));
    assert!(store.record(&first).unwrap().is_some());
    assert_eq!(store.record(&second), Ok(None));

    go_on.send(()).unwrap();
    while store.record(&second).unwrap().is_none() {
        std::thread::yield_now();
    }
    store.watch(Duration::from_secs(60));
    while store.health().is_err() {
        std::thread::yield_now();
    }
    assert_eq!(store.record(&third), Ok(None));
    let (fourth, commit) = prepared("fourth");
    assert_eq!(commit.wait(), Ok(()));
    assert!(store.record(&fourth).unwrap().is_some());
}
