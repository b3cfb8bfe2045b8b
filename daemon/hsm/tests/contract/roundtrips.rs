//! There and back for every cipher, the inputs at their edges, and every altered byte noticed.

use hsm::{Decryption, Encrypted, Encryption, Error, Hsm, KeyRef, public};
use kmip::mechanism::{Cipher, Hash, KeySpec, Padding};

use crate::{backends, capabilities::spec_of, generate, import, makes};

fn encrypt(hsm: &dyn Hsm, key: &KeyRef, cipher: &Cipher, plain: &[u8]) -> hsm::Result<Encrypted> {
    let input = Encryption {
        iv: None,
        associated: &[],
        plain,
    };
    hsm.encrypt(key, cipher, input)
}

fn decrypt(hsm: &dyn Hsm, key: &KeyRef, cipher: &Cipher, of: &Encrypted) -> hsm::Result<Vec<u8>> {
    let input = Decryption {
        iv: of.iv.as_deref(),
        associated: &[],
        tag: of.tag.as_deref(),
        data: &of.data,
    };
    hsm.decrypt(key, cipher, input)
        .map(|plain| plain.expose().to_vec())
}

#[test]
fn every_length_comes_back_or_is_refused() {
    let ciphers = [
        (Cipher::AesEcb(Padding::None), 16, 0),
        (Cipher::AesEcb(Padding::Pkcs5), 1, 0),
        (Cipher::AesCbc(Padding::None), 16, 0),
        (Cipher::AesCbc(Padding::Pkcs5), 1, 0),
        (Cipher::AesCtr, 1, 0),
        (Cipher::AesGcm { tag_bytes: 16 }, 1, 0),
        (Cipher::AesGcm { tag_bytes: 12 }, 1, 0),
        (Cipher::AesKeyWrap, 8, 16),
        (Cipher::AesKeyWrapPadded, 1, 1),
        (Cipher::AesEcb(Padding::Zeros), 1, 0),
        (Cipher::AesCbc(Padding::AnsiX923), 1, 0),
        (Cipher::AesCbc(Padding::Iso10126), 1, 0),
        (Cipher::AesCbc(Padding::Ssl3), 1, 0),
        (Cipher::AesCfb, 1, 0),
        (Cipher::AesOfb, 1, 0),
        (Cipher::AesCcm { tag_bytes: 16 }, 1, 0),
        (Cipher::AesXts, 1, 16),
        (Cipher::TripleDesEcb(Padding::None), 8, 0),
        (Cipher::TripleDesCbc(Padding::Pkcs5), 1, 0),
        (Cipher::TripleDesCbc(Padding::Zeros), 1, 0),
        (Cipher::TripleDesCfb, 1, 0),
        (Cipher::TripleDesOfb, 1, 0),
        (Cipher::ChaCha20, 1, 0),
        (Cipher::ChaCha20Poly1305 { tag_bytes: 16 }, 1, 0),
    ];
    for (name, hsm) in backends() {
        for (cipher, multiple, bytes_min) in &ciphers {
            if !hsm.capabilities().cipher.contains(cipher) {
                continue;
            }
            let (key, _) = generate(hsm.as_ref(), spec_of(cipher).unwrap());
            for length in (0..=70).chain([1000, 4096, 65_536]) {
                let plain: Vec<_> = (0..length)
                    .map(|place| u8::try_from(place % 251 + 1).unwrap())
                    .collect();
                let made = encrypt(hsm.as_ref(), &key, cipher, &plain);
                let at = format!("{name} {cipher:?} of {length} bytes");
                if length % multiple == 0 && length >= *bytes_min {
                    let made = made.unwrap_or_else(|error| panic!("{at}: {error}"));
                    assert_eq!(
                        decrypt(hsm.as_ref(), &key, cipher, &made),
                        Ok(plain),
                        "{at}"
                    );
                } else {
                    assert!(matches!(made, Err(Error::BadInput(_))), "{at}: {made:?}");
                }
            }
        }
    }
}

