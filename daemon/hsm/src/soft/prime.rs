//! Validation of keys over prime fields: DSA (FIPS 186-4) and Diffie-Hellman (SP 800-56A).

use std::cmp::Ordering;

use kmip::mechanism::KeySpec;
use openssl::{
    bn::{BigNum, BigNumContext, BigNumRef},
    pkey::{Id, PKey, Private, Public},
};

use super::engine::failed;
use crate::{Error, Result};

/// What kind of DSA key two primes make. Short primes are for old signatures only, and never for new keys.
pub(crate) fn dsa_spec(p: &BigNumRef, q: &BigNumRef) -> Result<KeySpec> {
    let bits = (u16::try_from(p.num_bits()), u16::try_from(q.num_bits()));
    match bits {
        (Ok(bits @ 512..=3072), Ok(order_bits @ (160 | 224 | 256))) => {
            Ok(KeySpec::Dsa { bits, order_bits })
        }
        _ => Err(Error::BadKey(
            "DSA primes of other lengths than 512 to 3072 bits and 160, 224 or 256",
        )),
    }
}

/// FIPS 186-4 §A.2.2 and §5.6.2.3 of SP 800-56A: primes, the generator's order, and a public number in its group.
pub(crate) fn dsa_public(key: &PKey<Public>) -> Result<KeySpec> {
    let key = key.dsa().map_err(|_| NO_KEY)?;
    let (p, q, g) = parameters(key.p_opt(), key.q_opt(), key.g_opt())?;
    let spec = dsa_spec(p, q)?;
    domain(p, q, g)?;
    in_group(key.pub_key(), p, q)?;
    Ok(spec)
}

/// As [`dsa_public`], and that the private number belongs to the public one.
pub(super) fn dsa_private(key: &PKey<Private>, spec: KeySpec) -> Result<()> {
    if key.id() != Id::DSA {
        return Err(Error::BadKey("a key of another algorithm"));
    }
    let key = key.dsa().map_err(|_| NO_KEY)?;
    let (p, q, g) = parameters(key.p_opt(), key.q_opt(), key.g_opt())?;
    if dsa_spec(p, q)? != spec {
        return Err(Error::BadKey("a DSA key of other lengths"));
    }
    domain(p, q, g)?;
    belongs(key.priv_key(), key.pub_key(), (p, q, g))
}

/// What kind of Diffie-Hellman key a prime makes.
pub(crate) fn dh_spec(p: &BigNumRef) -> Result<KeySpec> {
    match u16::try_from(p.num_bits()) {
        Ok(bits @ 1024..=8192) => Ok(KeySpec::Dh { bits }),
        _ => Err(Error::BadKey(
            "a Diffie-Hellman prime of another length than 1024 to 8192 bits",
        )),
    }
}

/// The prime is safe, so that nothing but ±1 has a small order, and the public number is none of these.
pub(crate) fn dh_public(key: &PKey<Public>) -> Result<KeySpec> {
    let key = key.dh().map_err(|_| NO_KEY)?;
    let spec = dh_spec(key.prime_p())?;
    safe(key.prime_p())?;
    in_range(key.public_key(), key.prime_p())?;
    in_range(key.generator(), key.prime_p())?;
    Ok(spec)
}

/// As [`dh_public`], and that the private number belongs to the public one.
pub(super) fn dh_private(key: &PKey<Private>, spec: KeySpec) -> Result<()> {
    if key.id() != Id::DH {
        return Err(Error::BadKey("a key of another algorithm"));
    }
    let key = key.dh().map_err(|_| NO_KEY)?;
    let (p, g) = (key.prime_p(), key.generator());
    if dh_spec(p)? != spec {
        return Err(Error::BadKey("a Diffie-Hellman key of another length"));
    }
    safe(p)?;
    in_range(g, p)?;
    in_range(key.public_key(), p)?;
    belongs(key.private_key(), key.public_key(), (p, p, g))
}

type Parameters<'a> = (&'a BigNumRef, &'a BigNumRef, &'a BigNumRef);

