//! The padding of block ciphers, done here so that a module needs only whole blocks.

use kmip::{Secret, mechanism::Padding};
use zeroize::Zeroizing;

use crate::{Error, Result, soft::engine::decryption_failed};

/// The plaintext as whole blocks.
pub(super) fn padded(padding: Padding, plain: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    if padding == Padding::None {
        check_whole(padding, plain)?;
    }
    let mut out = Zeroizing::new(Vec::with_capacity(plain.len() + BLOCK_BYTES));
    out.extend_from_slice(plain);
    if padding == Padding::Pkcs5 {
        // RFC 5652 §6.3: as many bytes as are missing, each their number; never none.
        let missing = BLOCK_BYTES - plain.len() % BLOCK_BYTES;
        out.resize(plain.len() + missing, u8::try_from(missing).unwrap_or(0));
    }
    Ok(out)
}

/// Refuses a ciphertext that is not whole blocks, or holds no padding where there must be one.
pub(super) fn check_whole(padding: Padding, data: &[u8]) -> Result<()> {
    if !data.len().is_multiple_of(BLOCK_BYTES) {
        return Err(Error::BadInput("the data must be whole blocks"));
    }
    if padding == Padding::Pkcs5 && data.is_empty() {
        return Err(Error::BadInput("padded data has at least one block"));
    }
    Ok(())
}

/// The plaintext without its padding, whose bytes are compared without a branch on any of them.
pub(super) fn unpadded(padding: Padding, plain: Secret) -> Result<Secret> {
    if padding == Padding::None {
        return Ok(plain);
    }
    let bytes = plain.expose();
    let last = bytes.last().copied().ok_or_else(decryption_failed)?;
    let mut wrong = u8::from(last == 0) | u8::from(usize::from(last) > BLOCK_BYTES);
    for (place, byte) in (0_u8..16).zip(bytes.iter().rev()) {
        wrong |= u8::from(place < last) & u8::from(*byte != last);
    }
    let kept = bytes.len().checked_sub(last.into());
    match kept.and_then(|kept| bytes.get(..kept)) {
        Some(kept) if wrong == 0 => Ok(Secret::from(kept)),
        _ => Err(decryption_failed()),
    }
}

/// The block of AES.
pub(super) const BLOCK_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_comes_off_as_it_went_on() {
        for len in 0..40 {
            let plain: Vec<u8> = (0..len).collect();
            let padded = padded(Padding::Pkcs5, &plain).unwrap();
            assert!(padded.len() > plain.len() && padded.len().is_multiple_of(BLOCK_BYTES));
            let back = unpadded(Padding::Pkcs5, Secret::from(&padded[..])).unwrap();
            assert_eq!(back.expose(), plain);
        }
    }

    #[test]
    fn a_wrong_padding_is_refused() {
        for (place, byte) in [(15, 0), (15, 17), (15, 255), (14, 1), (8, 9)] {
            let mut block = [8_u8; 16];
            block[place] = byte;
            let answer = unpadded(Padding::Pkcs5, Secret::from(&block[..]));
            assert!(answer.is_err(), "byte {place} = {byte}");
        }
    }
}
