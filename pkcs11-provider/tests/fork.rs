//! Fork: a child begins anew, on connections of its own, and its parent does not notice.

use std::ptr::null_mut;

use cryptoki_sys as ck;

use crate::common::{CONFIG, PIN, alone, api::plain};

unsafe extern "C" {
    fn fork() -> i32;
    fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
    fn _exit(status: i32) -> !;
}

/// Runs the body in a forked child and tells whether it held.
fn in_child(body: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child does nothing but call the module and end.
    let pid = unsafe { fork() };
    if pid == 0 {
        let held = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).unwrap_or(false);
        // SAFETY: ends the child without the test harness's own ending.
        unsafe { _exit(i32::from(!held)) };
    }
    let mut status = -1;
    // SAFETY: the child is this process's own.
    assert_eq!(unsafe { waitpid(pid, &raw mut status, 0) }, pid);
    status == 0
}

fn sockets() -> usize {
    std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .filter(|link| link.to_string_lossy().starts_with("socket:"))
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
fn a_child_forked_while_others_sign_is_not_stuck() {
    alone(
        "fork::a_child_forked_while_others_sign_is_not_stuck",
        CONFIG,
        |_, api| {
            let session = api.ready();
            let (_, private) = api.p384(session, "k");
            let done = std::sync::atomic::AtomicBool::new(false);
            std::thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        let own = api.open(false);
                        while !done.load(std::sync::atomic::Ordering::Acquire) {
                            api.sign(own, &mut plain(ck::CKM_ECDSA), private, &[7; 48])
                                .unwrap();
                        }
                    });
                }
                for _ in 0..10 {
                    assert!(in_child(|| {
                        api.initialise();
                        let own = api.open(true);
                        api.login(own, ck::CKU_USER, PIN) == ck::CKR_OK
                            && call!(api, C_Finalize(null_mut())) == ck::CKR_OK
                    }));
                }
                done.store(true, std::sync::atomic::Ordering::Release);
            });
        },
    );
}
