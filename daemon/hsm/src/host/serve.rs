//! The side of an HSM's own process: it is told what to open, and answers each channel in a thread of its own.

use std::{
    collections::HashMap,
    io,
    os::unix::net::UnixStream,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{RecvTimeoutError, channel},
    },
    thread,
};

use kmip::{
    Buffer, Secret,
    mechanism::{Hash, KeySpec},
};

use super::{
    FAREWELL, Opening,
    borrowed::{OwnBase, OwnDeriving, OwnTarget, OwnTask},
    call::Call,
    descriptor,
    frame::Frames,
    wire::{self, Broken, Put, Reader},
};
use crate::{Error, Hsm, Result, Stream, Terms, soft::rng};

/// The most random bytes of one call.
const RANDOM_BYTES_MAX: usize = 16 << 20;

/// The most computations over parts; the daemon's own limit is far below.
const STREAMS_MAX: usize = 1 << 20;

/// Waits for what is to be opened; `None` when the daemon is gone before it said so.
pub fn asked(control: &UnixStream) -> io::Result<Option<Opening>> {
    let mut frames = Frames::new(control.try_clone()?);
    let opening = frames.receive(|frame| wire::whole(frame))?.transpose();
    opening.map_err(|Broken| io::Error::from(io::ErrorKind::InvalidData))
}

/// Tells the daemon how opening went and, if it went well, answers until the daemon ends, and what was asked before then is
/// done: a module that is left in the middle of a call leaves half an object in its token.
///
/// The error is of the kind `TimedOut` where a call does not end. Then the module must not notice the end of the process.
pub fn serve(control: &UnixStream, opened: Result<Box<dyn Hsm>>) -> io::Result<()> {
    let facts = opened.as_ref();
    let facts = facts.map(|hsm| (hsm.keeps_keys(), hsm.capabilities()));
    Frames::new(control.try_clone()?).send(|hello| facts.map_err(Clone::clone).put(hello))?;
    let Ok(hsm) = opened else { return Ok(()) };
    let mut first = [0; 8];
    // A number of a process that ended means nothing to the next one.
    rng::fill(&mut first).map_err(io::Error::other)?;
    let first = u64::from_be_bytes(first) >> 1;
    let host = Arc::new(Host {
        hsm,
        streams: Mutex::default(),
        next: AtomicU64::new(first),
    });
    // Nothing is sent: whoever has an end of it is at work.
    let (at_work, all_done) = channel::<()>();
    while let Some(calls) = descriptor::receive(control)? {
        let (host, at_work) = (Arc::clone(&host), at_work.clone());
        let frames = Frames::new(UnixStream::from(calls));
        thread::Builder::new()
            .name("channel".to_owned())
            .spawn(move || {
                host.answer_all(frames);
                // The HSM is closed by the thread that opened it.
                drop(host);
                drop(at_work);
            })?;
    }
    drop(at_work);
    match all_done.recv_timeout(FAREWELL) {
        Err(RecvTimeoutError::Timeout) => Err(io::ErrorKind::TimedOut.into()),
        _ => Ok(()),
    }
}

struct Host {
    hsm: Box<dyn Hsm>,
    streams: Mutex<Streams>,
    next: AtomicU64,
}

type Streams = HashMap<u64, Arc<Mutex<Box<dyn Stream>>>>;

impl Host {
    /// Answers a channel until it is closed, or until what comes is nonsense.
    fn answer_all(&self, mut frames: Frames) {
        while matches!(
            frames.answer(|frame, out| self.answer(frame, out)),
            Ok(true)
        ) {}
    }

    fn answer(&self, frame: &[u8], out: &mut Buffer) -> std::result::Result<(), Broken> {
        let begun = out.len();
        catch_unwind(AssertUnwindSafe(|| self.call(frame, out))).unwrap_or_else(|_| {
            // The message may name what was computed on, so it is not looked at.
            out.truncate(begun);
            Err::<(), _>(Error::Failed("the HSM layer panicked".to_owned())).put(out);
            Ok(())
        })
    }

