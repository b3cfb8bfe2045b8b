//! A text being written.

use crate::Buffer;

/// The text so far.
pub(super) struct Written(Buffer);

impl Written {
    /// An empty text that is to become about so long.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(Buffer::with_capacity(bytes))
    }

    pub(super) fn push(&mut self, text: &str) {
        self.0.push(text.as_bytes());
    }

    pub(super) fn push_char(&mut self, letter: char) {
        self.push(letter.encode_utf8(&mut [0; 4]));
    }

    pub(super) fn push_hex(&mut self, bytes: &[u8]) {
        self.0.reserve(bytes.len() * 2);
        for digit in bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xF]) {
            let letter = if digit < 10 {
                b'0' + digit
            } else {
                b'a' + digit - 10
            };
            self.0.push(&[letter]);
        }
    }

    /// Takes the last character back if it is this one.
    pub(super) fn trim_end(&mut self, last: u8) {
        if self.0.last() == Some(&last) {
            self.0.pop();
        }
    }

    pub(super) fn into_bytes(self) -> Buffer {
        self.0
    }
}
