//! Fork: a child begins anew or goes on, by the interface, on connections of its own; its parent does not notice.

use std::{
    ptr::null_mut,
    sync::atomic::{AtomicBool, Ordering},
};

use cryptoki_sys as ck;

use crate::common::{
    Api, CONFIG, PIN, alone,
    api::{mechanism, number, plain},
    host::{self, in_child},
    keys::sha256,
    module_path,
};

fn sockets() -> usize {
    let open = host::descriptors();
    open.iter()
        .filter(|link| link.starts_with("socket:"))
        .count()
}

#[test]
fn a_child_sees_a_module_that_is_not_initialised() {
    alone(
        "fork::a_child_sees_a_module_that_is_not_initialised",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let (_, private) = api.p384(session, "k");
            let mut info = ck::CK_INFO::default();
            assert!(in_child(|| {
                let not = ck::CKR_CRYPTOKI_NOT_INITIALIZED;
                call!(api, C_GetInfo(&raw mut info)) == not
                    && call!(api, C_CloseSession(session)) == not
                    && call!(api, C_Finalize(null_mut())) == not
            }));
            assert!(
                api.sign(session, &mut plain(ck::CKM_ECDSA), private, &[7; 48])
                    .is_ok()
            );
        },
    );
}

#[test]
fn a_child_that_initialises_has_everything_of_its_own() {
    alone(
        "fork::a_child_that_initialises_has_everything_of_its_own",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let (_, private) = api.p384(session, "k");
            assert!(in_child(|| {
                let before = sockets();
                api.initialise();
                // The responder's own ends are the parent's business and stay; the module's connection is closed.
                assert!(sockets() < before, "what was inherited is closed");
                assert_eq!(
                    call!(api, C_CloseSession(session)),
                    ck::CKR_SESSION_HANDLE_INVALID
                );
                let own = api.open(true);
                assert_eq!(api.login(own, ck::CKU_USER, PIN), ck::CKR_OK);
                let found = api.find(
                    own,
                    &[
                        (ck::CKA_LABEL, b"k".to_vec()),
                        (ck::CKA_CLASS, ck::CKO_PRIVATE_KEY.to_ne_bytes().to_vec()),
                    ],
                );
                assert!(
                    api.sign(own, &mut plain(ck::CKM_ECDSA), found[0], &[7; 48])
                        .is_ok()
                );
                assert!(in_child(|| {
                    api.initialise();
                    let grandchild = api.open(false);
                    api.login(grandchild, ck::CKU_USER, PIN) == ck::CKR_OK
                }));
                assert!(
                    api.sign(own, &mut plain(ck::CKM_ECDSA), found[0], &[7; 48])
                        .is_ok()
                );
                call!(api, C_Finalize(null_mut())) == ck::CKR_OK
            }));
            assert!(
                api.sign(session, &mut plain(ck::CKM_ECDSA), private, &[7; 48])
                    .is_ok()
            );
            assert_eq!(call!(api, C_Finalize(null_mut())), ck::CKR_OK);
        },
    );
}

#[test]
fn a_child_forked_while_others_are_inside_calls_is_not_stuck() {
    alone(
        "fork::a_child_forked_while_others_are_inside_calls_is_not_stuck",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let (_, private) = api.p384(session, "k");
            let done = AtomicBool::new(false);
            let sign = |session| api.sign(session, &mut plain(ck::CKM_ECDSA), private, &[7; 48]);
            std::thread::scope(|scope| {
                let while_others = |body: fn(&Api)| {
                    let done = &done;
                    scope.spawn(move || {
                        while !done.load(Ordering::Acquire) {
                            body(api);
                        }
                    });
                };
                // Whatever lock the module has is held by somebody most of the time.
                while_others(|api| assert_eq!(call!(api, C_CloseSession(api.open(false))), 0));
                while_others(|api| {
                    let own = api.open(true);
                    assert!(!api.find(own, &[(ck::CKA_LABEL, b"k".to_vec())]).is_empty());
                    api.login(own, ck::CKU_USER, PIN);
                    assert_eq!(call!(api, C_CloseSession(own)), 0);
                });
                scope.spawn(|| {
                    let own = api.open(false);
                    while !done.load(Ordering::Acquire) {
                        sign(own).unwrap();
                    }
                });
                for _ in 0..40 {
                    assert!(in_child(|| {
                        let not = ck::CKR_CRYPTOKI_NOT_INITIALIZED;
                        assert_eq!(call!(api, C_CloseSession(session)), not);
                        api.initialise();
                        let own = api.open(true);
                        api.login(own, ck::CKU_USER, PIN) == ck::CKR_OK
                            && call!(api, C_Finalize(null_mut())) == ck::CKR_OK
                    }));
                }
                done.store(true, Ordering::Release);
            });
            sign(session).unwrap();
        },
    );
}

