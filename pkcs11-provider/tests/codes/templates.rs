//! Templates: what objects of a class and a type have, need, and may be told of later (PKCS #11 3.2 §4, §5.7).

use cryptoki_sys as ck;
use kmip::{OperationCode, ResultReason};

use crate::common::{
    Api, CONFIG, alone,
    api::{Attribute, Rv, bytes, flag, number},
};

const OK: Rv = ck::CKR_OK;
const INCONSISTENT: Rv = ck::CKR_TEMPLATE_INCONSISTENT;
const INCOMPLETE: Rv = ck::CKR_TEMPLATE_INCOMPLETE;
const VALUE: Rv = ck::CKR_ATTRIBUTE_VALUE_INVALID;
const TYPE: Rv = ck::CKR_ATTRIBUTE_TYPE_INVALID;
const FIXED: Rv = ck::CKR_ATTRIBUTE_READ_ONLY;

const P384: &[u8] = &[6, 5, 0x2B, 0x81, 4, 0, 0x22];

fn code<T>(outcome: Result<T, Rv>) -> Rv {
    outcome.err().unwrap_or(OK)
}

fn with(first: &[Attribute], more: &[Attribute]) -> Vec<Attribute> {
    [first, more].concat()
}

/// What a template says besides, and what comes of it.
type Case = (Attribute, Rv);

fn aes() -> Vec<Attribute> {
    vec![
        number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
        number(ck::CKA_KEY_TYPE, ck::CKK_AES),
        bytes(ck::CKA_VALUE, &[7; 32]),
    ]
}

fn data() -> Vec<Attribute> {
    vec![
        number(ck::CKA_CLASS, ck::CKO_DATA),
        bytes(ck::CKA_VALUE, b"value"),
    ]
}

fn certificate() -> Vec<Attribute> {
    vec![
        number(ck::CKA_CLASS, ck::CKO_CERTIFICATE),
        number(ck::CKA_CERTIFICATE_TYPE, ck::CKC_X_509),
        bytes(ck::CKA_SUBJECT, &[0x30, 0]),
        bytes(ck::CKA_VALUE, &[0x30, 0]),
    ]
}

fn public_rsa() -> Vec<Attribute> {
    let modulus = [&[0xC5][..], &[0x11; 254], &[1]].concat();
    vec![
        number(ck::CKA_CLASS, ck::CKO_PUBLIC_KEY),
        number(ck::CKA_KEY_TYPE, ck::CKK_RSA),
        bytes(ck::CKA_MODULUS, &modulus),
        bytes(ck::CKA_PUBLIC_EXPONENT, &[1, 0, 1]),
    ]
}

