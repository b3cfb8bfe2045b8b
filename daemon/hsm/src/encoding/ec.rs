//! Keys on elliptic curves as SEC 1, as points and as scalars.

use aws_lc_rs::{
    encoding::{AsBigEndian, AsDer, Curve25519SeedBin, PublicKeyX509Der},
    signature::{Ed25519KeyPair, KeyPair},
};
use kmip::{Secret, mechanism::Curve};
use openssl::{
    bn::{BigNum, BigNumContext},
    ec::{EcGroup, EcKey, EcPoint, PointConversionForm},
    pkey::{PKey, Public},
};

use super::{curve_of, der, is_edwards, is_one_der_structure, private, public};
use crate::{
    Error, Result,
    soft::engine::{self, failed},
};

/// SubjectPublicKeyInfo to the curve and the point: uncompressed octets of SEC 1 §2.3.3, or the bytes of an Edwards or Montgomery key.
pub fn spki_to_point(spki: &[u8]) -> Result<(Curve, Vec<u8>)> {
    let key = public(spki)?;
    let curve = curve_of(&key)?;
    if !curve.is_weierstrass() {
        return Ok((curve, key.raw_public_key().map_err(failed)?));
    }
    let key = key.ec_key().map_err(failed)?;
    octets(&key, PointConversionForm::UNCOMPRESSED).map(|point| (curve, point))
}

/// As [`spki_to_point`], with a point of SEC 1 compressed.
pub fn spki_to_compressed_point(spki: &[u8]) -> Result<(Curve, Vec<u8>)> {
    let key = public(spki)?;
    let curve = curve_of(&key)?;
    let key = key.ec_key().map_err(|_| NOT_EC)?;
    octets(&key, PointConversionForm::COMPRESSED).map(|point| (curve, point))
}

/// SubjectPublicKeyInfo with its point compressed (RFC 5480 §2.2).
pub fn compressed_spki(spki: &[u8]) -> Result<Vec<u8>> {
    let (_, point) = spki_to_compressed_point(spki)?;
    let algorithm = der::public_algorithm(spki).ok_or(NOT_EC)?;
    let algorithm = der::element(der::SEQUENCE, &[algorithm]);
    let key = der::bit_string(&point);
    Ok(der::element(der::SEQUENCE, &[&algorithm, &key]))
}

fn octets(key: &EcKey<Public>, form: PointConversionForm) -> Result<Vec<u8>> {
    let mut context = BigNumContext::new().map_err(failed)?;
    key.public_key()
        .to_bytes(key.group(), form, &mut context)
        .map_err(failed)
}

/// A point to SubjectPublicKeyInfo: octets of SEC 1 in any form, or the bytes of an Edwards or Montgomery key.
pub fn point_to_spki(curve: Curve, point: &[u8]) -> Result<Vec<u8>> {
    if let Some(id) = engine::raw_id(curve) {
        return PKey::public_key_from_raw_bytes(point, id)
            .map_err(|_| Error::BadKey("a public key of another length than its curve has"))?
            .public_key_to_der()
            .map_err(failed);
    }
    let nid = engine::nid(curve).ok_or(NOT_EC)?;
    let group = EcGroup::from_curve_name(nid).map_err(failed)?;
    let mut context = BigNumContext::new().map_err(failed)?;
    let point = EcPoint::from_bytes(&group, point, &mut context)
        .map_err(|_| Error::BadKey("not a point of the curve"))?;
    if point.is_infinity(&group) {
        return Err(Error::BadKey("the point at infinity"));
    }
    EcKey::from_public_key(&group, &point)
        .and_then(PKey::from_ec_key)
        .map_err(|_| Error::BadKey("not a point of the curve"))?
        .public_key_to_der()
        .map_err(failed)
}

/// PKCS #8 to SEC 1 ECPrivateKey (RFC 5915).
pub fn pkcs8_to_sec1(pkcs8: &Secret) -> Result<Secret> {
    let key = private(pkcs8)?.ec_key().map_err(|_| NOT_EC)?;
    key.private_key_to_der().map(Secret::new).map_err(failed)
}

