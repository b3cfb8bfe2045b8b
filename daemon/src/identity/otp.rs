//! One-time passwords made of a shared seed: HOTP by a counter, TOTP by the time (RFC 4226, RFC 6238).

use aws_lc_rs::hmac;
use kmip::{HashingAlgorithm, OTPAlgorithm, Secret, ttlv::Timestamp};
use subtle::ConstantTimeEq;

use super::unserved;
use crate::error::Result;

/// How a client and the server make the same passwords.
pub(super) struct Generator<'a> {
    pub(super) algorithm: OTPAlgorithm,
    pub(super) digest: HashingAlgorithm,
    pub(super) seed: &'a [u8],
    pub(super) interval_seconds: u32,
    pub(super) digits: u32,
}

/// How many presses of a token's button may have gone unsent (RFC 4226 §7.4).
const LOOK_AHEAD: u64 = 10;

/// How many intervals a clock may be off (RFC 6238 §5.2).
const INTERVALS_OFF: u64 = 1;

impl Generator<'_> {
    /// The counter after the one that a password was made with, if it is none that was used before: `next` is the
    /// lowest that is unused.
    pub(super) fn accepts(&self, given: &Secret, next: u64, now: Timestamp) -> Result<Option<u64>> {
        let (first, last) = match self.algorithm {
            OTPAlgorithm::HOTP => (next, next.saturating_add(LOOK_AHEAD)),
            _ => {
                let seconds = u64::try_from(now.0).unwrap_or_default();
                let step = seconds / u64::from(self.interval_seconds.max(1));
                let first = step.saturating_sub(INTERVALS_OFF).max(next);
                (first, step.saturating_add(INTERVALS_OFF))
            }
        };
        let mut found = None;
        for counter in first..=last {
            // Every one is compared, so that the time does not tell which it was.
            let own = self.password(counter)?;
            if bool::from(own.as_bytes().ct_eq(given.expose())) && found.is_none() {
                found = Some(counter.saturating_add(1));
            }
        }
        Ok(found)
    }

    /// The password of a counter (RFC 4226 §5.3).
    fn password(&self, counter: u64) -> Result<String> {
        let algorithm = match self.digest {
            HashingAlgorithm::SHA1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            HashingAlgorithm::SHA256 => hmac::HMAC_SHA256,
            HashingAlgorithm::SHA512 => hmac::HMAC_SHA512,
            _ => {
                return Err(unserved(
                    "one-time passwords are made with SHA-1, SHA-256 or SHA-512",
                ));
            }
        };
        let tag = hmac::sign(
            &hmac::Key::new(algorithm, self.seed),
            &counter.to_be_bytes(),
        );
        let tag = tag.as_ref();
        let offset = usize::from(tag.last().copied().unwrap_or_default() & 0xF);
        let four = tag.get(offset..).and_then(|rest| rest.first_chunk::<4>());
        let number = u32::from_be_bytes(four.copied().unwrap_or_default()) & 0x7FFF_FFFF;
        let width = usize::try_from(self.digits).unwrap_or_default();
        let modulus = 10_u32.saturating_pow(self.digits);
        Ok(format!("{:0width$}", number % modulus))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generator(algorithm: OTPAlgorithm, digits: u32) -> Generator<'static> {
        Generator {
            algorithm,
            digest: HashingAlgorithm::SHA1,
            seed: b"12345678901234567890",
            interval_seconds: 30,
            digits,
        }
    }

    /// The test values of RFC 4226 appendix D.
    #[test]
    fn a_counter_makes_the_passwords_of_the_standard() {
        let own = generator(OTPAlgorithm::HOTP, 6);
        let standard = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583",
            "399871", "520489",
        ];
        for (counter, password) in (0_u64..).zip(standard) {
            assert_eq!(own.password(counter).unwrap(), password);
        }
        let third = Secret::from(&b"359152"[..]);
        assert_eq!(own.accepts(&third, 0, Timestamp(0)).unwrap(), Some(3));
        assert_eq!(own.accepts(&third, 3, Timestamp(0)).unwrap(), None, "used");
    }

    /// The test values of RFC 6238 appendix B.
    #[test]
    fn the_time_makes_the_passwords_of_the_standard() {
        let own = generator(OTPAlgorithm::TOTP, 8);
        for (now, password) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (20_000_000_000, "65353130"),
        ] {
            let given = Secret::from(password.as_bytes());
            let next = own.accepts(&given, 0, Timestamp(now)).unwrap().unwrap();
            assert_eq!(own.accepts(&given, next, Timestamp(now)).unwrap(), None);
            let late = Timestamp(now + 90);
            assert_eq!(own.accepts(&given, 0, late).unwrap(), None, "too late");
        }
    }
}
