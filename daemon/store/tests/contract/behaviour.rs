//! Records, revisions and names; what hangs on objects apart.

use std::slice::from_ref;

use kmip::{
    ObjectType,
    attribute::{Attributes, Name, VendorAttribute},
    mechanism::{Curve, KeySpec},
    ttlv::{AnyValue, ItemType, Timestamp},
};
use store::{Custody, Error, ObjectId, Page, Record};

use crate::{
    each_store,
    sample::{NOW, change, insert, key, locate, named, scope, with},
};

#[test]
fn a_record_is_read_as_it_was_stored() {
    let backend = || "soft".to_owned();
    let custodies = [
        Custody::Hsm {
            backend: backend(),
            key: vec![1, 2],
        },
        Custody::Sealed {
            backend: backend(),
            sealed: vec![],
        },
        Custody::Public(vec![3]),
        Custody::Doomed {
            backend: backend(),
            key: vec![4],
        },
        Custody::Gone,
        Custody::Absent(vec![]),
        Custody::Absent(vec![5]),
        Custody::Archived,
        Custody::Unopened {
            backend: backend(),
            sealed: vec![6],
        },
    ];
    let specs = [
        None,
        Some(KeySpec::Ec(Curve::Ed25519)),
        Some(KeySpec::Rsa { bits: 3072 }),
    ];
    each_store(|store| {
        for (n, custody) in custodies.iter().enumerate() {
            let mut record = key(&format!("key {n}"));
            record.custody = custody.clone();
            record.spec = specs[n % specs.len()];
            record.object_type = ObjectType::SecretData;
            insert(store, &record).unwrap();
            record.revision = 1;
            for _ in ["from the disk", "from memory"] {
                assert_eq!(*store.record(&record.id).unwrap().unwrap(), record);
            }
        }
        assert_eq!(store.record(&ObjectId("none".to_owned())), Ok(None));
        assert_eq!(store.count(), Ok(9));
    });
}

#[test]
fn a_change_replaces_the_record_and_counts() {
    each_store(|store| {
        let record = key("k");
        insert(store, &record).unwrap();
        for revision in 2..5 {
            change(store, &record.id, |record| {
                record.owner = format!("owner {revision}")
            })
            .unwrap();
            let read = store.record(&record.id).unwrap().unwrap();
            assert_eq!(
                (read.revision, &*read.owner),
                (revision, &*format!("owner {revision}"))
            );
        }
    });
}

#[test]
fn a_stale_change_is_a_conflict_wherever_it_is_found() {
    each_store(|store| {
        let record = key("k");
        insert(store, &record).unwrap();
        let read = Record::clone(&store.record(&record.id).unwrap().unwrap());

        let mut late = store.begin();
        late.update(read.clone()).unwrap();
        change(store, &record.id, |record| record.owner = "bob".to_owned()).unwrap();
        assert_eq!(late.commit(), Err(Error::Conflict));
        assert_eq!(store.begin().update(read), Err(Error::Conflict));
        assert_eq!(store.begin().update(key("unknown")), Err(Error::Conflict));
        assert_eq!(store.record(&record.id).unwrap().unwrap().owner, "bob");
    });
}

#[test]
fn what_an_object_is_and_where_it_lives_never_changes() {
    each_store(|store| {
        let record = key("k");
        insert(store, &record).unwrap();
        assert_eq!(insert(store, &record), Err(Error::Conflict));
        let mut double = key("other");
        double.id = record.id.clone();
        assert_eq!(insert(store, &double), Err(Error::Conflict));
        let moved = change(store, &record.id, |record| {
            record.vault = "other".to_owned()
        });
        assert_eq!(moved, Err(Error::Conflict));
        let turned = change(store, &record.id, |r| {
            r.object_type = ObjectType::Certificate
        });
        assert_eq!(turned, Err(Error::Conflict));
    });
}

#[test]
fn all_changes_of_a_transaction_are_made_or_none() {
    each_store(|store| {
        let (old, fine, late) = (key("old"), key("fine"), key("late"));
        insert(store, &old).unwrap();
        let mut transaction = store.begin();
        transaction.insert(fine.clone()).unwrap();
        transaction.insert(late).unwrap();
        insert(store, &key("late")).unwrap();
        assert_eq!(
            transaction.commit(),
            Err(Error::NameTaken("late".to_owned()))
        );
        assert_eq!(store.record(&fine.id), Ok(None));
        assert_eq!(named(store, "fine"), []);
        assert_eq!(store.count(), Ok(2));
        drop(store.begin().insert(fine.clone()));
        assert_eq!(store.record(&fine.id), Ok(None));
    });
}

