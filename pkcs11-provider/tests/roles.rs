//! PINs and the token: who sets which PIN in which session, and what begins anew.

use std::ptr::null_mut;

use cryptoki_sys as ck;

use crate::common::{
    Api, CONFIG, PIN, SO_PIN, alone,
    api::{Rv, bytes, flag, number, plain},
};

fn len(pin: &[u8]) -> ck::CK_ULONG {
    pin.len() as ck::CK_ULONG
}

fn set_pin(api: &Api, session: ck::CK_SESSION_HANDLE, old: &[u8], new: &[u8]) -> Rv {
    let (old_pin, new_pin) = (old.as_ptr().cast_mut(), new.as_ptr().cast_mut());
    call!(api, C_SetPIN(session, old_pin, len(old), new_pin, len(new)))
}

fn init_pin(api: &Api, session: ck::CK_SESSION_HANDLE, pin: &[u8]) -> Rv {
    call!(api, C_InitPIN(session, pin.as_ptr().cast_mut(), len(pin)))
}

fn init_token(api: &Api, slot: ck::CK_SLOT_ID, pin: &[u8], label: &str) -> Rv {
    let label = format!("{label:32}");
    call!(
        api,
        C_InitToken(
            slot,
            pin.as_ptr().cast_mut(),
            len(pin),
            label.as_ptr().cast_mut()
        )
    )
}

fn token(api: &Api) -> ck::CK_TOKEN_INFO {
    let mut token = ck::CK_TOKEN_INFO::default();
    assert_eq!(call!(api, C_GetTokenInfo(0, &raw mut token)), ck::CKR_OK);
    token
}

#[test]
fn a_pin_is_changed_by_who_is_logged_in() {
    alone(
        "roles::a_pin_is_changed_by_who_is_logged_in",
        CONFIG,
        |fake, api| {
            api.initialise();
            let (writer, reader) = (api.open(true), api.open(false));
            assert_eq!(
                set_pin(api, reader, PIN, b"new pin"),
                ck::CKR_SESSION_READ_ONLY
            );
            assert_eq!(
                set_pin(api, 99, PIN, b"new"),
                ck::CKR_SESSION_HANDLE_INVALID
            );
            assert_eq!(
                call!(api, C_SetPIN(writer, null_mut(), 0, null_mut(), 0)),
                ck::CKR_ARGUMENTS_BAD
            );
            // In a public session it is the user's.
            assert_eq!(
                set_pin(api, writer, b"wrong", b"new pin"),
                ck::CKR_PIN_INCORRECT
            );
            assert_eq!(set_pin(api, writer, PIN, b"new"), ck::CKR_PIN_LEN_RANGE);
            assert_eq!(set_pin(api, writer, PIN, b"new pin"), ck::CKR_OK);
            assert_eq!(api.login(writer, ck::CKU_USER, PIN), ck::CKR_PIN_INCORRECT);
            assert_eq!(api.login(writer, ck::CKU_USER, b"new pin"), ck::CKR_OK);
            // Whoever is logged in goes on with the new PIN, on every connection.
            let (_, key) = api.p384(writer, "k");
            assert_eq!(set_pin(api, writer, b"new pin", b"newer pin"), ck::CKR_OK);
            let mut mechanism = plain(ck::CKM_ECDSA);
            api.sign(writer, &mut mechanism, key, &[7; 48]).unwrap();
            fake.drop_connections();
            api.sign(reader, &mut mechanism, key, &[7; 48]).unwrap();
            assert_eq!(call!(api, C_CloseSession(reader)), ck::CKR_OK);
            assert_eq!(call!(api, C_Logout(writer)), ck::CKR_OK);
            // The security officer's own.
            assert_eq!(api.login(writer, ck::CKU_SO, SO_PIN), ck::CKR_OK);
            assert_eq!(set_pin(api, writer, SO_PIN, b"so pin"), ck::CKR_OK);
            assert_eq!(fake.state.lock().unwrap().token.so_pin, b"so pin");
            assert_eq!(init_pin(api, writer, b"given pin"), ck::CKR_OK);
            assert_eq!(call!(api, C_Logout(writer)), ck::CKR_OK);
            assert_eq!(api.login(writer, ck::CKU_USER, b"given pin"), ck::CKR_OK);
        },
    );
}

