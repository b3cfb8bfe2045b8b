//! RSAES-OAEP decoding of what a module's bare exponentiation gives: every hash function, mask and label.
//!
//! That a ciphertext is wrong may be seen, but not in which way (Manger): all checks are made, and joined, without a
//! branch on the block.

use kmip::{Secret, mechanism::Hash};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::{
    Error, Result,
    soft::engine::{decryption_failed, digest},
};

/// The message in an encoded block (RFC 8017 §7.1.2) as long as the modulus, whose leading zeros may be missing.
pub(super) fn message(
    block: &Secret,
    modulus_bytes: usize,
    (hash, mask_hash): (Hash, Hash),
    label: &[u8],
) -> Result<Secret> {
    let hash_bytes = hash.digest_bytes();
    let missing = modulus_bytes
        .checked_sub(block.len())
        .filter(|_| modulus_bytes >= 2 * hash_bytes + 2)
        .ok_or(Error::BadInput(
            "the modulus is too short for the hash function",
        ))?;
    let mut encoded = Zeroizing::new(vec![0; missing]);
    encoded.extend_from_slice(block.expose());

    let (first, rest) = encoded.split_first().ok_or_else(decryption_failed)?;
    let (masked_seed, masked) = rest
        .split_at_checked(hash_bytes)
        .ok_or_else(decryption_failed)?;
    let seed = unmasked(masked_seed, masked, mask_hash)?;
    let data = unmasked(masked, &seed, mask_hash)?;
    let (label_hash, padded) = data
        .split_at_checked(hash_bytes)
        .ok_or_else(decryption_failed)?;

    let expected = digest(hash, label)?;
    let mut good = first.ct_eq(&0) & label_hash.ct_eq(expected.as_ref());
    let mut looking = Choice::from(1);
    let mut start = 0;
    for (after, byte) in (1_u32..).zip(padded) {
        let is_one = byte.ct_eq(&1);
        good &= !looking | is_one | byte.ct_eq(&0);
        start.conditional_assign(&after, looking & is_one);
        looking &= !is_one;
    }
    good &= !looking;
    let start = usize::try_from(start).map_err(|_| decryption_failed())?;
    match padded.get(start..) {
        Some(message) if bool::from(good) => Ok(Secret::from(message)),
        _ => Err(decryption_failed()),
    }
}

/// Bytes under the mask MGF1 makes of a seed (RFC 8017 §B.2.1).
fn unmasked(bytes: &[u8], seed: &[u8], hash: Hash) -> Result<Zeroizing<Vec<u8>>> {
    let mut out = Zeroizing::new(bytes.to_vec());
    let mut input = Zeroizing::new([seed, &[0; 4]].concat());
    for (counter, block) in (0_u32..).zip(out.chunks_mut(hash.digest_bytes())) {
        if let Some(last) = input.last_chunk_mut::<4>() {
            *last = counter.to_be_bytes();
        }
        let mask = digest(hash, &input)?;
        for (byte, mask) in block.iter_mut().zip(mask.as_ref()) {
            *byte ^= mask;
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use openssl::{
        pkey::{PKey, Private},
        rsa::{Padding, Rsa},
    };

    use super::*;
    use crate::public;
    use kmip::mechanism::Cipher;

    /// The bare block of what software encrypted.
    fn block(key: &PKey<Private>, pair: (Hash, Hash), label: &[u8], plain: &[u8]) -> Vec<u8> {
        let cipher = Cipher::RsaOaep {
            hash: pair.0,
            mask_hash: pair.1,
            label: label.to_vec(),
        };
        let made = public::encrypt(&key.public_key_to_der().unwrap(), &cipher, plain).unwrap();
        let mut block = vec![0; 256];
        let rsa = key.rsa().unwrap();
        rsa.private_decrypt(&made, &mut block, Padding::NONE)
            .unwrap();
        block
    }

    #[test]
    fn blocks_of_software_open_and_changed_ones_do_not() {
        let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        for pair in [
            (Hash::Sha1, Hash::Sha1),
            (Hash::Sha256, Hash::Sha1),
            (Hash::Sha3_512, Hash::Sha384),
        ] {
            for plain in [&b""[..], b"\x01", b"a message"] {
                let block = block(&key, pair, b"label", plain);
                let open = |block: &[u8], label: &[u8]| {
                    message(&Secret::from(block), 256, pair, label).ok()
                };
                assert_eq!(open(&block, b"label").unwrap().expose(), plain);
                // Without its leading zero, as some modules give it.
                assert_eq!(open(&block[1..], b"label").unwrap().expose(), plain);
                assert!(open(&block, b"lapel").is_none());
                for place in [0, 1, 40, 200, 255] {
                    let mut changed = block.clone();
                    changed[place] ^= 1;
                    let opened = open(&changed, b"label");
                    assert!(
                        opened.is_none_or(|opened| opened.expose() != plain),
                        "byte {place}"
                    );
                }
            }
        }
    }
}
