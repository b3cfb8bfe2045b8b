//! Conversions between the encodings of keys: the form of a key changes, its validity is judged elsewhere.
//!
//! Private keys travel as PKCS #8 and public keys as SubjectPublicKeyInfo, both DER; here are the ways from and to
//! everything else a client may send or ask for.

mod der;
mod ec;
pub mod pkcs12;
mod post_quantum;
mod prime;
mod rsa;

use kmip::{
    Secret,
    mechanism::{Curve, Hash, KeySpec, PostQuantum},
};
use openssl::{
    ec::Asn1Flag,
    pkey::{HasPublic, Id, PKey, PKeyRef, Private, Public},
};

pub(crate) use self::der::is_one_der_structure;
pub use self::{
    ec::{
        compressed_spki, pkcs8_to_scalar, pkcs8_to_sec1, point_to_spki, scalar_to_pkcs8,
        sec1_to_pkcs8, spki_to_compressed_point, spki_to_point,
    },
    post_quantum::{
        pkcs8_to_post_quantum, pkcs8_to_seed, post_quantum_to_pkcs8, post_quantum_to_spki,
        seed_bytes, spki_to_post_quantum,
    },
    prime::{
        PrimeGroup, dh_to_pkcs8, dh_to_spki, dsa_to_pkcs8, dsa_to_spki, pkcs8_to_dh, pkcs8_to_dsa,
        spki_to_dh, spki_to_dsa,
    },
    rsa::{
        RsaPrivateNumbers, RsaPublicNumbers, pkcs1_public_to_spki, pkcs1_to_pkcs8, pkcs8_to_pkcs1,
        pkcs8_to_rsa_numbers, rsa_numbers_to_pkcs8, rsa_numbers_to_spki, spki_to_pkcs1_public,
        spki_to_rsa_numbers,
    },
};
use crate::{
    Error, Material, Result, public,
    soft::{engine, prime as prime_checks},
};

impl Material {
    /// SHA-256 of the encoding that the key is given out in unless another is asked for: a secret key's bytes, the
    /// PKCS #1 of an RSA key, the PKCS #8 of any other.
    pub fn digest(&self) -> Result<Vec<u8>> {
        match self {
            Self::Private {
                spec: KeySpec::Rsa { .. },
                pkcs8,
            } => public::hash(Hash::Sha256, pkcs8_to_pkcs1(pkcs8)?.expose()),
            other => public::hash(Hash::Sha256, other.bytes().expose()),
        }
    }
}

/// What kind of key a PKCS #8 structure says it holds; its numbers are not validated.
pub fn pkcs8_spec(pkcs8: &Secret) -> Result<KeySpec> {
    if is_edwards(pkcs8) {
        return Ok(KeySpec::Ec(Curve::Ed25519));
    }
    let key = private(pkcs8)?;
    match key.id() {
        Id::RSA => {
            let bits = u16::try_from(key.bits());
            let bits = bits.map_err(|_| Error::BadKey("a huge RSA modulus"))?;
            Ok(KeySpec::Rsa { bits })
        }
        Id::DSA => {
            let key = key.dsa().map_err(|_| UNKNOWN)?;
            let (p, q) = key.p_opt().zip(key.q_opt()).ok_or(UNKNOWN)?;
            prime_checks::dsa_spec(p, q)
        }
        Id::DH => prime_checks::dh_spec(key.dh().map_err(|_| UNKNOWN)?.prime_p()),
        _ => match der::private_algorithm(pkcs8.expose()).and_then(post_quantum) {
            Some(algorithm) => Ok(KeySpec::PostQuantum(algorithm)),
            None => curve_of(&key).map(KeySpec::Ec),
        },
    }
}

/// What kind of key, other than RSA, a parsed SubjectPublicKeyInfo holds; its numbers are not validated.
pub(crate) fn public_spec(spki: &[u8], key: &PKeyRef<Public>) -> Result<KeySpec> {
    match key.id() {
        Id::DSA => {
            let key = key.dsa().map_err(|_| UNKNOWN)?;
            let (p, q) = key.p_opt().zip(key.q_opt()).ok_or(UNKNOWN)?;
            prime_checks::dsa_spec(p, q)
        }
        Id::DH => prime_checks::dh_spec(key.dh().map_err(|_| UNKNOWN)?.prime_p()),
        _ => match der::public_algorithm(spki).and_then(post_quantum) {
            Some(algorithm) => Ok(KeySpec::PostQuantum(algorithm)),
            None => curve_of(key).map(KeySpec::Ec),
        },
    }
}

/// The AlgorithmIdentifier of a SubjectPublicKeyInfo: algorithm and parameters.
pub(crate) fn algorithm(spki: &[u8]) -> Result<&[u8]> {
    der::public_algorithm(spki).ok_or(UNKNOWN)
}

fn post_quantum(algorithm: &[u8]) -> Option<PostQuantum> {
    PostQuantum::ALL
        .iter()
        .find(|own| own.oid() == algorithm)
        .copied()
}

/// The public half of a private key.
pub fn pkcs8_to_spki(pkcs8: &Secret) -> Result<Vec<u8>> {
    if is_edwards(pkcs8) {
        return ec::edwards_spki(pkcs8);
    }
    private(pkcs8)?.public_key_to_der().map_err(engine::failed)
}

/// The curve of a key.
pub(crate) fn curve_of<T: HasPublic>(key: &PKeyRef<T>) -> Result<Curve> {
    let unknown = UNKNOWN;
    match key.id() {
        Id::ED25519 => Ok(Curve::Ed25519),
        Id::ED448 => Ok(Curve::Ed448),
        Id::X25519 => Ok(Curve::X25519),
        Id::X448 => Ok(Curve::X448),
        Id::EC => {
            // OpenSSL reads some points and scalars only here, so a failure is the key's.
            let key = key
                .ec_key()
                .map_err(|_| Error::BadKey("not a key of its curve"))?;
            // RFC 5480 §2.1.1: the curve is named. Parameters written out are refused even where they are a curve of ours.
            if key.group().asn1_flag() != Asn1Flag::NAMED_CURVE {
                return Err(unknown);
            }
            let name = key.group().curve_name();
            Curve::ALL
                .iter()
                .find(|curve| name.is_some() && engine::nid(**curve) == name)
                .copied()
                .ok_or(unknown)
        }
        _ => Err(unknown),
    }
}

fn is_edwards(pkcs8: &Secret) -> bool {
    aws_lc_rs::signature::Ed25519KeyPair::from_pkcs8(pkcs8.expose()).is_ok()
}

fn private(pkcs8: &Secret) -> Result<PKey<Private>> {
    if !is_one_der_structure(pkcs8.expose()) {
        return Err(Error::BadKey("not one DER structure of PKCS #8"));
    }
    PKey::private_key_from_pkcs8(pkcs8.expose())
        .map_err(|_| Error::BadKey("not a PKCS #8 private key"))
}

fn public(spki: &[u8]) -> Result<PKey<Public>> {
    if !is_one_der_structure(spki) {
        return Err(Error::BadKey("not one DER SubjectPublicKeyInfo"));
    }
    PKey::public_key_from_der(spki).map_err(|_| Error::BadKey("not a DER SubjectPublicKeyInfo"))
}

const UNKNOWN: Error = Error::BadKey("a key of an algorithm or curve not served");

#[cfg(test)]
mod tests;
