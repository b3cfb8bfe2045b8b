//! Those who wait for the disk without a thread of their own: one thread syncs for all of them, and tells them.

use std::{
    io,
    sync::mpsc::{Receiver, Sender, channel},
    thread::JoinHandle,
};

use super::TrailError;

/// What is told once events are on the disk, or cannot be.
pub(super) type Then = Box<dyn FnOnce(Result<(), TrailError>) + Send>;

/// The way to that thread, which ends when this is dropped.
pub(super) struct Promises {
    queue: Option<Sender<Then>>,
    thread: Option<JoinHandle<()>>,
}

impl Promises {
    /// Starts the thread; `sync` puts everything appended before it is called on the disk.
    pub(super) fn start(
        sync: impl Fn() -> Result<(), TrailError> + Send + 'static,
    ) -> io::Result<Self> {
        let (queue, waiting) = channel();
        let thread = std::thread::Builder::new()
            .name("audit-commits".to_owned())
            .spawn(move || keep_all(&waiting, sync))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    /// Promises to tell it.
    pub(super) fn add(&self, then: Then) {
        let gone = match &self.queue {
            Some(queue) => queue.send(then).err().map(|unsent| unsent.0),
            None => Some(then),
        };
        if let Some(then) = gone {
            then(Err(TrailError("its thread has ended".to_owned())));
        }
    }
}

impl Drop for Promises {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that tells of the audit trail's syncs panicked");
        }
    }
}

fn keep_all(waiting: &Receiver<Then>, sync: impl Fn() -> Result<(), TrailError>) {
    // Whoever comes while the disk is written for others is among the next.
    while let Ok(first) = waiting.recv() {
        let all: Vec<Then> = std::iter::once(first).chain(waiting.try_iter()).collect();
        let result = sync();
        for then in all {
            then(result.clone());
        }
    }
}
