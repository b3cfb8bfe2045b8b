//! Secrets of pairs that encapsulate, by the templates that the pairs have for what comes of them.

use cryptoki_sys as ck;
use keyhold_tests::api::{Attribute, Mechanism, bytes, flag, nested, number};

use crate::on_module;

/// What a pair adds to the secrets that come of it, the other side's and its own.
#[test]
fn what_comes_of_a_pair_is_as_its_templates_say() {
    on_module(|api| {
        let session = api.ready();
        let makes = Mechanism::from(ck::CKM_ML_KEM_KEY_PAIR_GEN);
        let added = |label: &[u8]| {
            [
                number(ck::CKA_KEY_TYPE, ck::CKK_AES),
                flag(ck::CKA_ENCRYPT, true),
                flag(ck::CKA_DECRYPT, false),
                bytes(ck::CKA_LABEL, label),
            ]
        };
        let public = [
            number(ck::CKA_PARAMETER_SET, ck::CKP_ML_KEM_768),
            flag(ck::CKA_ENCAPSULATE, true),
            nested(ck::CKA_ENCAPSULATE_TEMPLATE, &added(b"theirs")),
        ];
        let private = [
            flag(ck::CKA_DECAPSULATE, true),
            nested(ck::CKA_DECAPSULATE_TEMPLATE, &added(b"ours")),
        ];
        let (public, private) = api
            .generate_pair(session, &makes, &public, &private)
            .unwrap();
        let how = Mechanism::from(ck::CKM_ML_KEM);
        let encapsulate = |template: &[Attribute]| api.encapsulate(session, &how, public, template);
        let (ciphertext, theirs) = encapsulate(&[]).unwrap();
        let decapsulate =
            |template: &[Attribute]| api.decapsulate(session, &how, private, &ciphertext, template);
        let ours = decapsulate(&[]).unwrap();
        for (key, label) in [(theirs, &b"theirs"[..]), (ours, b"ours")] {
            assert_eq!(api.get(session, key, ck::CKA_LABEL).unwrap(), label);
            assert_eq!(api.flag(session, key, ck::CKA_ENCRYPT), Ok(true));
            assert_eq!(api.flag(session, key, ck::CKA_DECRYPT), Ok(false));
            let key_type = api.get(session, key, ck::CKA_KEY_TYPE).unwrap();
            assert_eq!(key_type, number(0, ck::CKK_AES).1);
        }
        let inconsistent = ck::CKR_TEMPLATE_INCONSISTENT;
        for other in [
            number(ck::CKA_KEY_TYPE, ck::CKK_GENERIC_SECRET),
            flag(ck::CKA_DECRYPT, true),
            bytes(ck::CKA_LABEL, b"another"),
            // As long as the secret is, and no other.
            number(ck::CKA_VALUE_LEN, 16),
        ] {
            let template = [other.clone()];
            assert_eq!(encapsulate(&template), Err(inconsistent), "{other:x?}");
            assert_eq!(decapsulate(&template), Err(inconsistent), "{other:x?}");
        }
        // What goes with what was added is taken.
        let more = [flag(ck::CKA_WRAP, true), number(ck::CKA_VALUE_LEN, 32)];
        let (_, key) = encapsulate(&more).unwrap();
        assert_eq!(api.flag(session, key, ck::CKA_WRAP), Ok(true));
        let (theirs, ours) = (ck::CKA_ENCAPSULATE_TEMPLATE, ck::CKA_DECAPSULATE_TEMPLATE);
        for (object, own, other) in [(public, theirs, ours), (private, ours, theirs)] {
            let change = |kind| api.set(session, object, &[nested(kind, &[])]);
            assert_eq!(change(own), Err(ck::CKR_ATTRIBUTE_READ_ONLY));
            assert_eq!(change(other), Err(ck::CKR_ATTRIBUTE_TYPE_INVALID));
        }
    });
}
