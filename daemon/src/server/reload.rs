//! Who asks for the configuration to be read anew, and waits for the answer: administrators, who are served elsewhere.

use tokio::sync::{Mutex, MutexGuard, mpsc, oneshot};

use crate::admin::{Reloader, protocol::ReloadFacts};

/// What became of it.
pub(super) type Reloaded = Result<ReloadFacts, String>;

/// Those who ask, for the one that serves.
pub(super) struct Askers(Mutex<Waiting>);

/// Those who wait for an answer.
pub(super) struct Waiting(mpsc::Receiver<oneshot::Sender<Reloaded>>);

impl Askers {
    /// They, and how one asks.
    pub(super) fn new() -> (Self, Reloader) {
        // Administration makes one change after the other, so that one waits at a time.
        let (sender, receiver) = mpsc::channel(1);
        let ask = move || {
            let (answer, answered) = oneshot::channel();
            let stopping = || "the daemon is stopping".to_owned();
            sender.blocking_send(answer).map_err(|_| stopping())?;
            answered.blocking_recv().map_err(|_| stopping())?
        };
        (Self(Mutex::new(Waiting(receiver))), Box::new(ask))
    }

    /// Those who wait.
    pub(super) async fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().await
    }
}

impl Waiting {
    /// The next one.
    pub(super) async fn next(&mut self) -> Option<oneshot::Sender<Reloaded>> {
        self.0.recv().await
    }

    /// Lets nobody wait any more.
    pub(super) fn send_away(&mut self) {
        self.0.close();
        while self.0.try_recv().is_ok() {}
    }
}
