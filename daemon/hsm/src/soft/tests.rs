//! What ends all service of an embedded HSM: wrong answers of its own tests, and keys that were hit by a fault.

use kmip::{
    CryptographicUsageMask,
    mechanism::{Curve, Hash, PostQuantum},
};

use super::*;
use crate::CustodyMode;

fn terms() -> Terms {
    Terms {
        id: b"an id".to_vec(),
        label: String::new(),
        exportable: true,
        usage: CryptographicUsageMask::default(),
        custody: CustodyMode::default(),
    }
}

fn hsm(trials: Vec<Trial>) -> SoftHsm {
    SoftHsm::tested(Master::ephemeral().unwrap(), 0, trials)
}

#[test]
fn one_wrong_answer_ends_all_service() {
    let good = hsm(known::first().to_vec());
    let spec = KeySpec::Hmac {
        hash: Hash::Sha256,
        bits: 256,
    };
    let key = good.generate(spec, &terms()).unwrap().key;
    let mac = Mac::Hmac(Hash::Sha256);
    let task = Task::Mac { mechanism: mac };
    let mut begun = good.begin(&key, task).unwrap().unwrap().stream;
    good.mac(&key, mac, b"served").unwrap();
    let sealed = good.seal(&Secret::from(&b"kept"[..]), b"").unwrap();

    // What a test finds later is as what it finds at the start.
    drop(
        good.state
            .note(known::passing(&known::run(known::tests::BROKEN))),
    );
    let bad = hsm(known::run(known::tests::BROKEN));
    for hsm in [&good, &bad] {
        let mut out = [0; 8];
        let refusals = [
            hsm.generate(spec, &terms()).map(drop),
            hsm.mac(&key, mac, b"not served").map(drop),
            hsm.export(&key).map(drop),
            hsm.begin(&key, task).map(drop),
            hsm.random(&mut out),
            hsm.seal(&Secret::from(&b"kept"[..]), b"").map(drop),
            hsm.open(&sealed, b"").map(drop),
            hsm.self_test().map(drop),
            hsm.health(),
        ];
        for (place, refusal) in refusals.into_iter().enumerate() {
            assert!(matches!(refusal, Err(Error::Broken(_))), "{place}");
        }
        assert_eq!(out, [0; 8]);
    }
    assert!(begun.update(b"a part").is_err() && begun.finish().is_err());
}

/// Something that signs, of every library and every kind.
const SIGNING: &[(KeySpec, Signing)] = &[
    (
        KeySpec::Rsa { bits: 2048 },
        Signing::RsaPkcs1(Some(Hash::Sha256)),
    ),
    (KeySpec::Ec(Curve::P256), Signing::Ecdsa(Some(Hash::Sha256))),
    // More bytes than AWS-LC signs.
    (KeySpec::Ec(Curve::P521), Signing::Ecdsa(None)),
    (
        KeySpec::Ec(Curve::Secp256k1),
        Signing::Ecdsa(Some(Hash::Sha256)),
    ),
    (KeySpec::Ec(Curve::Ed25519), Signing::Eddsa),
    (KeySpec::Ec(Curve::Ed448), Signing::Eddsa),
    (
        KeySpec::Dsa {
            bits: 2048,
            order_bits: 256,
        },
        Signing::Dsa(Some(Hash::Sha256)),
    ),
    (KeySpec::PostQuantum(PostQuantum::MlDsa65), Signing::MlDsa),
    (
        KeySpec::PostQuantum(PostQuantum::SlhDsaSha2_128f),
        Signing::SlhDsa,
    ),
];

fn signed(hsm: &SoftHsm, key: &KeyRef, mechanism: Signing) -> Result<Vec<u8>> {
    let input = match mechanism {
        Signing::Ecdsa(None) => Input::Digest(&[7; 66]),
        _ => Input::Message(b"right or not at all"),
    };
    hsm.sign(key, mechanism, input)
}

/// A key of the HSM that was hit by a fault in memory.
fn struck(hsm: &SoftHsm, key: &KeyRef) {
    let material = seal::open_key(&hsm.master, key).unwrap().material;
    let mut ready = PlainKey::from_validated(&material).unwrap();
    ready.strike();
    hsm.unsealed.insert(&key.0, Arc::new(ready));
}

#[test]
fn a_wrong_signature_is_not_given_out_and_ends_all_service() {
    for &(spec, mechanism) in SIGNING {
        let hsm = SoftHsm::tested(Master::ephemeral().unwrap(), 16, Vec::new());
        let keys = [(); 2].map(|()| hsm.generate(spec, &terms()).unwrap().key);
        for key in &keys {
            signed(&hsm, key, mechanism).unwrap();
        }
        struck(&hsm, &keys[0]);
        for key in &keys {
            let refusal = signed(&hsm, key, mechanism);
            assert!(
                matches!(refusal, Err(Error::Broken(_))),
                "{spec:?}: {refusal:?}"
            );
        }
        assert!(hsm.health().is_err() && hsm.random(&mut [0]).is_err());
    }
}

#[test]
fn signatures_of_rsa_alone_are_looked_at_where_that_is_asked_for() {
    for &(spec, mechanism) in SIGNING {
        let hsm = SoftHsm::tested(Master::ephemeral().unwrap(), 16, Vec::new())
            .with_signatures_verified(false);
        let key = hsm.generate(spec, &terms()).unwrap().key;
        struck(&hsm, &key);
        let is_given_out = signed(&hsm, &key, mechanism).is_ok();
        assert_eq!(
            is_given_out,
            !matches!(spec, KeySpec::Rsa { .. }),
            "{spec:?}"
        );
    }
}

#[test]
fn a_test_on_demand_says_what_was_tried() {
    let trials = hsm(known::first().to_vec()).self_test().unwrap();
    assert_eq!(trials, known::first());
}
