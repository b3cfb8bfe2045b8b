//! Symmetric ciphers, against another implementation: both ways, in one part and in several, with every parameter.

use cryptoki_sys as ck;
use keyhold_tests::api::{Act, Api, Mechanism, Parameter, Ulong};
use serde_json::{Value, json};

use crate::{
    keys::secret,
    listed, on_module,
    oracle::{Oracle, joined},
    sample,
};

/// How a mechanism encrypts.
pub struct Case {
    pub key_type: Ulong,
    pub key_bytes: &'static [usize],
    /// Lengths of data that it takes.
    pub lengths: &'static [usize],
    /// A length that it does not take; none where it takes all.
    pub wrong_length: Option<usize>,
    /// What the oracle is asked for each parameter.
    pub ask: Value,
    parameters: fn(Ulong, usize) -> Vec<(Mechanism, Value)>,
}

const AES: &[usize] = &[16, 24, 32];
const ANY: &[usize] = &[0, 1, 15, 16, 17, 1000];
const BLOCKS: &[usize] = &[16, 32, 1600];

/// The case of a mechanism that encrypts with a secret key.
pub fn case(kind: Ulong) -> Option<Case> {
    let aes = |ask, lengths, wrong_length, parameters| Case {
        key_type: ck::CKK_AES,
        key_bytes: AES,
        lengths,
        wrong_length,
        ask,
        parameters,
    };
    let des = |ask, lengths, wrong_length, parameters| Case {
        key_type: ck::CKK_DES3,
        key_bytes: &[16, 24],
        lengths,
        wrong_length,
        ask: joined(&json!({ "block": "des3" }), &ask),
        parameters,
    };
    let chacha = |ask, parameters| Case {
        key_type: ck::CKK_CHACHA20,
        key_bytes: &[32],
        lengths: ANY,
        wrong_length: None,
        ask,
        parameters,
    };
    Some(match kind {
        ck::CKM_AES_ECB => aes(json!({ "mode": "ecb" }), BLOCKS, Some(17), none),
        ck::CKM_AES_CBC => aes(json!({ "mode": "cbc" }), BLOCKS, Some(17), iv16),
        ck::CKM_AES_CBC_PAD => aes(json!({ "mode": "cbc", "pad": true }), ANY, None, iv16),
        ck::CKM_AES_CTR => aes(json!({ "mode": "ctr" }), ANY, None, counter),
        ck::CKM_AES_OFB => aes(json!({ "mode": "ofb" }), ANY, None, iv16),
        ck::CKM_AES_CFB128 => aes(json!({ "mode": "cfb" }), ANY, None, iv16),
        ck::CKM_AES_GCM => aes(json!({ "mode": "gcm" }), ANY, None, gcm),
        ck::CKM_AES_CCM => aes(json!({ "mode": "ccm" }), ANY, None, ccm),
        ck::CKM_AES_XTS => Case {
            key_type: ck::CKK_AES_XTS,
            key_bytes: &[32, 64],
            lengths: &[16, 17, 31, 32, 1000],
            wrong_length: Some(15),
            ask: json!({ "mode": "xts" }),
            parameters: iv16,
        },
        ck::CKM_DES3_ECB => des(json!({ "mode": "ecb" }), BLOCKS, Some(17), none),
        ck::CKM_DES3_CBC => des(json!({ "mode": "cbc" }), BLOCKS, Some(17), iv8),
        ck::CKM_DES3_CBC_PAD => des(json!({ "mode": "cbc", "pad": true }), ANY, None, iv8),
        ck::CKM_CHACHA20 => chacha(json!({ "mode": "chacha20" }), chacha20),
        ck::CKM_CHACHA20_POLY1305 => chacha(json!({ "mode": "poly1305" }), poly1305),
        _ => return None,
    })
}

fn none(kind: Ulong, _: usize) -> Vec<(Mechanism, Value)> {
    vec![(Mechanism::from(kind), json!({}))]
}

fn with_iv(kind: Ulong, iv: &[u8]) -> Vec<(Mechanism, Value)> {
    vec![(Mechanism::iv(kind, iv), json!({ "iv": hex::encode(iv) }))]
}

fn iv16(kind: Ulong, _: usize) -> Vec<(Mechanism, Value)> {
    with_iv(kind, &sample(16))
}

fn iv8(kind: Ulong, _: usize) -> Vec<(Mechanism, Value)> {
    with_iv(kind, &sample(8))
}

