//! Changes on their way to the disk: whoever made them need not wait for them.

use std::sync::mpsc::sync_channel;

use crate::{Error, Result};

/// What is told of a commit once it is known.
pub(crate) type Told = Box<dyn FnOnce(Result<()>) + Send>;

/// Changes that are ready to be committed, by any thread. Dropped, they are rolled back.
pub struct Commit(Box<dyn FnOnce(Told) + Send>);

impl Commit {
    pub(crate) fn new(start: impl FnOnce(Told) + Send + 'static) -> Self {
        Self(Box::new(start))
    }

    /// Commits, and tells when the changes are durable or are not made. The store's own thread tells it, so that what is
    /// done then must be short; it is not told when that thread ends before.
    pub fn start(self, told: impl FnOnce(Result<()>) + Send + 'static) {
        (self.0)(Box::new(told));
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
}

/// The thread that commits is gone.
pub(crate) fn ended() -> Error {
    Error::Unavailable("the writer has ended; restart the program".to_owned())
}
