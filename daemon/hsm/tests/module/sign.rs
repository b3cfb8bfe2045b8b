//! Signatures and MACs of locked keys, compared with other libraries.

use hsm::{
    Error, Hsm, Input, Material, Outcome, Trial,
    module::{ModuleConfig, ModuleHsm},
    public,
    soft::PlainKey,
};
use kmip::{
    CryptographicUsageMask as Usage, Secret,
    mechanism::{Cipher, Curve, Hash, KeySpec, Mac, Signing},
};
use rsa::pkcs8::DecodePublicKey;

use super::{
    common::{oaep, pair, pss, secret, terms, with_token},
    softhsm::LABEL,
};

#[test]
fn lists_what_softhsm_can() {
    with_token(|token| {
        let hsm = token.open();
        let found = hsm.capabilities();
        assert!(found.description.contains(LABEL), "{}", found.description);
        for spec in [
            KeySpec::Aes { bits: 256 },
            KeySpec::Hmac {
                hash: Hash::Sha256,
                bits: 256,
            },
            KeySpec::Rsa { bits: 4096 },
            KeySpec::Ec(Curve::P384),
        ] {
            assert!(
                found.generate.contains(&spec) && found.import.contains(&spec),
                "{spec:?}"
            );
        }
        assert!(found.sign.contains(&Signing::Ecdsa(Some(Hash::Sha256))));
        assert!(found.sign.contains(&pss(Hash::Sha256, 32)));
        for cipher in [
            Cipher::AesGcm { tag_bytes: 16 },
            Cipher::AesKeyWrap,
            Cipher::RsaPkcs1,
            oaep(Hash::Sha256, b""),
        ] {
            assert!(found.cipher.contains(&cipher), "{cipher:?}");
        }
        assert_eq!(
            found.mac.len(),
            7,
            "SoftHSM2 has HMAC with SHA-1 and SHA-2, and CMAC: {:?}",
            found.mac
        );
    });
}

#[test]
fn what_is_claimed_is_told_beside_what_is_done() {
    with_token(|token| {
        let hsm = ModuleHsm::open(&ModuleConfig {
            // CKM_AES_CTR
            mechanisms_disabled: vec![0x1086],
            ..token.config()
        })
        .unwrap();
        let trials = &hsm.capabilities().trials;
        let of = |what: &str| -> &Trial { trials.iter().find(|own| own.what == what).unwrap() };
        let gcm = of("encrypt aes-gcm, tag of 16 bytes");
        assert_eq!(
            (gcm.by.as_str(), &gcm.outcome),
            ("CKM_AES_GCM", &Outcome::Works)
        );
        assert!(gcm.claim.unwrap().uses().contains(&"encrypt"));
        assert_eq!(of("mac hmac sha3-256").outcome, Outcome::NotClaimed);
        assert_eq!(of("encrypt aes-ctr").outcome, Outcome::SwitchedOff);
        assert!(!hsm.capabilities().cipher.contains(&Cipher::AesCtr));
        assert_eq!(of("generate rsa-4096").outcome, Outcome::EachKey);
        assert!(trials.iter().any(|own| own.outcome == Outcome::Unused));
        // SoftHSM2 gives the padding of a key back with the key.
        let wrong = trials
            .iter()
            .filter(|own| own.outcome == Outcome::WrongAnswer);
        let wrong: Vec<_> = wrong.map(|own| own.by.as_str()).collect();
        assert_eq!(wrong, ["CKM_AES_KEY_WRAP_PAD"]);
        assert!(
            !hsm.capabilities()
                .cipher
                .contains(&Cipher::AesKeyWrapPadded)
        );
        let pss = of("sign rsa-pss sha3-256");
        let refused = Outcome::Fails("C_SignInit: ArgumentsBad".to_owned());
        assert_eq!(pss.outcome, refused, "its code is told");
    });
}

#[test]
fn every_listed_key_pair_signs_every_way_it_lists() {
    with_token(|token| {
        let hsm = token.open();
        let found = hsm.capabilities();
        for &spec in found.generate.iter().filter(|spec| spec.is_asymmetric()) {
            let (key, spki) = pair(&hsm, spec, Usage::Sign);
            assert_eq!(public::spec(&spki).unwrap(), spec);
            for &signing in &found.sign {
                let input = match signing {
                    Signing::RsaPkcs1(None) | Signing::Ecdsa(None) => Input::Digest(&[0x5a; 48]),
                    _ => Input::Message(b"signed in the token"),
                };
                match hsm.sign(&key, signing, input) {
                    Ok(signature) => {
                        let good = public::verify(&spki, signing, input, &signature).unwrap();
                        assert!(good, "{spec:?} {signing:?}");
                    }
                    Err(e) => assert_eq!(e, Error::KeyTypeMismatch, "{spec:?} {signing:?}"),
                }
            }
        }
    });
}

