//! PINs: kept as slow salted verifiers, compared in constant time, and refused for a while after wrong guesses.

use std::num::NonZeroU32;

use aws_lc_rs::{pbkdf2, rand};
use kmip::Secret;

/// Rounds of PBKDF2-HMAC-SHA-256: some fifty milliseconds, once a login.
const ROUNDS: NonZeroU32 = NonZeroU32::new(100_000).unwrap();

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

/// Whether a PIN is the verifier's.
///
/// # Errors
/// When it is not, or the verifier cannot be read.
pub fn verify(verifier: &str, pin: &Secret) -> Result<(), Refused> {
    let mut parts = verifier.split('$');
    let (Some("pbkdf2-sha256"), Some(rounds), Some(salt), Some(hash), None) = (
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
    ) else {
        return Err(Refused::Unreadable);
    };
    let rounds = rounds.parse().map_err(|_| Refused::Unreadable)?;
    let salt = hex::decode(salt).map_err(|_| Refused::Unreadable)?;
    let hash = hex::decode(hash).map_err(|_| Refused::Unreadable)?;
    pbkdf2::verify(
        pbkdf2::PBKDF2_HMAC_SHA256,
        rounds,
        &salt,
        pin.expose(),
        &hash,
    )
    .map_err(|_| Refused::Wrong)
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
