//! The suites that others wrote for PKCS#11 modules, as they are, on the module with a daemon behind it:
//! `tests/setup/suites` fetches and builds them. Whatever does not pass stands in a list with its reason.

mod cryptoki;
mod pkcs11_tool;
mod profiles;
mod python_pkcs11;
mod tally;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use keyhold_tests::{
    Appliance,
    programs::{module, root, succeed},
};

/// The security officer's PIN of the suites' tokens.
const SO_PIN: &str = "abcdef654321";

/// Where the set-up puts the suites.
fn suites() -> PathBuf {
    let path = root().join("target/suites");
    assert!(
        path.join("programs.txt").exists(),
        "{} is not complete; `tests/setup/suites` makes it",
        path.display()
    );
    path
}

/// The programs of the suites in Rust, by their names.
fn programs() -> Vec<(String, PathBuf)> {
    let text = fs::read_to_string(suites().join("programs.txt")).unwrap();
    text.lines()
        .map(|line| line.split_once('\t').unwrap())
        .map(|(name, path)| (name.to_owned(), PathBuf::from(path)))
        .collect()
}

fn program(name: &str) -> PathBuf {
    let mut all = programs().into_iter();
    all.find(|(own, _)| own == name)
        .unwrap_or_else(|| panic!("{name} is none of the suites' programs"))
        .1
}

/// An appliance with two tokens, which say that they are software, as they are; a security officer may initialise the
/// first one anew.
fn appliance() -> Appliance {
    let appliance = Appliance::start_with(None, &["--init-token", "--so-pin", SO_PIN]);
    succeed(&mut appliance.keyhold(&["vault", "create", "second"]));
    let token = |vault: &str| {
        format!("[[token]]\nvault = \"{vault}\"\nsocket = \"keyhold.sock\"\nhardware = false\n")
    };
    let text = format!("version = 1\n{}{}", token("dev"), token("second"));
    fs::write(appliance.file(CONFIGURATION), text).unwrap();
    appliance
}

/// The module's configuration for the suites, beside the appliance's own.
const CONFIGURATION: &str = "suites.toml";

/// The module under another name, by which a suite tells what it may expect of it.
fn module_named(name: &str, folder: &Path) -> PathBuf {
    let path = folder.join(name);
    if !path.exists() {
        std::os::unix::fs::symlink(module(), &path).unwrap();
    }
    path
}

/// Lets a command find the appliance's tokens.
fn on<'a>(appliance: &Appliance, command: &'a mut Command) -> &'a mut Command {
    command
        .env("KEYHOLD_PKCS11_CONFIG", appliance.file(CONFIGURATION))
        .current_dir(appliance.scratch())
}

/// A program of a suite, which is ended after four minutes.
fn patient(program: &Path) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", "240"]).arg(program);
    command.stdin(Stdio::null());
    command
}
