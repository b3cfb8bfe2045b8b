//! What goes wrong on the way to the daemon, and what the module says of it.

use std::time::Duration;

use cryptoki_sys as ck;
use kmip::{OperationCode as Op, ResultReason};

use crate::common::{
    Api, CONFIG, Fake, alone,
    api::{bytes, flag, number, plain},
};

#[test]
fn a_daemon_that_restarts_is_not_noticed() {
    alone(
        "failures::a_daemon_that_restarts_is_not_noticed",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            let (_, private) = api.p384(session, "k");
            for _ in 0..3 {
                fake.drop_connections();
                api.sign(session, &mut plain(ck::CKM_ECDSA), private, &[7; 48])
                    .unwrap();
            }
            fake.drop_connections();
            api.p384(
                session,
                "made after the connection was closed while it lay idle",
            );
            assert_eq!(fake.state.lock().unwrap().objects.len(), 4);
        },
    );
}

#[test]
fn only_what_changes_nothing_is_sent_again() {
    alone(
        "failures::only_what_changes_nothing_is_sent_again",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            let (_, private) = api.p384(session, "k");
            fake.take_requests();
            fake.state.lock().unwrap().hang_ups = 1;
            api.sign(session, &mut plain(ck::CKM_ECDSA), private, &[7; 48])
                .unwrap();
            assert_eq!(fake.take_requests(), [vec![Op::Sign], vec![Op::Sign]]);
            fake.state.lock().unwrap().hang_ups = 1;
            let key = api.generate(
                session,
                ck::CKM_AES_KEY_GEN,
                &[flag(ck::CKA_TOKEN, true), number(ck::CKA_VALUE_LEN, 16)],
            );
            assert_eq!(key, Err(ck::CKR_DEVICE_REMOVED));
            assert_eq!(fake.take_requests(), [vec![Op::Create]]);
            fake.state.lock().unwrap().hang_ups = 2;
            let signature = api.sign(session, &mut plain(ck::CKM_ECDSA), private, &[7; 48]);
            assert_eq!(
                signature,
                Err(ck::CKR_DEVICE_REMOVED),
                "once more, and no further"
            );
        },
    );
}

#[test]
fn a_daemon_that_is_silent_or_mad_costs_bounded_time() {
    let config = CONFIG.replace("timeout_seconds = 3", "timeout_seconds = 1");
    alone(
        "failures::a_daemon_that_is_silent_or_mad_costs_bounded_time",
        &config,
        |fake, api| {
            let session = api.ready();
            let (_, private) = api.p384(session, "k");
            let sign = || api.sign(session, &mut plain(ck::CKM_ECDSA), private, &[7; 48]);
            fake.state.lock().unwrap().rubbish = Some(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec());
            assert_eq!(sign(), Err(ck::CKR_DEVICE_ERROR));
            fake.state.lock().unwrap().rubbish =
                Some([&[0x42, 0, 0x7B, 1, 0, 0, 0, 16], [0xFF; 16].as_slice()].concat());
            assert_eq!(sign(), Err(ck::CKR_DEVICE_ERROR));
            fake.state.lock().unwrap().rubbish =
                Some(vec![0x42, 0, 0x7B, 1, 0xFF, 0xFF, 0xFF, 0xFF]);
            assert_eq!(sign(), Err(ck::CKR_DEVICE_ERROR));
            fake.state.lock().unwrap().rubbish = Some(vec![0x42, 0, 0x7B, 1, 0, 0]);
            #[expect(
                clippy::disallowed_methods,
                reason = "the time a call takes is what is tested"
            )]
            let before = std::time::Instant::now();
            assert_eq!(sign(), Err(ck::CKR_DEVICE_ERROR));
            assert!(before.elapsed() < Duration::from_secs(4));
            fake.state.lock().unwrap().rubbish = None;
            assert!(sign().is_ok(), "and afterwards all is well");
            fake.state.lock().unwrap().delay = Duration::from_millis(1500);
            assert_eq!(sign(), Err(ck::CKR_DEVICE_ERROR));
        },
    );
}

