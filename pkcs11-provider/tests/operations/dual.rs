//! Two operations at once: what the second takes, and when it takes nothing.

use std::ptr::null_mut;

use cryptoki_sys as ck;

use crate::common::{
    Api, CONFIG, alone,
    api::{mechanism, number, plain},
};

use super::Handle;

fn keys(api: &Api, session: u64) -> (Handle, Handle) {
    let length = [number(ck::CKA_VALUE_LEN, 32)];
    let make = |kind| api.generate(session, kind, &length).unwrap();
    (
        make(ck::CKM_AES_KEY_GEN),
        make(ck::CKM_GENERIC_SECRET_KEY_GEN),
    )
}

/// The function under test on one part, by the two-call rule.
fn update(
    api: &Api,
    session: u64,
    function: ck::CK_C_DigestEncryptUpdate,
    part: &[u8],
) -> Result<Vec<u8>, u64> {
    let (data, bytes) = (part.as_ptr().cast_mut(), part.len() as u64);
    // SAFETY: every pointer leads to memory of the test's own.
    api.two_calls(|out, length| unsafe { function.unwrap()(session, data, bytes, out, length) })
}

fn digest(api: &Api, session: u64) -> Vec<u8> {
    api.two_calls(|out, length| call!(api, C_DigestFinal(session, out, length)))
        .unwrap()
}

#[test]
fn a_digest_takes_what_is_encrypted_or_was_decrypted() {
    alone(
        "operations::dual::a_digest_takes_what_is_encrypted_or_was_decrypted",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let (aes, _) = keys(api, session);
            let (encrypt, decrypt) = (
                api.list.C_DigestEncryptUpdate,
                api.list.C_DecryptDigestUpdate,
            );
            let mut iv = [3_u8; 16];
            let cbc = &mut mechanism(ck::CKM_AES_CBC_PAD, Some(&mut iv));
            let data: Vec<u8> = (0..40).collect();
            let mut sha = plain(ck::CKM_SHA256);
            let start = |sha: &mut ck::CK_MECHANISM| {
                assert_eq!(call!(api, C_DigestInit(session, &raw mut *sha)), ck::CKR_OK);
            };
            start(&mut sha);
            assert_eq!(
                call!(api, C_EncryptInit(session, &raw mut *cbc, aes)),
                ck::CKR_OK
            );
            let mut ciphertext = update(api, session, encrypt, &data[..17]).unwrap();
            assert_eq!(ciphertext.len(), 16);
            ciphertext.extend(update(api, session, encrypt, &data[17..]).unwrap());
            let last = api
                .two_calls(|out, length| call!(api, C_EncryptFinal(session, out, length)))
                .unwrap();
            ciphertext.extend(last);
            let expected = digest(api, session);
            start(&mut sha);
            let whole = api
                .two_calls(|out, length| {
                    call!(
                        api,
                        C_Digest(session, data.as_ptr().cast_mut(), 40, out, length)
                    )
                })
                .unwrap();
            assert_eq!(whole, expected, "each part was taken once");
            start(&mut sha);
            assert_eq!(
                call!(api, C_DecryptInit(session, &raw mut *cbc, aes)),
                ck::CKR_OK
            );
            let front = update(api, session, decrypt, &ciphertext).unwrap();
            assert_eq!(front, &data[..32], "the last block may be padding");
            let back = api
                .two_calls(|out, length| call!(api, C_DecryptFinal(session, out, length)))
                .unwrap();
            assert_eq!(back, &data[32..]);
            let rest = back.as_ptr().cast_mut();
            assert_eq!(call!(api, C_DigestUpdate(session, rest, 8)), ck::CKR_OK);
            assert_eq!(digest(api, session), expected);
        },
    );
}

#[test]
fn a_mac_takes_what_is_encrypted_or_was_decrypted() {
    alone(
        "operations::dual::a_mac_takes_what_is_encrypted_or_was_decrypted",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let (aes, hmac) = keys(api, session);
            let (mut ecb, mut mac) = (plain(ck::CKM_AES_ECB), plain(ck::CKM_SHA256_HMAC));
            let data: Vec<u8> = (0..48).collect();
            assert_eq!(
                call!(api, C_SignInit(session, &raw mut mac, hmac)),
                ck::CKR_OK
            );
            assert_eq!(
                call!(api, C_EncryptInit(session, &raw mut ecb, aes)),
                ck::CKR_OK
            );
            let ciphertext = update(api, session, api.list.C_SignEncryptUpdate, &data).unwrap();
            let mut signature = api
                .two_calls(|out, length| call!(api, C_SignFinal(session, out, length)))
                .unwrap();
            assert_eq!(
                api.verify(session, &mut mac, hmac, &data, &signature),
                ck::CKR_OK
            );
            for (breaks, rv) in [(0, ck::CKR_OK), (1, ck::CKR_SIGNATURE_INVALID)] {
                signature[0] ^= breaks;
                assert_eq!(
                    call!(api, C_VerifyInit(session, &raw mut mac, hmac)),
                    ck::CKR_OK
                );
                assert_eq!(
                    call!(api, C_DecryptInit(session, &raw mut ecb, aes)),
                    ck::CKR_OK
                );
                let plaintext = update(api, session, api.list.C_DecryptVerifyUpdate, &ciphertext);
                assert_eq!(plaintext.as_deref(), Ok(&data[..]));
                assert_eq!(
                    call!(api, C_VerifyFinal(session, signature.as_mut_ptr(), 32)),
                    rv
                );
                let cancel = ck::CKF_DECRYPT;
                assert_eq!(call!(api, C_SessionCancel(session, cancel)), ck::CKR_OK);
            }
        },
    );
}

#[test]
fn both_operations_must_be_in_progress() {
    alone(
        "operations::dual::both_operations_must_be_in_progress",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let (aes, _) = keys(api, session);
            let none = Err(ck::CKR_OPERATION_NOT_INITIALIZED);
            let (encrypt, decrypt) = (
                api.list.C_DigestEncryptUpdate,
                api.list.C_DecryptVerifyUpdate,
            );
            let (mut ecb, mut sha) = (plain(ck::CKM_AES_ECB), plain(ck::CKM_SHA256));
            assert_eq!(
                call!(api, C_EncryptInit(session, &raw mut ecb, aes)),
                ck::CKR_OK
            );
            assert_eq!(update(api, session, encrypt, &[7; 16]), none);
            assert_eq!(update(api, session, decrypt, &[7; 16]), none);
            assert_eq!(call!(api, C_DigestInit(session, &raw mut sha)), ck::CKR_OK);
            // The encryption was not ended by what it was not asked for.
            assert!(update(api, session, encrypt, &[7; 16]).is_ok());
            let mut length = 16;
            let nowhere = call!(
                api,
                C_DigestEncryptUpdate(session, null_mut(), 16, null_mut(), &raw mut length)
            );
            assert_eq!(nowhere, ck::CKR_ARGUMENTS_BAD);
            assert_eq!(
                update(api, session, encrypt, &[7; 16]),
                none,
                "ended by the error"
            );
            let (mut once, mut bytes) = ([0; 32], 32);
            let rv = call!(
                api,
                C_DigestFinal(session, once.as_mut_ptr(), &raw mut bytes)
            );
            assert_eq!(rv, ck::CKR_OK, "the digest goes on alone");
        },
    );
}
