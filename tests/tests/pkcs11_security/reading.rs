//! Values that are asked for outright: of locked keys, in every attribute that could hold a part of them.

use cryptoki_sys as ck;
use keyhold_tests::api::{Mechanism, PARTS_OF_KEYS, bytes, flag, number};

use crate::{
    keys::{known, made, made_of, pair},
    on_module,
};

#[test]
fn the_values_of_locked_keys_are_not_told() {
    on_module(|api| {
        let session = api.ready();
        let (_, ec) = pair(api, session, &[], &[]).unwrap();
        let makes = Mechanism::from(ck::CKM_RSA_PKCS_KEY_PAIR_GEN);
        let template = [number(ck::CKA_MODULUS_BITS, 2048)];
        let (_, rsa) = api.generate_pair(session, &makes, &template, &[]).unwrap();
        let extractable = [flag(ck::CKA_EXTRACTABLE, true)];
        let unlocked = [
            flag(ck::CKA_EXTRACTABLE, true),
            flag(ck::CKA_SENSITIVE, false),
        ];
        let half = [flag(ck::CKA_SENSITIVE, false)];
        for key in [
            ec,
            rsa,
            made(api, session, &[]).unwrap(),
            made(api, session, &extractable).unwrap(),
            made(api, session, &half).unwrap(),
            known(api, session, &[7; 32], &[]).unwrap(),
        ] {
            for kind in PARTS_OF_KEYS {
                let told = api.get(session, key, *kind);
                let refused = [ck::CKR_ATTRIBUTE_SENSITIVE, ck::CKR_ATTRIBUTE_TYPE_INVALID];
                assert!(told.is_err_and(|rv| refused.contains(&rv)), "{kind:#x}");
            }
        }
        let open = made(api, session, &unlocked).unwrap();
        assert_eq!(api.get(session, open, ck::CKA_VALUE).unwrap().len(), 32);
        // Once it is locked, it is no longer told, also over the handle that has read it.
        api.set(session, open, &[flag(ck::CKA_SENSITIVE, true)])
            .unwrap();
        assert_eq!(
            api.get(session, open, ck::CKA_VALUE),
            Err(ck::CKR_ATTRIBUTE_SENSITIVE)
        );
    });
}

/// A search compares values: one that tells whether a guess is right gives a key away bit by bit.
#[test]
fn the_values_of_locked_keys_are_not_searched_for() {
    on_module(|api| {
        let session = api.ready();
        let value = [0x5A; 16];
        known(api, session, &value, &[bytes(ck::CKA_LABEL, b"canary")]).unwrap();
        for guess in [&value[..], &[0x5A], b""] {
            let found = api.find(session, &[bytes(ck::CKA_VALUE, guess)]).unwrap();
            assert!(found.is_empty(), "{guess:x?}");
        }
    });
}

/// Three bytes of a short key's ciphertext are the key, to whoever tries all keys.
#[test]
fn no_check_value_tells_a_key() {
    on_module(|api| {
        let session = api.ready();
        let value = [0x11; 32];
        let long = known(api, session, &value, &[]).unwrap();
        let makes = Mechanism::from(ck::CKM_GENERIC_SECRET_KEY_GEN);
        let short = [number(ck::CKA_VALUE_LEN, 1), flag(ck::CKA_SIGN, true)];
        let short = api.generate(session, &makes, &short).unwrap();
        for key in [long, short, made_of(api, session, 16, &[]).unwrap()] {
            let told = api.get(session, key, ck::CKA_CHECK_VALUE);
            assert!(told.is_err(), "{told:x?}");
        }
    });
}

/// PKCS #11 3.2 §4.4 leaves to the token what a data object is that does not say whether it is private: here it is public,
/// and shows so.
#[test]
fn data_is_public_unless_it_says_that_it_is_private() {
    on_module(|api| {
        let session = api.ready();
        let data = |on_token, more: &[_]| {
            let own = [
                number(ck::CKA_CLASS, ck::CKO_DATA),
                bytes(ck::CKA_VALUE, b"data"),
                flag(ck::CKA_TOKEN, on_token),
            ];
            api.create(session, &[&own, more].concat()).unwrap()
        };
        let class = [number(ck::CKA_CLASS, ck::CKO_DATA)];
        let mut shown = Vec::new();
        for on_token in [false, true] {
            for said in [None, Some(false), Some(true)] {
                let more: Vec<_> = said
                    .map(|said| flag(ck::CKA_PRIVATE, said))
                    .into_iter()
                    .collect();
                let own = data(on_token, &more);
                let is_private = said == Some(true);
                assert_eq!(api.flag(session, own, ck::CKA_PRIVATE), Ok(is_private));
                let copy = api.copy(session, own, &[]).unwrap();
                assert_eq!(api.flag(session, copy, ck::CKA_PRIVATE), Ok(is_private));
                shown.extend((!is_private).then_some([own, copy]).into_iter().flatten());
            }
        }
        assert_eq!(api.find(session, &class).unwrap().len(), 12);
        api.logout(session).unwrap();
        let mut found = api.find(session, &class).unwrap();
        found.sort_unstable();
        shown.sort_unstable();
        assert_eq!(found, shown);
        for own in shown {
            assert_eq!(api.get(session, own, ck::CKA_VALUE).unwrap(), b"data");
        }
    });
}

#[test]
fn nothing_private_is_seen_without_login() {
    on_module(|api| {
        let session = api.ready();
        let template = [flag(ck::CKA_TOKEN, true), flag(ck::CKA_ENCRYPT, true)];
        let key = made(api, session, &template).unwrap();
        let class = [number(ck::CKA_CLASS, ck::CKO_SECRET_KEY)];
        assert_eq!(api.find(session, &class).unwrap(), [key]);
        api.logout(session).unwrap();
        assert_eq!(api.find(session, &class), Ok(vec![]));
        let gone = ck::CKR_OBJECT_HANDLE_INVALID;
        assert_eq!(api.get(session, key, ck::CKA_LABEL), Err(gone));
        assert_eq!(
            api.set(session, key, &[bytes(ck::CKA_LABEL, b"x")]),
            Err(gone)
        );
        assert_eq!(api.copy(session, key, &[]), Err(gone));
        assert_eq!(api.destroy(session, key), Err(gone));
        assert!(made(api, session, &template).is_err());
    });
}
