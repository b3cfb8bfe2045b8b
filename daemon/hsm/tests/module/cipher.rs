//! Encryption and decryption with locked keys, compared with software.

use hsm::{
    Decryption, Encryption, Error, Hsm, KeyRef, Material, module::ModuleHsm, public, soft::PlainKey,
};
use kmip::{
    CryptographicUsageMask as Usage, Secret,
    mechanism::{Cipher, Hash, KeySpec},
};

use super::common::{is_rsa, oaep, pair, terms, with_token};

#[test]
fn locked_keys_encrypt_as_software_does() {
    with_token(|token| {
        let hsm = token.open();
        let usage = Usage::Encrypt | Usage::Decrypt | Usage::WrapKey | Usage::UnwrapKey;
        let mut specs = Vec::from([128, 192, 256].map(|bits| KeySpec::Aes { bits }));
        specs.push(KeySpec::TripleDes { bits: 168 });
        for spec in specs {
            let material = Material::Secret {
                spec,
                bytes: Secret::new((1..).take(spec.secret_bytes()).collect()),
            };
            let software = PlainKey::from_material(&material).unwrap();
            let id = spec.to_string();
            let key = hsm.import(&material, &terms(&id, usage)).unwrap();
            for cipher in hsm
                .capabilities()
                .cipher
                .iter()
                .filter(|cipher| !is_rsa(cipher))
                .filter(|cipher| is_triple_des(cipher) == (spec.bits() == 168))
            {
                encrypts_the_same(&hsm, &key, &software, cipher);
            }
        }
    });
}

const fn is_triple_des(cipher: &Cipher) -> bool {
    matches!(cipher, Cipher::TripleDesEcb(_) | Cipher::TripleDesCbc(_))
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
    with_token(|token| {
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
    with_token(|token| {
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
    });
}
