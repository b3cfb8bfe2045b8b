//! PINs: kept as slow salted verifiers, compared in constant time, and refused for a while after wrong guesses.

use std::{num::NonZeroU32, ops::RangeInclusive};

use aws_lc_rs::{pbkdf2, rand};
use kmip::{HashingAlgorithm, Secret};

/// Rounds of PBKDF2-HMAC-SHA-256: some fifty milliseconds, once a login.
const ROUNDS: NonZeroU32 = NonZeroU32::new(100_000).unwrap();

/// The functions of verifiers: ours, and those that others may have salted passwords with.
const FUNCTIONS: &[(HashingAlgorithm, &str, pbkdf2::Algorithm)] = &[
    (
        HashingAlgorithm::SHA1,
        "pbkdf2-sha1",
        pbkdf2::PBKDF2_HMAC_SHA1,
    ),
    (
        HashingAlgorithm::SHA256,
        "pbkdf2-sha256",
        pbkdf2::PBKDF2_HMAC_SHA256,
    ),
    (
        HashingAlgorithm::SHA384,
        "pbkdf2-sha384",
        pbkdf2::PBKDF2_HMAC_SHA384,
    ),
    (
        HashingAlgorithm::SHA512,
        "pbkdf2-sha512",
        pbkdf2::PBKDF2_HMAC_SHA512,
    ),
];

/// How many bytes a new PIN has, as tokens tell it.
pub const BYTES: RangeInclusive<usize> = 4..=255;

/// Whether a new PIN is as long as it should be.
#[must_use]
pub fn is_of_length(pin: &Secret) -> bool {
    BYTES.contains(&pin.len())
}

/// Makes the verifier of a PIN: `pbkdf2-sha256$rounds$salt$hash`, hexadecimal.
///
/// # Errors
/// When the operating system has no random bytes.
pub fn verifier(pin: &Secret) -> Result<String, Refused> {
    let mut salt = [0; 16];
    rand::fill(&mut salt).map_err(|_| Refused::Unreadable)?;
    let mut hash = [0; 32];
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        ROUNDS,
        &salt,
        pin.expose(),
        &mut hash,
    );
    Ok(format!(
        "pbkdf2-sha256${ROUNDS}${}${}",
        hex::encode(salt),
        hex::encode(hash)
    ))
}

/// The verifier of a password that was salted elsewhere: `hash` is its PBKDF2 under an HMAC with this hash function.
/// `None` where that would be no protection, or take for ever.
pub(crate) fn salted(
    function: HashingAlgorithm,
    rounds: u32,
    salt: &[u8],
    hash: &[u8],
) -> Option<String> {
    let (_, name, _) = FUNCTIONS.iter().find(|(own, ..)| *own == function)?;
    let is_sound = ROUNDS_SALTED.contains(&rounds)
        && (8..=64).contains(&salt.len())
        && (16..=64).contains(&hash.len());
    is_sound.then(|| {
        let (salt, hash) = (hex::encode(salt), hex::encode(hash));
        format!("{name}${rounds}${salt}${hash}")
    })
}

/// Rounds of passwords that were salted elsewhere (NIST SP 800-132 §5.2 wants at least a thousand).
const ROUNDS_SALTED: RangeInclusive<u32> = 1_000..=2_000_000;

/// Whether a PIN is the verifier's.
///
/// # Errors
/// When it is not, or the verifier cannot be read.
pub fn verify(verifier: &str, pin: &Secret) -> Result<(), Refused> {
    let mut parts = verifier.split('$');
    let (Some(function), Some(rounds), Some(salt), Some(hash), None) = (
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
    ) else {
        return Err(Refused::Unreadable);
    };
    let function = FUNCTIONS.iter().find(|(_, name, _)| *name == function);
    let (.., function) = function.ok_or(Refused::Unreadable)?;
    let rounds = rounds.parse().map_err(|_| Refused::Unreadable)?;
    let salt = hex::decode(salt).map_err(|_| Refused::Unreadable)?;
    let hash = hex::decode(hash).map_err(|_| Refused::Unreadable)?;
    pbkdf2::verify(*function, rounds, &salt, pin.expose(), &hash).map_err(|_| Refused::Wrong)
}

/// Takes as long as [`verify`] does, so that the time does not tell which names are known.
pub(crate) fn waste_time(pin: &Secret) {
    let mut hash = [0; 32];
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        ROUNDS,
        &[0; 16],
        pin.expose(),
        &mut hash,
    );
    std::hint::black_box(hash);
}

/// Why a PIN does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The vault has no such PIN.
    NotSet,
    /// Too many wrong guesses lately.
    TooManyGuesses,
    /// The verifier cannot be read, or made.
    Unreadable,
    /// It is another.
    Wrong,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NotSet => "the vault has no such PIN",
            Self::TooManyGuesses => "too many wrong PINs; wait a minute",
            Self::Unreadable => "the PIN's verifier cannot be read",
            Self::Wrong => "wrong PIN",
        })
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fifth vector of RFC 6070.
    #[test]
    fn a_password_that_was_salted_elsewhere_is_known() {
        let hash = hex::decode("3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038").unwrap();
        let salt = b"saltSALTsaltSALTsaltSALTsaltSALTsalt";
        let own = salted(HashingAlgorithm::SHA1, 4_096, salt, &hash).unwrap();
        let password = Secret::from(&b"passwordPASSWORDpassword"[..]);
        assert_eq!(verify(&own, &password), Ok(()));
        let other = Secret::from(&b"password"[..]);
        assert_eq!(verify(&own, &other), Err(Refused::Wrong));
        let none = |function, rounds, salt: &[u8], hash: &[u8]| {
            assert_eq!(salted(function, rounds, salt, hash), None);
        };
        let (salt, sha256) = ([1; 16], HashingAlgorithm::SHA256);
        none(HashingAlgorithm::MD5, 4_096, &salt, &hash);
        none(sha256, 999, &salt, &hash);
        none(sha256, u32::MAX, &salt, &hash);
        none(sha256, 4_096, b"salt", &hash);
        none(sha256, 4_096, &salt, &[0; 8]);
    }

    #[test]
    fn a_verifier_knows_its_pin() {
        let pin = Secret::from(&b"1234"[..]);
        let own = verifier(&pin).unwrap();
        assert_eq!(verify(&own, &pin), Ok(()));
        assert_eq!(
            verify(&own, &Secret::from(&b"1235"[..])),
            Err(Refused::Wrong)
        );
        assert_ne!(own, verifier(&pin).unwrap(), "each has its own salt");
        for damaged in [
            "",
            "pbkdf2-sha256$0$00$00",
            "pbkdf2-sha256$1$zz$00",
            &own[..own.len() - 1],
        ] {
            assert_eq!(verify(damaged, &pin), Err(Refused::Unreadable), "{damaged}");
        }
    }
}
