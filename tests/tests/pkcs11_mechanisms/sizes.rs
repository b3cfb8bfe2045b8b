//! The sizes of keys that mechanisms tell: the smallest and the largest key works with each function that is told, and one
//! beyond either end is not to be had, or not to be used.

use cryptoki_sys as ck;
use keyhold_tests::api::{Act, Api, Mechanism, Parameter, Ulong, bytes, flag, number};

use crate::{
    keys::{pair, secret},
    listed, on_module,
    oracle::Oracle,
    rsa, sample, signatures, wrapping,
};

/// A key that may leave, for others to wrap.
fn to_wrap(api: &Api, session: Ulong) -> Ulong {
    let template = [
        number(ck::CKA_VALUE_LEN, 16),
        flag(ck::CKA_SENSITIVE, false),
        flag(ck::CKA_EXTRACTABLE, true),
    ];
    let aes = Mechanism::from(ck::CKM_AES_KEY_GEN);
    api.generate(session, &aes, &template).unwrap()
}

fn wraps_and_unwraps(api: &Api, session: Ulong, mechanism: &Mechanism, (by, back): (Ulong, Ulong)) {
    let key = to_wrap(api, session);
    let wrapped = api.wrap(session, mechanism, by, key);
    let wrapped = wrapped.unwrap_or_else(|rv| panic!("{mechanism:?} wraps: {rv:#x}"));
    let template = [
        number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
        number(ck::CKA_KEY_TYPE, ck::CKK_AES),
    ];
    let unwrapped = api.unwrap(session, mechanism, back, &wrapped, &template);
    let unwrapped = unwrapped.unwrap_or_else(|rv| panic!("{mechanism:?} unwraps: {rv:#x}"));
    let length = api.get(session, unwrapped, ck::CKA_VALUE_LEN);
    assert_eq!(length, Ok(number(0, 16).1), "{mechanism:?}");
}

fn signs_and_verifies(
    api: &Api,
    session: Ulong,
    mechanism: &Mechanism,
    (public, private): (Ulong, Ulong),
    data: &[u8],
) {
    let signature = api.once(Act::Sign, session, mechanism, private, data);
    let signature = signature.unwrap_or_else(|rv| panic!("{mechanism:?} signs: {rv:#x}"));
    let verified = api.verify(session, mechanism, public, data, &signature);
    assert_eq!(verified, Ok(()), "{mechanism:?}");
}

#[test]
fn rsa_works_at_both_ends() {
    on_module(|api| {
        let session = api.ready();
        let mut oracle = Oracle::start();
        let uses: (&[Ulong], &[Ulong]) = (
            &[ck::CKA_VERIFY, ck::CKA_ENCRYPT, ck::CKA_WRAP],
            &[ck::CKA_SIGN, ck::CKA_DECRYPT, ck::CKA_UNWRAP],
        );
        let is_rsa = |kind: &Ulong| {
            let pairs = signatures::cases(*kind).into_iter().map(|case| case.pairs);
            let signs = pairs.flatten().any(|name| name.starts_with("rsa-"));
            let wraps = wrapping::case(*kind).is_some_and(|case| case.is_rsa);
            signs || wraps || !rsa::cases(*kind).is_empty()
        };
        // Longer pairs take too long to make and to check for each run.
        for name in ["rsa-1024", "rsa-4096"] {
            let known = oracle.pair(name);
            let halves = pair(api, session, (name, &known), uses);
            let mut worked = 0;
            for (kind, info) in listed(api, ck::CKF_SIGN | ck::CKF_DECRYPT | ck::CKF_UNWRAP) {
                if !is_rsa(&kind) {
                    continue;
                }
                assert_eq!((info.ulMinKeySize, info.ulMaxKeySize), (1024, 8192));
                worked += 1;
                if let Some(case) = signatures::cases(kind).first() {
                    let data = [case.prefix, &sample(case.lengths[0])].concat();
                    signs_and_verifies(api, session, &case.mechanism, halves, &data);
                }
                if let Some((mechanism, ..)) = rsa::cases(kind).first() {
                    let cipher = api.once(Act::Encrypt, session, mechanism, halves.0, b"a");
                    let cipher = cipher.unwrap();
                    let plain = api.once(Act::Decrypt, session, mechanism, halves.1, &cipher);
                    assert_eq!(plain, Ok(b"a".to_vec()), "{mechanism:?} of {name}");
                }
                if info.flags & ck::CKF_UNWRAP != 0 {
                    let case = wrapping::case(kind).map(|case| case.mechanism);
                    let mechanism = case.unwrap_or_else(|| Mechanism::from(kind));
                    wraps_and_unwraps(api, session, &mechanism, halves);
                }
            }
            assert!(worked > 20, "{worked} mechanisms of RSA");
        }
    });
}

