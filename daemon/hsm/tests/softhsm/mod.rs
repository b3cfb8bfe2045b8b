//! A test binary run again in a child whose environment names a fresh SoftHSM2 token.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

pub(crate) const LABEL: &str = "keyhold-test";
pub(crate) const PIN: &str = "correct horse";

/// Runs this test binary again on fresh tokens, and gives what it printed.
pub(crate) fn run_again(labels: &[&str], args: &[&str], environment: &[(&str, &str)]) -> String {
    let root = tokens(labels);
    let mut child = Command::new(std::env::current_exe().expect("this test binary"));
    child
        .env("SOFTHSM2_CONF", configuration(root.path()))
        .env(MARK, root.path())
        .envs(environment.iter().copied());
    run(&mut child, args)
}

/// Fresh tokens in a folder of their own.
pub(crate) fn tokens(labels: &[&str]) -> TempDir {
    let root = tempfile::tempdir().expect("a temporary directory");
    let tokens = root.path().join("tokens");
    std::fs::create_dir(&tokens).expect("a directory for the token");
    let config = configuration(root.path());
    let text = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
        tokens.display()
    );
    std::fs::write(&config, text).expect("a configuration");
    for label in labels {
        let made = Command::new("softhsm2-util")
            .args(["--init-token", "--free", "--label", label])
            .args(["--pin", PIN, "--so-pin", "87654321"])
            .env("SOFTHSM2_CONF", &config)
            .output()
            .expect("softhsm2-util runs; install SoftHSM2 (Debian: apt-get install softhsm2)");
        assert!(made.status.success(), "softhsm2-util: {made:?}");
    }
    root
}

/// SoftHSM2's configuration in a folder of tokens.
pub(crate) fn configuration(root: &Path) -> PathBuf {
    root.join("softhsm2.conf")
}

/// Runs a test binary, and gives what it printed.
pub(crate) fn run(child: &mut Command, args: &[&str]) -> String {
    let run = child.args(args).output().expect("the child runs");
    let out = String::from_utf8_lossy(&run.stdout).into_owned();
    let err = String::from_utf8_lossy(&run.stderr);
    assert!(
        run.status.success(),
        "{args:?}: {}\n{out}\n{err}",
        run.status
    );
    out
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

/// The variable that names the token's folder in the child.
pub(crate) const MARK: &str = "KEYHOLD_TEST_TOKEN";