/// The codes that PKCS #11 3.1 allows every function.
const ALWAYS: &[u64] = &[
    ck::CKR_GENERAL_ERROR,
    ck::CKR_HOST_MEMORY,
    ck::CKR_FUNCTION_FAILED,
    ck::CKR_DEVICE_ERROR,
    ck::CKR_DEVICE_MEMORY,
    ck::CKR_DEVICE_REMOVED,
    ck::CKR_SESSION_HANDLE_INVALID,
];

/// One function: its name, how it is called, the operation of the protocol behind it, and what it may say beside
/// [`ALWAYS`].
type Case = (
    &'static str,
    fn(&Api, u64, (u64, u64)) -> u64,
    Op,
    &'static [u64],
);

fn code<T>(outcome: Result<T, u64>) -> u64 {
    outcome.err().unwrap_or(ck::CKR_OK)
}

const CASES: &[Case] = &[
    (
        "C_Sign",
        |api, session, keys| code(api.sign(session, &mut plain(ck::CKM_ECDSA), keys.1, &[7; 48])),
        Op::Sign,
        &[
            ck::CKR_DATA_INVALID,
            ck::CKR_DATA_LEN_RANGE,
            ck::CKR_FUNCTION_REJECTED,
            ck::CKR_USER_NOT_LOGGED_IN,
        ],
    ),
    (
        "C_GenerateKey",
        |api, session, _| {
            code(api.generate(
                session,
                ck::CKM_AES_KEY_GEN,
                &[number(ck::CKA_VALUE_LEN, 16)],
            ))
        },
        Op::Create,
        &[
            ck::CKR_ATTRIBUTE_READ_ONLY,
            ck::CKR_ATTRIBUTE_TYPE_INVALID,
            ck::CKR_ATTRIBUTE_VALUE_INVALID,
            ck::CKR_TEMPLATE_INCOMPLETE,
            ck::CKR_TEMPLATE_INCONSISTENT,
            ck::CKR_USER_NOT_LOGGED_IN,
            ck::CKR_SESSION_READ_ONLY,
        ],
    ),
    (
        "C_GenerateKeyPair",
        |api, session, _| {
            let public = [bytes(ck::CKA_EC_PARAMS, &[6, 5, 0x2B, 0x81, 4, 0, 0x22])];
            code(api.generate_pair(session, ck::CKM_EC_KEY_PAIR_GEN, &public, &[]))
        },
        Op::CreateKeyPair,
        &[
            ck::CKR_ATTRIBUTE_READ_ONLY,
            ck::CKR_ATTRIBUTE_TYPE_INVALID,
            ck::CKR_ATTRIBUTE_VALUE_INVALID,
            ck::CKR_CURVE_NOT_SUPPORTED,
            ck::CKR_TEMPLATE_INCOMPLETE,
            ck::CKR_TEMPLATE_INCONSISTENT,
            ck::CKR_USER_NOT_LOGGED_IN,
            ck::CKR_SESSION_READ_ONLY,
        ],
    ),
    (
        "C_CreateObject",
        |api, session, _| {
            code(api.create(
                session,
                &[
                    number(ck::CKA_CLASS, ck::CKO_DATA),
                    flag(ck::CKA_TOKEN, true),
                ],
            ))
        },
        Op::Register,
        &[
            ck::CKR_ATTRIBUTE_READ_ONLY,
            ck::CKR_ATTRIBUTE_TYPE_INVALID,
            ck::CKR_ATTRIBUTE_VALUE_INVALID,
            ck::CKR_CURVE_NOT_SUPPORTED,
            ck::CKR_TEMPLATE_INCOMPLETE,
            ck::CKR_TEMPLATE_INCONSISTENT,
            ck::CKR_USER_NOT_LOGGED_IN,
            ck::CKR_SESSION_READ_ONLY,
        ],
    ),
    (
        "C_SetAttributeValue",
        |api, session, keys| {
            let next = api.get(session, keys.0, ck::CKA_LABEL).unwrap().len() + 1;
            api.set(session, keys.0, &[bytes(ck::CKA_LABEL, &vec![b'x'; next])])
        },
        Op::ModifyAttribute,
        &[
            ck::CKR_ACTION_PROHIBITED,
            ck::CKR_ATTRIBUTE_READ_ONLY,
            ck::CKR_ATTRIBUTE_TYPE_INVALID,
            ck::CKR_ATTRIBUTE_VALUE_INVALID,
            ck::CKR_OBJECT_HANDLE_INVALID,
            ck::CKR_SESSION_READ_ONLY,
            ck::CKR_TEMPLATE_INCONSISTENT,
            ck::CKR_USER_NOT_LOGGED_IN,
        ],
    ),
    (
        "C_FindObjectsInit",
        |api, session, _| {
            let rv = call!(api, C_FindObjectsInit(session, std::ptr::null_mut(), 0));
            if rv == ck::CKR_OK {
                assert_eq!(call!(api, C_FindObjectsFinal(session)), ck::CKR_OK);
            }
            rv
        },
        Op::Locate,
        &[
            ck::CKR_ATTRIBUTE_TYPE_INVALID,
            ck::CKR_ATTRIBUTE_VALUE_INVALID,
            ck::CKR_USER_NOT_LOGGED_IN,
            ck::CKR_FUNCTION_REJECTED,
        ],
    ),
    (
        "C_GenerateRandom",
        |api, session, _| call!(api, C_GenerateRandom(session, [0; 8].as_mut_ptr(), 8)),
        Op::RNGRetrieve,
        &[ck::CKR_USER_NOT_LOGGED_IN, ck::CKR_FUNCTION_REJECTED],
    ),
    (
        "C_DestroyObject",
        |api, session, keys| call!(api, C_DestroyObject(session, keys.0)),
        Op::Destroy,
        &[
            ck::CKR_ACTION_PROHIBITED,
            ck::CKR_OBJECT_HANDLE_INVALID,
            ck::CKR_SESSION_READ_ONLY,
            ck::CKR_USER_NOT_LOGGED_IN,
        ],
    ),
];

