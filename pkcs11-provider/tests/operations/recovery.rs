//! Signatures that hold their message.

use std::ptr::null_mut;

use cryptoki_sys as ck;

use crate::common::{
    Api, CONFIG, alone,
    api::{flag, number, plain},
};

use super::{Handle, rsa};

fn recovering(api: &Api, session: u64) -> (Handle, Handle) {
    let public = [
        number(ck::CKA_MODULUS_BITS, 2048),
        flag(ck::CKA_VERIFY_RECOVER, true),
    ];
    let private = [flag(ck::CKA_SIGN_RECOVER, true)];
    api.generate_pair(session, ck::CKM_RSA_PKCS_KEY_PAIR_GEN, &public, &private)
        .unwrap()
}

fn sign(api: &Api, session: u64, key: Handle, data: &[u8]) -> Result<Vec<u8>, u64> {
    let init = call!(
        api,
        C_SignRecoverInit(session, &mut plain(ck::CKM_RSA_PKCS), key)
    );
    assert_eq!(init, ck::CKR_OK);
    let (data, length) = (data.as_ptr().cast_mut(), data.len() as u64);
    api.two_calls(|out, out_len| call!(api, C_SignRecover(session, data, length, out, out_len)))
}

fn begin(api: &Api, session: u64, key: Handle) -> u64 {
    call!(
        api,
        C_VerifyRecoverInit(session, &mut plain(ck::CKM_RSA_PKCS), key)
    )
}

#[test]
fn a_message_comes_out_of_its_signature() {
    alone(
        "operations::recovery::a_message_comes_out_of_its_signature",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let (public, private) = recovering(api, session);
            assert_eq!(
                sign(api, session, private, &[7; 246]),
                Err(ck::CKR_DATA_LEN_RANGE)
            );
            let recover = |signature: &[u8], out: *mut u8, length: *mut u64| {
                let (own, bytes) = (signature.as_ptr().cast_mut(), signature.len() as u64);
                call!(api, C_VerifyRecover(session, own, bytes, out, length))
            };
            for message in [&b"a message"[..], b"", &[0xFF; 245]] {
                let signature = sign(api, session, private, message).unwrap();
                assert_eq!(begin(api, session, public), ck::CKR_OK);
                let found = api.two_calls(|out, length| recover(&signature, out, length));
                assert_eq!(found.as_deref(), Ok(message));
            }
            let mut signature = sign(api, session, private, b"a message").unwrap();
            let (mut out, mut length) = ([0; 2], 2);
            assert_eq!(begin(api, session, public), ck::CKR_OK);
            let short = recover(&signature[1..], out.as_mut_ptr(), &raw mut length);
            assert_eq!(short, ck::CKR_SIGNATURE_LEN_RANGE);
            signature[9] ^= 1;
            assert_eq!(begin(api, session, public), ck::CKR_OK);
            let wrong = recover(&signature, out.as_mut_ptr(), &raw mut length);
            assert_eq!(wrong, ck::CKR_SIGNATURE_INVALID, "before a short buffer");
            let over = recover(&signature, null_mut(), &raw mut length);
            assert_eq!(over, ck::CKR_OPERATION_NOT_INITIALIZED);
        },
    );
}

#[test]
fn recovery_is_a_permission_of_its_own() {
    alone(
        "operations::recovery::recovery_is_a_permission_of_its_own",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let (public, private) = rsa(api, session);
            let refused = ck::CKR_KEY_FUNCTION_NOT_PERMITTED;
            assert_eq!(begin(api, session, public), refused);
            let init = |kind| call!(api, C_SignRecoverInit(session, &mut plain(kind), private));
            assert_eq!(init(ck::CKM_RSA_PKCS), refused);
            assert_eq!(init(ck::CKM_SHA256_RSA_PKCS), ck::CKR_MECHANISM_INVALID);
            let (public, private) = recovering(api, session);
            let get = |object, kind| api.get(session, object, kind);
            assert_eq!(get(public, ck::CKA_VERIFY_RECOVER), Ok(vec![1]));
            assert_eq!(get(private, ck::CKA_SIGN_RECOVER), Ok(vec![1]));
            assert_eq!(begin(api, session, public), ck::CKR_OK);
            let flags = ck::CKF_VERIFY_RECOVER | ck::CKF_SIGN_RECOVER;
            assert_eq!(call!(api, C_SessionCancel(session, flags)), ck::CKR_OK);
            assert_eq!(begin(api, session, public), ck::CKR_OK);
        },
    );
}