    /// Does one call and writes its outcome.
    fn call(&self, bytes: &[u8], out: &mut Buffer) -> std::result::Result<(), Broken> {
        let mut from = Reader::new(bytes);
        let call = from.take()?;
        match call {
            Call::Begin | Call::Update | Call::Finish | Call::Forget => {
                return self.call_stream(call, from, out);
            }
            Call::Sign | Call::Encrypt | Call::Decrypt | Call::Mac | Call::Answer => {
                return self.call_use(call, from, out);
            }
            Call::Departure | Call::Transport | Call::WrapFor | Call::Unwrap | Call::House => {
                return self.call_transport(call, from, out);
            }
            Call::Abandon | Call::Holds => return self.call_unnamed(call, from, out),
            _ => {}
        }
        let hsm = &*self.hsm;
        match call {
            Call::Generate => {
                let (spec, terms) = from.rest()?;
                hsm.generate(spec, &terms).put(out);
            }
            Call::Import => {
                let (material, terms) = from.rest()?;
                hsm.import(&material, &terms).put(out);
            }
            Call::Export => hsm.export(&from.rest()?).put(out),
            Call::Destroy => hsm.destroy(&from.rest()?).put(out),
            Call::Random => random(hsm, from.rest()?).put(out),
            Call::Seed => hsm.seed(from.rest()?).put(out),
            Call::Seal => {
                let (plain, label) = from.rest()?;
                hsm.seal(&plain, label).put(out);
            }
            Call::Open => {
                let (sealed, label) = from.rest()?;
                hsm.open(&sealed, label).put(out);
            }
            Call::Derive => {
                let (base, how, target): (OwnBase, OwnDeriving<'_>, OwnTarget<'_>) = from.rest()?;
                hsm.derive(base.get(), &how.get(), &target.get()).put(out);
            }
            Call::Decapsulate => {
                let (key, ciphertext, target): (_, _, OwnTarget<'_>) = from.rest()?;
                hsm.decapsulate(&key, ciphertext, &target.get()).put(out);
            }
            Call::SelfTest => hsm.self_test().put(out),
            Call::Memory => hsm.memory().put(out),
            Call::ForeignKeys => hsm.foreign_keys().put(out),
            Call::Adopt => {
                let (key, usage, label): (_, _, Option<String>) = from.rest()?;
                hsm.adopt(&key, usage, label.as_deref()).put(out);
            }
            _ => hsm.health().put(out),
        }
        Ok(())
    }

    /// Asks about a key that no reference names.
    fn call_unnamed(
        &self,
        call: Call,
        from: Reader<'_>,
        out: &mut Buffer,
    ) -> std::result::Result<(), Broken> {
        let (spec, id) = from.rest()?;
        match call {
            Call::Abandon => self.hsm.abandon(spec, id).put(out),
            _ => self.hsm.holds(spec, id).put(out),
        }
        Ok(())
    }

    /// Uses a key.
    fn call_use(
        &self,
        call: Call,
        from: Reader<'_>,
        out: &mut Buffer,
    ) -> std::result::Result<(), Broken> {
        let hsm = &*self.hsm;
        match call {
            Call::Sign => {
                let (key, mechanism, input) = from.rest()?;
                hsm.sign(&key, mechanism, input).put(out);
            }
            Call::Encrypt => {
                let (key, cipher, input) = from.rest()?;
                hsm.encrypt(&key, &cipher, input).put(out);
            }
            Call::Decrypt => {
                let (key, cipher, input) = from.rest()?;
                hsm.decrypt(&key, &cipher, input).put(out);
            }
            Call::Answer => {
                let (key, challenge): (_, &[u8]) = from.rest()?;
                let challenge = challenge.try_into().map_err(|_| Broken)?;
                hsm.answer(&key, challenge).put(out);
            }
            _ => {
                let (key, mechanism, message) = from.rest()?;
                hsm.mac(&key, mechanism, message).put(out);
            }
        }
        Ok(())
    }

    /// Lets a key go to another HSM, or come from one.
    fn call_transport(
        &self,
        call: Call,
        from: Reader<'_>,
        out: &mut Buffer,
    ) -> std::result::Result<(), Broken> {
        let hsm = &*self.hsm;
        match call {
            Call::Departure => hsm.departure(&from.rest()?).put(out),
            Call::Transport => {
                let (spec, terms): (KeySpec, Terms) = from.rest()?;
                hsm.transport(spec, &terms).put(out);
            }
            Call::WrapFor => {
                let (key, public, hashes): (_, _, Vec<Hash>) = from.rest()?;
                hsm.wrap_for(&key, public, &hashes).put(out);
            }
            Call::House => {
                let (key, terms) = from.rest()?;
                hsm.house(&key, &terms).put(out);
            }
            _ => {
                let (under, wrapped, terms) = from.rest()?;
                hsm.unwrap(&under, &wrapped, &terms).put(out);
            }
        }
        Ok(())
    }

    /// Computes over parts.
    fn call_stream(
        &self,
        call: Call,
        from: Reader<'_>,
        out: &mut Buffer,
    ) -> std::result::Result<(), Broken> {
        match call {
            Call::Begin => {
                let (key, task): (_, OwnTask<'_>) = from.rest()?;
                let begun = self.hsm.begin(&key, task.get());
                begun
                    .and_then(|begun| {
                        begun
                            .map(|begun| Ok((self.keep(begun.stream)?, begun.iv)))
                            .transpose()
                    })
                    .put(out);
            }
            Call::Update => {
                let (number, part) = from.rest()?;
                self.within(number, |stream| stream.update(part)).put(out);
            }
            Call::Finish => {
                let number = from.rest()?;
                self.within(number, |stream| stream.finish()).put(out);
            }
            _ => {
                let number: u64 = from.rest()?;
                self.streams().remove(&number);
                Ok::<_, Error>(()).put(out);
            }
        }
        Ok(())
    }

    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, stream: Box<dyn Stream>) -> Result<u64> {
        let mut streams = self.streams();
        if streams.len() >= STREAMS_MAX {
            return Err(Error::Unavailable(
                "too many computations over parts".to_owned(),
            ));
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        streams.insert(number, Arc::new(Mutex::new(stream)));
        Ok(number)
    }

    fn within<T>(&self, number: u64, work: impl FnOnce(&mut dyn Stream) -> Result<T>) -> Result<T> {
        let stream = self.streams().get(&number).cloned();
        let stream = stream.ok_or_else(|| Error::Unavailable(LOST.to_owned()))?;
        let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut **stream)
    }
}

/// What is said of a computation that another process of the HSM had begun.
const LOST: &str = "the computation was lost when the HSM's process ended";

fn random(hsm: &dyn Hsm, bytes: usize) -> Result<Secret> {
    if bytes > RANDOM_BYTES_MAX {
        return Err(Error::BadInput("too many random bytes at once"));
    }
    let mut out = Buffer::with_capacity(bytes);
    out.fill(0, bytes);
    hsm.random(out.as_mut_slice())?;
    Ok(Secret::from(&*out))
}
