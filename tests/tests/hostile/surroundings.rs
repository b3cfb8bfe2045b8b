//! What goes wrong around the daemon: a full disk, a second daemon, foreign files, typing errors, an HSM that is away.

use std::{
    fs,
    path::PathBuf,
    thread::sleep,
    time::{Duration, Instant},
};

use keyhold_tests::{
    Appliance, Backend, Refused,
    objects::*,
    programs::{fail, keyhold, output, peer, run_python, succeed},
};
use kmip::{
    ObjectType, V2_1,
    payload::{
        create::{Create, CreateRequest},
        sign::{Sign, SignRequest},
    },
};
use rustix::process::Signal;

fn creating() -> CreateRequest {
    CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: list(aes(256, CIPHER)),
        protection_storage_masks: None,
    }
}

#[test]
fn a_second_daemon_does_not_start_on_the_same_data() {
    let mut appliance = Appliance::start(Backend::Embedded);
    let said = fail(&mut appliance.command());
    assert!(
        said.contains("another keyhold") && said.contains("stop it first"),
        "{said}"
    );
    assert!(
        said.contains(&appliance.pid().to_string()),
        "it says which: {said}"
    );
    appliance.assert_alive();
    create(&mut appliance.client(V2_1), aes(128, CIPHER));
    create(&mut appliance.local(V2_1), aes(128, CIPHER));
}

#[test]
fn a_store_that_is_not_ours_is_left_alone() {
    let mut appliance = Appliance::start(Backend::Embedded);
    appliance.stop(Signal::TERM);
    let store = appliance.file("keyhold.db");
    let path = store.display().to_string();
    for (program, what) in [
        (
            "open(sys.argv[1], 'wb').write(b'this is no database, but somebody needs it' * 1000)",
            "a text",
        ),
        (
            "c = sqlite3.connect(sys.argv[1]); c.execute('create table recipes (cake text)'); c.commit()",
            "another's database",
        ),
    ] {
        fs::remove_file(&store).unwrap();
        run_python(&format!("import sys, sqlite3\n{program}"), &[&path]);
        let before = fs::read(&store).unwrap();
        let said = fail(&mut appliance.command());
        assert!(said.contains("keyhold.db"), "{what}: {said}");
        assert!(fs::read(&store).unwrap() == before, "{what} was changed");
    }
}

#[test]
fn a_typing_error_is_named_with_its_line() {
    let mut appliance = Appliance::start(Backend::Embedded);
    appliance.stop(Signal::TERM);
    let path = appliance.file("keyhold.toml");
    let good = fs::read_to_string(&path).unwrap();
    let line = good.lines().position(|line| line == "[server]").unwrap() + 2;
    let config = path.display().to_string();
    for (typed, names) in [
        ("kmpi = []", "kmpi"),
        ("kmip = 7", "expected a sequence"),
        ("kmip = [\"here\"]", "kmip"),
    ] {
        let bad = good.replace("kmip = [\"127.0.0.1:5696\"]", typed);
        assert_ne!(bad, good);
        fs::write(&path, bad).unwrap();
        for command in ["check", "serve"] {
            let said = fail(
                peer("env")
                    .arg(keyhold())
                    .args([command, "--config", &config]),
            );
            assert!(
                said.contains(&format!("keyhold.toml:{line}:")) && said.contains(names),
                "{command}: {said}"
            );
        }
        let said = fail(&mut appliance.command());
        assert!(
            said.contains(&format!("keyhold.toml:{line}:")),
            "dev: {said}"
        );
    }
    fs::write(&path, good).unwrap();
    appliance.restart();
}

/// Runs what follows with a small disk of its own mounted at `$0`.
const SMALL_DISK: &str = "mount -t tmpfs -o size=3m,mode=700 keyhold \"$0\" && exec \"$@\"";

