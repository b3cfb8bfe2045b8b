//! Verification that begins with the signature, and what 3.2 asks of sessions that are not asynchronous or validated.

use std::ptr::null_mut;

use cryptoki_sys as ck;

use crate::common::{
    Api, CONFIG, alone,
    api::{number, plain},
};

use super::{Handle, rsa};

fn begin(api: &Api, session: u64, kind: u64, key: Handle, signature: &[u8]) -> u64 {
    call!(
        api,
        C_VerifySignatureInit(
            session,
            &mut plain(kind),
            key,
            signature.as_ptr().cast_mut(),
            signature.len() as u64
        )
    )
}

fn whole(api: &Api, session: u64, data: &[u8]) -> u64 {
    let length = data.len() as u64;
    call!(
        api,
        C_VerifySignature(session, data.as_ptr().cast_mut(), length)
    )
}

#[test]
fn a_signature_may_come_before_its_message() {
    alone(
        "operations::verifying::a_signature_may_come_before_its_message",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let (public, private) = rsa(api, session);
            let key = api
                .generate(
                    session,
                    ck::CKM_GENERIC_SECRET_KEY_GEN,
                    &[number(ck::CKA_VALUE_LEN, 32)],
                )
                .unwrap();
            let message = b"a message in parts";
            for (kind, signer, verifier) in [
                (ck::CKM_SHA256_RSA_PKCS, private, public),
                (ck::CKM_SHA256_HMAC, key, key),
            ] {
                let mut signature = api
                    .sign(session, &mut plain(kind), signer, message)
                    .unwrap();
                let start = |signature: &[u8]| {
                    assert_eq!(begin(api, session, kind, verifier, signature), ck::CKR_OK);
                };
                start(&signature);
                assert_eq!(
                    begin(api, session, kind, verifier, &signature),
                    ck::CKR_OPERATION_ACTIVE
                );
                assert_eq!(whole(api, session, message), ck::CKR_OK);
                assert_eq!(
                    whole(api, session, message),
                    ck::CKR_OPERATION_NOT_INITIALIZED
                );
                start(&signature);
                for part in message.chunks(5) {
                    assert_eq!(
                        call!(
                            api,
                            C_VerifySignatureUpdate(
                                session,
                                part.as_ptr().cast_mut(),
                                part.len() as u64
                            )
                        ),
                        ck::CKR_OK
                    );
                }
                assert_eq!(call!(api, C_VerifySignatureFinal(session)), ck::CKR_OK);
                start(&signature[1..]);
                assert_eq!(whole(api, session, message), ck::CKR_SIGNATURE_LEN_RANGE);
                signature[3] ^= 1;
                start(&signature);
                assert_eq!(whole(api, session, message), ck::CKR_SIGNATURE_INVALID);
            }
        },
    );
}

#[test]
fn one_kind_of_verification_does_not_end_the_other() {
    alone(
        "operations::verifying::one_kind_of_verification_does_not_end_the_other",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let (public, private) = rsa(api, session);
            let kind = ck::CKM_SHA256_RSA_PKCS;
            let mut signature = api
                .sign(session, &mut plain(kind), private, b"message")
                .unwrap();
            let none = ck::CKR_OPERATION_NOT_INITIALIZED;
            assert_eq!(begin(api, session, kind, public, &signature), ck::CKR_OK);
            let (data, length) = (b"message".as_ptr().cast_mut(), 256);
            assert_eq!(
                call!(
                    api,
                    C_Verify(session, data, 7, signature.as_mut_ptr(), length)
                ),
                none
            );
            assert_eq!(call!(api, C_VerifyUpdate(session, data, 7)), none);
            assert_eq!(
                call!(api, C_VerifyFinal(session, signature.as_mut_ptr(), length)),
                none
            );
            assert_eq!(whole(api, session, b"message"), ck::CKR_OK);
            assert_eq!(
                call!(api, C_VerifyInit(session, &mut plain(kind), public)),
                ck::CKR_OK
            );
            assert_eq!(whole(api, session, b"message"), none);
            assert_eq!(call!(api, C_VerifySignatureFinal(session)), none);
            assert_eq!(
                call!(
                    api,
                    C_Verify(session, data, 7, signature.as_mut_ptr(), length)
                ),
                ck::CKR_OK
            );
            assert_eq!(begin(api, session, kind, public, &signature), ck::CKR_OK);
            let cancel = call!(
                api,
                C_VerifySignatureInit(session, null_mut(), 0, null_mut(), 0)
            );
            assert_eq!(cancel, ck::CKR_OK);
            assert_eq!(whole(api, session, b"message"), none);
        },
    );
}

#[test]
fn no_session_is_asynchronous_or_validated() {
    alone(
        "operations::verifying::no_session_is_asynchronous_or_validated",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let kind = ck::CKS_LAST_VALIDATION_OK;
            for kind in [kind, 0, kind + 1, ck::CK_ULONG::MAX] {
                let mut flags = 7;
                let place = &raw mut flags;
                let rv = call!(api, C_GetSessionValidationFlags(session, kind, place));
                assert_eq!((rv, flags), (ck::CKR_OK, 0), "{kind}");
            }
            let mut flags = 7;
            for (session, kind, flags, rv) in [
                (session, kind, null_mut(), ck::CKR_ARGUMENTS_BAD),
                (99, kind, &raw mut flags, ck::CKR_SESSION_HANDLE_INVALID),
            ] {
                assert_eq!(
                    call!(api, C_GetSessionValidationFlags(session, kind, flags)),
                    rv
                );
            }
            let name = c"C_Sign".as_ptr().cast_mut().cast();
            let (mut data, mut id) = (ck::CK_ASYNC_DATA::default(), 0);
            assert_eq!(
                call!(api, C_AsyncComplete(session, name, &raw mut data)),
                ck::CKR_OPERATION_NOT_INITIALIZED
            );
            assert_eq!(
                call!(api, C_AsyncGetID(session, name, &raw mut id)),
                ck::CKR_OPERATION_NOT_INITIALIZED
            );
            assert_eq!(
                call!(api, C_AsyncJoin(session, name, 1, null_mut(), 0)),
                ck::CKR_SAVED_STATE_INVALID
            );
        },
    );
}
