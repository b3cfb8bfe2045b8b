//! What the census tells, with and without time.

use kmip::{ObjectType, State, attribute::Attributes};

use super::*;
use crate::{Custody, ObjectId, Record};

fn record(state: State, activation: i64, deactivation: i64) -> Record {
    Record {
        id: ObjectId("1".to_owned()),
        vault: "v".to_owned(),
        owner: "o".to_owned(),
        object_type: ObjectType::SymmetricKey,
        spec: None,
        attributes: Attributes {
            state: Some(state),
            activation_date: Some(Timestamp(activation)),
            deactivation_date: Some(Timestamp(deactivation)),
            ..Attributes::default()
        },
        custody: Custody::Public(Vec::new()),
        revision: 1,
    }
}

fn put(census: &Census, row: u32, record: &Record) {
    census.put(vec![(row, Standing::of(record))]);
}

/// Looks at what is in a state at a time.
fn in_state<T>(
    census: &Census,
    state: State,
    now: i64,
    look: impl FnOnce(&mut Selection<'_>) -> T,
) -> T {
    let scope = Scope {
        vault: "v".to_owned(),
        owner: None,
    };
    let (state, now) = (Attribute::State(state), Timestamp(now));
    let asked = Asked {
        scope: &scope,
        storage: StorageStatusMask(7),
        wanted: &|facets| has_all(facets, &[&state], now),
    };
    look(&mut census.select(asked, now).unwrap())
}

fn count(census: &Census, state: State, now: i64) -> u64 {
    in_state(census, state, now, |selection| selection.total)
}

/// Active, and of a class of those with the same number.
fn active(class: i32) -> Record {
    let mut record = record(State::Active, 1, 9_000);
    record.attributes.cryptographic_length = Some(class);
    record
}

fn of_active_ones() -> Census {
    let census = Census::default();
    census.loaded(Ok(()));
    (1..=6).for_each(|row| put(&census, row, &active(1)));
    census
}

#[test]
fn dates_act_when_they_come_and_are_taken_back_with_the_clock() {
    let census = Census::default();
    census.loaded(Ok(()));
    put(&census, 1, &record(State::PreActive, 1_000, 2_000));
    put(&census, 2, &record(State::Active, 1, 3_000));
    for (now, pre_active, active, deactivated) in [
        (999, 1, 1, 0),
        (1_000, 0, 2, 0),
        (2_500, 0, 1, 1),
        (9_000, 0, 0, 2),
        (100, 1, 1, 0),
        (2_000, 0, 1, 1),
    ] {
        let counts = [State::PreActive, State::Active, State::Deactivated]
            .map(|state| count(&census, state, now));
        assert_eq!(counts, [pre_active, active, deactivated], "at {now}");
    }
}

#[test]
fn a_class_without_objects_is_forgotten() {
    let census = Census::default();
    census.loaded(Ok(()));
    for length in 1..100 {
        let mut record = record(State::Active, 1, 9_000);
        record.attributes.cryptographic_length = Some(length);
        put(&census, 1, &record);
    }
    let classes = census.read();
    assert_eq!(classes.by_number.len(), 1);
    assert_eq!(classes.numbers.len(), 1);
    assert_eq!(classes.of_vault.get("v").map(Vec::len), Some(1));
    assert_eq!(classes.due.len(), 1);
}

#[test]
fn what_was_loaded_never_hides_what_was_committed() {
    let census = Census::default();
    put(&census, 1, &record(State::Deactivated, 1, 2));
    let stored = Standing::of;
    census.load(vec![
        (1, stored(&record(State::Active, 1, 9_000))),
        (2, stored(&record(State::Active, 1, 9_000))),
    ]);
    census.loaded(Ok(()));
    assert_eq!(count(&census, State::Active, 5), 1);
    assert_eq!(count(&census, State::Deactivated, 5), 1);
}

#[test]
fn a_census_that_could_not_be_made_says_so() {
    let census = Census::default();
    let error = Error::Unavailable("the disk".to_owned());
    census.loaded(Err(error.clone()));
    assert_eq!(census.health(), Err(error));
}

#[test]
fn what_comes_while_a_search_looks_takes_no_place_of_another() {
    let census = of_active_ones();
    in_state(&census, State::Active, 5, |selection| {
        (7..=9).for_each(|row| put(&census, row, &active(2)));
        let all = [9, 8, 7, 6, 5, 4, 3, 2, 1];
        assert_eq!(census.page(selection, Page::default()), (all.to_vec(), 9));
        assert_eq!(census.before(selection, u32::MAX, 100), all);
    });
}

#[test]
fn what_goes_while_a_search_looks_takes_no_other_with_it() {
    let census = of_active_ones();
    in_state(&census, State::Active, 5, |selection| {
        assert_eq!(census.before(selection, u32::MAX, 2), [6, 5]);
        put(&census, 6, &record(State::Deactivated, 1, 2));
        assert_eq!(census.before(selection, 5, 2), [4, 3]);
    });
}

#[test]
fn what_moves_to_a_new_class_while_a_search_looks_is_seen() {
    let census = of_active_ones();
    in_state(&census, State::Active, 5, |selection| {
        (1..=6).for_each(|row| put(&census, row, &active(2)));
        let mut rows = vec![6, 1];
        census.retain(selection, &mut rows);
        assert_eq!(rows, [6, 1]);
        (1..=6).for_each(|row| put(&census, row, &active(3)));
        assert_eq!(census.before(selection, 4, 100), [3, 2, 1]);
        (1..=6).for_each(|row| put(&census, row, &active(4)));
        let page = Page {
            offset: 4,
            ..Page::default()
        };
        assert_eq!(census.page(selection, page), (vec![2, 1], 6));
    });
}