/// Counters of the widths that are in use, which do not begin anew.
fn counter(kind: Ulong, _: usize) -> Vec<(Mechanism, Value)> {
    let mut block: [u8; 16] = sample(16).try_into().unwrap();
    block[12] = 0;
    let one = |bits| {
        let mechanism = Mechanism::new(kind, Parameter::Counter(bits, block));
        (mechanism, json!({ "iv": hex::encode(block) }))
    };
    vec![one(32), one(64), one(128)]
}

fn gcm(kind: Ulong, _: usize) -> Vec<(Mechanism, Value)> {
    let mut all = Vec::new();
    for (iv_bytes, additional_bytes, tag) in [(12, 0, 16), (12, 20, 12), (8, 5, 13), (60, 300, 16)]
    {
        let (iv, additional) = (sample(iv_bytes), sample(additional_bytes));
        let ask = json!({ "iv": hex::encode(&iv), "aad": hex::encode(&additional), "tag": tag });
        let parameter = Parameter::Gcm(iv, additional, tag * 8);
        all.push((Mechanism::new(kind, parameter), ask));
    }
    all
}

fn ccm(kind: Ulong, length: usize) -> Vec<(Mechanism, Value)> {
    let mut all = Vec::new();
    for (nonce_bytes, additional_bytes, tag) in [(7, 0, 16), (12, 20, 8), (13, 300, 10)] {
        let (nonce, additional) = (sample(nonce_bytes), sample(additional_bytes));
        let ask = json!({ "iv": hex::encode(&nonce), "aad": hex::encode(&additional), "tag": tag });
        let length = Ulong::try_from(length).unwrap();
        let parameter = Parameter::Ccm(length, nonce, additional, tag);
        all.push((Mechanism::new(kind, parameter), ask));
    }
    all
}

/// The counter stands in front of the nonce, in little-endian.
fn chacha20(kind: Ulong, _: usize) -> Vec<(Mechanism, Value)> {
    let nonce = sample(12);
    let one = |counter: u32| {
        let whole = [counter.to_le_bytes().as_slice(), &nonce].concat();
        let counter = counter.to_le_bytes().to_vec();
        let parameter = Parameter::ChaCha20(counter, 32, nonce.clone());
        (
            Mechanism::new(kind, parameter),
            json!({ "iv": hex::encode(whole) }),
        )
    };
    vec![one(0), one(7)]
}

fn poly1305(kind: Ulong, _: usize) -> Vec<(Mechanism, Value)> {
    let one = |additional_bytes| {
        let (nonce, additional) = (sample(12), sample(additional_bytes));
        let ask = json!({ "iv": hex::encode(&nonce), "aad": hex::encode(&additional) });
        (
            Mechanism::new(kind, Parameter::Poly1305(nonce, additional)),
            ask,
        )
    };
    vec![one(0), one(33)]
}

/// Whether a tag tells that a ciphertext was changed.
fn authenticates(kind: Ulong) -> bool {
    [ck::CKM_AES_GCM, ck::CKM_AES_CCM, ck::CKM_CHACHA20_POLY1305].contains(&kind)
}

fn both_ways(
    api: &Api,
    (session, key): (Ulong, Ulong),
    mechanism: &Mechanism,
    (plain, cipher): (&[u8], &[u8]),
) {
    for (act, from, to) in [(Act::Encrypt, plain, cipher), (Act::Decrypt, cipher, plain)] {
        let said = format!("{act:?} {mechanism:?} of {}", plain.len());
        let once = api.once(act, session, mechanism, key, from);
        assert_eq!(once.as_deref(), Ok(to), "{said}");
        for part in [7, 16, 333] {
            let parts = api.in_parts(act, session, mechanism, key, (from, part));
            assert_eq!(parts.as_deref(), Ok(to), "{said} in parts of {part}");
        }
    }
    if authenticates(mechanism.kind) {
        for at in [0, cipher.len() / 2, cipher.len() - 1] {
            let mut wrong = cipher.to_vec();
            wrong[at] ^= 0x40;
            let refused = api.once(Act::Decrypt, session, mechanism, key, &wrong);
            assert_eq!(refused, Err(ck::CKR_ENCRYPTED_DATA_INVALID));
            let refused = api.in_parts(Act::Decrypt, session, mechanism, key, (&wrong, 7));
            assert_eq!(refused, Err(ck::CKR_ENCRYPTED_DATA_INVALID));
        }
    }
}

