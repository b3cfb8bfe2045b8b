//! What the tests share: a KMIP responder of their own at the module's socket, and the module as a host loads it.
#![allow(dead_code, reason = "each test file uses its part of this")]

#[macro_use]
pub mod api;
pub mod fake;
mod handling;
pub mod host;
pub mod keys;
pub mod ops;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

pub use api::Api;
pub use fake::Fake;

/// The user's PIN at the responder.
pub const PIN: &[u8] = b"1234";

/// The security officer's.
pub const SO_PIN: &[u8] = b"12345678";

const CHILD: &str = "KEYHOLD_TEST_CHILD";
const FOLDER: &str = "KEYHOLD_TEST_FOLDER";

/// The module as it was built beside this test.
pub fn module_path() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let built = own.parent().unwrap().parent().unwrap();
    [built, own.parent().unwrap()]
        .iter()
        .map(|folder| folder.join("libkeyhold_pkcs11.so"))
        .find(|path| path.exists())
        .expect("the library is built together with its tests")
}

/// The configuration that most tests use.
pub const CONFIG: &str =
    "version = 1\ntimeout_seconds = 3\n[[token]]\nvault = \"dev\"\nsocket = \"keyhold.sock\"\n";

/// Whether programs run under valgrind, where all takes longer.
fn is_watched() -> bool {
    std::env::var_os("KEYHOLD_TEST_VALGRIND").is_some()
}

/// The configuration, which gives the responder more time where all takes longer.
pub fn with_patience(config: &str) -> String {
    let seconds = if is_watched() { "300" } else { "3" };
    config.replace(
        "timeout_seconds = 3\n",
        &format!("timeout_seconds = {seconds}\n"),
    )
}

/// A program that uses the module; in a long run that asks for it, under valgrind, which says nothing when all is well.
/// Leaks are looked for in programs that leave nothing of their own.
pub fn program(path: &Path, leaves_nothing: bool) -> Command {
    if !is_watched() {
        return Command::new(path);
    }
    let mut command = Command::new("valgrind");
    command.args(["--quiet", "--error-exitcode=99"]);
    if leaves_nothing {
        command.args(["--leak-check=full", "--errors-for-leak-kinds=definite"]);
        command.arg("--show-leak-kinds=definite");
    }
    command.arg(path);
    command
}

/// Runs the body in a process of its own, where the environment names the test's own configuration and the responder is
/// a thread beside the module.
pub fn alone(test: &str, config: &str, body: impl FnOnce(&Fake, &Api)) {
    if std::env::var_os(CHILD).is_some_and(|name| name == test) {
        let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
        let fake = Fake::start(&folder.join("keyhold.sock"));
        let api = Api::load(&module_path());
        body(&fake, &api);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pkcs11.toml");
    fs::write(&file, with_patience(config)).unwrap();
    let output = program(&std::env::current_exe().unwrap(), false)
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, test)
        .env(FOLDER, folder.path())
        .env("KEYHOLD_PKCS11_CONFIG", &file)
        .env("KEYHOLD_PKCS11_LOG", folder.path().join("module.log"))
        .output()
        .unwrap();
    let log = fs::read_to_string(folder.path().join("module.log")).unwrap_or_default();
    let skipped = log.lines().count().saturating_sub(20);
    let log: Vec<&str> = log.lines().skip(skipped).collect();
    assert!(
        output.status.success(),
        "{}\n{}\n{log:#?}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("1 passed"),
        "the test {test} has run in its own process"
    );
}
