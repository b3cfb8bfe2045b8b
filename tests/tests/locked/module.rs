//! The PKCS#11 module: locked keys that were brought with known values, read and wrapped in every way that it lists.

use std::slice::from_ref;

use cryptoki_sys as ck;
use keyhold_tests::{
    Appliance, Backend, Token,
    api::{Api, Attribute, Mechanism, PARTS_OF_KEYS, Ulong, bytes, flag, number, with_module},
    canary::Canaries,
};
use openssl::rsa::Rsa;

/// What makes a key that never leaves.
fn locked(more: &[Attribute]) -> Vec<Attribute> {
    let marks = [
        flag(ck::CKA_SENSITIVE, true),
        flag(ck::CKA_EXTRACTABLE, false),
        flag(ck::CKA_TOKEN, true),
    ];
    [&marks, more].concat()
}

fn random(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    openssl::rand::rand_bytes(&mut bytes).unwrap();
    bytes
}

/// A secret key of each sort, and an RSA key.
fn brought(api: &Api, session: Ulong, canaries: &mut Canaries) -> Vec<Ulong> {
    let mut keys = Vec::new();
    for (kind, length) in [
        (ck::CKK_AES, 32),
        (ck::CKK_GENERIC_SECRET, 48),
        (ck::CKK_SHA256_HMAC, 32),
    ] {
        let value = random(length);
        canaries.add(&format!("{kind:#x}"), &value);
        let template = [
            number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
            number(ck::CKA_KEY_TYPE, kind),
            bytes(ck::CKA_VALUE, &value),
            flag(ck::CKA_DERIVE, true),
        ];
        keys.push(api.create(session, &locked(&template)).unwrap());
    }
    let rsa = Rsa::generate(2048).unwrap();
    let of = |number: &openssl::bn::BigNumRef| number.to_vec();
    let mut template = vec![
        number(ck::CKA_CLASS, ck::CKO_PRIVATE_KEY),
        number(ck::CKA_KEY_TYPE, ck::CKK_RSA),
        bytes(ck::CKA_MODULUS, &of(rsa.n())),
        bytes(ck::CKA_PUBLIC_EXPONENT, &of(rsa.e())),
    ];
    for (kind, part) in [
        (ck::CKA_PRIVATE_EXPONENT, Some(rsa.d())),
        (ck::CKA_PRIME_1, rsa.p()),
        (ck::CKA_PRIME_2, rsa.q()),
        (ck::CKA_EXPONENT_1, rsa.dmp1()),
        (ck::CKA_EXPONENT_2, rsa.dmq1()),
        (ck::CKA_COEFFICIENT, rsa.iqmp()),
    ] {
        let part = of(part.unwrap());
        canaries.add(&format!("{kind:#x} of RSA"), &part);
        template.push(bytes(kind, &part));
    }
    keys.push(api.create(session, &locked(&template)).unwrap());
    keys
}

/// The last attribute type of the standard that is not a vendor's.
const LAST_ATTRIBUTE: Ulong = 0x700;

/// Everything that is tried with locked keys, and how many ways of wrapping them were refused.
fn refusals(api: &Api) -> usize {
    let (session, mut refused) = (api.ready(), 0);
    let mut canaries = Canaries::default();
    let keys = brought(api, session, &mut canaries);
    let kek = [
        number(ck::CKA_VALUE_LEN, 32),
        flag(ck::CKA_WRAP, true),
        flag(ck::CKA_UNWRAP, true),
    ];
    let kek = api
        .generate(session, &Mechanism::from(ck::CKM_AES_KEY_GEN), &kek)
        .unwrap();
    for key in keys {
        for kind in 0..LAST_ATTRIBUTE {
            let told = api.get(session, key, kind);
            assert!(told.is_err() || !PARTS_OF_KEYS.contains(&kind), "{kind:#x}");
            canaries.assert_none_in(&told.unwrap_or_default(), &format!("{kind:#x}"));
        }
        for kind in api.mechanisms() {
            let info = api.mechanism_info(kind).unwrap();
            let plain = Mechanism::from(kind);
            for mechanism in [Mechanism::iv(kind, &[0; 16]), plain] {
                if info.flags & ck::CKF_WRAP != 0 {
                    let wrapped = api.wrap(session, &mechanism, kek, key);
                    assert!(wrapped.is_err(), "{kind:#x} wraps");
                    refused += 1;
                }
                if info.flags & ck::CKF_DERIVE != 0 {
                    comes_to_nothing(api, session, &mechanism, key, &canaries);
                }
            }
        }
        for free in [
            flag(ck::CKA_SENSITIVE, false),
            flag(ck::CKA_EXTRACTABLE, true),
        ] {
            let free = from_ref(&free);
            assert!(api.set(session, key, free).is_err());
            assert!(api.copy(session, key, free).is_err());
        }
    }
    refused
}

/// What may leave and is derived of a locked key is not the key.
fn comes_to_nothing(
    api: &Api,
    session: Ulong,
    mechanism: &Mechanism,
    base: Ulong,
    canaries: &Canaries,
) {
    let free = [
        number(ck::CKA_CLASS, ck::CKO_SECRET_KEY),
        number(ck::CKA_KEY_TYPE, ck::CKK_GENERIC_SECRET),
        number(ck::CKA_VALUE_LEN, 16),
        flag(ck::CKA_SENSITIVE, false),
        flag(ck::CKA_EXTRACTABLE, true),
    ];
    if let Ok(derived) = api.derive(session, mechanism, base, &free) {
        let value = api.get(session, derived, ck::CKA_VALUE).unwrap_or_default();
        canaries.assert_none_in(&value, "what was derived");
    }
}

#[test]
fn no_key_of_the_embedded_hsm_leaves() {
    let start = || Appliance::start(Backend::Embedded);
    with_module(start, |api| assert!(refusals(api) > 50));
}

#[test]
fn no_key_of_a_token_leaves() {
    let start = || Appliance::start_with(Some(Token::new()), &[]);
    with_module(start, |api| assert!(refusals(api) > 50));
}
