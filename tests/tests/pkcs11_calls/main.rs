//! C functions of the PKCS#11 module that no other program calls, as Python calls them; `calls.py` beside this file asserts
//! what it gets, and asks Python's `cryptography` whether it is right.

use std::path::Path;

use keyhold_tests::{
    Appliance, Backend, PIN,
    programs::{module, peer, python, succeed},
};

/// Runs a part of the script over the local socket and over mutual TLS.
fn part(backend: Backend, part: &str) {
    let appliance = Appliance::start(backend);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pkcs11_calls/calls.py");
    for configuration in [
        appliance.file("pkcs11.toml"),
        appliance.network_pkcs11_config(),
    ] {
        let mut command = peer("env");
        command.arg(python()).arg(&script).arg(part);
        command.arg(module()).arg(PIN);
        command.env("KEYHOLD_PKCS11_CONFIG", configuration);
        let said = succeed(&mut command);
        assert!(said.contains(&format!("passed {part}")), "{said}");
    }
}

#[test]
fn messages_are_encrypted_as_others_decrypt_them() {
    part(Backend::Embedded, "messages");
}

#[test]
fn a_forked_child_goes_on_beside_its_parent() {
    part(Backend::Embedded, "forks");
}
