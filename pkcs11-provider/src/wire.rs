//! A connected socket whose every wait ends in time, whatever signals come, and whose broken pipe is an error and no
//! signal to the host.

use std::{
    hint::spin_loop,
    io::{self, Read, Write},
    os::fd::{IntoRawFd, OwnedFd},
    sync::Arc,
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::fstat,
    io::Errno,
    net::{
        RecvFlags, SendFlags, recv, send,
        sockopt::{Timeout, set_socket_timeout},
    },
};

use crate::{
    deadline::Deadline,
    descriptors,
    watch::{MOMENT, Places, Watch},
};

/// Between two looks at a socket, in the processor's own pauses: a microsecond or less.
const LOOKS_APART: u32 = 16;

/// A socket that is connected.
pub(crate) struct Wire {
    /// There until the end.
    socket: Option<OwnedFd>,
    /// The socket's own number, by which it is known again.
    number: u64,
    deadline: Deadline,
    sending: Limit,
    /// Whether something was sent of which no answer has come yet.
    is_asked: bool,
    watch: Watch,
    places: Arc<Places>,
}

/// How long the system lets a socket wait to send; none at first.
#[derive(Default)]
struct Limit(Duration);

impl Limit {
    /// Sets the limit to what is left, unless that is about what it is: a call whose answer comes at once, which is
    /// nearly every call, does without.
    fn adapt(&mut self, socket: &OwnedFd, deadline: Deadline) -> io::Result<()> {
        let rest = deadline.rest()?;
        let slack = rest / 8;
        if self.0 < rest.saturating_sub(slack) || self.0 > rest.saturating_add(slack) {
            // The system takes none for no limit at all.
            let rest = rest.max(Duration::from_millis(1));
            set_socket_timeout(socket, Timeout::Send, Some(rest))?;
            self.0 = rest;
        }
        Ok(())
    }
}

impl Wire {
    pub(crate) fn new(
        socket: OwnedFd,
        deadline: Deadline,
        places: Arc<Places>,
    ) -> io::Result<Self> {
        let number = fstat(&socket)?.st_ino;
        descriptors::remember(&socket, number);
        Ok(Self {
            socket: Some(socket),
            number,
            deadline,
            sending: Limit::default(),
            is_asked: false,
            watch: Watch::default(),
            places,
        })
    }

    /// Starts a call, which must have ended by then.
    pub(crate) const fn begin(&mut self, deadline: Deadline) {
        self.deadline = deadline;
    }

    /// What there is to be read: nothing yet, the end, or something.
    pub(crate) fn peek(&self) -> io::Result<Option<usize>> {
        let socket = self.socket.as_ref().filter(|socket| self.is(socket));
        let mut byte = [0_u8; 1];
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        match recv(socket.ok_or(Errno::BADF)?, &mut byte[..], flags) {
            Ok((_, count)) => Ok(Some(count)),
            Err(Errno::AGAIN) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads what comes within a moment, if that is worth the while; `None` when the thread may as well sleep.
    fn read_at_once(&mut self, into: &mut [u8]) -> io::Result<Option<usize>> {
        let socket = self.socket.as_ref().ok_or(Errno::BADF)?;
        let Some(_place) = self.watch.is_due().then(|| self.places.take()).flatten() else {
            return Ok(None);
        };
        let end = Deadline::after(MOMENT);
        while end.rest().is_ok() {
            match recv(socket, &mut *into, RecvFlags::DONTWAIT) {
                Ok((_, count)) => {
                    self.watch.learn(true);
                    return Ok(Some(count));
                }
                Err(Errno::AGAIN) => (0..LOOKS_APART).for_each(|_| spin_loop()),
                Err(error) => return Err(error.into()),
            }
        }
        self.watch.learn(false);
        Ok(None)
    }

    /// Whether the descriptor still is this socket's. Hosts that close what they do not know have their own files under
    /// its number afterwards, which must neither get a request nor be closed.
    fn is(&self, socket: &OwnedFd) -> bool {
        fstat(socket).is_ok_and(|found| found.st_ino == self.number)
    }
}

impl Read for Wire {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if std::mem::take(&mut self.is_asked)
            && let Some(count) = self.read_at_once(into)?
        {
            return Ok(count);
        }
        let socket = self.socket.as_ref().ok_or(Errno::BADF)?;
        loop {
            await_bytes(socket, self.deadline)?;
            match recv(socket, &mut *into, RecvFlags::DONTWAIT) {
                Err(Errno::AGAIN) => {}
                outcome => return Ok(outcome?.1),
            }
        }
    }
}

/// Waits until there is something to read. Who waits by reading is woken once more: when the other side has read what it
/// was sent.
fn await_bytes(socket: &OwnedFd, deadline: Deadline) -> io::Result<()> {
    unless_interrupted(|| {
        let rest = Timespec::try_from(deadline.rest()?).ok();
        let mut socket = [PollFd::new(socket, PollFlags::IN)];
        match poll(&mut socket, rest.as_ref())? {
            0 => Err(io::ErrorKind::TimedOut.into()),
            _ => Ok(()),
        }
    })
}

impl Write for Wire {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.is_asked = true;
        let socket = self.socket.as_ref().ok_or(Errno::BADF)?;
        let (deadline, limit) = (self.deadline, &mut self.sending);
        unless_interrupted(|| {
            limit.adapt(socket, deadline)?;
            Ok(send(socket, from, SendFlags::NOSIGNAL)?)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Waits again when a signal that the host handles has ended the wait.
pub(crate) fn unless_interrupted<T>(mut wait: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match wait() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let Some(socket) = self.socket.take() else {
            return;
        };
        descriptors::forget(&socket, self.number);
        if !self.is(&socket) {
            // It is not ours to close.
            let _ = socket.into_raw_fd();
        }
    }
}
