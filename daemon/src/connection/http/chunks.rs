//! Chunks of a body, joined where they arrived (RFC 9112 §7.1).

use std::ops::Range;

/// How far the chunks of one body are joined.
#[derive(Default)]
pub(super) struct Chunks {
    /// How much of what arrived is looked at.
    read: usize,
    /// How much of the body stands joined at the front.
    joined: usize,
    /// How many bytes of trailers have passed by.
    trailers: usize,
    state: State,
}

#[derive(Clone, Copy, Default)]
enum State {
    /// The line with a chunk's size.
    #[default]
    Size,
    /// So many bytes of a chunk.
    Data(usize),
    /// The end of the line behind a chunk.
    Behind,
    /// The lines behind the last chunk, which are ignored.
    Trailers,
    /// Everything is there.
    Whole,
}

impl Chunks {
    /// Joins what has arrived of the body, and tells whether that is all; `None` when these are no chunks.
    pub(super) fn join(&mut self, bytes: &mut [u8]) -> Option<bool> {
        loop {
            let rest = bytes.get(self.read..)?;
            let go_on = match self.state {
                State::Size => self.size(rest)?,
                State::Data(left) => {
                    let here = left.min(rest.len());
                    let end = self.read.checked_add(here)?;
                    bytes.copy_within(self.read..end, self.joined);
                    self.joined += here;
                    self.read = end;
                    self.state = if here == left {
                        State::Behind
                    } else {
                        State::Data(left - here)
                    };
                    here == left
                }
                State::Behind => match rest {
                    [b'\r', b'\n', ..] => {
                        self.read += 2;
                        self.state = State::Size;
                        true
                    }
                    [] | [b'\r'] => false,
                    _ => return None,
                },
                State::Trailers => self.trailer(rest)?,
                State::Whole => return Some(true),
            };
            if !go_on {
                return Some(false);
            }
        }
    }

    /// How long the body is, and where what arrived of it ends.
    pub(super) const fn extent(&self) -> Range<usize> {
        self.joined..self.read
    }

    fn size(&mut self, rest: &[u8]) -> Option<bool> {
        // The parser takes a line without digits for the last chunk.
        if rest.first().is_some_and(|byte| !byte.is_ascii_hexdigit()) {
            return None;
        }
        match httparse::parse_chunk_size(rest).ok()? {
            httparse::Status::Complete((line, size)) if line <= LINE_BYTES_MAX => {
                self.read += line;
                self.state = match usize::try_from(size).ok()? {
                    0 => State::Trailers,
                    size => State::Data(size),
                };
                Some(true)
            }
            httparse::Status::Partial if rest.len() <= LINE_BYTES_MAX => Some(false),
            _ => None,
        }
    }

    fn trailer(&mut self, rest: &[u8]) -> Option<bool> {
        let Some(end) = rest.windows(2).position(|window| window == b"\r\n") else {
            return (self.trailers + rest.len() <= TRAILERS_BYTES_MAX).then_some(false);
        };
        self.read += end + 2;
        self.trailers += end + 2;
        if end == 0 {
            self.state = State::Whole;
        }
        (self.trailers <= TRAILERS_BYTES_MAX).then_some(true)
    }
}

/// A size with its extensions, which nobody uses.
const LINE_BYTES_MAX: usize = 256;
const TRAILERS_BYTES_MAX: usize = 4096;

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// The body, and how much was read for it.
    fn joined(chunks: &[u8]) -> Option<(Vec<u8>, usize)> {
        let mut bytes = chunks.to_vec();
        let mut state = Chunks::default();
        state.join(&mut bytes)?.then(|| {
            let Range { start, end } = state.extent();
            (bytes[..start].to_vec(), end)
        })
    }

    #[test]
    fn chunks_become_one_body_however_they_arrive() {
        let sent =
            b"5\r\nfirst\r\n1;name=x\r\n-\r\n0a\r\nsecond\r\n12\r\n0\r\nTrailer: x\r\n\r\nnext";
        let whole = sent.len() - 4;
        assert_eq!(joined(sent), Some((b"first-second\r\n12".to_vec(), whole)));
        let mut bytes = Vec::new();
        let mut state = Chunks::default();
        for (at, byte) in sent.iter().enumerate() {
            bytes.push(*byte);
            assert_eq!(state.join(&mut bytes), Some(at + 1 >= whole), "{at}");
        }
        assert_eq!(&bytes[..state.extent().start], b"first-second\r\n12");
        assert_eq!(joined(b"0\r\n\r\n"), Some((Vec::new(), 5)));
    }

    #[test]
    fn what_are_no_chunks_is_refused() {
        let long = format!("1;{}\r\n", "x".repeat(300));
        let trailers = format!("0\r\n{}", "a: b\r\n".repeat(1000));
        for sent in [
            "x\r\n",
            "-1\r\n",
            "1\r\nab\r\n",
            "fffffffffffffffff\r\n",
            "\r\n",
            &long,
            &long[..290],
            &trailers,
        ] {
            let mut state = Chunks::default();
            assert_eq!(state.join(&mut sent.as_bytes().to_vec()), None, "{sent}");
        }
        let endless = "ffffffff\r\nabc";
        let mut state = Chunks::default();
        assert_eq!(state.join(&mut endless.as_bytes().to_vec()), Some(false));
    }

    proptest! {
        #[test]
        fn any_pieces_come_together(
            pieces in vec(vec(any::<u8>(), 1..40), 0..8),
            cuts in vec(1..50_usize, 1..20),
            rest in vec(any::<u8>(), 0..10),
        ) {
            let mut sent = Vec::new();
            for piece in &pieces {
                sent.extend(format!("{:x}\r\n", piece.len()).into_bytes());
                sent.extend(piece);
                sent.extend(b"\r\n");
            }
            sent.extend(b"0\r\n\r\n");
            let whole = sent.len();
            sent.extend(&rest);
            let (mut state, mut bytes, mut cuts) = (Chunks::default(), Vec::new(), cuts.iter().cycle());
            while bytes.len() < sent.len() {
                let end = (bytes.len() + cuts.next().unwrap()).min(sent.len());
                bytes.extend_from_slice(&sent[bytes.len()..end]);
                prop_assert_eq!(state.join(&mut bytes), Some(end >= whole));
            }
            let Range { start, end } = state.extent();
            prop_assert_eq!(&bytes[..start], pieces.concat());
            prop_assert_eq!(&bytes[end..], rest);
        }

        #[test]
        fn any_bytes_are_chunks_or_are_refused(bytes in vec(any::<u8>(), 0..200)) {
            let mut bytes = bytes;
            let mut state = Chunks::default();
            let _ = state.join(&mut bytes);
            let Range { start, end } = state.extent();
            prop_assert!(start <= end && end <= bytes.len());
        }
    }
}
