//! Algorithms of old: keys that are kept without being used, and hash functions for digests alone.

use crate::CryptographicAlgorithm;

macro_rules! kept {
    ($($(#[$meta:meta])* $name:ident = $number:literal, $text:literal, $kmip:ident, $default:literal [$($bits:tt)*];)*) => {
        /// An algorithm whose secret keys are kept and released, but with which nothing is computed here.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kept {
            $($(#[$meta])* $name,)*
        }

        impl Kept {
            /// Every algorithm.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The name in the store and on the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The number in references of keys, which is for ever.
            #[must_use]
            pub const fn number(self) -> u8 {
                match self { $(Self::$name => $number,)* }
            }

            /// KMIP's name.
            #[must_use]
            pub const fn algorithm(self) -> CryptographicAlgorithm {
                match self { $(Self::$name => CryptographicAlgorithm::$kmip,)* }
            }

            /// The length in bits of a key where none is asked for.
            #[must_use]
            pub const fn default_bits(self) -> u16 {
                match self { $(Self::$name => $default,)* }
            }

            /// Whether there are keys of this length in bits.
            #[must_use]
            pub const fn has(self, bits: u16) -> bool {
                (bits % 8 == 0) && match self { $(Self::$name => matches!(bits, $($bits)*),)* }
            }
        }
    };
}

kept! {
    /// DES, 56 bits in 8 bytes.
    Des = 1, "des", DES, 56 [56];
    /// Blowfish.
    Blowfish = 2, "blowfish", Blowfish, 128 [32..=448];
    /// Camellia.
    Camellia = 3, "camellia", Camellia, 256 [128 | 192 | 256];
    /// CAST-128.
    Cast5 = 4, "cast5", CAST5, 128 [40..=128];
    /// IDEA.
    Idea = 5, "idea", IDEA, 128 [128];
    /// MARS.
    Mars = 6, "mars", MARS, 256 [128..=448];
    /// RC2.
    Rc2 = 7, "rc2", RC2, 128 [8..=1024];
    /// RC4.
    Rc4 = 8, "rc4", RC4, 128 [40..=2048];
    /// RC5.
    Rc5 = 9, "rc5", RC5, 128 [8..=2040];
    /// SKIPJACK.
    Skipjack = 10, "skipjack", SKIPJACK, 80 [80];
    /// Twofish.
    Twofish = 11, "twofish", Twofish, 256 [128 | 192 | 256];
    /// A one-time pad.
    OneTimePad = 12, "onetimepad", OneTimePad, 256 [8..=65_528];
    /// Poly1305, whose keys are used once.
    Poly1305 = 13, "poly1305", Poly1305, 256 [256];
    /// HMAC with MD5.
    HmacMd5 = 14, "hmacmd5", HMACMD5, 128 [8..=8192];
    /// ARIA.
    Aria = 15, "aria", ARIA, 256 [128 | 192 | 256];
    /// SEED.
    Seed = 16, "seed", SEED, 128 [128 | 256];
    /// SM4.
    Sm4 = 17, "sm4", SM4, 128 [128];
    /// GOST 28147-89.
    Gost28147 = 18, "gost28147", GOST2814789, 256 [256];
    /// The ciphers of GOST R 34.13-2015.
    Gost3413 = 19, "gost3413", GOSTR34132015, 256 [256];
}

/// A hash function that is good for nothing but to compare with what was hashed long ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OldHash {
    /// MD5.
    Md5,
    /// RIPEMD-160.
    Ripemd160,
}
