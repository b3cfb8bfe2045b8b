//! Validation of keys: nothing is used whose numbers were not looked at.

use std::cmp::Ordering;

use aws_lc_rs::signature::Ed25519KeyPair;
use kmip::{
    Secret,
    mechanism::{Curve, KeySpec, PostQuantumUse},
};
use openssl::{
    bn::{BigNum, BigNumRef},
    derive::Deriver,
    pkey::{Id, PKey, Private, Public},
};

use super::{engine::failed, ffi, prime};
use crate::{
    Error, Result,
    encoding::{curve_of, is_one_der_structure, pkcs8_spec},
};

/// Refuses a secret key whose length is not that of its kind.
pub(super) const fn secret(spec: KeySpec, bytes: usize) -> Result<()> {
    let fits = match spec {
        KeySpec::Aes { bits } => matches!(bits, 128 | 192 | 256 | 512),
        KeySpec::Hmac { bits, .. } => matches!(bits, 8..=HMAC_BITS_MAX) && bits % 8 == 0,
        KeySpec::TripleDes { bits } => matches!(bits, 112 | 168),
        KeySpec::ChaCha20 | KeySpec::ChaCha20Poly1305 => true,
        KeySpec::Kept { algorithm, bits } => algorithm.has(bits),
        _ => return Err(Error::BadKey("a private key given as bytes")),
    };
    if !fits {
        return Err(Error::BadKey("a length this kind of key does not have"));
    }
    if bytes != spec.secret_bytes() {
        return Err(Error::BadKey("another length than was said"));
    }
    Ok(())
}

/// Validates a private key, and encodes it anew.
pub(super) fn private(spec: KeySpec, pkcs8: &Secret) -> Result<Secret> {
    // The longest keys we take, ML-DSA-87 with its seed and RSA of 8192 bits, are below 5,000 bytes; attributes are not our business.
    if pkcs8.len() > PKCS8_BYTES_MAX || !is_one_der_structure(pkcs8.expose()) {
        return Err(Error::BadKey("not one DER structure of PKCS #8"));
    }
    if spec == KeySpec::Ec(Curve::Ed25519) {
        return edwards(pkcs8);
    }
    let key = PKey::private_key_from_pkcs8(pkcs8.expose())
        .map_err(|_| Error::BadKey("not a PKCS #8 private key"))?;
    match spec {
        KeySpec::Rsa { bits } => rsa(&key, bits)?,
        KeySpec::Ec(curve) if curve.is_weierstrass() => ec(&key, curve)?,
        // Every string of the right length is a key of these; the public half is computed.
        KeySpec::Ec(_) | KeySpec::PostQuantum(_) => named(spec, pkcs8, &key)?,
        KeySpec::Dsa { .. } => prime::dsa_private(&key, spec)?,
        KeySpec::Dh { .. } => prime::dh_private(&key, spec)?,
        _ => return Err(Error::BadKey("a secret key given as PKCS #8")),
    }
    key.private_key_to_pkcs8().map(Secret::new).map_err(failed)
}

/// Every seed is a key of Ed25519; AWS-LC compares a public key that stands beside it.
fn edwards(pkcs8: &Secret) -> Result<Secret> {
    Ed25519KeyPair::from_pkcs8(pkcs8.expose())
        .map_err(|_| Error::BadKey("not a PKCS #8 private key of Ed25519"))?
        .to_pkcs8v1()
        .map(|der| Secret::from(der.as_ref()))
        .map_err(failed)
}

/// OpenSSL compares seed, expanded key and public half of ML-KEM and ML-DSA where more than one of them is given, and
/// nothing of SLH-DSA, whose private key has the public one in it.
fn named(spec: KeySpec, pkcs8: &Secret, key: &PKey<Private>) -> Result<()> {
    if pkcs8_spec(pkcs8)? != spec {
        return Err(Error::BadKey("a key of another algorithm"));
    }
    match spec {
        KeySpec::PostQuantum(algorithm)
            if algorithm.kind() == PostQuantumUse::SlhDsa && !ffi::agrees(key) =>
        {
            Err(Error::BadKey("the seeds give another public key"))
        }
        _ => Ok(()),
    }
}