#[test]
fn an_object_is_made_of_what_its_class_and_its_type_have() {
    alone(
        "codes::templates::an_object_is_made_of_what_its_class_and_its_type_have",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let of_secret: &[Case] = &[
                (number(ck::CKA_VALUE_LEN, 32), OK),
                (number(ck::CKA_VALUE_LEN, 16), INCONSISTENT),
                (bytes(ck::CKA_MODULUS, &[1; 128]), INCONSISTENT),
                (number(ck::CKA_MODULUS_BITS, 2048), INCONSISTENT),
                (bytes(ck::CKA_PRIME_1, &[1]), INCONSISTENT),
                (bytes(ck::CKA_EC_PARAMS, P384), INCONSISTENT),
                (bytes(ck::CKA_SUBJECT, &[0x30, 0]), INCONSISTENT),
                (bytes(ck::CKA_APPLICATION, b"a"), INCONSISTENT),
                (
                    number(ck::CKA_CERTIFICATE_TYPE, ck::CKC_X_509),
                    INCONSISTENT,
                ),
                (flag(ck::CKA_SIGN_RECOVER, true), INCONSISTENT),
                (flag(ck::CKA_ALWAYS_AUTHENTICATE, true), INCONSISTENT),
                // Whoever says that it does not what it cannot do is right.
                (flag(ck::CKA_ALWAYS_AUTHENTICATE, false), OK),
                (flag(ck::CKA_SIGN_RECOVER, false), OK),
                (number(ck::CKA_KEY_TYPE, ck::CKK_DES3), INCONSISTENT),
                (flag(ck::CKA_LOCAL, true), FIXED),
                (flag(ck::CKA_TRUSTED, true), FIXED),
                (bytes(ck::CKA_ENCRYPT, &[2]), VALUE),
                (bytes(ck::CKA_ENCRYPT, &[1, 0, 0, 0, 0, 0, 0, 0]), VALUE),
                (bytes(ck::CKA_START_DATE, b"2026"), VALUE),
                (bytes(0x7FFF_FFF0, b"x"), TYPE),
            ];
            let of_data: &[Case] = &[
                (bytes(ck::CKA_OBJECT_ID, &[6, 1, 1]), OK),
                (bytes(ck::CKA_ID, b"1"), INCONSISTENT),
                (number(ck::CKA_KEY_TYPE, ck::CKK_AES), INCONSISTENT),
                (flag(ck::CKA_ENCRYPT, true), INCONSISTENT),
                (flag(ck::CKA_SENSITIVE, true), INCONSISTENT),
                (bytes(ck::CKA_MODULUS, &[1]), INCONSISTENT),
                (bytes(ck::CKA_START_DATE, b""), INCONSISTENT),
            ];
            let of_certificate: &[Case] = &[
                (bytes(ck::CKA_ID, b"1"), OK),
                (flag(ck::CKA_SENSITIVE, true), INCONSISTENT),
                (flag(ck::CKA_VERIFY, true), INCONSISTENT),
                (number(ck::CKA_KEY_TYPE, ck::CKK_RSA), INCONSISTENT),
            ];
            let of_public: &[Case] = &[
                (number(ck::CKA_MODULUS_BITS, 2048), OK),
                (number(ck::CKA_MODULUS_BITS, 1024), INCONSISTENT),
                (bytes(ck::CKA_PRIVATE_EXPONENT, &[1]), INCONSISTENT),
                (bytes(ck::CKA_VALUE, &[1]), INCONSISTENT),
                (bytes(ck::CKA_EC_PARAMS, P384), INCONSISTENT),
                (flag(ck::CKA_SIGN, true), INCONSISTENT),
                (flag(ck::CKA_SIGN, false), OK),
                (flag(ck::CKA_DECRYPT, true), INCONSISTENT),
                (flag(ck::CKA_SENSITIVE, true), INCONSISTENT),
                (flag(ck::CKA_EXTRACTABLE, true), INCONSISTENT),
            ];
            for (whole, cases) in [
                (aes(), of_secret),
                (data(), of_data),
                (certificate(), of_certificate),
                (public_rsa(), of_public),
            ] {
                assert_eq!(code(api.create(session, &whole)), OK);
                for (more, expected) in cases {
                    let made = api.create(session, &with(&whole, std::slice::from_ref(more)));
                    assert_eq!(code(made), *expected, "{:X?} and {more:X?}", whole[0]);
                }
            }
            // What each of them needs.
            for (whole, needed) in [
                (aes(), &[0, 1, 2][..]),
                (data(), &[0]),
                (certificate(), &[0, 1, 2, 3]),
                (public_rsa(), &[0, 1, 2, 3]),
            ] {
                for at in needed {
                    let mut rest = whole.clone();
                    let without = rest.remove(*at);
                    let made = api.create(session, &rest);
                    assert_eq!(
                        code(made),
                        INCOMPLETE,
                        "{:X?} without {without:X?}",
                        whole[0]
                    );
                }
            }
        },
    );
}

