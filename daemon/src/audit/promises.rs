//! Those who wait for the disk: one thread syncs for all of them and tells them, so that a disk that hangs keeps nobody else.

use std::{
    io,
    sync::{
        Arc, OnceLock,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use super::{TrailError, turn::Turn};

/// What is told once events are on the disk, or cannot be.
pub(super) type Then = Box<dyn FnOnce(Result<(), TrailError>) + Send>;

/// The thread that syncs, which ends once this and every way to it are dropped.
pub(super) struct Promises {
    syncs: Option<Syncs>,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

/// A way to that thread.
#[derive(Clone)]
pub(super) struct Syncs {
    queue: Sender<Then>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// Held while the disk is written.
    syncing: Turn<()>,
    /// What ended it. A failed sync fails for ever, for all: the kernel forgets which pages it could not write, so that a
    /// second sync would succeed without them.
    failure: OnceLock<TrailError>,
}

impl Promises {
    /// Starts the thread; `sync` puts everything appended before it is called on the disk.
    pub(super) fn start(
        sync: impl Fn() -> Result<(), TrailError> + Send + 'static,
    ) -> io::Result<Self> {
        let (queue, waiting) = channel();
        let state = Arc::new(State::default());
        let own = state.clone();
        let thread = std::thread::Builder::new()
            .name("audit-commits".to_owned())
            .spawn(move || own.keep_all(&waiting, sync))?;
        Ok(Self {
            syncs: Some(Syncs {
                queue,
                state: state.clone(),
            }),
            state,
            thread: Some(thread),
        })
    }

    /// Another way to the thread.
    pub(super) fn syncs(&self) -> Option<Syncs> {
        self.syncs.clone()
    }

    /// Promises to tell it.
    pub(super) fn add(&self, then: Then) {
        match &self.syncs {
            Some(syncs) => syncs.add(then),
            None => then(Err(ended())),
        }
    }

    /// Returns once everything appended before this call is on the disk; an error when that cannot be, or when a sync
    /// lasts longer than `wait_max`: then it may be there later.
    pub(super) fn wait(&self, wait_max: Duration) -> Result<(), TrailError> {
        match &self.syncs {
            Some(syncs) => syncs.wait(wait_max),
            None => Err(ended()),
        }
    }

    /// The failure that ended it, if one did.
    pub(super) fn failure(&self) -> Option<TrailError> {
        self.state.failure.get().cloned()
    }

    /// Whether a sync lasts longer than somebody could wait.
    pub(super) fn is_hung(&self) -> bool {
        self.state.syncing.is_hung()
    }

    /// Waits until no sync is under way, and so long at most, after which [`Promises::is_hung`] says so.
    pub(super) fn watch(&self, wait_max: Duration) {
        drop(self.state.syncing.take(wait_max));
    }
}

impl Syncs {
    fn add(&self, then: Then) {
        if let Err(unsent) = self.queue.send(then) {
            (unsent.0)(Err(ended()));
        }
    }

    /// As [`Promises::wait`].
    pub(super) fn wait(&self, wait_max: Duration) -> Result<(), TrailError> {
        let (tell, told) = sync_channel(1);
        // Nobody listens any more when the disk has not answered in time.
        self.add(Box::new(move |result| drop(tell.send(result))));
        loop {
            match told.recv_timeout(wait_max) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Disconnected) => return Err(ended()),
                Err(RecvTimeoutError::Timeout) => {
                    // Where no sync is under way any more, its end is about to be told.
                    if self.state.syncing.take(Duration::ZERO).is_err() {
                        return Err(hung("a sync"));
                    }
                }
            }
        }
    }
}

impl State {
    fn keep_all(&self, waiting: &Receiver<Then>, sync: impl Fn() -> Result<(), TrailError>) {
        // Whoever comes while the disk is written for others is among the next.
        while let Ok(first) = waiting.recv() {
            let all: Vec<Then> = std::iter::once(first).chain(waiting.try_iter()).collect();
            let syncing = self.syncing.take_patiently();
            let result = match self.failure.get() {
                Some(failure) => Err(failure.clone()),
                None => sync().inspect_err(|error| {
                    // It was empty, and nobody else fills it.
                    let _ = self.failure.set(error.clone());
                }),
            };
            drop(syncing);
            for then in all {
                then(result.clone());
            }
        }
    }
}

impl Drop for Promises {
    fn drop(&mut self) {
        self.syncs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that tells of the audit trail's syncs panicked");
        }
    }
}

fn ended() -> TrailError {
    TrailError("its thread has ended".to_owned())
}

/// The trouble of a disk that keeps somebody waiting.
pub(super) fn hung(what: &str) -> TrailError {
    TrailError(format!(
        "the disk does not answer: {what} lasts too long; it goes on by itself when the disk does"
    ))
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Mutex,
            atomic::{AtomicU32, Ordering},
        },
        thread,
    };

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn waiters_share_syncs() {
        let count = Arc::new(AtomicU32::new(0));
        let own = count.clone();
        let promises = Promises::start(move || {
            own.fetch_add(1, Ordering::Relaxed);
            thread::sleep(Duration::from_millis(20));
            Ok(())
        })
        .unwrap();
        thread::scope(|scope| {
            for _ in 0..32 {
                scope.spawn(|| promises.wait(LONG).unwrap());
            }
        });
        let count = count.load(Ordering::Relaxed);
        assert!((1..16).contains(&count), "{count} syncs for 32 waiters");
    }

    #[test]
    fn a_failed_sync_is_final() {
        let failed = TrailError("the disk is gone".to_owned());
        let results = Mutex::new(vec![Ok(()), Err(failed.clone())]);
        let promises = Promises::start(move || results.lock().unwrap().pop().unwrap()).unwrap();
        assert_eq!(promises.failure(), None);
        assert_eq!(promises.wait(LONG), Err(failed.clone()));
        assert_eq!(promises.wait(LONG), Err(failed.clone()));
        assert_eq!(promises.failure(), Some(failed));
    }

    #[test]
    fn a_sync_that_hangs_keeps_nobody_and_is_told_until_it_ends() {
        let (go_on, hanging) = channel();
        let promises = Promises::start(move || {
            hanging.recv().unwrap();
            Ok(())
        })
        .unwrap();
        let (tell, told) = channel();
        promises.add(Box::new(move |result| tell.send(result).unwrap()));
        let short = Duration::from_millis(20);
        let error = promises.wait(short).unwrap_err();
        assert!(error.0.contains("does not answer"), "{error}");
        assert!(promises.is_hung());
        go_on.send(()).unwrap();
        assert_eq!(told.recv().unwrap(), Ok(()));
        go_on.send(()).unwrap();
        go_on.send(()).unwrap();
        assert_eq!(promises.wait(LONG), Ok(()));
        promises.watch(LONG);
        assert!(!promises.is_hung());
        assert_eq!(promises.failure(), None);
    }
}
