//! Random bytes of a token, which are tested as those of the kernel are: a generator that fails gives nothing any more.

use std::sync::atomic::{AtomicBool, Ordering};

use zeroize::Zeroizing;

use super::session::Pool;
use crate::{
    Error, Result,
    soft::entropy::{START_SAMPLES, is_healthy},
};

/// A token's generator.
pub(super) struct Randomness {
    stopped: AtomicBool,
}

impl Randomness {
    /// Tests the generator before its first use. A token without one keeps its keys all the same.
    pub(super) fn start(pool: &Pool) -> Result<Self> {
        let own = Self {
            stopped: AtomicBool::new(false),
        };
        let mut samples = Zeroizing::new([0; START_SAMPLES]);
        match own.fill(pool, samples.as_mut_slice()) {
            Err(error @ (Error::Broken(_) | Error::Unavailable(_) | Error::Refused(_))) => {
                Err(error)
            }
            _ => Ok(own),
        }
    }

    /// Fills a buffer, unless what came is no randomness.
    pub(super) fn fill(&self, pool: &Pool, out: &mut [u8]) -> Result<()> {
        self.passing()?;
        let len = u32::try_from(out.len()).map_err(|_| Error::BadInput("more than 4 GiB"))?;
        let bytes = pool.run(|seat| Ok(Zeroizing::new(seat.session.generate_random_vec(len)?)))?;
        if bytes.len() != out.len() {
            return Err(Error::Failed("the module gave too few random bytes".into()));
        }
        if !is_healthy(&bytes) {
            self.stopped.store(true, Ordering::Release);
        }
        self.passing()?;
        out.copy_from_slice(&bytes);
        Ok(())
    }

    /// Whether the generator's tests have passed so far.
    pub(super) fn passing(&self) -> Result<()> {
        if self.stopped.load(Ordering::Acquire) {
            return Err(Error::Broken("the token's random generator".to_owned()));
        }
        Ok(())
    }
}
