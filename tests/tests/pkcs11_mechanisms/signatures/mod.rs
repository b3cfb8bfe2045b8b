//! Signatures, both ways: another implementation verifies what the module signs, and the module what that one signs.

mod cases;

use cryptoki_sys as ck;
use keyhold_tests::api::{Act, Api, Mechanism, Parameter, Ulong, number};
use serde_json::{Value, json};

use self::cases::{Case, SHA256_INFO};
pub use self::cases::{cases, hashes_before};
use crate::{
    keys::{pair, parameter_set, public_half},
    listed, on_module,
    oracle::{Oracle, joined},
    sample,
};

struct Sides<'a> {
    api: &'a Api,
    session: Ulong,
    oracle: Oracle,
}

impl Sides<'_> {
    fn check(&mut self, case: &Case, known: &Value, (public, private): (Ulong, Ulong)) {
        let Self { api, session, .. } = *self;
        for length in &case.lengths {
            let message = sample(*length);
            let data = [case.prefix, &message].concat();
            let said = format!("{:?} of {length}", case.mechanism);
            let signed = |private| {
                let once = api.once(Act::Sign, session, &case.mechanism, private, &data);
                once.unwrap_or_else(|rv| panic!("{said}: {rv:#x}"))
            };
            let signature = signed(private);
            assert_eq!(signature == signed(private), case.repeats, "{said}");
            let parts = api.in_parts(Act::Sign, session, &case.mechanism, private, (&data, 77));
            let own = parts.unwrap_or_else(|rv| panic!("{said} in parts: {rv:#x}"));
            for signature in [&signature, &own] {
                let ask = json!({
                    "public": known["public"], "data": hex::encode(&message), "signature": hex::encode(signature)
                });
                self.oracle.bytes("verify", &case.ask, &ask);
            }
            if known.get("private").is_some() {
                let ask = json!({ "private": known["private"], "data": hex::encode(&message) });
                let signature = self.oracle.bytes("sign", &case.ask, &ask);
                self.check_verification(&case.mechanism, public, (&data, &signature));
            }
            self.check_verification(&case.mechanism, public, (&data, &signature));
        }
    }

    fn check_verification(
        &self,
        mechanism: &Mechanism,
        public: Ulong,
        (data, signature): (&[u8], &[u8]),
    ) {
        let Self { api, session, .. } = *self;
        let said = format!("{mechanism:?} of {}", data.len());
        let verify = |data: &[u8], signature: &[u8]| {
            let once = api.verify(session, mechanism, public, data, signature);
            let parts = api.verify_in_parts(session, mechanism, public, (data, 77), signature);
            assert_eq!(once, parts, "{said}");
            once
        };
        assert_eq!(verify(data, signature), Ok(()), "{said}");
        let mut wrong = signature.to_vec();
        wrong[signature.len() / 2] ^= 1;
        assert_eq!(
            verify(data, &wrong),
            Err(ck::CKR_SIGNATURE_INVALID),
            "{said}"
        );
        let longer = [signature, &[0]].concat();
        assert_eq!(
            verify(data, &longer),
            Err(ck::CKR_SIGNATURE_LEN_RANGE),
            "{said}"
        );
        let shorter = &signature[..signature.len() - 1];
        assert_eq!(
            verify(data, shorter),
            Err(ck::CKR_SIGNATURE_LEN_RANGE),
            "{said}"
        );
        if let Some(first) = data.first() {
            let other = [&[first ^ 1], &data[1..]].concat();
            assert_eq!(
                verify(&other, signature),
                Err(ck::CKR_SIGNATURE_INVALID),
                "{said}"
            );
        }
    }
}

/// Checks the mechanisms that sign with pairs of these kinds.
fn check_all(api: &Api, kinds: fn(&str) -> bool) {
    let session = api.ready();
    let mut sides = Sides {
        api,
        session,
        oracle: Oracle::start(),
    };
    let mut made = std::collections::BTreeMap::new();
    for (kind, _) in listed(api, ck::CKF_SIGN) {
        for case in cases(kind) {
            for name in case.pairs.iter().filter(|name| kinds(name)) {
                // Hashes that fill the modulus are no business of a short one's; long ones are slow, so one is enough.
                let hash = case.ask["hash"].as_str().unwrap_or_default();
                if (*name == "rsa-1024" && hash.ends_with("512"))
                    || (*name == "rsa-4096" && hash != "sha256")
                {
                    continue;
                }
                let (known, handles) = made.entry(*name).or_insert_with(|| {
                    let known = sides.oracle.pair(name);
                    let uses: (&[Ulong], &[Ulong]) = (&[ck::CKA_VERIFY], &[ck::CKA_SIGN]);
                    let handles = pair(api, session, (name, &known), uses);
                    (known, handles)
                });
                sides.check(&case, known, *handles);
            }
        }
    }
}