#[test]
fn a_pin_changes_between_the_calls_of_other_threads() {
    alone(
        "roles::a_pin_changes_between_the_calls_of_other_threads",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let (_, key) = api.p384(session, "k");
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        let own = api.open(false);
                        for _ in 0..50 {
                            let mut mechanism = plain(ck::CKM_ECDSA);
                            api.sign(own, &mut mechanism, key, &[7; 48]).unwrap();
                        }
                    });
                }
                let mut pin = PIN.to_vec();
                for round in 0..20 {
                    let new = format!("pin {round}").into_bytes();
                    assert_eq!(set_pin(api, session, &pin, &new), ck::CKR_OK);
                    pin = new;
                }
            });
        },
    );
}

#[test]
fn only_the_security_officer_gives_pins() {
    alone(
        "roles::only_the_security_officer_gives_pins",
        CONFIG,
        |fake, api| {
            api.initialise();
            let (writer, reader) = (api.open(true), api.open(false));
            assert_eq!(init_pin(api, reader, PIN), ck::CKR_SESSION_READ_ONLY);
            assert_eq!(init_pin(api, writer, PIN), ck::CKR_USER_NOT_LOGGED_IN);
            assert_eq!(api.login(writer, ck::CKU_USER, PIN), ck::CKR_OK);
            assert_eq!(init_pin(api, writer, PIN), ck::CKR_USER_NOT_LOGGED_IN);
            let asked = fake.take_requests().concat();
            assert!(!asked.contains(&kmip::OperationCode::PKCS11), "{asked:?}");
        },
    );
}

#[test]
fn a_token_begins_anew_without_sessions() {
    alone(
        "roles::a_token_begins_anew_without_sessions",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            api.p384(session, "k");
            assert_eq!(init_token(api, 0, SO_PIN, "anew"), ck::CKR_SESSION_EXISTS);
            assert_eq!(call!(api, C_CloseAllSessions(0)), ck::CKR_OK);
            assert_eq!(
                init_token(api, 0, SO_PIN, "anew"),
                ck::CKR_TOKEN_WRITE_PROTECTED
            );
            fake.state.lock().unwrap().token.may_be_initialized = true;
            assert_eq!(init_token(api, 0, PIN, "anew"), ck::CKR_PIN_INCORRECT);
            assert_eq!(init_token(api, 7, SO_PIN, "anew"), ck::CKR_SLOT_ID_INVALID);
            assert_eq!(token(api).label[..5], *b"dev  ");
            assert_eq!(init_token(api, 0, SO_PIN, "anew"), ck::CKR_OK);
            let told = token(api);
            assert_eq!(told.label, *format!("{:32}", "anew").as_bytes());
            assert_eq!(told.flags & ck::CKF_USER_PIN_INITIALIZED, 0);
            let session = api.open(true);
            assert!(api.find(session, &[]).is_empty());
            assert_eq!(
                api.login(session, ck::CKU_USER, PIN),
                ck::CKR_USER_PIN_NOT_INITIALIZED
            );
            assert_eq!(api.login(session, ck::CKU_SO, SO_PIN), ck::CKR_OK);
            assert_eq!(init_pin(api, session, PIN), ck::CKR_OK);
            assert_eq!(call!(api, C_Logout(session)), ck::CKR_OK);
            assert_eq!(api.login(session, ck::CKU_USER, PIN), ck::CKR_OK);
            let key = [flag(ck::CKA_TOKEN, true), number(ck::CKA_VALUE_LEN, 32)];
            api.generate(session, ck::CKM_AES_KEY_GEN, &key).unwrap();
            let gone = api.find(session, &[bytes(ck::CKA_LABEL, b"k")]);
            assert!(gone.is_empty(), "{gone:?}");
        },
    );
}

