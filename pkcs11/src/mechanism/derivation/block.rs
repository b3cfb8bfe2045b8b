//! What goes into a block of SP 800-108, of parts as PKCS #11 has them (PKCS #11 3.2 §6.42.2 to §6.42.6).

use kmip::mechanism::{Block, BlockPart, Counter, Derivation};

use super::super::{Part, Width};

/// The block that is made of these parts, and its data, each stretch of it for itself; of keys of these lengths, which come
/// of blocks of this one.
pub(super) fn read(
    how: &Derivation,
    parts: &[Part],
    lengths: &[usize],
    block_bytes: usize,
) -> Option<(Block, Vec<Vec<u8>>)> {
    let mut all = Vec::new();
    let mut data: Vec<Vec<u8>> = Vec::new();
    for part in parts {
        let bytes = match part {
            Part::Iteration(_) => {
                all.push(BlockPart::Iteration);
                continue;
            }
            Part::Counter(_) => {
                all.push(BlockPart::Counter);
                continue;
            }
            Part::Key(_) => {
                all.push(BlockPart::Key);
                continue;
            }
            Part::Bytes(own) => own.clone(),
            Part::Length { of_blocks, width } => {
                let counted = lengths.iter().map(|bytes| match of_blocks {
                    true => bytes.next_multiple_of(block_bytes),
                    false => *bytes,
                });
                written(counted.sum::<usize>() * 8, *width)?
            }
        };
        // Bytes behind bytes are one stretch.
        match (all.last_mut(), data.last_mut()) {
            (Some(BlockPart::Data(length)), Some(last)) => {
                *length += bytes.len();
                last.extend(bytes);
            }
            _ => {
                all.push(BlockPart::Data(bytes.len()));
                data.push(bytes);
            }
        }
    }
    let block = Block {
        counter: counter(how, parts)?,
        parts: all,
    };
    let is_length = |part: &&Part| matches!(part, Part::Length { .. });
    let is_key = |part: &&Part| matches!(part, Part::Key(_));
    let bytes = data.iter().map(Vec::len).sum();
    let fits = block.fits(how, bytes, parts.iter().filter(is_key).count());
    (fits && parts.iter().filter(is_length).count() <= 1).then_some((block, data))
}

/// How the counter is written: a mode that iterates over it says so there, and every other one where it counts besides.
fn counter(how: &Derivation, parts: &[Part]) -> Option<Counter> {
    let counts = matches!(how, Derivation::Counter(_));
    let mut counter = Counter::WIDE;
    for part in parts {
        let width = match part {
            Part::Iteration(width) if width.is_some() != counts => return None,
            Part::Iteration(Some(width)) | Part::Counter(width) => width,
            _ => continue,
        };
        counter = Counter {
            bytes: width.bytes(4)?,
            is_little_endian: width.is_little_endian,
        };
    }
    Some(counter)
}

/// A number as it is to be written.
fn written(number: usize, width: Width) -> Option<Vec<u8>> {
    let whole = u64::try_from(number).ok()?.to_be_bytes();
    let bytes = usize::from(width.bytes(8)?);
    let (front, own) = whole.split_at_checked(whole.len().checked_sub(bytes)?)?;
    let mut own = own.to_vec();
    if width.is_little_endian {
        own.reverse();
    }
    front.iter().all(|byte| *byte == 0).then_some(own)
}
