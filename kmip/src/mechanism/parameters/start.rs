//! Where a cipher starts: its IV, nonce or counter made whole, and how far a counter goes.

use super::{Result, Unfit};
use crate::{attribute::CryptographicParameters, mechanism::Cipher};

/// Where a cipher starts.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Start {
    /// The IV as the cipher takes it; `None` when it is still to be made.
    pub iv: Option<Vec<u8>>,
    /// The most bytes before the counter would begin anew.
    pub bytes_max: Option<u64>,
}

/// Where a cipher starts by the IV given and by the parameters that say how it is made up (KMIP 2.1 §4.16).
pub fn start(
    cipher: &Cipher,
    parameters: &CryptographicParameters,
    given: Option<&[u8]>,
) -> Result<Start> {
    if given.is_some() && parameters.random_iv == Some(true) {
        return Err(Unfit::Bad("an IV is given and a random one asked for"));
    }
    let bits = given.map_or_else(|| cipher.iv_bytes(), |iv| Some(iv.len()));
    let bits = bits.and_then(|bytes| i32::try_from(bytes * 8).ok());
    if parameters.iv_length.is_some() && parameters.iv_length != bits {
        return Err(Unfit::Bad(
            "the IV length is not that of the IV given, or of one made here",
        ));
    }
    let fields = [
        parameters.fixed_field_length,
        parameters.invocation_field_length,
    ];
    if let [Some(fixed), Some(invocation)] = fields
        && fixed.checked_add(invocation) != bits
    {
        return Err(Unfit::Bad("the fields of the IV are not as long as the IV"));
    }
    if given.is_none() && fields.iter().any(Option::is_some) {
        return Err(Unfit::Unsupported(
            "IVs are made at random, not of a fixed and an invocation field",
        ));
    }
    let counted = parameters.counter_length.is_some() || parameters.initial_counter_value.is_some();
    match (cipher, given) {
        (Cipher::AesCtr, Some(iv)) => counter_block(parameters, iv),
        (Cipher::ChaCha20, Some(iv)) => chacha_block(parameters, iv),
        (Cipher::AesCtr | Cipher::ChaCha20, None) if counted => Err(Unfit::Unsupported(
            "a counter made here is made whole, without a length or a value asked for",
        )),
        (_, iv) if !counted => Ok(Start {
            iv: iv.map(<[u8]>::to_vec),
            bytes_max: None,
        }),
        _ => Err(Unfit::Bad("the mode has no counter to be set")),
    }
}

/// The block of CTR: whole, or a nonce behind which the counter stands, from 1 as in RFC 3686 §4 where nothing is said.
fn counter_block(parameters: &CryptographicParameters, iv: &[u8]) -> Result<Start> {
    let room = BLOCK_BYTES
        .checked_sub(iv.len())
        .ok_or(Unfit::Bad("a counter block has 16 bytes"))?;
    let counter_bits = match (parameters.counter_length, room) {
        (None, 0) => 128,
        (None, room) => room * 8,
        (Some(bits), _) => usize::try_from(bits)
            .ok()
            .filter(|bits| (1..=128).contains(bits) && (room == 0 || *bits == room * 8))
            .ok_or(Unfit::Bad("the counter length does not fit the nonce"))?,
    };
    let mask = u128::MAX.checked_shr(u32::try_from(128 - counter_bits).unwrap_or(0));
    let mask = mask.unwrap_or_default();
    let initial = parameters.initial_counter_value.map(u128::try_from);
    let initial = initial
        .transpose()
        .ok()
        .filter(|value| value.is_none_or(|value| value <= mask))
        .ok_or(Unfit::Bad("the initial value does not fit the counter"))?;
    let mut block = [0; BLOCK_BYTES];
    for (to, from) in block.iter_mut().zip(iv) {
        *to = *from;
    }
    let block = u128::from_be_bytes(block);
    let counter = match (initial, room) {
        (Some(initial), 0) if block & mask != 0 && block & mask != initial => {
            return Err(Unfit::Bad(
                "the counter block has another value than the initial one",
            ));
        }
        (Some(initial), _) => initial,
        (None, 0) => block & mask,
        (None, _) => 1,
    };
    let blocks_left = (mask - counter).checked_add(1);
    Ok(Start {
        iv: Some((block & !mask | counter).to_be_bytes().to_vec()),
        bytes_max: blocks_left
            .filter(|_| counter_bits < 128)
            .and_then(|blocks| blocks.checked_mul(BLOCK_BYTES as u128))
            .and_then(|bytes| u64::try_from(bytes).ok()),
    })
}

