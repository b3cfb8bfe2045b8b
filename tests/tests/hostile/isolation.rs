//! The HSM's own process: confined, away for a moment when it crashes or hangs, and no other client's trouble.

use std::{
    fs,
    path::Path,
    thread::{self, sleep},
    time::{Duration, Instant},
};

use keyhold_tests::{Appliance, Backend, Client, objects::*};
use kmip::{V2_1, payload::encrypt::Encrypt};
use rustix::process::{Pid, Signal, kill_process};

/// How soon an HSM must be back.
const BACK: Duration = Duration::from_secs(5);

/// What the descriptors of a process lead to.
fn descriptors(process: &str) -> Vec<String> {
    let all = fs::read_dir(format!("{process}/fd")).unwrap();
    // The one that reads the folder may be gone by now.
    let targets = all.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
    targets.map(|target| target.display().to_string()).collect()
}

pub(crate) fn host(appliance: &Appliance) -> i32 {
    match appliance.hosts()[..] {
        [one] => i32::try_from(one).unwrap(),
        ref others => panic!("processes of HSMs: {others:?}"),
    }
}

fn send(process: i32, signal: Signal) {
    kill_process(Pid::from_raw(process).unwrap(), signal).unwrap();
}

/// Encrypts until it works, and says how often it did not.
fn until_back(client: &mut Client, key: &str) -> usize {
    let asked = Instant::now();
    let mut refused = 0;
    while client
        .try_call::<Encrypt>(&encryption(key, b"still here"))
        .is_err()
    {
        refused += 1;
        assert!(asked.elapsed() < BACK, "the HSM is not back");
        sleep(Duration::from_millis(10));
    }
    refused
}

/// An appliance with one more line in its `[[backend]]`.
fn with(backend: Backend, more: &str) -> Appliance {
    let mut appliance = Appliance::start(backend);
    appliance.reconfigure(more);
    appliance
}

#[test]
fn an_hsm_shares_the_process_of_the_daemon_only_where_that_is_asked_for() {
    let appliance = with(Backend::Embedded, "isolated = false");
    assert_eq!(appliance.hosts(), [0; 0]);
    create_active(&mut appliance.client(V2_1), aes(256, CIPHER));
}

#[test]
fn keys_are_in_a_process_that_can_do_nothing_else() {
    let appliance = Appliance::start(Backend::Embedded);
    let process = host(&appliance);
    create_active(&mut appliance.client(V2_1), aes(256, CIPHER));
    let place = format!("/proc/{process}");
    let status = fs::read_to_string(format!("{place}/status")).unwrap();
    for wanted in ["NoNewPrivs:\t1", "Seccomp:\t2"] {
        assert!(status.contains(wanted), "{wanted} in {status}");
    }
    let limits = fs::read_to_string(format!("{place}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core"));
    let words: Vec<_> = core.unwrap().split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{limits}");
    assert_eq!(fs::read(format!("{place}/environ")).unwrap(), b"");
    // What this test was itself given by whoever runs it is no secret of the daemon's.
    let ours = descriptors("/proc/self");
    for target in descriptors(&place) {
        let name = Path::new(&target).file_name();
        let is_own = name.is_some_and(|name| name == "err" || name == "hsm.lock");
        assert!(
            target.starts_with("socket:")
                || target == "/dev/null"
                // What clients offer for the kernel's random numbers.
                || target == "/dev/urandom"
                || is_own
                || ours.contains(&target),
            "it holds {target}"
        );
    }
}

fn comes_back_after_a_crash(backend: Backend) {
    let mut appliance = Appliance::start(backend);
    let (mut own, mut other) = (appliance.client(V2_1), appliance.client(V2_1));
    let key = create_active(&mut own, aes(256, CIPHER));
    own.call::<Encrypt>(&encryption(&key, b"before"));
    for _ in 0..3 {
        let before = host(&appliance);
        send(before, Signal::KILL);
        // Whoever does not need the HSM does not notice.
        assert_eq!(state(&mut other, &key), kmip::State::Active);
        until_back(&mut own, &key);
        assert_ne!(host(&appliance), before);
    }
    create_active(&mut other, aes(128, CIPHER));
    appliance.assert_alive();
    let (_, metrics) = appliance.page("/metrics");
    assert!(
        metrics
            .lines()
            .any(|line| line.starts_with("keyhold_hsm_ended_total{") && line.ends_with("} 3")),
        "{metrics}"
    );
    let logged = appliance.logged();
    assert!(logged.contains("the HSM's process ended"), "{logged}");
}

#[test]
fn an_embedded_hsm_comes_back_after_a_crash() {
    comes_back_after_a_crash(Backend::Embedded);
}

#[test]
fn a_module_comes_back_after_a_crash() {
    comes_back_after_a_crash(Backend::SoftHsm);
}

#[test]
fn an_hsm_that_hangs_is_given_up_in_time_and_stops_nobody_else() {
    let appliance = with(Backend::Embedded, "wait_seconds = 5");
    let mut client = appliance.client(V2_1);
    let key = create_active(&mut client, aes(256, CIPHER));
    let (mut waiting, mut reader) = (appliance.client(V2_1), appliance.client(V2_1));
    state(&mut reader, &key);
    let hung = host(&appliance);
    send(hung, Signal::STOP);
    let asked = Instant::now();
    let mut others: Vec<_> = (0..8).map(|_| appliance.client(V2_1)).collect();
    thread::scope(|scope| {
        for other in &mut others {
            let key = &key;
            scope.spawn(move || {
                let refused = other.try_call::<Encrypt>(&encryption(key, b"no answer"));
                let refused = refused.err().expect("nobody answers");
                assert!(refused.message.contains("try again"), "{refused}");
            });
        }
        sleep(Duration::from_millis(100));
        // More of them wait than there are processors.
        let calm = Instant::now();
        assert_eq!(state(&mut reader, &key), kmip::State::Active);
        assert!(calm.elapsed() < BACK / 2, "a reader waits, too");
    });
    assert!(asked.elapsed() < 2 * BACK, "it took {:?}", asked.elapsed());
    until_back(&mut waiting, &key);
    assert_ne!(host(&appliance), hung);
    let (_, metrics) = appliance.page("/metrics");
    assert!(metrics.contains("keyhold_hsm_hung_total{"), "{metrics}");
}

#[test]
fn the_process_ends_with_the_daemon_whichever_way_that_ends() {
    let mut appliance = Appliance::start(Backend::SoftHsm);
    for _ in 0..2 {
        let process = host(&appliance);
        appliance.kill();
        let killed = Instant::now();
        while Path::new(&format!("/proc/{process}/exe")).exists() {
            assert!(killed.elapsed() < 2 * BACK, "{process} is still there");
            sleep(Duration::from_millis(10));
        }
        appliance.restart();
    }
    let process = host(&appliance);
    appliance.stop(Signal::TERM);
    assert!(!Path::new(&format!("/proc/{process}")).exists());
}
