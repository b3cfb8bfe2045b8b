//! Many threads at once: nothing is lost, nothing is seen twice, what was acknowledged is seen by the next read.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use store::{Error, Record};

use crate::{
    each_store,
    sample::{change, insert, key, locate, named, with},
};

#[test]
fn no_update_is_lost() {
    each_store(|store| {
        let record = key("counter");
        insert(store, &record).unwrap();
        let conflicts = AtomicU64::new(0);
        thread::scope(|scope| {
            for _ in 0..64 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        loop {
                            let more = |record: &mut Record| {
                                let length = record.attributes.certificate_length.unwrap_or(0);
                                record.attributes.certificate_length = Some(length + 1);
                            };
                            match change(store, &record.id, more) {
                                Ok(()) => break,
                                Err(Error::Conflict) => conflicts.fetch_add(1, Ordering::Relaxed),
                                Err(error) => panic!("{error}"),
                            };
                        }
                    }
                });
            }
        });
        let read = store.record(&record.id).unwrap().unwrap();
        assert_eq!(read.attributes.certificate_length, Some(64 * 20));
        assert_eq!(read.revision, 1 + 64 * 20);
        assert!(conflicts.into_inner() > 0, "the threads never met");
    });
}

#[test]
fn of_many_that_want_a_name_one_gets_it() {
    each_store(|store| {
        for round in 0..10 {
            let name = format!("name {round}");
            let winners = AtomicU64::new(0);
            thread::scope(|scope| {
                for _ in 0..32 {
                    scope.spawn(|| match insert(store, &key(&name)) {
                        Ok(()) => winners.fetch_add(1, Ordering::Relaxed),
                        Err(Error::NameTaken(taken)) => u64::from(taken != name),
                        Err(error) => panic!("{error}"),
                    });
                }
            });
            assert_eq!(winners.into_inner(), 1);
            assert_eq!(named(store, &name).len(), 1);
        }
    });
}

#[test]
fn a_read_after_an_acknowledged_commit_is_never_stale() {
    each_store(|store| {
        thread::scope(|scope| {
            for writer in 0..16 {
                scope.spawn(move || {
                    let record = key(&format!("{writer}"));
                    insert(store, &record).unwrap();
                    assert_eq!(store.record(&record.id).unwrap().unwrap().revision, 1);
                    for revision in 2..60 {
                        // Readers elsewhere fill the cache while this one commits.
                        let reader = scope.spawn({
                            let id = record.id.clone();
                            move || store.record(&id).unwrap().unwrap().revision
                        });
                        change(store, &record.id, |record| {
                            let name = kmip::attribute::Name::text(&format!("{writer}/{revision}"));
                            record.attributes.name.retain(|_| false);
                            record.attributes.name.push(name);
                        })
                        .unwrap();
                        let read = store.record(&record.id).unwrap().unwrap();
                        assert_eq!(read.revision, revision);
                        assert_eq!(
                            named(store, &format!("{writer}/{revision}")),
                            std::slice::from_ref(&record.id)
                        );
                        assert_eq!(named(store, &format!("{writer}/{}", revision - 1)), []);
                        assert!(reader.join().unwrap() <= revision);
                    }
                });
            }
        });
        assert_eq!(locate(store, &with(vec![])).total, Some(16));
    });
}
