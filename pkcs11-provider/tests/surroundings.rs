//! A daemon that is away for a while, many that call it at once, and what the log says of it.

use std::{fs, time::Duration};

use cryptoki_sys as ck;

use crate::common::{
    CONFIG, PIN, alone,
    api::{bytes, flag, number, plain},
    host::in_child,
};

/// The module's own log.
fn log() -> String {
    fs::read_to_string(std::env::var_os("KEYHOLD_PKCS11_LOG").unwrap()).unwrap_or_default()
}

#[test]
fn what_a_host_holds_is_good_again_when_the_daemon_is_back() {
    alone(
        "surroundings::what_a_host_holds_is_good_again_when_the_daemon_is_back",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            let (public, private) = api.p384(session, "k");
            let mut mechanism = plain(ck::CKM_ECDSA_SHA384);
            let mut later = plain(ck::CKM_ECDSA_SHA384);
            let reader = api.open(false);
            assert_eq!(
                call!(api, C_SignInit(reader, &raw mut later, private)),
                ck::CKR_OK
            );
            fake.stop();
            for _ in 0..3 {
                let signature = api.sign(session, &mut mechanism, private, b"message");
                assert_eq!(signature, Err(ck::CKR_DEVICE_REMOVED));
            }
            let key = api.generate(
                session,
                ck::CKM_AES_KEY_GEN,
                &[number(ck::CKA_VALUE_LEN, 16)],
            );
            assert_eq!(key, Err(ck::CKR_DEVICE_REMOVED));
            // What needs no daemon goes on.
            assert_eq!(api.get(session, public, ck::CKA_LABEL), Ok(b"k".to_vec()));
            let _again = fake.start_again();
            let signature = api
                .sign(session, &mut mechanism, private, b"message")
                .unwrap();
            assert_eq!(
                api.verify(session, &mut mechanism, public, b"message", &signature),
                ck::CKR_OK
            );
            // An operation that began before is carried on after.
            let (mut data, mut out, mut length) = (*b"message", [0; 96], 96);
            assert_eq!(
                call!(
                    api,
                    C_Sign(
                        reader,
                        data.as_mut_ptr(),
                        7,
                        out.as_mut_ptr(),
                        &raw mut length
                    )
                ),
                ck::CKR_OK
            );
            assert_eq!(
                api.login(session, ck::CKU_USER, PIN),
                ck::CKR_USER_ALREADY_LOGGED_IN
            );
            assert_eq!(api.find(session, &[bytes(ck::CKA_LABEL, b"k")]).len(), 2);
        },
    );
}

#[test]
fn many_callers_of_a_daemon_that_hangs_wait_once() {
    let config = CONFIG.replace("timeout_seconds = 3", "timeout_seconds = 1");
    alone(
        "surroundings::many_callers_of_a_daemon_that_hangs_wait_once",
        &config,
        |fake, api| {
            api.initialise();
            let session = api.open(true);
            fake.state.lock().unwrap().hangs = true;
            #[expect(
                clippy::disallowed_methods,
                reason = "the time a call takes is what is tested"
            )]
            let before = std::time::Instant::now();
            std::thread::scope(|scope| {
                for thread in 0..16 {
                    scope.spawn(move || {
                        let own = api.open(true);
                        let rv = match thread % 3 {
                            0 => api.login(own, ck::CKU_USER, PIN),
                            1 => call!(api, C_GenerateRandom(own, [0; 8].as_mut_ptr(), 8)),
                            _ => call!(api, C_FindObjectsInit(own, std::ptr::null_mut(), 0)),
                        };
                        assert_eq!(rv, ck::CKR_DEVICE_ERROR);
                    });
                }
            });
            assert!(
                before.elapsed() < Duration::from_secs(4),
                "{:?}",
                before.elapsed()
            );
            fake.state.lock().unwrap().hangs = false;
            assert_eq!(api.login(session, ck::CKU_USER, PIN), ck::CKR_OK);
        },
    );
}

#[test]
fn the_log_is_whole_lines_of_many_processes_and_no_secret() {
    let config = CONFIG.replace("timeout_seconds = 3", "timeout_seconds = 20");
    alone(
        "surroundings::the_log_is_whole_lines_of_many_processes_and_no_secret",
        &config,
        |fake, api| {
            const WRONG: &[u8] = b"a-wrong-pin-5f2c";
            const DATA: &[u8] = b"the-secret-data-77aa";
            let fail = || {
                api.initialise();
                let session = api.open(true);
                assert_eq!(
                    api.login(session, ck::CKU_USER, WRONG),
                    ck::CKR_PIN_INCORRECT
                );
                assert_eq!(api.login(session, ck::CKU_USER, PIN), ck::CKR_OK);
                let value = [
                    number(ck::CKA_CLASS, ck::CKO_DATA),
                    flag(ck::CKA_TOKEN, true),
                    bytes(ck::CKA_VALUE, DATA),
                    bytes(ck::CKA_OBJECT_ID, DATA),
                    (0x8123_4567, DATA.to_vec()),
                ];
                assert!(api.create(session, &value).is_err());
                std::thread::scope(|scope| {
                    for _ in 0..4 {
                        scope.spawn(|| {
                            for _ in 0..50 {
                                let rv = call!(api, C_CloseSession(0xFFFF));
                                assert_eq!(rv, ck::CKR_SESSION_HANDLE_INVALID);
                            }
                        });
                    }
                });
                call!(api, C_Finalize(std::ptr::null_mut())) == ck::CKR_OK
            };
            // Processes beside each other: each child forks the next one and waits for it in the end.
            assert!(in_child(|| {
                let next = || in_child(|| in_child(fail) && fail());
                std::thread::scope(|scope| {
                    let other = scope.spawn(next);
                    next() && other.join().unwrap()
                })
            }));
            fake.stop();
            api.initialise();
            let session = api.open(false);
            assert_eq!(
                api.login(session, ck::CKU_USER, WRONG),
                ck::CKR_DEVICE_REMOVED
            );
            let log = log();
            let (mut lines, mut pids) = (0, std::collections::BTreeSet::new());
            for line in log.lines() {
                let mut words = line.splitn(3, ' ');
                let seconds: u64 = words.next().unwrap().parse().unwrap();
                pids.insert(words.next().unwrap().parse::<u32>().unwrap());
                let what = words.next().unwrap();
                assert!(seconds > 1_600_000_000 && !what.is_empty(), "{line}");
                lines += usize::from(what == "C_CloseSession: SESSION_HANDLE_INVALID");
            }
            assert_eq!((lines, pids.len()), (4 * 200, 5), "{log}");
            assert!(log.contains("C_Login: PIN_INCORRECT"));
            assert!(log.contains("keyhold.sock: cannot connect: "), "{log}");
            for secret in [WRONG, DATA] {
                let secret = std::str::from_utf8(secret).unwrap();
                assert!(!log.contains(secret), "{log}");
            }
        },
    );
}