#[test]
fn signatures_are_right_to_others_too() {
    with_token(|token| {
        let hsm = token.open();
        let message = b"read by another library";
        let (key, spki) = pair(&hsm, KeySpec::Ec(Curve::P384), Usage::Sign);
        let signing = Signing::Ecdsa(Some(Hash::Sha384));
        let signature = hsm.sign(&key, signing, Input::Message(message)).unwrap();
        let public = p384::ecdsa::VerifyingKey::from_public_key_der(&spki).unwrap();
        let signature = p384::ecdsa::Signature::from_slice(&signature).unwrap();
        p384::ecdsa::signature::Verifier::verify(&public, message, &signature).unwrap();

        let (key, spki) = pair(&hsm, KeySpec::Rsa { bits: 2048 }, Usage::Sign);
        let digest = public::hash(Hash::Sha256, message).unwrap();
        let signing = Signing::RsaPkcs1(Some(Hash::Sha256));
        let signature = hsm.sign(&key, signing, Input::Digest(&digest)).unwrap();
        let public = openssl::pkey::PKey::public_key_from_der(&spki).unwrap();
        let sha256 = openssl::hash::MessageDigest::sha256();
        let mut verifier = openssl::sign::Verifier::new(sha256, &public).unwrap();
        assert!(verifier.verify_oneshot(&signature, message).unwrap());
        rsa::PublicKey::from_public_key_der(&spki).unwrap();
    });
}

#[test]
fn imported_keys_are_the_same_keys() {
    with_token(|token| {
        let hsm = token.open();
        for &spec in hsm
            .capabilities()
            .import
            .iter()
            .filter(|spec| spec.is_asymmetric())
        {
            let (material, spki) = PlainKey::generate(spec).unwrap();
            let key = hsm
                .import(&material, &terms(&format!("{spec:?}"), Usage::Sign))
                .unwrap();
            let signing = match spec {
                KeySpec::Rsa { .. } => pss(Hash::Sha256, 20),
                KeySpec::Ec(curve) if curve.is_edwards() => Signing::Eddsa,
                _ => Signing::Ecdsa(Some(Hash::Sha384)),
            };
            let input = Input::Message(b"mine before");
            let signature = hsm.sign(&key, signing, input).unwrap();
            assert!(
                public::verify(&spki.unwrap(), signing, input, &signature).unwrap(),
                "{spec:?}"
            );
        }
    });
}

#[test]
fn macs_are_those_of_software() {
    with_token(|token| {
        let hsm = token.open();
        for &mac in &hsm.capabilities().mac {
            let Mac::Hmac(hash) = mac else {
                continue;
            };
            // Shorter than the module takes, as it likes them, and longer than the hash's block.
            for bits in [112, 512, 1200] {
                let material = Material::Secret {
                    spec: KeySpec::Hmac { hash, bits },
                    bytes: Secret::new(vec![0x0b; usize::from(bits / 8)]),
                };
                let software = PlainKey::from_material(&material).unwrap();
                let terms = terms(&format!("{hash:?} {bits}"), Usage::MACVerify);
                let key = hsm.import(&material, &terms).unwrap();
                for message in [&b""[..], b"what do ya want", &[1; 100_000]] {
                    let made = hsm.mac(&key, mac, message).unwrap();
                    assert_eq!(made, software.mac(mac, message).unwrap(), "{mac:?} {bits}");
                }
            }
        }
        let spec = KeySpec::Hmac {
            hash: Hash::Sha256,
            bits: 256,
        };
        let key = secret(&hsm, spec, Usage::MACGenerate);
        assert_eq!(
            hsm.mac(&key, Mac::Hmac(Hash::Sha256), b"m").unwrap().len(),
            32
        );
        // As generic secrets are used: by another hash function, if the key is as long as its digest.
        assert_eq!(
            hsm.mac(&key, Mac::Hmac(Hash::Sha1), b"m").unwrap().len(),
            20
        );
        let answer = hsm.mac(&key, Mac::Hmac(Hash::Sha384), b"m");
        assert_eq!(answer, Err(Error::KeyTypeMismatch));
        // What is longer than a block may have been hashed for its own.
        let spec = KeySpec::Hmac {
            hash: Hash::Sha256,
            bits: 520,
        };
        let key = secret(&hsm, spec, Usage::MACGenerate);
        let answer = hsm.mac(&key, Mac::Hmac(Hash::Sha1), b"m");
        assert_eq!(answer, Err(Error::KeyTypeMismatch));
    });
}
