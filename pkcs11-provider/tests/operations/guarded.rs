//! Keys that ask for the PIN before each use, in the functions that use keys otherwise than `C_Sign` does.

use std::ptr::null_mut;

use cryptoki_sys as ck;

use crate::common::{
    Api, CONFIG, PIN, alone,
    api::{flag, mechanism, number, plain},
};

use super::Handle;

const ASKS: Result<Vec<u8>, u64> = Err(ck::CKR_USER_NOT_LOGGED_IN);
const ENDED: Result<Vec<u8>, u64> = Err(ck::CKR_OPERATION_NOT_INITIALIZED);

/// A private key for RSA that does this and asks before it.
fn guarded(api: &Api, session: u64, usage: u64) -> Handle {
    let public = [number(ck::CKA_MODULUS_BITS, 2048)];
    let private = [flag(usage, true), flag(ck::CKA_ALWAYS_AUTHENTICATE, true)];
    let made = api.generate_pair(session, ck::CKM_RSA_PKCS_KEY_PAIR_GEN, &public, &private);
    made.unwrap().1
}

fn prove(api: &Api, session: u64) -> u64 {
    api.login(session, ck::CKU_CONTEXT_SPECIFIC, PIN)
}

#[test]
fn recovery_asks_each_time() {
    alone(
        "operations::guarded::recovery_asks_each_time",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let key = guarded(api, session, ck::CKA_SIGN_RECOVER);
            let begin = || {
                let mut how = plain(ck::CKM_RSA_PKCS);
                let rv = call!(api, C_SignRecoverInit(session, &raw mut how, key));
                assert_eq!(rv, ck::CKR_OK);
            };
            let data = [7_u8; 20];
            let sign = || {
                let data = data.as_ptr().cast_mut();
                api.two_calls(|out, length| {
                    call!(api, C_SignRecover(session, data, 20, out, length))
                })
            };
            begin();
            assert_eq!(sign(), ASKS);
            assert_eq!(sign(), ENDED);
            for _ in ["each", "time"] {
                begin();
                assert_eq!(prove(api, session), ck::CKR_OK);
                assert!(sign().is_ok());
                assert_eq!(prove(api, session), ck::CKR_OPERATION_NOT_INITIALIZED);
            }
        },
    );
}

#[test]
fn each_message_asks() {
    alone(
        "operations::guarded::each_message_asks",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let key = guarded(api, session, ck::CKA_SIGN);
            let begin = || {
                let mut how = plain(ck::CKM_SHA256_RSA_PKCS);
                let rv = call!(api, C_MessageSignInit(session, &raw mut how, key));
                assert_eq!(rv, ck::CKR_OK);
            };
            let data = [7_u8; 20];
            let sign = || {
                let data = data.as_ptr().cast_mut();
                api.two_calls(|out, length| {
                    let none = null_mut();
                    call!(api, C_SignMessage(session, none, 0, data, 20, out, length))
                })
            };
            let start = || call!(api, C_SignMessageBegin(session, null_mut(), 0));
            let next = |out: *mut u8, length: *mut u64| {
                let data = data.as_ptr().cast_mut();
                let none = null_mut();
                call!(
                    api,
                    C_SignMessageNext(session, none, 0, data, 20, out, length)
                )
            };
            begin();
            assert_eq!(sign(), ASKS);
            assert_eq!(sign(), ENDED);
            begin();
            assert_eq!(prove(api, session), ck::CKR_OK);
            // Asking for the length is no use.
            assert!(sign().is_ok());
            // The next message asks again, and ends all of them where nobody answers.
            assert_eq!(sign(), ASKS);
            assert_eq!(sign(), ENDED);
            // One login is for all parts of a message.
            begin();
            assert_eq!(start(), ck::CKR_USER_NOT_LOGGED_IN);
            begin();
            assert_eq!(prove(api, session), ck::CKR_OK);
            assert_eq!(start(), ck::CKR_OK);
            assert_eq!(next(null_mut(), null_mut()), ck::CKR_OK);
            assert!(api.two_calls(next).is_ok());
            assert_eq!(prove(api, session), ck::CKR_OK);
            assert!(sign().is_ok());
            assert_eq!(start(), ck::CKR_USER_NOT_LOGGED_IN);
        },
    );
}

#[test]
fn two_operations_at_once_ask_for_the_one() {
    alone(
        "operations::guarded::two_operations_at_once_ask_for_the_one",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let key = guarded(api, session, ck::CKA_SIGN);
            let template = [number(ck::CKA_VALUE_LEN, 32), flag(ck::CKA_ENCRYPT, true)];
            let aes = api
                .generate(session, ck::CKM_AES_KEY_GEN, &template)
                .unwrap();
            let mut iv = [3_u8; 16];
            let mut cbc = mechanism(ck::CKM_AES_CBC, Some(&mut iv));
            assert_eq!(
                call!(api, C_EncryptInit(session, &raw mut cbc, aes)),
                ck::CKR_OK
            );
            let data = [7_u8; 16];
            let both = || {
                let data = data.as_ptr().cast_mut();
                api.two_calls(|out, length| {
                    call!(api, C_SignEncryptUpdate(session, data, 16, out, length))
                })
            };
            let begin = || {
                let mut how = plain(ck::CKM_SHA256_RSA_PKCS);
                let rv = call!(api, C_SignInit(session, &raw mut how, key));
                assert_eq!(rv, ck::CKR_OK);
            };
            begin();
            assert_eq!(both(), ASKS);
            assert_eq!(both(), ENDED);
            begin();
            assert_eq!(prove(api, session), ck::CKR_OK);
            assert_eq!(both().unwrap().len(), 16);
            assert_eq!(both().unwrap().len(), 16);
            let last = |out, length| call!(api, C_SignFinal(session, out, length));
            assert_eq!(api.two_calls(last).unwrap().len(), 256);
            assert_eq!(prove(api, session), ck::CKR_OPERATION_NOT_INITIALIZED);
        },
    );
}

#[test]
fn what_is_decrypted_for_another_operation_asks() {
    alone(
        "operations::guarded::what_is_decrypted_for_another_operation_asks",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let key = guarded(api, session, ck::CKA_DECRYPT);
            let mut how = plain(ck::CKM_RSA_PKCS);
            let begin = |how: &mut ck::CK_MECHANISM| {
                let rv = call!(api, C_DecryptInit(session, &raw mut *how, key));
                assert_eq!(rv, ck::CKR_OK);
            };
            let mut sha = plain(ck::CKM_SHA256);
            assert_eq!(call!(api, C_DigestInit(session, &raw mut sha)), ck::CKR_OK);
            let data = [7_u8; 256];
            let both = || {
                let data = data.as_ptr().cast_mut();
                api.two_calls(|out, length| {
                    call!(api, C_DecryptDigestUpdate(session, data, 256, out, length))
                })
            };
            begin(&mut how);
            assert_eq!(both(), ASKS);
            assert_eq!(both(), ENDED);
            let whole = || {
                let data = data.as_ptr().cast_mut();
                api.two_calls(|out, length| call!(api, C_Decrypt(session, data, 256, out, length)))
            };
            begin(&mut how);
            assert_eq!(whole(), ASKS);
            begin(&mut how);
            assert_eq!(prove(api, session), ck::CKR_OK);
            assert_ne!(whole(), ASKS);
            assert_eq!(whole(), ENDED);
        },
    );
}