#[test]
fn an_iv_made_inside_is_never_the_same() {
    for (name, hsm) in backends() {
        for (cipher, iv_bytes) in [
            (Cipher::AesCbc(Padding::Pkcs5), 16),
            (Cipher::AesCtr, 16),
            (Cipher::AesCfb, 16),
            (Cipher::AesGcm { tag_bytes: 16 }, 12),
            (Cipher::AesCcm { tag_bytes: 16 }, 12),
            (Cipher::TripleDesCbc(Padding::Pkcs5), 8),
            (Cipher::ChaCha20, 12),
            (Cipher::ChaCha20Poly1305 { tag_bytes: 16 }, 12),
        ] {
            if !hsm.capabilities().cipher.contains(&cipher) {
                continue;
            }
            let (key, _) = generate(hsm.as_ref(), spec_of(&cipher).unwrap());
            let made: std::collections::HashSet<_> = (0..200)
                .map(|_| {
                    encrypt(hsm.as_ref(), &key, &cipher, b"plain")
                        .unwrap()
                        .iv
                        .unwrap()
                })
                .collect();
            assert_eq!(made.len(), 200, "{name} {cipher:?}");
            assert!(made.iter().all(|iv| iv.len() == iv_bytes));
        }
    }
}

#[test]
fn gcm_takes_every_iv_and_every_tag() {
    for (name, hsm) in backends() {
        let spec = KeySpec::Aes { bits: 256 };
        let Some(key) = import(hsm.as_ref(), spec, &[9; 32]) else {
            continue;
        };
        let whole = Cipher::AesGcm { tag_bytes: 16 };
        for iv_bytes in [1, 8, 11, 12, 13, 16, 64, 128] {
            let iv = vec![3; iv_bytes];
            let input = Encryption {
                iv: Some(&iv),
                associated: b"associated",
                plain: b"plain",
            };
            let Ok(made) = hsm.encrypt(&key, &whole, input) else {
                panic!("{name}: GCM with an IV of {iv_bytes} bytes");
            };
            assert_eq!(made.iv, None, "an IV that was given is not given back");
            let tag = made.tag.unwrap();
            for tag_bytes in [4, 8, 12, 13, 14, 15, 16] {
                let cipher = Cipher::AesGcm { tag_bytes };
                if !hsm.capabilities().cipher.contains(&cipher) {
                    continue;
                }
                let short = &tag[..tag_bytes.into()];
                let input = |tag, associated| Decryption {
                    iv: Some(&iv),
                    associated,
                    tag: Some(tag),
                    data: &made.data,
                };
                let back = hsm
                    .decrypt(&key, &cipher, input(short, b"associated"))
                    .unwrap();
                assert_eq!(back.expose(), b"plain");
                let failed = hsm
                    .decrypt(&key, &cipher, input(short, b"Associated"))
                    .err();
                assert!(
                    matches!(failed, Some(Error::Failed(_))),
                    "{name}: {failed:?}"
                );
                // A tag of another length than agreed is not a tag.
                let refused = hsm
                    .decrypt(&key, &cipher, input(&tag[..3], b"associated"))
                    .err();
                assert!(matches!(refused, Some(Error::BadInput(_))));
            }
        }
        for iv in [vec![], vec![0; 4096]] {
            let input = Encryption {
                iv: Some(&iv),
                associated: &[],
                plain: b"plain",
            };
            assert!(matches!(
                hsm.encrypt(&key, &whole, input),
                Err(Error::BadInput(_))
            ));
        }
    }
}

#[test]
fn every_altered_byte_of_authenticated_data_fails_alike() {
    for (name, hsm) in backends() {
        for cipher in [
            Cipher::AesGcm { tag_bytes: 16 },
            Cipher::AesGcm { tag_bytes: 12 },
            Cipher::AesCcm { tag_bytes: 16 },
            Cipher::ChaCha20Poly1305 { tag_bytes: 16 },
            Cipher::ChaCha20Poly1305 { tag_bytes: 12 },
            Cipher::AesKeyWrap,
            Cipher::AesKeyWrapPadded,
        ] {
            if !hsm.capabilities().cipher.contains(&cipher) {
                continue;
            }
            let (key, _) = generate(hsm.as_ref(), spec_of(&cipher).unwrap());
            let good = encrypt(hsm.as_ref(), &key, &cipher, &[5; 48]).unwrap();
            let mut errors = std::collections::HashSet::new();
            for place in 0..good.data.len() {
                let mut bad = good.clone();
                bad.data[place] ^= 0x80;
                errors.insert(
                    decrypt(hsm.as_ref(), &key, &cipher, &bad)
                        .unwrap_err()
                        .to_string(),
                );
            }
            for place in 0..good.tag.as_ref().map_or(0, Vec::len) {
                let mut bad = good.clone();
                bad.tag.as_mut().unwrap()[place] ^= 1;
                errors.insert(
                    decrypt(hsm.as_ref(), &key, &cipher, &bad)
                        .unwrap_err()
                        .to_string(),
                );
            }
            assert_eq!(errors.len(), 1, "{name} {cipher:?}: {errors:?}");
        }
    }
}

