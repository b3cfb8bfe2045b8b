//! What goes into a derivation beside its base, and comes of it beside its key: salts that are keys, and further keys of
//! SP 800-108, against another implementation.

use cryptoki_sys as ck;
use keyhold_tests::api::{
    Api, Attribute, Further, Kdf, Mechanism, Parameter, Part, Ulong, bytes, flag, number,
};
use serde_json::json;

use crate::{derivations::readable, listed, on_module, oracle::Oracle, sample};

/// A key that is read and derives.
pub fn key(api: &Api, session: Ulong, value: &[u8]) -> Ulong {
    let template = [
        number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
        number(ck::CKA_KEY_TYPE, ck::CKK_GENERIC_SECRET),
        bytes(ck::CKA_VALUE, value),
        flag(ck::CKA_DERIVE, true),
        flag(ck::CKA_SENSITIVE, false),
        flag(ck::CKA_EXTRACTABLE, true),
    ];
    api.create(session, &template).unwrap()
}

/// A key that derives and is locked.
pub fn locked(api: &Api, session: Ulong) -> Ulong {
    let template = [number(ck::CKA_VALUE_LEN, 32), flag(ck::CKA_DERIVE, true)];
    let kind = ck::CKM_GENERIC_SECRET_KEY_GEN.into();
    api.generate(session, &kind, &template).unwrap()
}

#[test]
fn a_salt_that_is_a_key_is_one_like_any_other() {
    on_module(|api| {
        let session = api.ready();
        let mut oracle = Oracle::start();
        let (value, salt) = (sample(32), sample(20));
        let base = key(api, session, &value);
        let salt_key = key(api, session, &salt);
        let with = |half: Option<&str>, salt| {
            let expands = half.is_none();
            let parameter = Parameter::HkdfKey(true, expands, ck::CKM_SHA256, salt, sample(9));
            Mechanism::new(ck::CKM_HKDF_DERIVE, parameter)
        };
        for half in [None, Some("extract")] {
            let own = with(half, salt_key);
            let key = api.derive(session, &own, base, &readable(32)).unwrap();
            let ask = json!({
                "hash": "sha256", "half": half, "info": hex::encode(sample(9)), "bytes": 32,
                "salt": hex::encode(&salt), "key": hex::encode(&value)
            });
            let expected = oracle.bytes("hkdf", &ask, &json!({}));
            assert_eq!(
                api.get(session, key, ck::CKA_VALUE),
                Ok(expected),
                "{half:?}"
            );
        }
        let derive = |salt, template: &[Attribute]| {
            let made = api.derive(session, &with(None, salt), base, template);
            made.map(drop)
        };
        assert_eq!(
            derive(999, &readable(32)),
            Err(ck::CKR_MECHANISM_PARAM_INVALID)
        );
        let signs = [number(ck::CKA_VALUE_LEN, 32), flag(ck::CKA_SIGN, true)];
        let generic = ck::CKM_GENERIC_SECRET_KEY_GEN.into();
        let signs = api.generate(session, &generic, &signs).unwrap();
        let refused = derive(signs, &readable(32));
        assert_eq!(refused, Err(ck::CKR_KEY_FUNCTION_NOT_PERMITTED));
        // What comes of a locked salt is as locked as what comes of a locked base.
        let locked = locked(api, session);
        assert_eq!(
            derive(locked, &readable(32)),
            Err(ck::CKR_TEMPLATE_INCONSISTENT)
        );
        assert_eq!(derive(locked, &readable(32)[..3]), Ok(()));
    });
}

/// Data is read by whoever is logged in, so it is no way to a key that is kept.
#[test]
fn no_data_comes_of_a_locked_key() {
    on_module(|api| {
        let session = api.ready();
        let data = [number(ck::CKA_VALUE_LEN, 32)];
        let derive = |base, salt| {
            let parameter = Parameter::HkdfKey(true, true, ck::CKM_SHA256, salt, Vec::new());
            let mechanism = Mechanism::new(ck::CKM_HKDF_DATA, parameter);
            api.derive(session, &mechanism, base, &data).map(drop)
        };
        let (open, locked) = (key(api, session, &sample(32)), locked(api, session));
        let refused = Err(ck::CKR_KEY_FUNCTION_NOT_PERMITTED);
        let other = key(api, session, &sample(20));
        assert_eq!(derive(open, other), Ok(()));
        assert_eq!(derive(locked, open), refused);
        assert_eq!(derive(open, locked), refused);
    });
}

