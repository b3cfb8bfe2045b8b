//! A text being written: grown without leaving a copy behind, because any message may carry a key.

use zeroize::Zeroizing;

use crate::ttlv::reserve;

/// The text so far.
pub(super) struct Buffer(Zeroizing<Vec<u8>>);

impl Buffer {
    /// An empty text that is to become about so long.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(bytes)))
    }

    pub(super) fn push(&mut self, text: &str) {
        reserve(&mut self.0, text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    pub(super) fn push_char(&mut self, letter: char) {
        self.push(letter.encode_utf8(&mut [0; 4]));
    }

    pub(super) fn push_hex(&mut self, bytes: &[u8]) {
        reserve(&mut self.0, bytes.len() * 2);
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
        let letters = digits.map(|digit| {
            if digit < 10 {
                b'0' + digit
            } else {
                b'a' + digit - 10
            }
        });
        self.0.extend(letters);
    }

    /// Takes the last character back if it is this one.
    pub(super) fn trim_end(&mut self, last: u8) {
        if self.0.last() == Some(&last) {
            self.0.pop();
        }
    }

    pub(super) fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}
