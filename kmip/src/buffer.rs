//! A buffer that leaves nothing behind: zeroed when it grows and when it is dropped, because any message may carry a key.

use std::ops::Deref;

use zeroize::Zeroize;

/// Bytes that are zeroed at once when they are dropped; `Zeroizing<Vec<u8>>` does the same byte by byte.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Buffer(Vec<u8>);

impl Buffer {
    /// An empty buffer that holds so many bytes before it grows.
    #[must_use]
    #[inline]
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// Appends bytes.
    #[inline]
    pub fn push(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    /// Appends a byte so many times.
    #[inline]
    pub fn fill(&mut self, byte: u8, count: usize) {
        self.reserve(count);
        self.0.resize(self.0.len() + count, byte);
    }

    /// Appends up to eight zeros.
    #[inline]
    pub(crate) fn pad(&mut self, count: usize) {
        let end = self.0.len().saturating_add(count);
        // Eight bytes are written at once, where a few would be a call.
        self.push(&[0; 8]);
        self.0.truncate(end);
    }

    /// Forgets the last byte.
    pub fn pop(&mut self) {
        if let Some(last) = self.0.last_mut() {
            last.zeroize();
            self.0.pop();
        }
    }

    /// Forgets what stands after so many bytes.
    pub fn truncate(&mut self, bytes: usize) {
        if let Some(rest) = self.0.get_mut(bytes..) {
            rest.zeroize();
            self.0.truncate(bytes);
        }
    }

    /// The bytes, to be overwritten.
    #[inline]
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// Makes room. A vector that grows by itself would leave its contents behind.
    #[inline]
    pub fn reserve(&mut self, more: usize) {
        // The vector asks the same again in the same words, so the compiler asks once.
        if more > self.0.capacity().wrapping_sub(self.0.len()) {
            self.grow(more);
        }
    }

    #[cold]
    fn grow(&mut self, more: usize) {
        let needed = self.0.len().saturating_add(more);
        let mut larger = Self::with_capacity(needed.max(self.0.capacity().saturating_mul(2)));
        larger.0.extend_from_slice(&self.0);
        *self = larger;
    }
}

impl Drop for Buffer {
    #[inline]
    fn drop(&mut self) {
        // Nothing was ever held behind the end that is not zero already: what is taken from there is zeroed at once.
        let held = self.0.len();
        self.0.clear();
        if let Some(held) = self.0.spare_capacity_mut().get_mut(..held) {
            held.zeroize();
        }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(mut bytes: Vec<u8>) -> Self {
        // A vector may have been longer before.
        bytes.spare_capacity_mut().zeroize();
        Self(bytes)
    }
}

impl From<&[u8]> for Buffer {
    #[inline]
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_grows_and_keeps_its_contents() {
        let mut buffer = Buffer::with_capacity(2);
        buffer.push(b"ab");
        buffer.push(b"cdef");
        buffer.fill(b'x', 3);
        buffer.pop();
        assert_eq!(&*buffer, b"abcdefxx");
    }
}
