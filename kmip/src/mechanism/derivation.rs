//! Derivations: how a key comes from another.

use super::{Cipher, Hash};

/// A pseudorandom function of SP 800-108.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Prf {
    /// HMAC.
    Hmac(Hash),
    /// CMAC of an AES key (SP 800-38B).
    AesCmac,
}

/// How a key is derived, without what else goes in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Derivation {
    /// PBKDF2 with HMAC (RFC 8018 §5.2).
    Pbkdf2 {
        /// The hash function of the HMAC.
        hash: Hash,
        /// How often it repeats.
        iterations: u32,
    },
    /// The digest of the key.
    Digest(Hash),
    /// The HMAC under the key of the data.
    Hmac(Hash),
    /// The ciphertext under the key of the data.
    Encrypt(Cipher),
    /// SP 800-108 §4.1, counter mode: 32 bits of counter in front of the data.
    Counter(Prf),
    /// SP 800-108 §4.2, feedback mode: 32 bits of counter between feedback and data.
    Feedback(Prf),
    /// SP 800-108 §4.3, double-pipeline mode: 32 bits of counter between pipeline and data.
    DoublePipeline(Prf),
    /// HKDF, extract and expand (RFC 5869).
    Hkdf(Hash),
    /// HKDF, its first half (RFC 5869 §2.2).
    HkdfExtract(Hash),
    /// HKDF, its second half (RFC 5869 §2.3).
    HkdfExpand(Hash),
    /// The secret that a private and a public key agree on, as it is (SP 800-56A §5.7.1).
    Agreement,
    /// The secret that a private and a public key agree on, hashed with a counter and the salt (ANSI X9.63 §5.6.3).
    X963(Hash),
    /// The secret that a private and a public key agree on, hashed behind a counter and in front of the salt (SP 800-56C
    /// §4.1).
    OneStep(Hash),
}

impl Derivation {
    /// Whether two sides come to the same by it.
    #[must_use]
    pub const fn is_agreement(&self) -> bool {
        matches!(self, Self::Agreement | Self::X963(_) | Self::OneStep(_))
    }
}
