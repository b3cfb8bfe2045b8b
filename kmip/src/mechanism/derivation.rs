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
    /// SP 800-108 §4.1, counter mode: 32 bits of counter in front of the data, or as a [`Block`] has it.
    Counter(Prf),
    /// SP 800-108 §4.2, feedback mode: 32 bits of counter between feedback and data, or as a [`Block`] has it.
    Feedback(Prf),
    /// SP 800-108 §4.3, double-pipeline mode: 32 bits of counter between pipeline and data, or as a [`Block`] has it.
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

    /// Whether it is one of SP 800-108, which are made of blocks.
    #[must_use]
    pub const fn has_blocks(&self) -> bool {
        matches!(
            self,
            Self::Counter(_) | Self::Feedback(_) | Self::DoublePipeline(_)
        )
    }
}

/// What goes into each block of SP 800-108, where it is not as KMIP has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Block {
    /// How the counter is written.
    pub counter: Counter,
    /// What goes in, one after the other.
    pub parts: Vec<BlockPart>,
}

/// A counter as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Counter {
    /// How many bytes, from one to four.
    pub bytes: u8,
    /// Whether the last byte is the first.
    pub is_little_endian: bool,
}

/// A part of what goes into a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlockPart {
    /// What the mode iterates over: the counter, or the block before.
    Iteration,
    /// The counter, where the mode iterates over something else.
    Counter,
    /// So many bytes of the data, from where the part before has ended.
    Data(usize),
    /// A key beside the base: the next one.
    Key,
}

impl Counter {
    /// Four bytes, the first one first.
    pub const WIDE: Self = Self {
        bytes: 4,
        is_little_endian: false,
    };

    /// The number, where there is room for it.
    #[must_use]
    pub fn written(self, number: u32) -> Option<Vec<u8>> {
        let whole = number.to_be_bytes();
        let (front, own) = whole.split_at_checked(4_usize.checked_sub(self.bytes.into())?)?;
        if own.is_empty() || front.iter().any(|byte| *byte != 0) {
            return None;
        }
        let mut own = own.to_vec();
        if self.is_little_endian {
            own.reverse();
        }
        Some(own)
    }
}

impl Block {
    /// As KMIP has it, for data of this length.
    #[must_use]
    pub fn usual(how: &Derivation, data_bytes: usize) -> Self {
        let counter = match how {
            Derivation::Counter(_) => None,
            _ => Some(BlockPart::Counter),
        };
        let data = (data_bytes > 0).then_some(BlockPart::Data(data_bytes));
        let parts = [Some(BlockPart::Iteration), counter, data];
        Self {
            counter: Counter::WIDE,
            parts: parts.into_iter().flatten().collect(),
        }
    }

    /// Whether the function has such a block (PKCS #11 3.2 §6.42.4 to §6.42.6): it iterates over one thing, counts once at
    /// most and not twice, and takes all of this data and these keys.
    #[must_use]
    pub fn fits(&self, how: &Derivation, data_bytes: usize, keys: usize) -> bool {
        let count = |part| self.parts.iter().filter(|own| **own == part).count();
        let data = self.parts.iter().map(|part| match part {
            BlockPart::Data(bytes) => *bytes,
            _ => 0,
        });
        let counters_max = match how {
            Derivation::Counter(_) => 0,
            Derivation::Feedback(_) | Derivation::DoublePipeline(_) => 1,
            _ => return false,
        };
        (1..=4).contains(&self.counter.bytes)
            && count(BlockPart::Iteration) == 1
            && count(BlockPart::Counter) <= counters_max
            && count(BlockPart::Key) == keys
            && data.fold(0, usize::saturating_add) == data_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_written_where_it_has_room() {
        for (bytes, is_little_endian, number, written) in [
            (4, false, 1, Some(vec![0, 0, 0, 1])),
            (3, true, 0x0102, Some(vec![2, 1, 0])),
            (1, false, 255, Some(vec![255])),
            (1, false, 256, None),
            (2, true, 0x1_0000, None),
            (0, false, 0, None),
            (5, false, 1, None),
        ] {
            let counter = Counter {
                bytes,
                is_little_endian,
            };
            assert_eq!(counter.written(number), written, "{counter:?} {number}");
        }
    }

    #[test]
    fn a_block_has_what_its_mode_iterates_over_once() {
        use BlockPart::{Counter as Count, Data, Iteration, Key};
        let prf = Prf::Hmac(Hash::Sha256);
        let (counter, feedback) = (Derivation::Counter(prf), Derivation::Feedback(prf));
        for (how, parts, data, keys, fits) in [
            (&counter, vec![Iteration], 0, 0, true),
            (&counter, vec![Data(3), Iteration, Data(2)], 5, 0, true),
            (&counter, vec![Data(3), Iteration, Key, Key], 3, 2, true),
            (&counter, vec![Data(3), Iteration], 4, 0, false),
            (&counter, vec![Iteration, Key], 0, 0, false),
            (&counter, vec![Data(3)], 3, 0, false),
            (&counter, vec![Iteration, Iteration], 0, 0, false),
            (&counter, vec![Iteration, Count], 0, 0, false),
            (&feedback, vec![Iteration], 0, 0, true),
            (&feedback, vec![Count, Iteration, Data(1)], 1, 0, true),
            (&feedback, vec![Count, Iteration, Count], 0, 0, false),
            (
                &feedback,
                vec![Iteration, Data(usize::MAX), Data(1)],
                0,
                0,
                false,
            ),
            (&Derivation::Agreement, vec![Iteration], 0, 0, false),
        ] {
            let block = Block {
                counter: Counter::WIDE,
                parts,
            };
            assert_eq!(block.fits(how, data, keys), fits, "{how:?} {block:?}");
        }
        for how in [&counter, &feedback] {
            for bytes in [0, 7] {
                assert!(Block::usual(how, bytes).fits(how, bytes, 0));
            }
        }
    }
}
