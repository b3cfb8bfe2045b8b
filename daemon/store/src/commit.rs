//! Changes on their way to the disk: whoever made them need not wait for them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{RecvTimeoutError, sync_channel},
    },
    time::Duration,
};

use crate::{Error, Result};

/// What is told of a commit once it is known.
pub(crate) type Told = Box<dyn FnOnce(Result<()>) + Send>;

/// Changes that are ready to be committed, by any thread. Dropped, they are rolled back.
pub struct Commit {
    start: Box<dyn FnOnce(Told) + Send>,
    hanging: Arc<Hanging>,
}

/// Whether somebody has waited in vain for the thread that commits, which its disk may keep.
#[derive(Default)]
pub(crate) struct Hanging(AtomicBool);

impl Hanging {
    /// The trouble of whoever would have to wait now; nothing of what is asked is begun.
    pub(crate) fn trouble(&self) -> Option<Error> {
        self.0.load(Ordering::SeqCst).then(|| {
            Error::Unavailable(
                "the disk does not answer: a commit lasts too long; it goes on by itself when the disk does"
                    .to_owned(),
            )
        })
    }

    /// All who waited were told.
    pub(crate) fn has_answered(&self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl Commit {
    pub(crate) fn new(hanging: Arc<Hanging>, start: impl FnOnce(Told) + Send + 'static) -> Self {
        Self {
            start: Box::new(start),
            hanging,
        }
    }

    /// Commits, and tells when the changes are durable or are not made. The store's own thread tells it, so that what is
    /// done then must be short; it is not told when that thread ends before. Where somebody waits in vain for that thread
    /// already, nothing is begun and that is told at once.
    pub fn start(self, told: impl FnOnce(Result<()>) + Send + 'static) {
        match self.hanging.trouble() {
            Some(trouble) => told(Err(trouble)),
            None => (self.start)(Box::new(told)),
        }
    }

    /// Commits, and returns when the changes are durable or are not made.
    pub fn wait(self) -> Result<()> {
        let (tell, told) = sync_channel(1);
        self.start(move |result| {
            // Nobody listens when the committer's thread was ended.
            let _ = tell.send(result);
        });
        told.recv().map_err(|_| ended())?
    }

    /// The same for who can do without knowing: [`Error::Unanswered`] after so long.
    pub fn wait_for(self, wait_max: Duration) -> Result<()> {
        let (tell, told) = sync_channel(1);
        let hanging = Arc::clone(&self.hanging);
        self.start(move |result| {
            let _ = tell.send(result);
        });
        match told.recv_timeout(wait_max) {
            Ok(result) => result,
            Err(RecvTimeoutError::Disconnected) => Err(ended()),
            Err(RecvTimeoutError::Timeout) => {
                hanging.0.store(true, Ordering::SeqCst);
                // Who tells does so before taking back that something hangs: it is known here, or will be taken back.
                told.try_recv().unwrap_or(Err(Error::Unanswered))
            }
        }
    }
}

/// The thread that commits is gone.
pub(crate) fn ended() -> Error {
    Error::Unavailable("the writer has ended; restart the program".to_owned())
}
