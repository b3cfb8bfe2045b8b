//! Many threads at once: nothing is lost, nothing is seen twice, what was acknowledged is seen by the next read.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};

use kmip::{
    ObjectType, State,
    attribute::{Attribute, VendorAttribute},
    ttlv::AnyValue,
};
use store::{Custody, Error, Record};

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

/// An object's label.
fn labelled() -> Attribute {
    Attribute::Vendor(VendorAttribute {
        vendor_identification: VendorAttribute::CLIENT.to_owned(),
        attribute_name: "label".to_owned(),
        value: AnyValue::text("steady"),
    })
}

#[test]
fn an_object_that_is_there_throughout_is_found_whatever_comes_and_goes() {
    each_store(|store| {
        let mut steady: Vec<Record> = (0..3).map(|n| key(&format!("steady {n}"))).collect();
        for record in &mut steady {
            record.attributes.add(labelled()).unwrap();
            insert(store, record).unwrap();
        }
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            // Others come and go.
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let other = key("other");
                    insert(store, &other).unwrap();
                    change(store, &other.id, |record| {
                        record.attributes.state = Some(State::Destroyed);
                        record.attributes.name.retain(|_| false);
                        record.custody = Custody::Gone;
                    })
                    .unwrap();
                }
            });
            // One of them changes in what is not asked for.
            scope.spawn(|| {
                for length in 0.. {
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    change(store, &steady[1].id, |record| {
                        record.attributes.certificate_length = Some(length % 1_000);
                    })
                    .unwrap();
                }
            });
            let of_type = || Attribute::ObjectType(ObjectType::SymmetricKey);
            let asked = [
                vec![labelled()],
                vec![of_type()],
                vec![labelled(), of_type()],
            ];
            let searches = asked.map(|asked| {
                let (filter, steady) = (with(asked), &steady);
                scope.spawn(move || {
                    (0..2_000).find_map(|round| {
                        let found = locate(store, &filter).ids;
                        let missed = steady.iter().find(|own| !found.contains(&own.id))?;
                        Some((round, missed.id.clone(), found))
                    })
                })
            });
            let missed = searches.map(|search| search.join().unwrap());
            is_over.store(true, Ordering::Relaxed);
            assert_eq!(missed, [None, None, None]);
        });
    });
}