#[test]
fn public_keys_of_rsa_work_at_both_ends_and_are_not_taken_beyond() {
    on_module(|api| {
        let session = api.ready();
        // The numbers need not be a key's to be too short or too long, or to tell that a signature is wrong.
        let public = |modulus_bytes| {
            let mut modulus = sample(modulus_bytes);
            modulus[0] |= 0x80;
            modulus[modulus_bytes - 1] |= 1;
            let template = [
                number(ck::CKA_CLASS, ck::CKO_PUBLIC_KEY),
                number(ck::CKA_KEY_TYPE, ck::CKK_RSA),
                bytes(ck::CKA_MODULUS, &modulus),
                bytes(ck::CKA_PUBLIC_EXPONENT, &[1, 0, 1]),
            ];
            api.create(session, &template)
        };
        for outside in [127, 1025] {
            assert_eq!(public(outside), Err(ck::CKR_ATTRIBUTE_VALUE_INVALID));
        }
        for end in [128, 1024] {
            let key = public(end).unwrap();
            let mechanism = Mechanism::from(ck::CKM_SHA256_RSA_PKCS);
            let judged = |bytes| api.verify(session, &mechanism, key, b"a", &vec![1; bytes]);
            assert_eq!(judged(end), Err(ck::CKR_SIGNATURE_INVALID), "{end}");
            assert_eq!(judged(end - 1), Err(ck::CKR_SIGNATURE_LEN_RANGE), "{end}");
            let mechanism = Mechanism::from(ck::CKM_RSA_PKCS);
            let cipher = api.once(Act::Encrypt, session, &mechanism, key, b"a");
            assert_eq!(cipher.map(|own| own.len()), Ok(end));
        }
    });
}

/// brainpoolP160r1 (RFC 5639 §3.1) and P-521.
const CURVES: [&[u8]; 2] = [
    b"\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x01",
    b"\x06\x05\x2b\x81\x04\x00\x23",
];

#[test]
fn curves_work_at_both_ends_by_identifier_and_by_name() {
    on_module(|api| {
        let session = api.ready();
        let makes = Mechanism::from(ck::CKM_EC_KEY_PAIR_GEN);
        let uses = [flag(ck::CKA_SIGN, true), flag(ck::CKA_DERIVE, true)];
        for parameters in CURVES {
            let public = [bytes(ck::CKA_EC_PARAMS, parameters)];
            let halves = api.generate_pair(session, &makes, &public, &uses).unwrap();
            let mut worked = 0;
            for (kind, info) in listed(api, ck::CKF_SIGN | ck::CKF_DERIVE) {
                if (info.ulMinKeySize, info.ulMaxKeySize) != (160, 521) {
                    continue;
                }
                worked += 1;
                if info.flags & ck::CKF_SIGN != 0 {
                    let mechanism = Mechanism::from(kind);
                    signs_and_verifies(api, session, &mechanism, halves, &sample(20));
                    continue;
                }
                let point = api.get(session, halves.0, ck::CKA_EC_POINT).unwrap();
                let agree = Parameter::Ecdh(ck::CKD_NULL, vec![], point);
                let template = [number(ck::CKA_KEY_TYPE, ck::CKK_GENERIC_SECRET)];
                let agreed = api.derive(session, &Mechanism::new(kind, agree), halves.1, &template);
                assert!(agreed.is_ok(), "{kind:#x}: {agreed:?}");
            }
            assert!(worked > 10, "{worked} mechanisms of curves");
        }
        for name in ["secp521r1", "brainpoolP160r1"] {
            let length = u8::try_from(name.len()).unwrap();
            let named = [&[0x13, length], name.as_bytes()].concat();
            let public = [bytes(ck::CKA_EC_PARAMS, &named)];
            assert!(api.generate_pair(session, &makes, &public, &uses).is_ok());
        }
        let told = api.mechanism_info(ck::CKM_EC_KEY_PAIR_GEN).unwrap().flags;
        let choices = ck::CKF_EC_F_P | ck::CKF_EC_OID | ck::CKF_EC_CURVENAME;
        assert_eq!(told & choices, choices);
    });
}

