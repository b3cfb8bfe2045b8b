//! Keys over prime fields as numbers: DSA and Diffie-Hellman.

use kmip::Secret;
use openssl::{
    bn::{BigNum, BigNumContext, BigNumRef},
    dh::Dh,
    dsa::Dsa,
    error::ErrorStack,
    pkey::{PKey, Private, Public},
};

use super::{private, public};
use crate::{Error, Result, soft::engine::failed};

/// The numbers of a group, big-endian without leading zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrimeGroup {
    /// The prime p.
    pub p: Vec<u8>,
    /// The order q; empty for Diffie-Hellman in the group of a safe prime.
    pub q: Vec<u8>,
    /// The generator g.
    pub g: Vec<u8>,
}

/// A public DSA key to SubjectPublicKeyInfo.
pub fn dsa_to_spki(group: &PrimeGroup, y: &[u8]) -> Result<Vec<u8>> {
    let (p, q, g) = group.numbers()?;
    Dsa::from_public_components(p, q, g, number(y)?)
        .and_then(PKey::from_dsa)
        .and_then(|key: PKey<Public>| key.public_key_to_der())
        .map_err(|_| NO_KEY)
}

/// A private DSA key to PKCS #8; the public half is computed.
pub fn dsa_to_pkcs8(group: &PrimeGroup, x: &Secret) -> Result<Secret> {
    let y = group.public_half(x)?;
    let (p, q, g) = group.numbers()?;
    Dsa::from_private_components(p, q, g, secret_number(x)?, y)
        .and_then(PKey::from_dsa)
        .and_then(|key: PKey<Private>| key.private_key_to_pkcs8())
        .map(Secret::new)
        .map_err(|_| NO_KEY)
}

/// SubjectPublicKeyInfo to the numbers of a DSA key.
pub fn spki_to_dsa(spki: &[u8]) -> Result<(PrimeGroup, Vec<u8>)> {
    let key = public(spki)?.dsa().map_err(|_| NO_KEY)?;
    let group = PrimeGroup::of(key.p_opt(), key.q_opt(), key.g_opt())?;
    Ok((group, key.pub_key().to_vec()))
}

/// PKCS #8 to the numbers of a DSA key.
pub fn pkcs8_to_dsa(pkcs8: &Secret) -> Result<(PrimeGroup, Secret)> {
    let key = private(pkcs8)?.dsa().map_err(|_| NO_KEY)?;
    let group = PrimeGroup::of(key.p_opt(), key.q_opt(), key.g_opt())?;
    Ok((group, Secret::new(key.priv_key().to_vec())))
}

/// A public Diffie-Hellman key to SubjectPublicKeyInfo.
pub fn dh_to_spki(group: &PrimeGroup, y: &[u8]) -> Result<Vec<u8>> {
    let (p, _, g) = group.numbers()?;
    let y = number(y)?;
    Dh::from_pqg(p, None, g)
        .and_then(|params| params.set_public_key(y))
        .and_then(PKey::from_dh)
        .and_then(|key| key.public_key_to_der())
        .map_err(|_| NO_KEY)
}

/// A private Diffie-Hellman key to PKCS #8; the public half is computed.
pub fn dh_to_pkcs8(group: &PrimeGroup, x: &Secret) -> Result<Secret> {
    let y = group.public_half(x)?;
    let (p, _, g) = group.numbers()?;
    let x = secret_number(x)?;
    Dh::from_pqg(p, None, g)
        .and_then(|params| params.set_key(y, x))
        .and_then(PKey::from_dh)
        .and_then(|key| key.private_key_to_pkcs8())
        .map(Secret::new)
        .map_err(|_| NO_KEY)
}

/// SubjectPublicKeyInfo to the numbers of a Diffie-Hellman key.
pub fn spki_to_dh(spki: &[u8]) -> Result<(PrimeGroup, Vec<u8>)> {
    let key = public(spki)?.dh().map_err(|_| NO_KEY)?;
    let group = PrimeGroup::of(Some(key.prime_p()), None, Some(key.generator()))?;
    Ok((group, key.public_key().to_vec()))
}

/// PKCS #8 to the numbers of a Diffie-Hellman key.
pub fn pkcs8_to_dh(pkcs8: &Secret) -> Result<(PrimeGroup, Secret)> {
    let key = private(pkcs8)?.dh().map_err(|_| NO_KEY)?;
    let group = PrimeGroup::of(Some(key.prime_p()), None, Some(key.generator()))?;
    Ok((group, Secret::new(key.private_key().to_vec())))
}

impl PrimeGroup {
    fn of(p: Option<&BigNumRef>, q: Option<&BigNumRef>, g: Option<&BigNumRef>) -> Result<Self> {
        let (p, g) = p.zip(g).ok_or(NO_KEY)?;
        Ok(Self {
            p: p.to_vec(),
            q: q.map(BigNumRef::to_vec).unwrap_or_default(),
            g: g.to_vec(),
        })
    }

    fn numbers(&self) -> Result<(BigNum, BigNum, BigNum)> {
        Ok((number(&self.p)?, number(&self.q)?, number(&self.g)?))
    }

    /// y = gˣ mod p.
    fn public_half(&self, x: &Secret) -> Result<BigNum> {
        let (p, _, g) = self.numbers()?;
        let mut secret = secret_number(x)?;
        secret.set_const_time();
        let power = || -> std::result::Result<BigNum, ErrorStack> {
            let mut power = BigNum::new()?;
            power.mod_exp(&g, &secret, &p, &mut *BigNumContext::new_secure()?)?;
            Ok(power)
        };
        if !p.is_odd() {
            return Err(NO_KEY);
        }
        power().map_err(|_| NO_KEY)
    }
}

fn number(bytes: &[u8]) -> Result<BigNum> {
    // Longer than any prime that is served, and time grows with the cube.
    if bytes.len() > NUMBER_BYTES_MAX {
        return Err(NO_KEY);
    }
    BigNum::from_slice(bytes).map_err(failed)
}

fn secret_number(bytes: &Secret) -> Result<BigNum> {
    if bytes.len() > NUMBER_BYTES_MAX {
        return Err(NO_KEY);
    }
    let mut number = BigNum::new_secure().map_err(failed)?;
    number.copy_from_slice(bytes.expose()).map_err(failed)?;
    Ok(number)
}

const NUMBER_BYTES_MAX: usize = 1024;
const NO_KEY: Error = Error::BadKey("not the numbers of a key over a prime field");
