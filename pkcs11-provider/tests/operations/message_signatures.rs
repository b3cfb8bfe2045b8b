//! Messages signed and verified under one key, whole and in parts.

use std::ptr::null_mut;

use cryptoki_sys as ck;

use crate::common::{CONFIG, alone, api::plain};

use super::rsa;

#[test]
fn messages_are_signed_and_verified_one_after_the_other() {
    alone(
        "operations::message_signatures::messages_are_signed_and_verified_one_after_the_other",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let (public, private) = rsa(api, session);
            let kind = ck::CKM_SHA256_RSA_PKCS;
            let none = ck::CKR_OPERATION_NOT_INITIALIZED;
            assert_eq!(
                call!(api, C_MessageSignInit(session, &mut plain(kind), private)),
                ck::CKR_OK
            );
            assert_eq!(
                call!(api, C_MessageVerifyInit(session, &mut plain(kind), public)),
                ck::CKR_OK
            );
            for message in [&b"first"[..], b"second message"] {
                let (data, bytes) = (message.as_ptr().cast_mut(), message.len() as u64);
                let mut signature = api
                    .two_calls(|out, length| {
                        call!(
                            api,
                            C_SignMessage(session, null_mut(), 0, data, bytes, out, length)
                        )
                    })
                    .unwrap();
                let verify = |signature: &mut [u8]| {
                    let length = signature.len() as u64;
                    let own = signature.as_mut_ptr();
                    call!(
                        api,
                        C_VerifyMessage(session, null_mut(), 0, data, bytes, own, length)
                    )
                };
                assert_eq!(verify(&mut signature), ck::CKR_OK);
                // In parts, the last of which tells by what follows it.
                let (head, tail) = message.split_at(3);
                let (head, tail) = (head.as_ptr().cast_mut(), tail.as_ptr().cast_mut());
                let rest = bytes - 3;
                assert_eq!(
                    call!(api, C_SignMessageBegin(session, null_mut(), 0)),
                    ck::CKR_OK
                );
                assert_eq!(
                    call!(
                        api,
                        C_SignMessageNext(session, null_mut(), 0, head, 3, null_mut(), null_mut())
                    ),
                    ck::CKR_OK
                );
                let in_parts = api.two_calls(|out, length| {
                    call!(
                        api,
                        C_SignMessageNext(session, null_mut(), 0, tail, rest, out, length)
                    )
                });
                assert_eq!(in_parts.as_deref(), Ok(&signature[..]));
                assert_eq!(
                    call!(api, C_VerifyMessageBegin(session, null_mut(), 0)),
                    ck::CKR_OK
                );
                assert_eq!(verify(&mut signature), ck::CKR_OPERATION_ACTIVE);
                assert_eq!(
                    call!(api, C_MessageVerifyFinal(session)),
                    ck::CKR_OPERATION_ACTIVE
                );
                let own = signature.as_mut_ptr();
                for (part, bytes, own, length) in [(head, 3, null_mut(), 0), (tail, rest, own, 256)]
                {
                    assert_eq!(
                        call!(
                            api,
                            C_VerifyMessageNext(session, null_mut(), 0, part, bytes, own, length)
                        ),
                        ck::CKR_OK
                    );
                }
                signature[9] ^= 1;
                assert_eq!(verify(&mut signature), ck::CKR_SIGNATURE_INVALID);
            }
            assert_eq!(call!(api, C_MessageSignFinal(session)), ck::CKR_OK);
            assert_eq!(call!(api, C_MessageVerifyFinal(session)), ck::CKR_OK);
            assert_eq!(call!(api, C_MessageSignFinal(session)), none);
            assert_eq!(call!(api, C_SignMessageBegin(session, null_mut(), 0)), none);
        },
    );
}
