//! systemd's side: sockets passed, readiness told, the watchdog fed.

use std::{
    fs::{self, File},
    net::TcpListener,
    os::{
        fd::OwnedFd,
        unix::net::{UnixDatagram, UnixListener, UnixStream},
    },
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use rustix::process::Signal;

use crate::harness::{BOTH, Daemon, exchange};

#[test]
fn passed_sockets_are_served_and_systemd_is_told() {
    let (folder, first) = Daemon::fresh();
    let dir = first.dir.clone();
    assert!(first.stop().success());
    let network = TcpListener::bind("127.0.0.1:0").unwrap();
    let metrics = TcpListener::bind("127.0.0.1:0").unwrap();
    let local = UnixListener::bind(folder.path().join("passed.sock")).unwrap();
    let addresses = (network.local_addr().unwrap(), metrics.local_addr().unwrap());
    let notices = folder.path().join("notify");
    let notified = UnixDatagram::bind(&notices).unwrap();
    notified
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    // A shell moves the sockets to where systemd puts them, and becomes the daemon.
    let script = "exec 3<&0 4<&1 5<&2 0</dev/null 1>/dev/null 2>\"$LOG\"; \
                  export LISTEN_PID=$$ WATCHDOG_PID=$$; exec \"$KEYHOLD\" serve --config \"$CONFIG\"";
    let child = Command::new("sh")
        .args(["-c", script])
        .env("KEYHOLD", env!("CARGO_BIN_EXE_keyhold"))
        .env("CONFIG", dir.join("keyhold.toml"))
        .env("LOG", dir.with_extension("log"))
        .env("LISTEN_FDS", "3")
        .env("LISTEN_FDNAMES", "keyhold.socket:keyhold.socket:metrics")
        .env("NOTIFY_SOCKET", &notices)
        .env("WATCHDOG_USEC", "300000")
        .stdin(Stdio::from(OwnedFd::from(network)))
        .stdout(Stdio::from(OwnedFd::from(local)))
        .stderr(Stdio::from(OwnedFd::from(metrics)))
        .spawn()
        .unwrap();
    let daemon = Daemon {
        child,
        kmip: addresses.0,
        metrics: addresses.1,
        dir: dir.clone(),
    };
    wait_for(&notified, "READY=1", &daemon);
    daemon.ask(Some(&daemon.identity()), BOTH).unwrap();
    exchange(&mut UnixStream::connect(folder.path().join("passed.sock")).unwrap()).unwrap();
    assert!(
        !dir.join("keyhold.sock").exists(),
        "no socket of its own beside a passed one"
    );
    for _ in 0..3 {
        wait_for(&notified, "WATCHDOG=1", &daemon);
    }
    daemon.signal(Signal::HUP);
    wait_for(&notified, "RELOADING=1", &daemon);
    wait_for(&notified, "READY=1", &daemon);
    daemon.signal(Signal::TERM);
    wait_for(&notified, "STOPPING=1", &daemon);
    assert!(
        folder.path().join("passed.sock").exists(),
        "a passed socket's file is systemd's"
    );
}

fn wait_for(notified: &UnixDatagram, wanted: &str, daemon: &Daemon) {
    let mut buffer = [0; 512];
    loop {
        let length = notified
            .recv(&mut buffer)
            .unwrap_or_else(|error| panic!("no {wanted}: {error}\n{}", daemon.log()));
        if String::from_utf8_lossy(&buffer[..length])
            .lines()
            .any(|line| line == wanted)
        {
            return;
        }
    }
}

/// The units are what the program expects, and closed.
#[test]
fn the_units_are_sound() {
    let units = Path::new(env!("CARGO_MANIFEST_DIR")).join("../systemd");
    let service = fs::read_to_string(units.join("keyhold.service")).unwrap();
    for line in [
        "Type=notify",
        "WatchdogSec=30",
        "PrivateNetwork=yes",
        "LimitCORE=0",
        "MemoryDenyWriteExecute=yes",
    ] {
        assert!(service.lines().any(|own| own == line), "{line}");
    }
    let metrics = fs::read_to_string(units.join("keyhold-metrics.socket")).unwrap();
    assert!(
        metrics.contains("\nFileDescriptorName=metrics\n"),
        "the daemon tells it by this name"
    );
    let folder = tempfile::tempdir().unwrap();
    let score = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager"])
        .arg(units.join("keyhold.service"))
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
