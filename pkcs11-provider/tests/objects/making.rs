//! What callers make, bring and copy, and templates that make no sense.

use std::ptr::null_mut;

use cryptoki_sys as ck;
use kmip::OperationCode as Op;

use crate::common::{
    CONFIG, alone,
    api::{bytes, flag, mechanism, number, plain},
};

const CERTIFICATE: &[u8] = include_bytes!("../common/certificate.der");

#[test]
fn templates_that_make_no_sense_are_refused() {
    alone(
        "objects::making::templates_that_make_no_sense_are_refused",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            fake.take_requests();
            let aes = |template: &[_]| api.generate(session, ck::CKM_AES_KEY_GEN, template).err();
            assert_eq!(aes(&[]), Some(ck::CKR_TEMPLATE_INCOMPLETE));
            assert_eq!(
                aes(&[number(ck::CKA_VALUE_LEN, 17)]),
                Some(ck::CKR_ATTRIBUTE_VALUE_INVALID)
            );
            assert_eq!(
                aes(&[
                    number(ck::CKA_VALUE_LEN, 16),
                    number(ck::CKA_KEY_TYPE, ck::CKK_RSA)
                ]),
                Some(ck::CKR_TEMPLATE_INCONSISTENT)
            );
            assert_eq!(
                aes(&[
                    number(ck::CKA_VALUE_LEN, 16),
                    number(ck::CKA_CLASS, ck::CKO_DATA)
                ]),
                Some(ck::CKR_TEMPLATE_INCONSISTENT)
            );
            assert_eq!(
                aes(&[
                    number(ck::CKA_VALUE_LEN, 16),
                    bytes(ck::CKA_UNIQUE_ID, b"x")
                ]),
                Some(ck::CKR_ATTRIBUTE_READ_ONLY)
            );
            assert_eq!(
                aes(&[number(ck::CKA_VALUE_LEN, 16), flag(ck::CKA_LOCAL, true)]),
                Some(ck::CKR_ATTRIBUTE_READ_ONLY)
            );
            assert_eq!(
                aes(&[number(ck::CKA_VALUE_LEN, 16), (0x8000_1234, vec![])]),
                Some(ck::CKR_ATTRIBUTE_TYPE_INVALID)
            );
            assert_eq!(
                aes(&[number(ck::CKA_VALUE_LEN, 16), bytes(ck::CKA_TOKEN, &[7])]),
                Some(ck::CKR_ATTRIBUTE_VALUE_INVALID)
            );
            assert_eq!(
                aes(&[number(ck::CKA_VALUE_LEN, 16), flag(ck::CKA_TRUSTED, true)]),
                Some(ck::CKR_ATTRIBUTE_READ_ONLY)
            );
            let ec = |template: &[_]| {
                api.generate_pair(session, ck::CKM_EC_KEY_PAIR_GEN, template, &[])
                    .err()
            };
            assert_eq!(ec(&[]), Some(ck::CKR_TEMPLATE_INCOMPLETE));
            assert_eq!(
                ec(&[bytes(ck::CKA_EC_PARAMS, &[6, 1, 0])]),
                Some(ck::CKR_CURVE_NOT_SUPPORTED)
            );
            let rsa = |template: &[_]| {
                api.generate_pair(session, ck::CKM_RSA_PKCS_KEY_PAIR_GEN, template, &[])
                    .err()
            };
            assert_eq!(rsa(&[]), Some(ck::CKR_TEMPLATE_INCOMPLETE));
            assert_eq!(
                rsa(&[number(ck::CKA_MODULUS_BITS, 1016)]),
                Some(ck::CKR_ATTRIBUTE_VALUE_INVALID)
            );
            let create = |template: &[_]| api.create(session, template).err();
            assert_eq!(create(&[]), Some(ck::CKR_TEMPLATE_INCOMPLETE));
            assert_eq!(
                create(&[number(ck::CKA_CLASS, 0xCE53_4353)]),
                Some(ck::CKR_ATTRIBUTE_VALUE_INVALID)
            );
            assert_eq!(
                create(&[
                    number(ck::CKA_CLASS, ck::CKO_CERTIFICATE),
                    bytes(ck::CKA_VALUE, CERTIFICATE)
                ]),
                Some(ck::CKR_TEMPLATE_INCOMPLETE)
            );
            assert!(
                fake.take_requests().is_empty(),
                "none of this reaches the daemon"
            );
        },
    );
}

