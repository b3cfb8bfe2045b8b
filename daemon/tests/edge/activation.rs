//! systemd's side: the units' commands, sockets passed, readiness told, the watchdog fed.

use std::{
    ffi::OsString,
    fs::{self, File},
    net::TcpListener,
    os::{
        fd::OwnedFd,
        unix::net::{UnixDatagram, UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use keyhold::config::DEFAULT_SOCKET;
use rustix::process::Signal;
use tempfile::TempDir;

use crate::harness::{BOTH, Daemon, exchange};

/// A daemon as systemd starts it: by the unit's own command, with sockets that are passed, its state told by notices.
struct Activated {
    daemon: Daemon,
    notices: UnixDatagram,
    /// The local socket's file.
    passed: PathBuf,
    _folder: TempDir,
}

impl Activated {
    fn start() -> Self {
        let (folder, first) = Daemon::fresh();
        let dir = first.dir.clone();
        assert!(first.stop().success());
        let network = TcpListener::bind("127.0.0.1:0").unwrap();
        let metrics = TcpListener::bind("127.0.0.1:0").unwrap();
        let addresses = (network.local_addr().unwrap(), metrics.local_addr().unwrap());
        let passed = folder.path().join("passed.sock");
        let local = UnixListener::bind(&passed).unwrap();
        let path = folder.path().join("notify");
        let notices = UnixDatagram::bind(&path).unwrap();
        notices
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        // A shell moves the sockets to where systemd puts them, and becomes the daemon.
        let script = "exec 3<&0 4<&1 5<&2 0</dev/null 1>/dev/null 2>\"$LOG\"; \
                      export LISTEN_PID=$$ WATCHDOG_PID=$$; exec \"$@\"";
        let child = Command::new("sh")
            .args(["-c", script, "sh"])
            .args(command("ExecStart", &dir))
            .env("LOG", dir.with_extension("log"))
            .env("LISTEN_FDS", "3")
            .env("LISTEN_FDNAMES", "keyhold.socket:keyhold.socket:metrics")
            .env("NOTIFY_SOCKET", &path)
            .env("WATCHDOG_USEC", "300000")
            .stdin(Stdio::from(OwnedFd::from(network)))
            .stdout(Stdio::from(OwnedFd::from(local)))
            .stderr(Stdio::from(OwnedFd::from(metrics)))
            .spawn()
            .unwrap();
        let own = Self {
            daemon: Daemon {
                child,
                kmip: addresses.0,
                metrics: addresses.1,
                dir,
            },
            notices,
            passed,
            _folder: folder,
        };
        own.wait_for("READY=1");
        own
    }

    fn wait_for(&self, wanted: &str) {
        let mut buffer = [0; 512];
        loop {
            let length = self
                .notices
                .recv(&mut buffer)
                .unwrap_or_else(|error| panic!("no {wanted}: {error}\n{}", self.daemon.log()));
            if String::from_utf8_lossy(&buffer[..length])
                .lines()
                .any(|line| line == wanted)
            {
                return;
            }
        }
    }
}

fn unit(name: &str) -> String {
    fs::read_to_string(units().join(name)).unwrap()
}

fn units() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../systemd")
}

/// A command of the service as its unit has it, of this program and for the daemon in a directory.
fn command(key: &str, dir: &Path) -> Vec<OsString> {
    let unit = unit("keyhold.service");
    let mut lines = unit
        .lines()
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    let line = lines.next().unwrap_or_else(|| panic!("no {key}"));
    assert_eq!(lines.next(), None, "{key} stands there once");
    let words = line
        .trim_start_matches('+')
        .split(' ')
        .map(|word| match word {
            "/usr/bin/keyhold" => env!("CARGO_BIN_EXE_keyhold").into(),
            "/etc/keyhold/keyhold.toml" => dir.join("keyhold.toml").into(),
            other => other.into(),
        });
    words.collect()
}

#[test]
fn passed_sockets_are_served_and_systemd_is_told() {
    let own = Activated::start();
    let daemon = &own.daemon;
    daemon.ask(Some(&daemon.identity()), BOTH).unwrap();
    exchange(&mut UnixStream::connect(&own.passed).unwrap()).unwrap();
    assert!(
        !daemon.dir.join("keyhold.sock").exists(),
        "no socket of its own beside a passed one"
    );
    for _ in 0..3 {
        own.wait_for("WATCHDOG=1");
    }
    daemon.signal(Signal::HUP);
    own.wait_for("RELOADING=1");
    own.wait_for("READY=1");
    daemon.signal(Signal::TERM);
    own.wait_for("STOPPING=1");
    assert!(own.passed.exists(), "a passed socket's file is systemd's");
}

/// `systemctl reload` does what the unit says, and fails where the configuration cannot be taken.
#[test]
fn the_units_command_reloads_the_daemon_that_its_command_started() {
    let own = Activated::start();
    let path = own.daemon.dir.join("keyhold.toml");
    let text = fs::read_to_string(&path).unwrap();
    // Under systemd the configuration names the socket that is passed.
    let passed = format!("socket = {:?}", own.passed);
    let text = text.replace("socket = \"keyhold.sock\"", &passed);
    assert!(text.contains(&passed), "{text}");
    let reload = || {
        let words = command("ExecReload", &own.daemon.dir);
        let mut reload = Command::new(&words[0]);
        reload.args(&words[1..]).env_remove("KEYHOLD_SOCKET");
        reload.output().unwrap()
    };
    let written = |text: &str| fs::write(&path, text).unwrap();

    written(&text);
    let done = reload();
    assert!(done.status.success(), "{done:?}");
    own.wait_for("RELOADING=1");
    own.wait_for("READY=1");

    written(&format!("{text}\nnonsense = 1\n"));
    let refused = reload();
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("nonsense"), "{said}");
    own.daemon.ask(Some(&own.daemon.identity()), BOTH).unwrap();
}

/// The units are what the program expects, and closed.
#[test]
fn the_units_are_sound() {
    let service = unit("keyhold.service");
    for line in [
        "Type=notify",
        "WatchdogSec=30",
        "PrivateNetwork=yes",
        "LimitCORE=0",
        "MemoryDenyWriteExecute=yes",
    ] {
        assert!(service.lines().any(|own| own == line), "{line}");
    }
    assert!(
        unit("keyhold-metrics.socket").contains("\nFileDescriptorName=metrics\n"),
        "the daemon tells it by this name"
    );
    assert!(
        unit("keyhold.socket").contains(&format!("\nListenStream={DEFAULT_SOCKET}\n")),
        "clients and commands look for it there"
    );
    let folder = tempfile::tempdir().unwrap();
    let score = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager"])
        .arg(units().join("keyhold.service"))
        .stderr(File::create(folder.path().join("said")).unwrap())
        .output();
    // A machine without systemd cannot judge its units.
    let Ok(score) = score else { return };
    let text = String::from_utf8_lossy(&score.stdout).into_owned();
    let level = text
        .split("Overall exposure level for keyhold.service: ")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse::<f64>().ok())
        .unwrap_or_else(|| panic!("no score: {text}"));
    assert!(level <= 1.5, "exposure {level}");
}