/// An appliance whose records and audit trail are on a disk of three megabytes, and the disk.
fn on_a_small_disk() -> (Appliance, PathBuf) {
    let mut appliance = Appliance::start(Backend::Embedded);
    appliance.stop(Signal::TERM);
    let small = appliance.file("small");
    fs::create_dir(&small).unwrap();
    let path = appliance.file("keyhold.toml");
    let text = fs::read_to_string(&path).unwrap();
    let moved = text
        .replace("\"keyhold.db\"", "\"small/keyhold.db\"")
        .replace("\"audit\"", "\"small/audit\"");
    assert_eq!(moved.matches("small/").count(), 2, "{text}");
    fs::write(&path, moved).unwrap();
    let place = small.display().to_string();
    let unshare: &[&str] = if rustix::process::getuid().is_root() {
        &["unshare", "--mount"]
    } else {
        &["unshare", "--map-root-user", "--mount"]
    };
    let wrapper = [unshare, &["sh", "-c", SMALL_DISK, &place]].concat();
    let tried = output(peer(wrapper[0]).args(&wrapper[1..]).arg("true"));
    assert!(
        tried.status.success(),
        "this test mounts a small disk and may not ({}); run it as root, or allow user namespaces: \
         sysctl -w kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0",
        String::from_utf8_lossy(&tried.stderr).trim()
    );
    appliance.wrap(&wrapper);
    appliance.restart();
    // The disk is seen by the daemon alone, so it is reached through the daemon.
    let seen = PathBuf::from(format!("/proc/{}/root{place}", appliance.pid()));
    (appliance, seen)
}

#[test]
fn a_full_disk_refuses_and_loses_nothing() {
    let (mut appliance, disk) = on_a_small_disk();
    let client = &mut appliance.client(V2_1);
    let mut keys = vec![create(client, aes(256, CIPHER))];
    fs::write(disk.join("ballast"), vec![0; 2 << 20]).unwrap();
    let refused: Refused = loop {
        match client.try_call::<Create>(&creating()) {
            Ok(made) => keys.push(text(&made.unique_identifier)),
            Err(refused) => break refused,
        }
        assert!(keys.len() < 100_000, "the disk does not fill");
    };
    assert!(
        !refused.message.contains("small"),
        "nothing of our insides is told: {refused}"
    );
    for _ in 0..20 {
        assert!(client.try_call::<Create>(&creating()).is_err());
    }
    appliance.assert_alive();
    assert_ne!(
        appliance.page("/readyz").0,
        200,
        "it says that it is not well"
    );
    fs::remove_file(disk.join("ballast")).unwrap();
    serves_again(&appliance);
    let client = &mut appliance.client(V2_1);
    keys.push(create(client, aes(256, CIPHER)));
    let found = locate(client, []);
    let lost: Vec<_> = keys.iter().filter(|key| !found.contains(key)).collect();
    assert!(
        lost.is_empty(),
        "{lost:?} were acknowledged and are not there"
    );
    succeed_inside(&appliance);
}

/// The audit trail holds together; it is on the disk that only the daemon sees.
fn succeed_inside(appliance: &Appliance) {
    let trail = appliance.scratch().join("trail");
    let seen = format!(
        "/proc/{}/root{}",
        appliance.pid(),
        appliance.file("small/audit").display()
    );
    succeed(peer("cp").arg("-r").arg(&seen).arg(&trail));
    let trail = trail.display().to_string();
    succeed(
        peer("env")
            .arg(keyhold())
            .args(["audit", "verify", "--dir", &trail]),
    );
}

fn serves_again(appliance: &Appliance) {
    let started = Instant::now();
    while appliance
        .client(V2_1)
        .try_call::<Create>(&creating())
        .is_err()
    {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "it does not serve again\n{}",
            appliance.logged()
        );
        sleep(Duration::from_millis(200));
    }
}

#[test]
fn an_hsm_that_goes_away_comes_back() {
    let mut appliance = Appliance::start(Backend::SoftHsm);
    let client = &mut appliance.client(V2_1);
    let (private, _) = create_pair(client, Pair::Rsa(2048), locked());
    let signing = SignRequest {
        unique_identifier: id(&private),
        data: Some(b"message".as_slice().into()),
        ..SignRequest::default()
    };
    client.call::<Sign>(&signing);
    for _ in 0..2 {
        appliance.token().unplug();
        let refused = client
            .try_call::<Create>(&creating())
            .err()
            .expect("there is no HSM to make it in");
        assert!(
            !refused.message.contains("CKR_"),
            "nothing of our insides is told: {refused}"
        );
        // What a token gave out before may still be usable; whatever the answer, it is one.
        for _ in 0..10 {
            let _ = client.try_call::<Sign>(&signing);
        }
        appliance.token().plug();
        let started = Instant::now();
        while client.try_call::<Sign>(&signing).is_err()
            || client.try_call::<Create>(&creating()).is_err()
        {
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "it does not come back\n{}",
                appliance.logged()
            );
            sleep(Duration::from_millis(200));
        }
    }
    appliance.assert_alive();
    assert_eq!(appliance.page("/readyz").0, 200);
}
