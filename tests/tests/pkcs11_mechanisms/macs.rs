//! MACs, against another implementation: made, made in parts, verified, and refused when a bit is wrong.

use cryptoki_sys as ck;
use keyhold_tests::api::{Act, Api, Mechanism, Parameter, Ulong};
use serde_json::{Value, json};

use crate::{
    families::{Hash, hash_of},
    keys::secret,
    listed, on_module,
    oracle::Oracle,
    sample,
};

/// How a mechanism makes MACs.
pub struct Case {
    /// The key types it takes.
    pub key_types: Vec<Ulong>,
    /// The lengths of keys.
    pub key_bytes: Vec<usize>,
    /// What the oracle is asked.
    pub ask: Value,
    /// The parameters, each with the length of the MAC that it asks for.
    pub mechanisms: Vec<(Mechanism, usize)>,
}

/// The case of a mechanism that makes MACs.
pub fn case(kind: Ulong) -> Option<Case> {
    let cut = |lengths: &[usize]| {
        let one = |bytes: &usize| {
            let parameter = Parameter::Number(Ulong::try_from(*bytes).unwrap());
            (Mechanism::new(kind, parameter), *bytes)
        };
        lengths.iter().map(one).collect::<Vec<_>>()
    };
    let whole = |bytes: usize| vec![(Mechanism::from(kind), bytes)];
    let of_hash = |hash: Hash, mechanisms| Case {
        key_types: vec![ck::CKK_GENERIC_SECRET, hash.key.0],
        key_bytes: vec![1, hash.bytes, 200, 1024],
        ask: json!({ "mac": "hmac", "hash": hash.name }),
        mechanisms,
    };
    if let Some(hash) = hash_of(|hash| hash.hmac.0 == kind) {
        return Some(of_hash(hash, whole(hash.bytes)));
    }
    if let Some(hash) = hash_of(|hash| hash.hmac.1 == kind) {
        return Some(of_hash(hash, cut(&[1, hash.bytes / 2, hash.bytes])));
    }
    let aes = |ask, mechanisms| Case {
        key_types: vec![ck::CKK_AES],
        key_bytes: vec![16, 24, 32],
        ask,
        mechanisms,
    };
    let des = |mac, mechanisms| Case {
        key_types: vec![ck::CKK_DES3],
        key_bytes: vec![16, 24],
        ask: json!({ "mac": mac, "block": "des3" }),
        mechanisms,
    };
    let cmac = json!({ "mac": "cmac" });
    Some(match kind {
        ck::CKM_AES_CMAC => aes(cmac, whole(16)),
        ck::CKM_AES_CMAC_GENERAL => aes(cmac, cut(&[1, 8, 16])),
        ck::CKM_DES3_CMAC => des("cmac", whole(8)),
        ck::CKM_DES3_CMAC_GENERAL => des("cmac", cut(&[1, 4, 8])),
        // Half a block where nothing else is said (PKCS #11 3.2 §6.13.7).
        ck::CKM_AES_MAC => aes(json!({ "mac": "cbcmac" }), whole(8)),
        ck::CKM_AES_MAC_GENERAL => aes(json!({ "mac": "cbcmac" }), cut(&[1, 8, 16])),
        ck::CKM_DES3_MAC => des("cbcmac", whole(4)),
        ck::CKM_DES3_MAC_GENERAL => des("cbcmac", cut(&[1, 4, 8])),
        ck::CKM_AES_GMAC => {
            let iv = sample(12);
            let ask = json!({ "mac": "gmac", "iv": hex::encode(&iv) });
            aes(ask, vec![(Mechanism::iv(kind, &iv), 16)])
        }
        _ => return None,
    })
}

fn check(
    api: &Api,
    session: Ulong,
    key: Ulong,
    (mechanism, bytes): &(Mechanism, usize),
    (data, whole): (&[u8], &[u8]),
) {
    let expected = whole[..*bytes].to_vec();
    let said = format!("{mechanism:?} of {}", data.len());
    let once = api.once(Act::Sign, session, mechanism, key, data);
    assert_eq!(once.as_ref(), Ok(&expected), "{said}");
    let parts = api.in_parts(Act::Sign, session, mechanism, key, (data, 61));
    assert_eq!(parts.as_ref(), Ok(&expected), "{said} in parts");
    let verified = api.verify(session, mechanism, key, data, &expected);
    assert_eq!(verified, Ok(()), "{said}");
    let verified = api.verify_in_parts(session, mechanism, key, (data, 61), &expected);
    assert_eq!(verified, Ok(()), "{said} in parts");
    let mut wrong = expected;
    wrong[bytes - 1] ^= 1;
    let refused = api.verify(session, mechanism, key, data, &wrong);
    assert_eq!(refused, Err(ck::CKR_SIGNATURE_INVALID), "{said}");
    wrong.push(0);
    let refused = api.verify(session, mechanism, key, data, &wrong);
    assert_eq!(refused, Err(ck::CKR_SIGNATURE_LEN_RANGE), "{said}");
}

#[test]
fn macs_are_those_of_another_implementation() {
    on_module(|api| {
        let session = api.ready();
        let mut oracle = Oracle::start();
        for (kind, _) in listed(api, ck::CKF_SIGN) {
            let Some(case) = case(kind) else { continue };
            for (at, key_bytes) in case.key_bytes.iter().enumerate() {
                let value = sample(*key_bytes);
                let key_type = case.key_types[at % case.key_types.len()];
                let uses = [ck::CKA_SIGN, ck::CKA_VERIFY];
                let key = secret(api, session, key_type, &value, &uses).unwrap();
                // What CBC-MAC makes of nothing, nobody says.
                let first = usize::from(case.ask["mac"] == "cbcmac");
                for length in [first, 2, 16, 300] {
                    let data = sample(length);
                    let special = json!({ "key": hex::encode(&value), "data": hex::encode(&data) });
                    let whole = oracle.bytes("mac", &case.ask, &special);
                    for mechanism in &case.mechanisms {
                        check(api, session, key, mechanism, (&data, &whole));
                    }
                }
                api.destroy(session, key).unwrap();
            }
        }
    });
}
