//! `keyhold init`: an appliance's configuration, authority, certificates and master key.

use std::{
    fmt::Write,
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
};

use clap::Args;
use hsm::host::Seal;
use serde::Serialize;

use super::{Failure, Output, setup};
use crate::{
    config::{Config, DEFAULT_FILE},
    files::{self, Audience},
    hosts,
};

/// `keyhold init`.
#[derive(Args)]
pub(super) struct Init {
    /// Keep everything in this directory, instead of /etc/keyhold and /var/lib/keyhold
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// A host name or address in the server's certificate; may be repeated [default: this host's name and localhost]
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
    /// Seal the master key under the passphrase that is the one line of this file
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Seal the master key under this file's contents, 32 bytes or more, which systemd will pass to the daemon as the
    /// credential `keyhold-master`
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_file")]
    credential_file: Option<PathBuf>,
}

/// The name of the credential that opens the master key.
const CREDENTIAL: &str = "keyhold-master";

/// What was made.
#[derive(Serialize)]
struct Made {
    configuration: PathBuf,
    policy: PathBuf,
    state: PathBuf,
    authority: PathBuf,
    server_certificate: PathBuf,
    hosts: Vec<String>,
    owner: Option<u32>,
}

impl Init {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let usual = Path::new(DEFAULT_FILE)
            .parent()
            .unwrap_or_else(|| Path::new("/"));
        let (etc, state) = match &self.dir {
            Some(dir) => {
                let dir = setup::absolute(dir)?;
                (dir.clone(), dir)
            }
            None => (usual.to_owned(), PathBuf::from(STATE)),
        };
        let configuration = etc.join("keyhold.toml");
        if configuration.exists() {
            return Err(Failure::failed(format!(
                "{}: is there already; nothing is overwritten",
                configuration.display()
            )));
        }
        setup::directory(&etc)?;
        setup::directory(&state)?;
        let seal = self.seal()?;
        self.make_state(&state, &seal)?;
        let policy = etc.join("policy.toml");
        setup::file(&policy, POLICY.as_bytes(), Audience::Everybody)?;
        let text = configuration_text(&state, self.dir.as_deref(), &seal);
        files::create(&configuration, text.as_bytes(), Audience::Everybody)
            .map_err(Failure::failed)?;
        // What was written must be what is read; a credential is there only once systemd passes it.
        if !matches!(seal, Seal::Credential(_)) {
            Config::load(&configuration).map_err(Failure::failed)?;
        }
        let owner = if self.dir.is_none() {
            hand_over(&etc, &state)?
        } else {
            None
        };
        let made = Made {
            authority: state.join("authority").join("ca.pem"),
            server_certificate: state.join("server.pem"),
            hosts: self.hosts(),
            configuration,
            policy,
            state,
            owner,
        };
        output.say(&made, words)
    }

    fn hosts(&self) -> Vec<String> {
        if self.hosts.is_empty() {
            let host = rustix::system::uname();
            let host = host.nodename().to_string_lossy().into_owned();
            vec![
                host,
                "localhost".to_owned(),
                "127.0.0.1".to_owned(),
                "::1".to_owned(),
            ]
        } else {
            self.hosts.clone()
        }
    }

    fn seal(&self) -> Result<Seal, Failure> {
        match (&self.passphrase_file, &self.credential_file) {
            (Some(path), _) => setup::absolute(path).map(Seal::Passphrase),
            (None, Some(path)) => setup::absolute(path).map(Seal::Credential),
            (None, None) => Ok(Seal::Nothing),
        }
    }

    fn make_state(&self, state: &Path, seal: &Seal) -> Result<(), Failure> {
        let now = setup::now();
        setup::audit_key(&state.join("audit.key"))?;
        let file = state.join("master.key");
        let source = seal.source(file.clone(), &hosts::read);
        let source = source.map_err(Failure::failed)?;
        setup::master(&source, &file)?;
        let folder = state.join("authority");
        setup::directory(&folder)?;
        let authority = setup::authority(&folder, "Keyhold authority", now)?;
        setup::certificate(
            &state.join("server.pem"),
            &state.join("server.key"),
            now,
            || authority.issue_server(&self.hosts(), now),
        )?;
        Ok(())
    }
}

