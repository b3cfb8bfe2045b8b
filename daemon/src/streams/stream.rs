//! One computation between its parts: what its first part said, and how far it is.

use std::{
    any::Any,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use hsm::public::Hasher;
use kmip::Secret;
use store::ObjectId;
use zeroize::Zeroizing;

use super::Limits;
use crate::{
    error::{Error, Result},
    fault::Fault,
};

/// A computation between its parts.
pub(crate) struct Stream {
    /// The key; a digest has none.
    pub(crate) object: Option<ObjectId>,
    /// The IV, when the server made it.
    pub(crate) iv: Option<Vec<u8>>,
    /// The request of the first part, without its data.
    said: Box<dyn Any + Send>,
    engine: Engine,
    /// How many bytes came.
    taken: u64,
    /// The most bytes before a counter would begin anew.
    bytes_max: Option<u64>,
}

/// Who computes.
pub(crate) enum Engine {
    /// The HSM, part by part.
    Hsm(Box<dyn hsm::Stream>),
    /// A digest, of which a signature may be made.
    Digest(Hasher),
    /// Nobody until all is there: nothing unauthenticated may leave, or the mechanism takes its data whole.
    Whole(Held),
}

/// What a part gives.
#[derive(Default)]
pub(crate) struct Output {
    /// Bytes encrypted or decrypted; at the end the rest of them, the MAC, the digest, or all data that was held.
    pub(crate) data: Secret,
    /// The tag of an authenticating mode.
    pub(crate) tag: Option<Vec<u8>>,
}

impl Stream {
    /// A computation that begins.
    pub(crate) fn new<R: Any + Send>(object: Option<ObjectId>, said: R, engine: Engine) -> Self {
        Self {
            object,
            iv: None,
            said: Box::new(said),
            engine,
            taken: 0,
            bytes_max: None,
        }
    }

    /// The same, of no more than so many bytes.
    pub(crate) fn at_most(mut self, bytes_max: Option<u64>) -> Self {
        self.bytes_max = bytes_max;
        self
    }

    /// The same, from an IV that the server made.
    pub(crate) fn with_iv(mut self, iv: Option<Vec<u8>>) -> Self {
        self.iv = iv;
        self
    }

    /// What the first part said.
    pub(crate) fn said<R: Any>(&mut self) -> Result<&mut R> {
        self.said
            .downcast_mut()
            .ok_or_else(|| Error::internal("a stream began with another operation"))
    }

    /// Whether the data is held until it is whole.
    pub(crate) const fn is_held(&self) -> bool {
        matches!(self.engine, Engine::Whole(_))
    }

    /// Whether a digest is made of the data.
    pub(crate) const fn is_digest(&self) -> bool {
        matches!(self.engine, Engine::Digest(_))
    }

    /// How many bytes came.
    pub(crate) fn taken(&self) -> usize {
        usize::try_from(self.taken).unwrap_or(usize::MAX)
    }

    /// Takes a part. After the last there is nothing more to take.
    pub(super) fn take(&mut self, part: &[u8], last: bool) -> Result<Output> {
        self.taken = self
            .taken
            .saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
        if self.bytes_max.is_some_and(|most| self.taken > most) {
            return Err(Error::new(
                Fault::BadParameters,
                "the counter does not count so far",
            ));
        }
        match &mut self.engine {
            Engine::Hsm(stream) => {
                let data = stream.update(part)?;
                if !last {
                    return Ok(Output { data, tag: None });
                }
                let end = stream.finish()?;
                Ok(Output {
                    data: joined(&[data, end.data]),
                    tag: end.tag,
                })
            }
            Engine::Digest(hasher) => {
                hasher.update(part)?;
                if !last {
                    return Ok(Output::default());
                }
                Ok(Output {
                    data: Secret::new(hasher.finish()?),
                    tag: None,
                })
            }
            Engine::Whole(held) => {
                held.push(part)?;
                let data = if last { held.take() } else { Secret::default() };
                Ok(Output { data, tag: None })
            }
        }
    }
}

/// Data held until it is whole, within what all may hold.
pub(crate) struct Held {
    parts: Vec<Secret>,
    bytes: usize,
    limits: Limits,
    of_client: Arc<AtomicUsize>,
    of_all: Arc<AtomicUsize>,
}

impl Held {
    pub(super) fn new(
        limits: Limits,
        of_client: Arc<AtomicUsize>,
        of_all: Arc<AtomicUsize>,
    ) -> Self {
        Self {
            parts: Vec::new(),
            bytes: 0,
            limits,
            of_client,
            of_all,
        }
    }

    /// Each part stays where it is put, so that no copy of it is left behind as the whole grows.
    fn push(&mut self, part: &[u8]) -> Result<()> {
        let full = || Error::new(Fault::Busy, "data in parts is held up to a limit only");
        if part.len() > self.limits.held_bytes_max - self.bytes {
            return Err(full());
        }
        let added = |of: &AtomicUsize| {
            let before = of.fetch_add(part.len(), Ordering::Relaxed);
            before.saturating_add(part.len())
        };
        let (client, all) = (added(&self.of_client), added(&self.of_all));
        self.bytes += part.len();
        if client > self.limits.client_held_bytes_max || all > self.limits.all_held_bytes_max {
            return Err(full());
        }
        if !part.is_empty() {
            self.parts.push(Secret::from(part));
        }
        Ok(())
    }

    fn take(&mut self) -> Secret {
        joined(&std::mem::take(&mut self.parts))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.of_client.fetch_sub(self.bytes, Ordering::Relaxed);
        self.of_all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

fn joined(parts: &[Secret]) -> Secret {
    let bytes = parts.iter().map(Secret::len).sum();
    let mut whole = Zeroizing::new(Vec::with_capacity(bytes));
    for part in parts {
        whole.extend_from_slice(part.expose());
    }
    Secret::new(std::mem::take(&mut *whole))
}
