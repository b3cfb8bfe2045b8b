//! Eight threads, every kind of operation at once, and a cache too small for the keys.

use std::thread;

use hsm::{
    Decryption, Encryption, Hsm, Input, KeyRef, public,
    soft::{Master, SoftHsm},
};
use kmip::{
    Secret,
    mechanism::{Cipher, Curve, Hash, KeySpec, Mac, Padding, Signing},
};

use crate::{backends, generate, makes};

const THREADS: usize = 8;
const ROUNDS: usize = 30;

#[test]
fn mixed_operations_from_many_threads() {
    for (name, hsm) in backends() {
        mixed(name, hsm.as_ref());
    }
}

#[test]
fn mixed_operations_while_keys_are_pushed_out() {
    let hsm = SoftHsm::new(Master::ephemeral().unwrap(), 2);
    mixed("soft with a cache of two", &hsm);
}

fn mixed(name: &str, hsm: &dyn Hsm) {
    let wanted = [
        KeySpec::Aes { bits: 256 },
        KeySpec::Hmac {
            hash: Hash::Sha256,
            bits: 256,
        },
        KeySpec::Rsa { bits: 2048 },
        KeySpec::Ec(Curve::P256),
        KeySpec::Ec(Curve::P384),
        KeySpec::Ec(Curve::Ed25519),
    ];
    let keys: Vec<_> = wanted
        .iter()
        .filter(|spec| makes(hsm, **spec))
        .map(|spec| (*spec, generate(hsm, *spec)))
        .collect();
    let done: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let keys = &keys;
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        for (place, (spec, (key, spki))) in keys.iter().enumerate() {
                            let message = format!("{thread} {round} {place}");
                            once(hsm, *spec, key, spki.as_deref(), message.as_bytes());
                        }
                        if round % 10 == 0 {
                            let (key, _) = generate(hsm, KeySpec::Aes { bits: 128 });
                            hsm.destroy(&key).unwrap();
                        }
                    }
                    ROUNDS * keys.len()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(done, THREADS * ROUNDS * keys.len(), "{name}");
}

fn once(hsm: &dyn Hsm, spec: KeySpec, key: &KeyRef, spki: Option<&[u8]>, message: &[u8]) {
    let sign = |mechanism| {
        let signature = hsm.sign(key, mechanism, Input::Message(message)).unwrap();
        let verified = public::verify(
            spki.unwrap(),
            mechanism,
            Input::Message(message),
            &signature,
        );
        assert_eq!(verified, Ok(true), "{spec:?}");
    };
    match spec {
        KeySpec::Rsa { .. } => sign(Signing::RsaPkcs1(Some(Hash::Sha256))),
        KeySpec::Ec(Curve::Ed25519) => sign(Signing::Eddsa),
        KeySpec::Ec(_) => sign(Signing::Ecdsa(Some(Hash::Sha256))),
        KeySpec::Hmac { hash, .. } => {
            let mac = |message| hsm.mac(key, Mac::Hmac(hash), message).unwrap();
            assert_eq!(mac(message), mac(message));
        }
        KeySpec::Kept { .. } => {}
        KeySpec::Aes { .. }
        | KeySpec::TripleDes { .. }
        | KeySpec::ChaCha20
        | KeySpec::ChaCha20Poly1305 => {
            let cipher = match spec {
                KeySpec::Aes { bits: 512 } => Cipher::AesXts,
                KeySpec::Aes { .. } => Cipher::AesGcm { tag_bytes: 16 },
                KeySpec::TripleDes { .. } => Cipher::TripleDesCbc(Padding::Pkcs5),
                _ => Cipher::ChaCha20Poly1305 { tag_bytes: 16 },
            };
            let input = Encryption {
                iv: None,
                associated: &[],
                plain: message,
            };
            let made = hsm.encrypt(key, &cipher, input).unwrap();
            let input = Decryption {
                iv: made.iv.as_deref(),
                associated: &[],
                tag: made.tag.as_deref(),
                data: &made.data,
            };
            assert_eq!(hsm.decrypt(key, &cipher, input).unwrap().expose(), message);
            let sealed = hsm.seal(&Secret::from(message), message).unwrap();
            assert_eq!(hsm.open(&sealed, message).unwrap().expose(), message);
        }
        other => panic!("{other} is none of the keys made here"),
    }
}
