//! Oracles: what errors, lengths and short outputs tell of keys and plaintexts.

use std::collections::BTreeSet;

use cryptoki_sys as ck;
use keyhold_tests::api::{Act, Api, Mechanism, Parameter, Ulong, bytes, flag, number};

use crate::{
    keys::{flags, known, made, pair},
    on_module,
};

/// An RSA pair, of which the public half encrypts.
fn rsa(api: &Api, session: Ulong) -> (Ulong, Ulong) {
    let makes = Mechanism::from(ck::CKM_RSA_PKCS_KEY_PAIR_GEN);
    let public = [
        number(ck::CKA_MODULUS_BITS, 2048),
        flag(ck::CKA_ENCRYPT, true),
    ];
    let private = [flag(ck::CKA_DECRYPT, true)];
    api.generate_pair(session, &makes, &public, &private)
        .unwrap()
}

/// Bleichenbacher's: whether a padding was right must not be told. A wrong one gives bytes like any other, and always the
/// same for the same ciphertext.
#[test]
fn pkcs1_v15_does_not_tell_whether_the_padding_was_right() {
    on_module(|api| {
        let session = api.ready();
        let (public, private) = rsa(api, session);
        let pkcs = Mechanism::from(ck::CKM_RSA_PKCS);
        let decrypt = |cipher: &[u8]| api.once(Act::Decrypt, session, &pkcs, private, cipher);
        let good = api
            .once(Act::Encrypt, session, &pkcs, public, b"plain")
            .unwrap();
        assert_eq!(decrypt(&good).unwrap(), b"plain");
        let mut lengths = BTreeSet::new();
        for at in 0..40 {
            let mut wrong = good.clone();
            wrong[255 - at] ^= 0x55;
            let first = decrypt(&wrong).unwrap_or_else(|rv| panic!("a padding is told: {rv:#x}"));
            assert_ne!(first, b"plain");
            assert_eq!(
                decrypt(&wrong).unwrap(),
                first,
                "an answer of chance tells by changing"
            );
            lengths.insert(first.len());
        }
        assert!(lengths.len() > 5, "the lengths tell: {lengths:?}");
    });
}

/// Vaudenay's needs a key that unwraps by padding; data that is decrypted by its owner has one error for all paddings.
#[test]
fn wrong_padding_of_blocks_is_one_error() {
    on_module(|api| {
        let session = api.ready();
        let uses = flags(&[ck::CKA_ENCRYPT, ck::CKA_DECRYPT]);
        let key = made(api, session, &uses).unwrap();
        let cbc = Mechanism::iv(ck::CKM_AES_CBC, &[0; 16]);
        let pad = Mechanism::iv(ck::CKM_AES_CBC_PAD, &[0; 16]);
        for end in [[0, 0], [1, 17], [2, 3], [9, 0xFF], [3, 2]] {
            let plain = [&[7; 14][..], &end].concat();
            let cipher = api.once(Act::Encrypt, session, &cbc, key, &plain).unwrap();
            let refused = api.once(Act::Decrypt, session, &pad, key, &cipher);
            assert_eq!(refused, Err(ck::CKR_ENCRYPTED_DATA_INVALID), "{end:?}");
        }
    });
}

/// A short tag is forged by trying, and a repeated nonce gives the key of the tag away; in a strict vault nonces are made
/// inside.
#[test]
fn tags_are_long_and_nothing_leaves_before_them() {
    on_module(|api| {
        let session = api.ready();
        let uses = flags(&[ck::CKA_ENCRYPT, ck::CKA_DECRYPT]);
        let key = made(api, session, &uses).unwrap();
        let gcm = |bits| {
            let parameter = Parameter::Gcm(vec![1; 12], vec![], bits);
            Mechanism::new(ck::CKM_AES_GCM, parameter)
        };
        for bits in [0, 1, 8, 32, 64, 95] {
            for act in [Act::Encrypt, Act::Decrypt] {
                let refused = api.init(act, session, &gcm(bits), key);
                assert_eq!(refused, Err(ck::CKR_MECHANISM_PARAM_INVALID), "{bits}");
            }
        }
        let mut cipher = api
            .once(Act::Encrypt, session, &gcm(128), key, &[5; 100])
            .unwrap();
        cipher[115] ^= 1;
        api.init(Act::Decrypt, session, &gcm(128), key).unwrap();
        for part in cipher.chunks(29) {
            let given = api.update(Act::Decrypt, session, part, Some(200));
            assert_eq!(
                (given.rv(), given.length),
                (Ok(()), 0),
                "plaintext before its tag"
            );
        }
        let last = api.last(Act::Decrypt, session, Some(200));
        assert_eq!(last.rv(), Err(ck::CKR_ENCRYPTED_DATA_INVALID));
    });
}

/// Keys brought in are looked at: the numbers of one that is none would tell another, or sign for anybody.
#[test]
fn numbers_that_are_no_keys_are_refused() {
    on_module(|api| {
        let session = api.ready();
        let point = |x: u8| [vec![4], vec![x; 64]].concat();
        for point in [point(0), point(5), point(0xFF)] {
            let template = [
                number(ck::CKA_CLASS, ck::CKO_PUBLIC_KEY),
                number(ck::CKA_KEY_TYPE, ck::CKK_EC),
                bytes(ck::CKA_EC_PARAMS, crate::keys::P256),
                bytes(ck::CKA_EC_POINT, &point),
                flag(ck::CKA_TOKEN, true),
            ];
            let made = api.create(session, &template);
            assert_eq!(made, Err(ck::CKR_ATTRIBUTE_VALUE_INVALID), "{point:x?}");
        }
        for scalar in [[0; 32], [0xFF; 32]] {
            let template = [
                number(ck::CKA_CLASS, ck::CKO_PRIVATE_KEY),
                number(ck::CKA_KEY_TYPE, ck::CKK_EC),
                bytes(ck::CKA_EC_PARAMS, crate::keys::P256),
                bytes(ck::CKA_VALUE, &scalar),
            ];
            let made = api.create(session, &template);
            assert_eq!(made, Err(ck::CKR_ATTRIBUTE_VALUE_INVALID), "{scalar:x?}");
        }
        // An exponent of one signs and encrypts nothing; an even modulus is no product of primes.
        let mut modulus = vec![0xC3; 256];
        modulus[255] |= 1;
        let mut even = modulus.clone();
        even[255] = 0xC2;
        for (n, e) in [
            (&modulus, &[1_u8][..]),
            (&modulus, &[0]),
            (&modulus, &[2]),
            (&even, &[1, 0, 1]),
        ] {
            let template = [
                number(ck::CKA_CLASS, ck::CKO_PUBLIC_KEY),
                number(ck::CKA_KEY_TYPE, ck::CKK_RSA),
                bytes(ck::CKA_MODULUS, n),
                bytes(ck::CKA_PUBLIC_EXPONENT, e),
                flag(ck::CKA_TOKEN, true),
            ];
            let made = api.create(session, &template);
            assert_eq!(made, Err(ck::CKR_ATTRIBUTE_VALUE_INVALID), "{e:?}");
        }
        assert_eq!(
            known(api, session, &[1; 7], &[]),
            Err(ck::CKR_ATTRIBUTE_VALUE_INVALID)
        );
        assert!(pair(api, session, &[], &[]).is_ok());
    });
}
