//! What pkcs11-tool tests by itself (OpenSC 0.23).

use keyhold_tests::{
    Appliance, PIN,
    programs::{module, peer, succeed_saying, words},
};

use super::{appliance, on};

fn tool(appliance: &Appliance, line: &str) -> String {
    let mut command = peer("pkcs11-tool");
    command.arg("--module").arg(module());
    command.args(["--token-label", "dev"]).args(words(line));
    succeed_saying(on(appliance, &mut command))
}

fn logged_in(appliance: &Appliance, line: &str) -> String {
    tool(appliance, &format!("--login --pin {PIN} {line}"))
}

#[test]
fn everything_with_an_rsa_key() {
    let appliance = appliance();
    logged_in(
        &appliance,
        "--keypairgen --key-type rsa:2048 --id 01 --usage-sign --usage-decrypt",
    );
    let said = logged_in(&appliance, "--test");
    assert!(said.contains("\nNo errors\n"), "{said}");
    for tested in ["Digests:", "Signatures", "Verify", "Decryption"] {
        assert!(said.contains(tested), "{said}");
    }
    for complaint in ["ERR", "ERROR", "failed", "no private key", "No private key"] {
        assert!(!said.contains(complaint), "{complaint}: {said}");
    }
}

#[test]
fn curves() {
    let line = "--session-rw --test-ec --key-type EC:secp256r1 --id 77 --label test";
    let said = logged_in(&appliance(), line);
    assert!(said.ends_with("==> OK\n"), "{said}");
}

#[test]
fn forks() {
    let said = tool(&appliance(), "--test-fork");
    assert!(said.contains("C_Initialize in forked child"), "{said}");
    assert!(!said.contains("CKR_"), "{said}");
}

#[test]
fn threads() {
    let each = "--test-threads ILGISL --test-threads INSLT1 --test-threads ILGI";
    let said = tool(&appliance(), each);
    assert!(
        said.contains("all threads have ended with CKR_OK"),
        "{said}"
    );
    assert_eq!(said.matches("returning rv = 0").count(), 3, "{said}");
    // Three threads and the first one initialise the library, and it is initialised once.
    let again = said.matches("CKR_CRYPTOKI_ALREADY_INITIALIZED").count();
    assert_eq!(again, 3, "{said}");
    let told = said.matches("CKR_").count();
    assert_eq!(told, again + said.matches("CKR_OK").count(), "{said}");
}
