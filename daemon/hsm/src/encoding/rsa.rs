//! RSA keys as PKCS #1 and as numbers.

use kmip::Secret;
use openssl::{
    bn::{BigNum, BigNumContext, BigNumRef},
    error::ErrorStack,
    pkey::PKey,
    rsa::{Rsa, RsaPrivateKeyBuilder},
};

use super::{is_one_der_structure, private, public};
use crate::{Error, Result, soft::engine::failed};

/// The numbers of a public RSA key, big-endian without leading zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RsaPublicNumbers {
    /// The modulus n.
    pub modulus: Vec<u8>,
    /// The public exponent e.
    pub exponent: Vec<u8>,
}

/// The numbers of a private RSA key, big-endian. What is absent is computed from the rest.
#[derive(Clone, PartialEq, Eq)]
pub struct RsaPrivateNumbers {
    /// The modulus n.
    pub modulus: Vec<u8>,
    /// The public exponent e.
    pub public_exponent: Vec<u8>,
    /// The private exponent d.
    pub private_exponent: Secret,
    /// The prime factor p.
    pub p: Option<Secret>,
    /// The prime factor q.
    pub q: Option<Secret>,
    /// d mod (p - 1).
    pub exponent_p: Option<Secret>,
    /// d mod (q - 1).
    pub exponent_q: Option<Secret>,
    /// The inverse of q modulo p.
    pub coefficient: Option<Secret>,
}

/// SubjectPublicKeyInfo to PKCS #1 RSAPublicKey.
pub fn spki_to_pkcs1_public(spki: &[u8]) -> Result<Vec<u8>> {
    let key = public(spki)?.rsa().map_err(|_| NOT_RSA)?;
    key.public_key_to_der_pkcs1().map_err(failed)
}

/// PKCS #1 RSAPublicKey to SubjectPublicKeyInfo.
pub fn pkcs1_public_to_spki(pkcs1: &[u8]) -> Result<Vec<u8>> {
    if !is_one_der_structure(pkcs1) {
        return Err(NOT_PKCS1);
    }
    Rsa::public_key_from_der_pkcs1(pkcs1)
        .map_err(|_| NOT_PKCS1)?
        .public_key_to_der()
        .map_err(failed)
}

/// SubjectPublicKeyInfo to modulus and exponent.
pub fn spki_to_rsa_numbers(spki: &[u8]) -> Result<RsaPublicNumbers> {
    let key = public(spki)?.rsa().map_err(|_| NOT_RSA)?;
    Ok(RsaPublicNumbers {
        modulus: key.n().to_vec(),
        exponent: key.e().to_vec(),
    })
}

/// Modulus and exponent to SubjectPublicKeyInfo.
pub fn rsa_numbers_to_spki(numbers: &RsaPublicNumbers) -> Result<Vec<u8>> {
    let (n, e) = (number(&numbers.modulus)?, number(&numbers.exponent)?);
    Rsa::from_public_components(n, e)
        .and_then(|key| key.public_key_to_der())
        .map_err(failed)
}

/// PKCS #8 to PKCS #1 RSAPrivateKey.
pub fn pkcs8_to_pkcs1(pkcs8: &Secret) -> Result<Secret> {
    let key = private(pkcs8)?.rsa().map_err(|_| NOT_RSA)?;
    key.private_key_to_der().map(Secret::new).map_err(failed)
}

/// PKCS #1 RSAPrivateKey to PKCS #8.
pub fn pkcs1_to_pkcs8(pkcs1: &Secret) -> Result<Secret> {
    if !is_one_der_structure(pkcs1.expose()) {
        return Err(NOT_PKCS1);
    }
    let key = Rsa::private_key_from_der(pkcs1.expose()).map_err(|_| NOT_PKCS1)?;
    PKey::from_rsa(key)
        .and_then(|key| key.private_key_to_pkcs8())
        .map(Secret::new)
        .map_err(failed)
}

/// PKCS #8 to all eight numbers.
pub fn pkcs8_to_rsa_numbers(pkcs8: &Secret) -> Result<RsaPrivateNumbers> {
    let key = private(pkcs8)?.rsa().map_err(|_| NOT_RSA)?;
    let secret = |number: Option<&BigNumRef>| number.map(|number| Secret::new(number.to_vec()));
    Ok(RsaPrivateNumbers {
        modulus: key.n().to_vec(),
        public_exponent: key.e().to_vec(),
        private_exponent: Secret::new(key.d().to_vec()),
        p: secret(key.p()),
        q: secret(key.q()),
        exponent_p: secret(key.dmp1()),
        exponent_q: secret(key.dmq1()),
        coefficient: secret(key.iqmp()),
    })
}

/// The numbers of a private key to PKCS #8; the factors and the CRT numbers are found when absent.
pub fn rsa_numbers_to_pkcs8(numbers: &RsaPrivateNumbers) -> Result<Secret> {
    let (n, e) = (number(&numbers.modulus)?, number(&numbers.public_exponent)?);
    let d = secret_number(&numbers.private_exponent)?;
    let (p, q) = match (&numbers.p, &numbers.q) {
        (Some(p), Some(q)) => (secret_number(p)?, secret_number(q)?),
        _ => factors(&n, &e, &d)?,
    };
    let crt = Crt::new(numbers, &p, &q, &d)?;
    RsaPrivateKeyBuilder::new(n, e, d)
        .and_then(|key| key.set_factors(p, q))
        .and_then(|key| key.set_crt_params(crt.exponent_p, crt.exponent_q, crt.coefficient))
        .and_then(|key| PKey::from_rsa(key.build()))
        .and_then(|key| key.private_key_to_pkcs8())
        .map(Secret::new)
        .map_err(failed)
}

