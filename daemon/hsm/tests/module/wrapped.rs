//! Locked keys that the token does not keep: any number of them, wrapped, and unwrapped when they are used.

use std::{fs, thread, time::Duration};

use cryptoki::{context::Pkcs11, object::Attribute};
use hsm::{
    CustodyMode, Encryption, Error, Hsm, Input, KeyRef, Terms,
    module::{ModuleConfig, ModuleHsm},
    public,
    soft::PlainKey,
};
use kmip::{
    CryptographicUsageMask as Usage,
    mechanism::{Cipher, Curve, Hash, KeySpec, Mac, Signing},
};

use super::{
    common::{Token, assert_hidden, look, terms, with_token},
    softhsm,
};

const AES: KeySpec = KeySpec::Aes { bits: 256 };
const GCM: Cipher = Cipher::AesGcm { tag_bytes: 16 };
const ECDSA: Signing = Signing::Ecdsa(Some(Hash::Sha256));

fn wrapped(id: &str, usage: Usage) -> Terms {
    Terms {
        custody: CustodyMode::Wrapped,
        ..terms(id, usage)
    }
}

fn secret(hsm: &dyn Hsm, id: &str) -> KeyRef {
    let usage = Usage::Encrypt | Usage::Decrypt;
    hsm.generate(AES, &wrapped(id, usage)).unwrap().key
}

fn pair(hsm: &dyn Hsm, spec: KeySpec, id: &str) -> (KeyRef, Vec<u8>) {
    let made = hsm.generate(spec, &wrapped(id, Usage::Sign)).unwrap();
    (made.key, made.public.unwrap())
}

/// What a key makes of a block: the same only under the same key.
fn block(hsm: &dyn Hsm, key: &KeyRef) -> hsm::Result<Vec<u8>> {
    let input = Encryption {
        iv: Some(&[7; 12]),
        associated: &[],
        plain: b"sixteen bytes ..",
    };
    hsm.encrypt(key, &GCM, input).map(|made| made.data)
}

fn count(token: &Token, template: &[Attribute]) -> usize {
    look(token).find_objects(template).unwrap().len()
}

#[test]
fn kinds_that_are_listed_come_back_and_cannot_be_read() {
    with_token(|token| {
        let hsm = token.open();
        let all = hsm.capabilities().wrapped.clone();
        for must in [AES, KeySpec::Rsa { bits: 2048 }, KeySpec::Ec(Curve::P256)] {
            assert!(all.contains(&must), "{must:?} of {all:?}");
        }
        for spec in all {
            // Two lengths of RSA keys are enough.
            if spec == (KeySpec::Rsa { bits: 4096 }) {
                continue;
            }
            let usage = Usage(u32::MAX);
            let (made, taken) = (format!("made {spec:?}"), format!("taken {spec:?}"));
            let made = hsm.generate(spec, &wrapped(&made, usage)).unwrap().key;
            let (material, _) = PlainKey::generate(spec).unwrap();
            let taken = hsm.import(&material, &wrapped(&taken, usage)).unwrap();
            for key in [made, taken] {
                assert_eq!(hsm.export(&key).err(), Some(Error::NotExportable));
            }
        }
        // The sealing key and the wrapping key; and in the sessions, what can neither be read nor wrapped.
        assert_eq!(count(token, &[Attribute::Token(true)]), 2);
        let session = look(token);
        let held = session.find_objects(&[Attribute::Token(false)]).unwrap();
        assert!(held.len() > 10, "{}", held.len());
        for handle in held {
            let may_leave = session
                .find_objects(&[Attribute::Extractable(true)])
                .unwrap();
            assert!(may_leave.is_empty(), "{may_leave:?}");
            assert_hidden(&session, handle, "held");
        }
    });
}