#[test]
fn whatever_the_daemon_refuses_the_function_says_what_it_may() {
    alone(
        "failures::whatever_the_daemon_refuses_the_function_says_what_it_may",
        CONFIG,
        |fake: &Fake, api| {
            let session = api.ready();
            let keys = api.p384(session, "k");
            for (name, function, operation, allowed) in CASES {
                for reason in ResultReason::ALL {
                    fake.refuse(Some((*operation, *reason)));
                    let rv = function(api, session, keys);
                    assert_ne!(rv, ck::CKR_OK, "{name}, {reason:?}");
                    assert!(
                        ALWAYS.contains(&rv) || allowed.contains(&rv),
                        "{name} must not say {rv:#x} to {reason:?}"
                    );
                }
                fake.refuse(None);
                if *name != "C_DestroyObject" {
                    assert_eq!(function(api, session, keys), ck::CKR_OK, "{name}");
                }
            }
        },
    );
}

#[test]
fn a_find_in_progress_survives_nothing_it_should_not() {
    alone(
        "failures::a_find_in_progress_survives_nothing_it_should_not",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            fake.refuse(Some((Op::Locate, ResultReason::GeneralFailure)));
            assert_eq!(
                call!(api, C_FindObjectsInit(session, std::ptr::null_mut(), 0)),
                ck::CKR_DEVICE_ERROR
            );
            let (mut object, mut count) = (0, 0);
            assert_eq!(
                call!(
                    api,
                    C_FindObjects(session, &raw mut object, 1, &raw mut count)
                ),
                ck::CKR_OPERATION_NOT_INITIALIZED
            );
        },
    );
}