/// The sixteen bytes that ChaCha20 starts from: a counter of 8 bytes before a nonce of 8, or of 4 before one of 12.
fn chacha_block(parameters: &CryptographicParameters, iv: &[u8]) -> Result<Start> {
    let initial = u32::try_from(parameters.initial_counter_value.unwrap_or(0))
        .map_err(|_| Unfit::Bad("the initial value does not fit the counter"))?;
    let counter_bytes = match iv.len() {
        8 | 12 => BLOCK_BYTES - iv.len(),
        BLOCK_BYTES if parameters.initial_counter_value.is_none() => 0,
        BLOCK_BYTES => return Err(Unfit::Bad("the nonce holds its counter already")),
        _ => return Err(Unfit::Bad("a nonce of ChaCha20 has 8 or 12 bytes")),
    };
    let fits = |bits| usize::try_from(bits) == Ok(counter_bytes * 8);
    if parameters.counter_length.is_some_and(|bits| !fits(bits)) {
        return Err(Unfit::Bad("the counter length does not fit the nonce"));
    }
    let counter = u64::from(initial).to_le_bytes();
    let block = [counter.get(..counter_bytes).unwrap_or_default(), iv].concat();
    let first = block.first_chunk().copied().map_or(0, u32::from_le_bytes);
    Ok(Start {
        iv: Some(block),
        // With a counter of 8 bytes nobody gets to its end.
        bytes_max: (counter_bytes != 8).then(|| ((1 << 32) - u64::from(first)) * 64),
    })
}

const BLOCK_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(length: Option<i32>, initial: Option<i32>) -> CryptographicParameters {
        CryptographicParameters {
            counter_length: length,
            initial_counter_value: initial,
            ..CryptographicParameters::default()
        }
    }

    #[test]
    fn a_nonce_and_a_counter_make_a_block() {
        let block = |length, initial, iv: &[u8]| {
            start(&Cipher::AesCtr, &parameters(length, initial), Some(iv))
                .map(|start| (start.iv.unwrap_or_default(), start.bytes_max))
        };
        let whole = [7; 16];
        assert_eq!(block(None, None, &whole), Ok((whole.to_vec(), None)));
        let nonce = [9; 12];
        let from = |value: u32| [&nonce[..], &value.to_be_bytes()].concat();
        let left = |value: u64| Some(((1 << 32) - value) * 16);
        assert_eq!(block(None, None, &nonce), Ok((from(1), left(1))));
        assert_eq!(block(Some(32), Some(0), &nonce), Ok((from(0), left(0))));
        assert_eq!(block(Some(32), None, &from(5)), Ok((from(5), left(5))));
        assert_eq!(block(Some(32), Some(5), &from(0)), Ok((from(5), left(5))));
        assert_eq!(
            block(Some(8), None, &[255; 16]),
            Ok((vec![255; 16], Some(16)))
        );
        for (length, initial, iv) in [
            (Some(64), None, &nonce[..]),
            (Some(0), None, &whole[..]),
            (Some(129), None, &whole[..]),
            (Some(8), Some(256), &[0; 16][..]),
            (Some(32), Some(-1), &nonce[..]),
            (Some(32), Some(6), &from(5)[..]),
            (None, None, &[0; 17][..]),
        ] {
            assert!(
                block(length, initial, iv).is_err(),
                "{length:?} {initial:?}"
            );
        }
    }

    #[test]
    fn chacha_counts_before_its_nonce() {
        let block = |initial, iv: &[u8]| {
            start(&Cipher::ChaCha20, &parameters(None, initial), Some(iv))
                .map(|start| (start.iv.unwrap_or_default(), start.bytes_max))
        };
        let of = |counter: &[u8], nonce: &[u8]| [counter, nonce].concat();
        assert_eq!(block(None, &[3; 8]), Ok((of(&[0; 8], &[3; 8]), None)));
        assert_eq!(
            block(Some(1), &[3; 12]),
            Ok((of(&[1, 0, 0, 0], &[3; 12]), Some(((1 << 32) - 1) * 64)))
        );
        assert_eq!(
            block(None, &[255; 16]),
            Ok((vec![255; 16], Some(64))),
            "the counter is at its end"
        );
        assert!(block(Some(1), &[0; 16]).is_err());
        assert!(block(Some(-1), &[0; 12]).is_err());
        assert!(block(None, &[0; 24]).is_err());
    }

    #[test]
    fn what_is_said_of_the_iv_must_be_so() {
        let gcm = Cipher::AesGcm { tag_bytes: 16 };
        let mut parameters = CryptographicParameters {
            iv_length: Some(96),
            fixed_field_length: Some(32),
            invocation_field_length: Some(64),
            ..CryptographicParameters::default()
        };
        assert!(start(&gcm, &parameters, Some(&[0; 12])).is_ok());
        assert!(start(&gcm, &parameters, Some(&[0; 16])).is_err());
        assert!(start(&gcm, &parameters, None).is_err());
        parameters.iv_length = None;
        assert!(start(&gcm, &parameters, Some(&[0; 16])).is_err());
        parameters = CryptographicParameters {
            random_iv: Some(true),
            ..CryptographicParameters::default()
        };
        assert_eq!(start(&gcm, &parameters, None), Ok(Start::default()));
        assert!(start(&gcm, &parameters, Some(&[0; 12])).is_err());
    }
}
