//! Known answers of ciphers and modes, and the keys, nonces and tags that they take.

use hsm::{Decryption, Encryption, Error};
use kmip::mechanism::{Cipher, KeySpec, Padding};

use super::{AES_128, AES_256, DES_2, DES_3, KEY_128, THREE_KEYS, TWO_BLOCKS, TWO_KEYS, unhex};
use crate::{backends, import};

/// One encryption with everything fixed.
struct Case {
    of: &'static str,
    spec: KeySpec,
    cipher: Cipher,
    key: &'static str,
    iv: &'static str,
    associated: &'static str,
    plain: &'static str,
    data: &'static str,
    tag: &'static str,
}

const BLOCK_IV: &str = "000102030405060708090a0b0c0d0e0f";

const SUNSCREEN: &str = "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a204966204920636f756c64206f6666657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73637265656e20776f756c642062652069742e";

const CASE: Case = Case {
    of: "",
    spec: AES_128,
    cipher: Cipher::AesCfb,
    key: KEY_128,
    iv: "",
    associated: "",
    plain: "",
    data: "",
    tag: "",
};

const CASES: &[Case] = &[
    Case {
        of: "SP 800-38A F.3.13",
        cipher: Cipher::AesCfb,
        iv: BLOCK_IV,
        plain: TWO_BLOCKS,
        data: "3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b",
        ..CASE
    },
    Case {
        of: "SP 800-38A F.4.1",
        cipher: Cipher::AesOfb,
        iv: BLOCK_IV,
        plain: TWO_BLOCKS,
        data: "3b3fd92eb72dad20333449f8e83cfb4a7789508d16918f03f53c52dac54ed825",
        ..CASE
    },
    Case {
        of: "SP 800-38C example 3",
        cipher: Cipher::AesCcm { tag_bytes: 8 },
        key: "404142434445464748494a4b4c4d4e4f",
        iv: "101112131415161718191a1b",
        associated: "000102030405060708090a0b0c0d0e0f10111213",
        plain: "202122232425262728292a2b2c2d2e2f3031323334353637",
        data: "e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5",
        tag: "484392fbc1b09951",
        ..CASE
    },
    Case {
        of: "IEEE 1619 vector 2",
        spec: AES_256,
        cipher: Cipher::AesXts,
        key: "1111111111111111111111111111111122222222222222222222222222222222",
        iv: "33333333330000000000000000000000",
        plain: "4444444444444444444444444444444444444444444444444444444444444444",
        data: "c454185e6a16936e39334038acef838bfb186fff7480adc4289382ecd6d394f0",
        ..CASE
    },
    Case {
        of: "SP 800-38B D.4, the first step",
        spec: THREE_KEYS,
        cipher: Cipher::TripleDesEcb(Padding::None),
        key: DES_3,
        plain: "0000000000000000",
        data: "c8cc74e98a7329a2",
        ..CASE
    },
    Case {
        of: "SP 800-38B D.6, the first step",
        spec: TWO_KEYS,
        cipher: Cipher::TripleDesEcb(Padding::None),
        key: DES_2,
        plain: "0000000000000000",
        data: "c7679b9f6b8d7d7a",
        ..CASE
    },
    Case {
        of: "RFC 8439 §2.4.2",
        spec: KeySpec::ChaCha20,
        cipher: Cipher::ChaCha20,
        key: "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        iv: "01000000000000000000004a00000000",
        plain: SUNSCREEN,
        data: "6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0bf91b65c5524733ab8f593dabcd62b3571639d624e65152ab8f530c359f0861d807ca0dbf500d6a6156a38e088a22b65e52bc514d16ccf806818ce91ab77937365af90bbf74a35be6b40b8eedf2785e42874d",
        ..CASE
    },
    Case {
        of: "RFC 8439 §2.8.2",
        spec: KeySpec::ChaCha20Poly1305,
        cipher: Cipher::ChaCha20Poly1305 { tag_bytes: 16 },
        key: "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
        iv: "070000004041424344454647",
        associated: "50515253c0c1c2c3c4c5c6c7",
        plain: SUNSCREEN,
        data: "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b6116",
        tag: "1ae10b594f09e26a7e902ecbd0600691",
    },
];

#[test]
fn ciphers() {
    for (name, hsm) in backends() {
        for case in CASES {
            let at = format!("{name} {}", case.of);
            let Some(key) = import(hsm.as_ref(), case.spec, &unhex(case.key)) else {
                continue;
            };
            let (iv, associated) = (unhex(case.iv), unhex(case.associated));
            let (plain, tag) = (unhex(case.plain), unhex(case.tag));
            let iv = (!iv.is_empty()).then_some(iv.as_slice());
            let input = Encryption {
                iv,
                associated: &associated,
                plain: &plain,
            };
            let made = match hsm.encrypt(&key, &case.cipher, input) {
                Err(Error::Unsupported) if !hsm.capabilities().cipher.contains(&case.cipher) => {
                    continue;
                }
                made => made.unwrap_or_else(|error| panic!("{at}: {error}")),
            };
            assert_eq!(hex::encode(&made.data), case.data, "{at}");
            assert_eq!(made.tag.clone().unwrap_or_default(), tag, "{at}");
            let input = Decryption {
                iv,
                associated: &associated,
                tag: made.tag.as_deref(),
                data: &made.data,
            };
            let back = hsm.decrypt(&key, &case.cipher, input).unwrap();
            assert_eq!(back.expose(), plain, "{at}");
        }
    }
}

