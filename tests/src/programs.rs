//! Other programs: where ours are, that the peers are installed, and what each run of one must come to.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// The root of the project.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// The daemon, built beside the tests.
#[must_use]
pub fn keyhold() -> PathBuf {
    built("keyhold")
}

/// The PKCS#11 module, built beside the tests.
#[must_use]
pub fn module() -> PathBuf {
    built("libkeyhold_pkcs11.so")
}

/// The module that stands before another and fails, built beside the tests.
#[must_use]
pub fn failing_module() -> PathBuf {
    built("libkeyhold_faults.so")
}

fn built(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let directory = test
        .ancestors()
        .find(|directory| directory.join("deps").is_dir())
        .unwrap();
    let path = directory.join(name);
    assert!(
        path.exists(),
        "{} is not built; `make test` builds it, and so does `cargo parts`",
        path.display()
    );
    path
}

/// Python with PyKMIP, python-pkcs11 and PyKCS11.
#[must_use]
pub fn python() -> PathBuf {
    let path = root().join("target/pykmip/bin/python");
    assert!(
        path.exists(),
        "{} is missing; `tests/setup/for-tests` makes it",
        path.display()
    );
    path
}

/// Finds a shared library of a Debian package under `/usr/lib`.
#[must_use]
pub fn library(relative: &str, package: &str) -> PathBuf {
    let triplets = std::fs::read_dir("/usr/lib").unwrap();
    triplets
        .map(|entry| entry.unwrap().path().join(relative))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("{relative} is missing; install the package {package}"))
}

/// Kryoptic's own library, as the tests' set-up has built it.
#[must_use]
pub fn kryoptic() -> PathBuf {
    let path = root().join("target/kryoptic/libkryoptic_pkcs11.so");
    assert!(path.exists(), "Kryoptic is missing: tests/setup/kryoptic");
    path
}

/// A peer's command, which is ended after a minute.
#[must_use]
pub fn peer(name: &str) -> Command {
    let path = locate(name);
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", "60"]).arg(path);
    command.stdin(Stdio::null());
    command
}

/// Where a peer is installed; daemons such as sshd are not in every user's path.
#[must_use]
pub fn locate(name: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin", "/usr/local/sbin"].map(PathBuf::from))
        .map(|directory| directory.join(name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("{name} is missing; `tests/setup/for-tests` installs it"))
}

/// Runs a command that must succeed, and returns what it printed.
pub fn succeed(command: &mut Command) -> String {
    let output = output(command);
    assert!(
        output.status.success(),
        "{command:?} failed, {}\n--- printed\n{}--- complained\n{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// Runs a command that must succeed, and returns all it said, complaints too.
pub fn succeed_saying(command: &mut Command) -> String {
    let output = output(command);
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?} failed, {}\n{said}",
        output.status
    );
    said
}

/// Runs a command that must fail by itself (not by a signal, not by taking too long), and returns all it said.
/// `timeout` ends with 124 when it had to stop its command, and with 128 and more when that met a signal.
pub fn fail(command: &mut Command) -> String {
    let output = output(command);
    let said = text(&output.stdout) + &text(&output.stderr);
    let code = output.status.code();
    assert!(
        code.is_some_and(|code| ![0, 124, 134, 137, 139].contains(&code)),
        "{command:?} ended with {} instead of failing\n{said}",
        output.status
    );
    said
}

/// Runs a command, whatever comes of it.
pub fn output(command: &mut Command) -> Output {
    command
        .output()
        .unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"))
}

/// What a program printed.
#[must_use]
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs a program in Python with PyKMIP and its `cryptography` at hand, and returns what it printed.
pub fn run_python(program: &str, arguments: &[&str]) -> String {
    let mut command = peer("env");
    command.arg(python()).args(["-c", program]).args(arguments);
    succeed(&mut command).trim().to_owned()
}

/// The words of a command line in which nothing is quoted.
#[must_use]
pub fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}
