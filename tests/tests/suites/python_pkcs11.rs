//! The tests of python-pkcs11, which run on SoftHSM2 and openCryptoki at home.

use std::path::Path;

use keyhold_tests::{
    Appliance, PIN, Token,
    programs::{output, python, text},
};
use serde_json::Value;

use super::{
    SO_PIN, appliance, module_named, on, patient, suites,
    tally::{Exception, Outcome, Tally},
};

/// Under this name the suite asks for everything that it knows of; under others it leaves out what it knows of SoftHSM2
/// alone.
const NAME: &str = "libsofthsm2.so";

fn tally(appliance: &Appliance) -> Tally {
    let token = Token::new();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suites/run.py");
    let folder = suites().join("python-pkcs11");
    let mut command = patient(&python());
    command.arg(script);
    command.arg(folder.join("tests")).arg(&folder);
    command.env("PKCS11_MODULE", module_named(NAME, &appliance.scratch()));
    command.env("PKCS11_TOKEN_LABEL", "dev");
    command.env("PKCS11_TOKEN_PIN", PIN);
    command.env("PKCS11_TOKEN_SO_PIN", SO_PIN);
    // It loads a second module beside the first.
    command.env("PKCS11_MODULE2", Token::library());
    token.environment(&mut command);
    let output = output(on(appliance, &mut command));
    let mut tally = Tally::default();
    for line in text(&output.stdout).lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let word = |name: &str| line[name].as_str().unwrap().to_owned();
        let outcome = match line["outcome"].as_str() {
            Some("passed") => Outcome::Passed,
            Some("skipped") => Outcome::Skipped(word("said")),
            _ => Outcome::Failed(word("said")),
        };
        tally.note(word("test"), outcome);
    }
    assert!(output.status.success(), "{}", text(&output.stderr));
    tally
}

const NO_GROUPS: &str =
    "wants prime groups of its own, where the daemon makes keys in the well-known ones";
const NO_DSA: &str = "makes DSA keys or parameters, and FIPS 186-5 has no DSA any more";

/// What fails, or is left out, and why.
const EXCEPTIONS: &[Exception] = &[
    Exception::skipped("tests.test_dh.DHTests.test_derive_key", NO_GROUPS),
    Exception::skipped("tests.test_dh.DHTests.test_generate_params", NO_GROUPS),
    Exception::skipped("tests.test_dsa.DSATests.*", NO_DSA),
    Exception::failing(
        "tests.test_ecc.ECCTests.test_import_key_params",
        "curves are taken by their names, not by numbers that may make any other curve",
    ),
    Exception::failing(
        "tests.test_x509.X509Tests.test_verify_certificate_rsa",
        "verifies by an RSA key of 512 bits",
    ),
    Exception::skipped("tests.test_aes.AESTests.test_derive_using_*", NO_DERIVATION),
    Exception::skipped(
        "tests.test_aes.AESTests.test_encrypt_with_key_derived_using_*",
        NO_DERIVATION,
    ),
    Exception::failing(
        "tests.test_ml_kem.MLKEMTests.test_encapsulate_decapsulate_1_AES_128",
        "wants 128 of the 256 bits of ML-KEM's secret, and a secret is kept whole",
    ),
];

const NO_DERIVATION: &str =
    "derives by encrypting data, which shows the new key to whoever may encrypt with the base key";

#[test]
fn everything() {
    tally(&appliance()).check("python-pkcs11", 135, EXCEPTIONS);
}
