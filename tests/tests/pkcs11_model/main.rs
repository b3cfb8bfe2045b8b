//! No key leaves by any sequence of calls: sequences of chance against the real module and a live daemon, held against a
//! model of what may be.
//!
//! After every call it is looked for keys that were never to be told in all that came back ([`watch`]), in what
//! somebody computes of it who has keys of his own ([`offline`]); attributes and codes are those of [`model`]. A failing
//! sequence is made as short as it gets, told, and kept in `regressions.txt`, which is played first from then on.
//! `KEYHOLD_TEST_LONG` plays more; `PROPTEST_CASES` and `PROPTEST_RNG_SEED` say how many, and which.

mod call;
mod crypto;
mod handling;
mod kind;
mod life;
mod model;
mod offline;
mod play;
mod using;
mod watch;

use std::env;

use keyhold_tests::{
    Appliance, Backend,
    api::{Api, with_module},
};
use proptest::{
    prelude::*,
    test_runner::{FileFailurePersistence, TestError, TestRunner},
};

use self::{offline::Attacker, play::World};

/// How many calls a sequence has, on the average.
const CALLS: usize = 40;

fn config() -> ProptestConfig {
    let given = ProptestConfig::default();
    let cases = if env::var_os("PROPTEST_CASES").is_some() {
        given.cases
    } else if env::var_os("KEYHOLD_TEST_LONG").is_some() {
        6_000
    } else {
        60
    };
    ProptestConfig {
        cases,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "tests/pkcs11_model/regressions.txt",
        ))),
        max_shrink_time: 60_000,
        ..given
    }
}

fn played(api: &Api, attacker: &Attacker) {
    let sequences = prop::collection::vec(call::any_call(), 1..2 * CALLS);
    let outcome = TestRunner::new(config()).run(&sequences, |sequence| {
        let mut world = World::begin(api, attacker);
        for call in &sequence {
            world.play(call);
        }
        world.end();
        Ok(())
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, sequence)) => {
            let calls: Vec<_> = sequence.iter().map(|call| format!("{call:?}")).collect();
            panic!("{reason}\nafter\n{}", calls.join("\n"));
        }
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

#[test]
fn no_sequence_of_calls_tells_a_key() {
    with_module(
        || Appliance::start(Backend::Embedded),
        |api| played(api, &Attacker::new()),
    );
}
