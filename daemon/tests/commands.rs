//! The operators' commands against a daemon in a process of its own: answers, files and exit codes.
#![expect(clippy::unwrap_used, reason = "a test that fails stops")]

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

fn keyhold() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyhold"));
    command
        .env_remove("KEYHOLD_CONFIG")
        .env_remove("KEYHOLD_SOCKET")
        .env_remove("KEYHOLD_LOG");
    command
}

/// A `keyhold dev` that is ready.
struct Daemon {
    child: Child,
    dir: PathBuf,
}

impl Daemon {
    fn start(dir: &Path) -> Self {
        let mut child = keyhold()
            .args([
                "dev",
                "--kmip",
                "127.0.0.1:0",
                "--metrics",
                "127.0.0.1:0",
                "--dir",
            ])
            .arg(dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let own = Self {
            child,
            dir: dir.to_owned(),
        };
        let ready = output.lines().any(|line| line.unwrap() == "keyhold ready");
        assert!(ready, "the daemon ended before it was ready");
        own
    }

    /// Ends it as systemd would.
    fn stop(mut self) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success());
    }

    fn run(&self, command: &str, more: &[&Path]) -> Output {
        let mut process = keyhold();
        process.args(command.split(' ')).args(more);
        process.arg("--dir").arg(&self.dir);
        process.output().unwrap()
    }

    /// The answer of a command that is done.
    fn ask(&self, command: &str) -> Value {
        let output = self.run(&format!("--json {command}"), &[]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}: {errors}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Why a command is refused.
    fn refused(&self, command: &str) -> String {
        let output = self.run(&format!("--json {command}"), &[]);
        assert_eq!(output.status.code(), Some(1), "{command}");
        let line: Value = serde_json::from_slice(&output.stderr).unwrap();
        line.get("error").unwrap().as_str().unwrap().to_owned()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It has ended already where it was stopped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn an_operator_keeps_vaults_keys_and_clients() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&folder.path().join("dev"));
    let made = daemon.ask("vault create prod --class locked");
    assert_eq!(made["class"], "locked");
    assert_eq!(daemon.ask("vault list").as_array().unwrap().len(), 2);
    assert_eq!(
        daemon.refused("vault create prod"),
        "there is a vault \"prod\" already"
    );

    let pin = folder.path().join("pin");
    fs::write(&pin, "4711\n").unwrap();
    fs::set_permissions(&pin, fs::Permissions::from_mode(0o600)).unwrap();
    let output = daemon.run("vault set prod --pin-file", &[&pin]);
    assert!(output.status.success());
    assert!(
        daemon.ask("vault show prod")["has_user_pin"]
            .as_bool()
            .unwrap()
    );

    let keys = daemon.ask("key create disk --vault prod --type aes-256 --active");
    assert_eq!(keys[0]["state"], "Active");
    daemon.ask("key create web --vault prod --type ec-p256 --releasable");
    assert_eq!(daemon.ask("key list --vault prod --limit 1")["total"], 3);
    assert!(
        daemon
            .refused("key destroy disk --vault prod")
            .contains("keyhold key revoke")
    );
    assert_eq!(
        daemon.ask("key revoke disk --vault prod")[0]["state"],
        "Deactivated"
    );
    assert_eq!(
        daemon.ask("key destroy disk --vault prod")[0]["state"],
        "Destroyed"
    );
    let shown = daemon.ask("key show web --vault prod");
    assert_eq!(shown["key"]["class"], "releasable");

    let out = folder.path().join("pg");
    let output = daemon.run("client issue pg --vault prod --out", &[&out]);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("pg.pem"));
    let mode = fs::metadata(out.join("pg.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let authority = fs::read(out.join("ca.pem")).unwrap();
    assert_eq!(authority, fs::read(daemon.dir.join("ca.pem")).unwrap());
    let output = daemon.run("client issue pg --vault prod --out", &[&out]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("not overwritten"));
    let revoked = daemon.ask("client revoke pg --vault prod");
    assert!(revoked["revoked"].is_string());
    assert_eq!(daemon.ask("client list --vault prod")[0]["name"], "pg");

    let status = daemon.ask("status");
    assert_eq!(
        (&status["vaults"], &status["objects"]),
        // With the key by which the vault of `keyhold dev` issues certificates.
        (&2.into(), &4.into())
    );
    daemon.stop();
}

#[test]
fn the_trail_is_verified_and_followed() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&folder.path().join("dev"));
    daemon.ask("key create one --vault dev --type aes-128");
    let mut follower = keyhold()
        .args([
            "--json", "audit", "tail", "-f", "-n", "1", "--vault", "dev", "--dir",
        ])
        .arg(&daemon.dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut followed = BufReader::new(follower.stdout.take().unwrap()).lines();
    assert!(followed.next().unwrap().unwrap().contains("\"dev\""));
    daemon.ask("key create two --vault dev --type aes-128");
    let created = followed.any(|line| line.unwrap().contains("\"Create\""));
    follower.kill().unwrap();
    follower.wait().unwrap();
    assert!(created, "the follower ended");
    let dir = daemon.dir.clone();
    daemon.stop();

    let verify = || {
        let mut command = keyhold();
        command
            .args(["--json", "audit", "verify", "--dir"])
            .arg(&dir);
        command.output().unwrap()
    };
    let output = verify();
    assert_eq!(output.status.code(), Some(0));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["signature"], "valid");
    assert_eq!(report["streams"][0]["stream"], "dev");
    let path = dir.join("audit").join("dev.000001.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("uid:", "uid;", 1)).unwrap();
    let output = verify();
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let finding = &report["findings"][0];
    assert_eq!(
        (&finding["line"], &finding["sequence"]),
        (&1.into(), &1.into()),
        "{report}"
    );
}

