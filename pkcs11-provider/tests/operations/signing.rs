//! Signatures and MACs, in one part and in several.

use std::ptr::null_mut;

use cryptoki_sys as ck;
use kmip::OperationCode as Op;

use crate::common::{
    Api, CONFIG, alone,
    api::{flag, mechanism, number, plain},
    keys::sha256,
};

use super::{Handle, ec, rsa};

fn pss(hash: u64, mask: u64, salt: u64) -> ck::CK_RSA_PKCS_PSS_PARAMS {
    ck::CK_RSA_PKCS_PSS_PARAMS {
        hashAlg: hash,
        mgf: mask,
        sLen: salt,
    }
}

/// Signs and verifies in one part and in several, and refuses what was changed.
fn signs(
    api: &Api,
    session: u64,
    (public, private): (Handle, Handle),
    mechanism: &mut ck::CK_MECHANISM,
    message: &[u8],
    bytes: usize,
) {
    let signature = api.sign(session, mechanism, private, message).unwrap();
    assert_eq!(signature.len(), bytes);
    assert_eq!(
        api.verify(session, mechanism, public, message, &signature),
        ck::CKR_OK
    );
    let mut wrong = signature.clone();
    wrong[bytes / 2] ^= 1;
    assert_eq!(
        api.verify(session, mechanism, public, message, &wrong),
        ck::CKR_SIGNATURE_INVALID
    );
    assert_eq!(
        api.verify(session, mechanism, public, message, &signature[1..]),
        ck::CKR_SIGNATURE_LEN_RANGE
    );
    assert_eq!(
        call!(api, C_SignInit(session, &raw mut *mechanism, private)),
        ck::CKR_OK
    );
    for part in message.chunks(7) {
        assert_eq!(
            call!(
                api,
                C_SignUpdate(session, part.as_ptr().cast_mut(), part.len() as u64)
            ),
            ck::CKR_OK
        );
    }
    let in_parts = api
        .two_calls(|out, length| call!(api, C_SignFinal(session, out, length)))
        .unwrap();
    assert_eq!(in_parts.len(), bytes);
    assert_eq!(
        call!(api, C_SignFinal(session, null_mut(), null_mut())),
        ck::CKR_OPERATION_NOT_INITIALIZED
    );
    assert_eq!(
        call!(api, C_VerifyInit(session, &raw mut *mechanism, public)),
        ck::CKR_OK
    );
    for part in message.chunks(5) {
        assert_eq!(
            call!(
                api,
                C_VerifyUpdate(session, part.as_ptr().cast_mut(), part.len() as u64)
            ),
            ck::CKR_OK
        );
    }
    let rv = call!(
        api,
        C_VerifyFinal(session, in_parts.as_ptr().cast_mut(), bytes as u64)
    );
    assert_eq!(rv, ck::CKR_OK);
}

#[test]
fn every_kind_of_key_signs() {
    alone(
        "operations::signing::every_kind_of_key_signs",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            let digest = sha256(&[b"message"]);
            let rsa = rsa(api, session);
            signs(
                api,
                session,
                rsa,
                &mut plain(ck::CKM_RSA_PKCS),
                b"a DigestInfo of the caller's",
                256,
            );
            signs(
                api,
                session,
                rsa,
                &mut plain(ck::CKM_SHA256_RSA_PKCS),
                b"the message itself",
                256,
            );
            let mut parameter = pss(ck::CKM_SHA256, ck::CKG_MGF1_SHA256, 32);
            signs(
                api,
                session,
                rsa,
                &mut mechanism(ck::CKM_RSA_PKCS_PSS, Some(&mut parameter)),
                &digest,
                256,
            );
            signs(
                api,
                session,
                rsa,
                &mut mechanism(ck::CKM_SHA256_RSA_PKCS_PSS, Some(&mut parameter)),
                b"the message itself",
                256,
            );
            let mut unsalted = pss(ck::CKM_SHA256, ck::CKG_MGF1_SHA256, 0);
            signs(
                api,
                session,
                rsa,
                &mut mechanism(ck::CKM_SHA256_RSA_PKCS_PSS, Some(&mut unsalted)),
                b"the message itself",
                256,
            );
            let p384 = ec(
                api,
                session,
                ck::CKM_EC_KEY_PAIR_GEN,
                &[6, 5, 0x2B, 0x81, 4, 0, 0x22],
            );
            signs(api, session, p384, &mut plain(ck::CKM_ECDSA), &digest, 96);
            signs(
                api,
                session,
                p384,
                &mut plain(ck::CKM_ECDSA_SHA512),
                b"longer than the order",
                96,
            );
            fake.take_requests();
            let named = [&[0x13, 9], b"secp256r1".as_slice()].concat();
            let p256 = ec(api, session, ck::CKM_EC_KEY_PAIR_GEN, &named);
            signs(api, session, p256, &mut plain(ck::CKM_ECDSA), &digest, 64);
            signs(
                api,
                session,
                p256,
                &mut plain(ck::CKM_ECDSA_SHA256),
                b"message",
                64,
            );
            assert!(
                fake.take_requests()
                    .iter()
                    .any(|own| own == &[Op::SignatureVerify])
            );
            let p521 = ec(
                api,
                session,
                ck::CKM_EC_KEY_PAIR_GEN,
                &[6, 5, 0x2B, 0x81, 4, 0, 0x23],
            );
            signs(
                api,
                session,
                p521,
                &mut plain(ck::CKM_ECDSA_SHA512),
                b"message",
                132,
            );
            let edwards = ec(
                api,
                session,
                ck::CKM_EC_EDWARDS_KEY_PAIR_GEN,
                &[6, 3, 0x2B, 0x65, 0x70],
            );
            signs(
                api,
                session,
                edwards,
                &mut plain(ck::CKM_EDDSA),
                b"message",
                64,
            );
            let too_long = api.sign(session, &mut plain(ck::CKM_RSA_PKCS), rsa.1, &[0; 246]);
            assert_eq!(too_long, Err(ck::CKR_DATA_LEN_RANGE));
            let not_a_digest = api.sign(
                session,
                &mut mechanism(ck::CKM_RSA_PKCS_PSS, Some(&mut parameter)),
                rsa.1,
                b"short",
            );
            assert_eq!(not_a_digest, Err(ck::CKR_DATA_LEN_RANGE));
        },
    );
}

