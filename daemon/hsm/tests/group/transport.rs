//! Keys that come wrapped for a pair of the group: into every member, or into none.

use hsm::{
    CustodyMode, Error, Generated, Hsm, Result, TRANSPORT, Terms, Transport, Wrapped,
    group::Standing,
};
use kmip::mechanism::{Curve, KeySpec};

use super::{
    HMAC, World,
    flaky::{Fault, Flaky},
    is_unavailable, mac,
    mending::{compare, replaced},
    terms,
};

const P256: KeySpec = KeySpec::Ec(Curve::P256);

fn wrapped_terms() -> Terms {
    Terms {
        custody: CustodyMode::Wrapped,
        ..terms(false)
    }
}

fn transport(world: &World) -> Result<Transport> {
    world.group.transport(TRANSPORT, &wrapped_terms())
}

/// A key of somebody else's, sent to a group.
fn send(world: &World, transport: &Transport, spec: KeySpec) -> Result<Generated> {
    let elsewhere = Flaky::new();
    let key = elsewhere.generate(spec, &terms(false)).unwrap().key;
    let parcel = elsewhere.wrap_for(&key, &transport.public, &transport.hashes);
    let parcel = parcel.unwrap();
    // Its public half is for the group to find out.
    let wrapped = Wrapped {
        public: &[],
        ..parcel.wrapped(spec)
    };
    world.group.unwrap(&transport.key, &wrapped, &terms(false))
}

#[test]
fn the_pair_is_in_every_member_and_what_comes_for_it_too() {
    let world = World::new(3);
    let pair = transport(&world).unwrap();
    assert!(!pair.hashes.is_empty());
    assert_eq!(compare(&world, &pair.key), [const { Standing::Same }; 3]);
    assert_eq!(world.keys(), [1, 1, 1], "nothing stays of the trials");
    for spec in [HMAC, P256] {
        let came = send(&world, &pair, spec).unwrap();
        assert_eq!(came.public.is_some(), spec.is_asymmetric());
        assert_eq!(compare(&world, &came.key), [const { Standing::Same }; 3]);
        assert_eq!(
            world.group.export(&came.key).err(),
            Some(Error::NotExportable)
        );
    }
    assert_eq!(world.keys(), [3, 3, 3]);
    world.group.destroy(&pair.key).unwrap();
    assert_eq!(world.keys(), [2, 2, 2]);
}

#[test]
fn a_pair_that_one_member_does_not_take_is_in_none() {
    let world = World::new(3);
    for full in 0..3 {
        world.members[full].set(Fault::Full);
        // Whoever has its turn begins.
        for _ in 0..3 {
            let made = transport(&world);
            assert!(matches!(made, Err(Error::Failed(_))), "{made:?}");
        }
        world.members[full].set(Fault::None);
        assert_eq!(world.keys(), [0, 0, 0]);
    }
    for weak in [KeySpec::Rsa { bits: 1024 }, P256] {
        let refused = world.group.transport(weak, &wrapped_terms());
        assert!(matches!(refused, Err(Error::BadKey(_))), "{refused:?}");
    }
    let pair = transport(&world).unwrap();
    world.members[2].set(Fault::Full);
    assert!(send(&world, &pair, HMAC).is_err());
    assert_eq!(world.keys(), [1, 1, 1]);
}

#[test]
fn nothing_arrives_while_a_member_is_out() {
    let world = World::new(2);
    let pair = transport(&world).unwrap();
    world.members[1].set(Fault::Away);
    assert!(is_unavailable(&send(&world, &pair, HMAC)));
    assert!(is_unavailable(&transport(&world)));
    assert_eq!(world.keys(), [1, 1]);
}

#[test]
fn a_member_that_lacks_the_pair_is_given_it() {
    let world = World::new(2);
    let pair = transport(&world).unwrap();
    for place in 0..2 {
        let world = replaced(&world, place);
        // The other unwraps meanwhile.
        let came = send(&world, &pair, HMAC).unwrap();
        mac(&world.group, &came.key).unwrap();
        let standings = compare(&world, &pair.key);
        assert_eq!(standings[place], Standing::Lacking);
        let mended = world
            .group
            .mend_key(&pair.key, 1 - place, &[place], TRANSPORT, &terms(false))
            .unwrap();
        assert_eq!(compare(&world, &mended), [const { Standing::Same }; 2]);
        let mended = Transport {
            key: mended,
            ..pair.clone()
        };
        // It unwraps alone.
        let world = replaced(&world, 1 - place);
        send(&world, &mended, P256).unwrap();
    }
}

#[test]
fn a_pair_for_a_journey_is_in_one_member() {
    let world = World::new(2);
    let pair = world.group.transport(TRANSPORT, &terms(false)).unwrap();
    let lacking = compare(&world, &pair.key).into_iter();
    assert_eq!(lacking.filter(|own| *own == Standing::Lacking).count(), 1);
    let came = send(&world, &pair, HMAC).unwrap();
    assert_eq!(compare(&world, &came.key), [const { Standing::Same }; 2]);
}