#[test]
fn a_name_belongs_to_one_object_of_a_vault_until_it_is_given_up() {
    each_store(|store| {
        let (first, second) = (key("n"), key("m"));
        insert(store, &first).unwrap();
        insert(store, &second).unwrap();
        let taken = || Err(Error::NameTaken("n".to_owned()));
        assert_eq!(insert(store, &key("n")), taken());
        let rename = |record: &mut Record| record.attributes.name.push(Name::text("n"));
        assert_eq!(change(store, &second.id, rename), taken());
        let mut elsewhere = key("n");
        elsewhere.vault = "other".to_owned();
        insert(store, &elsewhere).unwrap();
        assert_eq!(named(store, "n"), from_ref(&first.id));

        change(store, &first.id, |record| {
            record.attributes.name.retain(|_| false)
        })
        .unwrap();
        assert_eq!(named(store, "n"), []);
        change(store, &second.id, rename).unwrap();
        assert_eq!(named(store, "n"), from_ref(&second.id));
        assert_eq!(insert(store, &key("n")), taken());

        change(store, &second.id, |record| record.custody = Custody::Gone).unwrap();
        assert_eq!(named(store, "n"), []);
        let third = key("n");
        insert(store, &third).unwrap();
        assert_eq!(named(store, "n"), [third.id]);
    });
}

#[test]
fn a_transaction_may_pass_a_name_on() {
    each_store(|store| {
        let (old, new) = (key("n"), key("n"));
        insert(store, &old).unwrap();
        let mut transaction = store.begin();
        assert!(matches!(
            transaction.insert(new.clone()),
            Err(Error::NameTaken(_))
        ));
        let mut freed = Record::clone(&transaction.record(&old.id).unwrap().unwrap());
        freed.attributes.name.retain(|_| false);
        transaction.update(freed).unwrap();
        transaction.insert(new.clone()).unwrap();
        assert!(matches!(
            transaction.insert(key("n")),
            Err(Error::NameTaken(_))
        ));
        transaction.commit().unwrap();
        assert_eq!(named(store, "n"), [new.id]);
    });
}

#[test]
fn a_transaction_sees_its_own_changes_and_nobody_else_does() {
    each_store(|store| {
        let (old, new) = (key("old"), key("new"));
        insert(store, &old).unwrap();
        let all = |transaction: &mut dyn store::Transaction| {
            let everything = with(vec![]);
            transaction
                .locate(&everything, &scope(), Page::default(), NOW)
                .unwrap()
                .ids
        };
        let mut transaction = store.begin();
        assert!(!transaction.is_changed());
        transaction.insert(new.clone()).unwrap();
        assert!(transaction.is_changed());
        assert_eq!(
            transaction.record(&new.id).unwrap().unwrap().attributes,
            new.attributes
        );
        assert_eq!(all(&mut *transaction), [new.id.clone(), old.id.clone()]);
        for n in 1..3 {
            let mut record = Record::clone(&transaction.record(&old.id).unwrap().unwrap());
            assert_eq!(record.revision, n);
            record.custody = Custody::Gone;
            transaction.update(record).unwrap();
        }
        assert_eq!(all(&mut *transaction), from_ref(&new.id));

        assert_eq!(store.record(&new.id), Ok(None));
        assert_eq!(locate(store, &with(vec![])).ids, from_ref(&old.id));
        transaction.commit().unwrap();
        assert_eq!(locate(store, &with(vec![])).ids, [new.id]);
        assert_eq!(store.record(&old.id).unwrap().unwrap().revision, 3);
    });
}

#[test]
fn jobs_visit_every_record_once() {
    each_store(|store| {
        let mut ids: Vec<ObjectId> = Vec::new();
        for n in 0..25 {
            let record = key(&format!("k{n}"));
            insert(store, &record).unwrap();
            ids.push(record.id);
        }
        ids.sort();
        let (mut visited, mut last) = (Vec::new(), None);
        loop {
            let records = store.records_after(last.as_ref(), 7).unwrap();
            let Some(record) = records.last() else { break };
            last = Some(record.id.clone());
            visited.extend(records.iter().map(|record| record.id.clone()));
        }
        assert_eq!(visited, ids);
    });
}

