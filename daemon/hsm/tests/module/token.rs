//! The pool, the login, and a token that goes and comes.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use hsm::{
    Error, Hsm, Input,
    module::{ModuleHsm, TokenName},
    public,
};
use kmip::{
    CryptographicUsageMask as Usage, Secret,
    mechanism::{Curve, Hash, KeySpec, Signing},
};

use super::{
    common::{info, pair, terms, with_token},
    softhsm::LABEL,
};

#[test]
fn eight_threads_share_four_sessions() {
    with_token(|token| {
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
fn a_full_pool_waits_no_longer_than_it_was_told() {
    with_token(|token| {
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
fn a_token_that_vanished_is_used_again_when_it_returns() {
    with_token(|token| {
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
                let answer = hsm.generate(KeySpec::Aes { bits: 128 }, &terms("x", Usage::Encrypt));
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
    });
}

#[test]
fn threads_survive_the_loss_of_a_token() {
    with_token(|token| {
        let mut config = token.config();
        config.sessions_max = 4;
        let hsm = ModuleHsm::open(&config).unwrap();
        let (key, spki) = pair(&hsm, KeySpec::Ec(Curve::P256), Usage::Sign);
        let signing = Signing::Ecdsa(Some(Hash::Sha256));
        let input = Input::Message(b"m");
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
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
            stop.store(true, Ordering::Relaxed);
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
    with_token(|token| {
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
    with_token(|token| {
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

fn unavailable(error: Option<Error>) -> String {
    match error {
        Some(Error::Unavailable(text) | Error::Refused(text)) => text,
        other => panic!("{other:?}"),
    }
}
