//! Digests, against `hashlib`.

use cryptoki_sys as ck;
use keyhold_tests::api::{Act, Mechanism};
use serde_json::{Value, json};

use crate::{families::hash_of, listed, on_module, oracle::Oracle, sample};

/// What the oracle is asked for the digest that a mechanism makes.
pub fn case(kind: u64) -> Option<Value> {
    let hash = hash_of(|hash| hash.kind == kind)?;
    Some(json!({ "hash": hash.name }))
}

#[test]
fn digests_are_those_of_another_implementation() {
    on_module(|api| {
        let session = api.ready();
        let mut oracle = Oracle::start();
        for (kind, _) in listed(api, ck::CKF_DIGEST) {
            let Some(ask) = case(kind) else { continue };
            for length in [0, 1, 55, 64, 111, 128, 135, 144, 1000, 100_000] {
                let data = sample(length);
                let special = json!({ "data": hex::encode(&data) });
                let expected = oracle.bytes("digest", &ask, &special);
                let mechanism = Mechanism::from(kind);
                let once = api.once(Act::Digest, session, &mechanism, 0, &data);
                assert_eq!(once, Ok(expected.clone()), "{kind:#x} of {length}");
                let parts = api.in_parts(Act::Digest, session, &mechanism, 0, (&data, 977));
                assert_eq!(parts, Ok(expected), "{kind:#x} of {length} in parts");
            }
        }
    });
}
