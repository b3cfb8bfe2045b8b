//! `keyhold dev`: what it says can be pasted, it finds its data again, it stops when told to, it tells how it is.

use std::{env, ffi::OsString, fs, time::Duration};

use keyhold_tests::{
    Appliance, Backend, Token, VERSIONS,
    objects::*,
    programs::{fail, keyhold, module, peer, python, succeed, succeed_saying},
};
use kmip::{V2_1, payload::get::Get};
use rustix::process::Signal;

/// The environment of somebody who has PyKMIP.
fn path() -> OsString {
    let own = python().parent().unwrap().to_owned();
    let rest = env::var_os("PATH").unwrap();
    env::join_paths([own].into_iter().chain(env::split_paths(&rest))).unwrap()
}

/// The commands that were printed to be pasted, each a paragraph.
fn commands(printed: &str) -> Vec<String> {
    let (_, paste) = printed
        .split_once("To paste into another terminal:")
        .expect("commands to paste");
    let (paste, _) = paste
        .split_once("keyhold ready")
        .expect("the line that says that it serves");
    paste
        .split("\n\n")
        .map(str::trim)
        .filter(|command| !command.is_empty())
        .map(ToOwned::to_owned)
        .collect()
}

fn pasted(appliance: &Appliance) {
    let commands = commands(&appliance.printed());
    assert_eq!(commands.len(), 3, "{commands:#?}");
    for (command, names) in commands.iter().zip(["kmip", "pkcs11-tool", "keyhold"]) {
        assert!(command.contains(names), "{command}");
        let mut shell = peer("sh");
        shell
            .args(["-c", command])
            .env("PATH", path())
            .env("HOME", appliance.scratch());
        let said = succeed_saying(shell.current_dir(appliance.scratch()));
        assert!(!said.trim().is_empty(), "{command} said nothing");
    }
    let client = &mut appliance.client(V2_1);
    assert_eq!(
        locate(client, []).len(),
        2,
        "PyKMIP made a key, and pkcs11-tool another"
    );
}

#[test]
fn each_command_that_it_prints_works() {
    pasted(&Appliance::start(Backend::Embedded));
}

#[test]
fn each_command_works_on_softhsm() {
    pasted(&Appliance::start(Backend::SoftHsm));
}

#[test]
fn the_files_of_the_contract_are_there() {
    let appliance = Appliance::start(Backend::Embedded);
    for name in [
        "keyhold.toml",
        "ca.pem",
        "clients/dev.pem",
        "clients/dev.key",
        "keyhold.sock",
        "pkcs11.toml",
    ] {
        assert!(appliance.file(name).exists(), "{name}");
    }
    let printed = appliance.printed();
    assert_eq!(
        printed
            .lines()
            .filter(|line| *line == "keyhold ready")
            .count(),
        1
    );
    assert_eq!(printed.lines().last(), Some("keyhold ready"), "{printed}");
}

#[test]
fn a_second_start_finds_the_same_data() {
    for backend in [Backend::Embedded, Backend::SoftHsm] {
        let mut appliance = Appliance::start(backend);
        let key = create(&mut appliance.client(V2_1), aes(256, CIPHER));
        let value = bytes(&appliance.client(V2_1).call::<Get>(&get(&key)).object);
        let identity = appliance.identity();
        appliance.stop(Signal::TERM);
        appliance.restart();
        assert_eq!(
            appliance.identity().chain,
            identity.chain,
            "the client is the same"
        );
        for version in VERSIONS {
            let client = &mut appliance.client(version);
            assert_eq!(bytes(&client.call::<Get>(&get(&key)).object), value);
        }
    }
}

