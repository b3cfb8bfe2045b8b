//! What a backend lists works; what it does not list it refuses as unsupported.

use hsm::{Decryption, Encryption, Error, Hsm, Input, KeyRef, public};
use kmip::mechanism::{
    Cipher, Curve, CurveForm, Hash, Kept, KeySpec, Mac, Padding, PostQuantum, PostQuantumUse,
    Signing,
};

use crate::{backends, generate, makes, terms};

#[test]
fn generation() {
    let mut specs: Vec<_> = [128, 192, 256].map(|bits| KeySpec::Aes { bits }).into();
    specs.extend(Hash::ALL.iter().map(|hash| hmac_spec(*hash)));
    specs.extend([2048, 3072, 4096].map(|bits| KeySpec::Rsa { bits }));
    specs.extend(Curve::ALL.iter().map(|curve| KeySpec::Ec(*curve)));
    specs.extend([112, 168].map(|bits| KeySpec::TripleDes { bits }));
    specs.extend([KeySpec::ChaCha20, KeySpec::ChaCha20Poly1305]);
    specs.extend(Kept::ALL.iter().map(|algorithm| KeySpec::Kept {
        algorithm: *algorithm,
        bits: algorithm.default_bits(),
    }));
    specs.extend(
        PostQuantum::ALL
            .iter()
            .map(|own| KeySpec::PostQuantum(*own)),
    );
    specs.extend([(1024, 160), (2048, 224), (2048, 256)].map(dsa));
    specs.extend([2048, 3072, 4096].map(|bits| KeySpec::Dh { bits }));
    // Nobody makes these, but the last for XTS.
    specs.extend([0, 56, 192].map(|bits| KeySpec::TripleDes { bits }));
    specs.push(KeySpec::Kept {
        algorithm: Kept::Skipjack,
        bits: 128,
    });
    specs.extend([0, 64, 512].map(|bits| KeySpec::Aes { bits }));
    specs.extend([0, 512, 1024, 2047, 2056, 8192].map(|bits| KeySpec::Rsa { bits }));
    specs.extend([(512, 160), (1024, 256), (3072, 224)].map(dsa));
    specs.extend([0, 1024, 8192].map(|bits| KeySpec::Dh { bits }));
    specs.push(KeySpec::Hmac {
        hash: Hash::Sha256,
        bits: 0,
    });
    for (name, hsm) in backends() {
        for spec in &specs {
            let made = hsm.generate(*spec, &terms(false));
            if makes(hsm.as_ref(), *spec) {
                assert!(made.is_ok(), "{name} lists {spec:?}: {made:?}");
            } else {
                assert_eq!(made.err(), Some(Error::Unsupported), "{name} {spec:?}");
            }
        }
    }
}

#[test]
fn signing() {
    let or_none = || Hash::ALL.iter().copied().map(Some).chain([None]);
    let mut rsa: Vec<_> = or_none().map(Signing::RsaPkcs1).collect();
    for hash in Hash::ALL {
        rsa.extend(Hash::ALL.iter().map(|mask_hash| Signing::RsaPss {
            hash: *hash,
            mask_hash: *mask_hash,
            salt_bytes: u16::try_from(hash.digest_bytes()).unwrap(),
        }));
    }
    let ecdsa: Vec<_> = or_none().map(Signing::Ecdsa).collect();
    let mut keys = vec![(KeySpec::Rsa { bits: 2048 }, rsa)];
    for curve in Curve::ALL {
        let mechanisms = match curve.form() {
            CurveForm::Weierstrass => ecdsa.clone(),
            CurveForm::Edwards => vec![Signing::Eddsa],
            CurveForm::Montgomery => Vec::new(),
        };
        keys.push((KeySpec::Ec(*curve), mechanisms));
    }
    let all = or_none().map(Signing::Dsa);
    keys.push((dsa((1024, 160)), all.clone().collect()));
    keys.push((dsa((2048, 256)), all.collect()));
    // The small variants of SLH-DSA sign in seconds; one stands for all.
    let slow = |own: &&PostQuantum| own.name().ends_with('s') && !own.name().contains("sha2-128");
    for algorithm in PostQuantum::ALL.iter().filter(|own| !slow(own)) {
        let mechanisms = match algorithm.kind() {
            PostQuantumUse::Kem => Vec::new(),
            PostQuantumUse::MlDsa => vec![Signing::MlDsa],
            PostQuantumUse::SlhDsa => vec![Signing::SlhDsa],
        };
        keys.push((KeySpec::PostQuantum(*algorithm), mechanisms));
    }
    for (name, hsm) in backends() {
        for (spec, mechanisms) in &keys {
            if !makes(hsm.as_ref(), *spec) {
                continue;
            }
            let (key, public) = generate(hsm.as_ref(), *spec);
            for mechanism in mechanisms {
                let at = format!("{name} {spec:?} {mechanism:?}");
                signs(
                    hsm.as_ref(),
                    &key,
                    &public.clone().unwrap(),
                    *mechanism,
                    &at,
                );
            }
        }
    }
}

