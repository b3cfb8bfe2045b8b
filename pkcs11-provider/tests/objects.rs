//! Objects: finding, reading, changing, copying, bringing and destroying them.

use std::ptr::null_mut;

use cryptoki_sys as ck;
use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask, LinkType, ObjectType, OperationCode as Op,
    attribute::{Attribute, Link, Name},
};

use crate::common::{
    CONFIG, alone,
    api::{bytes, flag, mechanism, number, plain, raw},
    ops::put,
};

const CERTIFICATE: &[u8] = include_bytes!("common/certificate.der");

#[test]
fn one_search_by_label_is_one_round_trip() {
    alone(
        "objects::one_search_by_label_is_one_round_trip",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            let (public, private) = api.p384(session, "one");
            api.p384(session, "two");
            fake.take_requests();
            let found = api.find(
                session,
                &[
                    number(ck::CKA_CLASS, ck::CKO_PRIVATE_KEY),
                    bytes(ck::CKA_LABEL, b"one"),
                ],
            );
            assert_eq!(found, [private]);
            assert_eq!(fake.take_requests().len(), 1);
            assert_eq!(
                api.get(session, private, ck::CKA_LABEL),
                Ok(b"one".to_vec())
            );
            assert_eq!(api.get(session, private, ck::CKA_SIGN), Ok(vec![1]));
            assert!(
                fake.take_requests().is_empty(),
                "attributes came with the search"
            );
            let mut mechanism = plain(ck::CKM_ECDSA);
            api.sign(session, &mut mechanism, private, &[7; 48])
                .unwrap();
            assert_eq!(
                fake.take_requests(),
                [vec![Op::Sign]],
                "a signature is one round trip"
            );
            let found = api.find(
                session,
                &[
                    number(ck::CKA_CLASS, ck::CKO_PUBLIC_KEY),
                    bytes(ck::CKA_ID, b"one"),
                ],
            );
            assert_eq!(found, [public]);
            assert!(
                api.find(session, &[bytes(ck::CKA_LABEL, b"three")])
                    .is_empty()
            );
            assert!(
                api.find(session, &[(0xCE53_4351, vec![1])]).is_empty(),
                "others' attributes match nothing"
            );
        },
    );
}

#[test]
fn many_objects_are_found_in_few_trips() {
    alone(
        "objects::many_objects_are_found_in_few_trips",
        CONFIG,
        |fake, api| {
            {
                let mut state = fake.state.lock().unwrap();
                for n in 0..150 {
                    let attributes = vec![
                        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
                        Attribute::CryptographicLength(256),
                        Attribute::Name(Name::text(&format!("key {n}"))),
                    ];
                    put(&mut state, ObjectType::SymmetricKey, attributes, None);
                }
            }
            let session = api.ready();
            fake.take_requests();
            assert_eq!(
                api.find(session, &[number(ck::CKA_CLASS, ck::CKO_SECRET_KEY)])
                    .len(),
                150
            );
            assert!(fake.take_requests().len() <= 6);
            let all = api.find(session, &[]);
            assert_eq!(all.len(), 150);
        },
    );
}

#[test]
fn objects_of_other_clients_are_found_as_they_are_shown() {
    alone(
        "objects::objects_of_other_clients_are_found_as_they_are_shown",
        CONFIG,
        |fake, api| {
            let (private, public) = {
                let mut state = fake.state.lock().unwrap();
                let key = |name: &str| {
                    vec![
                        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::EC),
                        Attribute::CryptographicLength(384),
                        Attribute::CryptographicUsageMask(CryptographicUsageMask(3)),
                        Attribute::Name(Name::text(name)),
                    ]
                };
                let private = put(&mut state, ObjectType::PrivateKey, key("tde"), None);
                let mut of_public = key("tde-public");
                of_public.push(Attribute::Link(Link {
                    link_type: LinkType::PrivateKeyLink,
                    linked_object_identifier: private.as_str().into(),
                }));
                let public = put(&mut state, ObjectType::PublicKey, of_public, None);
                let link = Link {
                    link_type: LinkType::PublicKeyLink,
                    linked_object_identifier: public.as_str().into(),
                };
                state
                    .objects
                    .get_mut(&private)
                    .unwrap()
                    .attributes
                    .push(Attribute::Link(link));
                (private, public)
            };
            let session = api.ready();
            let found = api.find(session, &[bytes(ck::CKA_LABEL, b"tde")]);
            assert_eq!(found.len(), 1);
            assert_eq!(
                api.get(session, found[0], ck::CKA_UNIQUE_ID),
                Ok(private.into_bytes())
            );
            let id = api.get(session, found[0], ck::CKA_ID).unwrap();
            assert_eq!(id.len(), 16);
            let halves = api.find(session, &[bytes(ck::CKA_ID, &id)]);
            assert_eq!(halves.len(), 2);
            let of_class = api.find(
                session,
                &[
                    number(ck::CKA_CLASS, ck::CKO_PUBLIC_KEY),
                    bytes(ck::CKA_ID, &id),
                ],
            );
            assert_eq!(of_class.len(), 1);
            assert_eq!(
                api.get(session, of_class[0], ck::CKA_UNIQUE_ID),
                Ok(public.into_bytes())
            );
            assert_eq!(
                api.set(session, found[0], &[bytes(ck::CKA_LABEL, b"mine")]),
                ck::CKR_OK
            );
            assert_eq!(api.find(session, &[bytes(ck::CKA_LABEL, b"mine")]), found);
            assert_eq!(
                api.set(session, found[0], &[bytes(ck::CKA_ID, b"set on one half")]),
                ck::CKR_OK
            );
            let halves = api.find(session, &[bytes(ck::CKA_ID, b"set on one half")]);
            assert_eq!(halves.len(), 2, "and shown by both");
            assert!(
                api.find(session, &[bytes(ck::CKA_LABEL, b"tde")])
                    .is_empty(),
                "the name is no longer shown"
            );
        },
    );
}

