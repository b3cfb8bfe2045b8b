//! Arguments: pointers before all else but the session, handles of what is there and is no key, and who may log in when.

use std::ptr::null_mut;

use cryptoki_sys as ck;

use crate::common::{
    CONFIG, PIN, SO_PIN, alone,
    api::{bytes, flag, mechanism, number, plain},
};

/// A function that begins an operation with a key.
type Init = Option<
    unsafe extern "C" fn(
        ck::CK_SESSION_HANDLE,
        ck::CK_MECHANISM_PTR,
        ck::CK_OBJECT_HANDLE,
    ) -> ck::CK_RV,
>;

/// PKCS #11 3.2 §5.1.6, CKR_KEY_HANDLE_INVALID: the handle of an object that is no key is none of a key.
#[test]
fn what_is_no_key_has_no_handle_of_a_key() {
    alone(
        "codes::arguments::what_is_no_key_has_no_handle_of_a_key",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let data = [
                number(ck::CKA_CLASS, ck::CKO_DATA),
                bytes(ck::CKA_VALUE, b"v"),
            ];
            let data = api.create(session, &data).unwrap();
            let aes = [
                number(ck::CKA_VALUE_LEN, 32),
                flag(ck::CKA_WRAP, true),
                flag(ck::CKA_UNWRAP, true),
                flag(ck::CKA_EXTRACTABLE, true),
            ];
            let key = api.generate(session, ck::CKM_AES_KEY_GEN, &aes).unwrap();
            let mut iv = [0_u8; 16];
            let list = api.list;
            let inits: [(Init, ck::CK_MECHANISM); 8] = [
                (
                    list.C_EncryptInit,
                    mechanism(ck::CKM_AES_CBC, Some(&mut iv)),
                ),
                (
                    list.C_DecryptInit,
                    mechanism(ck::CKM_AES_CBC, Some(&mut iv)),
                ),
                (list.C_SignInit, plain(ck::CKM_AES_CMAC)),
                (list.C_VerifyInit, plain(ck::CKM_AES_CMAC)),
                (list.C_SignRecoverInit, plain(ck::CKM_RSA_PKCS)),
                (list.C_VerifyRecoverInit, plain(ck::CKM_RSA_PKCS)),
                (list.C_MessageSignInit, plain(ck::CKM_AES_CMAC)),
                (list.C_MessageEncryptInit, plain(ck::CKM_AES_GCM)),
            ];
            for (at, (init, mut mechanism)) in inits.into_iter().enumerate() {
                for none in [data, 0, 99_999] {
                    // SAFETY: a mechanism of this test.
                    let rv = unsafe { init.unwrap()(session, &raw mut mechanism, none) };
                    assert_eq!(rv, ck::CKR_KEY_HANDLE_INVALID, "{at}");
                }
                // The mechanism is looked at first.
                mechanism.mechanism = ck::CKM_MD5;
                // SAFETY: as above.
                let rv = unsafe { init.unwrap()(session, &raw mut mechanism, data) };
                assert_eq!(rv, ck::CKR_MECHANISM_INVALID, "{at}");
            }
            let mut sha256 = plain(ck::CKM_SHA256);
            let begun = call!(api, C_DigestInit(session, &raw mut sha256));
            assert_eq!(begun, ck::CKR_OK);
            assert_eq!(
                call!(api, C_DigestKey(session, data)),
                ck::CKR_KEY_HANDLE_INVALID
            );
            let mut wrap = plain(ck::CKM_AES_KEY_WRAP);
            for (by, of, rv) in [
                (data, key, ck::CKR_WRAPPING_KEY_HANDLE_INVALID),
                (key, data, ck::CKR_KEY_HANDLE_INVALID),
                (0, 0, ck::CKR_WRAPPING_KEY_HANDLE_INVALID),
            ] {
                assert_eq!(api.wrap(session, &mut wrap, by, of), Err(rv));
            }
            let template = [
                number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
                number(ck::CKA_KEY_TYPE, ck::CKK_AES),
            ];
            assert_eq!(
                api.unwrap(session, &mut wrap, data, &[7; 40], &template),
                Err(ck::CKR_UNWRAPPING_KEY_HANDLE_INVALID)
            );
        },
    );
}

