//! The suite pkcs11-check on the module with a daemon behind it, in a long run: what it asks about security, and all of it.
//! `tests/setup/pkcs11-check` fetches it. Whatever fails stands here with its reason.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path, process::Command};

use keyhold_tests::{
    Appliance, Backend, PIN,
    programs::{module, output, root, text},
};
use serde_json::Value;

/// The security officer's PIN of an appliance that `keyhold dev` set up.
const SO_PIN: &str = "12345678";

/// What came of a test, as the suite has it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Passed,
    /// The module differs from what the suite expects, in a way that it calls no fault.
    Differs(String),
    Failed(String),
    /// The module does not have what is tested, or the suite lacks its vectors.
    LeftOut,
}

/// A test that may fail or differ, and why; with a star at its end, all whose names begin so.
type Exception = (&'static str, &'static str);

const IMPLICIT_REJECTION: &str = "ciphertexts that are broken decrypt to what nobody can tell from a message, so that there \
    is no oracle; the suite would rather have an error";
const EXISTS_ONCE: &str =
    "a key that is locked exists once, so a token's copy of a token's key is refused";
const SHOWN: &str = "wraps a key that is sensitive, since nothing else was said, under one that somebody could read it by: \
    one that also decrypts data, or a public one";
const TO_EACH_MESSAGE: &str =
    "NSS begins a message operation without a parameter, and each message has its own, whole";
const WRAPS_ALONE: &str = "wraps by CBC, or under an IV of its own, with a key that does nothing but wrap, and so keeps sensitive \
    keys";
const REFUSED_BEFORE: &str = "the key does not leave: it is refused before the second step";

/// What may fail, and why this is right.
const FAILURES: &[Exception] = &[
    (
        "ckr/test_ckr_v32_raw.py::TestAsyncErrors::*",
        "hands over a name of another type than the suite has declared for it, so that Python does not make the call",
    ),
    (
        "security/test_api_security.py::TestWrapStrengthDowngrade::test_aes256_wrapped_under_aes128_note",
        "the key does not leave under a shorter one, with CKR_WRAPPING_KEY_SIZE_RANGE, which the suite does not expect",
    ),
    (
        "security/test_padding_oracle.py::TestRSAPaddingOracle::test_pkcs1v15_bleichenbacher_structured_oracle",
        IMPLICIT_REJECTION,
    ),
    (
        "security/test_public_session_private_creation.py::TestPublicSessionPrivateCreation::test_public_cannot_unwrap_*",
        SHOWN,
    ),
    (
        "security/test_scalar_attr_length_extended.py::TestBoolOverlongInUnwrapCopy::test_op_permission_bool_overlong_in_unwrap",
        SHOWN,
    ),
    (
        "test_key_lifecycle.py::TestAESKeyWrapLifecycle::test_aes_wrapped_key_functional",
        SHOWN,
    ),
    (
        "test_rsa_key_wrapping.py::TestWrappedKeyUsability::test_unwrapped_key_encrypts",
        SHOWN,
    ),
    (
        "test_sp800_108_kdf.py::*",
        "says of a base key only that it is not sensitive, and then wants what may leave of one that may not",
    ),
    (
        "test_hkdf_extended.py::TestHKDFData::*",
        "makes data, which can be read, of a key that is sensitive, since nothing else was said",
    ),
    (
        "test_mech_negative.py::TestMissingPermission::test_registry_unwrap_without_flag[AES_CBC_PAD]",
        WRAPS_ALONE,
    ),
    (
        "test_mech_negative.py::TestMissingPermission::test_registry_unwrap_without_flag[AES_GCM]",
        WRAPS_ALONE,
    ),
    (
        "test_mech_message.py::TestRegistryMessageBadParameters::test_registry_message_encrypt_missing_*",
        TO_EACH_MESSAGE,
    ),
    (
        "test_mech_message.py::TestRegistryMessageBadParameters::test_registry_message_decrypt_missing_*",
        TO_EACH_MESSAGE,
    ),
    (
        "test_v30_session.py::TestSessionCancel::test_cancel_after_digest_init_subprocess",
        "cancels nothing, which PKCS #11 3.1 §5.6.6 says changes nothing, and then expects that the digest has ended",
    ),
    (
        "test_mech_negative.py::TestEdDSAParameters::test_eddsa_edwards448_*",
        "programs leave the parameter of Ed448 out, and mean what they get",
    ),
];

/// What in the suite's part about security may differ, and why this is right.
const DIFFERENCES: &[Exception] = &[
    (
        "security/test_error_path_rsa.py::TestRsaPkcsDecryptErrorPaths::*",
        IMPLICIT_REJECTION,
    ),
    (
        "security/test_error_path_kwp.py::*",
        "unwraps by a template whose flags have eight bytes, which is an error of its own, or decrypts by what only wraps",
    ),
    (
        "security/test_aes_keywrap_pad_overflow.py::*",
        "encrypts by a mechanism that only wraps",
    ),
    (
        "security/test_handle_reuse.py::TestHandleReuseAfterDestroy::test_wrap_after_destroy",
        "the key that is gone is the one that wraps, and the error says so",
    ),
    (
        "security/test_kdf_output_cap.py::*",
        "derives from a key that does not say that it derives",
    ),
    (
        "security/test_cve_regression.py::TestECDSATimingBasic::*",
        "times calls on a busy machine, and says itself that this tells nothing",
    ),
    (
        "security/test_cve_regression.py::TestCKATrusted::test_create_trusted_data_object",
        "what is trusted the security officer says, which is an error of its own",
    ),
    (
        "security/test_parameter_validation.py::TestXtsKeyValidation::test_xts_identical_keys",
        "brings an AES key where the mechanism takes XTS keys alone, which is an error of its own",
    ),
    (
        "security/test_scalar_attr_length_extended.py::*",
        "the value is refused, by another of the standard's codes",
    ),
    (
        "security/test_curve_oid_confusion.py::*",
        "a curve that is not known is not supported, which is an error of its own",
    ),
    (
        "security/test_api_security.py::TestWrapDecryptOracle::*",
        REFUSED_BEFORE,
    ),
    ("security/test_tookan.py::*", REFUSED_BEFORE),
    (
        "security/test_operation_state_uaf.py::*",
        "the key is gone, so the test does not come to its point",
    ),
    (
        "security/test_secret_key_value_len.py::*",
        "the key is refused, so the test does not come to its point",
    ),
    (
        "test_access_control.py::TestCopyObject::test_copy_token_object_stays_token",
        EXISTS_ONCE,
    ),
    (
        "test_errors.py::TestInvalidOperations::test_decrypt_garbage",
        IMPLICIT_REJECTION,
    ),
];

