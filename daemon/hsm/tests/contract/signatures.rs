//! Signatures over digests and at the edges of what fits.

use hsm::{Error, Input, public};
use kmip::mechanism::{Curve, Hash, KeySpec, Signing};

use crate::{backends, generate, makes};

#[test]
fn a_digest_signs_like_its_message() {
    for (name, hsm) in backends() {
        for (spec, mechanism) in [
            (
                KeySpec::Rsa { bits: 2048 },
                Signing::RsaPkcs1(Some(Hash::Sha384)),
            ),
            (KeySpec::Ec(Curve::P256), Signing::Ecdsa(Some(Hash::Sha512))),
            (KeySpec::Ec(Curve::P384), Signing::Ecdsa(Some(Hash::Sha1))),
            (KeySpec::Ec(Curve::P521), Signing::Ecdsa(Some(Hash::Sha256))),
            (
                KeySpec::Ec(Curve::Secp256k1),
                Signing::Ecdsa(Some(Hash::Sha3_384)),
            ),
        ] {
            if !makes(hsm.as_ref(), spec) || !hsm.capabilities().sign.contains(&mechanism) {
                continue;
            }
            let (Signing::RsaPkcs1(Some(hash)) | Signing::Ecdsa(Some(hash))) = mechanism else {
                panic!("every mechanism here has a hash");
            };
            let (key, spki) = generate(hsm.as_ref(), spec);
            let digest = public::hash(hash, b"message").unwrap();
            let signature = hsm.sign(&key, mechanism, Input::Digest(&digest)).unwrap();
            let verified = public::verify(
                &spki.unwrap(),
                mechanism,
                Input::Message(b"message"),
                &signature,
            );
            assert_eq!(verified, Ok(true), "{name} {spec:?}");
            let short = hsm.sign(&key, mechanism, Input::Digest(&digest[1..]));
            assert!(
                matches!(short, Err(Error::BadInput(_))),
                "{name} {spec:?}: {short:?}"
            );
        }
    }
}

#[test]
fn what_does_not_fit_the_modulus_is_refused() {
    for (name, hsm) in backends() {
        let spec = KeySpec::Rsa { bits: 2048 };
        let raw = Signing::RsaPkcs1(None);
        if !makes(hsm.as_ref(), spec) || !hsm.capabilities().sign.contains(&raw) {
            continue;
        }
        let (key, spki) = generate(hsm.as_ref(), spec);
        for (length, fits) in [(1, true), (245, true), (246, false), (256, false)] {
            let text = vec![1; length];
            let signature = hsm.sign(&key, raw, Input::Digest(&text));
            match signature {
                Ok(signature) => {
                    assert!(fits, "{name} {length}");
                    let spki = spki.as_deref().unwrap();
                    assert_eq!(
                        public::verify(spki, raw, Input::Digest(&text), &signature),
                        Ok(true)
                    );
                }
                Err(error) => {
                    assert!(
                        !fits && matches!(error, Error::BadInput(_)),
                        "{name} {length}: {error}"
                    );
                }
            }
        }
        let pss = |salt_bytes| Signing::RsaPss {
            hash: Hash::Sha256,
            mask_hash: Hash::Sha256,
            salt_bytes,
        };
        for (salt_bytes, fits) in [
            (0, true),
            (20, true),
            (222, true),
            (223, false),
            (u16::MAX, false),
        ] {
            if !hsm.capabilities().sign.contains(&pss(32)) {
                continue;
            }
            let signature = hsm.sign(&key, pss(salt_bytes), Input::Message(b"message"));
            assert_eq!(
                signature.is_ok(),
                fits,
                "{name} salt of {salt_bytes}: {signature:?}"
            );
        }
    }
}

#[test]
fn a_mechanism_without_a_hash_takes_no_message() {
    for (name, hsm) in backends() {
        for (spec, mechanism) in [
            (KeySpec::Rsa { bits: 2048 }, Signing::RsaPkcs1(None)),
            (KeySpec::Ec(Curve::P256), Signing::Ecdsa(None)),
        ] {
            if !makes(hsm.as_ref(), spec) {
                continue;
            }
            let (key, _) = generate(hsm.as_ref(), spec);
            for input in [Input::Message(b"message"), Input::Digest(&[])] {
                let refusal = hsm.sign(&key, mechanism, input);
                assert!(
                    matches!(refusal, Err(Error::BadInput(_) | Error::Unsupported)),
                    "{name} {mechanism:?}: {refusal:?}"
                );
            }
        }
        let edwards = KeySpec::Ec(Curve::Ed25519);
        if makes(hsm.as_ref(), edwards) {
            let (key, _) = generate(hsm.as_ref(), edwards);
            let refusal = hsm.sign(&key, Signing::Eddsa, Input::Digest(&[1; 32]));
            assert!(
                matches!(refusal, Err(Error::BadInput(_))),
                "{name}: {refusal:?}"
            );
        }
    }
}
