//! A PKCS#11 module as one more backend of the contract: SoftHSM2 and Kryoptic always, any other by name.

#[path = "../softhsm/mod.rs"]
pub(crate) mod softhsm;

use std::{fs, path::Path, process::Command};

use hsm::{
    CustodyMode, Hsm,
    module::{ModuleConfig, ModuleHsm, TokenName},
};
use kmip::Secret;

/// The module `KEYHOLD_TEST_MODULE` names, its token in `KEYHOLD_TEST_TOKEN`, the PIN in `KEYHOLD_TEST_PIN`.
pub(crate) fn open() -> Option<(&'static str, Box<dyn Hsm>)> {
    let token = std::env::var("KEYHOLD_TEST_TOKEN").ok()?;
    let hsm = ModuleHsm::open(&config(&token)?).expect("the module opens");
    Some(("module", Box::new(hsm)))
}

/// A token of the module that `KEYHOLD_TEST_MODULE` names.
pub(crate) fn config(token: &str) -> Option<ModuleConfig> {
    let path = std::env::var_os("KEYHOLD_TEST_MODULE")?;
    let pin = std::env::var("KEYHOLD_TEST_PIN").expect("KEYHOLD_TEST_PIN: its user's PIN");
    let token = TokenName::Label(token.to_owned());
    Some(ModuleConfig::new(
        path,
        token,
        Secret::from(pin.into_bytes()),
    ))
}

/// How locked keys are kept: wrapped where `KEYHOLD_TEST_CUSTODY` says so.
pub(crate) fn custody() -> CustodyMode {
    match std::env::var_os("KEYHOLD_TEST_CUSTODY") {
        Some(mode) if mode == "wrapped" => CustodyMode::Wrapped,
        _ => CustodyMode::Resident,
    }
}

/// The whole suite once more, in a child with a fresh SoftHSM2 token.
#[test]
fn the_contract_holds_on_softhsm() {
    holds_on_softhsm("resident");
}

/// And with locked keys that the token does not keep.
#[test]
fn the_contract_holds_on_softhsm_with_wrapped_keys() {
    holds_on_softhsm("wrapped");
}

fn holds_on_softhsm(custody: &str) {
    let path = softhsm::module();
    let path = path.to_str().expect("a path in UTF-8");
    let out = softhsm::run_again(
        &[softhsm::LABEL],
        &["--skip", "the_contract_holds_on"],
        &[
            ("KEYHOLD_TEST_MODULE", path),
            ("KEYHOLD_TEST_TOKEN", softhsm::LABEL),
            ("KEYHOLD_TEST_PIN", softhsm::PIN),
            ("KEYHOLD_TEST_CUSTODY", custody),
        ],
    );
    assert!(!out.contains(" 0 passed"), "the suite did not run:\n{out}");
}

/// The same in a child with a fresh token of Kryoptic.
#[test]
fn the_contract_holds_on_kryoptic() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = root.join("target/kryoptic/libkryoptic_pkcs11.so");
    assert!(path.exists(), "Kryoptic is missing: tests/setup/kryoptic");
    let folder = tempfile::tempdir().expect("a temporary directory");
    let config = folder.path().join("kryoptic.conf");
    let database = folder.path().join("token.sql");
    let text = format!("[[slots]]\nslot = 1\ndbtype = \"sqlite\"\ndbargs = {database:?}\n");
    fs::write(&config, text).expect("a configuration");
    for steps in [
        &["--init-token", "--label", softhsm::LABEL][..],
        &["--init-pin", "--login", "--login-type", "so", "--pin", PIN],
    ] {
        let mut tool = Command::new("pkcs11-tool");
        tool.env("KRYOPTIC_CONF", &config)
            .arg("--module")
            .arg(&path);
        softhsm::run(tool.args(["--so-pin", "87654321"]), steps);
    }
    let mut child = Command::new(std::env::current_exe().expect("this test binary"));
    child
        .env("KRYOPTIC_CONF", &config)
        .env("KEYHOLD_TEST_MODULE", &path)
        .env("KEYHOLD_TEST_TOKEN", softhsm::LABEL)
        .env("KEYHOLD_TEST_PIN", PIN);
    let out = softhsm::run(&mut child, &["--skip", "the_contract_holds_on"]);
    assert!(!out.contains(" 0 passed"), "the suite did not run:\n{out}");
}

/// pkcs11-tool takes no space in it.
const PIN: &str = "98765432";
