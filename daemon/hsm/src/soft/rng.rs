//! The random generator and its health tests.
//!
//! Bytes come from AWS-LC's CTR_DRBG (NIST SP 800-90A), which seeds itself from the kernel. What the kernel gives is
//! tested at the start and again and again, and so is every output: a source that is stuck or biased (NIST SP 800-90B
//! §4.4) stops the generator for good.

use std::{
    fs::File,
    io::{self, Write},
    sync::{
        LazyLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use rustix::rand::{GetRandomFlags, getrandom};

use super::entropy::{PROPORTION_WINDOW, START_SAMPLES, is_healthy};
use crate::{Error, Result};

/// Fills a buffer with random bytes.
pub fn fill(out: &mut [u8]) -> Result<()> {
    GENERATOR.fill(out)
}

/// Adds bytes to the kernel's pool, from which the generator seeds itself. Anybody may: the kernel mixes them in and counts
/// them for no entropy.
pub fn stir(offered: &[u8]) -> Result<()> {
    let unavailable = |error: &io::Error| Error::Unavailable(format!("{POOL_FILE}: {error}"));
    let mut pool = POOL.as_ref().map_err(unavailable)?;
    pool.write_all(offered).map_err(|error| unavailable(&error))
}

/// Opens the kernel's pool, for a process that will give up its files.
pub(super) fn open_pool() {
    LazyLock::force(&POOL);
}

const POOL_FILE: &str = "/dev/urandom";

static POOL: LazyLock<io::Result<File>> =
    LazyLock::new(|| File::options().write(true).open(POOL_FILE));

/// Whether the generator's tests have passed so far.
pub fn health() -> Result<()> {
    GENERATOR.passing()
}

static GENERATOR: LazyLock<Generator> = LazyLock::new(|| {
    Generator::start(kernel, |out| {
        aws_lc_rs::rand::fill(out).map_err(|_| Error::Unavailable(STOPPED.to_owned()))
    })
});

type Source = fn(&mut [u8]) -> Result<()>;

struct Generator {
    stopped: AtomicBool,
    calls: AtomicU64,
    seed: Source,
    library: Source,
}

impl Generator {
    fn start(seed: Source, library: Source) -> Self {
        let generator = Self {
            stopped: AtomicBool::new(false),
            calls: AtomicU64::new(0),
            seed,
            library,
        };
        generator.test_seed::<START_SAMPLES>();
        generator
    }

    fn fill(&self, out: &mut [u8]) -> Result<()> {
        let calls = self.calls.fetch_add(1, Ordering::Relaxed);
        if calls.is_multiple_of(CALLS_BETWEEN_SEED_TESTS) {
            self.test_seed::<PROPORTION_WINDOW>();
        }
        self.passing()?;
        (self.library)(out)?;
        if !is_healthy(out) {
            out.fill(0);
            self.stopped.store(true, Ordering::Release);
        }
        self.passing()
    }

    fn passing(&self) -> Result<()> {
        if self.stopped.load(Ordering::Acquire) {
            return Err(Error::Broken(STOPPED.to_owned()));
        }
        Ok(())
    }

    fn test_seed<const SAMPLES: usize>(&self) {
        let mut samples = zeroize::Zeroizing::new([0; SAMPLES]);
        if (self.seed)(samples.as_mut_slice()).is_err() || !is_healthy(samples.as_slice()) {
            self.stopped.store(true, Ordering::Release);
        }
    }
}

fn kernel(out: &mut [u8]) -> Result<()> {
    let mut rest = out;
    while !rest.is_empty() {
        let got = getrandom(&mut *rest, GetRandomFlags::empty())
            .map_err(|error| Error::Unavailable(format!("getrandom: {error}")))?;
        rest = rest.get_mut(got..).unwrap_or_default();
    }
    Ok(())
}

const STOPPED: &str = "the random generator; replace the machine if it fails again";
const CALLS_BETWEEN_SEED_TESTS: u64 = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn good(out: &mut [u8]) -> Result<()> {
        kernel(out)
    }

    fn stuck(out: &mut [u8]) -> Result<()> {
        out.fill(0x5a);
        Ok(())
    }

    fn biased(out: &mut [u8]) -> Result<()> {
        kernel(out)?;
        out.iter_mut().step_by(16).for_each(|byte| *byte = 7);
        Ok(())
    }

    fn broken(_: &mut [u8]) -> Result<()> {
        Err(Error::Failed("no source".to_owned()))
    }

    #[test]
    fn good_bytes_pass_and_differ() {
        let generator = Generator::start(good, good);
        let (mut one, mut two) = ([0; 4096], [0; 4096]);
        generator.fill(&mut one).unwrap();
        generator.fill(&mut two).unwrap();
        assert_ne!(one, two);
    }

    #[test]
    fn a_bad_seed_stops_the_generator_before_its_first_byte() {
        for seed in [stuck as Source, biased, broken] {
            let generator = Generator::start(seed, good);
            assert!(matches!(
                generator.fill(&mut [0; 32]),
                Err(Error::Broken(_))
            ));
        }
    }

    #[test]
    fn a_stuck_library_stops_for_good_and_gives_nothing() {
        let generator = Generator::start(good, stuck);
        let mut out = [1; 32];
        assert!(generator.fill(&mut out).is_err());
        assert_eq!(out, [0; 32]);
        assert!(generator.passing().is_err());
        assert!(generator.fill(&mut [0; 1]).is_err());
    }
}