#[test]
fn what_a_caller_brings_is_kept() {
    alone(
        "objects::making::what_a_caller_brings_is_kept",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            let certificate = [
                number(ck::CKA_CLASS, ck::CKO_CERTIFICATE),
                number(ck::CKA_CERTIFICATE_TYPE, ck::CKC_X_509),
                flag(ck::CKA_TOKEN, true),
                bytes(ck::CKA_VALUE, CERTIFICATE),
                bytes(ck::CKA_LABEL, b"cert"),
                bytes(ck::CKA_ID, &[9]),
                bytes(ck::CKA_SUBJECT, b"whatever"),
            ];
            let certificate = api.create(session, &certificate).unwrap();
            assert_eq!(
                api.get(session, certificate, ck::CKA_VALUE).unwrap(),
                CERTIFICATE
            );
            let subject = api.get(session, certificate, ck::CKA_SUBJECT).unwrap();
            assert!(
                subject.windows(12).any(|part| part == b"keyhold-test"),
                "the subject is the certificate's own"
            );
            assert_eq!(
                api.get(session, certificate, ck::CKA_ISSUER).unwrap(),
                subject
            );
            assert_eq!(
                api.get(session, certificate, ck::CKA_SERIAL_NUMBER)
                    .unwrap()[0],
                2
            );
            assert_eq!(api.get(session, certificate, ck::CKA_PRIVATE), Ok(vec![0]));
            let data = [
                number(ck::CKA_CLASS, ck::CKO_DATA),
                flag(ck::CKA_TOKEN, true),
                bytes(ck::CKA_VALUE, b"v"),
                bytes(ck::CKA_APPLICATION, b"a"),
                bytes(ck::CKA_LABEL, b"data"),
            ];
            let data = api.create(session, &data).unwrap();
            assert_eq!(api.get(session, data, ck::CKA_VALUE), Ok(b"v".to_vec()));
            assert_eq!(
                api.get(session, data, ck::CKA_APPLICATION),
                Ok(b"a".to_vec())
            );
            assert_eq!(api.find(session, &[bytes(ck::CKA_LABEL, b"data")]), [data]);
            let secret = [
                number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
                number(ck::CKA_KEY_TYPE, ck::CKK_AES),
                flag(ck::CKA_TOKEN, true),
                bytes(ck::CKA_VALUE, &[7; 32]),
            ];
            let secret = api.create(session, &secret).unwrap();
            assert_eq!(
                api.get(session, secret, ck::CKA_VALUE),
                Err(ck::CKR_ATTRIBUTE_SENSITIVE)
            );
            assert_eq!(
                api.get(session, secret, ck::CKA_NEVER_EXTRACTABLE),
                Ok(vec![0]),
                "it was outside once"
            );
            let numbers = [
                ck::CKA_MODULUS,
                ck::CKA_PUBLIC_EXPONENT,
                ck::CKA_PRIVATE_EXPONENT,
                ck::CKA_PRIME_1,
                ck::CKA_PRIME_2,
                ck::CKA_EXPONENT_1,
                ck::CKA_EXPONENT_2,
                ck::CKA_COEFFICIENT,
            ];
            let mut private = vec![
                number(ck::CKA_CLASS, ck::CKO_PRIVATE_KEY),
                number(ck::CKA_KEY_TYPE, ck::CKK_RSA),
                flag(ck::CKA_TOKEN, true),
            ];
            private.extend(numbers.iter().map(|kind| bytes(*kind, &[0xC1; 256])));
            let private = api.create(session, &private).unwrap();
            assert_eq!(
                api.get(session, private, ck::CKA_MODULUS),
                Ok(vec![0xC1; 256])
            );
            let ec = [
                number(ck::CKA_CLASS, ck::CKO_PRIVATE_KEY),
                number(ck::CKA_KEY_TYPE, ck::CKK_EC),
                bytes(ck::CKA_EC_PARAMS, &[6, 5, 0x2B, 0x81, 4, 0, 0x22]),
                bytes(ck::CKA_VALUE, &[5; 47]),
            ];
            assert!(api.create(session, &ec).is_ok());
            assert_eq!(
                call!(api, C_DestroyObject(session, certificate)),
                ck::CKR_OK
            );
            assert_eq!(
                api.get(session, certificate, ck::CKA_VALUE),
                Err(ck::CKR_OBJECT_HANDLE_INVALID)
            );
            let requests = fake.take_requests();
            assert_eq!(
                requests.last(),
                Some(&vec![Op::Revoke, Op::Destroy]),
                "one batch"
            );
        },
    );
}

