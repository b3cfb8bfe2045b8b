//! Keys made, taken over and destroyed: in every member, or in none.

use hsm::{Base, Derived, Deriving, Error, Hsm, Target};
use kmip::{
    Secret,
    mechanism::{Curve, Derivation, Hash, KeySpec},
};

use super::{HMAC, World, flaky::Fault, is_unavailable, mac, terms};

#[test]
fn every_member_has_the_same_key() {
    let world = World::new(3);
    for exportable in [false, true] {
        let key = world.generate(HMAC, exportable);
        let whole = mac(&world.group, &key).unwrap();
        // With the others away each of them answers alone.
        for alone in 0..3 {
            for (place, own) in world.members.iter().enumerate() {
                own.set(if place == alone {
                    Fault::None
                } else {
                    Fault::Away
                });
            }
            assert_eq!(mac(&world.group, &key).unwrap(), whole);
            for own in &world.members {
                own.set(Fault::None);
            }
            world.heals();
        }
    }
    assert_eq!(world.keys(), [2, 2, 2]);
}

#[test]
fn what_one_member_does_not_take_is_in_none() {
    let world = World::new(3);
    let base = world.generate(HMAC, true);
    let material = world.group.export(&base).unwrap();
    for full in 0..3 {
        world.members[full].set(Fault::Full);
        // Whoever has its turn begins.
        for _ in 0..3 {
            for exportable in [false, true] {
                let terms = terms(exportable);
                let made = world.group.generate(HMAC, &terms);
                assert!(matches!(made, Err(Error::Failed(_))), "{made:?}");
                let made = world.group.generate(KeySpec::Ec(Curve::P256), &terms);
                assert!(matches!(made, Err(Error::Failed(_))), "{made:?}");
                let made = world.group.import(&material, &terms);
                assert!(matches!(made, Err(Error::Failed(_))), "{made:?}");
            }
        }
        world.members[full].set(Fault::None);
        assert_eq!(world.keys(), [1, 1, 1]);
    }
    assert!(world.told().is_empty());
}

#[test]
fn nothing_is_made_while_a_member_is_out() {
    let world = World::new(2);
    let key = world.generate(HMAC, true);
    let material = world.group.export(&key).unwrap();
    world.members[1].set(Fault::Away);
    while world.is_whole() {
        mac(&world.group, &key).unwrap();
    }
    let terms = terms(false);
    assert!(is_unavailable(&world.group.generate(HMAC, &terms)));
    assert!(is_unavailable(&world.group.import(&material, &terms)));
    let plain = Secret::from(&b"data"[..]);
    assert!(is_unavailable(&world.group.seal(&plain, b"label")));
    assert_eq!(world.keys(), [1, 1]);
    // What is there is served.
    mac(&world.group, &key).unwrap();
    let why = world.group.generate(HMAC, &terms).unwrap_err().to_string();
    assert!(
        why.contains("middle is left out") && why.contains("it is away"),
        "{why}"
    );
}

#[test]
fn a_deletion_is_owed_until_every_member_has_made_it() {
    let world = World::new(2);
    let key = world.generate(HMAC, false);
    world.members[1].set(Fault::Away);
    assert!(is_unavailable(&world.group.destroy(&key)));
    assert!(is_unavailable(&world.group.is_whole()));
    assert_eq!(world.group.health(), Ok(()));
    world.members[1].set(Fault::None);
    world.heals();
    assert_eq!(world.group.is_whole(), Ok(()));
    assert_eq!(world.group.destroy(&key), Ok(()));
}

#[test]
fn what_is_derived_is_the_same_everywhere() {
    let world = World::new(2);
    let base = world.generate(HMAC, false);
    let derivation = Derivation::Hkdf(Hash::Sha256);
    let how = Deriving {
        mechanism: &derivation,
        data: b"info",
        iv: None,
        salt: b"salt",
        keys: &[],
        block: None,
        skipped_bytes: 0,
        peer: None,
    };
    let terms = terms(false);
    let target = Target::Key {
        spec: HMAC,
        terms: &terms,
    };
    let Derived::Key(key) = world.group.derive(Base::Key(&base), &how, &target).unwrap() else {
        panic!("no key");
    };
    let macs: Vec<_> = (0..4).map(|_| mac(&world.group, &key).unwrap()).collect();
    assert!(macs.iter().all(|own| *own == macs[0]));
    assert_eq!(world.keys(), [2, 2]);
    let target = Target::Data {
        bytes: 16,
        prefix: b"",
        label: b"label",
    };
    let Derived::Data(sealed) = world.group.derive(Base::Key(&base), &how, &target).unwrap() else {
        panic!("no data");
    };
    let opened: Vec<_> = (0..4)
        .map(|_| world.group.open(&sealed, b"label").unwrap())
        .collect();
    assert!(opened.iter().all(|own| *own == opened[0]));
    world.members[0].set(Fault::Full);
    let target = Target::Key {
        spec: HMAC,
        terms: &terms,
    };
    let before = world.keys();
    assert!(world.group.derive(Base::Key(&base), &how, &target).is_err());
    assert_eq!(world.keys(), before);
}