fn signs(hsm: &dyn Hsm, key: &KeyRef, spki: &[u8], mechanism: Signing, at: &str) {
    let message = b"what is listed works";
    let input = match mechanism {
        Signing::RsaPkcs1(None) | Signing::Ecdsa(None) | Signing::Dsa(None) => {
            Input::Digest(message)
        }
        _ => Input::Message(message),
    };
    let signature = hsm.sign(key, mechanism, input);
    if !hsm.capabilities().sign.contains(&mechanism) {
        assert_eq!(signature.err(), Some(Error::Unsupported), "{at}");
        return;
    }
    let mut signature = signature.unwrap_or_else(|error| panic!("{at}: {error}"));
    assert_eq!(
        public::verify(spki, mechanism, input, &signature),
        Ok(true),
        "{at}"
    );
    *signature.last_mut().unwrap() ^= 1;
    assert_eq!(
        public::verify(spki, mechanism, input, &signature),
        Ok(false),
        "{at}"
    );
}

/// The kind of key to try a cipher with; `None` for RSA's.
pub(crate) const fn spec_of(cipher: &Cipher) -> Option<KeySpec> {
    match cipher {
        Cipher::RsaPkcs1 | Cipher::RsaOaep { .. } => None,
        Cipher::TripleDesEcb(_)
        | Cipher::TripleDesCbc(_)
        | Cipher::TripleDesCfb
        | Cipher::TripleDesOfb => Some(KeySpec::TripleDes { bits: 168 }),
        Cipher::ChaCha20 => Some(KeySpec::ChaCha20),
        Cipher::ChaCha20Poly1305 { .. } => Some(KeySpec::ChaCha20Poly1305),
        Cipher::AesXts => Some(KeySpec::Aes { bits: 512 }),
        _ => Some(KeySpec::Aes { bits: 256 }),
    }
}

#[test]
fn symmetric_ciphers() {
    let mut ciphers = vec![
        Cipher::AesCtr,
        Cipher::AesCfb,
        Cipher::AesOfb,
        Cipher::AesXts,
        Cipher::AesKeyWrap,
        Cipher::AesKeyWrapPadded,
        Cipher::TripleDesCfb,
        Cipher::TripleDesOfb,
        Cipher::ChaCha20,
    ];
    for padding in Padding::ALL.iter().copied() {
        ciphers.extend([Cipher::AesEcb(padding), Cipher::AesCbc(padding)]);
        ciphers.extend([Cipher::TripleDesEcb(padding), Cipher::TripleDesCbc(padding)]);
    }
    ciphers.extend((0..=20).map(|tag_bytes| Cipher::AesGcm { tag_bytes }));
    ciphers.extend((0..=20).map(|tag_bytes| Cipher::AesCcm { tag_bytes }));
    ciphers.extend((0..=20).map(|tag_bytes| Cipher::ChaCha20Poly1305 { tag_bytes }));
    for (name, hsm) in backends() {
        for cipher in &ciphers {
            let specs = match spec_of(cipher) {
                Some(KeySpec::Aes { bits: 256 }) => {
                    [128, 192, 256].map(|bits| KeySpec::Aes { bits }).to_vec()
                }
                Some(KeySpec::Aes { .. }) => [256, 512].map(|bits| KeySpec::Aes { bits }).to_vec(),
                Some(KeySpec::TripleDes { .. }) => {
                    [112, 168].map(|bits| KeySpec::TripleDes { bits }).to_vec()
                }
                other => other.into_iter().collect(),
            };
            for spec in specs {
                if makes(hsm.as_ref(), spec) {
                    let (key, _) = generate(hsm.as_ref(), spec);
                    encrypts(
                        hsm.as_ref(),
                        &key,
                        cipher,
                        &format!("{name} {spec} {cipher:?}"),
                    );
                }
            }
        }
    }
}

fn encrypts(hsm: &dyn Hsm, key: &KeyRef, cipher: &Cipher, at: &str) {
    let plain = [7; 32];
    let made = hsm.encrypt(
        key,
        cipher,
        Encryption {
            iv: None,
            associated: &[],
            plain: &plain,
        },
    );
    let is_listed = hsm.capabilities().cipher.contains(cipher);
    match (made, cipher) {
        (Err(Error::Unsupported), _) => assert!(!is_listed, "{at} is listed"),
        // So short a tag is only ever checked; `roundtrips` decrypts with them.
        (Err(Error::BadInput(_)), cipher) if cipher.tag_bytes().is_some_and(|bytes| bytes < 12) => {
            assert!(is_listed, "{at}");
        }
        (Err(error), _) => panic!("{at}: {error}"),
        (Ok(made), _) => {
            assert!(is_listed, "{at} works but is not listed");
            let back = hsm
                .decrypt(
                    key,
                    cipher,
                    Decryption {
                        iv: made.iv.as_deref(),
                        associated: &[],
                        tag: made.tag.as_deref(),
                        data: &made.data,
                    },
                )
                .unwrap();
            assert_eq!(back.expose(), plain, "{at}");
            assert_ne!(made.data, plain);
        }
    }
}