#[test]
fn it_stops_within_five_seconds() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut appliance = Appliance::start(Backend::Embedded);
        // A client that rests, one in the middle of a message, one in the middle of a handshake.
        let mut resting = appliance.client(V2_1);
        locate(&mut resting, []);
        let mut talking = appliance.client(V2_1);
        talking
            .write(&[0x42, 0x00, 0x78, 0x01, 0, 0, 1, 0, 0x42])
            .unwrap();
        let shaking = appliance.tcp();
        let (status, took) = appliance.stop(signal);
        assert!(
            status.success(),
            "{signal:?}: {status}\n{}",
            appliance.logged()
        );
        assert!(took < Duration::from_secs(5), "{signal:?} took {took:?}");
        assert!(
            !appliance.file("keyhold.sock").exists(),
            "the socket goes with the daemon"
        );
        drop(shaking);
    }
}

#[test]
fn pins_are_those_that_were_chosen() {
    let appliance = Appliance::start_with(
        None,
        &["--pin", "secret user", "--so-pin", "secret officer"],
    );
    let login = |pin: &str| {
        let mut command = peer("pkcs11-tool");
        command.arg("--module").arg(module()).args([
            "--token-label",
            "dev",
            "--login",
            "--pin",
            pin,
            "-O",
        ]);
        appliance.environment(&mut command);
        command
    };
    succeed(&mut login("secret user"));
    assert!(fail(&mut login("1234")).contains("CKR_PIN_INCORRECT"));
    for text in [appliance.printed(), appliance.logged()] {
        assert!(
            !text.contains("secret user") && !text.contains("secret officer"),
            "{text}"
        );
    }
}

#[test]
fn a_folder_keeps_the_hsm_it_began_with() {
    let mut appliance = Appliance::start(Backend::Embedded);
    appliance.stop(Signal::TERM);
    let token = Token::new();
    let mut command = appliance.command();
    command.arg("--module").arg(Token::library());
    command.args(["--token", Token::LABEL, "--token-pin", Token::PIN]);
    let said = fail(token.environment(&mut command));
    assert!(said.contains("was set up with another HSM"), "{said}");
}

#[test]
fn metrics_and_health_are_served() {
    let appliance = Appliance::start(Backend::Embedded);
    create(&mut appliance.client(V2_1), aes(256, CIPHER));
    for page in ["/healthz", "/readyz"] {
        assert_eq!(appliance.page(page).0, 200, "{page}");
    }
    assert_eq!(appliance.page("/nothing").0, 404);
    let (status, text) = appliance.page("/metrics");
    assert_eq!(status, 200);
    let ours = text
        .lines()
        .filter(|line| line.starts_with("keyhold_"))
        .count();
    assert!(ours > 5, "{text}");
    let counted = text
        .lines()
        .any(|line| line.starts_with("keyhold_") && line.contains("Create"));
    assert!(counted, "the operation is counted:\n{text}");
}

#[test]
fn wrong_usage_ends_with_two() {
    for arguments in [
        &["dev", "--kmip", "nowhere"][..],
        &["dev", "--module", "/x"],
        &["no-such-command"],
        &[],
    ] {
        let mut command = peer("env");
        let output = command.arg(keyhold()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            !output.stderr.is_empty() && output.stdout.is_empty(),
            "{arguments:?}"
        );
    }
}

#[test]
fn what_an_hsm_can_do_is_told() {
    for backend in [Backend::Embedded, Backend::SoftHsm] {
        let appliance = Appliance::start(backend);
        let said = succeed(&mut appliance.keyhold(&["check"]));
        for word in ["aes", "rsa", "p256", "hmac"] {
            assert!(
                said.to_lowercase().contains(word),
                "{word} is not in\n{said}"
            );
        }
        let json = succeed(&mut appliance.keyhold(&["--json", "check"]));
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        if backend == Backend::SoftHsm {
            assert!(
                said.contains("CKM_AES_GCM") && said.contains("works"),
                "{said}"
            );
            let trials = value.as_array().unwrap().last().unwrap()["trials"]
                .as_array()
                .unwrap();
            let gcm = trials
                .iter()
                .find(|own| own["mechanism"] == "CKM_AES_GCM")
                .unwrap();
            assert_eq!(
                (&gcm["outcome"], &gcm["claims"]["least"]),
                (&"works".into(), &16.into())
            );
        }
        assert!(
            value.as_array().is_some_and(|findings| findings.len() > 2),
            "{json}"
        );
    }
}

