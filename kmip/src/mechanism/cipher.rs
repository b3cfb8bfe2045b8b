//! Mechanisms that encrypt and authenticate.

use super::Hash;

/// How a block cipher fills its last block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Padding {
    /// Not at all: the input must be whole blocks.
    None,
    /// PKCS #5 (that is, PKCS #7) padding.
    Pkcs5,
    /// Random bytes, the last of which says how many stand before it, as SSL 3.0 has it.
    Ssl3,
    /// Zeros up to the end of the block; what is taken off are the zeros of the last block, plaintext or not.
    Zeros,
    /// ANSI X9.23: zeros, the last byte says how many bytes were added.
    AnsiX923,
    /// ISO 10126: random bytes, the last byte says how many were added.
    Iso10126,
}

impl Padding {
    /// Every way to fill a block.
    pub const ALL: &'static [Self] = &[
        Self::None,
        Self::Pkcs5,
        Self::Ssl3,
        Self::Zeros,
        Self::AnsiX923,
        Self::Iso10126,
    ];

    /// The name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pkcs5 => "pkcs5",
            Self::Ssl3 => "ssl3",
            Self::Zeros => "zeros",
            Self::AnsiX923 => "x923",
            Self::Iso10126 => "iso10126",
        }
    }
}

/// An encryption mechanism.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Cipher {
    /// AES-ECB.
    AesEcb(Padding),
    /// AES-CBC, 16-byte IV.
    AesCbc(Padding),
    /// AES-CTR, 16-byte initial counter block, counting over all 128 bits.
    AesCtr,
    /// AES-GCM; the IV is of any length from 1 byte, 12 when made inside.
    AesGcm {
        /// Length of the tag in bytes, 12 to 16 (4 and 8 only to decrypt what is old).
        tag_bytes: u8,
    },
    /// AES-CFB of whole blocks (SP 800-38A, s = b), 16-byte IV.
    AesCfb,
    /// AES-OFB, 16-byte IV.
    AesOfb,
    /// AES-CCM (SP 800-38C); the nonce has 7 to 13 bytes, 12 when made inside.
    AesCcm {
        /// Length of the tag in bytes, an even number from 8 to 16 (4 and 6 only to decrypt what is old).
        tag_bytes: u8,
    },
    /// AES-XTS (IEEE 1619), 16-byte tweak; the key is two keys of equal length, which differ.
    AesXts,
    /// AES key wrap, RFC 3394 (NIST SP 800-38F KW): whole 8-byte blocks, at least two.
    AesKeyWrap,
    /// AES key wrap with padding, RFC 5649 (NIST SP 800-38F KWP).
    AesKeyWrapPadded,
    /// Triple DES in ECB.
    TripleDesEcb(Padding),
    /// Triple DES in CBC, 8-byte IV.
    TripleDesCbc(Padding),
    /// Triple DES in CFB of whole blocks, 8-byte IV.
    TripleDesCfb,
    /// Triple DES in OFB, 8-byte IV.
    TripleDesOfb,
    /// ChaCha20. The IV is an 8-byte or 12-byte nonce, counted from block zero, or 16 bytes: the counter in its little
    /// end, and the nonce. Made inside, it has 12 bytes.
    ChaCha20,
    /// ChaCha20-Poly1305 (RFC 8439), 12-byte nonce.
    ChaCha20Poly1305 {
        /// Length of the tag in bytes, 16, or 12 and more of its leftmost (4 and 8 only to decrypt what is old).
        tag_bytes: u8,
    },
    /// RSAES-PKCS1-v1_5; decryption always rejects implicitly.
    RsaPkcs1,
    /// RSAES-OAEP.
    RsaOaep {
        /// The hash of the label.
        hash: Hash,
        /// The hash of the mask generation function MGF1.
        mask_hash: Hash,
        /// The label, mostly empty.
        label: Vec<u8>,
    },
}

/// A message authentication mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mac {
    /// HMAC, RFC 2104; the tag is the whole digest. Any secret key makes one with any hash.
    Hmac(Hash),
    /// CMAC with AES (SP 800-38B).
    AesCmac,
    /// CMAC with triple DES.
    TripleDesCmac,
    /// CBC-MAC with AES (ISO/IEC 9797-1 algorithm 1, the last block filled with zeros): safe for messages of one length
    /// only.
    AesCbcMac,
    /// CBC-MAC with triple DES.
    TripleDesCbcMac,
}

impl Cipher {
    /// Whether the cipher authenticates: it takes associated data, and gives a tag of so many bytes.
    #[must_use]
    pub const fn tag_bytes(&self) -> Option<u8> {
        match self {
            Self::AesGcm { tag_bytes }
            | Self::AesCcm { tag_bytes }
            | Self::ChaCha20Poly1305 { tag_bytes } => Some(*tag_bytes),
            _ => None,
        }
    }

    /// Whether what it gives is the plaintext under a key stream, which whoever computes that stream again takes off.
    #[must_use]
    pub const fn is_stream(&self) -> bool {
        matches!(
            self,
            Self::AesGcm { .. } | Self::AesCcm { .. } | Self::ChaCha20Poly1305 { .. }
        )
    }

    /// Whether somebody can change what is under it, of the modes that wrap keys.
    #[must_use]
    pub const fn is_malleable(&self) -> bool {
        matches!(self, Self::AesCbc(_))
    }

    /// The length in bytes of the IV, nonce or counter made inside; `None` for a mode that has none.
    #[must_use]
    pub const fn iv_bytes(&self) -> Option<usize> {
        match self {
            Self::AesCbc(_) | Self::AesCtr | Self::AesCfb | Self::AesOfb | Self::AesXts => Some(16),
            Self::TripleDesCbc(_) | Self::TripleDesCfb | Self::TripleDesOfb => Some(8),
            Self::AesGcm { .. }
            | Self::AesCcm { .. }
            | Self::ChaCha20
            | Self::ChaCha20Poly1305 { .. } => Some(12),
            Self::AesEcb(_)
            | Self::TripleDesEcb(_)
            | Self::AesKeyWrap
            | Self::AesKeyWrapPadded
            | Self::RsaPkcs1
            | Self::RsaOaep { .. } => None,
        }
    }
}
