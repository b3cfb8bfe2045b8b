//! The rotations that the appliance does by itself, and how it rests after those that fail.

use keyhold::rotation::Rotations;
use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask as Mask, LinkType,
    attribute::{Attribute, Name, UniqueIdentifier},
    payload::constraint::{Constraint, Constraints, SetConstraints, SetConstraintsRequest},
    ttlv::{Interval, Timestamp},
};

use crate::{
    fixture::{Fixture, NOON},
    rekey::{attributes, linked, named, pair, rekey},
};

fn rotating(interval: u32) -> [Attribute; 2] {
    [
        Attribute::RotateAutomatic(true),
        Attribute::RotateInterval(Interval(interval)),
    ]
}

fn after(fixture: &Fixture, seconds: i64) {
    let now = Timestamp(NOON.0 + seconds);
    fixture.clock.advance_to(now);
    Rotations::default().run(&fixture.service, now);
}

#[test]
fn keys_are_rotated_when_they_are_due() {
    let mut fixture = Fixture::new();
    fixture.as_client(2);
    let id = fixture.aes_key(rotating(100).into_iter().chain([named("kek")]));
    after(&fixture, 99);
    assert!(
        linked(
            &attributes(&mut fixture, &id),
            LinkType::ReplacementObjectLink
        )
        .is_none()
    );
    after(&fixture, 100);
    after(&fixture, 101);
    let old = attributes(&mut fixture, &id);
    assert_eq!(old.rotate_latest, Some(false));
    let Some(UniqueIdentifier::Text(new)) = linked(&old, LinkType::ReplacementObjectLink) else {
        panic!("it was not rotated")
    };
    let first = attributes(&mut fixture, &new);
    assert_eq!(
        (first.rotate_generation, first.rotate_latest),
        (Some(1), Some(true))
    );
    assert_eq!(first.rotate_date, Some(Timestamp(NOON.0 + 100)));
    assert_eq!(first.name.first(), Some(&Name::text("kek")));
    after(&fixture, 200);
    let second = attributes(&mut fixture, &new);
    assert_eq!(second.rotate_latest, Some(false));
    let events = fixture.trail.events.lock().unwrap();
    let rotations = events.iter().filter(|(name, _, _)| name == "ReKey");
    assert_eq!(rotations.count(), 2);
}

#[test]
fn pairs_are_rotated_and_idle_keys_are_not() {
    let mut fixture = Fixture::new();
    let (private, public) = pair(&mut fixture, rotating(100));
    let never_active = fixture
        .create(
            [
                Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
                Attribute::CryptographicUsageMask(Mask::Encrypt),
            ]
            .into_iter()
            .chain(rotating(100))
            .collect(),
        )
        .unwrap();
    after(&fixture, 1_000);
    for id in [private, public] {
        assert_eq!(attributes(&mut fixture, &id).rotate_latest, Some(false));
    }
    assert_eq!(attributes(&mut fixture, &never_active).rotate_latest, None);
}

/// Constraints that no key of 256 bits meets, or none.
fn constrain(fixture: &mut Fixture, constrained: bool) {
    let constraint = Constraint {
        attributes: [Attribute::CryptographicLength(192)].into_iter().collect(),
        ..Constraint::default()
    };
    let request = SetConstraintsRequest {
        constraints: constrained.then(|| Constraints {
            constraint: vec![constraint],
        }),
    };
    fixture.call::<SetConstraints>(&request).unwrap();
}

#[test]
fn what_fails_to_rotate_rests_longer_each_time() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key(rotating(100));
    let other = fixture.aes_key(rotating(5_000));
    constrain(&mut fixture, true);
    let rotations = Rotations::default();
    let tries = |fixture: &Fixture| {
        let events = fixture.trail.events.lock().unwrap();
        events.iter().filter(|(name, _, _)| name == "ReKey").count()
    };
    // A round each second of the first quarter of an hour: without rests that were 900 tries.
    let mut at = Vec::new();
    for second in 100..1_000 {
        let before = tries(&fixture);
        fixture.clock.advance_to(Timestamp(NOON.0 + second));
        rotations.run(&fixture.service, Timestamp(NOON.0 + second));
        if tries(&fixture) > before {
            at.push(second);
        }
    }
    assert_eq!(rotations.failing(), 1);
    let rests: Vec<_> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(at.first(), Some(&100));
    assert!((3..=5).contains(&rests.len()), "{rests:?}");
    for (times, rest) in rests.iter().enumerate() {
        let whole = 60 << times;
        assert!((whole * 3 / 4..=whole * 5 / 4).contains(rest), "{rests:?}");
    }
    // Others are rotated meanwhile, and it is itself once nothing is in the way.
    constrain(&mut fixture, false);
    fixture.clock.advance_to(Timestamp(NOON.0 + 5_000));
    rotations.run(&fixture.service, Timestamp(NOON.0 + 5_000));
    for id in [&id, &other] {
        assert_eq!(attributes(&mut fixture, id).rotate_latest, Some(false));
    }
    assert_eq!(rotations.failing(), 0);
}

#[test]
fn a_key_that_is_not_due_any_more_is_forgotten() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key(rotating(100));
    constrain(&mut fixture, true);
    let rotations = Rotations::default();
    fixture.clock.advance_to(Timestamp(NOON.0 + 100));
    rotations.run(&fixture.service, Timestamp(NOON.0 + 100));
    assert_eq!(rotations.failing(), 1);
    constrain(&mut fixture, false);
    rekey(&mut fixture, &id, None, []).unwrap();
    rotations.run(&fixture.service, Timestamp(NOON.0 + 101));
    assert_eq!(rotations.failing(), 0);
}