#[test]
fn a_short_tag_of_ccm_is_checked() {
    // SP 800-38C example 2, whose tag has six bytes.
    let cipher = Cipher::AesCcm { tag_bytes: 6 };
    let (iv, data) = (
        unhex("1011121314151617"),
        unhex("d2a1f0e051ea5f62081a7792073d593d"),
    );
    let (associated, mut tag) = (unhex(BLOCK_IV), unhex("1fc64fbfaccd"));
    for (name, hsm) in backends() {
        let key = import(
            hsm.as_ref(),
            AES_128,
            &unhex("404142434445464748494a4b4c4d4e4f"),
        );
        let Some(key) = key.filter(|_| hsm.capabilities().cipher.contains(&cipher)) else {
            continue;
        };
        let open = |tag: &[u8]| {
            hsm.decrypt(
                &key,
                &cipher,
                Decryption {
                    iv: Some(&iv),
                    associated: &associated,
                    tag: Some(tag),
                    data: &data,
                },
            )
        };
        let plain = open(&tag).unwrap();
        assert_eq!(
            hex::encode(plain.expose()),
            "202122232425262728292a2b2c2d2e2f"
        );
        tag[5] ^= 1;
        assert!(matches!(open(&tag), Err(Error::Failed(_))), "{name}");
        tag[5] ^= 1;
        let input = Encryption {
            iv: Some(&iv),
            associated: &associated,
            plain: plain.expose(),
        };
        let made = hsm.encrypt(&key, &cipher, input);
        assert!(matches!(made, Err(Error::BadInput(_))), "{name}");
    }
}

#[test]
fn ccm_authenticates_nothing_encrypted() {
    let cipher = Cipher::AesCcm { tag_bytes: 16 };
    for (name, hsm) in backends() {
        let key = import(hsm.as_ref(), AES_256, &[9; 32]);
        let Some(key) = key.filter(|_| hsm.capabilities().cipher.contains(&cipher)) else {
            continue;
        };
        let seal = |associated| {
            let input = Encryption {
                iv: Some(&[1; 12]),
                associated,
                plain: &[],
            };
            hsm.encrypt(&key, &cipher, input).unwrap().tag.unwrap()
        };
        let tag = seal(b"one");
        assert_ne!(tag, seal(b"two"), "{name}");
        let open = |associated| {
            let input = Decryption {
                iv: Some(&[1; 12]),
                associated,
                tag: Some(&tag),
                data: &[],
            };
            hsm.decrypt(&key, &cipher, input)
        };
        assert!(open(b"one").is_ok(), "{name}");
        assert!(open(b"two").is_err(), "{name}");
    }
}

fn unit(plain: &[u8]) -> Encryption<'_> {
    Encryption {
        iv: Some(&[1; 16]),
        associated: &[],
        plain,
    }
}

#[test]
fn an_xts_key_has_two_halves_that_differ() {
    for (name, hsm) in backends() {
        if !hsm.capabilities().cipher.contains(&Cipher::AesXts) {
            continue;
        }
        let wide = KeySpec::Aes { bits: 512 };
        let material = |bytes: Vec<u8>| hsm::Material::Secret {
            spec: wide,
            bytes: bytes.into(),
        };
        let same = hsm.import(&material(vec![5; 64]), &crate::terms(false));
        assert!(matches!(same, Err(Error::BadKey(_))), "{name}");
        let distinct: Vec<u8> = (0..64).collect();
        let key = hsm
            .import(&material(distinct), &crate::terms(false))
            .unwrap();
        // Computed by another library: data of no whole number of blocks steals ciphertext.
        let made = hsm.encrypt(&key, &Cipher::AesXts, unit(&RAGGED)).unwrap();
        assert_eq!(hex::encode(made.data), XTS_256_STOLEN, "{name}");
        for cipher in [Cipher::AesCtr, Cipher::AesGcm { tag_bytes: 16 }] {
            let refused = hsm.encrypt(&key, &cipher, unit(&RAGGED));
            assert_eq!(refused.err(), Some(Error::KeyTypeMismatch), "{name}");
        }
        // A key of 256 bits is looked at when it is used, because it may be one of AES-256.
        let twice = import(hsm.as_ref(), AES_256, &[5; 32]).unwrap();
        let refused = hsm.encrypt(&twice, &Cipher::AesXts, unit(&RAGGED)).err();
        assert!(matches!(refused, Some(Error::BadKey(_))), "{name}");
        for length in [0, 15, (1 << 24) + 1] {
            let plain = vec![0; length];
            let refused = hsm.encrypt(&key, &Cipher::AesXts, unit(&plain));
            assert!(
                matches!(refused, Err(Error::BadInput(_))),
                "{name} {length}"
            );
        }
    }
}

#[test]
fn a_nonce_of_chacha_may_be_short() {
    for (name, hsm) in backends() {
        let Some(key) = import(hsm.as_ref(), KeySpec::ChaCha20, &[0; 32]) else {
            continue;
        };
        let stream = |iv: &[u8]| {
            let input = Encryption {
                iv: Some(iv),
                associated: &[],
                plain: &[0; 64],
            };
            hsm.encrypt(&key, &Cipher::ChaCha20, input)
                .map(|made| made.data)
        };
        // RFC 8439 §A.1 vector 1, whose nonce and counter are zero.
        let first = stream(&[0; 16]).unwrap();
        assert!(
            hex::encode(&first).starts_with("76b8e0ada0f13d90405d6ae55386bd28"),
            "{name}"
        );
        assert_eq!(stream(&[0; 8]), Ok(first.clone()));
        assert_eq!(stream(&[0; 12]), Ok(first));
        assert!(matches!(stream(&[0; 11]), Err(Error::BadInput(_))));
    }
}

const RAGGED: [u8; 37] = [6; 37];

const XTS_256_STOLEN: &str =
    "120bc9ad81e652c58265d7fc9317c8f0b144e5a1d8cab80b13ba3011ac6ce847a0283c0c9d";