#[test]
fn the_token_tells_how_its_pins_are() {
    alone(
        "roles::the_token_tells_how_its_pins_are",
        CONFIG,
        |fake, api| {
            api.initialise();
            let session = api.open(true);
            let told = token(api);
            assert_eq!((told.ulMinPinLen, told.ulMaxPinLen), (5, 99));
            assert_eq!(told.flags & ck::CKF_USER_PIN_COUNT_LOW, 0);
            for guess in 1..=9 {
                assert_eq!(
                    api.login(session, ck::CKU_USER, b"wrong"),
                    ck::CKR_PIN_INCORRECT,
                    "{guess}"
                );
            }
            assert_ne!(token(api).flags & ck::CKF_USER_PIN_COUNT_LOW, 0);
            assert_eq!(
                api.login(session, ck::CKU_USER, b"wrong"),
                ck::CKR_PIN_LOCKED
            );
            assert_ne!(token(api).flags & ck::CKF_USER_PIN_LOCKED, 0);
            // A daemon that is gone leaves the token to be seen.
            fake.stop();
            assert_eq!(token(api).label[..4], *b"dev ");
        },
    );
}

#[test]
fn users_have_names() {
    alone("roles::users_have_names", CONFIG, |fake, api| {
        let named = |session, user, pin: &[u8], name: &str| {
            let (pin_at, name_at) = (pin.as_ptr().cast_mut(), name.as_ptr().cast_mut());
            let name_len = len(name.as_bytes());
            call!(
                api,
                C_LoginUser(session, user, pin_at, len(pin), name_at, name_len)
            )
        };
        let mut state = fake.state.lock().unwrap();
        state
            .token
            .users
            .insert("alice".to_owned(), b"wonderland".to_vec());
        drop(state);
        api.initialise();
        let session = api.open(true);
        let cases: [(ck::CK_USER_TYPE, &[u8], &str, Rv); 7] = [
            (ck::CKU_USER, b"wrong", "alice", ck::CKR_PIN_INCORRECT),
            (ck::CKU_USER, b"wonderland", "bob", ck::CKR_PIN_INCORRECT),
            (ck::CKU_USER, b"wonderland", "user", ck::CKR_PIN_INCORRECT),
            // The officer is no user, and no user is the officer.
            (ck::CKU_USER, SO_PIN, "so", ck::CKR_PIN_INCORRECT),
            (ck::CKU_USER, SO_PIN, "so@dev", ck::CKR_PIN_INCORRECT),
            (
                ck::CKU_SO,
                b"wonderland",
                "alice",
                ck::CKR_USER_TYPE_INVALID,
            ),
            (9, b"wonderland", "alice", ck::CKR_USER_TYPE_INVALID),
        ];
        for (user, pin, name, expected) in cases {
            assert_eq!(named(session, user, pin, name), expected, "{user} {name}");
        }
        assert_eq!(
            named(session, ck::CKU_USER, b"wonderland", "alice"),
            ck::CKR_OK
        );
        assert_eq!(
            named(session, ck::CKU_USER, b"wonderland", "alice"),
            ck::CKR_USER_ALREADY_LOGGED_IN
        );
        api.p384(session, "k");
        // The PIN of a user who has a name is the user's own.
        assert_eq!(
            set_pin(api, session, b"wonderland", b"looking glass"),
            ck::CKR_OK
        );
        assert_eq!(
            fake.state.lock().unwrap().token.user_pin.as_deref(),
            Some(PIN)
        );
        assert_eq!(api.find(session, &[bytes(ck::CKA_LABEL, b"k")]).len(), 2);
        assert_eq!(call!(api, C_Logout(session)), ck::CKR_OK);
        for (name, pin, user) in [
            ("alice@dev", &b"looking glass"[..], ck::CKU_USER),
            ("user", PIN, ck::CKU_USER),
            ("so", SO_PIN, ck::CKU_SO),
        ] {
            assert_eq!(named(session, user, pin, name), ck::CKR_OK, "{name}");
            assert_eq!(call!(api, C_Logout(session)), ck::CKR_OK);
        }
    });
}

/// A private key that asks for a login before each use.
fn guarded(api: &Api, session: ck::CK_SESSION_HANDLE) -> ck::CK_OBJECT_HANDLE {
    let public = [
        flag(ck::CKA_TOKEN, true),
        bytes(ck::CKA_EC_PARAMS, &[6, 5, 0x2B, 0x81, 4, 0, 0x22]),
    ];
    let private = [
        flag(ck::CKA_TOKEN, true),
        flag(ck::CKA_ALWAYS_AUTHENTICATE, true),
    ];
    let made = api.generate_pair(session, ck::CKM_EC_KEY_PAIR_GEN, &public, &private);
    made.unwrap().1
}

