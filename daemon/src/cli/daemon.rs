//! The daemon that a command talks to: where its socket is, and one question with its answer.

use std::{
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Failure, progress::Progress};
use crate::{
    admin::protocol::{Answer, Call, Command},
    config::DEFAULT_SOCKET,
    files,
};

/// Which daemon.
#[derive(Args)]
pub(super) struct Daemon {
    /// The daemon's local socket [default: /run/keyhold/keyhold.sock]
    #[arg(long, value_name = "PATH", env = "KEYHOLD_SOCKET")]
    socket: Option<PathBuf>,
    /// The directory of a `keyhold dev`
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The daemon's configuration
    #[arg(long, value_name = "FILE", env = "KEYHOLD_CONFIG")]
    config: Option<PathBuf>,
}

impl Daemon {
    /// Asks the daemon, and waits for as long as it works.
    pub(super) fn call<C: Command>(&self, arguments: C) -> Result<C::Reply, Failure> {
        let path = self.socket()?;
        let call = Call {
            command: C::NAME.to_owned(),
            arguments,
        };
        let mut line = Zeroizing::new(Vec::with_capacity(8_192));
        serde_json::to_writer(&mut *line, &call).map_err(Failure::failed)?;
        line.push(b'\n');
        let stream = UnixStream::connect(&path).map_err(|error| not_running(&path, &error))?;
        let answer = (&stream)
            .write_all(&line)
            .and_then(|()| receive(&stream))
            .map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
        match serde_json::from_slice(&answer) {
            Ok(Answer::Done(reply)) => Ok(reply),
            Ok(Answer::Refused(refused)) => Err(Failure::failed(refused.message)),
            Err(error) => Err(Failure::failed(format!(
                "{}: the answer cannot be read: {error}; is the daemon of another version?",
                path.display()
            ))),
        }
    }

    fn socket(&self) -> Result<PathBuf, Failure> {
        match (&self.socket, &self.dir, &self.config) {
            (Some(socket), _, _) => Ok(socket.clone()),
            (None, Some(dir), _) => Ok(dir.join("keyhold.sock")),
            (None, None, Some(config)) => Ok(Places::read(config)?.socket),
            (None, None, None) => Ok(DEFAULT_SOCKET.into()),
        }
    }
}

fn not_running(path: &Path, error: &io::Error) -> Failure {
    let way_out = match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "ask as a user who may use it, for example with `sudo`".to_owned()
        }
        _ => "no daemon answers there: start one with `keyhold serve --config FILE` or `keyhold dev`, or say where it \
              is with --socket, --dir or --config"
            .to_owned(),
    };
    Failure::failed(format!("{}: {error}; {way_out}", path.display()))
}

/// One line.
fn receive(mut stream: &UnixStream) -> io::Result<Zeroizing<Vec<u8>>> {
    stream.set_read_timeout(Some(Duration::from_millis(100)))?;
    let mut progress = Progress::new("waiting for the daemon", None);
    let mut answer = Zeroizing::new(Vec::with_capacity(65_536));
    let mut chunk = Zeroizing::new([0; 16_384]);
    while !answer.ends_with(b"\n") {
        match stream.read(chunk.as_mut_slice()) {
            Ok(0) => {
                return Err(io::Error::other(
                    "the daemon ended the connection without an answer",
                ));
            }
            Ok(count) => answer.extend_from_slice(chunk.get(..count).unwrap_or_default()),
            Err(error) if is_patient(&error) => progress.advance(0),
            Err(error) => return Err(error),
        }
        if answer.len() > ANSWER_BYTES_MAX {
            return Err(io::Error::other("the answer has no end"));
        }
    }
    Ok(answer)
}

fn is_patient(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

/// More than the largest page of keys.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// What a command needs to know of a configuration: only paths, so that it need not read the appliance's secrets.
pub(super) struct Places {
    /// The local socket.
    pub(super) socket: PathBuf,
    /// The audit trail.
    pub(super) audit: PathBuf,
    /// The key of its heads.
    pub(super) audit_key: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct File {
    server: FileServer,
    audit: FileAudit,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FileServer {
    socket: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FileAudit {
    directory: Option<PathBuf>,
    key_file: Option<PathBuf>,
}

impl Places {
    pub(super) fn read(config: &Path) -> Result<Self, Failure> {
        let text = files::read_text(config).map_err(Failure::failed)?;
        let file: File = toml::from_str(&text)
            .map_err(|error| Failure::failed(format!("{}: {error}", config.display())))?;
        // As the configuration has it: relative paths start at its own directory.
        let start = config.parent().unwrap_or_else(|| Path::new(""));
        let at = |path: Option<PathBuf>, usual: &str| {
            start.join(path.unwrap_or_else(|| PathBuf::from(usual)))
        };
        Ok(Self {
            socket: at(file.server.socket, DEFAULT_SOCKET),
            audit: at(file.audit.directory, DEFAULT_AUDIT),
            audit_key: file.audit.key_file.map(|path| start.join(path)),
        })
    }
}

/// Where the audit trail is when a configuration does not say.
pub(super) const DEFAULT_AUDIT: &str = "/var/lib/keyhold/audit";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keyhold.toml");
        let text =
            "version = 1\n[server]\nsocket = \"k.sock\"\n[audit]\nkey_file = \"/etc/a.key\"\n";
        std::fs::write(&path, text).unwrap();
        let places = Places::read(&path).unwrap();
        assert_eq!(places.socket, folder.path().join("k.sock"));
        assert_eq!(places.audit, Path::new(DEFAULT_AUDIT));
        assert_eq!(places.audit_key.as_deref(), Some(Path::new("/etc/a.key")));
    }

    #[test]
    fn who_finds_no_daemon_is_told_how_to_start_one() {
        let daemon = Daemon {
            socket: Some("/nowhere/keyhold.sock".into()),
            dir: None,
            config: None,
        };
        let failure = daemon
            .call(crate::admin::protocol::VaultList {})
            .unwrap_err();
        let message = failure.message();
        assert!(message.starts_with("/nowhere/keyhold.sock: "), "{message}");
        assert!(message.contains("keyhold serve"), "{message}");
    }
}