#[test]
fn copies_are_handles_or_become_the_tokens() {
    alone(
        "objects::making::copies_are_handles_or_become_the_tokens",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            let (public, private) = api.p384(session, "k");
            fake.take_requests();
            let alias = api
                .copy(session, private, &[flag(ck::CKA_TOKEN, false)])
                .unwrap();
            assert!(
                fake.take_requests().is_empty(),
                "a further handle needs nobody"
            );
            assert_eq!(api.get(session, alias, ck::CKA_TOKEN), Ok(vec![0]));
            let mut ecdsa = plain(ck::CKM_ECDSA);
            api.sign(session, &mut ecdsa, alias, &[1; 48]).unwrap();
            assert_eq!(call!(api, C_DestroyObject(session, alias)), ck::CKR_OK);
            assert!(
                api.sign(session, &mut ecdsa, private, &[1; 48]).is_ok(),
                "the key outlives the handle"
            );
            assert_eq!(
                api.copy(session, private, &[flag(ck::CKA_TOKEN, true)]),
                Err(ck::CKR_ACTION_PROHIBITED)
            );
            assert_eq!(
                api.copy(session, private, &[flag(ck::CKA_SENSITIVE, false)]),
                Err(ck::CKR_ATTRIBUTE_READ_ONLY)
            );
            let second = api
                .copy(session, public, &[bytes(ck::CKA_LABEL, b"second")])
                .unwrap();
            assert_ne!(
                api.get(session, second, ck::CKA_UNIQUE_ID),
                api.get(session, public, ck::CKA_UNIQUE_ID)
            );
            assert_eq!(
                api.get(session, second, ck::CKA_EC_POINT),
                api.get(session, public, ck::CKA_EC_POINT)
            );
            let curve = bytes(ck::CKA_EC_PARAMS, &[6, 5, 0x2B, 0x81, 4, 0, 0x22]);
            let (_, temporary) = api
                .generate_pair(session, ck::CKM_EC_KEY_PAIR_GEN, &[curve], &[])
                .unwrap();
            let kept = api
                .copy(
                    session,
                    temporary,
                    &[flag(ck::CKA_TOKEN, true), bytes(ck::CKA_ID, b"alias")],
                )
                .unwrap();
            assert_eq!(api.get(session, kept, ck::CKA_TOKEN), Ok(vec![1]));
            assert!(api.sign(session, &mut ecdsa, temporary, &[1; 48]).is_ok());
            assert_eq!(call!(api, C_CloseSession(session)), ck::CKR_OK);
            let session = api.open(true);
            assert_eq!(
                api.login(session, ck::CKU_USER, crate::common::PIN),
                ck::CKR_OK
            );
            let found = api.find(
                session,
                &[
                    number(ck::CKA_CLASS, ck::CKO_PRIVATE_KEY),
                    bytes(ck::CKA_ID, b"alias"),
                ],
            );
            assert_eq!(found.len(), 1, "it outlived its session");
            assert!(
                api.get(session, found[0], ck::CKA_EC_POINT).is_ok(),
                "and knows its public half, which did not"
            );
            assert!(api.sign(session, &mut ecdsa, found[0], &[1; 48]).is_ok());
        },
    );
}

