//! What goes into the blocks of SP 800-108: counters and lengths of any width and order, in any place, and keys, against
//! another implementation.

use cryptoki_sys as ck;
use keyhold_tests::api::{
    Api, Attribute, Further, Kdf, Mechanism, Parameter, Part, Ulong, flag, number,
};
use serde_json::json;

use crate::{
    derivations::readable,
    derived_together::{key, locked},
    on_module,
    oracle::Oracle,
    sample,
};

/// The modes: what the oracle calls them, and whether they iterate over a counter.
const MODES: &[(Ulong, &str)] = &[
    (ck::CKM_SP800_108_COUNTER_KDF, "counter"),
    (ck::CKM_SP800_108_FEEDBACK_KDF, "feedback"),
    (ck::CKM_SP800_108_DOUBLE_PIPELINE_KDF, "pipeline"),
];

fn mechanism(kind: Ulong, prf: Ulong, parts: Vec<Part>, further: Further) -> Mechanism {
    let iv = (kind == ck::CKM_SP800_108_FEEDBACK_KDF).then(|| sample(11));
    let how = Kdf {
        prf,
        parts,
        iv,
        further,
    };
    Mechanism::new(kind, Parameter::Kdf(how))
}

/// A number of this width, in this order.
fn ordered(part: Part, is_little_endian: bool) -> Part {
    if is_little_endian {
        Part::LittleEndian(Box::new(part))
    } else {
        part
    }
}

/// Arrangements of what goes in: parts, and as the oracle has them.
fn arrangements(kind: Ulong, width: Ulong, little: bool) -> Vec<(Vec<Part>, Vec<String>)> {
    let bytes = |own: &[u8]| (Part::Bytes(own.to_vec()), hex::encode(own));
    let counter = ordered(Part::Counter(width), little);
    let counter = (counter, "counter".to_owned());
    let iteration = |part| (part, "iteration".to_owned());
    let (label, context) = (bytes(b"label"), bytes(b"context and more of it"));
    let all = if kind == ck::CKM_SP800_108_COUNTER_KDF {
        let iteration = iteration(ordered(Part::Iteration(Some(width)), little));
        vec![
            vec![iteration.clone()],
            vec![iteration.clone(), label.clone()],
            vec![label.clone(), iteration.clone()],
            vec![label, iteration, context],
        ]
    } else {
        let iteration = iteration(Part::Iteration(None));
        vec![
            vec![iteration.clone()],
            vec![iteration.clone(), label.clone()],
            vec![iteration.clone(), counter.clone(), label.clone()],
            vec![counter.clone(), iteration.clone(), label.clone()],
            vec![label, iteration, context, counter],
        ]
    };
    all.into_iter().map(|own| own.into_iter().unzip()).collect()
}

#[test]
fn counters_of_any_width_order_and_place_count() {
    on_module(|api| {
        let session = api.ready();
        let mut oracle = Oracle::start();
        let value = sample(32);
        let base = key(api, session, &value);
        for (kind, mode) in MODES {
            for width in [8, 16, 24, 32] {
                for little in [false, true] {
                    for (parts, asked) in arrangements(*kind, width, little) {
                        let own = mechanism(
                            *kind,
                            ck::CKM_SHA256_HMAC,
                            parts.clone(),
                            Further::default(),
                        );
                        let ask = json!({
                            "mode": mode, "prf": "sha256", "parts": asked, "width": width / 8,
                            "order": if little { "little" } else { "big" }, "bytes": 80,
                            "key": hex::encode(&value), "iv": iv(*kind)
                        });
                        let expected = oracle.bytes("kdf", &ask, &json!({}));
                        let made = api.derive(session, &own, base, &readable(80)).unwrap();
                        let told = api.get(session, made, ck::CKA_VALUE);
                        assert_eq!(told, Ok(expected), "{mode} {width} {little} {parts:?}");
                    }
                }
            }
        }
    });
}

fn iv(kind: Ulong) -> String {
    let has = kind == ck::CKM_SP800_108_FEEDBACK_KDF;
    if has {
        hex::encode(sample(11))
    } else {
        String::new()
    }
}

#[test]
fn lengths_of_any_width_and_order_stand_where_they_are_asked_for() {
    on_module(|api| {
        let session = api.ready();
        let mut oracle = Oracle::start();
        let value = sample(32);
        let base = key(api, session, &value);
        for (kind, mode) in MODES {
            for width in [16, 24, 32, 40, 64] {
                for little in [false, true] {
                    let method = ck::CK_SP800_108_DKM_LENGTH_SUM_OF_KEYS;
                    let length = ordered(Part::Length(method, width), little);
                    let counts = *kind == ck::CKM_SP800_108_COUNTER_KDF;
                    let iteration = Part::Iteration(counts.then_some(16));
                    let parts = vec![Part::Bytes(vec![7]), length, iteration];
                    let mut bits =
                        384_u64.to_be_bytes()[8 - usize::try_from(width / 8).unwrap()..].to_vec();
                    if little {
                        bits.reverse();
                    }
                    let ask = json!({
                        "mode": mode, "prf": "sha512", "parts": ["07", hex::encode(bits), "iteration"],
                        "width": 2, "bytes": 48, "key": hex::encode(&value), "iv": iv(*kind)
                    });
                    let expected = oracle.bytes("kdf", &ask, &json!({}));
                    let own = mechanism(*kind, ck::CKM_SHA512_HMAC, parts, Further::default());
                    let made = api.derive(session, &own, base, &readable(48)).unwrap();
                    let told = api.get(session, made, ck::CKA_VALUE);
                    assert_eq!(told, Ok(expected), "{mode} {width} {little}");
                }
            }
        }
    });
}