#[test]
fn several_keys_of_one_derivation_share_no_segment() {
    on_module(|api| {
        let session = api.ready();
        let mut oracle = Oracle::start();
        let value = sample(32);
        let base = key(api, session, &value);
        let lengths = [48, 16, 33];
        for (method, bits) in [
            (ck::CK_SP800_108_DKM_LENGTH_SUM_OF_KEYS, 776_u16),
            (ck::CK_SP800_108_DKM_LENGTH_SUM_OF_SEGMENTS, 1280),
        ] {
            for (kind, mode) in [
                (ck::CKM_SP800_108_COUNTER_KDF, "counter"),
                (ck::CKM_SP800_108_FEEDBACK_KDF, "feedback"),
                (ck::CKM_SP800_108_DOUBLE_PIPELINE_KDF, "pipeline"),
            ] {
                assert!(
                    listed(api, ck::CKF_DERIVE)
                        .iter()
                        .any(|(own, _)| *own == kind)
                );
                let further = Further::by(lengths[1..].iter().map(|own| readable(*own)).collect());
                let mut parts = vec![Part::Bytes(b"label".to_vec()), Part::Length(method, 16)];
                let counters = if mode == "counter" {
                    vec![Part::Iteration(Some(32))]
                } else {
                    vec![Part::Iteration(None), Part::Counter(32)]
                };
                parts.splice(0..0, counters);
                let how = Kdf {
                    prf: ck::CKM_SHA256_HMAC,
                    parts,
                    iv: (mode == "feedback").then(Vec::new),
                    further: further.clone(),
                };
                let mechanism = Mechanism::new(kind, Parameter::Kdf(how));
                let first = api.derive(session, &mechanism, base, &readable(lengths[0]));
                let fixed = [&b"label"[..], &bits.to_be_bytes()].concat();
                let ask = json!({
                    "mode": mode, "prf": "sha256", "fixed": hex::encode(fixed), "iv": "",
                    "key": hex::encode(&value), "bytes": 160
                });
                let whole = oracle.bytes("kdf", &ask, &json!({}));
                let handles = [vec![first.unwrap()], further.handles()].concat();
                for ((handle, start), length) in handles.iter().zip([0, 64, 96]).zip(lengths) {
                    let told = api.get(session, *handle, ck::CKA_VALUE).unwrap();
                    assert_eq!(told, whole[start..start + length], "{mode} {method}");
                }
            }
        }
    });
}

#[test]
fn where_one_key_cannot_be_made_none_is() {
    on_module(|api| {
        let session = api.ready();
        let base = key(api, session, &sample(32));
        let label =
            |length| [readable(length), vec![bytes(ck::CKA_LABEL, b"one of them")]].concat();
        let odd = [label(16), vec![number(ck::CKA_CLASS, ck::CKO_DATA)]].concat();
        // Nothing shorter than 112 bits is derived: that the daemon says, and not the module.
        for (wrong, rv) in [
            (odd, ck::CKR_TEMPLATE_INCONSISTENT),
            (label(13), ck::CKR_ATTRIBUTE_VALUE_INVALID),
        ] {
            let further = Further::by(vec![label(16), wrong, label(16)]);
            let how = Kdf {
                prf: ck::CKM_SHA256_HMAC,
                parts: vec![Part::Iteration(Some(32))],
                iv: None,
                further: further.clone(),
            };
            let mechanism = Mechanism::new(ck::CKM_SP800_108_COUNTER_KDF, Parameter::Kdf(how));
            let refused = api.derive(session, &mechanism, base, &label(16));
            assert_eq!(refused, Err(rv));
            // The handle of the key whose template is wrong says so, and the others are as they were.
            assert_eq!(further.handles(), [Ulong::MAX, 0, Ulong::MAX]);
            let left = api.find(session, &[bytes(ck::CKA_LABEL, b"one of them")]);
            assert_eq!(left, Ok(Vec::new()));
        }
    });
}