#[test]
fn a_thousand_keys_leave_the_token_as_it_was() {
    with_token(|token| {
        let mut config = token.config();
        config.unwrapped_keys_max = 32;
        config.sessions_max = 2;
        let hsm = ModuleHsm::open(&config).unwrap();
        let keys: Vec<_> = (0..1000)
            .map(|number| secret(&hsm, &format!("{number}")))
            .collect();
        let pairs: Vec<_> = (0..40)
            .map(|number| pair(&hsm, KeySpec::Ec(Curve::P256), &format!("pair {number}")))
            .collect();
        assert_eq!(count(token, &[Attribute::Token(true)]), 2);
        let held = count(token, &[Attribute::Token(false)]);
        assert!(held <= 32, "{held} are held, and 32 may be");
        let blocks: Vec<_> = keys.iter().map(|key| block(&hsm, key).unwrap()).collect();
        drop(hsm);

        // Another process of the daemon, which knows nothing but the references.
        let hsm = ModuleHsm::open(&config).unwrap();
        let again: Vec<_> = keys.iter().map(|key| block(&hsm, key).unwrap()).collect();
        assert!(blocks == again);
        for (key, public) in &pairs {
            let signature = hsm.sign(key, ECDSA, Input::Message(b"m")).unwrap();
            assert!(public::verify(public, ECDSA, Input::Message(b"m"), &signature).unwrap());
        }
        assert_eq!(count(token, &[Attribute::Token(true)]), 2);
    });
}

#[test]
fn lost_sessions_and_modules_are_made_good() {
    with_token(|token| {
        let hsm = token.open();
        let key = secret(&hsm, "one");
        let (rsa, public) = pair(&hsm, KeySpec::Rsa { bits: 2048 }, "two");
        let before = block(&hsm, &key).unwrap();
        let signing = Signing::RsaPkcs1(Some(Hash::Sha256));
        let check = || {
            assert_eq!(block(&hsm, &key).unwrap(), before);
            let signature = hsm.sign(&rsa, signing, Input::Message(b"m")).unwrap();
            assert!(public::verify(&public, signing, Input::Message(b"m"), &signature).unwrap());
        };
        check();
        Pkcs11::new(softhsm::module()).unwrap().finalize().unwrap();
        check();
        // A session object that another took away.
        let session = look(token);
        for handle in session.find_objects(&[Attribute::Token(false)]).unwrap() {
            session.destroy_object(handle).unwrap();
        }
        check();
        // A token that is away for a while.
        let away = token.tokens().with_extension("away");
        fs::rename(token.tokens(), &away).unwrap();
        assert!(matches!(hsm.health(), Err(Error::Unavailable(_))));
        fs::rename(&away, token.tokens()).unwrap();
        let mut tries = 0;
        while hsm.health().is_err() {
            tries += 1;
            assert!(tries < 100, "not back after ten seconds");
            thread::sleep(Duration::from_millis(100));
        }
        check();
    });
}

#[test]
fn threads_share_a_few_places() {
    with_token(|token| {
        let mut config = token.config();
        config.sessions_max = 4;
        config.unwrapped_keys_max = 8;
        config.wait = Duration::from_secs(30);
        let hsm = ModuleHsm::open(&config).unwrap();
        let keys: Vec<_> = (0..20)
            .map(|number| secret(&hsm, &format!("{number}")))
            .collect();
        let blocks: Vec<_> = keys.iter().map(|key| block(&hsm, key).unwrap()).collect();
        thread::scope(|scope| {
            for worker in 0..6 {
                let (hsm, keys, blocks) = (&hsm, &keys, &blocks);
                scope.spawn(move || {
                    for round in 0..200 {
                        let place = (worker * 7 + round * 3) % keys.len();
                        assert!(block(hsm, &keys[place]).unwrap() == blocks[place]);
                    }
                });
            }
        });
        let held = count(token, &[Attribute::Token(false)]);
        assert!(held <= 8, "{held} are held, and 8 may be");
    });
}

