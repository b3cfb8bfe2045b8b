//! The embedded HSM as the daemon has it: behind sockets, here with a thread in place of the other process.

use std::{
    net::Shutdown,
    os::unix::net::UnixStream,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use hsm::{
    Base, Derived, Deriving, Error, Hsm, Material, Target,
    host::{self, Event, HelperTerms, Opening, RemoteHsm, Seal, SecretFile},
    soft::{CACHE_KEYS_MAX, Master, MasterSource},
};
use kmip::{
    Secret,
    mechanism::{Derivation, Hash, KeySpec},
};
use openssl::{hash::MessageDigest, pkcs5::pbkdf2_hmac, pkey::PKey, rsa::Rsa};

use crate::terms;

/// An embedded HSM behind sockets.
pub(crate) fn open() -> Box<dyn Hsm> {
    let opened = opened(Arc::new(embedded()), Duration::from_secs(60), |_| ());
    Box::new(opened.expect("it opens"))
}

/// Where a new master is. Its folder goes at once: what was read of it stays.
fn embedded() -> Opening {
    let folder = tempfile::tempdir().expect("a folder").keep();
    let master = folder.join("master.key");
    Master::create(&MasterSource::File(master.clone())).expect("a master");
    Opening::Embedded {
        master,
        seal: Seal::Nothing,
        cache_keys_max: CACHE_KEYS_MAX,
        keys_may_move: false,
        verify_signatures: true,
    }
}

/// Nothing seals the master.
fn no_secret(file: SecretFile<'_>) -> hsm::Result<Secret> {
    panic!("{file:?} is read")
}

fn opened(
    opening: Arc<Opening>,
    wait: Duration,
    tell: impl Fn(Event<'_>) + Send + Sync + 'static,
) -> hsm::Result<RemoteHsm> {
    RemoteHsm::open(HelperTerms {
        start: Box::new(|| {
            let (near, far) = UnixStream::pair()?;
            thread::Builder::new().spawn(move || {
                let opening = host::asked(&far).expect("a whole frame");
                if let Some(opening) = opening {
                    // The other end may be closed before this one: that is how it ends.
                    let _ = host::serve(&far, opening.open(&no_secret));
                }
            })?;
            Ok((near, None))
        }),
        opening,
        wait,
        channels_max: 8,
        slow_max: 1,
        tell: Box::new(tell),
    })
}

#[test]
fn what_does_not_open_says_why() {
    let missing = Opening::Embedded {
        master: "/nowhere/master.key".into(),
        seal: Seal::Nothing,
        cache_keys_max: 1,
        keys_may_move: false,
        verify_signatures: true,
    };
    let wait = Duration::from_secs(60);
    let Err(Error::Unavailable(why)) = opened(Arc::new(missing), wait, |_| ()) else {
        panic!("it opened");
    };
    assert!(why.contains("/nowhere/master.key"), "{why}");
}

/// Whether its factors are prime is asked of every RSA key that is brought, and takes seconds of a long one.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the time that it takes here is what the HSM's process gets too little of"
)]
fn a_key_that_is_looked_at_for_long_is_not_taken_for_a_hang() {
    let key = Rsa::generate(4096).expect("a key");
    let began = Instant::now();
    assert!(key.check_key().is_ok_and(|is_right| is_right));
    let wait = began.elapsed() * 6 / 10;
    let tell = |event: Event<'_>| assert_ne!(event, Event::Hung);
    let hsm = opened(Arc::new(embedded()), wait, tell).expect("it opens");
    let pkcs8 = PKey::from_rsa(key).and_then(|key| key.private_key_to_pkcs8());
    let material = Material::Private {
        spec: KeySpec::Rsa { bits: 4096 },
        pkcs8: Secret::new(pkcs8.expect("an encoding")),
    };
    hsm.import(&material, &terms(false)).expect("it is taken");
}