#[test]
fn a_place_that_is_missing_is_told_before_what_else_is_wrong() {
    alone(
        "codes::arguments::a_place_that_is_missing_is_told_before_what_else_is_wrong",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let bad = ck::CKR_ARGUMENTS_BAD;
            let (mut wrong, mut out, mut key) = (plain(ck::CKM_MD5), [0_u8; 64], 0);
            let (mechanism, place) = (&raw mut wrong, out.as_mut_ptr());
            let none = null_mut();
            for (session, expected) in [(session, bad), (0, ck::CKR_SESSION_HANDLE_INVALID)] {
                assert_eq!(
                    call!(api, C_WrapKey(session, mechanism, 0, 0, place, none)),
                    expected
                );
                let wrapped = call!(
                    api,
                    C_WrapKeyAuthenticated(session, mechanism, 0, 0, none.cast(), 0, place, none)
                );
                assert_eq!(wrapped, expected);
                let encapsulated = call!(
                    api,
                    C_EncapsulateKey(
                        session,
                        mechanism,
                        0,
                        none.cast(),
                        0,
                        place,
                        none,
                        &raw mut key
                    )
                );
                assert_eq!(encapsulated, expected);
            }
        },
    );
}

#[test]
fn a_signature_that_is_not_there_is_no_signature_of_the_wrong_length() {
    alone(
        "codes::arguments::a_signature_that_is_not_there_is_no_signature_of_the_wrong_length",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let (public, _) = api.p384(session, "k");
            let (mut ecdsa, mut digest) = (plain(ck::CKM_ECDSA), [7_u8; 48]);
            let data = digest.as_mut_ptr();
            let begin = || {
                let rv = call!(api, C_VerifyInit(session, &raw mut ecdsa, public));
                assert_eq!(rv, ck::CKR_OK, "an error has ended the one before");
            };
            let mut begin = begin;
            for length in [0, 96] {
                begin();
                let whole = call!(api, C_Verify(session, data, 48, null_mut(), length));
                assert_eq!(whole, ck::CKR_ARGUMENTS_BAD);
                begin();
                let last = call!(api, C_VerifyFinal(session, null_mut(), length));
                assert_eq!(last, ck::CKR_ARGUMENTS_BAD);
            }
            begin();
            let empty = call!(api, C_Verify(session, data, 48, data, 0));
            assert_eq!(empty, ck::CKR_SIGNATURE_LEN_RANGE);
            let none = call!(
                api,
                C_VerifySignatureInit(session, &raw mut ecdsa, public, null_mut(), 0)
            );
            assert_eq!(none, ck::CKR_ARGUMENTS_BAD);
        },
    );
}

#[test]
fn logins_that_cannot_be_are_told_apart() {
    alone(
        "codes::arguments::logins_that_cannot_be_are_told_apart",
        CONFIG,
        |_, api| {
            let session = api.ready();
            assert_eq!(
                api.login(session, ck::CKU_USER, PIN),
                ck::CKR_USER_ALREADY_LOGGED_IN
            );
            assert_eq!(
                api.login(session, ck::CKU_SO, SO_PIN),
                ck::CKR_USER_ANOTHER_ALREADY_LOGGED_IN
            );
            let reader = api.open(false);
            for session in [reader, session] {
                assert_eq!(
                    api.login(session, ck::CKU_SO, SO_PIN),
                    ck::CKR_SESSION_READ_ONLY_EXISTS
                );
            }
            let mut token = ck::CK_TOKEN_INFO::default();
            assert_eq!(call!(api, C_GetTokenInfo(0, &raw mut token)), ck::CKR_OK);
            let counted = (token.ulSessionCount, token.ulRwSessionCount);
            assert_eq!(counted, (2, 1));
            // Two operations of a session go together, and what is saved of one needs no key to go on.
            for told in [
                ck::CKF_DUAL_CRYPTO_OPERATIONS,
                ck::CKF_RESTORE_KEY_NOT_NEEDED,
                ck::CKF_RNG,
                ck::CKF_TOKEN_INITIALIZED,
                ck::CKF_USER_PIN_INITIALIZED,
                ck::CKF_LOGIN_REQUIRED,
            ] {
                assert_ne!(token.flags & told, 0, "{told:#x}");
            }
            assert_eq!(token.flags & ck::CKF_WRITE_PROTECTED, 0);
        },
    );
}