#[test]
fn keys_are_generated_of_what_they_may_be_told() {
    alone(
        "codes::templates::keys_are_generated_of_what_they_may_be_told",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            let length = [number(ck::CKA_VALUE_LEN, 32)];
            let secret: &[Case] = &[
                (number(ck::CKA_CLASS, ck::CKO_SECRET_KEY), OK),
                (number(ck::CKA_CLASS, ck::CKO_PUBLIC_KEY), INCONSISTENT),
                (number(ck::CKA_KEY_TYPE, ck::CKK_DES3), INCONSISTENT),
                (bytes(ck::CKA_VALUE, &[1; 32]), INCONSISTENT),
                (bytes(ck::CKA_MODULUS, &[1]), INCONSISTENT),
                (number(ck::CKA_MODULUS_BITS, 2048), INCONSISTENT),
                (bytes(ck::CKA_EC_PARAMS, P384), INCONSISTENT),
                (bytes(ck::CKA_SUBJECT, b"x"), INCONSISTENT),
                (number(ck::CKA_VALUE_LEN, 16), INCONSISTENT),
                (flag(ck::CKA_ALWAYS_SENSITIVE, true), FIXED),
            ];
            let generate =
                |template: &[Attribute]| code(api.generate(session, ck::CKM_AES_KEY_GEN, template));
            assert_eq!(generate(&[]), INCOMPLETE);
            for (more, expected) in secret {
                let made = generate(&with(&length, std::slice::from_ref(more)));
                assert_eq!(made, *expected, "{more:X?}");
            }
            let bits = [number(ck::CKA_MODULUS_BITS, 2048)];
            let exponent = |own: &[u8]| bytes(ck::CKA_PUBLIC_EXPONENT, own);
            let of_public: &[Case] = &[
                (exponent(&[1, 0, 1]), OK),
                (exponent(&[4]), VALUE),
                (bytes(ck::CKA_MODULUS, &[1]), INCONSISTENT),
                (flag(ck::CKA_SIGN, true), INCONSISTENT),
                (flag(ck::CKA_SENSITIVE, true), INCONSISTENT),
                (number(ck::CKA_VALUE_LEN, 1), INCONSISTENT),
                (number(ck::CKA_KEY_TYPE, ck::CKK_EC), INCONSISTENT),
                (number(ck::CKA_CLASS, ck::CKO_PRIVATE_KEY), INCONSISTENT),
                (bytes(ck::CKA_EC_PARAMS, P384), INCONSISTENT),
            ];
            let of_private: &[Case] = &[
                (exponent(&[1, 0, 1]), OK),
                (exponent(&[3]), INCONSISTENT),
                (bytes(ck::CKA_PRIVATE_EXPONENT, &[1]), INCONSISTENT),
                (bytes(ck::CKA_PRIME_1, &[1]), INCONSISTENT),
                (flag(ck::CKA_VERIFY, true), INCONSISTENT),
                (flag(ck::CKA_TRUSTED, true), INCONSISTENT),
                (bytes(ck::CKA_EC_PARAMS, P384), INCONSISTENT),
            ];
            let pair = |public: &[Attribute], private: &[Attribute]| {
                let kind = ck::CKM_RSA_PKCS_KEY_PAIR_GEN;
                code(api.generate_pair(session, kind, public, private))
            };
            assert_eq!(
                pair(&[], &bits),
                INCOMPLETE,
                "the public half says how long"
            );
            for (more, expected) in of_public {
                let made = pair(&with(&bits, std::slice::from_ref(more)), &[]);
                assert_eq!(made, *expected, "public {more:X?}");
            }
            for (more, expected) in of_private {
                let public = with(&bits, &[exponent(&[1, 0, 1])]);
                let made = pair(&public, std::slice::from_ref(more));
                assert_eq!(made, *expected, "private {more:X?}");
            }
            // What the daemon lets nobody do who is not logged in asks for a login.
            assert_eq!(call!(api, C_Logout(session)), OK);
            let public = with(&length, &[flag(ck::CKA_PRIVATE, false)]);
            let denied = (OperationCode::Create, ResultReason::PermissionDenied);
            fake.state.lock().unwrap().refusal = Some(denied);
            assert_eq!(generate(&public), ck::CKR_USER_NOT_LOGGED_IN);
        },
    );
}

fn told(api: &Api, session: u64, object: u64, kind: u64) -> Rv {
    code(api.get(session, object, kind))
}

