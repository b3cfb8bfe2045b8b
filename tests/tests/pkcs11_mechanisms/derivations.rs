//! Derived keys, against another implementation: agreements on every curve, HKDF, and the modes of SP 800-108.

use cryptoki_sys as ck;
use keyhold_tests::api::{
    Attribute, Further, Kdf, Mechanism, Parameter, Part, Ulong, flag, number,
};
use serde_json::{Value, json};

use crate::{
    families::HASHES,
    keys::{open_pair, pair, secret},
    listed, on_module,
    oracle::{Oracle, field, joined},
    sample,
};

/// The functions of what is agreed on, by their hash functions, and whether they are those of SP 800-56A.
const AGREED: &[(Ulong, &str, bool)] = &[
    (ck::CKD_SHA1_KDF, "sha1", false),
    (ck::CKD_SHA224_KDF, "sha224", false),
    (ck::CKD_SHA256_KDF, "sha256", false),
    (ck::CKD_SHA384_KDF, "sha384", false),
    (ck::CKD_SHA512_KDF, "sha512", false),
    (ck::CKD_SHA3_224_KDF, "sha3_224", false),
    (ck::CKD_SHA3_256_KDF, "sha3_256", false),
    (ck::CKD_SHA3_384_KDF, "sha3_384", false),
    (ck::CKD_SHA3_512_KDF, "sha3_512", false),
    (ck::CKD_SHA1_KDF_SP800, "sha1", true),
    (ck::CKD_SHA224_KDF_SP800, "sha224", true),
    (ck::CKD_SHA256_KDF_SP800, "sha256", true),
    (ck::CKD_SHA384_KDF_SP800, "sha384", true),
    (ck::CKD_SHA512_KDF_SP800, "sha512", true),
    (ck::CKD_SHA3_224_KDF_SP800, "sha3_224", true),
    (ck::CKD_SHA3_256_KDF_SP800, "sha3_256", true),
    (ck::CKD_SHA3_384_KDF_SP800, "sha3_384", true),
    (ck::CKD_SHA3_512_KDF_SP800, "sha3_512", true),
];

/// Whether there is a case for a mechanism that derives.
pub fn has_case(kind: Ulong) -> bool {
    agrees(kind) || !secret_cases(kind).is_empty()
}

fn agrees(kind: Ulong) -> bool {
    [ck::CKM_ECDH1_DERIVE, ck::CKM_ECDH1_COFACTOR_DERIVE].contains(&kind)
}

/// The parameters of a mechanism that derives from a secret key, each with what the oracle is asked.
fn secret_cases(kind: Ulong) -> Vec<(Mechanism, &'static str, Value)> {
    let mut all = Vec::new();
    let fixed = sample(40);
    let mut kdf = |mode: &str, parts: Vec<Part>, iv: Option<Vec<u8>>| {
        for prf in HASHES {
            let how = Kdf {
                prf: prf.hmac.0,
                parts: parts.clone(),
                iv: iv.clone(),
                further: Further::default(),
            };
            let iv = hex::encode(iv.clone().unwrap_or_default());
            let ask =
                json!({ "mode": mode, "prf": prf.name, "fixed": hex::encode(&fixed), "iv": iv });
            all.push((Mechanism::new(kind, Parameter::Kdf(how)), "kdf", ask));
        }
    };
    let iterated = || {
        vec![
            Part::Iteration(None),
            Part::Counter(32),
            Part::Bytes(fixed.clone()),
        ]
    };
    match kind {
        ck::CKM_HKDF_DERIVE | ck::CKM_HKDF_DATA => {
            for (hash, salt) in HASHES
                .iter()
                .flat_map(|own| [(own, None), (own, Some(sample(17)))])
            {
                for half in [None, Some("extract"), Some("expand")] {
                    let info = sample(9);
                    let ask = json!({
                        "hash": hash.name, "half": half, "info": hex::encode(&info),
                        "salt": hex::encode(salt.clone().unwrap_or_default())
                    });
                    let (extracts, expands) = (half != Some("expand"), half != Some("extract"));
                    let parameter =
                        Parameter::Hkdf(extracts, expands, hash.kind, salt.clone(), info);
                    all.push((Mechanism::new(kind, parameter), "hkdf", ask));
                }
            }
        }
        ck::CKM_SP800_108_COUNTER_KDF => kdf(
            "counter",
            vec![Part::Iteration(Some(32)), Part::Bytes(fixed.clone())],
            None,
        ),
        ck::CKM_SP800_108_FEEDBACK_KDF => {
            kdf("feedback", iterated(), Some(Vec::new()));
            kdf("feedback", iterated(), Some(sample(20)));
        }
        ck::CKM_SP800_108_DOUBLE_PIPELINE_KDF => kdf("pipeline", iterated(), None),
        _ => {}
    }
    all
}

pub fn readable(length: usize) -> Vec<Attribute> {
    vec![
        number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
        number(ck::CKA_KEY_TYPE, ck::CKK_GENERIC_SECRET),
        number(ck::CKA_VALUE_LEN, Ulong::try_from(length).unwrap()),
        flag(ck::CKA_SENSITIVE, false),
        flag(ck::CKA_EXTRACTABLE, true),
    ]
}

