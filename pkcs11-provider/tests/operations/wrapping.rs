//! Keys under keys: which may leave under which, what comes back, and the error for each thing that is wrong.

use cryptoki_sys as ck;
use kmip::{OperationCode as Op, ResultReason};

use crate::common::{
    Api, CONFIG, alone,
    api::{Attribute, bytes, flag, mechanism, number, plain},
};

use super::{Handle, ec, rsa};

const KW: u64 = ck::CKM_AES_KEY_WRAP;
const KWP: u64 = ck::CKM_AES_KEY_WRAP_KWP;

/// An AES key that wraps and does nothing else.
fn kek(api: &Api, session: u64, length: u64) -> Handle {
    let template = [
        number(ck::CKA_VALUE_LEN, length),
        flag(ck::CKA_WRAP, true),
        flag(ck::CKA_UNWRAP, true),
    ];
    api.generate(session, ck::CKM_AES_KEY_GEN, &template)
        .unwrap()
}

fn aes(api: &Api, session: u64, more: &[Attribute]) -> Handle {
    let template = [&[number(ck::CKA_VALUE_LEN, 32)], more].concat();
    api.generate(session, ck::CKM_AES_KEY_GEN, &template)
        .unwrap()
}

fn leaves() -> Attribute {
    flag(ck::CKA_EXTRACTABLE, true)
}

fn secret(key_type: u64) -> Vec<Attribute> {
    vec![
        number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
        number(ck::CKA_KEY_TYPE, key_type),
    ]
}

fn oaep() -> ck::CK_RSA_PKCS_OAEP_PARAMS {
    ck::CK_RSA_PKCS_OAEP_PARAMS {
        hashAlg: ck::CKM_SHA256,
        mgf: ck::CKG_MGF1_SHA256,
        source: ck::CKZ_DATA_SPECIFIED,
        pSourceData: std::ptr::null_mut(),
        ulSourceDataLen: 0,
    }
}

#[test]
fn what_is_wrapped_comes_back() {
    alone(
        "operations::wrapping::what_is_wrapped_comes_back",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            let by = kek(api, session, 32);
            let key = aes(api, session, &[leaves()]);
            for kind in [KW, KWP] {
                fake.take_requests();
                let wrapped = api.wrap(session, &mut plain(kind), by, key).unwrap();
                assert_eq!(wrapped.len(), 40);
                // The questions for the length cost nothing, and the key leaves once.
                assert_eq!(fake.take_requests(), vec![vec![Op::Get]]);
                let back = api
                    .unwrap(
                        session,
                        &mut plain(kind),
                        by,
                        &wrapped,
                        &secret(ck::CKK_AES),
                    )
                    .unwrap();
                let of = |kind| api.get(session, back, kind).unwrap();
                assert_eq!(of(ck::CKA_VALUE_LEN), 32_u64.to_ne_bytes());
                assert_eq!(of(ck::CKA_SENSITIVE), [1]);
                for no in [
                    ck::CKA_LOCAL,
                    ck::CKA_ALWAYS_SENSITIVE,
                    ck::CKA_NEVER_EXTRACTABLE,
                    ck::CKA_TOKEN,
                ] {
                    assert_eq!(of(no), [0]);
                }
                assert_eq!(of(ck::CKA_KEY_GEN_MECHANISM), u64::MAX.to_ne_bytes());
                assert_eq!(
                    api.get(session, back, ck::CKA_VALUE),
                    Err(ck::CKR_ATTRIBUTE_SENSITIVE)
                );
                assert_eq!(
                    api.wrap(session, &mut plain(kind), by, back),
                    Ok(wrapped.clone()),
                    "it is the same key"
                );
            }
            // Private keys are as long as their encoding is.
            let private = [leaves(), flag(ck::CKA_TOKEN, false)];
            let (_, private) = api
                .generate_pair(
                    session,
                    ck::CKM_EC_KEY_PAIR_GEN,
                    &[bytes(ck::CKA_EC_PARAMS, &[6, 5, 0x2B, 0x81, 4, 0, 0x22])],
                    &private,
                )
                .unwrap();
            let wrapped = api.wrap(session, &mut plain(KWP), by, private).unwrap();
            let template = [
                number(ck::CKA_CLASS, ck::CKO_PRIVATE_KEY),
                number(ck::CKA_KEY_TYPE, ck::CKK_EC),
            ];
            api.unwrap(session, &mut plain(KWP), by, &wrapped, &template)
                .unwrap();
        },
    );
}

