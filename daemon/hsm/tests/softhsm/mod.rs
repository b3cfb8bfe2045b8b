//! A SoftHSM2 token of its own for each test: the test runs again in a child whose environment names the token.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use hsm::module::{ModuleConfig, ModuleHsm, TokenName};
use kmip::Secret;

pub(crate) const LABEL: &str = "keyhold-test";
pub(crate) const PIN: &str = "correct horse";

/// Runs a test in a process of its own, with a fresh token: SoftHSM2 reads its configuration from the environment,
/// which a process with threads must not change.
pub(crate) fn with_token<T: FnOnce(&Token)>(test: T) {
    if let Some(root) = std::env::var_os(MARK) {
        test(&Token { root: root.into() });
        return;
    }
    let name = name_of::<T>();
    let out = run_again(&[name, "--exact", "--nocapture", "--test-threads=1"], &[]);
    assert!(
        out.contains("1 passed"),
        "{name} did not run in its child:\n{out}"
    );
}

/// Runs this test binary again on a fresh token, and gives what it printed.
pub(crate) fn run_again(args: &[&str], environment: &[(&str, &str)]) -> String {
    let root = tempfile::tempdir().expect("a temporary directory");
    let tokens = root.path().join("tokens");
    std::fs::create_dir(&tokens).expect("a directory for the token");
    let config = root.path().join("softhsm2.conf");
    let text = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
        tokens.display()
    );
    std::fs::write(&config, text).expect("a configuration");
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", LABEL])
        .args(["--pin", PIN, "--so-pin", "87654321"])
        .env("SOFTHSM2_CONF", &config)
        .output()
        .expect("softhsm2-util runs; install SoftHSM2 (Debian: apt-get install softhsm2)");
    assert!(made.status.success(), "softhsm2-util: {made:?}");
    let run = Command::new(std::env::current_exe().expect("this test binary"))
        .args(args)
        .env("SOFTHSM2_CONF", &config)
        .env(MARK, root.path())
        .envs(environment.iter().copied())
        .output()
        .expect("the child runs");
    let out = String::from_utf8_lossy(&run.stdout).into_owned();
    let err = String::from_utf8_lossy(&run.stderr);
    assert!(
        run.status.success(),
        "{args:?}: {}\n{out}\n{err}",
        run.status
    );
    out
}

/// The name of the test whose closure this is, as the test binary knows it.
fn name_of<T>() -> &'static str {
    let path = std::any::type_name::<T>();
    let path = path.strip_suffix("::{{closure}}").unwrap_or(path);
    path.split_once("::").map_or(path, |(_, name)| name)
}

/// The token of this test.
pub(crate) struct Token {
    root: PathBuf,
}

impl Token {
    pub(crate) fn config(&self) -> ModuleConfig {
        let name = TokenName::Label(LABEL.into());
        ModuleConfig::new(module(), name, Secret::from(PIN.as_bytes()))
    }

    pub(crate) fn open(&self) -> ModuleHsm {
        ModuleHsm::open(&self.config()).unwrap()
    }

    /// Where the token's objects are.
    pub(crate) fn tokens(&self) -> PathBuf {
        self.root.join("tokens")
    }
}

/// SoftHSM2's shared object.
pub(crate) fn module() -> PathBuf {
    const PLACES: [&str; 4] = [
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib64/pkcs11/libsofthsm2.so",
        "/usr/lib64/softhsm/libsofthsm2.so",
        "/usr/local/lib/softhsm/libsofthsm2.so",
    ];
    PLACES
        .iter()
        .map(Path::new)
        .find(|path| path.exists())
        .expect("libsofthsm2.so; install SoftHSM2 (Debian: apt-get install softhsm2)")
        .to_owned()
}

const MARK: &str = "KEYHOLD_TEST_TOKEN";