#[test]
fn a_signature_is_asked_for_once_and_an_error_ends_it() {
    alone(
        "operations::signing::a_signature_is_asked_for_once_and_an_error_ends_it",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            let (_, private) = api.p384(session, "k");
            fake.take_requests();
            api.sign(session, &mut plain(ck::CKM_ECDSA), private, &[7; 48])
                .unwrap();
            assert_eq!(
                fake.take_requests(),
                [vec![Op::Sign]],
                "length, short and real are one round trip"
            );
            let mut ecdsa = plain(ck::CKM_ECDSA);
            assert_eq!(
                call!(api, C_SignInit(session, &raw mut ecdsa, private)),
                ck::CKR_OK
            );
            let (mut out, mut length) = ([0; 96], 96);
            let rv = call!(
                api,
                C_Sign(session, null_mut(), 48, out.as_mut_ptr(), &raw mut length)
            );
            assert_eq!(rv, ck::CKR_ARGUMENTS_BAD);
            let mut digest = [7; 48];
            let again = call!(
                api,
                C_Sign(
                    session,
                    digest.as_mut_ptr(),
                    48,
                    out.as_mut_ptr(),
                    &raw mut length
                )
            );
            assert_eq!(again, ck::CKR_OPERATION_NOT_INITIALIZED);
        },
    );
}

#[test]
fn macs_are_made_and_compared() {
    alone(
        "operations::signing::macs_are_made_and_compared",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let generic = api
                .generate(
                    session,
                    ck::CKM_GENERIC_SECRET_KEY_GEN,
                    &[number(ck::CKA_VALUE_LEN, 32)],
                )
                .unwrap();
            assert_eq!(
                api.get(session, generic, ck::CKA_KEY_TYPE),
                Ok(ck::CKK_GENERIC_SECRET.to_ne_bytes().to_vec())
            );
            signs(
                api,
                session,
                (generic, generic),
                &mut plain(ck::CKM_SHA256_HMAC),
                b"message",
                32,
            );
            signs(
                api,
                session,
                (generic, generic),
                &mut plain(ck::CKM_SHA512_HMAC),
                b"message",
                64,
            );
            let mut ten: ck::CK_ULONG = 10;
            signs(
                api,
                session,
                (generic, generic),
                &mut mechanism(ck::CKM_SHA256_HMAC_GENERAL, Some(&mut ten)),
                b"message",
                10,
            );
            let own = api
                .generate(
                    session,
                    ck::CKM_SHA384_KEY_GEN,
                    &[flag(ck::CKA_SIGN, false)],
                )
                .unwrap();
            let mut sha384 = plain(ck::CKM_SHA384_HMAC);
            assert_eq!(
                call!(api, C_SignInit(session, &raw mut sha384, own)),
                ck::CKR_KEY_FUNCTION_NOT_PERMITTED
            );
            let mut sha256 = plain(ck::CKM_SHA256_HMAC);
            assert_eq!(
                call!(api, C_VerifyInit(session, &raw mut sha256, own)),
                ck::CKR_KEY_TYPE_INCONSISTENT
            );
            let wrong = api.verify(
                session,
                &mut plain(ck::CKM_SHA384_HMAC),
                own,
                b"message",
                &[0; 48],
            );
            assert_eq!(
                wrong,
                ck::CKR_SIGNATURE_INVALID,
                "a key that only verifies is asked to"
            );
        },
    );
}
