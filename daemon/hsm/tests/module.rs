//! The PKCS#11 module backend on SoftHSM2.

mod softhsm;

use std::{fs, thread, time::Duration};

use cryptoki::{
    context::Pkcs11,
    object::{Attribute, AttributeInfo, AttributeType},
    session::{Session, UserType},
    types::AuthPin,
};
use hsm::{
    Decryption, Encryption, Error, Generated, Hsm, Input, KeyRef, Material, Sealed, Terms,
    module::{ModuleHsm, TokenName},
    public,
    soft::PlainKey,
};
use kmip::{
    CryptographicUsageMask as Usage, Secret,
    mechanism::{Cipher, Curve, Hash, KeySpec, Mac, Signing},
};
use rsa::pkcs8::DecodePublicKey;

use self::softhsm::{LABEL, PIN, Token, module, with_token};

#[test]
fn lists_what_softhsm_can() {
    with_token("lists_what_softhsm_can", |token| {
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
            Cipher::AesKeyWrapPadded,
            Cipher::RsaPkcs1,
            oaep(Hash::Sha256, b""),
        ] {
            assert!(found.cipher.contains(&cipher), "{cipher:?}");
        }
        assert_eq!(
            found.mac.len(),
            5,
            "SoftHSM2 has HMAC with SHA-1 and SHA-2: {:?}",
            found.mac
        );
    });
}