/// RFC 7748 §6: with a point of small order every private key agrees on zeros, so one trial shows it.
pub(crate) fn montgomery_public(key: &PKey<Public>) -> Result<()> {
    let trial = match key.id() {
        Id::X448 => PKey::generate_x448(),
        _ => PKey::generate_x25519(),
    };
    let trial = trial.map_err(failed)?;
    let mut deriver = Deriver::new(&trial).map_err(failed)?;
    deriver
        .set_peer(key)
        .and_then(|()| deriver.derive_to_vec())
        .map(drop)
        .map_err(|_| Error::BadKey("a public key of small order"))
}

/// Refuses the points of order 1, 2 and 4 of Ed448, under which anybody can sign anything.
pub(crate) fn edwards448_public(point: &[u8]) -> Result<()> {
    // y is 0, 1, -1, or one of the first two written with p added; the last byte is the sign of x.
    let minus_one = |low: u8| {
        let mut y = [0xff; 56];
        y[0] = low;
        y[28] = 0xfe;
        y
    };
    let little = |low: u8| {
        let mut y = [0; 56];
        y[0] = low;
        y
    };
    let small = [little(0), little(1), minus_one(0xfe), minus_one(0xff)];
    let is_small = point
        .split_first_chunk::<56>()
        .is_none_or(|(y, _)| small.contains(y));
    if is_small {
        return Err(Error::BadKey("an Ed448 public key of small order"));
    }
    Ok(())
}

/// SP 800-56A §5.6.2.1: scalar in range, point on the curve and not at infinity, public = private · G.
fn ec(key: &PKey<Private>, curve: Curve) -> Result<()> {
    if curve_of(key)? != curve {
        return Err(Error::BadKey("a key of another curve"));
    }
    key.ec_key()
        .and_then(|key| key.check_key())
        .map_err(|_| Error::BadKey("scalar and point do not belong together"))
}

/// SP 800-56A §5.6.2.3: the point is on the curve, not at infinity, and of the right order.
pub(crate) fn ec_public(key: &PKey<Public>) -> Result<()> {
    key.ec_key()
        .and_then(|key| key.check_key())
        .map_err(|_| Error::BadKey("not a point of the curve"))
}

/// Refuses the points of small order, under which anybody can sign anything.
pub(crate) fn edwards_public(point: &[u8]) -> Result<()> {
    let Some((last, rest)) = point.split_last() else {
        return Err(Error::BadKey("an Ed25519 public key has 32 bytes"));
    };
    // The top bit is the sign of x; the order does not depend on it.
    let last = last & 0x7f;
    let is_small = EDWARDS_SMALL_ORDER.iter().any(|small| {
        small
            .split_last()
            .is_some_and(|(small_last, small_rest)| *small_last == last && small_rest == rest)
    });
    if is_small {
        return Err(Error::BadKey("an Ed25519 public key of small order"));
    }
    Ok(())
}

/// SP 800-56B §6.4.1.2: the whole private key is checked, primality included.
fn rsa(key: &PKey<Private>, bits: u16) -> Result<()> {
    if key.id() != Id::RSA {
        return Err(Error::BadKey("a key of another algorithm"));
    }
    let key = key.rsa().map_err(failed)?;
    rsa_public(key.n(), key.e(), bits)?;
    let (Some(p), Some(q), Some(dp), Some(dq), Some(q_inverse)) =
        (key.p(), key.q(), key.dmp1(), key.dmq1(), key.iqmp())
    else {
        return Err(Error::BadKey("an RSA key without its factors"));
    };
    let n = key.n();
    let numbers = [p, q, dp, dq, q_inverse, key.d()];
    if numbers
        .iter()
        .any(|number| number.is_negative() || number.ucmp(n) != Ordering::Less)
    {
        return Err(Error::BadKey("an RSA number out of range"));
    }
    let half = i32::from(bits) / 2;
    if p.num_bits() < half - 1 || q.num_bits() < half - 1 {
        return Err(Error::BadKey("RSA factors of unequal length"));
    }
    if key.d().num_bits() <= half {
        return Err(Error::BadKey("a small private exponent"));
    }
    let mut work = BigNum::new_secure().map_err(failed)?;
    work.checked_sub(p, q).map_err(failed)?;
    if work.num_bits() <= half - 100 {
        return Err(Error::BadKey("RSA factors too close to each other"));
    }
    // OpenSSL looks at the rest: p and q prime, n = p·q, e·d ≡ 1 (mod lcm(p-1, q-1)), and the three CRT numbers.
    match key.check_key() {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err(Error::BadKey("the RSA numbers do not belong together")),
    }
}