#[test]
fn a_wrong_padding_has_one_answer() {
    for (name, hsm) in backends() {
        let (key, _) = generate(hsm.as_ref(), KeySpec::Aes { bits: 256 });
        let (raw, padded) = (
            Cipher::AesCbc(Padding::None),
            Cipher::AesCbc(Padding::Pkcs5),
        );
        if !hsm.capabilities().cipher.contains(&padded) {
            continue;
        }
        let mut answers = std::collections::HashSet::new();
        for last in [[0; 16], [17; 16], [255; 16], [2; 16].map(|_| 3_u8)] {
            let mut block = last;
            block[0] = 9;
            block[14] = 1;
            if block[15] == 3 {
                block[13] = 0;
            }
            let made = encrypt(hsm.as_ref(), &key, &raw, &block).unwrap();
            let error = decrypt(hsm.as_ref(), &key, &padded, &made).unwrap_err();
            assert!(matches!(error, Error::Failed(_)), "{name}: {error:?}");
            answers.insert(error.to_string());
        }
        assert_eq!(answers.len(), 1, "{name}: {answers:?}");
    }
}

#[test]
fn rsa_rejects_implicitly_or_with_one_answer() {
    let spec = KeySpec::Rsa { bits: 2048 };
    for (name, hsm) in backends() {
        if !makes(hsm.as_ref(), spec) {
            continue;
        }
        let (key, spki) = generate(hsm.as_ref(), spec);
        let spki = spki.unwrap();
        if hsm.capabilities().cipher.contains(&Cipher::RsaPkcs1) {
            let mut data = public::encrypt(&spki, &Cipher::RsaPkcs1, b"secret").unwrap();
            data[100] ^= 1;
            // RFC 8017 leaves no room for an oracle: something comes back, and it is not the plaintext.
            if let Ok(plain) = hsm.decrypt(&key, &Cipher::RsaPkcs1, ciphertext(&data)) {
                assert_ne!(plain.expose(), b"secret", "{name}");
            }
        }
        let oaep = |label: &[u8]| Cipher::RsaOaep {
            hash: Hash::Sha256,
            mask_hash: Hash::Sha256,
            label: label.to_vec(),
        };
        if !hsm.capabilities().cipher.contains(&oaep(&[])) {
            continue;
        }
        let good = public::encrypt(&spki, &oaep(b"label"), b"secret").unwrap();
        assert_eq!(
            hsm.decrypt(&key, &oaep(b"label"), ciphertext(&good))
                .unwrap()
                .expose(),
            b"secret"
        );
        let mut answers = std::collections::HashSet::new();
        let refusal = |label: &[u8], data: &[u8]| {
            let refusal = hsm.decrypt(&key, &oaep(label), ciphertext(data)).err();
            refusal.unwrap().to_string()
        };
        answers.insert(refusal(b"other", &good));
        answers.insert(refusal(&[], &good));
        for place in [1, 100, 255] {
            let mut bad = good.clone();
            bad[place] ^= 1;
            answers.insert(refusal(b"label", &bad));
        }
        assert_eq!(answers.len(), 1, "{name}: {answers:?}");
        for length in [0, 255, 257] {
            let refused = hsm
                .decrypt(&key, &oaep(&[]), ciphertext(&vec![1; length]))
                .err();
            assert!(
                matches!(refused, Some(Error::BadInput(_))),
                "{name} {length}"
            );
        }
    }
}

fn ciphertext(data: &[u8]) -> Decryption<'_> {
    Decryption {
        iv: None,
        associated: &[],
        tag: None,
        data,
    }
}

#[test]
fn a_missing_iv_or_tag_is_named() {
    for (name, hsm) in backends() {
        let (key, _) = generate(hsm.as_ref(), KeySpec::Aes { bits: 256 });
        let none = Decryption {
            iv: None,
            associated: &[],
            tag: None,
            data: &[0; 32],
        };
        let short = Decryption {
            iv: Some(&[0; 8]),
            ..none
        };
        for cipher in [
            Cipher::AesCbc(Padding::None),
            Cipher::AesCtr,
            Cipher::AesGcm { tag_bytes: 16 },
        ] {
            for input in [none, short] {
                let refused = hsm.decrypt(&key, &cipher, input).err();
                assert!(
                    matches!(refused, Some(Error::BadInput(_) | Error::Unsupported)),
                    "{name} {cipher:?}: {refused:?}"
                );
            }
        }
    }
}