#[test]
fn signatures_of_rsa_are_those_of_another_implementation() {
    on_module(|api| check_all(api, |kind| kind.starts_with("rsa-")));
}

#[test]
fn signatures_of_dsa_and_on_curves_are_those_of_another_implementation() {
    on_module(|api| {
        check_all(api, |kind| {
            !kind.starts_with("rsa-") && parameter_set(kind).is_none()
        });
    });
}

#[test]
fn post_quantum_signatures_are_those_of_another_implementation() {
    on_module(|api| {
        let session = api.ready();
        let mut sides = Sides {
            api,
            session,
            oracle: Oracle::start(),
        };
        for case in cases(ck::CKM_ML_DSA) {
            for name in case.pairs {
                // What the module made, the oracle verifies.
                let set = number(ck::CKA_PARAMETER_SET, parameter_set(name).unwrap().1);
                let makes = Mechanism::from(ck::CKM_ML_DSA_KEY_PAIR_GEN);
                let handles = api.generate_pair(session, &makes, &[set], &[]).unwrap();
                let spki = api
                    .get(session, handles.0, ck::CKA_PUBLIC_KEY_INFO)
                    .unwrap();
                let known = json!({ "public": hex::encode(spki) });
                sides.check(&case, &known, handles);
                // What the oracle made and signed, the module verifies.
                let known = sides.oracle.pair(name);
                let public = api.create(session, &public_half(name, &known)).unwrap();
                let data = sample(100);
                let ask = json!({ "private": known["private"], "data": hex::encode(&data) });
                let signature = sides.oracle.bytes("sign", &case.ask, &ask);
                sides.check_verification(&case.mechanism, public, (&data, &signature));
            }
        }
    });
}

/// Nobody else here knows SLH-DSA: what one key signs, its public half verifies, and no other.
#[test]
fn signatures_of_slh_dsa_are_verified_by_their_public_halves() {
    on_module(|api| {
        let session = api.ready();
        let sets = [ck::CKP_SLH_DSA_SHA2_128F, ck::CKP_SLH_DSA_SHAKE_256F];
        let pairs = sets.map(|set| {
            let set = number(ck::CKA_PARAMETER_SET, set);
            let makes = Mechanism::from(ck::CKM_SLH_DSA_KEY_PAIR_GEN);
            api.generate_pair(session, &makes, &[set], &[]).unwrap()
        });
        let sides = Sides {
            api,
            session,
            oracle: Oracle::start(),
        };
        let mechanism = Mechanism::from(ck::CKM_SLH_DSA);
        let data = sample(99);
        for (public, private) in pairs {
            let signature = api
                .once(Act::Sign, session, &mechanism, private, &data)
                .unwrap();
            sides.check_verification(&mechanism, public, (&data, &signature));
        }
    });
}

/// Signatures of digests that the key's side makes: one pair's are its own, and no other's.
#[test]
fn signatures_of_digests_are_verified_by_their_public_halves() {
    on_module(|api| {
        let session = api.ready();
        let pair = |makes, set| {
            let set = number(ck::CKA_PARAMETER_SET, set);
            let made = api.generate_pair(session, &Mechanism::from(makes), &[set], &[]);
            made.unwrap()
        };
        let ml_dsa = pair(ck::CKM_ML_DSA_KEY_PAIR_GEN, ck::CKP_ML_DSA_44);
        let slh_dsa = pair(ck::CKM_SLH_DSA_KEY_PAIR_GEN, ck::CKP_SLH_DSA_SHA2_128F);
        let sides = Sides {
            api,
            session,
            oracle: Oracle::start(),
        };
        for (kind, _) in listed(api, ck::CKF_SIGN) {
            let Some((is_ml_dsa, mechanism)) = hashes_before(kind) else {
                continue;
            };
            let (public, private) = if is_ml_dsa { ml_dsa } else { slh_dsa };
            // What the mechanisms that name no hash take is as long as the digest of the one that the parameter names.
            let data = sample(32);
            let signature = api.once(Act::Sign, session, &mechanism, private, &data);
            let signature = signature.unwrap_or_else(|rv| panic!("{mechanism:?}: {rv:#x}"));
            if [ck::CKM_HASH_ML_DSA, ck::CKM_HASH_SLH_DSA].contains(&kind) {
                // They take the digest whole (PKCS #11 3.2 §6.67.7).
                let verified = api.verify(session, &mechanism, public, &data, &signature);
                assert_eq!(verified, Ok(()), "{mechanism:?}");
                let other = api.verify(session, &mechanism, public, &sample(33)[1..], &signature);
                assert_eq!(other, Err(ck::CKR_SIGNATURE_INVALID), "{mechanism:?}");
            } else {
                sides.check_verification(&mechanism, public, (&data, &signature));
            }
        }
    });
}