fn configuration_text(state: &Path, dir: Option<&Path>, seal: &Seal) -> String {
    let quoted = |path: &Path| toml::Value::String(path.display().to_string()).to_string();
    let at = |name: &str| quoted(&state.join(name));
    let socket = dir.map_or_else(String::new, |_| {
        format!("socket = {}\n", at("keyhold.sock"))
    });
    let opened_by = match seal {
        Seal::Nothing => String::new(),
        Seal::Passphrase(path) => format!("passphrase_file = {}\n", quoted(path)),
        Seal::Credential(_) => format!("credential = \"{CREDENTIAL}\"\n"),
    };
    format!(
        "# Written by `keyhold init`. config/keyhold.toml shows every key with its default.\n\
         version = 1\n\n\
         [server]\nkmip = [\"0.0.0.0:5696\"]\n{socket}\n\
         [tls]\ncertificate = {certificate}\nkey = {key}\nclient_authorities = [{ca}]\n\n\
         # The authority's key is the file ca.key: whoever reads it can make client certificates.\n\
         [authority]\ndirectory = {authority}\n\n\
         [audit]\ndirectory = {audit}\nkey_file = {audit_key}\n\n\
         [store]\npath = {store}\n\n\
         [policy]\nfile = \"policy.toml\"\n\n\
         [admin]\nuids = [0]\n\n\
         [[backend]]\nname = \"embedded\"\nkind = \"embedded\"\nmaster = {master}\n{opened_by}",
        certificate = at("server.pem"),
        key = at("server.key"),
        ca = at("authority/ca.pem"),
        authority = at("authority"),
        audit = at("audit"),
        audit_key = at("audit.key"),
        store = at("keyhold.db"),
        master = at("master.key"),
    )
}

/// Gives the state to the user the service runs as, when the system has that user already; the configuration stays
/// root's, for that user to read.
fn hand_over(etc: &Path, state: &Path) -> Result<Option<u32>, Failure> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let open = fs::Permissions::from_mode(0o755);
    fs::set_permissions(etc, open)
        .map_err(|error| Failure::failed(format!("{}: {error}", etc.display())))?;
    let Some((uid, gid)) = service_user() else {
        return Ok(None);
    };
    let mut folders = vec![state.to_owned()];
    while let Some(folder) = folders.pop() {
        let broken = |error| Failure::failed(format!("{}: {error}", folder.display()));
        chown(&folder, Some(uid), Some(gid)).map_err(broken)?;
        for entry in fs::read_dir(&folder).map_err(broken)? {
            let path = entry.map_err(broken)?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                chown(&path, Some(uid), Some(gid)).map_err(broken)?;
            }
        }
    }
    Ok(Some(uid))
}

/// The numbers of the user `keyhold` and its group.
fn service_user() -> Option<(u32, u32)> {
    let users = files::read_text(Path::new("/etc/passwd")).ok()?;
    let own = users
        .lines()
        .find_map(|line| line.strip_prefix("keyhold:"))?;
    let mut fields = own.split(':').skip(1);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

fn words(made: &Made) -> String {
    let mut text = String::new();
    let _ = write!(
        text,
        "The appliance is set up.\n\n\
         \x20 configuration       {}\n\
         \x20 policy              {}\n\
         \x20 state               {}\n\
         \x20 authority           {}\n\
         \x20 server certificate  {} for {}\n\n\
         Keep a copy of {} apart from your backups: without it, every key is lost.\n\n\
         Next:\n  keyhold check --config {}\n  keyhold serve --config {}",
        made.configuration.display(),
        made.policy.display(),
        made.state.display(),
        made.authority.display(),
        made.server_certificate.display(),
        made.hosts.join(", "),
        made.state.join("master.key").display(),
        made.configuration.display(),
        made.configuration.display(),
    );
    if made.owner.is_none() && made.state == Path::new(STATE) {
        let _ = write!(
            text,
            "\n\nThe system has no user `keyhold` yet: after `systemd-sysusers`, give it the state with\n  \
             chown -R keyhold:keyhold {STATE}"
        );
    }
    text
}

const STATE: &str = "/var/lib/keyhold";
const POLICY: &str = include_str!("../../../config/policy.toml");
