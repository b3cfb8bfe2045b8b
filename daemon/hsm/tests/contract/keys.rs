//! The life of a key: made, taken over, given back only when its terms say so, destroyed.

use hsm::{Error, Input, KeyRef, Material, public};
use kmip::mechanism::{Curve, Hash, KeySpec, Mac, Signing};

use crate::{backends, generate, imports, makes, terms};

const KINDS: &[KeySpec] = &[
    KeySpec::Aes { bits: 256 },
    KeySpec::Hmac {
        hash: Hash::Sha256,
        bits: 256,
    },
    KeySpec::Rsa { bits: 2048 },
    KeySpec::Ec(Curve::P256),
    KeySpec::Ec(Curve::Ed25519),
];

#[test]
fn a_locked_key_is_never_exported() {
    for (name, hsm) in backends() {
        for spec in KINDS.iter().filter(|spec| makes(hsm.as_ref(), **spec)) {
            let (key, _) = generate(hsm.as_ref(), *spec);
            assert_eq!(
                hsm.export(&key).err(),
                Some(Error::NotExportable),
                "{name} {spec:?}"
            );
        }
    }
}

#[test]
fn a_locked_import_is_never_exported_and_an_exportable_key_comes_back_as_it_was() {
    for (name, hsm) in backends() {
        for spec in KINDS.iter().filter(|spec| imports(hsm.as_ref(), **spec)) {
            let made = hsm.generate(*spec, &terms(true)).unwrap();
            let material = hsm.export(&made.key).unwrap();
            assert_eq!(made.digest, material.digest().ok(), "{name} {spec:?}");
            let again = hsm.import(&material, &terms(true)).unwrap();
            assert!(hsm.export(&again).unwrap() == material, "{name} {spec:?}");
            let locked = hsm.import(&material, &terms(false)).unwrap();
            assert_eq!(hsm.export(&locked).err(), Some(Error::NotExportable));
        }
    }
}

#[test]
fn an_exported_pair_belongs_to_the_public_key_that_was_given() {
    for (name, hsm) in backends() {
        for spec in KINDS.iter().filter(|spec| spec.is_asymmetric()) {
            if !makes(hsm.as_ref(), *spec) {
                continue;
            }
            let made = hsm.generate(*spec, &terms(true)).unwrap();
            let public = made.public.unwrap();
            let Material::Private { spec: said, pkcs8 } = hsm.export(&made.key).unwrap() else {
                panic!("{name} {spec:?} exported no private key");
            };
            assert_eq!(said, *spec);
            assert_eq!(hsm::encoding::pkcs8_to_spki(&pkcs8).unwrap(), public);
            assert_eq!(public::spec(&public), Ok(*spec));
        }
    }
}

#[test]
fn two_keys_are_never_the_same() {
    for (name, hsm) in backends() {
        let mac = Mac::Hmac(Hash::Sha256);
        if !hsm.capabilities().mac.contains(&mac) {
            continue;
        }
        let spec = KeySpec::Hmac {
            hash: Hash::Sha256,
            bits: 256,
        };
        let (one, _) = generate(hsm.as_ref(), spec);
        let (two, _) = generate(hsm.as_ref(), spec);
        assert_ne!(one, two);
        let of = |key: &KeyRef| hsm.mac(key, mac, b"message").unwrap();
        assert_eq!(of(&one), of(&one), "{name}");
        assert_ne!(of(&one), of(&two), "{name}");
    }
}

#[test]
fn destroying_is_idempotent_and_knows_no_unknown_key() {
    for (name, hsm) in backends() {
        let (key, _) = generate(hsm.as_ref(), KeySpec::Aes { bits: 256 });
        assert_eq!(hsm.destroy(&key), Ok(()), "{name}");
        assert_eq!(hsm.destroy(&key), Ok(()), "{name}");
        for unknown in [vec![], vec![1], vec![0xff; 400]] {
            assert_eq!(hsm.destroy(&KeyRef(unknown)), Ok(()), "{name}");
        }
    }
}

#[test]
fn a_reference_that_is_none_names_no_key() {
    for (name, hsm) in backends() {
        for unknown in [
            vec![],
            vec![0],
            vec![1],
            vec![1; 7],
            vec![1; 100],
            vec![0xff; 4000],
        ] {
            let key = KeyRef(unknown);
            let signing = Signing::Ecdsa(Some(Hash::Sha256));
            let refusal = hsm.sign(&key, signing, Input::Message(b"message"));
            assert!(
                matches!(refusal, Err(Error::KeyNotFound | Error::Corrupt)),
                "{name}: {refusal:?}"
            );
            let refusal = hsm.export(&key).err();
            assert!(matches!(
                refusal,
                Some(Error::KeyNotFound | Error::Corrupt | Error::NotExportable)
            ));
        }
    }
}

#[test]
fn the_generator_gives_different_bytes() {
    for (name, hsm) in backends() {
        let (mut one, mut two) = ([0; 64], [0; 64]);
        hsm.random(&mut one).unwrap();
        hsm.random(&mut two).unwrap();
        assert_ne!(one, two, "{name}");
        assert!(one.iter().any(|byte| *byte != 0));
        hsm.random(&mut []).unwrap();
        let seeded = hsm.seed(b"something that somebody offers");
        assert!(
            seeded.is_ok() || (hsm.keeps_keys() && seeded == Err(Error::Unsupported)),
            "{name}: {seeded:?}"
        );
        let mut long = vec![0; 100_000];
        hsm.random(&mut long).unwrap();
        let ones: u32 = long.iter().map(|byte| byte.count_ones()).sum();
        assert!(
            (395_000..405_000).contains(&ones),
            "{name}: {ones} of 800,000 bits are set"
        );
        assert_eq!(hsm.health(), Ok(()));
    }
}
