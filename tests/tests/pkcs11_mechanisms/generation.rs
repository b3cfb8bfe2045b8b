//! Keys that the module makes: of each size that its list promises, and of none beside.

use cryptoki_sys as ck;
use keyhold_tests::api::{Api, Attribute, Mechanism, Result, Ulong, bytes, flag, number};
use serde_json::json;

use crate::{families::hash_of, listed, on_module, oracle::Oracle};

/// A key or pair to be asked for: what names its size in the template, and the bits of the public key by the oracle.
pub struct Pair {
    pub public: Vec<Attribute>,
    /// The oracle's word for the key.
    pub kind: &'static str,
    pub bits: u64,
}

/// The key type of a mechanism that makes secret keys, and the lengths between its ends that are none.
pub fn secret_case(kind: Ulong) -> Option<(Ulong, &'static [Ulong])> {
    if let Some(hash) = hash_of(|hash| hash.key.1 == kind) {
        return Some((hash.key.0, &[]));
    }
    Some(match kind {
        ck::CKM_AES_KEY_GEN => (ck::CKK_AES, &[17, 20, 31]),
        ck::CKM_AES_XTS_KEY_GEN => (ck::CKK_AES_XTS, &[33, 48, 63]),
        ck::CKM_DES2_KEY_GEN => (ck::CKK_DES2, &[]),
        ck::CKM_DES3_KEY_GEN => (ck::CKK_DES3, &[]),
        ck::CKM_GENERIC_SECRET_KEY_GEN => (ck::CKK_GENERIC_SECRET, &[]),
        ck::CKM_HKDF_KEY_GEN => (ck::CKK_HKDF, &[]),
        ck::CKM_CHACHA20_KEY_GEN => (ck::CKK_CHACHA20, &[]),
        _ => return None,
    })
}

/// The pairs at the ends of what a mechanism makes, and between.
pub fn pair_cases(kind: Ulong) -> Vec<Pair> {
    let rsa = |bits| Pair {
        public: vec![number(ck::CKA_MODULUS_BITS, bits)],
        kind: "RSAPublicKey",
        bits,
    };
    let curve = |name, kind, bits| Pair {
        public: vec![bytes(ck::CKA_EC_PARAMS, crate::keys::curve(name).0)],
        kind,
        bits,
    };
    let set = |set, kind| Pair {
        public: vec![number(ck::CKA_PARAMETER_SET, set)],
        kind,
        bits: 0,
    };
    match kind {
        ck::CKM_RSA_PKCS_KEY_PAIR_GEN => vec![rsa(1024), rsa(2048), rsa(4096)],
        ck::CKM_EC_KEY_PAIR_GEN => vec![
            curve("p256", "ECPublicKey", 256),
            curve("p384", "ECPublicKey", 384),
            curve("p521", "ECPublicKey", 521),
            curve("secp256k1", "ECPublicKey", 256),
            curve("bp256", "ECPublicKey", 256),
            curve("p224", "ECPublicKey", 224),
            curve("p192", "ECPublicKey", 192),
        ],
        ck::CKM_EC_EDWARDS_KEY_PAIR_GEN => vec![
            curve("ed25519", "Ed25519PublicKey", 0),
            curve("ed448", "Ed448PublicKey", 0),
        ],
        ck::CKM_EC_MONTGOMERY_KEY_PAIR_GEN => vec![
            curve("x25519", "X25519PublicKey", 0),
            curve("x448", "X448PublicKey", 0),
        ],
        ck::CKM_ML_DSA_KEY_PAIR_GEN => vec![
            set(ck::CKP_ML_DSA_44, "MLDSA44PublicKey"),
            set(ck::CKP_ML_DSA_65, "MLDSA65PublicKey"),
            set(ck::CKP_ML_DSA_87, "MLDSA87PublicKey"),
        ],
        ck::CKM_ML_KEM_KEY_PAIR_GEN => vec![
            // The oracle has no ML-KEM-512.
            set(ck::CKP_ML_KEM_512, ""),
            set(ck::CKP_ML_KEM_768, "MLKEM768PublicKey"),
            set(ck::CKP_ML_KEM_1024, "MLKEM1024PublicKey"),
        ],
        ck::CKM_SLH_DSA_KEY_PAIR_GEN => vec![
            set(ck::CKP_SLH_DSA_SHA2_128S, ""),
            set(ck::CKP_SLH_DSA_SHAKE_256F, ""),
        ],
        _ => Vec::new(),
    }
}

fn readable() -> [Attribute; 2] {
    [
        flag(ck::CKA_SENSITIVE, false),
        flag(ck::CKA_EXTRACTABLE, true),
    ]
}

fn made(api: &Api, session: Ulong, kind: Ulong, length: Ulong) -> Result<Ulong> {
    let mut template = readable().to_vec();
    template.push(number(ck::CKA_VALUE_LEN, length));
    api.generate(session, &Mechanism::from(kind), &template)
}