/// Whoever asks for much that takes long is taken for much, and not for a hang of the HSM; and others are answered.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the time that it takes here is what the HSM's process gets too little of"
)]
fn what_takes_long_is_done_in_turn() {
    let (hash, iterations) = (Hash::Sha512, 500_000);
    let mut out = [0; 32];
    let began = Instant::now();
    let digest = MessageDigest::sha512();
    pbkdf2_hmac(b"password", b"salt", iterations, digest, &mut out).expect("bytes");
    let took = began.elapsed();
    let tell = |event: Event<'_>| assert_ne!(event, Event::Hung);
    let hsm = opened(Arc::new(embedded()), took * 6 / 10, tell).expect("it opens");
    let password = Secret::from(&b"password"[..]);
    let mechanism = Derivation::Pbkdf2 {
        hash,
        iterations: u32::try_from(iterations).expect("a count"),
    };
    let how = Deriving {
        mechanism: &mechanism,
        data: &[],
        iv: None,
        salt: b"salt",
        keys: &[],
        block: None,
        skipped_bytes: 0,
        peer: None,
    };
    let target = Target::Data {
        bytes: 32,
        prefix: &[],
        label: b"label",
    };
    let derive = || {
        let derived = hsm.derive(Base::Bytes(&password), &how, &target);
        let Derived::Data(sealed) = derived.expect("it is derived") else {
            panic!("data is no key");
        };
        let opened = hsm.open(&sealed, b"label").expect("it opens");
        assert_eq!(opened.expose(), out);
    };
    thread::scope(|scope| {
        let all: Vec<_> = (0..6).map(|_| scope.spawn(derive)).collect();
        while !all.iter().all(thread::ScopedJoinHandle::is_finished) {
            hsm.health().expect("it answers");
            thread::sleep(Duration::from_millis(5));
        }
    });
}

/// A token locks itself after a few wrong PINs, so that a process that comes back must not try one again and again.
#[test]
fn a_login_that_was_refused_is_not_tried_by_another_process() {
    static STARTS: Mutex<Vec<UnixStream>> = Mutex::new(Vec::new());
    let started = || STARTS.lock().expect("nobody panics here").len();
    let opening = Arc::new(embedded());
    let hsm = RemoteHsm::open(HelperTerms {
        start: Box::new(|| {
            let (near, far) = UnixStream::pair()?;
            let mut starts = STARTS.lock().expect("nobody panics here");
            let is_first = starts.is_empty();
            starts.push(far.try_clone()?);
            thread::Builder::new().spawn(move || {
                if let Some(opening) = host::asked(&far).expect("a whole frame") {
                    let opened = if is_first {
                        opening.open(&no_secret)
                    } else {
                        Err(Error::Refused("the PIN is wrong".to_owned()))
                    };
                    let _ = host::serve(&far, opened);
                }
            })?;
            Ok((near, None))
        }),
        opening,
        wait: Duration::from_secs(60),
        channels_max: 8,
        slow_max: 1,
        tell: Box::new(|_| ()),
    })
    .expect("it opens");
    let first = STARTS.lock().expect("nobody panics here")[0].try_clone();
    first
        .and_then(|first| first.shutdown(Shutdown::Both))
        .expect("it ends");
    while started() < 2 {
        thread::sleep(Duration::from_millis(5));
    }
    thread::sleep(Duration::from_millis(500));
    assert_eq!(started(), 2);
    let why = hsm.health().expect_err("there is none").to_string();
    assert!(why.contains("the PIN is wrong"), "{why}");
}

#[test]
fn a_process_that_cannot_open_its_hsm_is_waited_for() {
    let process = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let own = process.clone();
    let opened = RemoteHsm::open(HelperTerms {
        start: Box::new(move || {
            let (near, _) = UnixStream::pair()?;
            let child = std::process::Command::new("true").spawn()?;
            own.store(child.id(), std::sync::atomic::Ordering::SeqCst);
            Ok((near, Some(child)))
        }),
        opening: Arc::new(Opening::Embedded {
            master: "/nowhere".into(),
            seal: Seal::Nothing,
            cache_keys_max: 1,
            keys_may_move: false,
            verify_signatures: true,
        }),
        wait: Duration::from_secs(60),
        channels_max: 1,
        slow_max: 1,
        tell: Box::new(|_| {}),
    });
    assert!(opened.is_err());
    let process = process.load(std::sync::atomic::Ordering::SeqCst);
    // Whoever is not waited for stays among the processes when it has ended, one more for each try.
    let left = format!("/proc/{process}");
    assert!(!std::path::Path::new(&left).exists(), "{left}");
}
