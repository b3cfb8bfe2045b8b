//! Hosts written in C, with their own OpenSSL, signals, threads and ways to end: `host.c` beside this.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::{
    common::{CONFIG, Fake, alone, module_path, program},
    tls::over_tls,
};

/// The program, built in this folder; the compiler is the one that builds the project's C.
fn host(folder: &Path) -> PathBuf {
    let program = folder.join("host");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/host.c");
    let built = Command::new("cc")
        .args(["-O1", "-g", "-Wall", "-Wextra", "-Werror", source, "-o"])
        .arg(&program)
        .args(["-rdynamic", "-ldl", "-lpthread"])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{errors}");
    program
}

/// Runs a scenario, which succeeds and prints nothing at all.
fn plays(scenario: &str, prepare: impl FnOnce(&Fake)) {
    alone(&format!("hosts::{scenario}"), CONFIG, |fake, _| {
        prepare(fake);
        let folder = tempfile::tempdir().unwrap();
        let scenario = scenario.replace('_', " ");
        let output = program(&host(folder.path()), true)
            .arg(module_path())
            .arg(&scenario)
            .output()
            .unwrap();
        silent(&scenario, &output);
    });
}

fn silent(scenario: &str, output: &Output) {
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(
        output.status.success() && said.is_empty(),
        "{scenario}: {:?}: {said}",
        output.status
    );
}

/// A host that calls `exit` with sessions open, after it used an OpenSSL of its own.
#[test]
fn exit() {
    plays("exit", over_tls);
}

/// The same that finalises in a handler of `atexit`, when OpenSSL has cleaned up already.
#[test]
fn atexit() {
    plays("atexit", over_tls);
}

/// The same that finalises in a destructor, after all handlers.
#[test]
fn destructor() {
    plays("destructor", over_tls);
}

/// A thread that has used the module ends after the library was closed.
#[test]
fn thread() {
    plays("thread", over_tls);
}

/// Signals whose handlers end every wait come all the time.
#[test]
fn interrupted() {
    plays("interrupted", |fake| {
        fake.state.lock().unwrap().delay = std::time::Duration::from_millis(5);
    });
}

/// All signals are blocked, and the daemon closes its connections.
#[test]
fn blocked() {
    plays("blocked", |fake| fake.answers_each(2));
}

/// The host has functions of the same names, of another module that it has linked.
#[test]
fn listed() {
    plays("listed", |_| {});
}

/// The same over TLS, whose handshake has more to say.
#[test]
fn forked_with_tls() {
    plays("forked_with_tls", over_tls);
}

/// The host has closed every descriptor that it did not know.
#[test]
fn closed() {
    plays("closed", |_| {});
}

/// The process may open nothing more for a while.
#[test]
fn crowded() {
    plays("crowded", |fake| fake.answers_each(2));
}

/// Children that exit and children that become other programs leave the parent's session as it was.
#[test]
fn forked() {
    plays("forked", |_| {});
}

/// Without `HOME`, and without anything else.
#[test]
fn no_environment() {
    if Path::new("/etc/keyhold/pkcs11.toml").exists() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let output = program(&host(folder.path()), true)
        .arg(module_path())
        .arg("no environment")
        .env_clear()
        .output()
        .unwrap();
    silent("no environment", &output);
}

/// A program whose file gives it another user's rights does not let its caller name files.
#[test]
fn privileged() {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root || Path::new("/etc/keyhold/pkcs11.toml").exists() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let host = host(folder.path());
    let module = folder.path().join("module.so");
    fs::copy(module_path(), &module).unwrap();
    let config = folder.path().join("pkcs11.toml");
    fs::write(&config, CONFIG).unwrap();
    let log = folder.path().join("log");
    for path in [folder.path(), &module, &config] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    std::os::unix::fs::chown(&host, Some(65534), Some(65534)).unwrap();
    let with_mode = |mode: u32| {
        fs::set_permissions(&host, fs::Permissions::from_mode(mode)).unwrap();
        Command::new(&host)
            .arg(&module)
            .arg("privileged")
            .env("KEYHOLD_PKCS11_CONFIG", &config)
            .env("KEYHOLD_PKCS11_LOG", &log)
            .env("HOME", folder.path())
            .output()
            .unwrap()
    };
    assert_eq!(with_mode(0o755).status.code(), Some(77));
    let output = with_mode(0o4755);
    if output.status.code() == Some(77) {
        // A file system that ignores the bit.
        return;
    }
    silent("privileged", &output);
    assert!(!log.exists());
}

/// What the library wants of whoever loads it: the C library, and none of its means to change the process it is in.
#[test]
fn the_library_asks_little_of_its_host() {
    let Ok(output) = Command::new("nm")
        .args(["-D", "--undefined-only", "--format=just-symbols"])
        .arg(module_path())
        .output()
    else {
        return;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    let wanted: Vec<&str> = text
        .lines()
        .map(|line| line.split('@').next().unwrap())
        .collect();
    assert!(wanted.contains(&"malloc"), "{wanted:?}");
    let means = [
        "pthread_create",
        "pthread_atfork",
        "atexit",
        "__cxa_atexit",
        "on_exit",
        "exit",
        "fork",
        "execve",
        "sigaction",
        "signal",
        "sigprocmask",
        "pthread_sigmask",
        "setenv",
        "setlocale",
        "dlopen",
        "printf",
        "puts",
        "stdout",
    ];
    // Names of TLS libraries, whichever copy of theirs the host may have.
    let foreign = ["OPENSSL_", "SSL_", "EVP_", "CRYPTO_", "RAND_", "sdallocx"];
    let asked: Vec<_> = wanted
        .iter()
        .filter(|own| means.contains(own) || foreign.iter().any(|name| own.starts_with(name)))
        .collect();
    assert!(asked.is_empty(), "{asked:?}");
    let output = Command::new("readelf")
        .arg("-d")
        .arg(module_path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let needed = text.lines().filter(|line| line.contains("(NEEDED)"));
    for library in needed {
        let ours = [
            "[libc.so",
            "[libgcc_s.so",
            "[ld-linux",
            "[libm.so",
            "[libpthread.so",
            "[libdl.so",
        ];
        assert!(ours.iter().any(|name| library.contains(name)), "{library}");
    }
}
