//! A token of SoftHSM2, or of Kryoptic, in a folder of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::programs::{failing_module, kryoptic, library, peer, succeed};

/// A token, found through `SOFTHSM2_CONF` or `KRYOPTIC_CONF` in the environment of who uses it.
pub struct Token {
    folder: TempDir,
    maker: Maker,
    fails: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Maker {
    SoftHsm,
    Kryoptic,
}

impl Token {
    /// The token's label.
    pub const LABEL: &'static str = "keyhold-test";
    /// The user's PIN.
    pub const PIN: &'static str = "98765432";

    /// Initialises a token of SoftHSM2.
    #[must_use]
    pub fn new() -> Self {
        let token = Self::of(Maker::SoftHsm);
        let folder = &token.folder;
        let text = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n",
            folder.path().join("tokens").display()
        );
        fs::write(folder.path().join("softhsm2.conf"), text).unwrap();
        token.initialise(Self::LABEL);
        token
    }

    /// Initialises one more token of SoftHSM2, with the same PIN.
    pub fn initialise(&self, label: &str) {
        succeed(self.environment(peer("softhsm2-util").args([
            "--init-token",
            "--free",
            "--label",
            label,
            "--pin",
            Self::PIN,
            "--so-pin",
            "12345678",
        ])));
    }

    /// Puts an empty token of SoftHSM2 in the place of one.
    pub fn replace(&self, label: &str) {
        let delete = ["--delete-token", "--token", label];
        succeed(self.environment(peer("softhsm2-util").args(delete)));
        self.initialise(label);
    }

    /// Initialises a token of Kryoptic.
    #[must_use]
    pub fn kryoptic() -> Self {
        let token = Self::of(Maker::Kryoptic);
        let text = format!(
            "[[slots]]\nslot = 1\ndbtype = \"sqlite\"\ndbargs = {:?}\n",
            token.objects().join("token.sql")
        );
        fs::write(token.folder.path().join("kryoptic.conf"), text).unwrap();
        let officer = ["--login", "--login-type", "so", "--init-pin", "--pin"];
        for steps in [
            &["--init-token", "--label", Self::LABEL][..],
            &[&officer[..], &[Self::PIN]].concat(),
        ] {
            let mut tool = peer("pkcs11-tool");
            tool.arg("--module").arg(kryoptic());
            succeed(token.environment(tool.args(["--so-pin", "12345678"]).args(steps)));
        }
        token
    }

    fn of(maker: Maker) -> Self {
        let folder = tempfile::Builder::new().prefix("token").tempdir().unwrap();
        fs::create_dir(folder.path().join("tokens")).unwrap();
        Self {
            folder,
            maker,
            fails: false,
        }
    }

    /// Whether this is a token of Kryoptic.
    #[must_use]
    pub fn is_kryoptic(&self) -> bool {
        self.maker == Maker::Kryoptic
    }

    /// A token behind a module that fails when it is told to.
    #[must_use]
    pub fn failing() -> Self {
        Self {
            fails: true,
            ..Self::new()
        }
    }

    /// The module through which the daemon has this token.
    #[must_use]
    pub fn module(&self) -> PathBuf {
        if self.fails {
            failing_module()
        } else {
            self.own_library()
        }
    }

    fn own_library(&self) -> PathBuf {
        match self.maker {
            Maker::SoftHsm => Self::library(),
            Maker::Kryoptic => kryoptic(),
        }
    }

    /// Lets a function of the module fail, or none: `FUNCTION FAULT [NUMBER] [once]`.
    pub fn fail(&self, fault: Option<&str>) {
        match fault {
            Some(fault) => {
                // There is none when nothing has failed yet.
                let _ = fs::remove_file(self.done());
                let new = self.folder.path().join("faults.new");
                fs::write(&new, fault).unwrap();
                fs::rename(new, self.faults()).unwrap();
            }
            // What happens once has taken it away itself.
            None => drop(fs::remove_file(self.faults())),
        }
    }

    /// Whether what was to fail has not failed yet.
    #[must_use]
    pub fn is_to_fail(&self) -> bool {
        self.faults().exists()
    }

    /// Whether what fails after its work has done that.
    #[must_use]
    pub fn has_done(&self) -> bool {
        self.done().exists()
    }

    fn faults(&self) -> PathBuf {
        self.folder.path().join("faults")
    }

    fn done(&self) -> PathBuf {
        self.faults().with_extension("done")
    }

    /// SoftHSM2's own library.
    #[must_use]
    pub fn library() -> PathBuf {
        library("softhsm/libsofthsm2.so", "softhsm2")
    }

    /// Lets a command see this token.
    pub fn environment<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        if self.fails {
            command.env("KEYHOLD_FAULTS", self.faults());
            command.env("KEYHOLD_FAULTS_MODULE", Self::library());
        }
        command.env("KRYOPTIC_CONF", self.folder.path().join("kryoptic.conf"));
        command.env("SOFTHSM2_CONF", self.folder.path().join("softhsm2.conf"))
    }

    /// Where the token's objects are.
    #[must_use]
    pub fn objects(&self) -> PathBuf {
        self.folder.path().join("tokens")
    }

    /// How many objects are in the token, by its own list. SoftHSM2's must not be asked while another process makes one: who
    /// opens half an object gives it what it lacks, and so takes it from the one who is writing it.
    #[must_use]
    pub fn count(&self) -> usize {
        let told = succeed(&mut self.tool(&["--list-objects"]));
        told.matches("Object;").count()
    }

    /// A command of pkcs11-tool on this token, logged in, past the daemon.
    #[must_use]
    pub fn tool(&self, arguments: &[&str]) -> Command {
        self.tool_on(Self::LABEL, arguments)
    }

    /// The same on a token with another label.
    #[must_use]
    pub fn tool_on(&self, label: &str, arguments: &[&str]) -> Command {
        let mut command = peer("pkcs11-tool");
        command.arg("--module").arg(self.own_library());
        command.args(["--token-label", label, "--login", "--pin", Self::PIN]);
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