#[test]
fn every_listed_key_pair_signs_every_way_it_lists() {
    with_token("every_listed_key_pair_signs_every_way_it_lists", |token| {
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
    with_token("signatures_are_right_to_others_too", |token| {
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
fn locked_keys_encrypt_as_software_does() {
    with_token("locked_keys_encrypt_as_software_does", |token| {
        let hsm = token.open();
        let usage = Usage::Encrypt | Usage::Decrypt | Usage::WrapKey | Usage::UnwrapKey;
        for bits in [128, 192, 256] {
            let material = Material::Secret {
                spec: KeySpec::Aes { bits },
                bytes: Secret::new(vec![0xc3; usize::from(bits / 8)]),
            };
            let software = PlainKey::from_material(&material).unwrap();
            let id = format!("aes {bits}");
            let key = hsm.import(&material, &terms(&id, usage)).unwrap();
            for cipher in hsm
                .capabilities()
                .cipher
                .iter()
                .filter(|cipher| !is_rsa(cipher))
            {
                encrypts_the_same(&hsm, &key, &software, cipher);
            }
        }
    });
}

fn encrypts_the_same(hsm: &ModuleHsm, key: &KeyRef, software: &PlainKey, cipher: &Cipher) {
    let associated: &[u8] = match cipher {
        Cipher::AesGcm { .. } => b"header",
        _ => b"",
    };
    for plain in [&b""[..], b"sixteen bytes...", &[7; 1000], &[9; 4096]] {
        let input = Encryption {
            iv: None,
            associated,
            plain,
        };
        let made = match hsm.encrypt(key, cipher, input) {
            Ok(made) => made,
            Err(e) => {
                // Software refuses the same lengths.
                assert!(
                    matches!(e, Error::BadInput(_)),
                    "{cipher:?} {}: {e}",
                    plain.len()
                );
                assert!(
                    software.encrypt(cipher, input).is_err(),
                    "{cipher:?} {}",
                    plain.len()
                );
                continue;
            }
        };
        let open = Decryption {
            iv: made.iv.as_deref(),
            associated,
            tag: made.tag.as_deref(),
            data: &made.data,
        };
        let there = hsm.decrypt(key, cipher, open).unwrap();
        assert_eq!(there.expose(), plain, "{cipher:?}");
        let here = software.decrypt(cipher, open).unwrap();
        assert_eq!(here.expose(), plain, "{cipher:?} in software");

        let is_authentic = matches!(
            cipher,
            Cipher::AesGcm { .. } | Cipher::AesKeyWrap | Cipher::AesKeyWrapPadded
        );
        if is_authentic && !made.data.is_empty() {
            let mut changed = made.data.clone();
            changed[0] ^= 1;
            let answer = hsm.decrypt(
                key,
                cipher,
                Decryption {
                    data: &changed,
                    ..open
                },
            );
            assert!(matches!(answer.err(), Some(Error::Failed(_))), "{cipher:?}");
        }
    }
}

#[test]
fn a_counter_returns_to_zero_as_in_software() {
    with_token("a_counter_returns_to_zero_as_in_software", |token| {
        let hsm = token.open();
        let material = Material::Secret {
            spec: KeySpec::Aes { bits: 256 },
            bytes: Secret::new(vec![1; 32]),
        };
        let software = PlainKey::from_material(&material).unwrap();
        let usage = Usage::Encrypt | Usage::Decrypt;
        let key = hsm.import(&material, &terms("counter", usage)).unwrap();
        for last in [0x00, 0xfd, 0xfe, 0xff] {
            let mut iv = [0xff; 16];
            iv[15] = last;
            let input = Encryption {
                iv: Some(&iv),
                associated: &[],
                plain: &[5; 100],
            };
            let made = hsm.encrypt(&key, &Cipher::AesCtr, input).unwrap();
            assert_eq!(
                made,
                software.encrypt(&Cipher::AesCtr, input).unwrap(),
                "{last:#x}"
            );
        }
    });
}

#[test]
fn rsa_decrypts_and_tells_nothing_of_wrong_paddings() {
    with_token(
        "rsa_decrypts_and_tells_nothing_of_wrong_paddings",
        |token| {
            let hsm = token.open();
            let (key, spki) = pair(&hsm, KeySpec::Rsa { bits: 2048 }, Usage::Decrypt);
            let open = |cipher: &Cipher, data: &[u8]| {
                hsm.decrypt(
                    &key,
                    cipher,
                    Decryption {
                        iv: None,
                        associated: &[],
                        tag: None,
                        data,
                    },
                )
            };
            for cipher in [
                Cipher::RsaPkcs1,
                oaep(Hash::Sha1, b""),
                oaep(Hash::Sha256, b"label"),
                oaep(Hash::Sha3_512, b""),
            ] {
                let data = public::encrypt(&spki, &cipher, b"wrapped").unwrap();
                assert_eq!(
                    open(&cipher, &data).unwrap().expose(),
                    b"wrapped",
                    "{cipher:?}"
                );
            }
            let data = public::encrypt(&spki, &oaep(Hash::Sha256, b""), b"wrapped").unwrap();
            let answer = open(&oaep(Hash::Sha256, b"other"), &data);
            assert!(matches!(answer.err(), Some(Error::Failed(_))));

            // An OAEP block is no PKCS #1 v1.5 block: it opens to something, always the same, in every daemon.
            let first = open(&Cipher::RsaPkcs1, &data).unwrap();
            assert_ne!(first.expose(), b"wrapped");
            let again = token.open().decrypt(
                &key,
                &Cipher::RsaPkcs1,
                Decryption {
                    iv: None,
                    associated: &[],
                    tag: None,
                    data: &data,
                },
            );
            assert!(again.unwrap() == first);
        },
    );
}

#[test]
fn macs_are_those_of_software() {
    with_token("macs_are_those_of_software", |token| {
        let hsm = token.open();
        for &mac in &hsm.capabilities().mac {
            let Mac::Hmac(hash) = mac;
            let spec = KeySpec::Hmac { hash, bits: 512 };
            let material = Material::Secret {
                spec,
                bytes: Secret::new(vec![0x0b; 64]),
            };
            let software = PlainKey::from_material(&material).unwrap();
            let id = format!("{hash:?}");
            let key = hsm
                .import(&material, &terms(&id, Usage::MACVerify))
                .unwrap();
            for message in [&b""[..], b"what do ya want", &[1; 100_000]] {
                let made = hsm.mac(&key, mac, message).unwrap();
                assert_eq!(made, software.mac(mac, message).unwrap(), "{mac:?}");
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
        let answer = hsm.mac(&key, Mac::Hmac(Hash::Sha384), b"m");
        assert_eq!(answer, Err(Error::KeyTypeMismatch));
    });
}

#[test]
fn a_seal_opens_under_its_label_only() {
    with_token("a_seal_opens_under_its_label_only", |token| {
        seals(&token.open());
    });
}

#[test]
fn a_module_without_gcm_seals_with_cbc_and_hmac() {
    with_token("a_module_without_gcm_seals_with_cbc_and_hmac", |token| {
        let with = token.open();
        let sealed = with.seal(&Secret::from(&b"before"[..]), b"l").unwrap();

        let mut config = token.config();
        config.mechanisms_disabled = vec![cryptoki_sys::CKM_AES_GCM, cryptoki_sys::CKM_RSA_X_509];
        let without = ModuleHsm::open(&config).unwrap();
        let found = without.capabilities();
        assert!(!found.cipher.contains(&Cipher::AesGcm { tag_bytes: 16 }));
        // Without the bare RSA operation the module takes the paddings off, those it can.
        assert!(!found.cipher.contains(&Cipher::RsaPkcs1));
        assert!(!found.cipher.contains(&oaep(Hash::Sha256, b"")));
        assert!(found.cipher.contains(&oaep(Hash::Sha1, b"")));
        seals(&without);
        assert_eq!(without.open(&sealed, b"l").unwrap().expose(), b"before");
        let sealed = without.seal(&Secret::from(&b"after"[..]), b"l").unwrap();
        assert_eq!(with.open(&sealed, b"l").unwrap().expose(), b"after");
    });
}

fn seals(hsm: &ModuleHsm) {
    for plain in [&b""[..], b"root", &[3; 70_000]] {
        let plain = Secret::from(plain);
        let sealed = hsm.seal(&plain, b"label").unwrap();
        assert!(hsm.open(&sealed, b"label").unwrap() == plain);
        assert_ne!(
            hsm.seal(&plain, b"label").unwrap(),
            sealed,
            "each has an IV of its own"
        );
        for label in [&b""[..], b"labe", b"label2"] {
            assert_eq!(hsm.open(&sealed, label).err(), Some(Error::Corrupt));
        }
        for place in (0..sealed.0.len().min(80)).chain([sealed.0.len() - 1]) {
            let mut changed = sealed.clone();
            changed.0[place] ^= 1;
            assert_eq!(
                hsm.open(&changed, b"label").err(),
                Some(Error::Corrupt),
                "byte {place}"
            );
        }
        for len in 0..60.min(sealed.0.len()) {
            let cut = Sealed(sealed.0[..len].to_vec());
            assert_eq!(
                hsm.open(&cut, b"label").err(),
                Some(Error::Corrupt),
                "{len} bytes"
            );
        }
    }
}

#[test]
fn two_daemons_share_a_token() {
    with_token("two_daemons_share_a_token", |token| {
        let (one, other) = (token.open(), token.open());
        let sealed = one.seal(&Secret::from(&b"shared"[..]), b"l").unwrap();
        assert_eq!(other.open(&sealed, b"l").unwrap().expose(), b"shared");
        let by_label = [
            Attribute::Label(b"keyhold-sealing".to_vec()),
            Attribute::Token(true),
        ];
        let session = look(token);
        let found = session.find_objects(&by_label).unwrap();
        assert_eq!(found.len(), 1, "the second found the key of the first");
        assert_hidden(&session, found[0], "the sealing key");
    });
}

#[test]
fn locked_keys_cannot_be_read() {
    with_token("locked_keys_cannot_be_read", |token| {
        let hsm = token.open();
        let usage = Usage(u32::MAX);
        let specs = [
            KeySpec::Aes { bits: 256 },
            KeySpec::Hmac {
                hash: Hash::Sha512,
                bits: 512,
            },
            KeySpec::Rsa { bits: 2048 },
            KeySpec::Ec(Curve::P256),
            KeySpec::Ec(Curve::Ed25519),
        ];
        let mut made = Vec::new();
        for spec in specs {
            let id = format!("made {spec:?}");
            made.push((
                id.clone(),
                match hsm.generate(spec, &terms(&id, usage)).unwrap() {
                    Generated::Secret(key) | Generated::Pair { private: key, .. } => key,
                },
            ));
            let id = format!("taken {spec:?}");
            let (material, _) = PlainKey::generate(spec).unwrap();
            made.push((
                id.clone(),
                hsm.import(&material, &terms(&id, usage)).unwrap(),
            ));
        }
        let session = look(token);
        for (id, key) in made {
            assert_eq!(hsm.export(&key).err(), Some(Error::NotExportable), "{id}");
            let found = session
                .find_objects(&[Attribute::Id(id.clone().into_bytes())])
                .unwrap();
            assert_eq!(
                found.len(),
                1,
                "{id}: the key, and no public half beside it"
            );
            let wanted = [
                AttributeType::Sensitive,
                AttributeType::Extractable,
                AttributeType::Private,
                AttributeType::Label,
            ];
            let attributes = session.get_attributes(found[0], &wanted).unwrap();
            assert!(
                attributes.contains(&Attribute::Sensitive(true)),
                "{id}: {attributes:?}"
            );
            assert!(attributes.contains(&Attribute::Extractable(false)), "{id}");
            assert!(attributes.contains(&Attribute::Private(true)), "{id}");
            assert!(
                attributes.contains(&Attribute::Label(b"a name".to_vec())),
                "{id}"
            );
            assert_hidden(&session, found[0], &id);
        }
    });
}

#[test]
fn exportable_keys_leave_and_work_and_are_no_token_objects() {
    with_token(
        "exportable_keys_leave_and_work_and_are_no_token_objects",
        |token| {
            let hsm = token.open();
            let exportable = Terms {
                exportable: true,
                ..terms("free", Usage::Sign)
            };
            let spec = KeySpec::Ec(Curve::P521);
            let Generated::Pair { private, public } = hsm.generate(spec, &exportable).unwrap()
            else {
                panic!("a pair");
            };
            let signing = Signing::Ecdsa(Some(Hash::Sha512));
            let signature = hsm.sign(&private, signing, Input::Message(b"m")).unwrap();
            assert!(public::verify(&public, signing, Input::Message(b"m"), &signature).unwrap());

            let material = hsm.export(&private).unwrap();
            let back = hsm.import(&material, &exportable).unwrap();
            assert!(hsm.export(&back).unwrap() == material);
            let other = Terms {
                id: b"other".to_vec(),
                ..exportable
            };
            let mut moved = hsm.import(&material, &other).unwrap();
            // A reference whose identifier was changed does not open.
            let place = moved
                .0
                .windows(5)
                .position(|part| part == b"other")
                .unwrap();
            moved.0[place] ^= 1;
            assert_eq!(hsm.export(&moved).err(), Some(Error::Corrupt));

            let all = look(token).find_objects(&[Attribute::Token(true)]).unwrap();
            assert_eq!(all.len(), 1, "only the sealing key");
        },
    );
}

#[test]
fn bad_material_never_reaches_the_token() {
    with_token("bad_material_never_reaches_the_token", |token| {
        let hsm = token.open();
        let bad = [
            Material::Secret {
                spec: KeySpec::Aes { bits: 256 },
                bytes: Secret::new(vec![1; 31]),
            },
            Material::Private {
                spec: KeySpec::Rsa { bits: 2048 },
                pkcs8: Secret::new(vec![0x30, 0x00]),
            },
            Material::Private {
                spec: KeySpec::Ec(Curve::P256),
                pkcs8: match PlainKey::generate(KeySpec::Ec(Curve::P384)).unwrap().0 {
                    Material::Private { pkcs8, .. } => pkcs8,
                    Material::Secret { .. } => panic!("a pair"),
                },
            },
        ];
        for material in bad {
            let answer = hsm.import(&material, &terms("bad", Usage::Sign));
            assert!(
                matches!(answer, Err(Error::BadKey(_) | Error::KeyTypeMismatch)),
                "{answer:?}"
            );
        }
        let all = look(token).find_objects(&[Attribute::Token(true)]).unwrap();
        assert_eq!(all.len(), 1, "only the sealing key");
    });
}

#[test]
fn imported_keys_are_the_same_keys() {
    with_token("imported_keys_are_the_same_keys", |token| {
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
                KeySpec::Ec(Curve::Ed25519) => Signing::Eddsa,
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
fn a_destroyed_key_is_gone_for_every_session() {
    with_token("a_destroyed_key_is_gone_for_every_session", |token| {
        let (hsm, other) = (token.open(), token.open());
        let spec = KeySpec::Aes { bits: 256 };
        let usage = Usage::Encrypt | Usage::Decrypt;
        let (gone, kept) = (secret(&hsm, spec, usage), secret(&hsm, spec, usage));
        let encrypt = |hsm: &ModuleHsm, key: &KeyRef| {
            let cipher = Cipher::AesGcm { tag_bytes: 16 };
            hsm.encrypt(
                key,
                &cipher,
                Encryption {
                    iv: None,
                    associated: &[],
                    plain: b"p",
                },
            )
        };
        encrypt(&hsm, &gone).unwrap();
        encrypt(&other, &gone).unwrap();
        hsm.destroy(&gone).unwrap();
        hsm.destroy(&gone).unwrap();
        hsm.destroy(&KeyRef(b"what is this".to_vec())).unwrap();
        assert_eq!(encrypt(&hsm, &gone).err(), Some(Error::KeyNotFound));
        // The other has the handle still; it looks again.
        assert_eq!(encrypt(&other, &gone).err(), Some(Error::KeyNotFound));
        encrypt(&hsm, &kept).unwrap();
        encrypt(&other, &kept).unwrap();
    });
}

#[test]
fn an_identifier_names_one_key() {
    with_token("an_identifier_names_one_key", |token| {
        let hsm = token.open();
        let spec = KeySpec::Aes { bits: 128 };
        hsm.generate(spec, &terms("one", Usage::Encrypt)).unwrap();
        let again = hsm.generate(spec, &terms("one", Usage::Encrypt));
        assert!(matches!(again, Err(Error::Failed(_))), "{again:?}");
        for id in ["", "keyhold-sealing/12345678"] {
            let reserved = hsm.generate(spec, &terms(id, Usage::Encrypt));
            assert!(matches!(reserved, Err(Error::BadInput(_))), "{reserved:?}");
        }
    });
}

#[test]
fn usage_flags_are_the_tokens_too() {
    with_token("usage_flags_are_the_tokens_too", |token| {
        let hsm = token.open();
        let key = secret(&hsm, KeySpec::Aes { bits: 256 }, Usage::Decrypt);
        let answer = hsm.encrypt(
            &key,
            &Cipher::AesGcm { tag_bytes: 16 },
            Encryption {
                iv: None,
                associated: &[],
                plain: b"p",
            },
        );
        assert_eq!(answer.err(), Some(Error::Unsupported));
    });
}

#[test]
fn eight_threads_share_four_sessions() {
    with_token("eight_threads_share_four_sessions", |token| {
        let mut config = token.config();
        config.sessions_max = 4;
        config.wait = Duration::from_secs(30);
        let hsm = ModuleHsm::open(&config).unwrap();
        let (rsa, spki) = pair(&hsm, KeySpec::Rsa { bits: 2048 }, Usage::Sign);
        let (ec, point) = pair(&hsm, KeySpec::Ec(Curve::P256), Usage::Sign);
        thread::scope(|scope| {
            for worker in 0..8_u8 {
                let (hsm, rsa, spki, ec, point) = (&hsm, &rsa, &spki, &ec, &point);
                scope.spawn(move || {
                    for round in 0..25_u8 {
                        let message = [worker, round];
                        let input = Input::Message(&message);
                        let (key, spki, signing) = if round.is_multiple_of(2) {
                            (rsa, spki, Signing::RsaPkcs1(Some(Hash::Sha256)))
                        } else {
                            (ec, point, Signing::Ecdsa(Some(Hash::Sha256)))
                        };
                        let signature = hsm.sign(key, signing, input).unwrap();
                        assert!(public::verify(spki, signing, input, &signature).unwrap());
                    }
                });
            }
        });
        let info = info(token);
        assert!(
            info.session_count().is_none_or(|count| count <= 5),
            "{info:?}"
        );
    });
}

#[test]
fn a_token_that_vanished_is_used_again_when_it_returns() {
    with_token(
        "a_token_that_vanished_is_used_again_when_it_returns",
        |token| {
            let hsm = token.open();
            let (key, spki) = pair(&hsm, KeySpec::Ec(Curve::P256), Usage::Sign);
            let sealed = hsm.seal(&Secret::from(&b"data"[..]), b"l").unwrap();
            let signing = Signing::Ecdsa(Some(Hash::Sha256));
            let sign = || hsm.sign(&key, signing, Input::Message(b"m"));
            sign().unwrap();

            // First the token's own directory, then all of them: SoftHSM2 starts without the one, not without the other.
            let own = fs::read_dir(token.tokens())
                .unwrap()
                .next()
                .unwrap()
                .unwrap()
                .path();
            for place in [own, token.tokens()] {
                let away = token.tokens().with_extension("away");
                fs::rename(&place, &away).unwrap();
                for _ in 0..3 {
                    let answers = [
                        sign().err(),
                        hsm.health().err(),
                        hsm.open(&sealed, b"l").err(),
                    ];
                    for answer in answers {
                        assert!(matches!(answer, Some(Error::Unavailable(_))), "{answer:?}");
                    }
                    let answer =
                        hsm.generate(KeySpec::Aes { bits: 128 }, &terms("x", Usage::Encrypt));
                    assert!(matches!(answer, Err(Error::Unavailable(_))), "{answer:?}");
                    let answer = hsm.destroy(&key);
                    assert!(matches!(answer, Err(Error::Unavailable(_))), "{answer:?}");
                }
                fs::rename(&away, &place).unwrap();
                let mut tries = 0;
                while hsm.health().is_err() {
                    tries += 1;
                    assert!(
                        tries < 100,
                        "not back after ten seconds: {:?}",
                        hsm.health()
                    );
                    thread::sleep(Duration::from_millis(100));
                }
                let signature = sign().unwrap();
                assert!(public::verify(&spki, signing, Input::Message(b"m"), &signature).unwrap());
                assert_eq!(hsm.open(&sealed, b"l").unwrap().expose(), b"data");
            }
        },
    );
}

#[test]
fn threads_survive_the_loss_of_a_token() {
    with_token("threads_survive_the_loss_of_a_token", |token| {
        let mut config = token.config();
        config.sessions_max = 4;
        let hsm = ModuleHsm::open(&config).unwrap();
        let (key, spki) = pair(&hsm, KeySpec::Ec(Curve::P256), Usage::Sign);
        let signing = Signing::Ecdsa(Some(Hash::Sha256));
        let input = Input::Message(b"m");
        let stop = std::sync::atomic::AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                        match hsm.sign(&key, signing, input) {
                            Ok(made) => {
                                assert!(public::verify(&spki, signing, input, &made).unwrap());
                            }
                            Err(e) => assert!(matches!(e, Error::Unavailable(_)), "{e}"),
                        }
                    }
                });
            }
            let away = token.tokens().with_extension("away");
            for _ in 0..3 {
                thread::sleep(Duration::from_millis(100));
                fs::rename(token.tokens(), &away).unwrap();
                thread::sleep(Duration::from_millis(100));
                fs::rename(&away, token.tokens()).unwrap();
            }
            thread::sleep(Duration::from_millis(1000));
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        let mut tries = 0;
        while hsm.sign(&key, signing, input).is_err() {
            tries += 1;
            assert!(tries < 100, "not back after ten seconds");
            thread::sleep(Duration::from_millis(100));
        }
    });
}

#[test]
fn a_wrong_pin_is_said_once_and_not_tried_again() {
    with_token("a_wrong_pin_is_said_once_and_not_tried_again", |token| {
        let mut config = token.config();
        config.pin = Secret::from(&b"battery staple"[..]);
        let text = unavailable(ModuleHsm::open(&config).err());
        assert!(text.contains(LABEL) && text.contains("PIN"), "{text}");
        assert!(!text.contains("battery"), "{text}");
        let info = info(token);
        assert!(
            !info.user_pin_locked() && !info.user_pin_final_try(),
            "{info:?}"
        );
        token.open();
    });
}

#[test]
fn an_unknown_token_is_answered_with_those_present() {
    with_token("an_unknown_token_is_answered_with_those_present", |token| {
        let mut config = token.config();
        config.token = TokenName::Label("keyhold-tset".into());
        let text = unavailable(ModuleHsm::open(&config).err());
        assert!(
            text.contains("keyhold-tset") && text.contains(LABEL),
            "{text}"
        );

        let serial = info(token).serial_number().to_owned();
        assert!(text.contains(&serial), "{text}");
        config.token = TokenName::Serial(serial);
        ModuleHsm::open(&config).unwrap();

        config.path = "/nonexistent/module.so".into();
        let text = unavailable(ModuleHsm::open(&config).err());
        assert!(text.contains("/nonexistent/module.so"), "{text}");
    });
}

#[test]
fn a_full_pool_waits_no_longer_than_it_was_told() {
    with_token("a_full_pool_waits_no_longer_than_it_was_told", |token| {
        let mut config = token.config();
        config.sessions_max = 1;
        config.wait = Duration::from_millis(1);
        let hsm = ModuleHsm::open(&config).unwrap();
        let (key, _) = pair(&hsm, KeySpec::Rsa { bits: 4096 }, Usage::Sign);
        let sign = || {
            hsm.sign(
                &key,
                Signing::RsaPkcs1(Some(Hash::Sha256)),
                Input::Message(b"m"),
            )
        };
        let answers: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(sign)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let busy = answers.iter().filter_map(|answer| answer.as_ref().err());
        let texts: Vec<_> = busy.map(ToString::to_string).collect();
        assert!(
            !texts.is_empty() && texts.len() < 8,
            "one session cannot serve eight: {texts:?}"
        );
        assert!(texts.iter().all(|text| text.contains("busy")), "{texts:?}");
        sign().unwrap();
    });
}

#[test]
fn random_bytes_are_the_tokens() {
    with_token("random_bytes_are_the_tokens", |token| {
        let hsm = token.open();
        let (mut one, mut other) = ([0; 64], [0; 64]);
        hsm.random(&mut one).unwrap();
        hsm.random(&mut other).unwrap();
        assert_ne!(one, other);
        hsm.random(&mut []).unwrap();
    });
}

fn terms(id: &str, usage: Usage) -> Terms {
    Terms {
        id: id.as_bytes().to_vec(),
        label: "a name".into(),
        exportable: false,
        usage,
    }
}

fn pair(hsm: &ModuleHsm, spec: KeySpec, usage: Usage) -> (KeyRef, Vec<u8>) {
    match hsm
        .generate(spec, &terms(&format!("{spec:?}"), usage))
        .unwrap()
    {
        Generated::Pair { private, public } => (private, public),
        Generated::Secret(_) => panic!("{spec:?} is a pair"),
    }
}

fn secret(hsm: &ModuleHsm, spec: KeySpec, usage: Usage) -> KeyRef {
    let mut id = [0; 8];
    hsm.random(&mut id).unwrap();
    match hsm.generate(spec, &terms(&hex::encode(id), usage)).unwrap() {
        Generated::Secret(key) => key,
        Generated::Pair { .. } => panic!("{spec:?} is no pair"),
    }
}

const fn pss(hash: Hash, salt_bytes: u16) -> Signing {
    Signing::RsaPss {
        hash,
        mask_hash: hash,
        salt_bytes,
    }
}

fn oaep(hash: Hash, label: &[u8]) -> Cipher {
    Cipher::RsaOaep {
        hash,
        mask_hash: hash,
        label: label.to_vec(),
    }
}

const fn is_rsa(cipher: &Cipher) -> bool {
    matches!(cipher, Cipher::RsaPkcs1 | Cipher::RsaOaep { .. })
}

fn unavailable(error: Option<Error>) -> String {
    match error {
        Some(Error::Unavailable(text)) => text,
        other => panic!("{other:?}"),
    }
}

/// The token past the backend, which has initialised the module and logged in.
fn look(token: &Token) -> Session {
    let module = Pkcs11::new(module()).unwrap();
    let slot = module
        .get_slots_with_token()
        .unwrap()
        .into_iter()
        .find(|slot| module.get_token_info(*slot).unwrap().label() == LABEL)
        .unwrap();
    let session = module.open_rw_session(slot).unwrap();
    drop(session.login(UserType::User, Some(&AuthPin::new(PIN.into()))));
    assert!(token.tokens().is_dir());
    session
}

fn info(token: &Token) -> cryptoki::slot::TokenInfo {
    let module = Pkcs11::new(module()).unwrap();
    let slots = module.get_slots_with_token().unwrap();
    assert!(token.tokens().is_dir());
    slots
        .into_iter()
        .map(|slot| module.get_token_info(slot).unwrap())
        .find(|info| info.label() == LABEL)
        .unwrap()
}

/// Nothing secret of a key can be read, and there is something secret.
fn assert_hidden(session: &Session, key: cryptoki::object::ObjectHandle, what: &str) {
    let secret = [
        AttributeType::Value,
        AttributeType::PrivateExponent,
        AttributeType::Prime1,
        AttributeType::Coefficient,
    ];
    let found = session.get_attribute_info(key, &secret).unwrap();
    let is_hidden = |info: &AttributeInfo| {
        matches!(info, AttributeInfo::Sensitive | AttributeInfo::TypeInvalid)
    };
    assert!(found.iter().all(is_hidden), "{what}: {found:?}");
    let is_sensitive = |info: &AttributeInfo| matches!(info, AttributeInfo::Sensitive);
    assert!(found.iter().any(is_sensitive), "{what}: {found:?}");
}
