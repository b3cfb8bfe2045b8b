//! What goes into a block of SP 800-108, as a request says it: in bytes of ours, for KMIP has no words for it.
//!
//! The first byte is how many bytes the counter has, the second is one where they are little-endian, and each byte behind
//! them is the type of a part as PKCS #11 numbers it: Derivation Data and keys beside the base are taken in their order.

use super::{Result, Unfit};
use crate::mechanism::{Block, BlockPart, Counter, Derivation};

/// `CK_SP800_108_ITERATION_VARIABLE`.
const ITERATION: u8 = 1;
/// `CK_SP800_108_COUNTER`.
const COUNTER: u8 = 2;
/// `CK_SP800_108_BYTE_ARRAY`.
const DATA: u8 = 4;
/// `CK_SP800_108_KEY_HANDLE`.
const KEY: u8 = 5;

/// A block as a request says it.
#[must_use]
pub fn said_block(block: &Block) -> Vec<u8> {
    let counter = [
        block.counter.bytes,
        u8::from(block.counter.is_little_endian),
    ];
    let parts = block.parts.iter().map(|part| match part {
        BlockPart::Iteration => ITERATION,
        BlockPart::Counter => COUNTER,
        BlockPart::Data(_) => DATA,
        BlockPart::Key => KEY,
    });
    counter.into_iter().chain(parts).collect()
}

/// The block that a request says, of data of these lengths and of so many keys beside the base.
pub fn block(said: &[u8], how: &Derivation, data: &[usize], keys: usize) -> Result<Block> {
    const BAD: Unfit = Unfit::Bad("the parts of a block are not such as the derivation has");
    let [bytes, is_little_endian @ (0 | 1), parts @ ..] = said else {
        return Err(BAD);
    };
    let mut lengths = data.iter();
    let parts = parts.iter().map(|part| match *part {
        ITERATION => Ok(BlockPart::Iteration),
        COUNTER => Ok(BlockPart::Counter),
        DATA => lengths.next().copied().map(BlockPart::Data).ok_or(BAD),
        KEY => Ok(BlockPart::Key),
        _ => Err(BAD),
    });
    let block = Block {
        counter: Counter {
            bytes: *bytes,
            is_little_endian: *is_little_endian == 1,
        },
        parts: parts.collect::<Result<_>>()?,
    };
    let data_bytes = data.iter().copied().fold(0, usize::saturating_add);
    if lengths.next().is_none() && block.fits(how, data_bytes, keys) {
        Ok(block)
    } else {
        Err(BAD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mechanism::{Hash, Prf};

    #[test]
    fn what_is_said_is_read() {
        let how = Derivation::Feedback(Prf::Hmac(Hash::Sha256));
        let parts = [
            BlockPart::Data(3),
            BlockPart::Counter,
            BlockPart::Key,
            BlockPart::Iteration,
            BlockPart::Data(0),
            BlockPart::Key,
        ];
        let own = Block {
            counter: Counter {
                bytes: 2,
                is_little_endian: true,
            },
            parts: parts.to_vec(),
        };
        let said = said_block(&own);
        assert_eq!(said, [2, 1, 4, 2, 5, 1, 4, 5]);
        assert_eq!(block(&said, &how, &[3, 0], 2), Ok(own));
        for (data, keys) in [(&[3][..], 2), (&[3, 0, 0], 2), (&[3, 0], 1), (&[3, 0], 3)] {
            assert!(block(&said, &how, data, keys).is_err(), "{data:?} {keys}");
        }
        for said in [
            &[][..],
            &[4],
            &[4, 0],
            &[4, 2, 1],
            &[5, 0, 1],
            &[0, 0, 1],
            &[4, 0, 3, 1],
        ] {
            assert!(block(said, &how, &[], 0).is_err(), "{said:?}");
        }
    }
}
