//! What is not listed is refused: mechanisms for functions that they are not listed for, and keys of other sizes.

use cryptoki_sys as ck;
use keyhold_tests::api::{Act, Api, Mechanism, Ulong, flag, number};

use crate::{
    keys::{pair, secret},
    on_module,
    oracle::Oracle,
    sample,
};

/// Mechanisms of the standard that are served by nobody here, and numbers that are none.
const FOREIGN: &[Ulong] = &[
    ck::CKM_RSA_X_509,
    ck::CKM_RSA_9796,
    ck::CKM_MD5,
    ck::CKM_MD5_RSA_PKCS,
    ck::CKM_DES_ECB,
    ck::CKM_RC4,
    ck::CKM_AES_XCBC_MAC,
    ck::CKM_EXTRACT_KEY_FROM_KEY,
    ck::CKM_XOR_BASE_AND_DATA,
    ck::CKM_CONCATENATE_BASE_AND_KEY,
    ck::CKM_CONCATENATE_BASE_AND_DATA,
    ck::CKM_CONCATENATE_DATA_AND_BASE,
    ck::CKM_AES_ECB_ENCRYPT_DATA,
    ck::CKM_AES_CBC_ENCRYPT_DATA,
    ck::CKM_DES3_CBC_ENCRYPT_DATA,
    ck::CKM_VENDOR_DEFINED,
    Ulong::MAX,
];

/// What begins with a mechanism and one key.
const BEGUN: &[Ulong] = &[
    ck::CKF_ENCRYPT,
    ck::CKF_DECRYPT,
    ck::CKF_DIGEST,
    ck::CKF_SIGN,
    ck::CKF_SIGN_RECOVER,
    ck::CKF_VERIFY,
    ck::CKF_VERIFY_RECOVER,
    ck::CKF_MESSAGE_ENCRYPT,
    ck::CKF_MESSAGE_DECRYPT,
    ck::CKF_MESSAGE_SIGN,
    ck::CKF_MESSAGE_VERIFY,
];

/// Tries a mechanism for each function.
fn each_function(api: &Api, session: Ulong, kind: Ulong, key: Ulong) -> Vec<(Ulong, Ulong)> {
    let mechanism = Mechanism::from(kind);
    let begun = BEGUN.iter().map(|function| {
        let outcome = api.begin(*function, session, &mechanism, key);
        (*function, outcome)
    });
    let by_one_more = api.verify_signature_init(session, &mechanism, key, &[0; 16]);
    let generated = api.generate(session, &mechanism, &[]).map(drop);
    let pair = api.generate_pair(session, &mechanism, &[], &[]).map(drop);
    let wrapped = api.wrap_into(session, &mechanism, key, key, None).rv();
    let unwrapped = api.unwrap(session, &mechanism, key, &[0; 40], &[]);
    let derived = api.derive(session, &mechanism, key, &[]).map(drop);
    let encapsulated = api.encapsulate(session, &mechanism, key, &[]).map(drop);
    let decapsulated = api.decapsulate(session, &mechanism, key, &[0; 768], &[]);
    let more = [
        (ck::CKF_VERIFY, by_one_more),
        (ck::CKF_GENERATE, generated),
        (ck::CKF_GENERATE_KEY_PAIR, pair),
        (ck::CKF_WRAP, wrapped),
        (ck::CKF_UNWRAP, unwrapped.map(drop)),
        (ck::CKF_DERIVE, derived),
        (ck::CKF_ENCAPSULATE, encapsulated),
        (ck::CKF_DECAPSULATE, decapsulated.map(drop)),
    ];
    let code = |outcome: Result<(), Ulong>| outcome.err().unwrap_or(ck::CKR_OK);
    let all = begun.chain(more);
    all.map(|(function, outcome)| (function, code(outcome)))
        .collect()
}

#[test]
fn mechanisms_do_only_what_they_are_listed_for() {
    on_module(|api| {
        api.ready();
        let all = api.mechanisms();
        for kind in all.iter().chain(FOREIGN) {
            let flags = api.mechanism_info(*kind).map_or(0, |info| info.flags);
            if FOREIGN.contains(kind) {
                assert_eq!(
                    api.mechanism_info(*kind).err(),
                    Some(ck::CKR_MECHANISM_INVALID)
                );
            }
            // A session of its own, because what is listed may begin.
            let session = api.open(true).unwrap();
            let uses = [
                ck::CKA_ENCRYPT,
                ck::CKA_DECRYPT,
                ck::CKA_SIGN,
                ck::CKA_VERIFY,
                ck::CKA_WRAP,
                ck::CKA_UNWRAP,
                ck::CKA_DERIVE,
            ];
            let key = secret(api, session, ck::CKK_AES, &sample(32), &uses).unwrap();
            for (function, rv) in each_function(api, session, *kind, key) {
                let unknown = [ck::CKR_MECHANISM_INVALID, ck::CKR_FUNCTION_NOT_SUPPORTED];
                if flags & function == 0 {
                    assert_eq!(rv, ck::CKR_MECHANISM_INVALID, "{kind:#x} for {function:#x}");
                } else {
                    assert!(!unknown.contains(&rv), "{kind:#x} for {function:#x}");
                }
            }
            api.close(session).unwrap();
        }
    });
}

