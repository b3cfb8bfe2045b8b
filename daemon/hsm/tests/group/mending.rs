//! Members that lack something, or have something else: told, and mended from one that has it.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use hsm::{Hsm, KeyRef, group::Standing};
use kmip::{
    CryptographicUsageMask as Usage, Secret,
    mechanism::{Curve, KeySpec},
};

use super::{
    HMAC, World,
    flaky::{Fault, Flaky},
    mac, terms,
};

const CHALLENGE: [u8; 16] = [7; 16];

/// One kind of key for each way of answering.
const KINDS: [KeySpec; 8] = [
    HMAC,
    KeySpec::Aes { bits: 128 },
    KeySpec::Aes { bits: 512 },
    KeySpec::TripleDes { bits: 168 },
    KeySpec::ChaCha20,
    KeySpec::ChaCha20Poly1305,
    KeySpec::Rsa { bits: 2048 },
    KeySpec::Ec(Curve::P256),
];

/// The same group with an empty HSM in the place of a member.
pub(crate) fn replaced(world: &World, place: usize) -> World {
    let mut members = world.members.clone();
    members[place] = Arc::new(Flaky::new());
    World::with(&members)
}

pub(crate) fn compare(world: &World, key: &KeyRef) -> Vec<Standing> {
    world
        .group
        .compare_key(key, (None, Usage(0)), &CHALLENGE)
        .unwrap()
}

#[test]
fn what_a_new_member_lacks_is_copied_to_it() {
    use Standing::{Lacking, Same};
    let world = World::new(2);
    let sealed = world.group.seal(&Secret::from(&b"data"[..]), b"label");
    let sealed = sealed.unwrap();
    let mut keys = Vec::new();
    for exportable in [false, true] {
        for spec in KINDS {
            let key = world.generate(spec, exportable);
            assert_eq!(compare(&world, &key), [Same, Same], "{spec:?}");
            keys.push((spec, exportable, key));
        }
    }
    let world = replaced(&world, 1);
    for (spec, exportable, key) in &keys {
        assert_eq!(compare(&world, key), [Same, Lacking], "{spec:?}");
        let terms = terms(!exportable);
        let mended = world.group.mend_key(key, 0, &[1], *spec, &terms).unwrap();
        assert_eq!(compare(&world, &mended), [Same, Same], "{spec:?}");
        // Whether it may leave is not the copier's to say.
        assert_eq!(world.group.export(&mended).is_ok(), *exportable);
    }
    let standings = world.group.compare_sealed(&sealed, b"label").unwrap();
    assert_eq!(standings, [Same, Lacking]);
    let mended = world.group.mend_sealed(&sealed, 0, &[1], b"label").unwrap();
    let standings = world.group.compare_sealed(&mended, b"label").unwrap();
    assert_eq!(standings, [Same, Same]);
    // Until it is mended the other serves, and it is said once.
    for _ in 0..4 {
        mac(&world.group, &keys[0].2).unwrap();
        world.group.open(&sealed, b"label").unwrap();
    }
    assert_eq!(world.told(), ["middle lacks a key"]);
}

/// Bytes of one reference in the place of another's: both are keys of their member, and not the same.
#[test]
fn a_member_with_another_key_is_told_by_the_majority() {
    use Standing::{Other, Same};
    for spec in KINDS {
        let world = World::new(3);
        let (one, two) = (world.generate(spec, false), world.generate(spec, false));
        let mixed = world.group.mend_key(&one, 0, &[], spec, &terms(false));
        assert_eq!(mixed.unwrap(), one, "nothing was to be mended");
        let mixed = mix(&one, &two);
        assert_eq!(compare(&world, &mixed), [Same, Same, Other], "{spec:?}");
        let mended = world
            .group
            .mend_key(&mixed, 0, &[2], spec, &terms(false))
            .unwrap();
        assert_eq!(compare(&world, &mended), [Same, Same, Same]);
    }
}

#[test]
fn with_two_members_nobody_is_right() {
    use Standing::Other;
    let world = World::new(2);
    let (one, two) = (world.generate(HMAC, false), world.generate(HMAC, false));
    let mixed = mix(&one, &two);
    assert_eq!(compare(&world, &mixed), [Other, Other]);
    let mended = world.group.mend_key(&mixed, 1, &[0], HMAC, &terms(false));
    let mended = mended.unwrap();
    let whole = mac(&world.group, &two).unwrap();
    for _ in 0..4 {
        assert_eq!(mac(&world.group, &mended).unwrap(), whole);
    }
}

#[test]
fn who_is_away_is_not_taken_for_empty() {
    let world = World::new(2);
    let key = world.generate(HMAC, false);
    world.members[0].set(Fault::Away);
    let standings = compare(&world, &key);
    assert!(matches!(standings[0], Standing::Away(_)), "{standings:?}");
    assert_eq!(standings[1], Standing::Same);
    assert!(
        world
            .group
            .mend_key(&key, 1, &[0], HMAC, &terms(false))
            .is_err()
    );
}

/// The last member's part of a second reference in the place of that in a first.
fn mix(one: &KeyRef, two: &KeyRef) -> KeyRef {
    let last = |bytes: &[u8]| {
        // Behind the magic number, the flags and the count: each a name behind its length, and a reference behind its own.
        let (mut place, mut last) = (3, 3);
        while place < bytes.len() - CHECKSUM_BYTES {
            last = place + 1 + usize::from(bytes[place]);
            let len: [u8; 4] = bytes[last..last + 4].try_into().unwrap();
            place = last + 4 + usize::try_from(u32::from_be_bytes(len)).unwrap();
        }
        last
    };
    let mut bytes = one.0[..last(&one.0)].to_vec();
    bytes.extend(&two.0[last(&two.0)..two.0.len() - CHECKSUM_BYTES]);
    let checksum = digest(&SHA256, &bytes);
    bytes.extend(&checksum.as_ref()[..CHECKSUM_BYTES]);
    KeyRef(bytes)
}

const CHECKSUM_BYTES: usize = 8;
