//! The error state: what has failed a test of itself serves nothing until it is started again (FIPS 140-3 §7.10).

use std::sync::{Arc, OnceLock};

use kmip::Secret;

use super::rng;
use crate::{Begun, Error, Finished, Result, Stream};

/// Whether an HSM may serve; once it may not, it never may again.
#[derive(Clone, Default)]
pub(crate) struct State(Arc<OnceLock<String>>);

impl State {
    /// Does something, unless a test has failed; what is found broken by it ends all service.
    pub(crate) fn guard<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.passing()?;
        self.note(work())
    }

    /// Whether nothing has failed so far.
    pub(crate) fn passing(&self) -> Result<()> {
        match self.0.get() {
            None => rng::health(),
            Some(why) => Err(Error::Broken(why.clone())),
        }
    }

    /// Takes note of what an outcome says.
    pub(crate) fn note<T>(&self, outcome: Result<T>) -> Result<T> {
        if let Err(Error::Broken(why)) = &outcome {
            // The first failure is the one that is told.
            drop(self.0.set(why.clone()));
        }
        outcome
    }

    /// A computation over parts that ends with the service.
    pub(crate) fn guarded(&self, begun: Begun) -> Begun {
        Begun {
            stream: Box::new(Guarded {
                state: self.clone(),
                stream: begun.stream,
            }),
            ..begun
        }
    }
}

struct Guarded {
    state: State,
    stream: Box<dyn Stream>,
}

impl Stream for Guarded {
    fn update(&mut self, part: &[u8]) -> Result<Secret> {
        self.state.passing()?;
        self.stream.update(part)
    }

    fn finish(&mut self) -> Result<Finished> {
        self.state.passing()?;
        self.stream.finish()
    }
}