/// What can be said of a public RSA key (SP 800-89 §5.3.3), and of whom it must not come from.
pub(crate) fn rsa_public(n: &BigNumRef, e: &BigNumRef, bits: u16) -> Result<()> {
    if !(1024..=8192).contains(&bits) || n.num_bits() != i32::from(bits) || n.is_negative() {
        return Err(Error::BadKey(
            "an RSA modulus of another length than 1024 to 8192 bits, or than was said",
        ));
    }
    // FIPS 186-5 §A.1.1: odd, 2¹⁶ < e < 2²⁵⁶.
    if !e.is_odd() || e.is_negative() || !(17..=256).contains(&e.num_bits()) {
        return Err(Error::BadKey(
            "an RSA exponent that is even, below 65537 or above 2^256",
        ));
    }
    let mut in_roca_groups = true;
    if !n.is_odd() {
        return Err(Error::BadKey("an even RSA modulus"));
    }
    for prime in SMALL_PRIMES {
        let rest = n.mod_word(*prime).map_err(failed)?;
        if rest == 0 {
            return Err(Error::BadKey("an RSA modulus with a small factor"));
        }
        in_roca_groups &= is_power_of_65537(rest, (*prime).into());
    }
    if in_roca_groups {
        return Err(Error::BadKey(
            "an RSA key of a library with a known flaw (ROCA, CVE-2017-15361)",
        ));
    }
    Ok(())
}

/// Nemec et al. 2017: in the flawed library's keys, n modulo every small prime is a power of 65537. In others, each of
/// the groups that are smaller than the field halves the chance or better; all at once are met once in 2²⁷ keys.
fn is_power_of_65537(rest: u64, prime: u64) -> bool {
    let step = 65_537 % prime;
    std::iter::successors(Some(1), |power| Some(power * step % prime))
        .take(usize::try_from(prime).unwrap_or_default())
        .any(|power| power == rest)
}

const HMAC_BITS_MAX: u16 = 8192;
const PKCS8_BYTES_MAX: usize = 8192;
const SMALL_PRIMES: &[u32] = &[
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// The y of every point of order 1, 2, 4 and 8, little-endian, and the two of them that can be written as y + p too.
const EDWARDS_SMALL_ORDER: &[[u8; 32]] = &[
    ends(1, 0, 0),
    ends(0, 0, 0),
    ends(0xec, 0xff, 0x7f),
    ends(0xed, 0xff, 0x7f),
    ends(0xee, 0xff, 0x7f),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

/// A number of 32 bytes, little-endian, by its first, its thirty middle and its last byte.
const fn ends(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut bytes = [middle; 32];
    let [head, .., tail] = &mut bytes;
    *head = first;
    *tail = last;
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roca_fingerprint_is_seen() {
        let product =
            SMALL_PRIMES
                .iter()
                .fold(BigNum::from_u32(1).unwrap(), |mut product, prime| {
                    product.mul_word(*prime).unwrap();
                    product
                });
        let e = BigNum::from_u32(65_537).unwrap();
        let mut context = openssl::bn::BigNumContext::new().unwrap();
        // n = k·M + (65537^a mod M), as the flawed library's moduli are; primality does not matter to the fingerprint.
        let mut power = BigNum::new().unwrap();
        power
            .mod_exp(
                &e,
                &BigNum::from_u32(12_345).unwrap(),
                &product,
                &mut context,
            )
            .unwrap();
        let (mut n, mut rest, mut top) = (
            BigNum::new().unwrap(),
            BigNum::new().unwrap(),
            BigNum::new().unwrap(),
        );
        top.set_bit(2047).unwrap();
        top.set_bit(2000).unwrap();
        rest.checked_rem(&top, &product, &mut context).unwrap();
        n.checked_sub(&top, &rest).unwrap();
        let mut flawed = BigNum::new().unwrap();
        flawed.checked_add(&n, &power).unwrap();
        if !flawed.is_odd() {
            n.checked_add(&flawed, &product).unwrap();
            flawed = n;
        }
        let refusal = rsa_public(&flawed, &e, 2048);
        assert!(matches!(refusal, Err(Error::BadKey(text)) if text.contains("ROCA")));
    }

    #[test]
    fn honest_moduli_are_not_taken_for_flawed_ones() {
        let e = BigNum::from_u32(65_537).unwrap();
        for _ in 0..3 {
            let key = openssl::rsa::Rsa::generate(2048).unwrap();
            assert_eq!(rsa_public(key.n(), &e, 2048), Ok(()));
        }
    }
}
