//! Data at rest opens under its own label only, and no altered byte of it or of a key's reference goes unnoticed.

use hsm::{Error, KeyRef, Sealed};
use kmip::{
    Secret,
    mechanism::{Cipher, Curve, Hash, KeySpec, Mac, Signing},
};

use crate::{backends, generate, makes, terms};

#[test]
fn sealed_data_comes_back_under_its_label_only() {
    for (name, hsm) in backends() {
        for length in [0, 1, 32, 5000] {
            let plain = Secret::new(vec![0x42; length]);
            let sealed = hsm.seal(&plain, b"object 1").unwrap();
            assert!(hsm.open(&sealed, b"object 1").unwrap() == plain, "{name}");
            if length >= 32 {
                assert!(!sealed.0.windows(16).any(|window| window == [0x42; 16]));
            }
            for label in [&b"object 2"[..], b"", b"object 1 ", b"object"] {
                assert_eq!(
                    hsm.open(&sealed, label).err(),
                    Some(Error::Corrupt),
                    "{name}"
                );
            }
            assert_ne!(hsm.seal(&plain, b"object 1").unwrap(), sealed);
        }
    }
}

#[test]
fn every_altered_bit_of_sealed_data_is_noticed() {
    for (name, hsm) in backends() {
        let sealed = hsm.seal(&Secret::new(vec![1; 40]), b"label").unwrap();
        for place in 0..sealed.0.len() {
            for bit in 0..8 {
                let mut bad = sealed.clone();
                bad.0[place] ^= 1 << bit;
                assert_eq!(
                    hsm.open(&bad, b"label").err(),
                    Some(Error::Corrupt),
                    "{name} {place}"
                );
            }
            let cut = Sealed(sealed.0[..place].to_vec());
            assert_eq!(
                hsm.open(&cut, b"label").err(),
                Some(Error::Corrupt),
                "{name} {place}"
            );
        }
        let longer = Sealed([&sealed.0[..], &[0]].concat());
        assert_eq!(hsm.open(&longer, b"label").err(), Some(Error::Corrupt));
    }
}

#[test]
fn one_backend_opens_nothing_of_another() {
    let [(_, one), (_, two), ..] = backends() else {
        panic!("two backends at least");
    };
    let sealed = one.seal(&Secret::new(vec![1; 40]), b"label").unwrap();
    assert_eq!(two.open(&sealed, b"label").err(), Some(Error::Corrupt));
    let (key, _) = generate(one.as_ref(), KeySpec::Aes { bits: 256 });
    let refusal = two.mac(&key, Mac::Hmac(Hash::Sha256), b"message").err();
    assert!(
        matches!(refusal, Some(Error::Corrupt | Error::KeyNotFound)),
        "{refusal:?}"
    );
}

#[test]
fn every_altered_byte_of_a_reference_is_noticed() {
    for (name, hsm) in backends() {
        for spec in [
            KeySpec::Aes { bits: 256 },
            KeySpec::Ec(Curve::P256),
            KeySpec::Rsa { bits: 2048 },
        ] {
            if !makes(hsm.as_ref(), spec) {
                continue;
            }
            let (key, _) = generate(hsm.as_ref(), spec);
            let is_used = |key: &KeyRef| is_used(hsm.as_ref(), spec, key);
            assert_eq!(is_used(&key), Ok(()), "{name} {spec:?}");
            for place in 0..key.0.len() {
                for flip in [1, 0x80, 0xff] {
                    let mut bad = key.clone();
                    bad.0[place] ^= flip;
                    let refusal = is_used(&bad);
                    assert!(
                        matches!(refusal, Err(Error::Corrupt | Error::KeyNotFound)),
                        "{name} {spec:?} {place}: {refusal:?}"
                    );
                    assert!(hsm.export(&bad).is_err());
                }
                assert!(is_used(&KeyRef(key.0[..place].to_vec())).is_err());
            }
            assert!(is_used(&KeyRef([&key.0[..], &[0]].concat())).is_err());
            assert_eq!(is_used(&key), Ok(()), "{name} {spec:?}");
        }
    }
}

fn is_used(hsm: &dyn hsm::Hsm, spec: KeySpec, key: &KeyRef) -> hsm::Result<()> {
    let message = hsm::Input::Message(b"message");
    match spec {
        KeySpec::Rsa { .. } => hsm
            .sign(key, Signing::RsaPkcs1(Some(Hash::Sha256)), message)
            .map(drop),
        KeySpec::Ec(_) => hsm
            .sign(key, Signing::Ecdsa(Some(Hash::Sha256)), message)
            .map(drop),
        _ => {
            let input = hsm::Encryption {
                iv: None,
                associated: &[],
                plain: b"plain",
            };
            hsm.encrypt(key, &Cipher::AesGcm { tag_bytes: 16 }, input)
                .map(drop)
        }
    }
}

#[test]
fn an_identifier_of_any_length_is_bound_or_refused() {
    for (name, hsm) in backends() {
        for length in [0, 1, 64, 255, 256, 5000] {
            let mut terms = terms(false);
            terms.id = vec![1; length];
            let made = hsm.generate(KeySpec::Aes { bits: 256 }, &terms);
            assert!(
                matches!(made, Ok(_) | Err(Error::BadInput(_))),
                "{name} {length}: {made:?}"
            );
        }
    }
}
