//! A daemon's life: first start, second start, a rival, a reload, its end.

use std::{
    fs,
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{
    BOTH, Daemon, discover_versions, eventually, exchange, is_success, keyhold, now, read_message,
};

#[test]
fn dev_finds_its_data_again() {
    let (folder, first) = Daemon::fresh();
    first.ask(Some(&first.identity()), BOTH).unwrap();
    let dir = first.dir.clone();
    let files = [
        "ca.pem",
        "keyhold.toml",
        "clients/dev.pem",
        "clients/dev.key",
        "pkcs11.toml",
        "master.key",
    ];
    let read = || files.map(|name| fs::read(dir.join(name)).unwrap());
    let before = read();
    assert!(first.stop().success());
    assert!(
        !dir.join("keyhold.sock").exists(),
        "the socket goes with its daemon"
    );

    let began = now();
    let second = Daemon::start(&dir);
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(read(), before);
    second.ask(Some(&second.identity()), BOTH).unwrap();
    drop(folder);
}

#[test]
fn a_second_daemon_on_the_same_data_is_refused() {
    let (_folder, daemon) = Daemon::fresh();
    let output = keyhold()
        .args([
            "dev",
            "--kmip",
            "127.0.0.1:0",
            "--metrics",
            "127.0.0.1:0",
            "--dir",
        ])
        .arg(&daemon.dir)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains(&format!("process {}", daemon.child.id())),
        "{said}"
    );
    assert!(said.contains("keyhold.lock"), "{said}");
    daemon.ask(Some(&daemon.identity()), BOTH).unwrap();
}

#[test]
fn a_stale_socket_is_taken_over_and_other_files_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("dev");
    let mut daemon = Daemon::start(&dir);
    daemon.child.kill().unwrap();
    daemon.child.wait().unwrap();
    let socket = dir.join("keyhold.sock");
    assert!(socket.exists(), "a killed daemon leaves it");
    let daemon = Daemon::start(&dir);
    exchange(&mut UnixStream::connect(&socket).unwrap()).unwrap();
    assert!(daemon.stop().success());

    fs::write(&socket, "precious").unwrap();
    let output = keyhold()
        .args([
            "dev",
            "--kmip",
            "127.0.0.1:0",
            "--metrics",
            "127.0.0.1:0",
            "--dir",
        ])
        .arg(&dir)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("not a socket"));
    assert_eq!(fs::read_to_string(&socket).unwrap(), "precious");
}

