//! What Locate finds, in which order, and what of it is on the page.

use std::slice::from_ref;

use kmip::{
    ObjectGroupMember, ObjectType, State, StorageStatusMask,
    attribute::{Attribute, Name},
    ttlv::Timestamp,
};
use store::{Custody, Filter, ObjectId, Page, Scope, Store};

use crate::{
    each_store,
    sample::{NOW, change, insert, key, locate, scope, with},
};

fn at(store: &dyn Store, filter: &Filter, now: i64) -> u64 {
    let mut transaction = store.begin();
    let located = transaction
        .locate(filter, &scope(), Page::default(), Timestamp(now))
        .unwrap();
    let total = u64::try_from(located.ids.len()).unwrap();
    assert_eq!(located.total, Some(total));
    total
}

#[test]
fn the_newest_come_first_page_by_page() {
    each_store(|store| {
        let keys: Vec<_> = (0..10).map(|n| key(&format!("k{n}"))).collect();
        keys.iter()
            .for_each(|record| insert(store, record).unwrap());
        // A change does not make an object newer.
        change(store, &keys[3].id, |record| record.owner = "bob".to_owned()).unwrap();
        let newest: Vec<_> = keys.iter().rev().map(|record| record.id.clone()).collect();
        let by_date = with(vec![Attribute::InitialDate(NOW)]);
        let decoded = with(vec![Attribute::Digest(kmip::attribute::Digest {
            hashing_algorithm: kmip::HashingAlgorithm::SHA256,
            digest_value: None,
            key_format_type: None,
        })]);
        for filter in [with(vec![]), by_date, decoded] {
            for (offset, items_max) in [
                (0, None),
                (0, Some(3)),
                (4, Some(3)),
                (8, Some(5)),
                (12, Some(1)),
                (7, None),
                (0, Some(0)),
            ] {
                let page = Page {
                    offset,
                    items_max,
                    is_counted: true,
                };
                let located = store.begin().locate(&filter, &scope(), page, NOW).unwrap();
                let expected = newest
                    .iter()
                    .skip(usize::try_from(offset).unwrap())
                    .take(usize::try_from(items_max.unwrap_or(99)).unwrap());
                assert_eq!(
                    located.ids,
                    expected.cloned().collect::<Vec<_>>(),
                    "{filter:?} {page:?}"
                );
                assert_eq!(located.total, Some(10));
            }
        }
    });
}

#[test]
fn digests_and_short_identifiers_find_their_objects() {
    each_store(|store| {
        let digest = |byte| {
            Attribute::Digest(kmip::attribute::Digest {
                hashing_algorithm: kmip::HashingAlgorithm::SHA256,
                digest_value: Some(kmip::ttlv::Bytes(vec![byte; 32])),
                key_format_type: None,
            })
        };
        let short = |byte| Attribute::ShortUniqueIdentifier(kmip::ttlv::Bytes(vec![byte; 16]));
        let long = "abababab-abab-abab-abab-abababababab";
        for (id, own_digest, own_short) in [(long, 1, 0xAB), ("foreign", 1, 5), ("third", 2, 6)] {
            let mut record = key(id);
            record.id = ObjectId(id.to_owned());
            record.attributes.digest = kmip::attribute::Many::default();
            record.attributes.add(digest(own_digest)).unwrap();
            record.attributes.add(short(own_short)).unwrap();
            insert(store, &record).unwrap();
        }
        let found = |asked| {
            let filter = with(asked);
            let located = store
                .begin()
                .locate(&filter, &scope(), Page::default(), NOW);
            let ids = located.unwrap().ids;
            ids.into_iter().map(|id| id.0).collect::<Vec<_>>()
        };
        assert_eq!(found(vec![digest(1)]), ["foreign", long]);
        assert_eq!(found(vec![digest(2)]), ["third"]);
        assert_eq!(found(vec![digest(1), short(0xAB)]), [long]);
        assert_eq!(found(vec![digest(2), short(0xAB)]), [""; 0]);
        assert_eq!(found(vec![short(0xAB)]), [long]);
        assert_eq!(found(vec![short(5)]), ["foreign"]);

        change(store, &ObjectId("foreign".to_owned()), |record| {
            record.attributes.digest = kmip::attribute::Many::default();
            record.attributes.add(digest(2)).unwrap();
        })
        .unwrap();
        assert_eq!(found(vec![digest(1)]), [long]);
        assert_eq!(found(vec![digest(2)]), ["third", "foreign"]);
    });
}