#[test]
fn a_public_key_wraps_and_its_private_half_unwraps() {
    alone(
        "operations::wrapping::a_public_key_wraps_and_its_private_half_unwraps",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let (public, private) = api
                .generate_pair(
                    session,
                    ck::CKM_RSA_PKCS_KEY_PAIR_GEN,
                    &[number(ck::CKA_MODULUS_BITS, 2048), flag(ck::CKA_WRAP, true)],
                    &[flag(ck::CKA_UNWRAP, true)],
                )
                .unwrap();
            let mut own = oaep();
            let mut oaep = mechanism(ck::CKM_RSA_PKCS_OAEP, Some(&mut own));
            let open = aes(api, session, &[leaves(), flag(ck::CKA_SENSITIVE, false)]);
            let wrapped = api.wrap(session, &mut oaep, public, open).unwrap();
            assert_eq!(wrapped.len(), 256);
            api.unwrap(session, &mut oaep, private, &wrapped, &secret(ck::CKK_AES))
                .unwrap();
            // Whoever has the other half of a public key could open what it wraps.
            let hidden = aes(api, session, &[leaves()]);
            assert_eq!(
                api.wrap(session, &mut oaep, public, hidden),
                Err(ck::CKR_KEY_NOT_WRAPPABLE)
            );
            let long = [
                number(ck::CKA_VALUE_LEN, 200),
                leaves(),
                flag(ck::CKA_SENSITIVE, false),
            ];
            let long = api
                .generate(session, ck::CKM_GENERIC_SECRET_KEY_GEN, &long)
                .unwrap();
            assert_eq!(
                api.wrap(session, &mut oaep, public, long),
                Err(ck::CKR_KEY_SIZE_RANGE)
            );
        },
    );
}

#[test]
fn each_wrong_argument_of_a_wrapping_has_its_error() {
    alone(
        "operations::wrapping::each_wrong_argument_of_a_wrapping_has_its_error",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            let by = kek(api, session, 32);
            let key = aes(api, session, &[leaves()]);
            let wrap = |kind, by, of| api.wrap(session, &mut plain(kind), by, of).unwrap_err();
            assert_eq!(wrap(KW, 999, key), ck::CKR_WRAPPING_KEY_HANDLE_INVALID);
            assert_eq!(wrap(KW, by, 999), ck::CKR_KEY_HANDLE_INVALID);
            assert_eq!(wrap(ck::CKM_AES_CTR, by, key), ck::CKR_MECHANISM_INVALID);
            let (public, _) = rsa(api, session);
            assert_eq!(
                wrap(KW, public, key),
                ck::CKR_WRAPPING_KEY_TYPE_INCONSISTENT
            );
            assert_eq!(wrap(KW, by, public), ck::CKR_KEY_NOT_WRAPPABLE);
            assert_eq!(wrap(KW, key, by), ck::CKR_KEY_FUNCTION_NOT_PERMITTED);
            let locked = aes(api, session, &[]);
            assert_eq!(wrap(KW, by, locked), ck::CKR_KEY_UNEXTRACTABLE);
            let trusted_only = aes(
                api,
                session,
                &[leaves(), flag(ck::CKA_WRAP_WITH_TRUSTED, true)],
            );
            assert_eq!(wrap(KW, by, trusted_only), ck::CKR_KEY_NOT_WRAPPABLE);
            let weak = kek(api, session, 16);
            assert_eq!(wrap(KW, weak, key), ck::CKR_WRAPPING_KEY_SIZE_RANGE);
            let mut number_of = 7_u64;
            let mut mechanism = mechanism(KW, Some(&mut number_of));
            assert_eq!(
                api.wrap(session, &mut mechanism, by, key),
                Err(ck::CKR_MECHANISM_PARAM_INVALID)
            );
            let mut length = 0;
            assert_eq!(
                call!(
                    api,
                    C_WrapKey(
                        session,
                        std::ptr::null_mut(),
                        by,
                        key,
                        std::ptr::null_mut(),
                        &raw mut length
                    )
                ),
                ck::CKR_ARGUMENTS_BAD
            );
            // What the daemon refuses is said as the function may say it.
            for (reason, rv) in [
                (ResultReason::NotExtractable, ck::CKR_KEY_UNEXTRACTABLE),
                (ResultReason::PermissionDenied, ck::CKR_KEY_NOT_WRAPPABLE),
                (ResultReason::ObjectNotFound, ck::CKR_KEY_HANDLE_INVALID),
                (
                    ResultReason::WrappingObjectDestroyed,
                    ck::CKR_WRAPPING_KEY_HANDLE_INVALID,
                ),
                (ResultReason::GeneralFailure, ck::CKR_DEVICE_ERROR),
            ] {
                fake.refuse(Some((Op::Get, reason)));
                assert_eq!(wrap(KW, by, key), rv, "{reason:?}");
            }
        },
    );
}

