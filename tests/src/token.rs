//! A SoftHSM2 token in a folder of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::programs::{library, peer, succeed};

/// A SoftHSM2 token, found through `SOFTHSM2_CONF` in the environment of who uses it.
pub struct Token {
    folder: TempDir,
}

impl Token {
    /// The token's label.
    pub const LABEL: &'static str = "keyhold-test";
    /// The user's PIN.
    pub const PIN: &'static str = "98765432";

    /// Initialises a token.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("token").tempdir().unwrap();
        fs::create_dir(folder.path().join("tokens")).unwrap();
        let text = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n",
            folder.path().join("tokens").display()
        );
        fs::write(folder.path().join("softhsm2.conf"), text).unwrap();
        let token = Self { folder };
        succeed(token.environment(peer("softhsm2-util").args([
            "--init-token",
            "--free",
            "--label",
            Self::LABEL,
            "--pin",
            Self::PIN,
            "--so-pin",
            "12345678",
        ])));
        token
    }

    /// SoftHSM2's own library.
    #[must_use]
    pub fn library() -> PathBuf {
        library("softhsm/libsofthsm2.so", "softhsm2")
    }

    /// Lets a command see this token.
    pub fn environment<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("SOFTHSM2_CONF", self.folder.path().join("softhsm2.conf"))
    }

    /// Where the token's objects are.
    #[must_use]
    pub fn objects(&self) -> PathBuf {
        self.folder.path().join("tokens")
    }

    /// A command of pkcs11-tool on this token, logged in, past the daemon.
    #[must_use]
    pub fn tool(&self, arguments: &[&str]) -> Command {
        let mut command = peer("pkcs11-tool");
        command.arg("--module").arg(Self::library());
        command.args(["--token-label", Self::LABEL, "--login", "--pin", Self::PIN]);
        command.args(arguments);
        self.environment(&mut command);
        command
    }

    /// Takes the token away, as when an HSM is unplugged.
    pub fn unplug(&self) {
        fs::rename(self.objects(), self.away()).unwrap();
        fs::create_dir(self.objects()).unwrap();
    }

    /// Brings it back.
    pub fn plug(&self) {
        fs::remove_dir_all(self.objects()).unwrap();
        fs::rename(self.away(), self.objects()).unwrap();
    }

    fn away(&self) -> PathBuf {
        Path::new(self.folder.path()).join("away")
    }
}

impl Default for Token {
    fn default() -> Self {
        Self::new()
    }
}
