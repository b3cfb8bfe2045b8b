//! Known answers of MACs and of hash functions.

use hsm::{Encryption, Error, public};
use kmip::mechanism::{Cipher, Hash, KeySpec, Mac, OldHash, Padding};

use super::{AES_128, AES_256, DES_2, DES_3, KEY_128, THREE_KEYS, TWO_BLOCKS, TWO_KEYS, unhex};
use crate::{backends, import};

#[test]
fn macs_of_block_ciphers() {
    let message = &unhex(TWO_BLOCKS)[..16];
    for (of, spec, mac, key, bytes, tag) in [
        (
            "D.1 1",
            AES_128,
            Mac::AesCmac,
            KEY_128,
            0,
            "bb1d6929e95937287fa37d129b756746",
        ),
        (
            "D.1 2",
            AES_128,
            Mac::AesCmac,
            KEY_128,
            16,
            "070a16b46b4d4144f79bdd9dd04a287c",
        ),
        (
            "D.4 9",
            THREE_KEYS,
            Mac::TripleDesCmac,
            DES_3,
            0,
            "b7a688e122ffaf95",
        ),
        (
            "D.4 10",
            THREE_KEYS,
            Mac::TripleDesCmac,
            DES_3,
            8,
            "8e8f293136283797",
        ),
        (
            "D.6 13",
            TWO_KEYS,
            Mac::TripleDesCmac,
            DES_2,
            0,
            "bd2ebf9a3ba00361",
        ),
    ] {
        for (name, hsm) in backends() {
            let key = import(hsm.as_ref(), spec, &unhex(key));
            let Some(key) = key.filter(|_| hsm.capabilities().mac.contains(&mac)) else {
                continue;
            };
            let made = hsm.mac(&key, mac, &message[..bytes]).unwrap();
            assert_eq!(hex::encode(made), tag, "{name} SP 800-38B {of}");
        }
    }
}

#[test]
fn cbc_mac_is_the_last_block_of_cbc() {
    for (spec, mac, cipher, block_bytes) in [
        (AES_256, Mac::AesCbcMac, Cipher::AesCbc(Padding::Zeros), 16),
        (
            THREE_KEYS,
            Mac::TripleDesCbcMac,
            Cipher::TripleDesCbc(Padding::Zeros),
            8,
        ),
    ] {
        for (name, hsm) in backends() {
            let bytes: Vec<u8> = (1..).take(spec.secret_bytes()).collect();
            let key = import(hsm.as_ref(), spec, &bytes);
            let Some(key) = key.filter(|_| hsm.capabilities().mac.contains(&mac)) else {
                continue;
            };
            for length in [1, 7, 8, 15, 16, 33, 100_000] {
                let message = vec![7; length];
                let input = Encryption {
                    iv: Some(&vec![0; block_bytes]),
                    associated: &[],
                    plain: &message,
                };
                let data = hsm.encrypt(&key, &cipher, input).unwrap().data;
                assert_eq!(
                    hsm.mac(&key, mac, &message).unwrap(),
                    data[data.len() - block_bytes..],
                    "{name} {mac:?} {length}"
                );
            }
            assert_eq!(
                hsm.mac(&key, mac, &[]),
                hsm.mac(&key, mac, &vec![0; block_bytes])
            );
        }
    }
}

#[test]
fn a_key_of_a_cipher_makes_an_hmac_in_software_only() {
    for (name, hsm) in backends() {
        let Some(key) = import(hsm.as_ref(), AES_128, &[0x0b; 16]) else {
            continue;
        };
        let spec = KeySpec::Hmac {
            hash: Hash::Sha3_256,
            bits: 128,
        };
        match hsm.mac(&key, Mac::Hmac(Hash::Sha3_256), b"message") {
            Ok(made) => {
                let same = import(hsm.as_ref(), spec, &[0x0b; 16]).unwrap();
                assert_eq!(
                    hsm.mac(&same, Mac::Hmac(Hash::Sha3_256), b"message"),
                    Ok(made)
                );
            }
            Err(error) => assert!(
                matches!(error, Error::KeyTypeMismatch | Error::Unsupported),
                "{name}: {error:?}"
            ),
        }
    }
}

#[test]
fn hash_functions_cut_and_old() {
    // FIPS 180-4's "abc", RFC 1321 §A.5 and the report that RIPEMD-160 came with.
    for (hash, abc) in [
        (
            Hash::Sha512_224,
            "4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa",
        ),
        (
            Hash::Sha512_256,
            "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23",
        ),
    ] {
        assert_eq!(hex::encode(public::hash(hash, b"abc").unwrap()), abc);
        let mut parts = public::Hasher::new(hash).unwrap();
        parts.update(b"a").unwrap();
        parts.update(b"bc").unwrap();
        assert_eq!(hex::encode(parts.finish().unwrap()), abc);
    }
    for (hash, abc) in [
        (OldHash::Md5, "900150983cd24fb0d6963f7d28e17f72"),
        (
            OldHash::Ripemd160,
            "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc",
        ),
    ] {
        assert_eq!(hex::encode(public::old_hash(hash, b"abc").unwrap()), abc);
        let mut parts = public::Hasher::old(hash).unwrap();
        parts.update(b"abc").unwrap();
        assert_eq!(hex::encode(parts.finish().unwrap()), abc);
    }
}

#[test]
fn an_empty_message_is_authenticated_by_every_hash() {
    for (name, hsm) in backends() {
        for hash in Hash::ALL {
            let spec = KeySpec::Hmac {
                hash: *hash,
                bits: 128,
            };
            let Some(key) = import(hsm.as_ref(), spec, &[0x0b; 16]) else {
                continue;
            };
            let whole = hsm.mac(&key, Mac::Hmac(*hash), &[]);
            match whole {
                Ok(mac) => assert_eq!(mac.len(), hash.digest_bytes(), "{name} {hash:?}"),
                Err(error) => assert_eq!(error, Error::Unsupported, "{name} {hash:?}"),
            }
        }
    }
}