#[test]
fn parameters_of_signatures_that_make_no_sense_are_refused() {
    on_module(|api| {
        let session = api.ready();
        let mut oracle = Oracle::start();
        let uses: (&[Ulong], &[Ulong]) = (&[ck::CKA_VERIFY], &[ck::CKA_SIGN]);
        let known = oracle.pair("rsa-2048");
        let (public, private) = pair(api, session, ("rsa-2048", &known), uses);
        let pss = |kind, hash, mask, salt| Mechanism::new(kind, Parameter::Pss(hash, mask, salt));
        let (sha256, mgf256) = (ck::CKM_SHA256, ck::CKG_MGF1_SHA256);
        for mechanism in [
            pss(
                ck::CKM_SHA256_RSA_PKCS_PSS,
                ck::CKM_SHA384,
                ck::CKG_MGF1_SHA384,
                32,
            ),
            pss(ck::CKM_SHA256_RSA_PKCS_PSS, ck::CKM_SHA256_HMAC, mgf256, 32),
            pss(ck::CKM_SHA256_RSA_PKCS_PSS, sha256, 0, 32),
            pss(ck::CKM_SHA256_RSA_PKCS_PSS, sha256, 0x99, 32),
            // RFC 8017 §9.1.1: hash, salt and two bytes are no longer than the modulus.
            pss(ck::CKM_SHA256_RSA_PKCS_PSS, sha256, mgf256, 223),
            pss(ck::CKM_RSA_PKCS_PSS, sha256, mgf256, Ulong::MAX),
            Mechanism::from(ck::CKM_SHA256_RSA_PKCS_PSS),
            Mechanism::iv(ck::CKM_SHA256_RSA_PKCS, &[1]),
        ] {
            let invalid = Err(ck::CKR_MECHANISM_PARAM_INVALID);
            assert_eq!(
                api.init(Act::Sign, session, &mechanism, private),
                invalid,
                "{mechanism:?}"
            );
            assert_eq!(
                api.verify_init(session, &mechanism, public),
                invalid,
                "{mechanism:?}"
            );
        }
        // The longest salt that fits is taken.
        let longest = pss(ck::CKM_SHA256_RSA_PKCS_PSS, sha256, mgf256, 222);
        let signature = api
            .once(Act::Sign, session, &longest, private, b"data")
            .unwrap();
        let common = json!({ "padding": "pss", "hash": "sha256", "mask": "sha256", "salt": 222 });
        let ask = json!({
            "public": known["public"], "data": hex::encode("data"), "signature": hex::encode(signature)
        });
        oracle.bytes("verify", &common, &ask);
    });
}

/// What the caller hashes is as long as the hash, and what it pads leaves room for the padding.
#[test]
fn digests_that_callers_make_are_as_long_as_they_must_be() {
    on_module(|api| {
        let session = api.ready();
        let mut oracle = Oracle::start();
        let uses: (&[Ulong], &[Ulong]) = (&[ck::CKA_VERIFY], &[ck::CKA_SIGN]);
        let known = oracle.pair("rsa-2048");
        let (public, private) = pair(api, session, ("rsa-2048", &known), uses);
        let parameter = Parameter::Pss(ck::CKM_SHA256, ck::CKG_MGF1_SHA256, 32);
        // Digests of another length than the hash's, and what does not fit beside the padding.
        let bare = Mechanism::new(ck::CKM_RSA_PKCS_PSS, parameter);
        for length in [0, 31, 33] {
            let refused = api.once(Act::Sign, session, &bare, private, &sample(length));
            assert_eq!(refused, Err(ck::CKR_DATA_LEN_RANGE));
        }
        let pkcs = Mechanism::from(ck::CKM_RSA_PKCS);
        let refused = api.once(Act::Sign, session, &pkcs, private, &sample(246));
        assert_eq!(refused, Err(ck::CKR_DATA_LEN_RANGE));
        let whole = joined(&json!({ "padding": "pkcs1", "hash": "sha256" }), &json!({}));
        let digest = oracle.bytes(
            "digest",
            &json!({ "hash": "sha256" }),
            &json!({ "data": "00" }),
        );
        let info = [SHA256_INFO, &digest].concat();
        let signature = api.once(Act::Sign, session, &pkcs, private, &info).unwrap();
        let ask = json!({
            "public": known["public"], "data": "00", "signature": hex::encode(&signature)
        });
        oracle.bytes("verify", &whole, &ask);
        assert_eq!(
            api.verify(session, &pkcs, public, &info, &signature),
            Ok(())
        );
    });
}
