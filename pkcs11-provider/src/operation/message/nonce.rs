//! Nonces of messages: what the caller has not fixed of each is made here, and none is made twice under one `Init`.

use cryptoki_sys as ck;
use pkcs11::{Result, Rv, Ulong, size};

use crate::random;

/// The least bits that are left to chance: with fewer, some two of a few million messages would share a nonce.
const RANDOM_BITS_MIN: usize = 64;

/// The most bytes that are made: no nonce is longer.
const RANDOM_BYTES_MAX: usize = 256;

/// What the nonces of one message-based encryption go by.
#[derive(Clone, Default)]
pub(super) struct Nonces {
    /// The messages that had a counted nonce.
    counter: u64,
    /// The first counted nonce as it was passed, and its generator: the counter goes on from what it was first applied
    /// to, because the caller's own copy is overwritten with each nonce.
    first: Option<(Ulong, Vec<u8>)>,
}

impl Nonces {
    /// The nonce of the next message: the caller's first bits, the others by the generator (PKCS #11 3.2 §6.13.2).
    pub(super) fn next(
        &mut self,
        generator: Ulong,
        fixed_bits: Ulong,
        given: Vec<u8>,
    ) -> Result<Vec<u8>> {
        if generator == ck::CKG_NO_GENERATE {
            return Ok(given);
        }
        let free_bits = (given.len() * 8)
            .checked_sub(size(fixed_bits))
            .ok_or(Rv::MECHANISM_PARAM_INVALID)?;
        let made = match generator {
            ck::CKG_GENERATE | ck::CKG_GENERATE_RANDOM => chosen(given.len(), free_bits)?,
            ck::CKG_GENERATE_COUNTER | ck::CKG_GENERATE_COUNTER_XOR => {
                self.counted(generator, &given, free_bits)?
            }
            _ => return Err(Rv::MECHANISM_PARAM_INVALID),
        };
        let first_free = size(fixed_bits);
        let mix = |(at, (given, made)): (usize, (&u8, &u8))| {
            let fixed = first_free.saturating_sub(8 * at).min(8);
            let free = u8::try_from(0xFF_u16 >> fixed).unwrap_or(0);
            (given & !free) | (made & free)
        };
        Ok(given.iter().zip(&made).enumerate().map(mix).collect())
    }

    /// The counter, which begins at zero, alone or mixed into what was passed first.
    fn counted(&mut self, generator: Ulong, given: &[u8], free_bits: usize) -> Result<Vec<u8>> {
        let (own, first) = self
            .first
            .get_or_insert_with(|| (generator, given.to_vec()));
        let is_used_up = free_bits < 64 && self.counter >> free_bits != 0;
        // Two ways of counting could come to the same nonce, and so could nonces of two lengths with one prefix.
        if *own != generator || first.len() != given.len() || is_used_up {
            return Err(Rv::MECHANISM_PARAM_INVALID);
        }
        let mut made = if generator == ck::CKG_GENERATE_COUNTER_XOR {
            first.clone()
        } else {
            vec![0; first.len()]
        };
        for (place, byte) in made.iter_mut().rev().zip(self.counter.to_le_bytes()) {
            *place ^= byte;
        }
        self.counter += 1;
        Ok(made)
    }
}

fn chosen(bytes: usize, free_bits: usize) -> Result<Vec<u8>> {
    if free_bits < RANDOM_BITS_MIN || bytes > RANDOM_BYTES_MAX {
        return Err(Rv::MECHANISM_PARAM_INVALID);
    }
    random::bytes(bytes).ok_or(Rv::FUNCTION_FAILED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_begins_at_zero_and_leaves_fixed_bits_alone() {
        let mut nonces = Nonces::default();
        let mut next = |given: [u8; 4]| nonces.next(ck::CKG_GENERATE_COUNTER, 28, given.to_vec());
        for count in 0..16 {
            let nonce = next([0xAB, 0xCD, 0xEF, 0x5F]);
            assert_eq!(nonce, Ok(vec![0xAB, 0xCD, 0xEF, 0x50 | count]));
        }
        assert_eq!(next([0; 4]), Err(Rv::MECHANISM_PARAM_INVALID), "used up");
    }

    #[test]
    fn a_mixed_counter_goes_on_from_what_came_first() {
        let mut nonces = Nonces::default();
        let generator = ck::CKG_GENERATE_COUNTER_XOR;
        let mut given = vec![1, 2, 0, 0xF1];
        for last in [0xF1, 0xF0, 0xF3] {
            given = nonces.next(generator, 8, given).unwrap();
            assert_eq!(given, [1, 2, 0, last]);
        }
        let another = nonces.next(ck::CKG_GENERATE_COUNTER, 8, given);
        assert_eq!(another, Err(Rv::MECHANISM_PARAM_INVALID));
        let shorter = nonces.next(generator, 8, vec![1, 2, 0]);
        assert_eq!(shorter, Err(Rv::MECHANISM_PARAM_INVALID));
    }

    #[test]
    fn chance_needs_room() {
        let mut nonces = Nonces::default();
        let given = vec![7; 12];
        assert_eq!(
            nonces.next(ck::CKG_NO_GENERATE, 200, given.clone()),
            Ok(given.clone()),
            "a nonce that is passed whole is nobody else's business"
        );
        for generator in [ck::CKG_GENERATE, ck::CKG_GENERATE_RANDOM] {
            let mut next = |fixed| nonces.next(generator, fixed, given.clone());
            let (one, other) = (next(32).unwrap(), next(32).unwrap());
            assert!(one.starts_with(&[7; 4]) && other.starts_with(&[7; 4]));
            assert_ne!(one, other);
            assert_eq!(next(33), Err(Rv::MECHANISM_PARAM_INVALID));
            assert_eq!(next(97), Err(Rv::MECHANISM_PARAM_INVALID));
        }
        assert_eq!(nonces.next(9, 0, given), Err(Rv::MECHANISM_PARAM_INVALID));
    }
}
