//! How members of a group share its load: signatures a second of one SoftHSM2 token and of groups of one and two, each member in
//! a process of its own.
#![expect(clippy::unwrap_used, reason = "a benchmark that fails stops")]
#![expect(clippy::print_stdout, reason = "what it measures is its output")]
#![expect(clippy::disallowed_methods, reason = "a benchmark asks for the time")]

mod process;
#[expect(dead_code, reason = "tests need more of it")]
#[path = "../tests/softhsm/mod.rs"]
mod softhsm;

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use hsm::{
    CustodyMode, Hsm, Input, KeyRef, Terms,
    group::{Group, Opener, Tell},
    host::{Opening, RemoteHsm},
    module::{ModuleConfig, TokenName},
};
use kmip::{
    CryptographicUsageMask, Secret,
    mechanism::{Hash, KeySpec, Signing},
};

const MEMBERS: [&str; 2] = ["left", "right"];
const THREADS: [usize; 2] = [1, 8];
const ROUNDS: usize = 3;
/// How many calls a token takes at once: some HSMs take one, SoftHSM2 as many as there are processors.
const SESSIONS: [usize; 2] = [1, 16];

fn main() {
    if process::was_host() {
        return;
    }
    // For how long each figure is measured, for whoever has less time.
    let seconds = std::env::var("SECONDS").map_or(5, |text| text.parse().unwrap());
    let time = Duration::from_secs(seconds);
    let tokens = softhsm::tokens(&MEMBERS);
    println!("signatures a second, RSA-2048 over SoftHSM2, the best of {ROUNDS} rounds");
    println!(
        "{:16} {:>14} {:>8} {:>10}  calls of each member",
        "of", "calls at once", "threads", "a second"
    );
    for sessions in SESSIONS {
        let alone = member(tokens.path(), "left", sessions);
        measure("one token", (&alone, sessions), time, String::new);
        for count in 1..=MEMBERS.len() {
            let group = group(tokens.path(), count, sessions);
            let calls = || {
                let members = group.members();
                let calls: Vec<_> = members.iter().map(|own| own.calls.to_string()).collect();
                calls.join(", ")
            };
            let name = format!("a group of {count}");
            measure(&name, (&group, sessions), time, calls);
        }
    }
}

fn measure(
    name: &str,
    (hsm, sessions): (&dyn Hsm, usize),
    time: Duration,
    calls: impl Fn() -> String,
) {
    let key = key(hsm);
    for threads in THREADS {
        let rounds = (0..ROUNDS).map(|_| signatures(hsm, &key, threads, time));
        let best = rounds.max().unwrap_or(0);
        let calls = calls();
        println!("{name:16} {sessions:14} {threads:8} {best:10}  {calls}");
    }
}

/// A token in a process of its own.
fn member(tokens: &Path, label: &str, sessions: usize) -> RemoteHsm {
    let pin = tokens.join("pin");
    fs::write(&pin, softhsm::PIN).unwrap();
    let token = TokenName::Label(label.to_owned());
    let config = ModuleConfig {
        keys_may_move: true,
        sessions_max: sessions,
        ..ModuleConfig::new(softhsm::module(), token, Secret::default())
    };
    let opening = Opening::Module {
        config,
        pin: Some(pin),
    };
    process::isolated(Arc::new(opening), Some(&softhsm::configuration(tokens))).0
}

fn group(tokens: &Path, count: usize, sessions: usize) -> Group {
    let openers = MEMBERS.iter().take(count).map(|name| -> (String, Opener) {
        let (tokens, label) = (tokens.to_owned(), (*name).to_owned());
        let opener: Opener =
            Box::new(move || Ok(Arc::new(member(&tokens, &label, sessions)) as Arc<dyn Hsm>));
        ((*name).to_owned(), opener)
    });
    let tell: Tell = Arc::new(|member: &str, event| panic!("{member}: {event:?}"));
    Group::open(openers.collect(), &tell).unwrap()
}

fn key(hsm: &dyn Hsm) -> KeyRef {
    let terms = Terms {
        id: b"a benchmark".to_vec(),
        label: "a benchmark".to_owned(),
        exportable: false,
        usage: CryptographicUsageMask::Sign,
        custody: CustodyMode::Wrapped,
    };
    hsm.generate(KeySpec::Rsa { bits: 2048 }, &terms)
        .unwrap()
        .key
}

/// How many signatures threads get in a second.
fn signatures(hsm: &dyn Hsm, key: &KeyRef, threads: usize, time: Duration) -> u64 {
    let sign = || {
        let mechanism = Signing::RsaPkcs1(Some(Hash::Sha256));
        drop(hsm.sign(key, mechanism, Input::Message(&[7; 64])).unwrap());
    };
    let (made, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                // Once unmeasured, so that each session has the key.
                sign();
                while !is_over.load(Ordering::Relaxed) {
                    sign();
                    made.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        thread::sleep(time / 5);
        let (before, began) = (made.load(Ordering::Relaxed), Instant::now());
        thread::sleep(time);
        let all = made.load(Ordering::Relaxed).saturating_sub(before);
        let millis = u64::try_from(began.elapsed().as_millis()).unwrap();
        is_over.store(true, Ordering::Relaxed);
        all * 1000 / millis.max(1)
    })
}
