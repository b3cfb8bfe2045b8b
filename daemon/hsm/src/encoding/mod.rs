//! Conversions between the encodings of keys: the form of a key changes, its validity is judged elsewhere.
//!
//! Private keys travel as PKCS #8 and public keys as SubjectPublicKeyInfo, both DER; here are the ways from and to
//! everything else a client may send or ask for.

mod ec;
mod rsa;

use kmip::{
    Secret,
    mechanism::{Curve, KeySpec},
};
use openssl::{
    ec::Asn1Flag,
    pkey::{HasPublic, Id, PKey, PKeyRef, Private, Public},
};

pub use self::{
    ec::{
        pkcs8_to_scalar, pkcs8_to_sec1, point_to_spki, scalar_to_pkcs8, sec1_to_pkcs8,
        spki_to_point,
    },
    rsa::{
        RsaPrivateNumbers, RsaPublicNumbers, pkcs1_public_to_spki, pkcs1_to_pkcs8, pkcs8_to_pkcs1,
        pkcs8_to_rsa_numbers, rsa_numbers_to_pkcs8, rsa_numbers_to_spki, spki_to_pkcs1_public,
        spki_to_rsa_numbers,
    },
};
use crate::{Error, Result, soft::engine};

/// What kind of key a PKCS #8 structure says it holds; its numbers are not validated.
pub fn pkcs8_spec(pkcs8: &Secret) -> Result<KeySpec> {
    if is_edwards(pkcs8) {
        return Ok(KeySpec::Ec(Curve::Ed25519));
    }
    let key = private(pkcs8)?;
    if key.id() == Id::RSA {
        let bits = u16::try_from(key.bits()).map_err(|_| Error::BadKey("a huge RSA modulus"))?;
        return Ok(KeySpec::Rsa { bits });
    }
    curve_of(&key).map(KeySpec::Ec)
}

/// The public half of a private key.
pub fn pkcs8_to_spki(pkcs8: &Secret) -> Result<Vec<u8>> {
    if is_edwards(pkcs8) {
        return ec::edwards_spki(pkcs8);
    }
    private(pkcs8)?.public_key_to_der().map_err(engine::failed)
}

/// Whether the bytes are exactly one DER SEQUENCE: the libraries ignore what follows it, and we do not.
pub(crate) fn is_one_der_structure(der: &[u8]) -> bool {
    // ITU-T X.690 §10.1: definite lengths, in as few bytes as possible; three bytes of length are beyond any key.
    let body = match der {
        [0x30, short @ 0..=0x7f, body @ ..] => (usize::from(*short), body),
        [0x30, 0x81, long @ 0x80..=0xff, body @ ..] => (usize::from(*long), body),
        [0x30, 0x82, high @ 1..=0xff, low, body @ ..] => {
            (usize::from(u16::from_be_bytes([*high, *low])), body)
        }
        _ => return false,
    };
    body.0 == body.1.len()
}

/// The curve of a key.
pub(crate) fn curve_of<T: HasPublic>(key: &PKeyRef<T>) -> Result<Curve> {
    let unknown = Error::BadKey("a key of an algorithm or curve not served");
    match key.id() {
        Id::ED25519 => Ok(Curve::Ed25519),
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

#[cfg(test)]
mod tests;