#[test]
fn each_wrong_argument_of_an_unwrapping_has_its_error() {
    alone(
        "operations::wrapping::each_wrong_argument_of_an_unwrapping_has_its_error",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let by = kek(api, session, 32);
            let key = aes(api, session, &[leaves()]);
            let wrapped = api.wrap(session, &mut plain(KW), by, key).unwrap();
            let unwrap = |by, wrapped: &[u8], template: &[Attribute]| {
                api.unwrap(session, &mut plain(KW), by, wrapped, template)
                    .unwrap_err()
            };
            let aes_key = secret(ck::CKK_AES);
            assert_eq!(
                unwrap(999, &wrapped, &aes_key),
                ck::CKR_UNWRAPPING_KEY_HANDLE_INVALID
            );
            let (_, private) = ec(
                api,
                session,
                ck::CKM_EC_KEY_PAIR_GEN,
                &[6, 5, 0x2B, 0x81, 4, 0, 0x22],
            );
            assert_eq!(
                unwrap(private, &wrapped, &aes_key),
                ck::CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT
            );
            assert_eq!(
                unwrap(key, &wrapped, &aes_key),
                ck::CKR_KEY_FUNCTION_NOT_PERMITTED
            );
            for length in [0, 8, 16, 39] {
                assert_eq!(
                    unwrap(by, &wrapped[..length], &aes_key),
                    ck::CKR_WRAPPED_KEY_LEN_RANGE
                );
            }
            let mut changed = wrapped.clone();
            changed[20] ^= 1;
            assert_eq!(unwrap(by, &changed, &aes_key), ck::CKR_WRAPPED_KEY_INVALID);
            let with = |more: Attribute| [aes_key.clone(), vec![more]].concat();
            for (more, rv) in [
                (
                    flag(ck::CKA_SENSITIVE, false),
                    ck::CKR_TEMPLATE_INCONSISTENT,
                ),
                (
                    bytes(ck::CKA_VALUE, &[7; 32]),
                    ck::CKR_TEMPLATE_INCONSISTENT,
                ),
                (flag(ck::CKA_LOCAL, true), ck::CKR_ATTRIBUTE_READ_ONLY),
                (flag(ck::CKA_TRUSTED, true), ck::CKR_ATTRIBUTE_READ_ONLY),
            ] {
                assert_eq!(unwrap(by, &wrapped, &with(more)), rv);
            }
            let class = |class| vec![number(ck::CKA_CLASS, class)];
            assert_eq!(
                unwrap(by, &wrapped, &class(ck::CKO_PRIVATE_KEY)),
                ck::CKR_TEMPLATE_INCOMPLETE
            );
            assert_eq!(
                unwrap(by, &wrapped, &class(ck::CKO_PUBLIC_KEY)),
                ck::CKR_TEMPLATE_INCONSISTENT
            );
            let reading = api.open(false);
            assert_eq!(
                api.unwrap(
                    reading,
                    &mut plain(KW),
                    by,
                    &wrapped,
                    &with(flag(ck::CKA_TOKEN, true))
                ),
                Err(ck::CKR_SESSION_READ_ONLY)
            );
        },
    );
}