#[test]
fn keys_go_into_blocks_by_their_values() {
    on_module(|api| {
        let session = api.ready();
        let mut oracle = Oracle::start();
        let values = [sample(32), sample(19), sample(27)];
        let [base, one, two] = values.each_ref().map(|value| key(api, session, value));
        let hexed = values.each_ref().map(hex::encode);
        for (kind, mode) in MODES {
            let counts = *kind == ck::CKM_SP800_108_COUNTER_KDF;
            let parts = vec![
                Part::Key(two),
                Part::Iteration(counts.then_some(16)),
                Part::Bytes(b"label".to_vec()),
                Part::Key(one),
                Part::Bytes(vec![0]),
                Part::Key(two),
            ];
            let asked = [
                &hexed[2],
                "iteration",
                "6c6162656c",
                &hexed[1],
                "00",
                &hexed[2],
            ];
            let ask = json!({
                "mode": mode, "prf": "sha384", "parts": asked, "width": 2, "bytes": 112,
                "key": &hexed[0], "iv": iv(*kind)
            });
            let whole = oracle.bytes("kdf", &ask, &json!({}));
            let further = Further::by(vec![readable(16)]);
            let own = mechanism(*kind, ck::CKM_SHA384_HMAC, parts, further.clone());
            let first = api.derive(session, &own, base, &readable(64)).unwrap();
            let told = api.get(session, first, ck::CKA_VALUE);
            assert_eq!(told, Ok(whole[..64].to_vec()), "{mode}");
            let told = api.get(session, further.handles()[0], ck::CKA_VALUE);
            assert_eq!(told, Ok(whole[96..].to_vec()), "{mode}");
        }
    });
}

/// What goes in beside the base is as good as a base: what comes of it is kept no less than either, and by a base that
/// nobody has a second one of.
#[test]
fn what_comes_of_keys_in_blocks_is_kept_as_they_are() {
    on_module(|api| {
        let session = api.ready();
        let (open, kept) = (key(api, session, &sample(32)), locked(api, session));
        let derive = |base, beside, template: &[Attribute]| {
            let parts = vec![Part::Iteration(Some(8)), Part::Key(beside)];
            let kind = ck::CKM_SP800_108_COUNTER_KDF;
            let own = mechanism(kind, ck::CKM_SHA256_HMAC, parts, Further::default());
            api.derive(session, &own, base, template)
        };
        let silent = &readable(32)[..3];
        let other = key(api, session, &sample(20));
        assert!(derive(open, other, &readable(32)).is_ok());
        let inconsistent = Err(ck::CKR_TEMPLATE_INCONSISTENT);
        assert_eq!(derive(kept, open, &readable(32)), inconsistent);
        assert_eq!(derive(open, kept, &readable(32)), inconsistent);
        // Of the open base somebody has a second one, which makes MACs: it derives nothing that is kept.
        assert_eq!(derive(open, kept, silent), inconsistent);
        for beside in [open, locked(api, session)] {
            let made = derive(kept, beside, silent).unwrap();
            let told = api.get(session, made, ck::CKA_VALUE);
            assert_eq!(told, Err(ck::CKR_ATTRIBUTE_SENSITIVE));
        }
        assert_eq!(
            derive(open, 999, &readable(32)),
            Err(ck::CKR_MECHANISM_PARAM_INVALID)
        );
        let signs = [number(ck::CKA_VALUE_LEN, 32), flag(ck::CKA_SIGN, true)];
        let generic = ck::CKM_GENERIC_SECRET_KEY_GEN.into();
        let signs = api.generate(session, &generic, &signs).unwrap();
        let refused = derive(kept, signs, silent);
        assert_eq!(refused, Err(ck::CKR_KEY_FUNCTION_NOT_PERMITTED));
    });
}

/// SP 800-108 §4.1: a counter ends where its width does, and no block is given twice.
#[test]
fn a_narrow_counter_gives_no_more_than_it_counts() {
    on_module(|api| {
        let session = api.ready();
        let base = aes(api, session);
        let made = |further: usize| {
            let further = Further::by(vec![readable(1024); further]);
            let kind = ck::CKM_SP800_108_COUNTER_KDF;
            let parts = vec![Part::Iteration(Some(8))];
            let own = mechanism(kind, ck::CKM_AES_CMAC, parts, further);
            api.derive(session, &own, base, &readable(1008)).map(drop)
        };
        // 255 blocks of 16 bytes.
        assert_eq!(made(3), Ok(()));
        assert!(made(4).is_err());
    });
}

/// An AES key that is read and derives.
fn aes(api: &Api, session: Ulong) -> Ulong {
    let template = [
        number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
        number(ck::CKA_KEY_TYPE, ck::CKK_AES),
        keyhold_tests::api::bytes(ck::CKA_VALUE, &sample(16)),
        flag(ck::CKA_DERIVE, true),
        flag(ck::CKA_SENSITIVE, false),
        flag(ck::CKA_EXTRACTABLE, true),
    ];
    api.create(session, &template).unwrap()
}
