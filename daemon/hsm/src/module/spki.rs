//! Public halves as the module gives them, made DER SubjectPublicKeyInfo.

use cryptoki::{
    object::{Attribute, AttributeType, ObjectHandle},
    session::Session,
};
use kmip::mechanism::{Curve, KeySpec};
use openssl::{
    bn::{BigNum, BigNumContext},
    ec::{EcGroup, EcKey, EcPoint},
    error::ErrorStack,
    nid::Nid,
    pkey::{PKey, Public},
    rsa::Rsa,
};

use super::error::Result;
use crate::{Error, soft::engine};

/// Modulus and public exponent of an RSA key, DER SubjectPublicKeyInfo.
pub(super) fn numbers(public: &[u8]) -> crate::Result<(Vec<u8>, Vec<u8>)> {
    let rsa = PKey::public_key_from_der(public).and_then(|key| key.rsa());
    let rsa = rsa.map_err(|_| Error::KeyTypeMismatch)?;
    Ok((rsa.n().to_vec(), rsa.e().to_vec()))
}

/// A generated public key as DER SubjectPublicKeyInfo.
pub(super) fn read(session: &Session, public: ObjectHandle, spec: KeySpec) -> Result<Vec<u8>> {
    let key = match spec {
        KeySpec::Rsa { .. } => rsa_public(session, public)?,
        KeySpec::Ec(curve) => {
            let attributes = session.get_attributes(public, &[AttributeType::EcPoint])?;
            attributes.iter().find_map(|attribute| match attribute {
                Attribute::EcPoint(point) => ec_public(curve, normalised(curve, point)?).ok(),
                _ => None,
            })
        }
        _ => None,
    };
    key.and_then(|key| key.public_key_to_der().ok())
        .ok_or_else(|| {
            Error::Failed("the module gave no readable public half of the key it made".into())
                .into()
        })
}

fn rsa_public(session: &Session, key: ObjectHandle) -> Result<Option<PKey<Public>>> {
    let wanted = [AttributeType::Modulus, AttributeType::PublicExponent];
    let (mut n, mut e) = (None, None);
    for attribute in session.get_attributes(key, &wanted)? {
        match attribute {
            Attribute::Modulus(bytes) => n = BigNum::from_slice(&bytes).ok(),
            Attribute::PublicExponent(bytes) => e = BigNum::from_slice(&bytes).ok(),
            _ => {}
        }
    }
    Ok(n.zip(e)
        .and_then(|(n, e)| Rsa::from_public_components(n, e).ok())
        .and_then(|rsa| PKey::from_rsa(rsa).ok()))
}

fn ec_public(curve: Curve, point: &[u8]) -> std::result::Result<PKey<Public>, ErrorStack> {
    if let Some(id) = engine::raw_id(curve) {
        return PKey::public_key_from_raw_bytes(point, id);
    }
    let group = EcGroup::from_curve_name(engine::nid(curve).unwrap_or(Nid::UNDEF))?;
    // Reading the point checks that it is on the curve.
    let point = EcPoint::from_bytes(&group, point, &mut *BigNumContext::new()?)?;
    PKey::from_ec_key(EcKey::from_public_key(&group, &point)?)
}

/// The bare point from what modules put into CKA_EC_POINT: bare, or in a DER OCTET STRING or BIT STRING.
///
/// A bare uncompressed point begins with the OCTET STRING's 0x04 too; only the length tells them apart.
fn normalised(curve: Curve, bytes: &[u8]) -> Option<&[u8]> {
    let wanted = curve.point_bytes();
    if bytes.len() == wanted {
        return Some(bytes);
    }
    let (header, point) = bytes.split_at_checked(bytes.len().checked_sub(wanted)?)?;
    let len = u8::try_from(wanted).ok()?;
    let is_string = match header {
        [0x04, l] | [0x04, 0x81, l] => *l == len,
        [0x03, l, 0] | [0x03, 0x81, l, 0] => *l == len.checked_add(1)?,
        _ => false,
    };
    is_string.then_some(point)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_found_in_every_wrapping() {
        let point = [&[4][..], &[4; 64]].concat();
        for wrapped in [point.clone(), [&[0x04, 65][..], &point].concat()] {
            assert_eq!(normalised(Curve::P256, &wrapped), Some(&point[..]));
        }
        let point = [&[4][..], &[9; 132]].concat();
        let wrapped = [&[0x04, 0x81, 133][..], &point].concat();
        assert_eq!(normalised(Curve::P521, &wrapped), Some(&point[..]));
        let wrapped = [&[0x03, 33, 0][..], &[7; 32]].concat();
        assert_eq!(normalised(Curve::Ed25519, &wrapped), Some(&[7; 32][..]));
        assert_eq!(normalised(Curve::P256, &[4; 66]), None);
        assert_eq!(normalised(Curve::P256, &[]), None);
    }
}
