//! Frames on a socket: a length of four bytes, and so many bytes. Whatever was in one is zeroed.
//!
//! Their buffers stay with the socket: memory that is new for each frame costs more than what most calls compute.

use std::{
    io::{self, Read, Write},
    ops::Range,
    os::unix::net::UnixStream,
    time::Duration,
};

use kmip::Buffer;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};
use zeroize::Zeroize;

/// The longest frame: longer than any message of a client, and than any answer to one.
const FRAME_BYTES_MAX: usize = 64 << 20;

/// What a buffer has room for at first; most frames are shorter.
const FEW_BYTES: usize = 8 << 10;

/// The longest buffer that is kept once it was needed.
const KEPT_BYTES_MAX: usize = 256 << 10;

const LENGTH_BYTES: usize = 4;

/// A socket with a buffer for each way.
pub(super) struct Frames {
    socket: UnixStream,
    /// As long as what it has room for, and zero where no frame is.
    inbox: Buffer,
    outbox: Buffer,
    /// How long a frame is waited for; for ever without.
    patience: Option<Duration>,
}

impl Frames {
    pub(super) fn new(socket: UnixStream) -> Self {
        Self {
            socket,
            inbox: empty_inbox(),
            outbox: Buffer::with_capacity(FEW_BYTES),
            patience: None,
        }
    }

    /// Waits so long for the next frames.
    pub(super) const fn wait_for(&mut self, patience: Duration) {
        self.patience = Some(patience);
    }

    /// Sends what is written.
    pub(super) fn send(&mut self, write: impl FnOnce(&mut Buffer)) -> io::Result<()> {
        self.outbox.fill(0, LENGTH_BYTES);
        write(&mut self.outbox);
        self.flush()
    }

    /// Receives a frame and reads it; `None` when the other end is closed. Frames are answered one by one, so that what
    /// follows one is a mistake.
    pub(super) fn receive<T>(&mut self, read: impl FnOnce(&[u8]) -> T) -> io::Result<Option<T>> {
        let Some(end) = self.fetch()? else {
            return Ok(None);
        };
        let frame = self.inbox.get(LENGTH_BYTES..end).unwrap_or_default();
        let value = read(frame);
        self.forget(end);
        Ok(Some(value))
    }