#[test]
fn every_entry_of_a_question_is_answered() {
    alone(
        "objects::every_entry_of_a_question_is_answered",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let key = api
                .generate(
                    session,
                    ck::CKM_AES_KEY_GEN,
                    &[
                        flag(ck::CKA_TOKEN, true),
                        number(ck::CKA_VALUE_LEN, 16),
                        bytes(ck::CKA_LABEL, b"aes"),
                    ],
                )
                .unwrap();
            let (mut value, mut label, mut short, mut class) =
                ([0_u8; 32], [0_u8; 8], [0_u8; 1], [0_u8; 8]);
            let entry = |kind, place: &mut [u8]| ck::CK_ATTRIBUTE {
                type_: kind,
                pValue: place.as_mut_ptr().cast(),
                ulValueLen: place.len() as u64,
            };
            let mut entries = [
                entry(ck::CKA_VALUE, &mut value),
                entry(ck::CKA_LABEL, &mut label),
                entry(ck::CKA_MODULUS, &mut []),
                entry(ck::CKA_LABEL, &mut short),
                entry(ck::CKA_CLASS, &mut class),
            ];
            let rv = call!(
                api,
                C_GetAttributeValue(session, key, entries.as_mut_ptr(), 5)
            );
            assert_eq!(
                rv,
                ck::CKR_ATTRIBUTE_SENSITIVE,
                "the first failure names the result"
            );
            let lengths: Vec<u64> = entries.iter().map(|entry| entry.ulValueLen).collect();
            assert_eq!(lengths, [u64::MAX, 3, u64::MAX, u64::MAX, 8]);
            assert_eq!(&label[..3], b"aes");
            assert_eq!(class, ck::CKO_SECRET_KEY.to_ne_bytes());
            for (kind, expected) in [
                (ck::CKA_SENSITIVE, 1),
                (ck::CKA_EXTRACTABLE, 0),
                (ck::CKA_ALWAYS_SENSITIVE, 1),
                (ck::CKA_NEVER_EXTRACTABLE, 1),
                (ck::CKA_LOCAL, 1),
                (ck::CKA_ENCRYPT, 1),
                (ck::CKA_DECRYPT, 1),
                (ck::CKA_SIGN, 0),
                (ck::CKA_PRIVATE, 1),
                (ck::CKA_TOKEN, 1),
                (ck::CKA_MODIFIABLE, 1),
                (ck::CKA_COPYABLE, 1),
                (ck::CKA_DESTROYABLE, 1),
            ] {
                assert_eq!(api.get(session, key, kind), Ok(vec![expected]), "{kind:#x}");
            }
            let open = [
                number(ck::CKA_VALUE_LEN, 16),
                flag(ck::CKA_SENSITIVE, false),
                flag(ck::CKA_EXTRACTABLE, true),
            ];
            let open = api.generate(session, ck::CKM_AES_KEY_GEN, &open).unwrap();
            assert_eq!(api.get(session, open, ck::CKA_VALUE).unwrap().len(), 16);
            assert_eq!(
                api.set(session, open, &[flag(ck::CKA_SENSITIVE, true)]),
                ck::CKR_OK
            );
            assert_eq!(
                api.get(session, open, ck::CKA_VALUE),
                Err(ck::CKR_ATTRIBUTE_SENSITIVE)
            );
            assert_eq!(
                api.set(session, open, &[flag(ck::CKA_SENSITIVE, false)]),
                ck::CKR_ATTRIBUTE_READ_ONLY
            );
        },
    );
}