#[test]
fn a_backup_holds_what_the_configuration_names_by_then() {
    let appliance = Appliance::start(Backend::Embedded);
    let path = appliance.file("keyhold.toml");
    let text = fs::read_to_string(&path).unwrap();
    let entry = "[[notify]]\nclient = \"dev\"\nvault = \"dev\"\naddress = \"127.0.0.1:1\"\n\
                 authorities = [\"array.pem\"]\n";
    let text = format!("{text}\n{entry}");
    fs::write(&path, &text).unwrap();
    fs::copy(appliance.file("ca.pem"), appliance.file("array.pem")).unwrap();
    let backup = |name: &str| {
        let folder = appliance.scratch().join(name);
        let command = appliance.keyhold(&["backup", &folder.display().to_string()]);
        (folder, command)
    };
    let (folder, mut command) = backup("whole");
    succeed(&mut command);
    for name in ["keyhold.toml", "array.pem"] {
        let (here, there) = (appliance.file(name), folder.join(name));
        assert_eq!(fs::read(here).unwrap(), fs::read(there).unwrap(), "{name}");
    }
    // A file that is named by a way around is copied, and not on to itself.
    let beside = appliance.scratch().join("beside.pem");
    fs::copy(appliance.file("ca.pem"), &beside).unwrap();
    let around = text.replace("\"array.pem\"", "\"array.pem\", \"../scratch/beside.pem\"");
    fs::write(&path, around).unwrap();
    let (folder, mut command) = backup("../around");
    succeed(&mut command);
    let copied = fs::read(folder.join("elsewhere/beside.pem")).unwrap();
    assert_eq!(fs::read(&beside).unwrap(), copied);
    assert_eq!(fs::read(appliance.file("ca.pem")).unwrap(), copied);
    fs::write(&path, &text).unwrap();
    // What could not be restored is no backup.
    fs::remove_file(appliance.file("array.pem")).unwrap();
    let (folder, mut command) = backup("lacking");
    let said = fail(&mut command);
    assert!(said.contains("array.pem"), "{said}");
    assert!(!folder.exists());
}

#[test]
fn a_configuration_is_taken_anew_or_the_command_says_why_not() {
    let appliance = Appliance::start(Backend::Embedded);
    let path = appliance.file("keyhold.toml");
    let text = fs::read_to_string(&path).unwrap();
    let said = succeed(&mut appliance.keyhold(&["reload"]));
    // The addresses are of the command line, and no change of the file.
    assert!(
        said.starts_with("reloaded: ") && said.lines().count() == 1,
        "{said}"
    );

    // What is wrong is named by its file and line, and the daemon goes on as before.
    let (line, wrong) = (text.lines().count() + 2, format!("{text}\nnonsense = 1\n"));
    fs::write(&path, wrong).unwrap();
    let refused = fail(&mut appliance.keyhold(&["reload"]));
    let place = format!("{}:{line}", path.display());
    assert!(refused.contains(&place), "{refused} does not name {place}");
    succeed(&mut appliance.keyhold(&["status"]));

    // What waits for the next start is named, whom it would keep out above all.
    for (before, after, table) in [
        ("[store]\n", "[store]\ncached_records_max = 1001\n", "store"),
        ("uids = [", "uids = [4294967294, ", "admin"),
        ("[authority]\ndirectory = \".\"\n", "", "authority"),
    ] {
        let later = text.replace(before, after);
        assert_ne!(later, text);
        fs::write(&path, later).unwrap();
        let said = succeed(&mut appliance.keyhold(&["reload", "--json"]));
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(said["later"], serde_json::json!([table]));
    }
}
