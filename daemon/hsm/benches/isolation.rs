//! What a process of its own costs the embedded HSM: processor time of both processes a call, with one caller and with eight.
//!
//! Processor time and not the clock, because a machine that does other things too makes the clock say anything.
#![expect(clippy::unwrap_used, reason = "a benchmark that fails stops")]
#![expect(clippy::print_stdout, reason = "what it measures is its output")]

mod process;

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use hsm::{
    Encryption, Hsm, Input, KeyRef, Terms,
    host::{Opening, Seal},
    soft::{CACHE_KEYS_MAX, Master, MasterSource},
};
use kmip::{
    CryptographicUsageMask,
    mechanism::{Cipher, Curve, Hash, KeySpec, Mac, Signing},
};

fn main() {
    if process::was_host() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let master = folder.path().join("master.key");
    Master::create(&MasterSource::File(master.clone())).unwrap();
    let opening = Arc::new(Opening::Embedded {
        master,
        seal: Seal::Nothing,
        cache_keys_max: CACHE_KEYS_MAX,
        keys_may_move: false,
        verify_signatures: true,
    });
    let here = opening.open(&process::read).unwrap();
    let (there, number) = process::isolated(opening, None);
    println!("processor time of one call in microseconds");
    println!(
        "{:24} {:>8} {:>9} {:>9} {:>9}",
        "call", "callers", "in one", "in two", "isolation"
    );
    for (name, calls, call) in calls(&*here) {
        for callers in [1, 8] {
            let one = spent(callers, calls, None, || call(&*here));
            let two = spent(callers, calls, Some(number), || call(&there));
            println!(
                "{name:24} {callers:8} {one:9.2} {two:9.2} {:9.2}",
                two - one
            );
        }
    }
}

/// A call by its name, how often it is made, and how.
type Called = (&'static str, usize, Box<dyn Fn(&dyn Hsm) + Sync>);

/// From a call that computes nothing to the slowest of everyday.
fn calls(hsm: &dyn Hsm) -> Vec<Called> {
    const MESSAGE: &[u8] = &[7; 64];
    let plain = vec![5; 1024];
    let long = vec![5; 64 * 1024];
    let aes = key(hsm, KeySpec::Aes { bits: 256 });
    let long_aes = aes.clone();
    let hmac = key(
        hsm,
        KeySpec::Hmac {
            hash: Hash::Sha256,
            bits: 256,
        },
    );
    let p256 = key(hsm, KeySpec::Ec(Curve::P256));
    let rsa = key(hsm, KeySpec::Rsa { bits: 2048 });
    vec![
        ("health", 200_000, Box::new(|hsm| hsm.health().unwrap())),
        (
            "HMAC-SHA-256, 64 bytes",
            200_000,
            Box::new(move |hsm| drop(hsm.mac(&hmac, Mac::Hmac(Hash::Sha256), MESSAGE).unwrap())),
        ),
        (
            "AES-256-GCM, 1 KiB",
            200_000,
            Box::new(move |hsm| encrypt(hsm, &aes, &plain)),
        ),
        (
            "AES-256-GCM, 64 KiB",
            20_000,
            Box::new(move |hsm| encrypt(hsm, &long_aes, &long)),
        ),
        (
            "P-256, 64 bytes",
            100_000,
            Box::new(move |hsm| {
                let mechanism = Signing::Ecdsa(Some(Hash::Sha256));
                drop(hsm.sign(&p256, mechanism, Input::Message(MESSAGE)).unwrap());
            }),
        ),
        (
            "RSA-2048, 64 bytes",
            4_000,
            Box::new(move |hsm| {
                let mechanism = Signing::RsaPkcs1(Some(Hash::Sha256));
                drop(hsm.sign(&rsa, mechanism, Input::Message(MESSAGE)).unwrap());
            }),
        ),
    ]
}

fn encrypt(hsm: &dyn Hsm, key: &KeyRef, plain: &[u8]) {
    let input = Encryption {
        iv: None,
        associated: &[],
        plain,
    };
    drop(
        hsm.encrypt(key, &Cipher::AesGcm { tag_bytes: 16 }, input)
            .unwrap(),
    );
}

fn key(hsm: &dyn Hsm, spec: KeySpec) -> KeyRef {
    let terms = Terms {
        id: vec![1; 16],
        label: String::new(),
        exportable: false,
        usage: CryptographicUsageMask::default(),
        custody: hsm::CustodyMode::Resident,
    };
    hsm.generate(spec, &terms).unwrap().key
}

/// The processor time of one of many calls in microseconds, with that of another process.
fn spent(callers: usize, calls: usize, other: Option<u32>, call: impl Fn() + Sync) -> f64 {
    let left = AtomicUsize::new(calls);
    let taken = |left: &AtomicUsize| {
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(1)
        })
        .is_ok()
    };
    for _ in 0..calls / 20 {
        call();
    }
    let before = processor_time(other);
    thread::scope(|scope| {
        for _ in 0..callers {
            scope.spawn(|| {
                while taken(&left) {
                    call();
                }
            });
        }
    });
    let spent = processor_time(other).saturating_sub(before);
    spent.as_secs_f64() * 1e6 / f64::from(u32::try_from(calls).unwrap())
}

/// What this process and another have computed for, to a hundredth of a second.
fn processor_time(other: Option<u32>) -> Duration {
    let of = |process: &str| {
        let text = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        // The name of the program may hold spaces; what follows its bracket does not.
        let (_, facts) = text.rsplit_once(") ").unwrap();
        let ticks = facts.split(' ').skip(11).take(2);
        ticks
            .map(|ticks| ticks.parse::<u64>().unwrap())
            .sum::<u64>()
    };
    let ticks = of("self") + other.map_or(0, |process| of(&process.to_string()));
    Duration::from_millis(ticks * 10)
}