#[test]
fn secrets_work_at_both_ends_and_not_beyond() {
    on_module(|api| {
        let session = api.ready();
        let derive = |length, kind: Ulong| {
            let value = sample(length);
            let base = secret(
                api,
                session,
                ck::CKK_GENERIC_SECRET,
                &value,
                &[ck::CKA_DERIVE],
            );
            let how = Parameter::Hkdf(true, true, ck::CKM_SHA256, None, vec![]);
            let template = [
                number(ck::CKA_KEY_TYPE, ck::CKK_GENERIC_SECRET),
                number(ck::CKA_VALUE_LEN, 32),
            ];
            let how = Mechanism::new(kind, how);
            api.derive(session, &how, base.unwrap(), &template)
                .map(drop)
        };
        let told = api.mechanism_info(ck::CKM_HKDF_DERIVE).unwrap();
        assert_eq!((told.ulMinKeySize, told.ulMaxKeySize), (14, 1024));
        for length in [14, 1024] {
            assert_eq!(derive(length, ck::CKM_HKDF_DERIVE), Ok(()), "{length}");
        }
        assert_eq!(derive(13, ck::CKM_HKDF_DERIVE), Err(ck::CKR_KEY_SIZE_RANGE));
        for length in [16, 32] {
            let uses = [ck::CKA_WRAP, ck::CKA_UNWRAP];
            let by = secret(api, session, ck::CKK_AES, &sample(length), &uses).unwrap();
            for (kind, info) in listed(api, ck::CKF_WRAP) {
                if wrapping::case(kind).is_some_and(|case| !case.is_rsa) {
                    assert_eq!((info.ulMinKeySize, info.ulMaxKeySize), (16, 32));
                    wraps_and_unwraps(api, session, &Mechanism::from(kind), (by, by));
                }
            }
        }
    });
}

/// They are those of public keys, in bytes (PKCS #11 3.2 §6.67 to §6.69).
#[test]
fn sizes_of_post_quantum_keys_are_those_of_their_public_halves() {
    on_module(|api| {
        let session = api.ready();
        let families = [
            (
                ck::CKM_ML_DSA_KEY_PAIR_GEN,
                ck::CKM_ML_DSA,
                [ck::CKP_ML_DSA_44, ck::CKP_ML_DSA_87],
            ),
            (
                ck::CKM_SLH_DSA_KEY_PAIR_GEN,
                ck::CKM_SLH_DSA,
                [ck::CKP_SLH_DSA_SHA2_128F, ck::CKP_SLH_DSA_SHAKE_256F],
            ),
            (
                ck::CKM_ML_KEM_KEY_PAIR_GEN,
                ck::CKM_ML_KEM,
                [ck::CKP_ML_KEM_512, ck::CKP_ML_KEM_1024],
            ),
        ];
        for (makes, plain, ends) in families {
            let made = ends.map(|set| {
                let template = [number(ck::CKA_PARAMETER_SET, set)];
                let pair = api.generate_pair(session, &Mechanism::from(makes), &template, &[]);
                let value = api.get(session, pair.unwrap().0, ck::CKA_VALUE).unwrap();
                Ulong::try_from(value.len()).unwrap()
            });
            let hashes = match plain {
                ck::CKM_ML_DSA => Some(true),
                ck::CKM_SLH_DSA => Some(false),
                _ => None,
            };
            let mut own = api.mechanisms();
            own.retain(|kind| {
                let hashed = signatures::hashes_before(*kind).map(|(is_ml_dsa, _)| is_ml_dsa);
                [makes, plain].contains(kind) || (hashed.is_some() && hashed == hashes)
            });
            assert_eq!(own.len(), if hashes.is_some() { 13 } else { 2 });
            for kind in own {
                let told = api.mechanism_info(kind).unwrap();
                assert_eq!([told.ulMinKeySize, told.ulMaxKeySize], made, "{kind:#x}");
            }
        }
    });
}
