//! Sessions and logins: who may do what when, and what ends with what.

use std::ptr::null_mut;

use cryptoki_sys as ck;

use crate::common::{
    CONFIG, PIN, SO_PIN, alone,
    api::{bytes, flag, number, plain},
};

#[test]
fn login_is_the_applications_and_ends_with_the_last_session() {
    alone(
        "sessions::login_is_the_applications_and_ends_with_the_last_session",
        CONFIG,
        |_, api| {
            api.initialise();
            let state = |session| {
                let mut info = ck::CK_SESSION_INFO::default();
                assert_eq!(
                    call!(api, C_GetSessionInfo(session, &raw mut info)),
                    ck::CKR_OK
                );
                info.state
            };
            let mut none = 0;
            assert_eq!(
                call!(api, C_OpenSession(0, 0, null_mut(), None, &raw mut none)),
                ck::CKR_SESSION_PARALLEL_NOT_SUPPORTED
            );
            let flags = ck::CKF_SERIAL_SESSION | ck::CKF_ASYNC_SESSION;
            assert_eq!(
                call!(
                    api,
                    C_OpenSession(0, flags, null_mut(), None, &raw mut none)
                ),
                ck::CKR_SESSION_ASYNC_NOT_SUPPORTED
            );
            let (first, second) = (api.open(true), api.open(false));
            assert_eq!(
                (state(first), state(second)),
                (ck::CKS_RW_PUBLIC_SESSION, ck::CKS_RO_PUBLIC_SESSION)
            );
            assert_eq!(call!(api, C_Logout(first)), ck::CKR_USER_NOT_LOGGED_IN);
            assert_eq!(
                api.login(first, ck::CKU_USER, b"wrong"),
                ck::CKR_PIN_INCORRECT
            );
            assert_eq!(api.login(first, 7, PIN), ck::CKR_USER_TYPE_INVALID);
            assert_eq!(
                api.login(first, ck::CKU_CONTEXT_SPECIFIC, PIN),
                ck::CKR_OPERATION_NOT_INITIALIZED
            );
            assert_eq!(
                api.login(first, ck::CKU_SO, SO_PIN),
                ck::CKR_SESSION_READ_ONLY_EXISTS
            );
            assert_eq!(api.login(first, ck::CKU_USER, PIN), ck::CKR_OK);
            assert_eq!(
                (state(first), state(second)),
                (ck::CKS_RW_USER_FUNCTIONS, ck::CKS_RO_USER_FUNCTIONS)
            );
            assert_eq!(
                api.login(second, ck::CKU_USER, PIN),
                ck::CKR_USER_ALREADY_LOGGED_IN
            );
            assert_eq!(
                api.login(second, ck::CKU_SO, SO_PIN),
                ck::CKR_SESSION_READ_ONLY_EXISTS
            );
            assert_eq!(call!(api, C_CloseAllSessions(0)), ck::CKR_OK);
            assert_eq!(
                call!(api, C_CloseSession(first)),
                ck::CKR_SESSION_HANDLE_INVALID
            );
            let third = api.open(true);
            assert_eq!(state(third), ck::CKS_RW_PUBLIC_SESSION);
            assert_eq!(api.login(third, ck::CKU_SO, SO_PIN), ck::CKR_OK);
            assert_eq!(state(third), ck::CKS_RW_SO_FUNCTIONS);
            let flags = ck::CKF_SERIAL_SESSION;
            assert_eq!(
                call!(
                    api,
                    C_OpenSession(0, flags, null_mut(), None, &raw mut none)
                ),
                ck::CKR_SESSION_READ_WRITE_SO_EXISTS
            );
            assert_eq!(call!(api, C_Logout(third)), ck::CKR_OK);
            let (mut pin, mut name) = (PIN.to_vec(), b"user".to_vec());
            let rv = call!(
                api,
                C_LoginUser(
                    third,
                    ck::CKU_USER,
                    pin.as_mut_ptr(),
                    4,
                    name.as_mut_ptr(),
                    4
                )
            );
            assert_eq!(rv, ck::CKR_OK);
        },
    );
}

#[test]
fn a_logout_takes_handles_and_operations_away() {
    alone(
        "sessions::a_logout_takes_handles_and_operations_away",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let (public, private) = api.p384(session, "k");
            let other = api.open(false);
            let mut mechanism = plain(ck::CKM_ECDSA);
            assert_eq!(
                call!(api, C_SignInit(other, &raw mut mechanism, private)),
                ck::CKR_OK
            );
            assert_eq!(call!(api, C_Logout(session)), ck::CKR_OK);
            let (mut digest, mut out, mut length) = ([7; 48], [0; 96], 96);
            let sign = || {
                call!(
                    api,
                    C_Sign(
                        other,
                        digest.as_mut_ptr(),
                        48,
                        out.as_mut_ptr(),
                        &raw mut length
                    )
                )
            };
            let mut sign = sign;
            assert_eq!(sign(), ck::CKR_OPERATION_NOT_INITIALIZED);
            assert_eq!(
                call!(api, C_SignInit(other, &raw mut mechanism, private)),
                ck::CKR_KEY_HANDLE_INVALID
            );
            assert_eq!(
                api.get(other, private, ck::CKA_LABEL),
                Err(ck::CKR_OBJECT_HANDLE_INVALID)
            );
            assert_eq!(api.get(other, public, ck::CKA_LABEL), Ok(b"k".to_vec()));
            let keys = api.find(other, &[number(ck::CKA_CLASS, ck::CKO_PRIVATE_KEY)]);
            assert!(keys.is_empty(), "{keys:?}");
            assert_eq!(
                api.find(other, &[number(ck::CKA_CLASS, ck::CKO_PUBLIC_KEY)]),
                [public]
            );
            assert_eq!(api.login(session, ck::CKU_USER, PIN), ck::CKR_OK);
            let again = api.find(other, &[number(ck::CKA_CLASS, ck::CKO_PRIVATE_KEY)]);
            assert_eq!(again.len(), 1);
            assert_ne!(again[0], private);
            assert_eq!(
                call!(api, C_SignInit(other, &raw mut mechanism, again[0])),
                ck::CKR_OK
            );
            assert_eq!(sign(), ck::CKR_OK);
        },
    );
}