#[test]
fn keys_are_used_only_as_they_may_be() {
    alone(
        "objects::making::keys_are_used_only_as_they_may_be",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            let (public, private) = api.p384(session, "k");
            let template = [number(ck::CKA_VALUE_LEN, 16), flag(ck::CKA_DECRYPT, false)];
            let aes = api
                .generate(session, ck::CKM_AES_KEY_GEN, &template)
                .unwrap();
            let allowed = [
                number(ck::CKA_VALUE_LEN, 16),
                number(ck::CKA_ALLOWED_MECHANISMS, ck::CKM_AES_GCM),
            ];
            let gcm_only = api
                .generate(session, ck::CKM_AES_KEY_GEN, &allowed)
                .unwrap();
            fake.take_requests();
            let sign = |kind, key| {
                let mut mechanism = plain(kind);
                call!(api, C_SignInit(session, &raw mut mechanism, key))
            };
            assert_eq!(sign(0x7FFF_FFFF, private), ck::CKR_MECHANISM_INVALID);
            assert_eq!(sign(ck::CKM_AES_CBC, private), ck::CKR_MECHANISM_INVALID);
            assert_eq!(sign(ck::CKM_ECDSA, 4711), ck::CKR_KEY_HANDLE_INVALID);
            assert_eq!(
                sign(ck::CKM_RSA_PKCS, private),
                ck::CKR_KEY_TYPE_INCONSISTENT
            );
            assert_eq!(sign(ck::CKM_EDDSA, private), ck::CKR_KEY_TYPE_INCONSISTENT);
            assert_eq!(sign(ck::CKM_ECDSA, public), ck::CKR_KEY_TYPE_INCONSISTENT);
            assert_eq!(sign(ck::CKM_ECDSA, aes), ck::CKR_KEY_TYPE_INCONSISTENT);
            let decrypt = |mut mechanism: ck::CK_MECHANISM, key| {
                call!(api, C_DecryptInit(session, &raw mut mechanism, key))
            };
            assert_eq!(
                decrypt(plain(ck::CKM_AES_ECB), aes),
                ck::CKR_KEY_FUNCTION_NOT_PERMITTED
            );
            assert_eq!(
                decrypt(plain(ck::CKM_AES_ECB), gcm_only),
                ck::CKR_MECHANISM_INVALID
            );
            assert_eq!(
                decrypt(plain(ck::CKM_AES_GCM), gcm_only),
                ck::CKR_MECHANISM_PARAM_INVALID
            );
            let encrypt = |mut mechanism: ck::CK_MECHANISM, key| {
                call!(api, C_EncryptInit(session, &raw mut mechanism, key))
            };
            assert_eq!(
                encrypt(mechanism(ck::CKM_AES_CBC, Some(&mut [0_u8; 15])), aes),
                ck::CKR_MECHANISM_PARAM_INVALID
            );
            assert_eq!(
                encrypt(mechanism(ck::CKM_AES_CBC, Some(&mut [0_u8; 16])), aes),
                ck::CKR_OK
            );
            assert_eq!(
                encrypt(plain(ck::CKM_AES_ECB), aes),
                ck::CKR_OPERATION_ACTIVE
            );
            assert_eq!(
                call!(api, C_EncryptInit(session, null_mut(), 0)),
                ck::CKR_OK,
                "no mechanism cancels"
            );
            assert_eq!(encrypt(plain(ck::CKM_AES_ECB), aes), ck::CKR_OK);
            assert_eq!(
                call!(api, C_SessionCancel(session, ck::CKF_ENCRYPT)),
                ck::CKR_OK
            );
            assert_eq!(encrypt(plain(ck::CKM_AES_ECB), aes), ck::CKR_OK);
            assert!(fake.take_requests().is_empty(), "beginning needs nobody");
        },
    );
}