fn parameters<'a>(
    p: Option<&'a BigNumRef>,
    q: Option<&'a BigNumRef>,
    g: Option<&'a BigNumRef>,
) -> Result<Parameters<'a>> {
    match (p, q, g) {
        (Some(p), Some(q), Some(g)) => Ok((p, q, g)),
        _ => Err(Error::BadKey("a DSA key without its parameters")),
    }
}

fn domain(p: &BigNumRef, q: &BigNumRef, g: &BigNumRef) -> Result<()> {
    let mut context = BigNumContext::new().map_err(failed)?;
    let mut rest = BigNum::new().map_err(failed)?;
    let mut less = p.to_owned().map_err(failed)?;
    less.sub_word(1).map_err(failed)?;
    rest.checked_rem(&less, q, &mut context).map_err(failed)?;
    if rest.num_bits() != 0 || !is_prime(q)? || !is_prime(p)? {
        return Err(Error::BadKey("DSA parameters that are not prime"));
    }
    in_group(g, p, q)
}

/// Whether 1 < y < p - 1 and y has the order q.
fn in_group(y: &BigNumRef, p: &BigNumRef, q: &BigNumRef) -> Result<()> {
    in_range(y, p)?;
    let mut context = BigNumContext::new().map_err(failed)?;
    let mut power = BigNum::new().map_err(failed)?;
    power.mod_exp(y, q, p, &mut context).map_err(failed)?;
    let one = BigNum::from_u32(1).map_err(failed)?;
    if power.ucmp(&one) != Ordering::Equal {
        return Err(Error::BadKey("a number outside of its group"));
    }
    Ok(())
}

/// Whether 1 < y < p - 1.
fn in_range(y: &BigNumRef, p: &BigNumRef) -> Result<()> {
    let mut below = p.to_owned().map_err(failed)?;
    below.sub_word(1).map_err(failed)?;
    if y.is_negative() || y.num_bits() < 2 || y.ucmp(&below) != Ordering::Less {
        return Err(Error::BadKey("a number out of range"));
    }
    Ok(())
}

/// Whether 0 < x < q and y = gˣ mod p.
fn belongs(x: &BigNumRef, y: &BigNumRef, (p, q, g): Parameters<'_>) -> Result<()> {
    if x.is_negative() || x.num_bits() == 0 || x.ucmp(q) != Ordering::Less {
        return Err(Error::BadKey("a private number out of range"));
    }
    let mut secret = x.to_owned().map_err(failed)?;
    secret.set_const_time();
    let mut context = BigNumContext::new_secure().map_err(failed)?;
    let mut power = BigNum::new().map_err(failed)?;
    power.mod_exp(g, &secret, p, &mut context).map_err(failed)?;
    if power.ucmp(y) != Ordering::Equal {
        return Err(Error::BadKey("the numbers do not belong together"));
    }
    Ok(())
}

fn safe(p: &BigNumRef) -> Result<()> {
    let known = [
        BigNum::get_rfc3526_prime_2048(),
        BigNum::get_rfc3526_prime_3072(),
        BigNum::get_rfc3526_prime_4096(),
    ];
    if known
        .iter()
        .flatten()
        .any(|known| known.ucmp(p) == Ordering::Equal)
    {
        return Ok(());
    }
    let mut half = BigNum::new().map_err(failed)?;
    half.rshift1(p).map_err(failed)?;
    if !p.is_odd() || !is_prime(&half)? || !is_prime(p)? {
        return Err(Error::BadKey("a Diffie-Hellman prime that is not safe"));
    }
    Ok(())
}

fn is_prime(number: &BigNumRef) -> Result<bool> {
    let mut context = BigNumContext::new().map_err(failed)?;
    // Zero lets OpenSSL choose the rounds by the length.
    number
        .is_prime_fasttest(0, &mut context, true)
        .map_err(failed)
}

const NO_KEY: Error = Error::BadKey("not a key of its algorithm");