#[test]
fn secret_keys_have_the_lengths_that_are_listed() {
    on_module(|api| {
        let session = api.ready();
        for (kind, info) in listed(api, ck::CKF_GENERATE) {
            let (key_type, gaps) = secret_case(kind).unwrap();
            let (least, most) = (info.ulMinKeySize, info.ulMaxKeySize);
            for length in [least, most] {
                let key = made(api, session, kind, length).unwrap();
                let value = api.get(session, key, ck::CKA_VALUE).unwrap();
                assert_eq!(value.len(), usize::try_from(length).unwrap(), "{kind:#x}");
                // One byte alone is zero now and then.
                assert!(length == 1 || value.iter().any(|byte| *byte != 0));
                let other = made(api, session, kind, length).unwrap();
                let other = api.get(session, other, ck::CKA_VALUE).unwrap();
                assert!(
                    length == 1 || value != other,
                    "{kind:#x} makes one key twice"
                );
                let told = api.get(session, key, ck::CKA_KEY_TYPE).unwrap();
                assert_eq!(told, key_type.to_ne_bytes(), "{kind:#x}");
                let told = api.get(session, key, ck::CKA_KEY_GEN_MECHANISM).unwrap();
                assert_eq!(told, kind.to_ne_bytes(), "{kind:#x}");
            }
            let outside = [0, least - 1, most + 1, Ulong::MAX];
            for length in outside.iter().chain(gaps) {
                let refused = made(api, session, kind, *length);
                assert_eq!(
                    refused,
                    Err(ck::CKR_ATTRIBUTE_VALUE_INVALID),
                    "{kind:#x} {length}"
                );
            }
        }
    });
}

#[test]
fn pairs_are_those_that_were_asked_for() {
    on_module(|api| {
        let session = api.ready();
        let mut oracle = Oracle::start();
        for (kind, info) in listed(api, ck::CKF_GENERATE_KEY_PAIR) {
            let mechanism = Mechanism::from(kind);
            for case in pair_cases(kind) {
                let made = api.generate_pair(session, &mechanism, &case.public, &[]);
                let (public, private) = made.unwrap_or_else(|rv| panic!("{kind:#x}: {rv:#x}"));
                for object in [public, private] {
                    let told = api.get(session, object, ck::CKA_KEY_GEN_MECHANISM).unwrap();
                    assert_eq!(told, kind.to_ne_bytes());
                    assert_eq!(api.flag(session, object, ck::CKA_LOCAL), Ok(true));
                }
                let locked = [
                    ck::CKA_SENSITIVE,
                    ck::CKA_ALWAYS_SENSITIVE,
                    ck::CKA_NEVER_EXTRACTABLE,
                ];
                for flag in locked {
                    assert_eq!(api.flag(session, private, flag), Ok(true), "{kind:#x}");
                }
                let spki = api.get(session, public, ck::CKA_PUBLIC_KEY_INFO).unwrap();
                assert_eq!(
                    api.get(session, private, ck::CKA_PUBLIC_KEY_INFO),
                    Ok(spki.clone())
                );
                if case.kind.is_empty() {
                    continue;
                }
                let question = json!({ "do": "inspect", "public": hex::encode(spki) });
                let seen = oracle.ask(&question).unwrap();
                assert_eq!(seen["kind"], case.kind, "{kind:#x}");
                assert_eq!(seen["bits"].as_u64(), Some(case.bits), "{kind:#x}");
            }
            if kind == ck::CKM_RSA_PKCS_KEY_PAIR_GEN {
                let outside = [info.ulMinKeySize - 8, info.ulMaxKeySize + 8, 2049];
                for bits in outside {
                    let template = [number(ck::CKA_MODULUS_BITS, bits)];
                    let refused = api.generate_pair(session, &mechanism, &template, &[]);
                    assert_eq!(refused, Err(ck::CKR_ATTRIBUTE_VALUE_INVALID), "{bits}");
                }
            }
            let nothing = api.generate_pair(session, &mechanism, &[], &[]);
            assert_eq!(nothing, Err(ck::CKR_TEMPLATE_INCOMPLETE), "{kind:#x}");
        }
    });
}

/// A small exponent makes textbook attacks cheap; keys have the one of the standards.
#[test]
fn rsa_pairs_have_the_exponent_of_the_standards() {
    on_module(|api| {
        let session = api.ready();
        let mechanism = Mechanism::from(ck::CKM_RSA_PKCS_KEY_PAIR_GEN);
        for exponent in [&[3_u8][..], &[1], &[0], &[17], &[1, 0, 0], &[1, 0, 3]] {
            let template = [
                number(ck::CKA_MODULUS_BITS, 2048),
                bytes(ck::CKA_PUBLIC_EXPONENT, exponent),
            ];
            let refused = api.generate_pair(session, &mechanism, &template, &[]);
            assert_eq!(
                refused,
                Err(ck::CKR_ATTRIBUTE_VALUE_INVALID),
                "{exponent:?}"
            );
        }
        let usual = [
            number(ck::CKA_MODULUS_BITS, 2048),
            bytes(ck::CKA_PUBLIC_EXPONENT, &[1, 0, 1]),
        ];
        let (public, _) = api.generate_pair(session, &mechanism, &usual, &[]).unwrap();
        assert_eq!(
            api.get(session, public, ck::CKA_PUBLIC_EXPONENT),
            Ok(vec![1, 0, 1])
        );
    });
}
