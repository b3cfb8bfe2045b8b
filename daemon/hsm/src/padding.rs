//! The padding of block ciphers, put on and taken off here, so that an engine needs only whole blocks.

use kmip::{Secret, mechanism::Padding};
use zeroize::Zeroizing;

use crate::{
    Error, Result,
    soft::{engine::decryption_failed, rng},
};

/// What is added behind a plaintext of so many bytes: at most one block.
pub(crate) fn fill(
    padding: Padding,
    block_bytes: usize,
    plain_bytes: usize,
) -> Result<Zeroizing<Vec<u8>>> {
    let missing = block_bytes - plain_bytes % block_bytes;
    let count = u8::try_from(missing).unwrap_or(0);
    let mut fill = Zeroizing::new(vec![0; missing]);
    match padding {
        Padding::None | Padding::Zeros if missing == block_bytes => return Ok(Zeroizing::default()),
        Padding::None => {
            return Err(Error::BadInput(
                "without padding the data must be whole blocks",
            ));
        }
        // RFC 5652 §6.3: as many bytes as are missing, each their number; never none.
        Padding::Pkcs5 => fill.fill(count),
        Padding::Zeros | Padding::AnsiX923 => {}
        Padding::Iso10126 | Padding::Ssl3 => rng::fill(&mut fill)?,
    }
    let last = match padding {
        Padding::AnsiX923 | Padding::Iso10126 => Some(count),
        // RFC 6101 §5.2.3.2: the length does not count its own byte.
        Padding::Ssl3 => Some(count.wrapping_sub(1)),
        Padding::None | Padding::Zeros | Padding::Pkcs5 => None,
    };
    if let (Some(last), Some(place)) = (last, fill.last_mut()) {
        *place = last;
    }
    Ok(fill)
}

/// The plaintext as whole blocks.
pub(crate) fn padded(
    padding: Padding,
    block_bytes: usize,
    plain: &[u8],
) -> Result<Zeroizing<Vec<u8>>> {
    let fill = fill(padding, block_bytes, plain.len())?;
    let mut out = Zeroizing::new(Vec::with_capacity(plain.len() + fill.len()));
    out.extend_from_slice(plain);
    out.extend_from_slice(&fill);
    Ok(out)
}

/// Refuses a ciphertext that is not whole blocks, or holds no padding where there must be one.
pub(crate) fn check_whole(padding: Padding, block_bytes: usize, data_bytes: usize) -> Result<()> {
    if !data_bytes.is_multiple_of(block_bytes) {
        return Err(Error::BadInput("the data must be whole blocks"));
    }
    if data_bytes == 0 && !matches!(padding, Padding::None | Padding::Zeros) {
        return Err(Error::BadInput("padded data has at least one block"));
    }
    Ok(())
}

/// The plaintext without its padding, whose bytes are compared without a branch on any of them.
pub(crate) fn unpadded(padding: Padding, block_bytes: usize, plain: Secret) -> Result<Secret> {
    let bytes = plain.expose();
    let added = match padding {
        Padding::None => return Ok(plain),
        Padding::Zeros => {
            let zeros = bytes.iter().rev().take_while(|byte| **byte == 0).count();
            zeros.min(block_bytes - 1).min(bytes.len())
        }
        _ => counted(padding, block_bytes, bytes)?,
    };
    let kept = bytes.len().checked_sub(added);
    kept.and_then(|kept| bytes.get(..kept))
        .map(Secret::from)
        .ok_or_else(decryption_failed)
}

/// How many bytes a padding that says so has added, if all of them are right.
fn counted(padding: Padding, block_bytes: usize, bytes: &[u8]) -> Result<usize> {
    let last = bytes.last().copied().ok_or_else(decryption_failed)?;
    let count = match padding {
        Padding::Ssl3 => last.wrapping_add(1),
        _ => last,
    };
    let mut wrong = u8::from(count == 0) | u8::from(usize::from(count) > block_bytes);
    let places = u8::try_from(block_bytes).unwrap_or(u8::MAX);
    for (place, byte) in (0..places).zip(bytes.iter().rev()) {
        let differs = match padding {
            Padding::Pkcs5 => u8::from(*byte != count),
            Padding::AnsiX923 => u8::from(place != 0) & u8::from(*byte != 0),
            _ => 0,
        };
        wrong |= u8::from(place < count) & differs;
    }
    if wrong == 0 {
        Ok(count.into())
    } else {
        Err(decryption_failed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_comes_off_as_it_went_on() {
        for block_bytes in [8, 16] {
            for len in 0..40 {
                let plain: Vec<u8> = (1..=len).collect();
                for padding in Padding::ALL.iter().copied() {
                    let at = format!("{padding:?} {len}");
                    let Ok(whole) = padded(padding, block_bytes, &plain) else {
                        assert_eq!(padding, Padding::None, "{at}");
                        assert_ne!(plain.len() % block_bytes, 0);
                        continue;
                    };
                    assert!(whole.len().is_multiple_of(block_bytes), "{at}");
                    check_whole(padding, block_bytes, whole.len()).unwrap();
                    let back = unpadded(padding, block_bytes, Secret::from(&whole[..])).unwrap();
                    assert_eq!(back.expose(), plain, "{at}");
                }
            }
        }
    }

    #[test]
    fn each_padding_is_the_standards() {
        let of = |padding, len| fill(padding, 8, len).unwrap().to_vec();
        assert_eq!(of(Padding::Pkcs5, 5), [3; 3]);
        assert_eq!(of(Padding::Pkcs5, 8), [8; 8]);
        assert_eq!(of(Padding::Zeros, 5), [0; 3]);
        assert!(of(Padding::Zeros, 8).is_empty() && of(Padding::None, 16).is_empty());
        assert_eq!(of(Padding::AnsiX923, 5), [0, 0, 3]);
        assert_eq!(of(Padding::Iso10126, 5).last(), Some(&3));
        assert_eq!(of(Padding::Ssl3, 5).last(), Some(&2));
        assert_eq!(of(Padding::Ssl3, 7), [0]);
    }

    #[test]
    fn a_wrong_padding_is_refused() {
        for (place, byte) in [(15, 0), (15, 17), (15, 255), (14, 1), (8, 9)] {
            let mut block = [8_u8; 16];
            block[place] = byte;
            let answer = unpadded(Padding::Pkcs5, 16, Secret::from(&block[..]));
            assert!(answer.is_err(), "byte {place} = {byte}");
        }
        for padding in [Padding::AnsiX923, Padding::Iso10126] {
            for last in [0, 17, 255] {
                let mut block = [0_u8; 16];
                block[15] = last;
                assert!(unpadded(padding, 16, Secret::from(&block[..])).is_err());
            }
        }
        let mut block = [0_u8; 16];
        (block[14], block[15]) = (1, 3);
        assert!(unpadded(Padding::AnsiX923, 16, Secret::from(&block[..])).is_err());
        block[15] = 16;
        assert!(unpadded(Padding::Ssl3, 16, Secret::from(&block[..])).is_err());
    }
}
