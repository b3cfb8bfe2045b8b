//! What a host holds of the module, through everything that becomes of the daemon and of the way to it: each call ends in
//! time with the code that says what is wrong, and afterwards the same sessions, objects and operations are good.

mod held;
mod line;

use std::{
    fs,
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

use cryptoki_sys as ck;
use keyhold_tests::{
    Appliance, Backend,
    api::{Host, Result, with_hosts},
    programs::succeed,
};
use rustix::process::{Pid, Signal, kill_process};

use self::{held::serve, line::Line};

/// How long the configuration lets a call take: as long as a busy machine may take for one that is served.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What a busy machine takes besides.
const SLACK: Duration = Duration::from_secs(5);

const GONE: Result<()> = Err(ck::CKR_DEVICE_REMOVED);

/// The calls that need the daemon.
const NEEDING: [&str; 3] = ["sign", "use the session's key", "make a key"];

/// What is in progress.
const ENDINGS: [&str; 3] = [
    "end the signature",
    "end the encryption",
    "go on with the search",
];

/// Asks, and sees that the answer comes in time.
fn ask(host: &mut Host, line: &str) -> Result<()> {
    let asked = Instant::now();
    let told = host.ask(line);
    let took = asked.elapsed();
    assert!(took < TIMEOUT + SLACK, "{line} took {took:?}");
    told
}

/// All is as it was: what was begun ends well, the keys are there, and the login is.
fn is_whole(host: &mut Host) {
    for line in ENDINGS.iter().chain(&NEEDING) {
        assert_eq!(ask(host, line), Ok(()), "{line}");
    }
    let again = Err(ck::CKR_USER_ALREADY_LOGGED_IN);
    assert_eq!(ask(host, "log in"), again);
    assert_eq!(ask(host, "begin"), Ok(()));
}

/// Nothing that needs the daemon is served, and a call that fails ends what it belongs to; a search has its results.
fn is_refused(host: &mut Host, code: Result<()>) {
    for line in NEEDING {
        assert_eq!(ask(host, line), code, "{line}");
    }
    for line in &ENDINGS[..2] {
        assert_eq!(ask(host, line), code, "{line}");
        let ended = Err(ck::CKR_OPERATION_NOT_INITIALIZED);
        assert_eq!(ask(host, line), ended, "{line} again");
    }
    assert_eq!(ask(host, ENDINGS[2]), Ok(()));
}

/// The same configuration with this patience.
fn with_timeout(path: &Path) -> PathBuf {
    let text = fs::read_to_string(path).unwrap();
    let seconds = TIMEOUT.as_secs();
    let (head, tables) = text.split_once("[[token]]").unwrap();
    let text = format!("{head}timeout_seconds = {seconds}\n[[token]]{tables}");
    let own = path.with_extension("host.toml");
    fs::write(&own, text).unwrap();
    own
}

/// A configuration that reaches the appliance over the network, by the line.
fn over(line: &Line, appliance: &Appliance) -> PathBuf {
    let path = appliance.network_pkcs11_config();
    let text = fs::read_to_string(&path).unwrap();
    let direct = format!("address = \"{}\"", appliance.kmip());
    assert!(text.contains(&direct), "{text}");
    let text = text.replace(&direct, &format!("address = \"{}\"", line.address()));
    fs::write(&path, text).unwrap();
    with_timeout(&path)
}

fn on_socket(appliance: &Appliance) -> PathBuf {
    with_timeout(&appliance.file("pkcs11.toml"))
}

#[test]
fn a_daemon_that_starts_anew_is_not_noticed() {
    with_hosts(serve, |start| {
        let mut appliance = Appliance::start(Backend::Embedded);
        let line = Line::to(appliance.kmip());
        let configurations = [on_socket(&appliance), over(&line, &appliance)];
        for configuration in configurations {
            let mut host = start(&configuration);
            for _ in 0..2 {
                appliance.kill();
                appliance.restart();
                line.lead_to(appliance.kmip());
                is_whole(&mut host);
            }
            let (status, _) = appliance.stop(Signal::TERM);
            assert!(status.success());
            appliance.restart();
            line.lead_to(appliance.kmip());
            is_whole(&mut host);
        }
    });
}

#[test]
fn while_the_daemon_is_gone_calls_say_so_and_afterwards_all_is_good() {
    with_hosts(serve, |start| {
        let mut appliance = Appliance::start(Backend::Embedded);
        let line = Line::to(appliance.kmip());
        for configuration in [on_socket(&appliance), over(&line, &appliance)] {
            let (mut calls, mut rests) = (start(&configuration), start(&configuration));
            appliance.kill();
            is_refused(&mut calls, GONE);
            appliance.restart();
            line.lead_to(appliance.kmip());
            assert_eq!(ask(&mut calls, "begin"), Ok(()));
            is_whole(&mut calls);
            // What nobody touched meanwhile is carried on.
            is_whole(&mut rests);
        }
    });
}

#[test]
fn a_network_that_is_cut_or_silent_is_said_in_time_and_healed() {
    with_hosts(serve, |start| {
        let appliance = Appliance::start(Backend::Embedded);
        let line = Line::to(appliance.kmip());
        let configuration = over(&line, &appliance);
        let mut host = start(&configuration);
        line.cut();
        is_refused(&mut host, GONE);
        line.mend();
        assert_eq!(ask(&mut host, "begin"), Ok(()));
        is_whole(&mut host);
        line.silence();
        for line in [NEEDING[0], ENDINGS[0]] {
            assert_eq!(ask(&mut host, line), Err(ck::CKR_DEVICE_ERROR), "{line}");
        }
        line.mend();
        // What was not late is carried on.
        for line in &ENDINGS[1..] {
            assert_eq!(ask(&mut host, line), Ok(()), "{line}");
        }
        assert_eq!(ask(&mut host, "begin"), Ok(()));
        is_whole(&mut host);
        // Cut and mended while nobody calls, it is not noticed.
        line.cut();
        line.mend();
        is_whole(&mut host);
    });
}

/// Sends a signal to the process of the appliance's HSM.
fn end_hsm(appliance: &Appliance) {
    let [hsm] = appliance.hosts()[..] else {
        panic!("processes of HSMs: {:?}", appliance.hosts());
    };
    let hsm = i32::try_from(hsm).unwrap();
    kill_process(Pid::from_raw(hsm).unwrap(), Signal::KILL).unwrap();
}

#[test]
fn an_hsm_that_ends_is_back_for_the_same_handles() {
    with_hosts(serve, |start| {
        for backend in [Backend::Embedded, Backend::SoftHsm] {
            let appliance = Appliance::start(backend);
            let mut host = start(&on_socket(&appliance));
            for _ in 0..3 {
                end_hsm(&appliance);
                let ended = Instant::now();
                loop {
                    match ask(&mut host, "sign") {
                        Ok(()) => break,
                        told => assert_eq!(told, Err(ck::CKR_DEVICE_ERROR)),
                    }
                    assert!(ended.elapsed() < 6 * SLACK, "the HSM is not back");
                    sleep(Duration::from_millis(10));
                }
                is_whole(&mut host);
            }
        }
    });
}

/// Issues a client's certificate and key into a folder.
fn issue(appliance: &Appliance, name: &str, out: &Path) {
    let out = out.display().to_string();
    let issue = ["client", "issue", name, "--vault", "dev", "--out", &out];
    succeed(&mut appliance.keyhold(&issue));
}

fn revoke(appliance: &Appliance, name: &str) {
    succeed(&mut appliance.keyhold(&["client", "revoke", name, "--vault", "dev"]));
}

#[test]
fn a_certificate_that_was_renewed_serves_who_is_connected() {
    with_hosts(serve, |start| {
        let appliance = Appliance::start(Backend::Embedded);
        let files = appliance.scratch();
        for name in ["first", "second", "third", "fourth"] {
            issue(&appliance, name, &files);
        }
        let renew = |name: &str| {
            for ending in ["pem", "key"] {
                let new = files.join(format!("new.{ending}"));
                fs::copy(files.join(format!("{name}.{ending}")), &new).unwrap();
                fs::rename(new, files.join(format!("client.{ending}"))).unwrap();
            }
        };
        renew("first");
        let path = appliance.network_pkcs11_config();
        let text = fs::read_to_string(&path).unwrap();
        let own = |ending: &str| files.join(format!("client.{ending}")).display().to_string();
        let text = ["pem", "key"].iter().fold(text, |text, ending| {
            let dev = appliance.file(&format!("clients/dev.{ending}"));
            text.replace(&dev.display().to_string(), &own(ending))
        });
        fs::write(&path, text).unwrap();
        let mut host = start(&with_timeout(&path));
        is_whole(&mut host);
        // The new one is there before the old one is revoked.
        renew("second");
        is_whole(&mut host);
        revoke(&appliance, "first");
        is_whole(&mut host);
        // The old one is revoked before the new one is there.
        revoke(&appliance, "second");
        let unknown = Err(ck::CKR_USER_NOT_LOGGED_IN);
        is_refused(&mut host, unknown);
        renew("third");
        assert_eq!(ask(&mut host, "begin"), Ok(()));
        is_whole(&mut host);
        // Nobody calls meanwhile, and the first call is one that needs more than one message's answer.
        revoke(&appliance, "third");
        renew("fourth");
        is_whole(&mut host);
    });
}