#[test]
fn a_read_only_session_makes_no_token_objects() {
    alone(
        "sessions::a_read_only_session_makes_no_token_objects",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let (public, _) = api.p384(session, "k");
            let reader = api.open(false);
            let data = |token| {
                [
                    number(ck::CKA_CLASS, ck::CKO_DATA),
                    flag(ck::CKA_TOKEN, token),
                    bytes(ck::CKA_VALUE, b"v"),
                ]
            };
            assert_eq!(
                api.create(reader, &data(true)),
                Err(ck::CKR_SESSION_READ_ONLY)
            );
            assert!(api.create(reader, &data(false)).is_ok());
            assert_eq!(
                api.set(reader, public, &[bytes(ck::CKA_LABEL, b"x")]),
                ck::CKR_SESSION_READ_ONLY
            );
            assert_eq!(
                call!(api, C_DestroyObject(reader, public)),
                ck::CKR_SESSION_READ_ONLY
            );
            assert_eq!(call!(api, C_Logout(session)), ck::CKR_OK);
            let secret = [flag(ck::CKA_TOKEN, true), number(ck::CKA_VALUE_LEN, 32)];
            assert_eq!(
                api.generate(session, ck::CKM_AES_KEY_GEN, &secret),
                Err(ck::CKR_USER_NOT_LOGGED_IN)
            );
        },
    );
}

#[test]
fn session_objects_end_with_their_session() {
    alone(
        "sessions::session_objects_end_with_their_session",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            let other = api.open(true);
            let key = api
                .generate(
                    session,
                    ck::CKM_AES_KEY_GEN,
                    &[number(ck::CKA_VALUE_LEN, 32)],
                )
                .unwrap();
            assert_eq!(api.get(session, key, ck::CKA_TOKEN), Ok(vec![0]));
            assert_eq!(fake.state.lock().unwrap().objects.len(), 1);
            assert_eq!(api.find(other, &[flag(ck::CKA_TOKEN, false)]), [key]);
            assert_eq!(
                api.find(other, &[number(ck::CKA_CLASS, ck::CKO_SECRET_KEY)]),
                [key]
            );
            let data = api
                .create(
                    session,
                    &[
                        number(ck::CKA_CLASS, ck::CKO_DATA),
                        bytes(ck::CKA_VALUE, b"v"),
                    ],
                )
                .unwrap();
            assert_eq!(
                fake.state.lock().unwrap().objects.len(),
                1,
                "public session objects stay here"
            );
            assert_eq!(api.get(other, data, ck::CKA_VALUE), Ok(b"v".to_vec()));
            assert_eq!(call!(api, C_CloseSession(session)), ck::CKR_OK);
            assert_eq!(
                api.get(other, key, ck::CKA_TOKEN),
                Err(ck::CKR_OBJECT_HANDLE_INVALID)
            );
            assert_eq!(
                api.get(other, data, ck::CKA_VALUE),
                Err(ck::CKR_OBJECT_HANDLE_INVALID)
            );
            assert!(fake.state.lock().unwrap().objects.is_empty());
        },
    );
}

#[test]
fn a_module_without_login_shows_everything() {
    let config = format!("login = \"none\"\n{CONFIG}");
    alone(
        "sessions::a_module_without_login_shows_everything",
        &config,
        |_, api| {
            api.initialise();
            let mut token = ck::CK_TOKEN_INFO::default();
            assert_eq!(call!(api, C_GetTokenInfo(0, &raw mut token)), ck::CKR_OK);
            assert_eq!(token.flags & ck::CKF_LOGIN_REQUIRED, 0);
        },
    );
}

#[test]
fn a_broken_configuration_is_an_error_and_is_logged() {
    alone(
        "sessions::a_broken_configuration_is_an_error_and_is_logged",
        "version = 1\nsurprise = 1\n",
        |_, api| {
            assert_eq!(call!(api, C_Initialize(null_mut())), ck::CKR_GENERAL_ERROR);
            let log =
                std::fs::read_to_string(std::env::var_os("KEYHOLD_PKCS11_LOG").unwrap()).unwrap();
            assert!(log.contains("pkcs11.toml:2: "), "{log}");
            assert!(log.contains("surprise"), "{log}");
        },
    );
}

#[test]
fn eight_threads_share_a_login() {
    alone("sessions::eight_threads_share_a_login", CONFIG, |_, api| {
        let session = api.ready();
        let (public, private) = api.p384(session, "k");
        std::thread::scope(|scope| {
            for thread in 0..8_u8 {
                scope.spawn(move || {
                    for round in 0..20_u8 {
                        let own = api.open(round % 2 == 0);
                        let message = [thread, round];
                        let mut mechanism = plain(ck::CKM_ECDSA_SHA384);
                        let signature = api.sign(own, &mut mechanism, private, &message).unwrap();
                        assert_eq!(
                            api.verify(own, &mut mechanism, public, &message, &signature),
                            ck::CKR_OK
                        );
                        assert_eq!(api.find(own, &[bytes(ck::CKA_LABEL, b"k")]).len(), 2);
                        assert_eq!(call!(api, C_CloseSession(own)), ck::CKR_OK);
                    }
                });
            }
        });
        assert_eq!(call!(api, C_Finalize(null_mut())), ck::CKR_OK);
    });
}