#[test]
fn the_end_of_a_child_leaves_the_parents_objects_alone() {
    alone(
        "fork::the_end_of_a_child_leaves_the_parents_objects_alone",
        CONFIG,
        |fake, api| {
            let session = api.ready();
            let size = [number(ck::CKA_VALUE_LEN, 32)];
            let key = api.generate(session, ck::CKM_AES_KEY_GEN, &size).unwrap();
            assert!(in_child(|| {
                // A child that knows nothing of the module, and one that ends in the middle of its own work.
                in_child(|| true)
                    && in_child(|| {
                        api.initialise();
                        let own = api.open(true);
                        assert_eq!(api.login(own, ck::CKU_USER, PIN), ck::CKR_OK);
                        api.generate(own, ck::CKM_AES_KEY_GEN, &size).is_ok()
                    })
            }));
            assert!(in_child(|| {
                api.initialise();
                let own = api.open(true);
                assert_eq!(api.login(own, ck::CKU_USER, PIN), ck::CKR_OK);
                api.generate(own, ck::CKM_AES_KEY_GEN, &size).unwrap();
                call!(api, C_CloseAllSessions(0)) == ck::CKR_OK
                    && call!(api, C_Finalize(null_mut())) == ck::CKR_OK
            }));
            assert_eq!(api.get(session, key, ck::CKA_VALUE_LEN).unwrap().len(), 8);
            fake.take_requests();
            let mut iv = [7_u8; 16];
            let mut cbc = mechanism(ck::CKM_AES_CBC_PAD, Some(&mut iv));
            assert_eq!(
                call!(api, C_EncryptInit(session, &raw mut cbc, key)),
                ck::CKR_OK
            );
            let mut data = *b"data";
            let encrypted = api.two_calls(|out, length| {
                call!(api, C_Encrypt(session, data.as_mut_ptr(), 4, out, length))
            });
            assert_eq!(encrypted.unwrap().len(), 16);
            assert_eq!(call!(api, C_CloseSession(session)), ck::CKR_OK);
        },
    );
}

#[test]
fn pkcs11_tool_forks() {
    alone("fork::pkcs11_tool_forks", CONFIG, |_, _| {
        let tool = std::process::Command::new("pkcs11-tool")
            .arg("--module")
            .arg(module_path())
            .arg("--test-fork")
            .output();
        // Where the tool is installed; the tests of the whole system insist that it is.
        let Ok(output) = tool else { return };
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(output.status.success(), "{said}");
        assert!(!said.contains("rv ="), "{said}");
    });
}