#[test]
fn what_was_changed_or_is_another_tokens_is_corrupt() {
    with_token(|token| {
        let hsm = token.open();
        let key = secret(&hsm, "an identifier");
        for place in 1..key.0.len() {
            let mut changed = key.clone();
            changed.0[place] ^= 1;
            assert_eq!(block(&hsm, &changed), Err(Error::Corrupt), "byte {place}");
        }
        // The first byte is the form, and as another it is none.
        let mut other = key.clone();
        other.0[0] ^= 1;
        assert!(matches!(
            block(&hsm, &other),
            Err(Error::Corrupt | Error::KeyNotFound)
        ));
        assert_eq!(hsm.destroy(&other), Ok(()));
        // To another identifier, of the same length.
        let place = key.0.windows(13).position(|part| part == b"an identifier");
        let mut moved = key.clone();
        moved.0[place.unwrap()..][..13].copy_from_slice(b"another thing");
        assert_eq!(block(&hsm, &moved), Err(Error::Corrupt));
        block(&hsm, &key).unwrap();
    });
}

#[test]
fn a_destroyed_key_is_in_no_session() {
    with_token(|token| {
        let hsm = token.open();
        let key = secret(&hsm, "gone");
        block(&hsm, &key).unwrap();
        assert_eq!(count(token, &[Attribute::Token(false)]), 1);
        hsm.destroy(&key).unwrap();
        hsm.destroy(&key).unwrap();
        assert_eq!(count(token, &[Attribute::Token(false)]), 0);
    });
}

#[test]
fn usages_are_bound_and_a_wrapping_key_does_nothing_else() {
    with_token(|token| {
        let hsm = token.open();
        let spec = KeySpec::Hmac {
            hash: Hash::Sha1,
            bits: 160,
        };
        let mac = hsm.generate(spec, &wrapped("m", Usage::MACGenerate));
        let mac = mac.unwrap().key;
        hsm.mac(&mac, Mac::Hmac(Hash::Sha1), b"message").unwrap();
        let only = hsm.generate(AES, &wrapped("d", Usage::Decrypt));
        let only = only.unwrap().key;
        assert_eq!(block(&hsm, &only), Err(Error::Unsupported));

        let session = look(token);
        let wrapping = [
            Attribute::Label(b"keyhold-wrapping".to_vec()),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Wrap(true),
            Attribute::Unwrap(true),
            Attribute::Encrypt(false),
            Attribute::Decrypt(false),
        ];
        let found = session.find_objects(&wrapping).unwrap();
        assert_eq!(found.len(), 1);
        assert_hidden(&session, found[0], "the wrapping key");
    });
}

#[test]
fn one_key_that_is_taken_over_for_two_uses_keeps_them_apart() {
    with_token(|token| {
        let hsm = token.open();
        let (material, _) = PlainKey::generate(AES).unwrap();
        let take = |id: &str, usage| hsm.import(&material, &wrapped(id, usage)).unwrap();
        let (all, none) = (take("a", Usage::Encrypt), take("b", Usage::Decrypt));
        block(&hsm, &all).unwrap();
        assert_eq!(block(&hsm, &none), Err(Error::Unsupported));
        block(&hsm, &all).unwrap();
    });
}

#[test]
fn a_module_without_the_best_mechanism_wraps_by_the_next() {
    with_token(|token| {
        let open = |disabled: &[u64]| {
            let config = ModuleConfig {
                mechanisms_disabled: disabled.to_vec(),
                ..token.config()
            };
            ModuleHsm::open(&config).unwrap()
        };
        let best = open(&[]);
        let by_best = secret(&best, "best");
        let before = block(&best, &by_best).unwrap();
        // CKM_AES_KEY_WRAP_KWP and CKM_AES_KEY_WRAP_PAD.
        let next = open(&[0x210b, 0x210a]);
        assert!(next.capabilities().wrapped.contains(&AES));
        let by_next = secret(&next, "next");
        block(&next, &by_next).unwrap();
        // What was wrapped by another still opens, because its reference says how.
        assert_eq!(block(&next, &by_best).unwrap(), before);
        // CKM_AES_KEY_WRAP and CKM_AES_CBC_PAD.
        let none = open(&[0x210b, 0x210a, 0x2109, 0x1085]);
        assert!(none.capabilities().wrapped.is_empty());
        let refused = none.generate(AES, &wrapped("none", Usage::Encrypt));
        assert_eq!(refused, Err(Error::Unsupported));
    });
}
