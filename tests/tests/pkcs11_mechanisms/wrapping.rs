//! Keys under keys and encapsulated secrets: another implementation opens what the module wraps, and the other way round.

use cryptoki_sys as ck;
use keyhold_tests::api::{Api, Attribute, Mechanism, Parameter, Ulong, bytes, flag, number};
use serde_json::{Value, json};

use crate::{
    keys::{pair, parameter_set, public_half, secret},
    listed, on_module,
    oracle::{Oracle, field},
    sample,
};

/// How a mechanism wraps.
pub struct Case {
    pub mechanism: Mechanism,
    pub ask: Value,
    pub is_rsa: bool,
}

/// The case of a mechanism that wraps keys.
pub fn case(kind: Ulong) -> Option<Case> {
    let aes = |ask| Case {
        mechanism: Mechanism::from(kind),
        ask,
        is_rsa: false,
    };
    Some(match kind {
        ck::CKM_AES_KEY_WRAP => aes(json!({})),
        ck::CKM_AES_KEY_WRAP_KWP => aes(json!({ "pad": true })),
        ck::CKM_RSA_PKCS_OAEP => {
            let parameter = Parameter::Oaep(ck::CKM_SHA256, ck::CKG_MGF1_SHA256, vec![]);
            Case {
                mechanism: Mechanism::new(kind, parameter),
                ask: json!({ "padding": "oaep", "hash": "sha256", "mask": "sha256" }),
                is_rsa: true,
            }
        }
        ck::CKM_RSA_AES_KEY_WRAP => {
            let parameter = Parameter::RsaAes(256, ck::CKM_SHA256, ck::CKG_MGF1_SHA256);
            Case {
                mechanism: Mechanism::new(kind, parameter),
                ask: json!({ "padding": "oaep", "hash": "sha256", "mask": "sha256" }),
                is_rsa: true,
            }
        }
        _ => return None,
    })
}

/// Whether there is a case for a mechanism that encapsulates.
pub const fn encapsulates(kind: Ulong) -> bool {
    kind == ck::CKM_ML_KEM
}

fn readable(value_type: Ulong) -> Vec<Attribute> {
    vec![
        number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
        number(ck::CKA_KEY_TYPE, value_type),
        flag(ck::CKA_SENSITIVE, false),
        flag(ck::CKA_EXTRACTABLE, true),
    ]
}

/// The bytes of a key that may not be told: what it computes tells whether it is the one that was meant.
fn mac_of(api: &Api, session: Ulong, key: Ulong) -> Vec<u8> {
    let mechanism = Mechanism::from(ck::CKM_SHA256_HMAC);
    let act = keyhold_tests::api::Act::Sign;
    api.once(act, session, &mechanism, key, b"data").unwrap()
}

/// The keys of the tests: pairs of RSA and a key of AES, of which the oracle knows the values.
struct Keys {
    rsa: Value,
    of_rsa: (Ulong, Ulong),
    kek: Vec<u8>,
    of_aes: Ulong,
}

impl Keys {
    fn new(api: &Api, session: Ulong, oracle: &mut Oracle) -> Self {
        let rsa = oracle.pair("rsa-2048");
        let uses: (&[Ulong], &[Ulong]) = (&[ck::CKA_WRAP], &[ck::CKA_UNWRAP]);
        let of_rsa = pair(api, session, ("rsa-2048", &rsa), uses);
        let kek = sample(32);
        let uses = [ck::CKA_WRAP, ck::CKA_UNWRAP];
        let of_aes = secret(api, session, ck::CKK_AES, &kek, &uses).unwrap();
        Self {
            rsa,
            of_rsa,
            kek,
            of_aes,
        }
    }

    /// What the oracle makes of bytes: wrapped, or opened.
    fn by_oracle(&self, oracle: &mut Oracle, case: &Case, opens: bool, data: &[u8]) -> Vec<u8> {
        if case.mechanism.kind == ck::CKM_RSA_AES_KEY_WRAP {
            return self.between(oracle, case, opens, data);
        }
        self.at_once(oracle, case, opens, data)
    }

    /// With an AES key between: that under RSA, and the data under it.
    fn between(&self, oracle: &mut Oracle, case: &Case, opens: bool, data: &[u8]) -> Vec<u8> {
        const MODULUS_BYTES: usize = 256;
        let inner = |oracle: &mut Oracle, what, key: &[u8], data: &[u8]| {
            let both = json!({ "key": hex::encode(key), "data": hex::encode(data) });
            oracle.bytes(what, &json!({ "pad": true }), &both)
        };
        if opens {
            let (first, second) = data.split_at(MODULUS_BYTES);
            let key = self.at_once(oracle, case, true, first);
            return inner(oracle, "unwrap", &key, second);
        }
        let key = sample(32);
        let first = self.at_once(oracle, case, false, &key);
        [first, inner(oracle, "wrap", &key, data)].concat()
    }