fn is_of(test: &str, name: &str) -> bool {
    match name.strip_suffix('*') {
        Some(beginning) => test.starts_with(beginning),
        None => test == name,
    }
}

/// The outcomes of the tests with these marks, by their names.
fn run(marks: &str, seconds: u32) -> BTreeMap<String, Outcome> {
    let appliance = Appliance::start(Backend::Embedded);
    let log = appliance.scratch().join("report.jsonl");
    let home = root().join("target/pkcs11-check/venv");
    let python = home.join("bin/python");
    assert!(
        python.exists(),
        "{} is missing; `tests/setup/pkcs11-check` makes it",
        python.display()
    );
    let seconds = seconds.to_string();
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", &seconds]).arg(python);
    // Where it was installed, Python alone knows: the folder has its version in its name.
    let start = "import pathlib, sys, pytest, pkcs11_check as own\n\
        sys.exit(pytest.main([*sys.argv[1:], str(pathlib.Path(own.__file__).parent / 'testcases')]))";
    command.args([
        "-c",
        start,
        "-q",
        "-p",
        "no:cacheprovider",
        "--timeout=180",
        "-m",
        marks,
    ]);
    command.arg("--p11-module").arg(module());
    command.arg(format!("--report-log={}", log.display()));
    command
        .env("P11TEST_PIN", PIN)
        .env("P11TEST_SO_PIN", SO_PIN);
    appliance.environment(&mut command);
    command.current_dir(appliance.scratch());
    let ended = output(&mut command);
    // 0 and 1 are pytest's own; a crash of the module, which is in its process, is neither.
    let whole = matches!(ended.status.code(), Some(0 | 1));
    assert!(
        whole,
        "{}\n{}\n{}",
        ended.status,
        text(&ended.stdout),
        text(&ended.stderr)
    );
    outcomes(&log)
}

fn outcomes(log: &Path) -> BTreeMap<String, Outcome> {
    let mut all = BTreeMap::new();
    for line in fs::read_to_string(log).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if line["$report_type"] != "TestReport" {
            continue;
        }
        let name = line["nodeid"].as_str().unwrap();
        let name = name.split_once("testcases/").map_or(name, |(_, name)| name);
        let outcome = match (line["outcome"].as_str().unwrap(), &line["wasxfail"]) {
            ("skipped", Value::String(said)) => Outcome::Differs(said.clone()),
            ("skipped", _) => Outcome::LeftOut,
            ("failed", _) => Outcome::Failed(line["longrepr"].to_string()),
            // What came before and after a test is told only where it did not go well.
            _ if line["when"] != "call" => continue,
            _ => Outcome::Passed,
        };
        all.insert(name.to_owned(), outcome);
    }
    all
}

/// Fails where a test failed, or one about security differs, without an exception; returns how many passed.
fn check(all: &BTreeMap<String, Outcome>) -> usize {
    let mut wrong = String::new();
    let mut counts = [0; 4];
    for (test, outcome) in all {
        let excused = |list: &[Exception]| list.iter().any(|(name, _)| is_of(test, name));
        let (place, said) = match outcome {
            Outcome::Passed => (0, None),
            Outcome::Failed(said) => (1, (!excused(FAILURES)).then_some(said)),
            Outcome::Differs(said) => {
                let matters = test.starts_with("security/") && !excused(DIFFERENCES);
                (2, matters.then_some(said))
            }
            Outcome::LeftOut => (3, None),
        };
        counts[place] += 1;
        if let Some(said) = said {
            writeln!(wrong, "{test}: {said}").unwrap();
        }
    }
    let [passed, failed, differ, left] = counts;
    let line =
        format!("pkcs11-check: {passed} passed, {failed} failed, {differ} differ, {left} left out");
    println!("{line}");
    assert!(wrong.is_empty(), "{line}\n{wrong}");
    passed
}

/// Whether the run has time for this; `tests/setup/pkcs11-check` is part of no other.
fn is_long() -> bool {
    let is = std::env::var_os("KEYHOLD_TEST_LONG").is_some();
    if !is {
        eprintln!("left out: KEYHOLD_TEST_LONG=1 runs it");
    }
    is
}

#[test]
fn what_it_asks_about_security() {
    if is_long() {
        let passed = check(&run("security and not subprocess and not slow", 600));
        assert!(passed > 250, "{passed}");
    }
}

#[test]
fn all_that_it_asks() {
    if is_long() {
        let passed = check(&run("not slow", 2400));
        assert!(passed > 2400, "{passed}");
    }
}
