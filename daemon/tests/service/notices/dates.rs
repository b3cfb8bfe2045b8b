//! What dates do by themselves is told when they come.

use kmip::{
    State, V2_1,
    attribute::{Attribute, AttributeKind},
    payload::notify::NotifyRequest,
    ttlv::Timestamp,
};

use super::{BOTH, Listener, key};
use crate::fixture::{Fixture, NOON, text};

fn at(seconds: i64) -> Timestamp {
    Timestamp(NOON.0 + seconds)
}

/// The time goes on to here, and its job runs.
fn tick(fixture: &Fixture, seconds: i64) {
    fixture.clock.advance_to(at(seconds));
    fixture.service.tell_dates();
}

fn told(listener: &Listener) -> Vec<NotifyRequest> {
    std::iter::from_fn(|| listener.notified()).collect()
}

fn state(told: &NotifyRequest) -> Option<State> {
    told.attributes.iter().find_map(|own| match own {
        Attribute::State(state) => Some(*state),
        _ => None,
    })
}

#[test]
fn states_that_turn_by_a_date_are_told_once() {
    let mut fixture = Fixture::new();
    let listener = Listener::new(&mut fixture, 2, V2_1, BOTH);
    tick(&fixture, 0);
    let id = key(
        &mut fixture,
        [
            Attribute::ActivationDate(at(10)),
            Attribute::DeactivationDate(at(20)),
        ],
    );
    // It ends before it begins to be looked for, and another is another's.
    key(&mut fixture, [Attribute::ActivationDate(at(40))]);
    tick(&fixture, 9);
    assert_eq!(told(&listener).len(), 0);
    tick(&fixture, 10);
    let [activated] = told(&listener).try_into().ok().unwrap();
    assert_eq!(text(&activated.unique_identifier), id);
    assert_eq!(state(&activated), Some(State::Active));
    let date = Attribute::ActivationDate(at(10));
    assert!(activated.attributes.iter().any(|own| *own == date));
    tick(&fixture, 10);
    tick(&fixture, 11);
    assert_eq!(told(&listener).len(), 0, "once");
    // The job was late: nothing is lost.
    tick(&fixture, 35);
    let [ended] = told(&listener).try_into().ok().unwrap();
    assert_eq!(state(&ended), Some(State::Deactivated));
}

#[test]
fn the_dates_within_a_life_are_told() {
    let mut fixture = Fixture::new();
    let listener = Listener::new(&mut fixture, 2, V2_1, BOTH);
    tick(&fixture, 0);
    key(
        &mut fixture,
        [
            Attribute::ActivationDate(at(-1)),
            Attribute::ProcessStartDate(at(5)),
            Attribute::ProtectStopDate(at(7)),
        ],
    );
    tick(&fixture, 4);
    assert_eq!(told(&listener).len(), 0);
    tick(&fixture, 8);
    let kinds: Vec<_> = told(&listener)
        .iter()
        .map(|own| own.attributes.iter().next().unwrap().kind().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            AttributeKind::ProcessStartDate,
            AttributeKind::ProtectStopDate
        ]
    );
}

#[test]
fn what_a_client_did_is_not_told_again() {
    let mut fixture = Fixture::new();
    tick(&fixture, 0);
    let id = fixture.aes_key([]);
    let listener = Listener::new(&mut fixture, 2, V2_1, BOTH);
    fixture.clock.advance_to(at(3));
    super::revoke(&mut fixture, &id);
    assert_eq!(told(&listener).len(), 1);
    tick(&fixture, 3);
    tick(&fixture, 5);
    assert_eq!(told(&listener).len(), 0);
}

#[test]
fn what_came_before_anybody_listened_is_no_news() {
    let mut fixture = Fixture::new();
    tick(&fixture, 0);
    key(&mut fixture, [Attribute::ActivationDate(at(5))]);
    tick(&fixture, 6);
    let listener = Listener::new(&mut fixture, 2, V2_1, BOTH);
    tick(&fixture, 7);
    assert_eq!(told(&listener).len(), 0);
}