    fn at_once(&self, oracle: &mut Oracle, case: &Case, opens: bool, data: &[u8]) -> Vec<u8> {
        let data = hex::encode(data);
        let (what, special) = match (case.is_rsa, opens) {
            (true, true) => (
                "rsa_decrypt",
                json!({ "private": self.rsa["private"], "data": data }),
            ),
            (true, false) => (
                "rsa_encrypt",
                json!({ "public": self.rsa["public"], "data": data }),
            ),
            (false, true) => (
                "unwrap",
                json!({ "key": hex::encode(&self.kek), "data": data }),
            ),
            (false, false) => (
                "wrap",
                json!({ "key": hex::encode(&self.kek), "data": data }),
            ),
        };
        oracle.bytes(what, &case.ask, &special)
    }
}

#[test]
fn wrapped_keys_are_opened_by_another_implementation() {
    on_module(|api| {
        let session = api.ready();
        let mut oracle = Oracle::start();
        let keys = Keys::new(api, session, &mut oracle);
        for (kind, _) in listed(api, ck::CKF_WRAP) {
            let Some(case) = case(kind) else { continue };
            let (by, back) = if case.is_rsa {
                keys.of_rsa
            } else {
                (keys.of_aes, keys.of_aes)
            };
            for length in [16, 24, 32, 64] {
                // Nobody minds that this key is seen: it is not sensitive.
                let value = sample(length);
                let mut template = readable(ck::CKK_GENERIC_SECRET);
                template.push(bytes(ck::CKA_VALUE, &value));
                let key = api.create(session, &template).unwrap();
                let wrapped = api.wrap(session, &case.mechanism, by, key);
                let wrapped = wrapped.unwrap_or_else(|rv| panic!("{kind:#x} {length}: {rv:#x}"));
                let opened = keys.by_oracle(&mut oracle, &case, true, &wrapped);
                assert_eq!(opened, value, "{kind:#x}");
                let wrapped = keys.by_oracle(&mut oracle, &case, false, &value);
                let template = [
                    number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
                    number(ck::CKA_KEY_TYPE, ck::CKK_GENERIC_SECRET),
                    flag(ck::CKA_SIGN, true),
                ];
                let made = api.unwrap(session, &case.mechanism, back, &wrapped, &template);
                let made = made.unwrap_or_else(|rv| panic!("{kind:#x} {length}: {rv:#x}"));
                let known = json!({ "key": hex::encode(&value), "data": hex::encode("data") });
                let expected =
                    oracle.bytes("mac", &json!({ "mac": "hmac", "hash": "sha256" }), &known);
                assert_eq!(mac_of(api, session, made), expected, "{kind:#x}");
                let mut wrong = wrapped;
                wrong[3] ^= 1;
                let refused = api.unwrap(session, &case.mechanism, back, &wrong, &template);
                assert_eq!(refused, Err(ck::CKR_WRAPPED_KEY_INVALID), "{kind:#x}");
            }
        }
    });
}

#[test]
fn encapsulated_secrets_are_those_of_another_implementation() {
    on_module(|api| {
        let session = api.ready();
        let mut oracle = Oracle::start();
        let mechanism = Mechanism::from(ck::CKM_ML_KEM);
        if listed(api, ck::CKF_ENCAPSULATE).is_empty() {
            return;
        }
        let template = [
            readable(ck::CKK_GENERIC_SECRET),
            vec![flag(ck::CKA_SIGN, true)],
        ]
        .concat();
        for name in ["ml-kem-768", "ml-kem-1024"] {
            // The module opens what the oracle encapsulated.
            let set = number(ck::CKA_PARAMETER_SET, parameter_set(name).unwrap().1);
            let makes = Mechanism::from(ck::CKM_ML_KEM_KEY_PAIR_GEN);
            let open = [
                flag(ck::CKA_SENSITIVE, false),
                flag(ck::CKA_EXTRACTABLE, true),
            ];
            let (public, private) = api.generate_pair(session, &makes, &[set], &open).unwrap();
            let spki = api.get(session, public, ck::CKA_PUBLIC_KEY_INFO).unwrap();
            let question = json!({ "do": "encapsulate", "public": hex::encode(spki) });
            let sent = oracle.ask(&question).unwrap();
            let ciphertext = field(&sent, "ciphertext");
            let key = api
                .decapsulate(session, &mechanism, private, &ciphertext, &template)
                .unwrap();
            let value = api.get(session, key, ck::CKA_VALUE).unwrap();
            assert_eq!(value, field(&sent, "secret"), "{name}");
            // The oracle opens what the module encapsulated.
            let known = oracle.pair(name);
            let mut public = public_half(name, &known);
            public.push(flag(ck::CKA_ENCAPSULATE, true));
            let public = api.create(session, &public).unwrap();
            let (ciphertext, key) = api
                .encapsulate(session, &mechanism, public, &template)
                .unwrap();
            let question = json!({ "private": known["private"], "data": hex::encode(ciphertext) });
            let secret = oracle.bytes("decapsulate", &json!({}), &question);
            assert_eq!(api.get(session, key, ck::CKA_VALUE), Ok(secret), "{name}");
        }
    });
}