    /// Receives a frame and answers it; `false` when the other end is closed.
    pub(super) fn answer<E>(
        &mut self,
        how: impl FnOnce(&[u8], &mut Buffer) -> Result<(), E>,
    ) -> io::Result<bool> {
        let Some(end) = self.fetch()? else {
            return Ok(false);
        };
        let frame = self.inbox.get(LENGTH_BYTES..end).unwrap_or_default();
        self.outbox.fill(0, LENGTH_BYTES);
        let answered = how(frame, &mut self.outbox);
        self.forget(end);
        match answered {
            Ok(()) => self.flush().map(|()| true),
            Err(_) => Err(broken()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let sent = self
            .put_length()
            .and_then(|()| self.socket.write_all(&self.outbox));
        if self.outbox.len() > KEPT_BYTES_MAX {
            self.outbox = Buffer::with_capacity(FEW_BYTES);
        } else {
            self.outbox.truncate(0);
        }
        sent
    }

    fn put_length(&mut self) -> io::Result<()> {
        let bytes = self.outbox.len().saturating_sub(LENGTH_BYTES);
        let length = u32::try_from(bytes)
            .ok()
            .filter(|_| bytes <= FRAME_BYTES_MAX);
        let length = length.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        if let Some(place) = self.outbox.as_mut_slice().first_chunk_mut() {
            *place = length.to_be_bytes();
        }
        Ok(())
    }

    /// Brings a whole frame into the inbox and tells where it ends.
    fn fetch(&mut self) -> io::Result<Option<usize>> {
        self.await_frame()?;
        let read = loop {
            match self.socket.read(self.inbox.as_mut_slice()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        if read == 0 {
            return Ok(None);
        }
        let fetched = self.complete(read);
        if fetched.is_err() {
            self.inbox = empty_inbox();
        }
        fetched.map(Some)
    }

    /// Waits until there is something to read. Who waits by reading is woken once more: when the other end has read what
    /// it was sent.
    fn await_frame(&self) -> io::Result<()> {
        let patience = self.patience.map(Timespec::try_from).transpose();
        let patience = patience.map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        loop {
            let mut socket = [PollFd::new(&self.socket, PollFlags::IN)];
            match poll(&mut socket, patience.as_ref()) {
                Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The rest of a frame of which so many bytes are here.
    fn complete(&mut self, read: usize) -> io::Result<usize> {
        let have = read.max(LENGTH_BYTES);
        self.read_exact(read..have)?;
        let length = self.inbox.first_chunk().copied().map(u32::from_be_bytes);
        let length = length.and_then(|length| usize::try_from(length).ok());
        let length = length.filter(|length| *length <= FRAME_BYTES_MAX);
        let end = length.ok_or_else(broken)? + LENGTH_BYTES;
        if have > end {
            return Err(broken());
        }
        let room = self.inbox.len();
        self.inbox.fill(0, end.saturating_sub(room));
        self.read_exact(have..end)?;
        Ok(end)
    }

    fn read_exact(&mut self, range: Range<usize>) -> io::Result<()> {
        let place = self.inbox.as_mut_slice().get_mut(range);
        self.socket.read_exact(place.unwrap_or_default())
    }

    /// Zeroes the frame that ends here.
    fn forget(&mut self, end: usize) {
        if end > KEPT_BYTES_MAX {
            self.inbox = empty_inbox();
        } else if let Some(frame) = self.inbox.as_mut_slice().get_mut(..end) {
            frame.zeroize();
        }
    }
}

fn empty_inbox() -> Buffer {
    let mut inbox = Buffer::with_capacity(FEW_BYTES);
    inbox.fill(0, FEW_BYTES);
    inbox
}

fn broken() -> io::Error {
    io::Error::from(io::ErrorKind::InvalidData)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (UnixStream, Frames) {
        let (far, near) = UnixStream::pair().unwrap();
        (far, Frames::new(near))
    }

    #[test]
    fn frames_of_every_length_come_as_they_went() {
        for bytes in [
            0,
            1,
            3,
            4,
            8000,
            FEW_BYTES - 4,
            FEW_BYTES,
            3 * FEW_BYTES,
            KEPT_BYTES_MAX + 1,
        ] {
            let (far, mut near) = pair();
            let mut far = std::thread::scope(|scope| {
                let sending = scope.spawn(move || {
                    let mut own = Frames::new(far);
                    own.send(|out| out.fill(b'x', bytes)).map(|()| own)
                });
                let got = near.receive(<[u8]>::to_vec).unwrap().unwrap();
                assert_eq!(got, vec![b'x'; bytes]);
                sending.join().unwrap().unwrap()
            });
            // Neither end is left with anything of the frame before.
            far.send(|out| out.fill(b'y', 3)).unwrap();
            assert_eq!(near.receive(<[u8]>::to_vec).unwrap().unwrap(), b"yyy");
        }
    }

    #[test]
    fn what_was_in_a_frame_is_in_no_buffer_after_it() {
        for bytes in [1, FEW_BYTES, 3 * FEW_BYTES] {
            let (far, mut near) = pair();
            let mut far = Frames::new(far);
            far.send(|out| out.fill(b'x', bytes)).unwrap();
            assert_eq!(far.outbox.len(), 0);
            let answered = near.answer(|_, out| {
                out.fill(b'y', bytes);
                Ok::<_, ()>(())
            });
            assert!(answered.unwrap());
            assert!(near.inbox.iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn a_frame_may_come_byte_by_byte() {
        let (mut far, mut near) = pair();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for byte in [0, 0, 0, 3, b'a', b'b', b'c'] {
                    far.write_all(&[byte]).unwrap();
                }
            });
            assert_eq!(near.receive(<[u8]>::to_vec).unwrap().unwrap(), b"abc");
            assert!(near.receive(|_| ()).unwrap().is_none());
        });
    }

    #[test]
    fn a_frame_that_does_not_come_is_waited_for_as_long_as_was_said() {
        let (_far, mut near) = pair();
        near.wait_for(Duration::from_millis(10));
        let late = near.receive(|_| ()).err().unwrap();
        assert_eq!(late.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn what_claims_too_much_or_brings_too_much_is_broken() {
        for bytes in [&[0xff, 0xff, 0xff, 0xff][..], &[0, 0, 0, 1, 1, 2]] {
            let (mut far, mut near) = pair();
            far.write_all(bytes).unwrap();
            assert_eq!(
                near.receive(|_| ()).err().unwrap().kind(),
                io::ErrorKind::InvalidData
            );
        }
        let (mut far, mut near) = pair();
        far.write_all(&[0, 0, 0, 9, 1]).unwrap();
        drop(far);
        assert_eq!(
            near.receive(|_| ()).err().unwrap().kind(),
            io::ErrorKind::UnexpectedEof
        );
    }
}
