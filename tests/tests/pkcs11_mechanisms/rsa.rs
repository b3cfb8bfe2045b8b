//! RSA encryption, both ways, with every hash function and with labels; and PKCS #1 v1.5, which tells nothing of its padding.

use cryptoki_sys as ck;
use keyhold_tests::api::{Act, Mechanism, Parameter, Ulong};
use serde_json::{Value, json};

use crate::{
    families::{HASHES, hash_of},
    keys::pair,
    listed, on_module,
    oracle::Oracle,
    sample,
};

/// How a mechanism encrypts with one parameter, and how much its padding needs.
pub fn cases(kind: Ulong) -> Vec<(Mechanism, Value, usize)> {
    match kind {
        ck::CKM_RSA_PKCS => vec![(Mechanism::from(kind), json!({ "padding": "pkcs1" }), 11)],
        ck::CKM_RSA_PKCS_OAEP => {
            let mut all = Vec::new();
            let sha1 = hash_of(|hash| hash.name == "sha1").unwrap();
            for hash in HASHES {
                for (mask, label) in [(*hash, b"".as_slice()), (sha1, b"label")] {
                    let Some(mgf) = mask.mask else { continue };
                    let parameter = Parameter::Oaep(hash.kind, mgf, label.to_vec());
                    let ask = json!({
                        "padding": "oaep", "hash": hash.name, "mask": mask.name, "label": hex::encode(label)
                    });
                    all.push((Mechanism::new(kind, parameter), ask, 2 * hash.bytes + 2));
                }
            }
            all
        }
        _ => Vec::new(),
    }
}

const USES: (&[Ulong], &[Ulong]) = (&[ck::CKA_ENCRYPT], &[ck::CKA_DECRYPT]);

#[test]
fn encryption_is_that_of_another_implementation() {
    on_module(|api| {
        let session = api.ready();
        let mut oracle = Oracle::start();
        for (name, bytes) in [("rsa-1024", 128), ("rsa-2048", 256), ("rsa-4096", 512)] {
            let known = oracle.pair(name);
            let (public, private) = pair(api, session, (name, &known), USES);
            for (kind, _) in listed(api, ck::CKF_ENCRYPT) {
                for (mechanism, ask, overhead) in cases(kind) {
                    let Some(most) = usize::checked_sub(bytes, overhead) else {
                        continue;
                    };
                    // Long keys are slow, so one hash function is enough.
                    if bytes == 512 && ask["hash"] != "sha256" {
                        continue;
                    }
                    for length in [0, 1, 16.min(most), most] {
                        let plain = sample(length);
                        let said = format!("{name} {mechanism:?} of {length}");
                        let question =
                            json!({ "public": known["public"], "data": hex::encode(&plain) });
                        let cipher = oracle.bytes("rsa_encrypt", &ask, &question);
                        let once = api.once(Act::Decrypt, session, &mechanism, private, &cipher);
                        assert_eq!(once.as_ref(), Ok(&plain), "{said}");
                        let cipher = api.once(Act::Encrypt, session, &mechanism, public, &plain);
                        let cipher = cipher.unwrap_or_else(|rv| panic!("{said}: {rv:#x}"));
                        let question =
                            json!({ "private": known["private"], "data": hex::encode(&cipher) });
                        assert_eq!(
                            oracle.bytes("rsa_decrypt", &ask, &question),
                            plain,
                            "{said}"
                        );
                    }
                    let long = sample(most + 1);
                    let refused = api.once(Act::Encrypt, session, &mechanism, public, &long);
                    assert_eq!(refused, Err(ck::CKR_DATA_LEN_RANGE), "{mechanism:?}");
                    let refused = api.once(
                        Act::Decrypt,
                        session,
                        &mechanism,
                        private,
                        &sample(bytes - 1),
                    );
                    assert_eq!(
                        refused,
                        Err(ck::CKR_ENCRYPTED_DATA_LEN_RANGE),
                        "{mechanism:?}"
                    );
                }
            }
        }
    });
}

#[test]
fn wrong_padding_of_oaep_is_one_error_whatever_is_wrong() {
    on_module(|api| {
        let session = api.ready();
        let mut oracle = Oracle::start();
        let known = oracle.pair("rsa-2048");
        let (_, private) = pair(api, session, ("rsa-2048", &known), USES);
        let kind = ck::CKM_RSA_PKCS_OAEP;
        let with = |label: &[u8]| {
            let parameter = Parameter::Oaep(ck::CKM_SHA256, ck::CKG_MGF1_SHA256, label.to_vec());
            Mechanism::new(kind, parameter)
        };
        let ask = json!({ "padding": "oaep", "hash": "sha256", "mask": "sha256", "label": "6c" });
        let question = json!({ "public": known["public"], "data": "2a" });
        let cipher = oracle.bytes("rsa_encrypt", &ask, &question);
        assert_eq!(
            api.once(Act::Decrypt, session, &with(b"l"), private, &cipher),
            Ok(vec![0x2A])
        );
        // Another label; PKCS #1 v1.5 padding; rubbish; a number beyond the modulus, and none at all.
        let pkcs = json!({ "padding": "pkcs1" });
        let pkcs = oracle.bytes("rsa_encrypt", &pkcs, &question);
        let mut rubbish = sample(256);
        rubbish[0] = 0;
        for (mechanism, cipher) in [
            (with(b"m"), &cipher),
            (with(b"l"), &pkcs),
            (with(b"l"), &rubbish),
            (with(b"l"), &vec![0xFF; 256]),
            (with(b"l"), &vec![0; 256]),
        ] {
            let refused = api.once(Act::Decrypt, session, &mechanism, private, cipher);
            assert_eq!(refused, Err(ck::CKR_ENCRYPTED_DATA_INVALID));
        }
        for parameter in [
            Parameter::Oaep(ck::CKM_SHA256_HMAC, ck::CKG_MGF1_SHA256, vec![]),
            Parameter::Oaep(ck::CKM_SHA256, 0, vec![]),
            Parameter::Oaep(ck::CKM_SHA256, 0x77, vec![]),
            Parameter::None,
        ] {
            let mechanism = Mechanism::new(kind, parameter);
            let refused = api.init(Act::Decrypt, session, &mechanism, private);
            assert_eq!(
                refused,
                Err(ck::CKR_MECHANISM_PARAM_INVALID),
                "{mechanism:?}"
            );
        }
    });
}
