//! Secrets: a type without `Debug`, zeroed on drop, opened by one greppable method.

use subtle::ConstantTimeEq;

use crate::Buffer;

/// Bytes that must not be seen: key material, plaintext, passwords.
///
/// There is no `Debug`, no `Display`, no `Deref`; comparison is constant-time in the contents.
#[derive(Clone, Default)]
pub struct Secret(Buffer);

impl Secret {
    /// Takes the bytes over; the caller's vector becomes the secret's own.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }

    /// The bytes, for the few places that must see them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The number of bytes, which is not secret.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Secret {}

impl From<Vec<u8>> for Secret {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes)
    }
}

impl From<&[u8]> for Secret {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}
