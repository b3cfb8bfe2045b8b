//! Templates that keys have for other keys: told as they were given, and held to by what the keys do.

use cryptoki_sys as ck;

use crate::common::{
    Api, CONFIG, alone,
    api::{Attribute, bytes, flag, mechanism, number, plain, raw},
};

use super::Handle;

/// A template as a value: the array of its entries, which borrows their values.
fn nested(kind: u64, inner: &[Attribute]) -> Attribute {
    let entries = raw(inner);
    let mut value = Vec::new();
    for entry in &entries {
        value.extend(entry.type_.to_ne_bytes());
        value.extend((entry.pValue as usize).to_ne_bytes());
        value.extend(entry.ulValueLen.to_ne_bytes());
    }
    (kind, value)
}

fn kek(api: &Api, session: u64, more: &[Attribute]) -> Result<Handle, u64> {
    let own = [
        number(ck::CKA_VALUE_LEN, 32),
        flag(ck::CKA_WRAP, true),
        flag(ck::CKA_UNWRAP, true),
    ];
    api.generate(session, ck::CKM_AES_KEY_GEN, &[&own, more].concat())
}

fn leaves(api: &Api, session: u64, label: &[u8]) -> Handle {
    let template = [
        number(ck::CKA_VALUE_LEN, 32),
        flag(ck::CKA_EXTRACTABLE, true),
        bytes(ck::CKA_LABEL, label),
    ];
    api.generate(session, ck::CKM_AES_KEY_GEN, &template)
        .unwrap()
}

#[test]
fn a_key_wraps_only_what_its_template_has() {
    alone(
        "operations::templates::a_key_wraps_only_what_its_template_has",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let wanted = [
                bytes(ck::CKA_LABEL, b"mine"),
                number(ck::CKA_KEY_TYPE, ck::CKK_AES),
            ];
            let by = kek(api, session, &[nested(ck::CKA_WRAP_TEMPLATE, &wanted)]).unwrap();
            let wrap = |key| api.wrap(session, &mut plain(ck::CKM_AES_KEY_WRAP), by, key);
            assert_eq!(wrap(leaves(api, session, b"mine")).unwrap().len(), 40);
            assert_eq!(
                wrap(leaves(api, session, b"other")),
                Err(ck::CKR_KEY_HANDLE_INVALID)
            );
        },
    );
}

#[test]
fn what_is_unwrapped_has_what_the_template_adds() {
    alone(
        "operations::templates::what_is_unwrapped_has_what_the_template_adds",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let added = [
                flag(ck::CKA_EXTRACTABLE, false),
                bytes(ck::CKA_LABEL, b"came in"),
            ];
            let by = kek(api, session, &[nested(ck::CKA_UNWRAP_TEMPLATE, &added)]).unwrap();
            let key = leaves(api, session, b"mine");
            let mut how = plain(ck::CKM_AES_KEY_WRAP);
            let wrapped = api.wrap(session, &mut how, by, key).unwrap();
            let template = vec![
                number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
                number(ck::CKA_KEY_TYPE, ck::CKK_AES),
            ];
            let back = api
                .unwrap(session, &mut how, by, &wrapped, &template)
                .unwrap();
            assert_eq!(api.get(session, back, ck::CKA_LABEL).unwrap(), b"came in");
            assert_eq!(api.get(session, back, ck::CKA_EXTRACTABLE).unwrap(), [0]);
            let against = [template, vec![flag(ck::CKA_EXTRACTABLE, true)]].concat();
            assert_eq!(
                api.unwrap(session, &mut how, by, &wrapped, &against),
                Err(ck::CKR_TEMPLATE_INCONSISTENT)
            );
            // Nobody makes trusted keys of untrusted ones so.
            let trust = [flag(ck::CKA_TRUSTED, true)];
            let by = kek(api, session, &[nested(ck::CKA_UNWRAP_TEMPLATE, &trust)]).unwrap();
            let wrapped = api.wrap(session, &mut how, by, key).unwrap();
            assert_eq!(
                api.unwrap(session, &mut how, by, &wrapped, &against),
                Err(ck::CKR_ATTRIBUTE_READ_ONLY)
            );
        },
    );
}

