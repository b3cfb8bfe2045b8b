//! The integration tests of the crate `cryptoki`, each in a process of its own: they initialise the token and the library.

use std::path::Path;

use keyhold_tests::{
    Appliance,
    programs::{module, output, text},
};

use super::{
    appliance, on, patient, program,
    tally::{Exception, Outcome, Tally},
};

/// Tests that ask for what another module lacks unless they are told that it is that one.
const AS_SOFTHSM: &[&str] = &[
    // A module that knows of slot events is expected to fail at them.
    "get_slot_event",
];

/// Tests that are not run, and why.
const NOT_RUN: &[(&str, &str)] = &[(
    "wait_for_slot_event",
    "expects that nobody can wait for an event, and waits for ever where that is served",
)];

fn run(appliance: &Appliance, program: &Path, arguments: &[&str]) -> (bool, String) {
    let mut command = patient(program);
    command.args(arguments).env("TEST_PKCS11_MODULE", module());
    if arguments.iter().any(|one| AS_SOFTHSM.contains(one)) {
        command.env("TEST_PRETEND_LIBRARY", "softhsm");
    }
    let output = output(on(appliance, &mut command));
    let said = text(&output.stdout) + &text(&output.stderr);
    (output.status.success(), said)
}

/// The tests of a program, and of these the ones that it leaves out by itself.
fn names(appliance: &Appliance, program: &Path, arguments: &[&str]) -> Vec<String> {
    let (_, said) = run(appliance, program, arguments);
    said.lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .map(str::to_owned)
        .collect()
}

fn suite(name: &str, passed: usize, exceptions: &[Exception]) {
    let appliance = appliance();
    let program = program(name);
    let ignored = names(&appliance, &program, &["--list", "--ignored"]);
    let mut tally = Tally::default();
    for test in names(&appliance, &program, &["--list"]) {
        let not_run = NOT_RUN.iter().find(|(own, _)| *own == test);
        let outcome = if let Some((_, why)) = not_run {
            Outcome::Skipped((*why).to_owned())
        } else if ignored.contains(&test) {
            Outcome::Skipped("marked as ignored".to_owned())
        } else {
            let (passed, said) = run(&appliance, &program, &["--exact", &test, "--nocapture"]);
            match said.find("SKIP") {
                _ if !passed => Outcome::Failed(said),
                Some(at) => Outcome::Skipped(said[at..].lines().next().unwrap_or_default().into()),
                None => Outcome::Passed,
            }
        };
        tally.note(test, outcome);
    }
    tally.check(name, passed, exceptions);
}

const NO_DERIVATION: &str =
    "what shows a base key piece by piece is not served, nor are keys of less than 112 bits";
const NO_KEY: &str = "brings an RSA public key whose modulus is 2^8192 - 1, which 3 divides";
const IGNORED: &str = "the suite itself leaves it out";

/// What of `basic` fails, or is left out, and why.
const OF_BASIC: &[Exception] = &[
    Exception::failing("derive_key_concatenation_*", NO_DERIVATION),
    Exception::failing("derive_key_extract_from_key", NO_DERIVATION),
    Exception::failing("derive_key_xor_key_and_data", NO_DERIVATION),
    Exception::failing("ekdf_aes_cbc_encrypt_data", NO_DERIVATION),
    Exception::failing("import_export", NO_KEY),
    Exception::skipped("kbkdf_additional_keys_double_pipeline_mode", IGNORED),
    Exception::failing("kbkdf_additional_keys_*", NO_DERIVATION),
    Exception::skipped("kbkdf_double_pipeline_mode", IGNORED),
    Exception::failing("ro_rw_session_test", NO_KEY),
    Exception::failing(
        "unique_id",
        "expects CKR_ATTRIBUTE_TYPE_INVALID; PKCS #11 3.2 §4.4.1 has CKR_ATTRIBUTE_READ_ONLY",
    ),
    Exception::skipped(
        "wait_for_slot_event",
        "expects that nobody can wait for an event, and waits for ever where that is served",
    ),
    Exception::failing(
        "wrap_and_unwrap_key*",
        "wraps under a public key what is sensitive unless the template says otherwise",
    ),
];

#[test]
fn basic() {
    suite("basic", 60, OF_BASIC);
}

#[test]
fn allowed_mechanisms() {
    suite("allowed_mechanisms", 5, &[]);
}

#[test]
fn ml_dsa() {
    suite("ml_dsa", 4, &[]);
}

#[test]
fn ml_kem() {
    suite("ml_kem", 1, &[]);
}

#[test]
fn slh_dsa() {
    suite("slh_dsa", 4, &[]);
}

#[test]
fn wycheproof() {
    suite("wycheproof", 2, &[]);
}
