//! Attributes: every entry of a question is answered, also what a private key knows of its public half.

use cryptoki_sys as ck;

use crate::common::{
    CONFIG, alone,
    api::{bytes, flag, number},
};

#[test]
fn every_entry_of_a_question_is_answered() {
    alone(
        "objects::reading::every_entry_of_a_question_is_answered",
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
        "objects::reading::a_private_key_shows_its_public_half",
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