#[test]
fn a_child_of_the_fork_safe_interface_goes_on() {
    alone(
        "fork::a_child_of_the_fork_safe_interface_goes_on",
        CONFIG,
        |fake, _| {
            let api = &Api::fork_safe();
            let session = api.ready();
            let (_, private) = api.p384(session, "k");
            let template = [number(ck::CKA_VALUE_LEN, 32)];
            let secret = api
                .generate(session, ck::CKM_AES_KEY_GEN, &template)
                .unwrap();
            let mut sha = plain(ck::CKM_SHA256);
            assert_eq!(call!(api, C_DigestInit(session, &raw mut sha)), ck::CKR_OK);
            let part = b"message".as_ptr().cast_mut();
            assert_eq!(call!(api, C_DigestUpdate(session, part, 3)), ck::CKR_OK);
            let finish = || {
                // SAFETY: the part has four bytes more.
                let rest = unsafe { part.add(3) };
                call!(api, C_DigestUpdate(session, rest, 4)) == ck::CKR_OK
                    && api
                        .two_calls(|out, length| call!(api, C_DigestFinal(session, out, length)))
                        .is_ok_and(|digest| digest == sha256(&[b"message"]))
            };
            let sign = || api.sign(session, &mut plain(ck::CKM_ECDSA), private, &[7; 48]);
            let before = sockets();
            assert!(in_child(|| {
                assert!(sockets() < before, "what was inherited is closed");
                let mut info = ck::CK_SESSION_INFO::default();
                assert_eq!(
                    call!(api, C_GetSessionInfo(session, &raw mut info)),
                    ck::CKR_OK
                );
                assert_eq!(info.state, ck::CKS_RW_USER_FUNCTIONS);
                assert!(finish(), "operations go on");
                assert!(sign().is_ok(), "token objects have their handles");
                let own = api
                    .generate(session, ck::CKM_AES_KEY_GEN, &template)
                    .unwrap();
                assert!(![private, secret].contains(&own));
                assert!(in_child(|| sign().is_ok()), "so do they in a grandchild");
                assert_eq!(
                    call!(api, C_Initialize(null_mut())),
                    ck::CKR_CRYPTOKI_ALREADY_INITIALIZED
                );
                call!(api, C_CloseSession(session)) == ck::CKR_OK
                    && call!(api, C_Finalize(null_mut())) == ck::CKR_OK
            }));
            assert!(finish(), "the parent's operations go on too");
            assert!(sign().is_ok());
            // The child's own session object went with its session, the parent's did not.
            assert_eq!(
                api.get(session, secret, ck::CKA_VALUE_LEN),
                Ok(number(0, 32).1)
            );
            let mut ecb = plain(ck::CKM_AES_ECB);
            assert_eq!(
                call!(api, C_EncryptInit(session, &raw mut ecb, secret)),
                ck::CKR_OK
            );
            let encrypted = api.two_calls(|out, length| {
                let block = [0_u8; 16].as_ptr().cast_mut();
                call!(api, C_Encrypt(session, block, 16, out, length))
            });
            assert!(encrypted.is_ok());
            assert_eq!(fake.state.lock().unwrap().objects.len(), 3);
            assert_eq!(call!(api, C_CloseSession(session)), ck::CKR_OK);
            assert_eq!(fake.state.lock().unwrap().objects.len(), 2);
        },
    );
}

#[test]
fn a_childs_login_is_its_own() {
    alone("fork::a_childs_login_is_its_own", CONFIG, |_, _| {
        let api = &Api::fork_safe();
        let session = api.ready();
        let (_, private) = api.p384(session, "k");
        let sign = || api.sign(session, &mut plain(ck::CKM_ECDSA), private, &[7; 48]);
        assert!(in_child(|| {
            call!(api, C_DestroyObject(session, 9999)) == ck::CKR_OBJECT_HANDLE_INVALID
                && call!(api, C_Logout(session)) == ck::CKR_OK
                && sign() == Err(ck::CKR_KEY_HANDLE_INVALID)
        }));
        assert!(sign().is_ok(), "the parent stays logged in");
        assert_eq!(call!(api, C_Finalize(null_mut())), ck::CKR_OK);
        // The other interface's rules hold again for whoever initialises by it.
        let plain_api = Api::load(&module_path());
        plain_api.initialise();
        assert!(in_child(|| {
            let mut info = ck::CK_INFO::default();
            call!(api, C_GetInfo(&raw mut info)) == ck::CKR_CRYPTOKI_NOT_INITIALIZED
        }));
    });
}

#[test]
fn children_forked_while_others_work_go_on() {
    alone(
        "fork::children_forked_while_others_work_go_on",
        CONFIG,
        |_, _| {
            let api = &Api::fork_safe();
            let session = api.ready();
            let (_, private) = api.p384(session, "k");
            let done = AtomicBool::new(false);
            std::thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        while !done.load(Ordering::Acquire) {
                            let own = api.open(false);
                            api.sign(own, &mut plain(ck::CKM_ECDSA), private, &[7; 48])
                                .unwrap();
                            assert_eq!(call!(api, C_CloseSession(own)), ck::CKR_OK);
                        }
                    });
                }
                for _ in 0..20 {
                    assert!(in_child(|| {
                        let own = api.open(false);
                        api.sign(own, &mut plain(ck::CKM_ECDSA), private, &[7; 48])
                            .is_ok()
                            && call!(api, C_Finalize(null_mut())) == ck::CKR_OK
                    }));
                }
                done.store(true, Ordering::Release);
            });
        },
    );
}