struct Crt {
    exponent_p: BigNum,
    exponent_q: BigNum,
    coefficient: BigNum,
}

impl Crt {
    fn new(
        numbers: &RsaPrivateNumbers,
        p: &BigNumRef,
        q: &BigNumRef,
        d: &BigNumRef,
    ) -> Result<Self> {
        let given_or =
            |given: &Option<Secret>,
             compute: &dyn Fn() -> std::result::Result<BigNum, ErrorStack>| {
                given
                    .as_ref()
                    .map_or_else(|| compute().map_err(|_| NO_KEY), secret_number)
            };
        Ok(Self {
            exponent_p: given_or(&numbers.exponent_p, &|| exponent_of(d, p))?,
            exponent_q: given_or(&numbers.exponent_q, &|| exponent_of(d, q))?,
            coefficient: given_or(&numbers.coefficient, &|| {
                let mut inverse = BigNum::new_secure()?;
                inverse.mod_inverse(q, p, &mut *BigNumContext::new_secure()?)?;
                Ok(inverse)
            })?,
        })
    }
}

/// d mod (prime - 1).
fn exponent_of(d: &BigNumRef, prime: &BigNumRef) -> std::result::Result<BigNum, ErrorStack> {
    let (mut less, mut rest) = (BigNum::new_secure()?, BigNum::new_secure()?);
    less.checked_sub(prime, &*BigNum::from_u32(1)?)?;
    rest.checked_rem(d, &less, &mut *BigNumContext::new_secure()?)?;
    Ok(rest)
}

/// Factors n by its two exponents (SP 800-56B appendix C.1): a root of one modulo n that is not ±1 shares a factor
/// with n, and every base finds one with a chance of a half at least.
fn factors(n: &BigNumRef, e: &BigNumRef, d: &BigNumRef) -> Result<(BigNum, BigNum)> {
    if !n.is_odd() || !e.is_odd() || !d.is_odd() {
        return Err(NO_KEY);
    }
    for base in 2..2 + BASES_MAX {
        if let Some(found) = try_base(n, e, d, base).map_err(failed)? {
            return Ok(found);
        }
    }
    Err(NO_KEY)
}

fn try_base(
    n: &BigNumRef,
    e: &BigNumRef,
    d: &BigNumRef,
    base: u32,
) -> std::result::Result<Option<(BigNum, BigNum)>, ErrorStack> {
    let secret = BigNum::new_secure;
    let mut context = BigNumContext::new_secure()?;
    let one = BigNum::from_u32(1)?;
    let (mut k, mut odd, mut root, mut next) = (secret()?, secret()?, secret()?, secret()?);
    k.checked_mul(e, d, &mut context)?;
    k.sub_word(1)?;
    let twos = (0..k.num_bits())
        .take_while(|bit| !k.is_bit_set(*bit))
        .count();
    odd.rshift(&k, i32::try_from(twos).unwrap_or(i32::MAX))?;
    root.mod_exp(&*BigNum::from_u32(base)?, &odd, n, &mut context)?;
    let mut minus_one = secret()?;
    minus_one.checked_sub(n, &one)?;
    for _ in 0..twos {
        next.mod_sqr(&root, n, &mut context)?;
        if *next == *one && *root != *one && *root != *minus_one {
            let (mut p, mut q) = (secret()?, secret()?);
            root.sub_word(1)?;
            p.gcd(&root, n, &mut context)?;
            q.checked_div(n, &p, &mut context)?;
            // The greater factor is called p by custom.
            return Ok(Some(if *p > *q { (p, q) } else { (q, p) }));
        }
        std::mem::swap(&mut root, &mut next);
    }
    Ok(None)
}

fn number(bytes: &[u8]) -> Result<BigNum> {
    if bytes.len() > NUMBER_BYTES_MAX {
        return Err(Error::BadKey("an RSA number of more than 4096 bits"));
    }
    BigNum::from_slice(bytes).map_err(failed)
}

fn secret_number(bytes: &Secret) -> Result<BigNum> {
    if bytes.len() > NUMBER_BYTES_MAX {
        return Err(Error::BadKey("an RSA number of more than 4096 bits"));
    }
    let mut number = BigNum::new_secure().map_err(failed)?;
    number.copy_from_slice(bytes.expose()).map_err(failed)?;
    Ok(number)
}

const NOT_RSA: Error = Error::BadKey("not an RSA key");
const NOT_PKCS1: Error = Error::BadKey("not a PKCS #1 key");
const NO_KEY: Error = Error::BadKey("the RSA numbers do not belong together");
/// 4096 bits, and a zero in front as signed numbers have it.
const NUMBER_BYTES_MAX: usize = 513;
const BASES_MAX: u32 = 64;