#[test]
fn a_private_key_shows_its_public_half() {
    alone(
        "objects::a_private_key_shows_its_public_half",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let public = [
                flag(ck::CKA_TOKEN, true),
                number(ck::CKA_MODULUS_BITS, 2048),
                bytes(ck::CKA_PUBLIC_EXPONENT, &[1, 0, 1]),
            ];
            let (public, private) = api
                .generate_pair(
                    session,
                    ck::CKM_RSA_PKCS_KEY_PAIR_GEN,
                    &public,
                    &[flag(ck::CKA_TOKEN, true), bytes(ck::CKA_ID, &[1])],
                )
                .unwrap();
            for kind in [
                ck::CKA_MODULUS,
                ck::CKA_PUBLIC_EXPONENT,
                ck::CKA_ID,
                ck::CKA_PUBLIC_KEY_INFO,
            ] {
                let (one, other) = (
                    api.get(session, public, kind).unwrap(),
                    api.get(session, private, kind).unwrap(),
                );
                assert_eq!(one, other);
                assert!(!one.is_empty());
            }
            assert_eq!(
                api.get(session, public, ck::CKA_MODULUS).unwrap().len(),
                256
            );
            assert_eq!(
                api.get(session, public, ck::CKA_PUBLIC_EXPONENT),
                Ok(vec![1, 0, 1])
            );
            assert_eq!(
                api.get(session, private, ck::CKA_PRIVATE_EXPONENT),
                Err(ck::CKR_ATTRIBUTE_SENSITIVE)
            );
            assert_eq!(
                api.get(session, private, ck::CKA_ALWAYS_AUTHENTICATE),
                Ok(vec![0])
            );
            assert_eq!(
                api.get(session, private, ck::CKA_ALLOWED_MECHANISMS),
                Err(ck::CKR_ATTRIBUTE_TYPE_INVALID)
            );
            let modulus = api.get(session, public, ck::CKA_MODULUS).unwrap();
            assert_eq!(
                api.find(
                    session,
                    &[
                        number(ck::CKA_CLASS, ck::CKO_PUBLIC_KEY),
                        bytes(ck::CKA_MODULUS, &modulus)
                    ]
                ),
                [public]
            );
            let (public, private) = api.p384(session, "ec");
            let point = api.get(session, public, ck::CKA_EC_POINT).unwrap();
            assert_eq!(
                &point[..3],
                [4, 97, 4],
                "an OCTET STRING around an uncompressed point"
            );
            assert_eq!(api.get(session, private, ck::CKA_EC_POINT), Ok(point));
            assert_eq!(
                api.get(session, private, ck::CKA_EC_PARAMS),
                Ok(vec![6, 5, 0x2B, 0x81, 4, 0, 0x22])
            );
        },
    );
}

#[test]
fn templates_that_make_no_sense_are_refused() {
    alone(
        "objects::templates_that_make_no_sense_are_refused",
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
                rsa(&[number(ck::CKA_MODULUS_BITS, 1024)]),
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
        "objects::what_a_caller_brings_is_kept",
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
        "objects::copies_are_handles_or_become_the_tokens",
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
        "objects::keys_are_used_only_as_they_may_be",
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

#[test]
fn the_profile_is_found_when_it_is_asked_for() {
    alone(
        "objects::the_profile_is_found_when_it_is_asked_for",
        CONFIG,
        |_, api| {
            api.initialise();
            let session = api.open(false);
            let found = api.find(
                session,
                &[
                    number(ck::CKA_CLASS, ck::CKO_PROFILE),
                    flag(ck::CKA_TOKEN, true),
                ],
            );
            assert_eq!(found.len(), 1);
            assert_eq!(
                api.get(session, found[0], ck::CKA_PROFILE_ID),
                Ok(ck::CKP_BASELINE_PROVIDER.to_ne_bytes().to_vec())
            );
            assert!(api.find(session, &[]).is_empty());
            let mut template = raw(&[]);
            assert_eq!(
                call!(api, C_FindObjectsInit(session, template.as_mut_ptr(), 0)),
                ck::CKR_OK
            );
            assert_eq!(
                call!(api, C_FindObjectsInit(session, template.as_mut_ptr(), 0)),
                ck::CKR_OPERATION_ACTIVE
            );
            assert_eq!(call!(api, C_FindObjectsFinal(session)), ck::CKR_OK);
            assert_eq!(
                call!(api, C_FindObjectsFinal(session)),
                ck::CKR_OPERATION_NOT_INITIALIZED
            );
        },
    );
}