#[test]
fn a_key_may_ask_for_a_login_before_each_use() {
    alone(
        "roles::a_key_may_ask_for_a_login_before_each_use",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let key = guarded(api, session);
            assert_eq!(
                api.get(session, key, ck::CKA_ALWAYS_AUTHENTICATE),
                Ok(vec![1])
            );
            let again = |pin: &[u8]| api.login(session, ck::CKU_CONTEXT_SPECIFIC, pin);
            let mut mechanism = plain(ck::CKM_ECDSA);
            let mut begin = || call!(api, C_SignInit(session, &raw mut mechanism, key));
            let (mut digest, mut out, mut length) = ([7; 48], [0; 96], 96);
            let mut sign = || {
                let (digest, out) = (digest.as_mut_ptr(), out.as_mut_ptr());
                call!(api, C_Sign(session, digest, 48, out, &raw mut length))
            };
            assert_eq!(again(PIN), ck::CKR_OPERATION_NOT_INITIALIZED);
            // Without a login the use fails, and ends.
            assert_eq!(begin(), ck::CKR_OK);
            assert_eq!(sign(), ck::CKR_USER_NOT_LOGGED_IN);
            assert_eq!(sign(), ck::CKR_OPERATION_NOT_INITIALIZED);
            for _ in ["each", "use"] {
                assert_eq!(begin(), ck::CKR_OK);
                assert_eq!(again(b"wrong"), ck::CKR_PIN_INCORRECT);
                assert_eq!(again(PIN), ck::CKR_OK);
                assert_eq!(sign(), ck::CKR_OK);
                assert_eq!(again(PIN), ck::CKR_OPERATION_NOT_INITIALIZED);
            }
            // In several parts, too.
            assert_eq!(begin(), ck::CKR_OK);
            let part = [7; 48].as_mut_ptr();
            assert_eq!(
                call!(api, C_SignUpdate(session, part, 48)),
                ck::CKR_USER_NOT_LOGGED_IN
            );
            // Another key of the session asks for nothing.
            let (_, usual) = api.p384(session, "usual");
            let mut mechanism = plain(ck::CKM_ECDSA);
            api.sign(session, &mut mechanism, usual, &[7; 48]).unwrap();
        },
    );
}

#[test]
fn only_private_keys_that_are_hidden_ask_for_logins() {
    alone(
        "roles::only_private_keys_that_are_hidden_ask_for_logins",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let asks = flag(ck::CKA_ALWAYS_AUTHENTICATE, true);
            let secret = [number(ck::CKA_VALUE_LEN, 32), asks.clone()];
            assert_eq!(
                api.generate(session, ck::CKM_AES_KEY_GEN, &secret),
                Err(ck::CKR_TEMPLATE_INCONSISTENT)
            );
            let public = [bytes(ck::CKA_EC_PARAMS, &[6, 5, 0x2B, 0x81, 4, 0, 0x22])];
            let private = [flag(ck::CKA_PRIVATE, false), asks];
            assert_eq!(
                api.generate_pair(session, ck::CKM_EC_KEY_PAIR_GEN, &public, &private),
                Err(ck::CKR_TEMPLATE_INCONSISTENT)
            );
        },
    );
}

#[test]
fn a_token_that_is_looked_at_again_is_not_asked_again() {
    alone(
        "roles::a_token_that_is_looked_at_again_is_not_asked_again",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            fake.take_requests();
            let label = token(api).label;
            for _ in 0..50 {
                assert_eq!(token(api).label, label);
            }
            // One message, or a second where a moment has gone by.
            assert!((1..=2).contains(&fake.take_requests().len()));
            // What this application changes it sees at once.
            fake.state.lock().unwrap().token.may_be_initialized = true;
            assert_eq!(call!(api, C_CloseSession(session)), ck::CKR_OK);
            assert_eq!(init_token(api, 0, SO_PIN, "another"), ck::CKR_OK);
            assert_eq!(token(api).label.trim_ascii_end(), b"another");
        },
    );
}
