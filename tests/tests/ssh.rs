//! OpenSSH on the PKCS#11 module: keys are listed, and one logs in to a server.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use keyhold_tests::{
    Appliance, Backend, PIN,
    programs::{fail, locate, module, peer, succeed, succeed_saying},
};

/// An SSH server of the test's own.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(folder: &Path) -> Self {
        succeed(
            peer("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f", "host_key"])
                .current_dir(folder),
        );
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let place = |name: &str| folder.join(name).display().to_string();
        let text = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nStrictModes no\n\
             UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\n",
            place("host_key"),
            place("authorized_keys")
        );
        fs::write(folder.join("sshd_config"), text).unwrap();
        if rustix::process::getuid().is_root() {
            // Where the server gives up its rights; its package makes the folder at boot.
            fs::create_dir_all("/run/sshd").unwrap();
        }
        let child = Command::new(locate("sshd"))
            .arg("-D")
            .arg("-e")
            .arg("-f")
            .arg(folder.join("sshd_config"))
            .stdin(Stdio::null())
            .stderr(fs::File::create(folder.join("sshd.log")).unwrap())
            .spawn()
            .unwrap();
        let own = Self { child, port };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = fs::read_to_string(folder.join("sshd.log")).unwrap();
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "sshd does not listen: {log}"
            );
            sleep(Duration::from_millis(20));
        }
        own
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn generate(appliance: &Appliance, kind: &str, id: &str) {
    let mut command = peer("pkcs11-tool");
    command
        .arg("--module")
        .arg(module())
        .args(["--token-label", "dev", "--login", "--pin", PIN]);
    command.args([
        "--keypairgen",
        "--key-type",
        kind,
        "--id",
        id,
        "--label",
        kind,
    ]);
    succeed(appliance.environment(&mut command));
}

fn user() -> String {
    succeed(peer("id").arg("-un")).trim().to_owned()
}

fn logs_in(backend: Backend, kind: &str) {
    let appliance = Appliance::start(backend);
    let folder = appliance.scratch();
    generate(&appliance, kind, "31");
    // Public keys are seen without the PIN.
    let keys = succeed(appliance.environment(peer("ssh-keygen").arg("-D").arg(module())));
    let keys: Vec<_> = keys
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    assert_eq!(keys.len(), 1, "{keys:?}");
    fs::write(folder.join("authorized_keys"), format!("{}\n", keys[0])).unwrap();
    let server = Server::start(&folder);

    let askpass = folder.join("askpass");
    fs::write(&askpass, format!("#!/bin/sh\necho {PIN}\n")).unwrap();
    fs::set_permissions(&askpass, fs::Permissions::from_mode(0o700)).unwrap();
    let login = || {
        let mut command = peer("ssh");
        command.args([
            "-F",
            "none",
            "-p",
            &server.port.to_string(),
            "-o",
            "StrictHostKeyChecking=no",
        ]);
        command.args([
            "-o",
            "UserKnownHostsFile=/dev/null",
            "-o",
            "IdentitiesOnly=no",
            "-o",
            "IdentityFile=none",
        ]);
        command
            .arg("-I")
            .arg(module())
            .arg(format!("{}@127.0.0.1", user()))
            .arg("echo logged in");
        command
            .env_remove("SSH_AUTH_SOCK")
            .env("SSH_ASKPASS", &askpass)
            .env("SSH_ASKPASS_REQUIRE", "force");
        command
    };
    let said = succeed_saying(appliance.environment(&mut login()));
    let log = fs::read_to_string(folder.join("sshd.log")).unwrap();
    assert!(said.contains("logged in"), "{said}\n{log}");
    assert!(log.contains("Accepted publickey"), "{log}");
    // Another key is not let in: it is the key that logs in, and nothing else.
    fs::write(folder.join("authorized_keys"), "").unwrap();
    fail(appliance.environment(&mut login()));
}

#[test]
fn an_rsa_key_logs_in() {
    logs_in(Backend::Embedded, "rsa:2048");
}

#[test]
fn a_key_on_p256_logs_in() {
    logs_in(Backend::Embedded, "EC:prime256v1");
}

#[test]
fn a_key_in_softhsm_logs_in() {
    logs_in(Backend::SoftHsm, "rsa:2048");
}
