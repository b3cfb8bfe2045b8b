//! Implicit rejection of wrong RSAES-PKCS1-v1_5 paddings: they decrypt to bytes nobody can tell from a message.
//!
//! Modules report wrong paddings, and any such report, or its timing, opens every ciphertext (Bleichenbacher; Marvin).
//! So the module only exponentiates, and the padding is looked at here, without a branch on any of its bytes. What a
//! wrong one decrypts to follows from the ciphertext and a secret, so that asking again gives the same answer.

use kmip::Secret;
use openssl::{hash::MessageDigest, pkey::PKey, sign::Signer};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq, ConstantTimeLess};
use zeroize::Zeroizing;

use crate::{Error, Result, soft::engine::failed};

/// The message in an encoded block (RFC 8017 §7.2.2), or the stand-in for it.
pub(super) fn message(block: &Secret, secret: &Secret, ciphertext: &[u8]) -> Result<Secret> {
    // A module may drop the leading zeros of the number.
    let len = ciphertext.len();
    let missing = len
        .checked_sub(block.len())
        .filter(|_| len >= OVERHEAD_BYTES)
        .ok_or(Error::BadInput(
            "an RSA ciphertext is as long as the modulus",
        ))?;
    let mut encoded = Zeroizing::new(vec![0; missing]);
    encoded.extend_from_slice(block.expose());

    let (good, message_len) = opened(&encoded)?;
    let (stand_in, stand_in_len) = stand_in(secret, ciphertext)?;
    let chosen_len = u32::conditional_select(&stand_in_len, &message_len, good);
    let mut chosen = Zeroizing::new(vec![0; len]);
    for ((to, real), other) in chosen.iter_mut().zip(encoded.iter()).zip(stand_in.iter()) {
        *to = u8::conditional_select(other, real, good);
    }
    // Message and stand-in both stand at the end of their blocks.
    let start = len.saturating_sub(usize::try_from(chosen_len).map_err(failed)?);
    Ok(Secret::from(chosen.get(start..).unwrap_or_default()))
}

/// Whether a block is `00 02 | at least eight non-zero bytes | 00 | message`, and how long the message is.
fn opened(encoded: &[u8]) -> Result<(Choice, u32)> {
    let len = u32::try_from(encoded.len()).map_err(failed)?;
    let mut good = Choice::from(1);
    let mut found = Choice::from(0);
    let mut separator = 0;
    for (place, byte) in (0_u32..).zip(encoded) {
        match place {
            0 => good &= byte.ct_eq(&0),
            1 => good &= byte.ct_eq(&2),
            _ => {
                let first = byte.ct_eq(&0) & !found;
                separator.conditional_assign(&place, first);
                found |= first;
            }
        }
    }
    good &= found & !separator.ct_lt(&10);
    Ok((good, len.wrapping_sub(separator).wrapping_sub(1)))
}

/// A block that ends in a made-up message, and how long that is: every length is about equally likely.
fn stand_in(secret: &Secret, ciphertext: &[u8]) -> Result<(Zeroizing<Vec<u8>>, u32)> {
    let len_max = u32::try_from(ciphertext.len() - OVERHEAD_BYTES).map_err(failed)?;
    let key = prf(secret.expose(), b"key", ciphertext, 32)?;
    let block = prf(&key, b"message", &[], ciphertext.len())?;
    let lengths = prf(&key, b"length", &[], 2 * LENGTH_CANDIDATES)?;
    let mask = (len_max + 1).next_power_of_two() - 1;
    let mut chosen = 0;
    for pair in lengths.chunks_exact(2) {
        let candidate = pair
            .iter()
            .fold(0, |sum, byte| (sum << 8) | u32::from(*byte))
            & mask;
        chosen.conditional_assign(&candidate, candidate.ct_lt(&(len_max + 1)));
    }
    Ok((block, chosen))
}

/// HMAC-SHA-256 in counter mode (NIST SP 800-108 §4.1).
fn prf(key: &[u8], purpose: &[u8], context: &[u8], len: usize) -> Result<Zeroizing<Vec<u8>>> {
    let key = PKey::hmac(key).map_err(failed)?;
    let mut out = Zeroizing::new(Vec::with_capacity(len + 32));
    for counter in 0_u32.. {
        if out.len() >= len {
            break;
        }
        let mut signer = Signer::new(MessageDigest::sha256(), &key).map_err(failed)?;
        signer.update(&counter.to_be_bytes()).map_err(failed)?;
        signer.update(purpose).map_err(failed)?;
        signer.update(context).map_err(failed)?;
        out.extend_from_slice(&signer.sign_to_vec().map_err(failed)?);
    }
    out.truncate(len);
    Ok(out)
}

/// Two leading bytes, eight of padding, one separator.
const OVERHEAD_BYTES: usize = 11;

/// Enough that none fits with a probability below 2⁻¹²⁸.
const LENGTH_CANDIDATES: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    const CIPHERTEXT: [u8; 64] = [0x5a; 64];

    fn answer(block: &[u8]) -> Vec<u8> {
        let secret = Secret::new(vec![7; 32]);
        message(&Secret::from(block), &secret, &CIPHERTEXT)
            .unwrap()
            .expose()
            .to_vec()
    }

    fn padded(message: &[u8]) -> Vec<u8> {
        let mut block = vec![0, 2];
        block.resize(64 - message.len() - 1, 0xff);
        block.push(0);
        block.extend(message);
        block
    }

    #[test]
    fn right_paddings_give_their_message() {
        for len in [0, 1, 20, 53] {
            let message = vec![0x42; len];
            assert_eq!(answer(&padded(&message)), message);
            // Without its leading zero, as some modules give it.
            assert_eq!(answer(&padded(&message)[1..]), message);
        }
    }

    #[test]
    fn every_wrong_padding_gives_the_same_stand_in() {
        let good = padded(b"secret");
        let expected = answer(&[0; 64]);
        assert!(expected.len() <= 53);
        let wrong = [(0, 1), (1, 1), (1, 3), (2, 0), (9, 0)];
        for (place, byte) in wrong {
            let mut block = good.clone();
            block[place] = byte;
            assert_eq!(answer(&block), expected, "byte {place} = {byte}");
        }
        assert_eq!(answer(&[0xff; 64]), expected);
        let other = message(
            &Secret::from(&[0; 64][..]),
            &Secret::new(vec![8; 32]),
            &CIPHERTEXT,
        );
        assert_ne!(other.unwrap().expose(), expected, "the secret decides");
    }
}
