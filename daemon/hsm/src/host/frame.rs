//! Frames on a socket: a length of four bytes, and so many bytes. Whatever was in one is zeroed.

use std::{
    io::{self, Read, Write},
    os::unix::net::UnixStream,
};

use kmip::Buffer;
use zeroize::Zeroize;

/// The longest frame: longer than any message of a client, and than any answer to one.
const FRAME_BYTES_MAX: usize = 64 << 20;

/// What one read takes at most; most frames are shorter and come whole.
const INBOX_BYTES: usize = 8 << 10;

const LENGTH_BYTES: usize = 4;

/// A socket with what was read of it.
pub(super) struct Frames {
    socket: UnixStream,
    inbox: Box<[u8]>,
}

impl Frames {
    pub(super) fn new(socket: UnixStream) -> Self {
        Self {
            socket,
            inbox: vec![0; INBOX_BYTES].into(),
        }
    }

    pub(super) const fn socket(&self) -> &UnixStream {
        &self.socket
    }

    /// Sends a frame that [`frame`] began.
    pub(super) fn send(&mut self, mut frame: Buffer) -> io::Result<()> {
        let bytes = frame.len().saturating_sub(LENGTH_BYTES);
        let length = u32::try_from(bytes)
            .ok()
            .filter(|_| bytes <= FRAME_BYTES_MAX);
        let length = length.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        if let Some(place) = frame.as_mut_slice().first_chunk_mut() {
            *place = length.to_be_bytes();
        }
        self.socket.write_all(&frame)
    }

    /// Receives a frame; `None` when the other end is closed. Frames are answered one by one, so that what follows one
    /// is a mistake.
    pub(super) fn receive(&mut self) -> io::Result<Option<Buffer>> {
        let read = loop {
            match self.socket.read(&mut self.inbox) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        if read == 0 {
            return Ok(None);
        }
        let read = self.inbox.get_mut(..read).unwrap_or_default();
        let frame = complete(&self.socket, read);
        read.zeroize();
        frame.map(Some)
    }
}

/// The frame that begins with what was read.
fn complete(mut socket: &UnixStream, read: &[u8]) -> io::Result<Buffer> {
    let broken = || io::Error::from(io::ErrorKind::InvalidData);
    let mut head = [0; LENGTH_BYTES];
    let (known, here) = read.split_at(read.len().min(LENGTH_BYTES));
    let (own, rest) = head.split_at_mut(known.len());
    own.copy_from_slice(known);
    socket.read_exact(rest)?;
    let length = usize::try_from(u32::from_be_bytes(head)).map_err(|_| broken())?;
    if length > FRAME_BYTES_MAX || here.len() > length {
        return Err(broken());
    }
    let mut frame = Buffer::with_capacity(length);
    frame.push(here);
    frame.fill(0, length - here.len());
    socket.read_exact(
        frame
            .as_mut_slice()
            .get_mut(here.len()..)
            .unwrap_or_default(),
    )?;
    Ok(frame)
}

/// An empty frame, with room for its length.
pub(super) fn frame() -> Buffer {
    let mut frame = Buffer::with_capacity(512);
    frame.fill(0, LENGTH_BYTES);
    frame
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
            INBOX_BYTES - 4,
            INBOX_BYTES,
            3 * INBOX_BYTES,
        ] {
            let (far, mut near) = pair();
            let sending = std::thread::scope(|scope| {
                let sending = scope.spawn(move || {
                    let mut own = frame();
                    own.fill(b'x', bytes);
                    Frames::new(far).send(own)
                });
                let got = near.receive().unwrap().unwrap();
                assert_eq!(&*got, vec![b'x'; bytes]);
                sending.join().unwrap()
            });
            sending.unwrap();
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
            assert_eq!(&*near.receive().unwrap().unwrap(), b"abc");
            assert!(near.receive().unwrap().is_none());
        });
    }

    #[test]
    fn what_claims_too_much_or_brings_too_much_is_broken() {
        for bytes in [&[0xff, 0xff, 0xff, 0xff][..], &[0, 0, 0, 1, 1, 2]] {
            let (mut far, mut near) = pair();
            far.write_all(bytes).unwrap();
            assert_eq!(
                near.receive().err().unwrap().kind(),
                io::ErrorKind::InvalidData
            );
        }
        let (mut far, mut near) = pair();
        far.write_all(&[0, 0, 0, 9, 1]).unwrap();
        drop(far);
        assert_eq!(
            near.receive().err().unwrap().kind(),
            io::ErrorKind::UnexpectedEof
        );
    }
}