#[test]
fn keys_derived_from_secrets_are_those_of_another_implementation() {
    on_module(|api| {
        let session = api.ready();
        let mut oracle = Oracle::start();
        // As long as the longest digest, for what expands is no shorter.
        let value = sample(64);
        // What is derived is read, so what it comes from must not be sensitive either.
        let base = api.create(
            session,
            &[
                number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
                number(ck::CKA_KEY_TYPE, ck::CKK_GENERIC_SECRET),
                keyhold_tests::api::bytes(ck::CKA_VALUE, &value),
                flag(ck::CKA_DERIVE, true),
                flag(ck::CKA_SENSITIVE, false),
                flag(ck::CKA_EXTRACTABLE, true),
            ],
        );
        let base = base.unwrap();
        for (kind, _) in listed(api, ck::CKF_DERIVE) {
            for (mechanism, what, ask) in secret_cases(kind) {
                let extracts = ask["half"] == "extract";
                for length in [16, 65] {
                    let mut template = readable(length);
                    if kind == ck::CKM_HKDF_DATA {
                        template = vec![
                            number(ck::CKA_CLASS, ck::CKO_DATA),
                            number(ck::CKA_VALUE_LEN, Ulong::try_from(length).unwrap()),
                        ];
                    }
                    if extracts {
                        template.retain(|(kind, _)| *kind != ck::CKA_VALUE_LEN);
                    }
                    let key = api.derive(session, &mechanism, base, &template);
                    let key = key.unwrap_or_else(|rv| panic!("{mechanism:?}: {rv:#x}"));
                    let special = json!({ "key": hex::encode(&value), "bytes": length });
                    let expected = oracle.bytes(what, &ask, &special);
                    let told = api.get(session, key, ck::CKA_VALUE);
                    assert_eq!(told, Ok(expected), "{mechanism:?}");
                    api.destroy(session, key).unwrap();
                }
            }
        }
    });
}

#[test]
fn agreements_are_those_of_another_implementation() {
    on_module(|api| {
        let session = api.ready();
        let mut oracle = Oracle::start();
        for (kind, _) in listed(api, ck::CKF_DERIVE) {
            if !agrees(kind) {
                continue;
            }
            for name in [
                "p256",
                "p384",
                "p521",
                "bp256",
                "secp256k1",
                "x25519",
                "x448",
            ] {
                let (own, other) = (oracle.pair(name), oracle.pair(name));
                let uses: (&[Ulong], &[Ulong]) = (&[], &[ck::CKA_DERIVE]);
                let (_, private) = open_pair(api, session, (name, &own), uses);
                let point = field(&other, "point");
                let keys = json!({ "private": other["private"], "public": own["public"] });
                let mut check = |kdf, shared: &[u8], ask: Value, length: usize| {
                    let parameter = Parameter::Ecdh(kdf, shared.to_vec(), point.clone());
                    let mechanism = Mechanism::new(kind, parameter);
                    let key = api.derive(session, &mechanism, private, &readable(length));
                    let key = key.unwrap_or_else(|rv| panic!("{name} {kdf}: {rv:#x}"));
                    let expected =
                        oracle.bytes("agree", &keys, &joined(&ask, &json!({ "bytes": length })));
                    assert_eq!(
                        api.get(session, key, ck::CKA_VALUE),
                        Ok(expected),
                        "{name} {kdf}"
                    );
                };
                check(ck::CKD_NULL, b"", json!({}), 32);
                for (kdf, hash, one_step) in AGREED {
                    let shared = hex::encode("shared");
                    let ask = json!({ "hash": hash, "shared": shared, "one_step": one_step });
                    check(*kdf, b"shared", ask, 80);
                }
            }
        }
    });
}

/// A point beside the curve gives a secret that tells the private key; one of small order gives one that everybody knows.
#[test]
fn points_that_are_none_are_refused() {
    on_module(|api| {
        let session = api.ready();
        let mut oracle = Oracle::start();
        if !listed(api, ck::CKF_DERIVE)
            .iter()
            .any(|(kind, _)| agrees(*kind))
        {
            return;
        }
        let kind = ck::CKM_ECDH1_DERIVE;
        let mut refuses = |name: &str, points: &[Vec<u8>]| {
            let own = oracle.pair(name);
            let uses: (&[Ulong], &[Ulong]) = (&[], &[ck::CKA_DERIVE]);
            let (_, private) = pair(api, session, (name, &own), uses);
            for point in points {
                let parameter = Parameter::Ecdh(ck::CKD_NULL, vec![], point.clone());
                let mechanism = Mechanism::new(kind, parameter);
                let made = api.derive(session, &mechanism, private, &readable(32)[..3]);
                assert_eq!(
                    made,
                    Err(ck::CKR_MECHANISM_PARAM_INVALID),
                    "{name} {point:02x?}"
                );
            }
        };
        let off = |bytes: usize| [vec![4], vec![5; 2 * bytes]].concat();
        refuses(
            "p256",
            &[off(32), [vec![4], vec![0; 64]].concat(), vec![0], off(48)],
        );
        refuses("p384", &[off(48), off(32)]);
        refuses("p521", &[off(66)]);
        let mut one = vec![0; 32];
        one[0] = 1;
        refuses("x25519", &[vec![0; 32], one, vec![9; 31]]);
        refuses("x448", &[vec![0; 56]]);
        let bare = secret(
            api,
            session,
            ck::CKK_GENERIC_SECRET,
            &sample(32),
            &[ck::CKA_DERIVE],
        );
        let wrong = Mechanism::new(kind, Parameter::Ecdh(ck::CKD_NULL, vec![], off(32)));
        let refused = api.derive(session, &wrong, bare.unwrap(), &readable(32)[..3]);
        assert_eq!(refused, Err(ck::CKR_KEY_TYPE_INCONSISTENT));
    });
}
