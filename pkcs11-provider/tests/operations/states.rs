//! Operation states: digests can be kept and gone on with; whatever has a key in it stays.

use std::ptr::null_mut;

use cryptoki_sys as ck;

use crate::common::{
    Api, CONFIG, alone,
    api::{bytes, flag, number, plain},
    keys::sha256,
};

fn save(api: &Api, session: u64) -> Result<Vec<u8>, u64> {
    api.two_calls(|out, length| call!(api, C_GetOperationState(session, out, length)))
}

fn restore(api: &Api, session: u64, state: &[u8], key: u64) -> u64 {
    let (own, length) = (state.as_ptr().cast_mut(), state.len() as u64);
    call!(api, C_SetOperationState(session, own, length, key, 0))
}

fn begin(api: &Api, session: u64, data: &[u8]) {
    let init = call!(api, C_DigestInit(session, &mut plain(ck::CKM_SHA256)));
    assert_eq!(init, ck::CKR_OK);
    update(api, session, data);
}

fn update(api: &Api, session: u64, data: &[u8]) {
    let (own, length) = (data.as_ptr().cast_mut(), data.len() as u64);
    assert_eq!(call!(api, C_DigestUpdate(session, own, length)), ck::CKR_OK);
}

fn finish(api: &Api, session: u64) -> Vec<u8> {
    api.two_calls(|out, length| call!(api, C_DigestFinal(session, out, length)))
        .unwrap()
}

#[test]
fn a_digest_goes_on_where_it_was_kept() {
    alone(
        "operations::states::a_digest_goes_on_where_it_was_kept",
        CONFIG,
        |_, api| {
            let session = api.ready();
            assert_eq!(save(api, session), Err(ck::CKR_OPERATION_NOT_INITIALIZED));
            begin(api, session, &[1; 100]);
            let state = save(api, session).unwrap();
            update(api, session, b"which is forgotten");
            assert_eq!(restore(api, session, &state, 0), ck::CKR_OK);
            update(api, session, b"more");
            let expected = sha256(&[&[1; 100], b"more"]);
            assert_eq!(finish(api, session), expected);
            let other = api.open(true);
            assert_eq!(restore(api, other, &state, 0), ck::CKR_OK);
            update(api, other, b"more");
            assert_eq!(finish(api, other), expected);
            let mut broken = state.clone();
            broken[50] ^= 1;
            for wrong in [&broken[..], &state[1..], b""] {
                assert_eq!(restore(api, session, wrong, 0), ck::CKR_SAVED_STATE_INVALID);
            }
            assert_eq!(restore(api, session, &state, 1), ck::CKR_KEY_NOT_NEEDED);
            let read_only = api.open(false);
            assert_eq!(
                restore(api, read_only, &state, 0),
                ck::CKR_SAVED_STATE_INVALID,
                "of another session state"
            );
        },
    );
}

#[test]
fn what_has_a_key_in_it_is_not_kept() {
    alone(
        "operations::states::what_has_a_key_in_it_is_not_kept",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let secret = [
                number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
                number(ck::CKA_KEY_TYPE, ck::CKK_GENERIC_SECRET),
                bytes(ck::CKA_VALUE, b"a key that may be told, of 32 b."),
                flag(ck::CKA_SENSITIVE, false),
                flag(ck::CKA_EXTRACTABLE, true),
            ];
            let told = api.create(session, &secret).unwrap();
            let length = [number(ck::CKA_VALUE_LEN, 32)];
            let hidden = api
                .generate(session, ck::CKM_GENERIC_SECRET_KEY_GEN, &length)
                .unwrap();
            assert_eq!(
                call!(api, C_DigestKey(session, told)),
                ck::CKR_OPERATION_NOT_INITIALIZED
            );
            for (key, rv) in [
                (hidden, ck::CKR_KEY_INDIGESTIBLE),
                (9999, ck::CKR_KEY_HANDLE_INVALID),
            ] {
                begin(api, session, b"");
                assert_eq!(call!(api, C_DigestKey(session, key)), rv);
            }
            begin(api, session, b"before ");
            assert!(save(api, session).is_ok());
            assert_eq!(call!(api, C_DigestKey(session, told)), ck::CKR_OK);
            assert_eq!(save(api, session), Err(ck::CKR_STATE_UNSAVEABLE));
            let expected = sha256(&[b"before ", b"a key that may be told, of 32 b."]);
            assert_eq!(finish(api, session), expected);
            begin(api, session, b"");
            let mut mac = plain(ck::CKM_SHA256_HMAC);
            assert_eq!(
                call!(api, C_SignInit(session, &raw mut mac, hidden)),
                ck::CKR_OK
            );
            assert_eq!(save(api, session), Err(ck::CKR_STATE_UNSAVEABLE));
        },
    );
}

#[test]
fn sizes_are_told_where_values_are() {
    alone(
        "operations::states::sizes_are_told_where_values_are",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let data = |value: &[u8]| {
                let template = [
                    number(ck::CKA_CLASS, ck::CKO_DATA),
                    bytes(ck::CKA_VALUE, value),
                ];
                let object = api.create(session, &template).unwrap();
                let mut size = 0;
                let rv = call!(api, C_GetObjectSize(session, object, &raw mut size));
                assert_eq!(rv, ck::CKR_OK);
                size
            };
            let (small, large) = (data(&[1; 10]), data(&[1; 1010]));
            assert_eq!(large - small, 1000);
            assert!(small > 10, "attributes count as well");
            let (_, private) = api.p384(session, "k");
            let mut size = 0;
            let rv = call!(api, C_GetObjectSize(session, private, &raw mut size));
            assert_eq!((rv, size), (ck::CKR_OK, ck::CK_UNAVAILABLE_INFORMATION));
        },
    );
}

#[test]
fn whoever_waits_for_slots_sleeps_until_the_end() {
    alone(
        "operations::states::whoever_waits_for_slots_sleeps_until_the_end",
        CONFIG,
        |_, api| {
            api.initialise();
            let flags = ck::CKF_DONT_BLOCK;
            let mut slot = 7;
            assert_eq!(
                call!(api, C_WaitForSlotEvent(flags, &raw mut slot, null_mut())),
                ck::CKR_NO_EVENT
            );
            assert_eq!(
                call!(api, C_WaitForSlotEvent(0, null_mut(), null_mut())),
                ck::CKR_ARGUMENTS_BAD
            );
            let end = ck::CKR_CRYPTOKI_NOT_INITIALIZED;
            std::thread::scope(|scope| {
                let waiting: Vec<_> = (0..3)
                    .map(|_| {
                        scope.spawn(|| {
                            let mut slot = 7;
                            call!(api, C_WaitForSlotEvent(0, &raw mut slot, null_mut()))
                        })
                    })
                    .collect();
                std::thread::sleep(std::time::Duration::from_millis(100));
                assert!(waiting.iter().all(|one| !one.is_finished()));
                assert_eq!(call!(api, C_Finalize(null_mut())), ck::CKR_OK);
                for one in waiting {
                    assert_eq!(one.join().unwrap(), end);
                }
            });
            assert_eq!(
                call!(api, C_WaitForSlotEvent(0, &raw mut slot, null_mut())),
                end
            );
        },
    );
}