#[test]
fn keys_of_other_sizes_are_not_taken() {
    on_module(|api| {
        let session = api.ready();
        let invalid = Err(ck::CKR_ATTRIBUTE_VALUE_INVALID);
        let brought = |key_type, length| secret(api, session, key_type, &sample(length), &[]);
        for length in [0, 7, 15, 17, 20, 23, 31, 33, 48, 64] {
            assert_eq!(brought(ck::CKK_AES, length), invalid, "AES of {length}");
        }
        for length in [0, 16, 31, 33, 48, 65] {
            assert_eq!(brought(ck::CKK_AES_XTS, length), invalid, "XTS of {length}");
        }
        for length in [0, 8, 23, 25] {
            assert_eq!(brought(ck::CKK_DES3, length), invalid, "DES3 of {length}");
        }
        for length in [0, 1025] {
            assert_eq!(brought(ck::CKK_GENERIC_SECRET, length), invalid);
            assert_eq!(brought(ck::CKK_SHA256_HMAC, length), invalid);
        }
        // IEEE 1619 wants two keys, not one twice.
        let twice = [sample(32), sample(32)].concat();
        assert_eq!(secret(api, session, ck::CKK_AES_XTS, &twice, &[]), invalid);
        let unknown = [
            number(ck::CKA_CLASS, ck::CKO_PUBLIC_KEY),
            number(ck::CKA_KEY_TYPE, ck::CKK_EC),
            keyhold_tests::api::bytes(ck::CKA_EC_PARAMS, b"\x06\x05\x2b\x81\x04\x00\x01"),
            keyhold_tests::api::bytes(ck::CKA_EC_POINT, &[4; 43]),
        ];
        assert_eq!(
            api.create(session, &unknown),
            Err(ck::CKR_CURVE_NOT_SUPPORTED)
        );
    });
}

#[test]
fn keys_of_another_kind_or_for_something_else_are_refused() {
    on_module(|api| {
        let session = api.ready();
        let mut oracle = Oracle::start();
        let uses: (&[Ulong], &[Ulong]) = (
            &[ck::CKA_VERIFY, ck::CKA_ENCRYPT],
            &[ck::CKA_SIGN, ck::CKA_DECRYPT],
        );
        let known = oracle.pair("rsa-2048");
        let (public, private) = pair(api, session, ("rsa-2048", &known), uses);
        let aes = [number(ck::CKA_VALUE_LEN, 32), flag(ck::CKA_DECRYPT, false)];
        let aes = api
            .generate(session, &Mechanism::from(ck::CKM_AES_KEY_GEN), &aes)
            .unwrap();
        let kind = Err(ck::CKR_KEY_TYPE_INCONSISTENT);
        let usage = Err(ck::CKR_KEY_FUNCTION_NOT_PERMITTED);
        let init = |act, mechanism, key| api.init(act, session, &Mechanism::from(mechanism), key);
        assert_eq!(init(Act::Sign, ck::CKM_ECDSA, private), kind);
        assert_eq!(init(Act::Sign, ck::CKM_SHA256_RSA_PKCS, aes), kind);
        assert_eq!(init(Act::Sign, ck::CKM_SHA256_RSA_PKCS, public), kind);
        assert_eq!(init(Act::Encrypt, ck::CKM_RSA_PKCS, private), kind);
        assert_eq!(init(Act::Encrypt, ck::CKM_DES3_ECB, aes), kind);
        assert_eq!(init(Act::Decrypt, ck::CKM_AES_ECB, aes), usage);
        assert_eq!(init(Act::Sign, ck::CKM_AES_CMAC, aes), usage);
        // The list of mechanisms that a key allows is kept to.
        let template = [
            number(ck::CKA_MODULUS_BITS, 2048),
            keyhold_tests::api::numbers(ck::CKA_ALLOWED_MECHANISMS, &[ck::CKM_SHA256_RSA_PKCS]),
        ];
        let allowed =
            keyhold_tests::api::numbers(ck::CKA_ALLOWED_MECHANISMS, &[ck::CKM_SHA256_RSA_PKCS]);
        let makes = Mechanism::from(ck::CKM_RSA_PKCS_KEY_PAIR_GEN);
        let made = api.generate_pair(
            session,
            &makes,
            &template,
            &[allowed, flag(ck::CKA_SIGN, true)],
        );
        let (_, private) = made.unwrap();
        assert_eq!(
            init(Act::Sign, ck::CKM_RSA_PKCS, private),
            Err(ck::CKR_MECHANISM_INVALID)
        );
        assert_eq!(init(Act::Sign, ck::CKM_SHA256_RSA_PKCS, private), Ok(()));
    });
}
