//! Bytes of one client that were read and not yet served: reused, zeroed, never larger than what arrived asks for.

use std::{io, ops::Range};

use tokio::io::{AsyncRead, AsyncReadExt};
use zeroize::{Zeroize, Zeroizing};

/// A read buffer. What is announced is not believed: it doubles as bytes arrive.
pub(super) struct Inbox {
    bytes: Zeroizing<Vec<u8>>,
    served: usize,
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self {
            bytes: Zeroizing::new(Vec::with_capacity(CAPACITY_MIN)),
            served: 0,
        }
    }

    /// What waits to be served.
    pub(super) fn unread(&self) -> &[u8] {
        self.bytes.get(self.served..).unwrap_or_default()
    }

    /// What waits to be served, to be rearranged.
    pub(super) fn unread_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.served..).unwrap_or_default()
    }

    /// A part of the bytes that wait.
    pub(super) fn part(&self, at: Range<usize>) -> &[u8] {
        self.unread().get(at).unwrap_or_default()
    }

    /// Forgets the first so many of the bytes that wait.
    pub(super) fn done(&mut self, count: usize) {
        let end = self.served.saturating_add(count).min(self.bytes.len());
        if let Some(served) = self.bytes.get_mut(self.served..end) {
            served.zeroize();
        }
        self.served = end;
        if self.served == self.bytes.len() {
            self.served = 0;
            if self.bytes.capacity() > CAPACITY_KEPT {
                *self = Self::new();
            } else {
                self.bytes.clear();
            }
        }
    }

    /// Reads what there is; zero bytes mean the end.
    pub(super) async fn fill<S: AsyncRead + Unpin>(&mut self, stream: &mut S) -> io::Result<usize> {
        self.make_room();
        stream.read_buf(&mut *self.bytes).await
    }

    fn make_room(&mut self) {
        if self.bytes.len() < self.bytes.capacity() {
            return;
        }
        // A new buffer, so that the old one is zeroed: growing in place would leave it behind.
        let waiting = self.unread();
        let capacity = self.bytes.capacity().max(waiting.len().saturating_mul(2));
        let mut larger = Zeroizing::new(Vec::with_capacity(capacity));
        larger.extend_from_slice(waiting);
        self.bytes = larger;
        self.served = 0;
    }
}

/// Most requests fit into this.
const CAPACITY_MIN: usize = 1024;
/// What a connection at rest may keep.
const CAPACITY_KEPT: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_buffer_grows_with_what_arrives_and_shrinks_when_it_is_served() {
        let sent: Vec<u8> = (0_u32..100_000).flat_map(u32::to_be_bytes).collect();
        let mut source = sent.as_slice();
        let mut inbox = Inbox::new();
        while inbox.fill(&mut source).await.unwrap() > 0 {
            let had = inbox.unread().len();
            assert!(inbox.bytes.capacity() <= CAPACITY_MIN.max(2 * had));
        }
        assert_eq!(inbox.unread(), sent);
        inbox.done(sent.len() - 3);
        assert_eq!(inbox.part(0..9), &[] as &[u8], "nine do not wait");
        assert_eq!(inbox.part(1..3), &sent[sent.len() - 2..]);
        inbox.done(3);
        assert_eq!(inbox.bytes.capacity(), CAPACITY_MIN);
    }

    #[tokio::test]
    async fn bytes_behind_a_served_message_stay() {
        let mut source = &b"firstsecond"[..];
        let mut inbox = Inbox::new();
        inbox.fill(&mut source).await.unwrap();
        inbox.done(5);
        assert_eq!(inbox.unread(), b"second");
        assert_eq!(&inbox.bytes[..5], &[0; 5], "what was served is zeroed");
    }
}