/// SEC 1 ECPrivateKey, its curve named inside, to PKCS #8.
pub fn sec1_to_pkcs8(sec1: &Secret) -> Result<Secret> {
    if !is_one_der_structure(sec1.expose()) {
        return Err(NOT_SEC1);
    }
    let key = EcKey::private_key_from_der(sec1.expose()).map_err(|_| NOT_SEC1)?;
    PKey::from_ec_key(key)
        .and_then(|key| key.private_key_to_pkcs8())
        .map(Secret::new)
        .map_err(failed)
}

/// PKCS #8 to the curve and the scalar in its full length, or the bytes of an Edwards or Montgomery key.
pub fn pkcs8_to_scalar(pkcs8: &Secret) -> Result<(Curve, Secret)> {
    if is_edwards(pkcs8) {
        let seed = edwards(pkcs8)?.seed().map_err(failed)?;
        let bytes: Curve25519SeedBin<'_> = seed.as_be_bytes().map_err(failed)?;
        return Ok((Curve::Ed25519, Secret::from(bytes.as_ref())));
    }
    let key = private(pkcs8)?;
    let curve = curve_of(&key)?;
    if !curve.is_weierstrass() {
        let scalar = key.raw_private_key().map_err(failed)?;
        return Ok((curve, Secret::new(scalar)));
    }
    let field_bytes = i32::try_from(curve.field_bytes()).map_err(failed)?;
    let scalar = key
        .ec_key()
        .and_then(|key| key.private_key().to_vec_padded(field_bytes))
        .map_err(|_| NOT_EC)?;
    Ok((curve, Secret::new(scalar)))
}

/// A scalar, or the bytes of an Edwards or Montgomery key, to PKCS #8; the public half is computed.
pub fn scalar_to_pkcs8(curve: Curve, scalar: &Secret) -> Result<Secret> {
    if let Some(id) = engine::raw_id(curve) {
        return PKey::private_key_from_raw_bytes(scalar.expose(), id)
            .map_err(|_| Error::BadKey("a private key of another length than its curve has"))?
            .private_key_to_pkcs8()
            .map(Secret::new)
            .map_err(failed);
    }
    let nid = engine::nid(curve).ok_or(NOT_EC)?;
    let bytes = scalar.expose();
    let excess = bytes.len().saturating_sub(curve.field_bytes());
    if bytes.iter().take(excess).any(|byte| *byte != 0) {
        return Err(OUT_OF_RANGE);
    }
    let group = EcGroup::from_curve_name(nid).map_err(failed)?;
    let (mut number, mut order) = (
        BigNum::new_secure().map_err(failed)?,
        BigNum::new().map_err(failed)?,
    );
    let mut context = BigNumContext::new_secure().map_err(failed)?;
    number
        .copy_from_slice(bytes.get(excess..).unwrap_or_default())
        .and_then(|()| group.order(&mut order, &mut context))
        .map_err(failed)?;
    if number.num_bits() == 0 || number >= order {
        return Err(OUT_OF_RANGE);
    }
    let mut point = EcPoint::new(&group).map_err(failed)?;
    point
        .mul_generator2(&group, &number, &mut context)
        .and_then(|()| EcKey::from_private_components(&group, &number, &point))
        .and_then(PKey::from_ec_key)
        .and_then(|key| key.private_key_to_pkcs8())
        .map(Secret::new)
        .map_err(failed)
}

/// The public half of an Ed25519 key.
pub(super) fn edwards_spki(pkcs8: &Secret) -> Result<Vec<u8>> {
    let pair = edwards(pkcs8)?;
    let der: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(failed)?;
    Ok(der.as_ref().to_vec())
}

fn edwards(pkcs8: &Secret) -> Result<Ed25519KeyPair> {
    Ed25519KeyPair::from_pkcs8(pkcs8.expose()).map_err(|_| NOT_EC)
}

const NOT_EC: Error = Error::BadKey("not a key of an elliptic curve");
const NOT_SEC1: Error = Error::BadKey("not a SEC 1 private key that names its curve");
const OUT_OF_RANGE: Error =
    Error::BadKey("a scalar that is zero or not below the order of the curve");