#[test]
fn sigterm_drains_within_five_seconds() {
    let (_folder, mut daemon) = Daemon::fresh();
    let identity = daemon.identity();
    let mut resting = daemon.ask(Some(&identity), BOTH).unwrap();
    let mut unfinished = daemon.ask(Some(&identity), BOTH).unwrap();
    let message = discover_versions(b"cut");
    unfinished.write_all(&message[..20]).unwrap();
    unfinished.flush().unwrap();
    // The daemon must have read the half before it is told to stop.
    std::thread::sleep(Duration::from_millis(200));
    let began = now();
    daemon.signal(Signal::TERM);
    assert_eq!(
        resting.read(&mut [0; 1]).unwrap_or(0),
        0,
        "who rests is closed"
    );
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
    unfinished.write_all(&message[20..]).unwrap();
    unfinished.flush().unwrap();
    assert!(
        is_success(&read_message(&mut unfinished).unwrap()),
        "who is in the middle is served"
    );
    assert!(daemon.child.wait().unwrap().success());
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn nobody_can_hold_the_end_up() {
    let (_folder, mut daemon) = Daemon::fresh();
    let mut stuck = daemon.ask(Some(&daemon.identity()), BOTH).unwrap();
    stuck.write_all(&discover_versions(b"cut")[..20]).unwrap();
    stuck.flush().unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let began = now();
    daemon.signal(Signal::INT);
    assert!(daemon.child.wait().unwrap().success());
    assert!(
        began.elapsed() < Duration::from_secs(6),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_broken_configuration_leaves_the_old_in_place() {
    let (_folder, daemon) = Daemon::fresh();
    let identity = daemon.identity();
    daemon.reload(|text| text.replace("[tls]", "[tls]\nfoo = 1"));
    daemon.wait_for_log("the old one stays");
    assert!(
        daemon.log().contains("unknown key `foo`"),
        "{}",
        daemon.log()
    );
    daemon.ask(Some(&identity), BOTH).unwrap();
    daemon.reload(|text| text.replace("foo = 1", ""));
    daemon.wait_for_log("the configuration is reloaded");
    daemon.ask(Some(&identity), BOTH).unwrap();
}

#[test]
fn the_process_is_closed_to_its_neighbours() {
    let (_folder, daemon) = Daemon::fresh();
    let process = format!("/proc/{}", daemon.child.id());
    let limits = fs::read_to_string(format!("{process}/limits")).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    let status = fs::read_to_string(format!("{process}/status")).unwrap();
    let umask = status
        .lines()
        .find(|line| line.starts_with("Umask:"))
        .unwrap();
    assert!(umask.ends_with("0077"), "{umask}");
}

#[test]
fn a_local_user_is_served_as_the_kernel_names_it() {
    let (_folder, daemon) = Daemon::fresh();
    let mut stream = UnixStream::connect(daemon.dir.join("keyhold.sock")).unwrap();
    exchange(&mut stream).unwrap();
    exchange(&mut stream).unwrap();
    // Who may use no vault is told so in KMIP: the rules for users are taken away.
    daemon.reload(|text| text.split("# Who may use").next().unwrap().to_owned());
    eventually("the user is refused", || {
        stream
            .try_clone()
            .unwrap()
            .write_all(&discover_versions(b"x"))
            .unwrap();
        !is_success(&read_message(&mut stream.try_clone().unwrap()).unwrap())
    });
}

/// No `[tls]`, no addresses, no pages: the local socket is enough.
#[test]
fn local_users_need_no_network() {
    let (_folder, daemon) = Daemon::fresh();
    let dir = daemon.dir.clone();
    assert!(daemon.stop().success());
    let path = dir.join("keyhold.toml");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once("[tls]").unwrap();
    let (_, behind) = rest.split_once("[audit]").unwrap();
    let before = before
        .replace("127.0.0.1:9464", "off")
        .replace("\"127.0.0.1:5696\"", "");
    fs::write(&path, format!("{before}[audit]{behind}")).unwrap();
    let mut child = keyhold()
        .args(["serve", "--config"])
        .arg(&path)
        .stderr(fs::File::create(dir.with_extension("log")).unwrap())
        .spawn()
        .unwrap();
    let socket = dir.join("keyhold.sock");
    eventually("the local socket is served", || {
        UnixStream::connect(&socket).is_ok()
    });
    let served = exchange(&mut UnixStream::connect(&socket).unwrap());
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
    served.unwrap();
    let log = fs::read_to_string(dir.with_extension("log")).unwrap();
    assert!(
        log.contains("\"kmip\":\"[]\"") && log.contains("\"metrics\":\"[]\""),
        "{log}"
    );
}

/// `dev` on a PKCS#11 token instead of the embedded HSM; needs SoftHSM2, which `make test` installs.
#[test]
fn dev_runs_on_a_module() {
    let folder = tempfile::tempdir().unwrap();
    let settings = soft_token(folder.path());
    let dir = folder.path().join("dev");
    let start = |arguments: &[&str]| {
        let mut command = keyhold();
        command.env("SOFTHSM2_CONF", &settings);
        let mut daemon = Daemon::start_with(&dir, command.arg("dev").args(arguments));
        daemon.ask(Some(&daemon.identity()), BOTH).unwrap();
        daemon.signal(Signal::TERM);
        assert!(daemon.child.wait().unwrap().success());
    };
    start(&[
        "--module",
        soft_module(),
        "--token",
        "trial",
        "--token-pin",
        "9876",
    ]);
    let config = fs::read_to_string(dir.join("keyhold.toml")).unwrap();
    assert!(
        config.contains("kind = \"module\"") && !config.contains("9876"),
        "{config}"
    );
    start(&[]);
    let check = keyhold()
        .env("SOFTHSM2_CONF", &settings)
        .args(["check", "--json", "--config"])
        .arg(dir.join("keyhold.toml"))
        .output()
        .unwrap();
    assert!(check.status.success(), "{check:?}");
    let findings: serde_json::Value = serde_json::from_slice(&check.stdout).unwrap();
    let hsm = findings.as_array().unwrap().last().unwrap();
    assert!(hsm["detail"].as_str().unwrap().contains("SoftHSM"), "{hsm}");
}

/// A directory that was set up with the embedded HSM has its keys there.
#[test]
fn a_directory_keeps_its_hsm() {
    let (_folder, daemon) = Daemon::fresh();
    let dir = daemon.dir.clone();
    assert!(daemon.stop().success());
    let refused = keyhold()
        .args([
            "dev",
            "--module",
            "/nowhere.so",
            "--token",
            "trial",
            "--token-pin",
            "9876",
            "--dir",
        ])
        .arg(&dir)
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("another HSM"),
        "{refused:?}"
    );
}

/// A token of SoftHSM2 in a folder, and the settings that lead to it.
fn soft_token(folder: &Path) -> PathBuf {
    let tokens = folder.join("tokens");
    fs::create_dir(&tokens).unwrap();
    let settings = folder.join("softhsm2.conf");
    fs::write(
        &settings,
        format!("directories.tokendir = {}\n", tokens.display()),
    )
    .unwrap();
    let made = Command::new("softhsm2-util")
        .args([
            "--init-token",
            "--free",
            "--label",
            "trial",
            "--pin",
            "9876",
            "--so-pin",
            "98765432",
        ])
        .env("SOFTHSM2_CONF", &settings)
        .output()
        .expect("softhsm2-util; install softhsm2");
    assert!(made.status.success(), "{made:?}");
    settings
}

fn soft_module() -> &'static str {
    [
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib64/pkcs11/libsofthsm2.so",
    ]
    .into_iter()
    .find(|path| Path::new(path).exists())
    .expect("SoftHSM2's library; install softhsm2")
}
