//! Objects of sessions end with their sessions, however those end, and with nothing else.

use std::{
    fs,
    io::{BufRead, BufReader, Lines, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use keyhold_tests::{
    Appliance, Backend,
    objects::locate,
    programs::{module, succeed},
};
use kmip::{ObjectType, V2_1, attribute::Attribute};
use rustix::process::{Pid, Signal, kill_process};

/// How long an object of a session that is gone may stay, in seconds.
const REST_SECONDS: u64 = 3;

/// An appliance that waits so long for programs to come back.
fn appliance() -> Appliance {
    let mut appliance = Appliance::start(Backend::Embedded);
    let file = appliance.file("keyhold.toml");
    let text = fs::read_to_string(&file).unwrap();
    let limits = format!("[server.limits]\napplication_rest_seconds_max = {REST_SECONDS}\n");
    fs::write(&file, format!("{text}\n{limits}")).unwrap();
    appliance.restart();
    appliance
}

/// A program that holds a key of a session.
struct Host {
    child: Child,
    asks: Option<ChildStdin>,
    says: Lines<BufReader<ChildStdout>>,
}

impl Host {
    fn start(appliance: &Appliance, configuration: &std::path::Path) -> Self {
        let own = std::env::current_exe().unwrap();
        let built = own.parent().unwrap().parent().unwrap();
        let mut child = Command::new(built.join("hold-session-object"))
            .env("KEYHOLD_MODULE", module())
            .env("KEYHOLD_PKCS11_CONFIG", configuration)
            .current_dir(appliance.scratch())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let says = BufReader::new(child.stdout.take().unwrap()).lines();
        let asks = child.stdin.take();
        let mut host = Self { child, asks, says };
        assert_eq!(host.hear(), "ready");
        host
    }

    fn hear(&mut self) -> String {
        self.says.next().expect("the program goes on").unwrap()
    }

    fn ask(&mut self, line: &str) -> String {
        writeln!(self.asks.as_mut().unwrap(), "{line}").unwrap();
        self.hear()
    }

    /// Ends it by a signal that it does not notice.
    fn kill(&mut self) {
        let pid = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.asks.take());
        // It may be gone already.
        let _ = self.child.wait();
    }
}

/// How many secret keys the vault has.
fn keys(appliance: &Appliance) -> usize {
    let client = &mut appliance.client(V2_1);
    locate(client, [Attribute::ObjectType(ObjectType::SymmetricKey)]).len()
}

/// Waits until the vault has so many keys.
fn comes_to(appliance: &Appliance, count: usize) {
    let began = Instant::now();
    while keys(appliance) != count {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "there are {} keys, not {count}:\n{}",
            keys(appliance),
            appliance.logged()
        );
        sleep(Duration::from_millis(100));
    }
}

#[test]
fn they_end_with_a_program_that_is_killed() {
    let appliance = appliance();
    let configurations = [
        appliance.file("pkcs11.toml"),
        appliance.network_pkcs11_config(),
    ];
    let mut hosts = configurations.map(|path| Host::start(&appliance, &path));
    assert_eq!(keys(&appliance), 2);
    // One that lives and rests keeps its own, however long that is.
    sleep(Duration::from_secs(2 * REST_SECONDS));
    assert_eq!(keys(&appliance), 2);
    hosts[0].kill();
    comes_to(&appliance, 1);
    assert_eq!(hosts[1].ask("use"), "used 25");
    hosts[1].kill();
    comes_to(&appliance, 0);
    let trail = succeed(
        &mut appliance.keyhold(&["audit", "tail", "-n", "1000", "--vault", "dev", "--json"]),
    );
    let ended = trail.lines().filter(|line| {
        line.contains("\"Destroy\"")
            && line.contains("\"sessions\"")
            && line.contains("\"Success\"")
    });
    assert_eq!(ended.count(), 2, "{trail}");
}

#[test]
fn they_end_at_once_with_a_session_and_with_the_module() {
    let appliance = appliance();
    for (ending, said) in [("close", "closed"), ("finalize", "finalized")] {
        let mut host = Host::start(&appliance, &appliance.file("pkcs11.toml"));
        assert_eq!(keys(&appliance), 1);
        assert_eq!(host.ask(ending), said);
        assert_eq!(keys(&appliance), 0, "{ending}");
    }
}

#[test]
fn a_program_finds_its_own_again_after_the_daemon_started_anew() {
    let mut appliance = appliance();
    let configuration = appliance.file("pkcs11.toml");
    let mut host = Host::start(&appliance, &configuration);
    let mut gone = Host::start(&appliance, &configuration);
    assert_eq!(keys(&appliance), 2);
    appliance.kill();
    gone.kill();
    appliance.restart();
    // It is back in time, and the other is not.
    assert_eq!(host.ask("use"), "used 25");
    comes_to(&appliance, 1);
    sleep(Duration::from_secs(2 * REST_SECONDS));
    assert_eq!(keys(&appliance), 1);
    assert_eq!(host.ask("use"), "used 25");
}