#[test]
fn ciphers_are_those_of_another_implementation() {
    on_module(|api| {
        let session = api.ready();
        let mut oracle = Oracle::start();
        for (kind, _) in listed(api, ck::CKF_ENCRYPT) {
            let Some(case) = case(kind) else { continue };
            for key_bytes in case.key_bytes {
                let value = sample(*key_bytes);
                let uses = [ck::CKA_ENCRYPT, ck::CKA_DECRYPT];
                let key = secret(api, session, case.key_type, &value, &uses).unwrap();
                for length in case.lengths {
                    let plain = sample(*length);
                    for (mechanism, ask) in (case.parameters)(kind, *length) {
                        let known =
                            json!({ "key": hex::encode(&value), "data": hex::encode(&plain) });
                        let cipher = oracle.bytes("encrypt", &joined(&case.ask, &ask), &known);
                        both_ways(api, (session, key), &mechanism, (&plain, &cipher));
                    }
                }
                if let Some(length) = case.wrong_length {
                    let (mechanism, _) = (case.parameters)(kind, length).remove(0);
                    let data = sample(length);
                    let refused = api.once(Act::Encrypt, session, &mechanism, key, &data);
                    assert_eq!(refused, Err(ck::CKR_DATA_LEN_RANGE), "{mechanism:?}");
                    let refused = api.once(Act::Decrypt, session, &mechanism, key, &data);
                    assert_eq!(
                        refused,
                        Err(ck::CKR_ENCRYPTED_DATA_LEN_RANGE),
                        "{mechanism:?}"
                    );
                }
                api.destroy(session, key).unwrap();
            }
        }
    });
}

/// Mechanisms of AES with parameters that are none of theirs.
fn nonsense() -> Vec<Mechanism> {
    let gcm = |iv, tag| Mechanism::new(ck::CKM_AES_GCM, Parameter::Gcm(sample(iv), vec![], tag));
    let ccm = |length, nonce, mac| {
        let parameter = Parameter::Ccm(length, sample(nonce), vec![], mac);
        Mechanism::new(ck::CKM_AES_CCM, parameter)
    };
    let counter = |bits| Mechanism::new(ck::CKM_AES_CTR, Parameter::Counter(bits, [0; 16]));
    let bytes = |kind, length| Mechanism::iv(kind, &sample(length));
    vec![
        // A tag shorter than 96 bits is forged too easily; a nonce is never empty.
        gcm(12, 32),
        gcm(12, 64),
        gcm(12, 88),
        gcm(12, 127),
        gcm(12, 136),
        gcm(0, 128),
        gcm(257, 128),
        ccm(16, 6, 16),
        ccm(16, 14, 16),
        ccm(16, 12, 4),
        ccm(16, 12, 6),
        ccm(16, 12, 7),
        ccm(16, 12, 17),
        counter(0),
        counter(129),
        bytes(ck::CKM_AES_ECB, 16),
        bytes(ck::CKM_AES_CBC, 0),
        bytes(ck::CKM_AES_CBC, 15),
        bytes(ck::CKM_AES_CBC, 17),
        bytes(ck::CKM_AES_CBC_PAD, 8),
        bytes(ck::CKM_AES_OFB, 15),
        bytes(ck::CKM_AES_CFB128, 17),
        bytes(ck::CKM_AES_CTR, 16),
        bytes(ck::CKM_AES_GCM, 12),
        bytes(ck::CKM_AES_CCM, 12),
    ]
}

#[test]
fn parameters_that_make_no_sense_are_refused() {
    on_module(|api| {
        let session = api.ready();
        let uses = [ck::CKA_ENCRYPT, ck::CKA_DECRYPT];
        let key = secret(api, session, ck::CKK_AES, &sample(32), &uses).unwrap();
        for mechanism in &nonsense() {
            for act in [Act::Encrypt, Act::Decrypt] {
                let refused = api.init(act, session, mechanism, key);
                assert_eq!(
                    refused,
                    Err(ck::CKR_MECHANISM_PARAM_INVALID),
                    "{act:?} {mechanism:?}"
                );
            }
        }
        // A counter that begins anew would use a block of the keystream twice.
        let last = Mechanism::new(ck::CKM_AES_CTR, Parameter::Counter(16, [0xFF; 16]));
        let refused = api.once(Act::Encrypt, session, &last, key, &sample(17));
        assert_eq!(refused, Err(ck::CKR_DATA_LEN_RANGE));
        assert_eq!(
            api.once(Act::Encrypt, session, &last, key, &sample(16))
                .unwrap()
                .len(),
            16
        );
        // What CCM is told of the length is held against what comes.
        let told = Parameter::Ccm(17, sample(12), vec![], 16);
        let told = Mechanism::new(ck::CKM_AES_CCM, told);
        let refused = api.once(Act::Encrypt, session, &told, key, &sample(16));
        assert_eq!(refused, Err(ck::CKR_DATA_LEN_RANGE));
    });
}