#[test]
fn a_template_is_told_by_the_rules_for_arrays() {
    alone(
        "operations::templates::a_template_is_told_by_the_rules_for_arrays",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let inner = [
                number(ck::CKA_KEY_TYPE, ck::CKK_AES),
                bytes(ck::CKA_LABEL, b"mine"),
            ];
            let by = kek(api, session, &[nested(ck::CKA_WRAP_TEMPLATE, &inner)]).unwrap();
            let ask = |question: &mut ck::CK_ATTRIBUTE| {
                call!(api, C_GetAttributeValue(session, by, &raw mut *question, 1))
            };
            let each = size_of::<ck::CK_ATTRIBUTE>() as u64;
            let mut question = ck::CK_ATTRIBUTE {
                type_: ck::CKA_WRAP_TEMPLATE,
                pValue: std::ptr::null_mut(),
                ulValueLen: 0,
            };
            assert_eq!(ask(&mut question), ck::CKR_OK);
            assert_eq!(question.ulValueLen, 2 * each);
            let mut places = [ck::CK_ATTRIBUTE {
                type_: 0,
                pValue: std::ptr::null_mut(),
                ulValueLen: 0,
            }; 2];
            question.pValue = places.as_mut_ptr().cast();
            assert_eq!(ask(&mut question), ck::CKR_OK);
            let told = places.map(|place| (place.type_, place.ulValueLen));
            assert_eq!(told, [(ck::CKA_KEY_TYPE, 8), (ck::CKA_LABEL, 4)]);
            let (mut kind, mut label) = ([0_u8; 8], [0_u8; 4]);
            places[0].pValue = kind.as_mut_ptr().cast();
            places[1].pValue = label.as_mut_ptr().cast();
            assert_eq!(ask(&mut question), ck::CKR_OK);
            assert_eq!((u64::from_ne_bytes(kind), &label), (ck::CKK_AES, b"mine"));
            assert_eq!(places[1].ulValueLen, 4);
            question.ulValueLen = each;
            assert_eq!(ask(&mut question), ck::CKR_BUFFER_TOO_SMALL);
            // A template has none in it, and only what attributes can be.
            for wrong in [
                nested(ck::CKA_WRAP_TEMPLATE, &[flag(ck::CKA_WRAP_TEMPLATE, true)]),
                nested(ck::CKA_WRAP_TEMPLATE, &[bytes(ck::CKA_TOKEN, &[7])]),
                bytes(ck::CKA_WRAP_TEMPLATE, &[1, 2, 3]),
            ] {
                assert_eq!(
                    kek(api, session, &[wrong]),
                    Err(ck::CKR_ATTRIBUTE_VALUE_INVALID)
                );
            }
        },
    );
}

/// What the daemon makes the IV of: it stands in the caller's parameter afterwards.
#[test]
fn an_iv_that_the_daemon_makes_is_told() {
    alone(
        "operations::templates::an_iv_that_the_daemon_makes_is_told",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let by = kek(api, session, &[]).unwrap();
            let key = leaves(api, session, b"mine");
            let mut iv = [0_u8; 12];
            let mut own = ck::CK_GCM_WRAP_PARAMS {
                pIv: iv.as_mut_ptr(),
                ulIvLen: 12,
                ulIvFixedBits: 0,
                ivGenerator: ck::CKG_GENERATE,
                pAAD: std::ptr::null_mut(),
                ulAADLen: 0,
                ulTagBits: 128,
            };
            let mut how = mechanism(ck::CKM_AES_GCM, Some(&mut own));
            let wrapped = api.wrap(session, &mut how, by, key).unwrap();
            assert_eq!(wrapped.len(), 48);
            assert_ne!(iv, [0; 12]);
            let template = [
                number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
                number(ck::CKA_KEY_TYPE, ck::CKK_AES),
                number(ck::CKA_VALUE_LEN, 32),
            ];
            api.unwrap(session, &mut how, by, &wrapped, &template)
                .unwrap();
            for wrong in [
                ck::CK_GCM_WRAP_PARAMS { ulIvLen: 8, ..own },
                ck::CK_GCM_WRAP_PARAMS {
                    ulIvFixedBits: 32,
                    ..own
                },
                ck::CK_GCM_WRAP_PARAMS {
                    ivGenerator: ck::CKG_GENERATE_COUNTER_XOR,
                    ..own
                },
                ck::CK_GCM_WRAP_PARAMS {
                    ulTagBits: 100,
                    ..own
                },
            ] {
                let mut own = wrong;
                let mut how = mechanism(ck::CKM_AES_GCM, Some(&mut own));
                assert_eq!(
                    api.wrap(session, &mut how, by, key),
                    Err(ck::CKR_MECHANISM_PARAM_INVALID)
                );
            }
        },
    );
}