#[test]
fn rsa_decryption() {
    let spec = KeySpec::Rsa { bits: 2048 };
    let mut ciphers = vec![Cipher::RsaPkcs1];
    for hash in Hash::ALL {
        ciphers.extend(Hash::ALL.iter().map(|mask_hash| Cipher::RsaOaep {
            hash: *hash,
            mask_hash: *mask_hash,
            label: vec![],
        }));
    }
    for (name, hsm) in backends() {
        if !makes(hsm.as_ref(), spec) {
            continue;
        }
        let (key, public) = generate(hsm.as_ref(), spec);
        for cipher in &ciphers {
            let data = public::encrypt(public.as_deref().unwrap(), cipher, b"secret").unwrap();
            let back = hsm.decrypt(
                &key,
                cipher,
                Decryption {
                    iv: None,
                    associated: &[],
                    tag: None,
                    data: &data,
                },
            );
            match back {
                Ok(back) => {
                    assert!(
                        hsm.capabilities().cipher.contains(cipher),
                        "{name} {cipher:?}"
                    );
                    assert_eq!(back.expose(), b"secret");
                }
                Err(error) => {
                    assert_eq!(error, Error::Unsupported, "{name} {cipher:?}");
                    assert!(!hsm.capabilities().cipher.contains(cipher));
                }
            }
        }
    }
}

#[test]
fn authentication() {
    for (name, hsm) in backends() {
        for hash in Hash::ALL.iter().copied() {
            if !makes(hsm.as_ref(), hmac_spec(hash)) {
                continue;
            }
            let (key, _) = generate(hsm.as_ref(), hmac_spec(hash));
            for mac_hash in Hash::ALL.iter().copied() {
                let mac = Mac::Hmac(mac_hash);
                let tag = hsm.mac(&key, mac, b"message");
                match tag {
                    // A key for one hash function makes HMACs of the others, too, where no module knows it by its type.
                    Ok(tag) => {
                        assert_eq!(tag.len(), mac_hash.digest_bytes());
                        assert!(hsm.capabilities().mac.contains(&mac));
                    }
                    Err(error) if mac_hash == hash => {
                        assert_eq!(error, Error::Unsupported);
                        assert!(!hsm.capabilities().mac.contains(&mac), "{name} {mac:?}");
                    }
                    Err(error) => {
                        assert!(matches!(error, Error::KeyTypeMismatch | Error::Unsupported));
                    }
                }
            }
        }
    }
}

#[test]
fn a_key_is_used_for_what_it_is() {
    for (name, hsm) in backends() {
        let (aes, _) = generate(hsm.as_ref(), KeySpec::Aes { bits: 256 });
        let message = Input::Message(b"message");
        let gcm = Cipher::AesGcm { tag_bytes: 16 };
        let input = Encryption {
            iv: None,
            associated: &[],
            plain: b"plain",
        };
        for mechanism in [
            Signing::RsaPkcs1(Some(Hash::Sha256)),
            Signing::Ecdsa(Some(Hash::Sha256)),
            Signing::Dsa(Some(Hash::Sha256)),
            Signing::Eddsa,
            Signing::MlDsa,
            Signing::SlhDsa,
        ] {
            mismatch(name, hsm.sign(&aes, mechanism, message));
        }
        mismatch(name, hsm.mac(&aes, Mac::TripleDesCmac, b"message"));
        mismatch(name, hsm.encrypt(&aes, &Cipher::ChaCha20, input));
        mismatch(
            name,
            hsm.encrypt(&aes, &Cipher::TripleDesCbc(Padding::Pkcs5), input),
        );
        let kept = KeySpec::Kept {
            algorithm: Kept::Camellia,
            bits: 256,
        };
        if makes(hsm.as_ref(), kept) {
            let (kept, _) = generate(hsm.as_ref(), kept);
            mismatch(name, hsm.mac(&kept, Mac::Hmac(Hash::Sha256), b"message"));
            mismatch(name, hsm.mac(&kept, Mac::AesCmac, b"message"));
            mismatch(name, hsm.encrypt(&kept, &gcm, input));
        }
        mismatch(name, hsm.encrypt(&aes, &Cipher::RsaPkcs1, input));
        let ec = KeySpec::Ec(Curve::P256);
        if makes(hsm.as_ref(), ec) {
            let (ec, _) = generate(hsm.as_ref(), ec);
            mismatch(
                name,
                hsm.sign(&ec, Signing::RsaPkcs1(Some(Hash::Sha256)), message),
            );
            mismatch(name, hsm.sign(&ec, Signing::Eddsa, message));
            mismatch(name, hsm.encrypt(&ec, &gcm, input));
        }
    }
}

fn mismatch<T>(name: &str, result: hsm::Result<T>) {
    let error = result.err();
    assert!(
        matches!(error, Some(Error::KeyTypeMismatch | Error::Unsupported)),
        "{name}: {error:?}"
    );
}

fn dsa((bits, order_bits): (u16, u16)) -> KeySpec {
    KeySpec::Dsa { bits, order_bits }
}

fn hmac_spec(hash: Hash) -> KeySpec {
    KeySpec::Hmac {
        hash,
        bits: u16::try_from(hash.digest_bytes() * 8).unwrap(),
    }
}
