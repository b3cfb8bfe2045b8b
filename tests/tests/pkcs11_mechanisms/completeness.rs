//! The module's own list of mechanisms decides what is tested: a row or a function without a case fails here.

use cryptoki_sys as ck;
use keyhold_tests::api::Ulong;

use crate::{
    ciphers, derivations, digests, generation, listed, macs, on_module, rsa, signatures, wrapping,
};

/// Whether a mechanism has a case.
type HasCase = fn(Ulong) -> bool;

/// Every function that a mechanism may be listed for, and whether a mechanism has a case for it.
const FUNCTIONS: &[(Ulong, HasCase)] = &[
    (ck::CKF_ENCRYPT, encrypts),
    (ck::CKF_DECRYPT, encrypts),
    (ck::CKF_DIGEST, |kind| digests::case(kind).is_some()),
    (ck::CKF_SIGN, signs),
    (ck::CKF_VERIFY, signs),
    (ck::CKF_GENERATE, |kind| {
        generation::secret_case(kind).is_some()
    }),
    (ck::CKF_GENERATE_KEY_PAIR, |kind| {
        !generation::pair_cases(kind).is_empty()
    }),
    (ck::CKF_WRAP, wraps),
    (ck::CKF_UNWRAP, wraps),
    (ck::CKF_DERIVE, derivations::has_case),
    (ck::CKF_ENCAPSULATE, wrapping::encapsulates),
    (ck::CKF_DECAPSULATE, wrapping::encapsulates),
];

/// Those that need keys of more usages than one, or a parameter with others in it, have their cases in `pkcs11_keys`.
fn wraps(kind: Ulong) -> bool {
    let elsewhere = [
        ck::CKM_AES_CBC_PAD,
        ck::CKM_AES_GCM,
        ck::CKM_AES_KEY_WRAP_PAD,
        ck::CKM_RSA_PKCS,
    ];
    wrapping::case(kind).is_some() || elsewhere.contains(&kind)
}

fn encrypts(kind: Ulong) -> bool {
    ciphers::case(kind).is_some() || !rsa::cases(kind).is_empty()
}

fn signs(kind: Ulong) -> bool {
    macs::case(kind).is_some()
        || !signatures::cases(kind).is_empty()
        || kind == ck::CKM_SLH_DSA
        || signatures::hashes_before(kind).is_some()
}

/// What a flag says beside functions; and functions that are other forms of those above, which the tests of the module
/// itself hold against them: messages in series, and what is recovered of a signature.
const DESCRIPTIONS: Ulong = ck::CKF_HW
    | ck::CKF_EC_F_P
    | ck::CKF_EC_OID
    | ck::CKF_EC_CURVENAME
    | ck::CKF_EC_UNCOMPRESS
    | ck::CKF_MESSAGE_ENCRYPT
    | ck::CKF_MESSAGE_DECRYPT
    | ck::CKF_MESSAGE_SIGN
    | ck::CKF_MESSAGE_VERIFY
    | ck::CKF_MULTI_MESSAGE
    | ck::CKF_SIGN_RECOVER
    | ck::CKF_VERIFY_RECOVER;

#[test]
fn every_listed_mechanism_is_tested_for_every_listed_function() {
    on_module(|api| {
        api.ready();
        let known = FUNCTIONS
            .iter()
            .fold(DESCRIPTIONS, |all, (flag, _)| all | flag);
        let mut missing = Vec::new();
        for kind in api.mechanisms() {
            let info = api.mechanism_info(kind).unwrap();
            let mut functions = FUNCTIONS.iter().filter(|(flag, _)| info.flags & flag != 0);
            assert!(
                functions.clone().next().is_some(),
                "{kind:#x} is for nothing"
            );
            assert!(info.ulMinKeySize <= info.ulMaxKeySize);
            if info.flags & !known != 0 || functions.any(|(_, has_case)| !has_case(kind)) {
                missing.push(format!("{kind:#x} for {:#x}", info.flags));
            }
        }
        assert!(missing.is_empty(), "mechanisms without a test: {missing:?}");
        assert!(!listed(api, ck::CKF_SIGN).is_empty());
    });
}
