//! The stream of a local client, which is told of room to write only while there is none.
//!
//! Whoever waits on a Unix socket for both is woken once more for each answer: when the client has read it.

use std::{
    io::{self, Read, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf, unix::AsyncFd};

/// A stream to a local client.
pub(super) struct Local {
    socket: AsyncFd<UnixStream>,
    /// The same, while there is no room to write.
    room: Option<AsyncFd<UnixStream>>,
}

impl Local {
    pub(super) fn new(stream: tokio::net::UnixStream) -> io::Result<Self> {
        Ok(Self {
            socket: registered(stream.into_std()?, Interest::READABLE)?,
            room: None,
        })
    }
}

/// A socket of which the runtime tells this.
#[expect(
    deprecated,
    reason = "what replaces it is unsafe, because other types may tell a descriptor that they close or change"
)]
fn registered(socket: UnixStream, interest: Interest) -> io::Result<AsyncFd<UnixStream>> {
    AsyncFd::with_interest(socket, interest)
}

impl AsyncRead for Local {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let mut ready = ready!(self.socket.poll_read_ready(context))?;
            let place = into.initialize_unfilled();
            let room = place.len();
            match ready.try_io(|socket| socket.get_ref().read(place)) {
                Ok(Ok(count)) => {
                    // There is no more: to ask for it would be a call in vain.
                    if (1..room).contains(&count) {
                        ready.clear_ready();
                    }
                    into.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Ok(Err(error)) if error.kind() != io::ErrorKind::Interrupted => {
                    return Poll::Ready(Err(error));
                }
                Ok(Err(_)) | Err(_) => {}
            }
        }
    }
}

impl AsyncWrite for Local {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        let own = self.get_mut();
        let mut socket = own.socket.get_ref();
        loop {
            match socket.write(from) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                outcome => {
                    own.room = None;
                    return Poll::Ready(outcome);
                }
            }
            let room = match own.room.take() {
                Some(room) => room,
                None => registered(socket.try_clone()?, Interest::WRITABLE)?,
            };
            let room = own.room.insert(room);
            ready!(room.poll_write_ready(context))?.clear_ready();
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.socket.get_ref().shutdown(Shutdown::Write))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn more_than_there_is_room_for_arrives_both_ways() {
        let (near, mut far) = tokio::net::UnixStream::pair().unwrap();
        let mut near = Local::new(near).unwrap();
        let sent: Vec<u8> = (0_u32..1_000_000).flat_map(u32::to_be_bytes).collect();
        for _ in 0..2 {
            let mut got = vec![0; sent.len()];
            let both = tokio::join!(near.write_all(&sent), far.read_exact(&mut got));
            assert!(both.0.is_ok() && both.1.is_ok() && got == sent);
            assert!(near.room.is_none());
            let mut got = vec![0; sent.len()];
            let both = tokio::join!(far.write_all(&sent), near.read_exact(&mut got));
            assert!(both.0.is_ok() && both.1.is_ok() && got == sent);
        }
        near.shutdown().await.unwrap();
        assert_eq!(far.read(&mut [0]).await.unwrap(), 0);
        drop(far);
        assert_eq!(near.read(&mut [0]).await.unwrap(), 0);
        assert!(near.write(b"x").await.is_err());
    }
}
