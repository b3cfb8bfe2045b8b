//! What the program says to mistakes.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Output};

use crate::harness::keyhold;

fn run(arguments: &[&str]) -> Output {
    keyhold().args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn wrong_usage_ends_with_2_and_help_with_0() {
    for arguments in [
        &["bogus"][..],
        &["dev", "--module", "x"],
        &["completions", "cmd"],
        &[],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            !output.stderr.is_empty() && output.stdout.is_empty(),
            "{arguments:?}"
        );
    }
    for arguments in [&["--help"][..], &["--version"], &["dev", "--help"]] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(!output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn completions_and_manual_pages_are_printed() {
    for shell in ["bash", "zsh", "fish"] {
        let output = run(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0));
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("keyhold"),
            "{shell}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    assert_eq!(run(&["man", "--out", out]).status.code(), Some(0));
    assert!(folder.path().join("keyhold-dev.1").exists());
}

#[test]
fn a_typing_mistake_is_named_by_file_line_and_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keyhold.toml");
    fs::write(&path, "version = 1\n\n[server]\nkmpi = []\n").unwrap();
    for command in ["serve", "check"] {
        let output = run(&[command, "--config", path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1));
        let wanted = format!("{}:4: unknown key `kmpi`", path.display());
        assert!(said(&output).contains(&wanted), "{}", said(&output));
    }
    let output = run(&["serve", "--json", "--config", path.to_str().unwrap()]);
    let said: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert!(said["error"].as_str().unwrap().contains("`kmpi`"));
}

/// What `init` makes passes `check`, and each broken part of it stops both `check` and `serve` before they listen.
#[test]
fn what_is_broken_is_found_before_anything_listens() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("appliance");
    let made = run(&[
        "init",
        "--dir",
        dir.to_str().unwrap(),
        "--host",
        "kms.example",
    ]);
    assert_eq!(made.status.code(), Some(0), "{}", said(&made));
    let config = dir.join("keyhold.toml");
    let config = config.to_str().unwrap();
    let again = run(&["init", "--dir", dir.to_str().unwrap()]);
    assert!(again.status.code() == Some(1) && said(&again).contains("nothing is overwritten"));

    let good = run(&["check", "--json", "--config", config]);
    assert_eq!(good.status.code(), Some(0), "{}", said(&good));
    let findings: serde_json::Value = serde_json::from_slice(&good.stdout).unwrap();
    let backend = findings.as_array().unwrap().last().unwrap();
    assert_eq!(backend["part"], "backend embedded");
    assert!(
        backend["capabilities"]["generate"]
            .as_array()
            .unwrap()
            .len()
            > 5
    );

    let broken: &[(&str, &[u8], &str)] = &[
        ("master.key", b"", "master"),
        ("server.pem", b"", "holds no certificate"),
        ("server.key", b"-----BEGIN", "server.key"),
        ("authority/ca.pem", b"rubbish", "ca.pem"),
        (
            "policy.toml",
            b"version = 1\n[role.x]\nallow = [\"fly\"]\n",
            "fly",
        ),
    ];
    for (name, contents, wanted) in broken {
        let path = dir.join(name);
        let kept = fs::read(&path).unwrap();
        fs::write(&path, contents).unwrap();
        for command in ["check", "serve"] {
            let output = run(&[command, "--config", config]);
            assert_eq!(output.status.code(), Some(1), "{command} {name}");
            let told = said(&output) + &String::from_utf8_lossy(&output.stdout);
            assert!(told.contains(wanted), "{command} {name}: {told}");
        }
        fs::write(&path, kept).unwrap();
    }
    let open = PermissionsExt::from_mode(0o644);
    fs::set_permissions(dir.join("server.key"), open).unwrap();
    let output = run(&["check", "--config", config]);
    assert!(output.status.code() == Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("chmod 600"));
}

/// A master sealed under a systemd credential opens with that credential, and with no other.
#[test]
fn a_credential_opens_the_master() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, passed) = (
        folder.path().join("appliance"),
        folder.path().join("passed"),
    );
    fs::create_dir(&passed).unwrap();
    let secret = passed.join("keyhold-master");
    let private = |contents: [u8; 32]| {
        fs::write(&secret, contents).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    };
    private([7; 32]);
    let (dir, file) = (dir.to_str().unwrap(), secret.to_str().unwrap());
    let made = run(&[
        "init",
        "--dir",
        dir,
        "--host",
        "localhost",
        "--credential-file",
        file,
    ]);
    assert_eq!(made.status.code(), Some(0), "{}", said(&made));
    let check = |credentials: Option<&Path>| {
        let mut command = keyhold();
        command.args(["check", "--config", &format!("{dir}/keyhold.toml")]);
        if let Some(credentials) = credentials {
            command.env("CREDENTIALS_DIRECTORY", credentials);
        }
        command.output().unwrap()
    };
    let opened = check(Some(&passed));
    assert_eq!(opened.status.code(), Some(0), "{}", said(&opened));
    let without = check(None);
    assert_eq!(without.status.code(), Some(1));
    assert!(
        said(&without).contains("CREDENTIALS_DIRECTORY"),
        "{}",
        said(&without)
    );
    private([8; 32]);
    assert_eq!(
        check(Some(&passed)).status.code(),
        Some(1),
        "another secret"
    );
}
