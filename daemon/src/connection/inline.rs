//! How many messages are answered where they were read: one thread that reads must stay free when an HSM hangs, and awake.

use std::{io, sync::Arc, thread, time::Duration};

use tokio::{
    runtime::Handle,
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use super::Shared;

/// How long nobody may be told that there is something to read when the thread that waits for it answers a message.
const UNREAD_MAX: Duration = Duration::from_millis(50);

/// How long a message waits for one of those that are answered where they were read: they take microseconds, and to hand it
/// to a worker instead costs as many. When it takes longer, an HSM may hang.
const PERMIT_WAIT_MAX: Duration = Duration::from_millis(2);

/// The threads that may answer messages beside reading them.
pub(crate) struct Inline {
    threads: usize,
    free: Semaphore,
}

/// One of them, until it is dropped.
pub(super) type Permit<'a> = SemaphorePermit<'a>;

impl Inline {
    /// So many threads at once.
    pub(crate) const fn new(threads: usize) -> Self {
        Self {
            threads,
            free: Semaphore::const_new(threads),
        }
    }

    /// Whether a message is being answered where it was read.
    fn is_busy(&self) -> bool {
        self.free.available_permits() < self.threads
    }

    /// A permit, once there is one; none when that takes long.
    pub(super) async fn permit(&self) -> Option<Permit<'_>> {
        if let Ok(permit) = self.free.try_acquire() {
            return Some(permit);
        }
        let waiting = Box::pin(timeout(PERMIT_WAIT_MAX, self.free.acquire()));
        waiting.await.ok()?.ok()
    }

    /// A permit for a message that takes longer than others should wait to be read, if there is one left: another thread
    /// reads meanwhile. It leaves one for what is answered sooner.
    pub(super) fn permit_for_longer(&self) -> Option<Permit<'_>> {
        let mut both = self.free.try_acquire_many(2).ok()?;
        let permit = both.split(1)?;
        wake_another();
        Some(permit)
    }
}

/// Wakes a thread to read in the place of this one. Of two tasks the runtime keeps one for the thread that has spawned
/// them, and wakes another thread for the other.
fn wake_another() {
    for _ in 0..2 {
        drop(tokio::spawn(async {}));
    }
}

/// Keeps somebody reading. The runtime wakes no other thread when the one that waits for what comes answers a message
/// itself, which takes as long as the HSM does; so one is woken while that lasts, and waits in its place.
pub(crate) fn keep_reading(shared: &Arc<Shared>) -> io::Result<()> {
    let (runtime, shared) = (Handle::current(), Arc::downgrade(shared));
    let watch = move || {
        while let Some(own) = shared.upgrade() {
            if own.inline.is_busy() {
                drop(runtime.spawn(async {}));
            }
            drop(own);
            thread::sleep(UNREAD_MAX);
        }
    };
    let named = thread::Builder::new().name("reading".to_owned());
    named.spawn(watch).map(drop)
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        os::unix::net::UnixStream as Outside,
        sync::mpsc::{self, Receiver},
    };

    use tokio::{io::AsyncReadExt, net::UnixStream, runtime::Builder};

    use super::*;

    /// Whoever waits for what was not read in this time waits for ever.
    const NEVER: Duration = Duration::from_secs(20);

    /// What does something with a message as soon as it is read, and the other end, which sends it.
    fn when_read(work: impl FnOnce() + Send + 'static) -> Outside {
        let (near, far) = UnixStream::pair().unwrap();
        let far = far.into_std().unwrap();
        far.set_nonblocking(false).unwrap();
        drop(tokio::spawn(async move {
            let mut near = near;
            near.read_u8().await.unwrap();
            work();
        }));
        far
    }

    /// The thread that waits for what comes answers a first message, which takes until a second one was read.
    fn answers_until_another_is_read() -> (Outside, Outside, Receiver<()>, Receiver<bool>) {
        let (tell_read, read) = mpsc::channel();
        let (tell_begun, begun) = mpsc::channel();
        let (tell_done, done) = mpsc::channel();
        let first = when_read(move || {
            wake_another();
            tell_begun.send(()).unwrap();
            tell_done.send(read.recv_timeout(NEVER).is_ok()).unwrap();
        });
        let second = when_read(move || tell_read.send(()).unwrap());
        (first, second, begun, done)
    }

    #[test]
    fn another_thread_reads_while_one_answers_what_takes_longer() {
        let mut threads = Builder::new_multi_thread();
        let runtime = threads.worker_threads(2).enable_io().build().unwrap();
        // Nobody would read in one round of twenty-five if nobody was woken.
        for _ in 0..500 {
            let entered = runtime.enter();
            let (mut first, mut second, begun, done) = answers_until_another_is_read();
            drop(entered);
            first.write_all(b"1").unwrap();
            begun.recv().unwrap();
            second.write_all(b"2").unwrap();
            assert!(done.recv().unwrap(), "nobody reads");
        }
    }

    #[tokio::test]
    async fn there_are_no_more_permits_than_threads() {
        let inline = Inline::new(2);
        assert!(!inline.is_busy());
        let both = (inline.permit().await, inline.permit().await);
        assert!(inline.is_busy());
        assert!(both.0.is_some() && both.1.is_some());
        // Asking for one that is not there makes none.
        assert!(inline.permit().await.is_none());
        drop(both);
        assert!(!inline.is_busy());
        assert!(inline.permit().await.is_some());
    }

    #[tokio::test]
    async fn a_permit_is_waited_for_until_it_is_given_back() {
        let inline = Inline::new(1);
        let taken = inline.permit().await;
        assert!(taken.is_some());
        let (next, ()) = tokio::join!(inline.permit(), async { drop(taken) });
        assert!(next.is_some());
    }

    #[tokio::test]
    async fn what_takes_longer_leaves_a_permit_for_what_does_not() {
        let inline = Inline::new(2);
        let long = inline.permit_for_longer();
        assert!(long.is_some());
        assert!(inline.permit_for_longer().is_none());
        assert!(inline.permit().await.is_some());
    }
}