#[test]
fn a_backup_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&folder.path().join("dev"));
    let key = daemon.ask("key create disk --vault dev --type aes-256");
    let backup = folder.path().join("backup");
    let output = daemon.run("--json backup", &[&backup]);
    assert!(output.status.success());
    let restore = |from: &Path, into: &Path| {
        let mut command = keyhold();
        command.arg("restore").arg(from).arg("--into").arg(into);
        command.output().unwrap()
    };
    let output = restore(&backup, &daemon.dir);
    assert_eq!(output.status.code(), Some(1));
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(why.contains("is running on this data"), "{why}");
    let master = fs::read(daemon.dir.join("master.key")).unwrap();
    assert!(!backup.join("master.key").exists(), "it is not sealed");
    let old = daemon.dir.clone();
    daemon.stop();
    let why = String::from_utf8_lossy(&restore(&backup, &old).stderr).into_owned();
    assert!(why.contains("not overwritten"), "{why}");

    let new = folder.path().join("new");
    let output = restore(&backup, &new);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("master.key"));
    fs::write(new.join("master.key"), master).unwrap();
    fs::set_permissions(new.join("master.key"), fs::Permissions::from_mode(0o600)).unwrap();
    let daemon = Daemon::start(&new);
    let id = key[0]["id"].as_str().unwrap();
    assert_eq!(daemon.ask("key show disk --vault dev")["key"]["id"], id);
    daemon.stop();

    fs::write(backup.join("ca.pem"), "changed").unwrap();
    let third = folder.path().join("third");
    let why = String::from_utf8_lossy(&restore(&backup, &third).stderr).into_owned();
    assert!(why.contains("ca.pem") && why.contains("damaged"), "{why}");
    assert!(!third.exists(), "nothing was written");
}

#[test]
fn commands_used_wrongly_end_with_two() {
    for wrong in [
        "vault",
        "vault create",
        "key create x",
        "client issue x --vault v",
        "frob",
    ] {
        let output = keyhold().args(wrong.split(' ')).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong}");
    }
    let output = keyhold()
        .args(["status", "--socket", "/nowhere"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        why.contains("/nowhere") && why.contains("keyhold serve"),
        "{why}"
    );
}