#[test]
fn a_page_that_nobody_counts_is_the_same_page() {
    each_store(|store| {
        let mut transaction = store.begin();
        for n in 0..700 {
            transaction.insert(key(&format!("k{n}"))).unwrap();
        }
        transaction.commit().unwrap();
        let by_date = with(vec![Attribute::InitialDate(NOW)]);
        for (offset, items_max) in [(0, 10), (5, 16), (3, 300), (690, 20), (700, 5), (0, 0)] {
            let locate = |is_counted| {
                let page = Page {
                    offset,
                    items_max: Some(items_max),
                    is_counted,
                };
                let mut transaction = store.begin();
                transaction.locate(&by_date, &scope(), page, NOW).unwrap()
            };
            let located = locate(false);
            assert_eq!(located.ids, locate(true).ids, "{offset} {items_max}");
            assert_eq!(
                located.ids.len() as u64,
                items_max.min(700_u64.saturating_sub(offset))
            );
            assert!(located.total.is_none_or(|total| total == 700));
        }
    });
}

#[test]
fn what_few_of_many_have_is_found_whichever_condition_tells_them_apart() {
    each_store(|store| {
        let mut transaction = store.begin();
        for n in 0..3_000_u32 {
            let mut record = key(&format!("k{n}"));
            let own = &mut record.attributes;
            // Of the oldest, so that a walk from the newest would see most of the others first.
            own.object_group
                .push(if n < 600 { "old" } else { "new" }.to_owned());
            own.contact_information = Some(if n % 300 == 7 { "few" } else { "many" }.to_owned());
            own.sensitive = Some(n < 400);
            transaction.insert(record).unwrap();
        }
        transaction.commit().unwrap();
        let date = || Attribute::InitialDate(NOW);
        let old = || Attribute::ObjectGroup("old".to_owned());
        let many = || Attribute::ContactInformation("many".to_owned());
        let few = || Attribute::ContactInformation("few".to_owned());
        let sensitive = || Attribute::Sensitive(true);
        for (asked, count) in [
            (vec![date(), old()], 600),
            (vec![date(), many(), old()], 598),
            (vec![date(), sensitive()], 400),
            (vec![date(), many(), sensitive()], 398),
            (vec![old(), few(), date()], 2),
            (vec![few(), many()], 0),
        ] {
            let located = locate(store, &with(asked.clone()));
            assert_eq!(located.total, Some(count), "{asked:?}");
            let page = Page {
                offset: 1,
                items_max: Some(3),
                is_counted: false,
            };
            let mut transaction = store.begin();
            let paged = transaction
                .locate(&with(asked), &scope(), page, NOW)
                .unwrap();
            let expected: Vec<_> = located.ids.iter().skip(1).take(3).cloned().collect();
            assert_eq!(paged.ids, expected);
        }
    });
}

#[test]
fn only_the_scope_is_searched() {
    each_store(|store| {
        let mut others = key("k");
        others.vault = "other".to_owned();
        let mut bobs = key("b");
        bobs.owner = "bob".to_owned();
        let own = key("k");
        for record in [&others, &bobs, &own] {
            insert(store, record).unwrap();
        }
        let find = |filter: &Filter, vault: &str, owner: Option<&str>| {
            let scope = Scope {
                vault: vault.to_owned(),
                owner: owner.map(str::to_owned),
            };
            store
                .begin()
                .locate(filter, &scope, Page::default(), NOW)
                .unwrap()
                .ids
        };
        let all = with(vec![]);
        assert_eq!(find(&all, "default", None), [own.id, bobs.id.clone()]);
        assert_eq!(find(&all, "default", Some("bob")), [bobs.id]);
        assert_eq!(find(&all, "other", None), [others.id.clone()]);
        assert_eq!(find(&all, "none", None), []);
        let by_id = with(vec![Attribute::UniqueIdentifier(
            others.id.0.clone().into(),
        )]);
        assert_eq!(find(&by_id, "default", None), []);
        assert_eq!(find(&by_id, "other", None), [others.id]);
        let by_name = with(vec![Attribute::Name(Name::text("b"))]);
        assert_eq!(find(&by_name, "default", Some("alice")), []);
    });
}

#[test]
fn dates_act_by_themselves() {
    each_store(|store| {
        let mut record = key("k");
        record.attributes.state = Some(State::PreActive);
        record.attributes.activation_date = Some(Timestamp(100));
        record.attributes.deactivation_date = Some(Timestamp(200));
        insert(store, &record).unwrap();
        let state = |state| with(vec![Attribute::State(state)]);
        for (now, expected) in [
            (99, State::PreActive),
            (100, State::Active),
            (199, State::Active),
            (200, State::Deactivated),
        ] {
            for asked in [State::PreActive, State::Active, State::Deactivated] {
                assert_eq!(
                    at(store, &state(asked), now),
                    u64::from(asked == expected),
                    "{now}"
                );
            }
        }
    });
}

