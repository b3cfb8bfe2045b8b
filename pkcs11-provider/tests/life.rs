//! From `C_Initialize` to `C_Finalize`, often, from many threads at once, and while calls run.

use std::{
    ptr::null_mut,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use cryptoki_sys as ck;

use crate::common::{
    CONFIG, PIN, alone,
    api::plain,
    host::{self, Library},
    module_path,
};

/// How often what hosts may do again and again is done.
const TIMES: u32 = 10_000;

/// Runs the body many times and fails when the process has more of anything afterwards than after the first hundred.
fn leaves_nothing(mut body: impl FnMut(u32)) {
    (0..100).for_each(&mut body);
    let look = || (host::descriptors().len(), host::status("Threads"));
    std::thread::sleep(std::time::Duration::from_millis(200));
    let (before, memory) = (look(), host::status("VmRSS"));
    (100..TIMES).for_each(&mut body);
    // The responder's own threads and connections take a moment to end.
    for _ in 0..500 {
        if look() != before {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
    assert_eq!(look(), before, "descriptors and threads");
    let grown = host::status("VmRSS").saturating_sub(memory);
    // A hundred bytes each would be a megabyte.
    assert!(grown < 900, "the process has grown by {grown} KiB");
}

#[test]
fn ten_thousand_lives_leave_nothing() {
    alone(
        "life::ten_thousand_lives_leave_nothing",
        CONFIG,
        |fake, api| {
            leaves_nothing(|round| {
                api.initialise();
                // Most hosts look around and go; some work and leave their session open.
                if round.is_multiple_of(50) {
                    let session = api.open(true);
                    assert_eq!(api.login(session, ck::CKU_USER, PIN), ck::CKR_OK);
                    fake.take_requests();
                    fake.forget_connections();
                }
                assert_eq!(call!(api, C_Finalize(null_mut())), ck::CKR_OK);
            });
        },
    );
}

#[test]
fn ten_thousand_loads_leave_nothing() {
    let path = module_path();
    leaves_nothing(|_| {
        let library = Library::open(&path);
        // SAFETY: the function takes one pointer and returns a number.
        let initialise: extern "C" fn(usize) -> u64 =
            unsafe { std::mem::transmute(library.symbol("C_Initialize")) };
        // SAFETY: as above.
        let finalise: extern "C" fn(usize) -> u64 =
            unsafe { std::mem::transmute(library.symbol("C_Finalize")) };
        assert_eq!((initialise(0), finalise(0)), (ck::CKR_OK, ck::CKR_OK));
    });
}

#[test]
fn of_those_who_race_one_initialises_and_one_finalises() {
    alone(
        "life::of_those_who_race_one_initialises_and_one_finalises",
        CONFIG,
        |_, api| {
            let race = |function: &(dyn Fn() -> u64 + Sync), other| {
                let first = AtomicU64::new(0);
                let barrier = std::sync::Barrier::new(8);
                std::thread::scope(|scope| {
                    for _ in 0..8 {
                        scope.spawn(|| {
                            barrier.wait();
                            match function() {
                                ck::CKR_OK => _ = first.fetch_add(1, Ordering::AcqRel),
                                rv => assert_eq!(rv, other),
                            }
                        });
                    }
                });
                assert_eq!(first.into_inner(), 1);
            };
            for _ in 0..200 {
                race(
                    &|| call!(api, C_Initialize(null_mut())),
                    ck::CKR_CRYPTOKI_ALREADY_INITIALIZED,
                );
                race(
                    &|| call!(api, C_Finalize(null_mut())),
                    ck::CKR_CRYPTOKI_NOT_INITIALIZED,
                );
            }
        },
    );
}

#[test]
fn calls_that_are_finalised_away_say_so() {
    alone(
        "life::calls_that_are_finalised_away_say_so",
        CONFIG,
        |_, api| {
            for round in 0..30 {
                let session = api.ready();
                let (_, private) = api.p384(session, &format!("{round}"));
                let over = AtomicBool::new(false);
                let begun = std::sync::Barrier::new(7);
                std::thread::scope(|scope| {
                    for _ in 0..6 {
                        scope.spawn(|| {
                            let own = api.open(false);
                            begun.wait();
                            loop {
                                let was_over = over.load(Ordering::Acquire);
                                let signed =
                                    api.sign(own, &mut plain(ck::CKM_ECDSA), private, &[7; 48]);
                                match signed {
                                    Ok(_) => assert!(!was_over),
                                    Err(rv) => {
                                        assert_eq!(rv, ck::CKR_CRYPTOKI_NOT_INITIALIZED);
                                        break;
                                    }
                                }
                            }
                        });
                    }
                    begun.wait();
                    std::thread::sleep(std::time::Duration::from_millis(5 + round % 7));
                    assert_eq!(call!(api, C_Finalize(null_mut())), ck::CKR_OK);
                    over.store(true, Ordering::Release);
                });
            }
        },
    );
}