/// A secret is kept, but what a key of the type does not have is no secret (PKCS #11 3.2 §5.7.5).
#[test]
fn what_an_object_does_not_have_is_no_secret() {
    alone(
        "codes::templates::what_an_object_does_not_have_is_no_secret",
        CONFIG,
        |_, api| {
            const HIDDEN: Rv = ck::CKR_ATTRIBUTE_SENSITIVE;
            let session = api.ready();
            let secret = api
                .generate(
                    session,
                    ck::CKM_AES_KEY_GEN,
                    &[number(ck::CKA_VALUE_LEN, 32)],
                )
                .unwrap();
            let (public, private) = crate::operations::rsa(api, session);
            let (point, scalar) = api.p384(session, "k");
            for (object, kind, expected) in [
                (secret, ck::CKA_VALUE, HIDDEN),
                (secret, ck::CKA_PRIVATE_EXPONENT, TYPE),
                (secret, ck::CKA_SEED, TYPE),
                (private, ck::CKA_PRIVATE_EXPONENT, HIDDEN),
                (private, ck::CKA_PRIME_1, HIDDEN),
                (private, ck::CKA_VALUE, TYPE),
                (private, ck::CKA_SEED, TYPE),
                (private, ck::CKA_PRIME, TYPE),
                (private, ck::CKA_MODULUS, OK),
                (scalar, ck::CKA_VALUE, HIDDEN),
                (scalar, ck::CKA_PRIVATE_EXPONENT, TYPE),
                (scalar, ck::CKA_PRIME_1, TYPE),
                (scalar, ck::CKA_SEED, TYPE),
                (scalar, ck::CKA_MODULUS, TYPE),
                (public, ck::CKA_PRIVATE_EXPONENT, TYPE),
                (public, ck::CKA_VALUE, TYPE),
                (public, ck::CKA_EC_POINT, TYPE),
                (point, ck::CKA_EC_POINT, OK),
                (point, ck::CKA_MODULUS, TYPE),
                (point, ck::CKA_VALUE, TYPE),
            ] {
                let answer = told(api, session, object, kind);
                assert_eq!(answer, expected, "{kind:#x} of {object}");
            }
        },
    );
}

#[test]
fn an_object_is_not_told_what_it_does_not_have() {
    alone(
        "codes::templates::an_object_is_not_told_what_it_does_not_have",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let data = api.create(session, &data()).unwrap();
            let key = api.create(session, &aes()).unwrap();
            for (object, change, expected) in [
                (data, bytes(ck::CKA_LABEL, b"new"), OK),
                (data, bytes(ck::CKA_ID, b"new"), TYPE),
                (data, bytes(ck::CKA_SUBJECT, b"new"), TYPE),
                (data, bytes(ck::CKA_START_DATE, b""), TYPE),
                (data, number(ck::CKA_KEY_TYPE, ck::CKK_AES), TYPE),
                (data, flag(ck::CKA_SENSITIVE, true), TYPE),
                (data, bytes(ck::CKA_VALUE, b"new"), FIXED),
                (data, number(ck::CKA_CLASS, ck::CKO_CERTIFICATE), FIXED),
                (key, bytes(ck::CKA_ID, b"new"), OK),
                (key, bytes(ck::CKA_START_DATE, b"20260101"), OK),
                (key, bytes(ck::CKA_SUBJECT, b"new"), TYPE),
                (key, bytes(ck::CKA_MODULUS, b"new"), TYPE),
                (key, number(ck::CKA_MODULUS_BITS, 1), TYPE),
                (key, flag(ck::CKA_ALWAYS_AUTHENTICATE, true), TYPE),
                (key, flag(ck::CKA_TOKEN, true), FIXED),
                (key, flag(ck::CKA_ENCRYPT, false), FIXED),
                (key, bytes(ck::CKA_SENSITIVE, &[7]), VALUE),
                (key, bytes(0x7FFF_FFF0, b"1"), TYPE),
            ] {
                let set = api.set(session, object, std::slice::from_ref(&change));
                assert_eq!(set, expected, "{change:X?} of {object}");
            }
            let copy = |object, change| code(api.copy(session, object, &[change]));
            assert_eq!(copy(data, bytes(ck::CKA_ID, b"new")), TYPE);
            assert_eq!(copy(key, bytes(ck::CKA_SUBJECT, b"new")), TYPE);
            assert_eq!(copy(key, number(ck::CKA_VALUE_LEN, 16)), FIXED);
            assert_eq!(copy(key, bytes(ck::CKA_ID, b"new")), OK);
        },
    );
}