#[test]
fn destroyed_objects_are_found_only_when_asked_for() {
    each_store(|store| {
        let record = key("k");
        insert(store, &record).unwrap();
        change(store, &record.id, |record| {
            record.attributes.state = Some(State::Destroyed);
            record.custody = Custody::Doomed {
                backend: "soft".to_owned(),
                key: vec![1],
            };
        })
        .unwrap();
        let successor = key("k");
        insert(store, &successor).unwrap();
        let by_name = with(vec![Attribute::Name(Name::text("k"))]);
        assert_eq!(locate(store, &by_name).ids, from_ref(&successor.id));
        let destroyed = with(vec![Attribute::State(State::Destroyed)]);
        assert_eq!(locate(store, &destroyed).ids, from_ref(&record.id));
        let masked = |bits, attributes| Filter {
            storage_status: Some(StorageStatusMask(bits)),
            attributes,
            ..Filter::default()
        };
        assert_eq!(locate(store, &masked(4, vec![])).ids, from_ref(&record.id));
        assert_eq!(
            locate(store, &masked(5, by_name.attributes)).ids,
            [successor.id, record.id]
        );
        assert_eq!(locate(store, &masked(2, vec![])).ids, []);
        assert_eq!(locate(store, &masked(0, vec![])).ids, []);
    });
}

#[test]
fn contradictions_find_nothing() {
    each_store(|store| {
        insert(store, &key("k")).unwrap();
        let types = [ObjectType::SymmetricKey, ObjectType::PublicKey].map(Attribute::ObjectType);
        assert_eq!(at(store, &with(types.to_vec()), NOW.0), 0);
        assert_eq!(
            at(store, &with(vec![Attribute::InitialDate(NOW); 3]), NOW.0),
            0
        );
        let nowhere = Attribute::UniqueIdentifier(kmip::attribute::UniqueIdentifier::Integer(0));
        assert_eq!(at(store, &with(vec![nowhere]), NOW.0), 0);
    });
}

#[test]
fn a_filter_as_long_as_a_message_is_answered() {
    each_store(|store| {
        let mut record = key("k");
        for n in 0..2_000 {
            record.attributes.object_group.push(format!("group {n}"));
        }
        insert(store, &record).unwrap();
        insert(store, &key("other")).unwrap();
        let groups = record.attributes.object_group.iter();
        let mut asked: Vec<_> = groups.cloned().map(Attribute::ObjectGroup).collect();
        assert_eq!(at(store, &with(asked.clone()), NOW.0), 1);
        asked.push(Attribute::ObjectGroup("another".to_owned()));
        assert_eq!(at(store, &with(asked), NOW.0), 0);
    });
}

#[test]
fn members_of_a_group_are_fresh_or_not() {
    each_store(|store| {
        let member = |name: &str, fresh| {
            let mut record = key(name);
            record.attributes.object_group.push("pool".to_owned());
            record.attributes.fresh = fresh;
            insert(store, &record).unwrap();
            record.id
        };
        let (fresh, used) = (member("fresh", Some(true)), member("used", Some(false)));
        insert(store, &key("of no group")).unwrap();
        let find = |which, group: &str| {
            let filter = Filter {
                object_group_member: Some(which),
                ..with(vec![Attribute::ObjectGroup(group.to_owned())])
            };
            locate(store, &filter).ids
        };
        let one = [fresh.clone()];
        assert_eq!(find(ObjectGroupMember::GroupMemberFresh, "pool"), one);
        let both = [used, fresh];
        assert_eq!(find(ObjectGroupMember::GroupMemberDefault, "pool"), both);
        assert_eq!(find(ObjectGroupMember::GroupMemberFresh, "other"), []);
    });
}

#[test]
fn a_date_given_twice_is_a_range() {
    each_store(|store| {
        for day in 1..=5 {
            let mut record = key(&format!("k{day}"));
            record.attributes.initial_date = Some(Timestamp(day));
            insert(store, &record).unwrap();
        }
        let found = |dates: &[i64]| {
            let dates = dates
                .iter()
                .map(|date| Attribute::InitialDate(Timestamp(*date)));
            at(store, &with(dates.collect()), NOW.0)
        };
        assert_eq!(found(&[3]), 1);
        assert_eq!(found(&[2, 4]), 3);
        assert_eq!(found(&[4, 2]), 3);
        assert_eq!(found(&[0, 9]), 5);
        assert_eq!(found(&[6]), 0);
    });
}