fn archived(store: &dyn store::Store, id: &ObjectId) -> Option<Custody> {
    store.begin().archived(id).unwrap()
}

#[test]
fn the_archive_changes_with_the_record_or_not_at_all() {
    each_store(|store| {
        let record = key("k");
        insert(store, &record).unwrap();
        let put = |custody: Option<Custody>, now: Custody| {
            let mut transaction = store.begin();
            let mut changed = Record::clone(&*transaction.record(&record.id).unwrap().unwrap());
            changed.custody = now;
            transaction.update(changed).unwrap();
            transaction.set_archived(&record.id, custody.clone());
            assert!(transaction.is_changed());
            assert_eq!(transaction.archived(&record.id).unwrap(), custody);
            transaction
        };
        drop(put(Some(record.custody.clone()), Custody::Archived));
        assert_eq!(archived(store, &record.id), None);
        put(Some(record.custody.clone()), Custody::Archived)
            .commit()
            .unwrap();
        assert_eq!(archived(store, &record.id), Some(record.custody.clone()));
        put(None, record.custody.clone()).commit().unwrap();
        assert_eq!(archived(store, &record.id), None);
    });
}

#[test]
fn rotations_are_found_when_they_are_due() {
    each_store(|store| {
        let mut record = key("k");
        record.attributes.rotate_automatic = Some(true);
        record.attributes.rotate_interval = Some(kmip::ttlv::Interval(100));
        let due = Timestamp(NOW.0 + 100);
        assert_eq!(record.rotation_due(), Some(due));
        insert(store, &record).unwrap();
        insert(store, &key("other")).unwrap();
        let found = |now| {
            let due = store.due_for_rotation(now, 10).unwrap();
            due.iter().map(|own| own.id.clone()).collect::<Vec<_>>()
        };
        assert_eq!(found(Timestamp(due.0 - 1)), []);
        assert_eq!(found(due), from_ref(&record.id));
        change(store, &record.id, |record| {
            record.attributes.rotate_latest = Some(false);
        })
        .unwrap();
        assert_eq!(found(Timestamp(i64::MAX)), []);
    });
}

fn mark(attributes: &mut Attributes, run: &str) {
    attributes.vendor = vec![(
        0,
        VendorAttribute {
            vendor_identification: VendorAttribute::CLIENT.to_owned(),
            attribute_name: VendorAttribute::SESSION.to_owned(),
            value: AnyValue {
                item_type: ItemType::TextString,
                body: run.as_bytes().to_vec(),
            },
        },
    )];
}

#[test]
fn objects_of_sessions_are_found_by_their_run_while_they_are_there() {
    each_store(|store| {
        let [mut one, mut two, mut three] = ["one", "two", "three"].map(key);
        mark(&mut one.attributes, "a");
        mark(&mut two.attributes, "a");
        mark(&mut three.attributes, "b");
        for record in [&one, &two, &three, &key("of the token")] {
            insert(store, record).unwrap();
        }
        let of = |run: &str| {
            let found = store.of_session_run("default", run, 10).unwrap();
            let mut ids: Vec<_> = found.iter().map(|record| record.id.clone()).collect();
            ids.sort();
            ids
        };
        let runs = || {
            let mut runs = store.session_runs().unwrap();
            runs.sort();
            runs
        };
        let run = |run: &str| ("default".to_owned(), run.to_owned());
        assert_eq!(runs(), [run("a"), run("b")]);
        let mut both = [one.id.clone(), two.id.clone()];
        both.sort();
        assert_eq!(of("a"), both);
        assert_eq!(store.of_session_run("default", "a", 1).unwrap().len(), 1);
        assert_eq!(store.of_session_run("other", "a", 10).unwrap(), []);
        // One becomes the token's, one is destroyed.
        change(store, &one.id, |record| record.attributes.vendor.clear()).unwrap();
        assert_eq!(of("a"), [two.id.clone()]);
        change(store, &two.id, |record| record.custody = Custody::Gone).unwrap();
        assert_eq!(of("a"), []);
        assert_eq!(runs(), [run("b")]);
    });
}
