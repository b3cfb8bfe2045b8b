//! The curves' names in PKCS #11: object identifiers, and printable names where callers use them.

use cryptoki_sys as ck;
use kmip::{
    der,
    mechanism::{Curve, CurveForm},
};

use crate::{Result, Rv, Ulong};

/// Printable names that mean a curve; every curve is also known by its object identifier.
const NAMES: &[(Curve, &[&str])] = &[
    (Curve::P192, &["secp192r1", "prime192v1", "P-192"]),
    (Curve::P224, &["secp224r1", "P-224"]),
    (Curve::P256, &["secp256r1", "prime256v1", "P-256"]),
    (Curve::P384, &["secp384r1", "P-384"]),
    (Curve::P521, &["secp521r1", "P-521"]),
    (Curve::Secp256k1, &["secp256k1"]),
    (Curve::Ed25519, &["edwards25519", "Ed25519", "id-Ed25519"]),
    (Curve::Ed448, &["edwards448", "Ed448", "id-Ed448"]),
    (Curve::X25519, &["curve25519", "X25519", "id-X25519"]),
    (Curve::X448, &["curve448", "X448", "id-X448"]),
    (Curve::BrainpoolP160r1, &["brainpoolP160r1"]),
    (Curve::BrainpoolP160t1, &["brainpoolP160t1"]),
    (Curve::BrainpoolP192r1, &["brainpoolP192r1"]),
    (Curve::BrainpoolP192t1, &["brainpoolP192t1"]),
    (Curve::BrainpoolP224r1, &["brainpoolP224r1"]),
    (Curve::BrainpoolP224t1, &["brainpoolP224t1"]),
    (Curve::BrainpoolP256r1, &["brainpoolP256r1"]),
    (Curve::BrainpoolP256t1, &["brainpoolP256t1"]),
    (Curve::BrainpoolP320r1, &["brainpoolP320r1"]),
    (Curve::BrainpoolP320t1, &["brainpoolP320t1"]),
    (Curve::BrainpoolP384r1, &["brainpoolP384r1"]),
    (Curve::BrainpoolP384t1, &["brainpoolP384t1"]),
    (Curve::BrainpoolP512r1, &["brainpoolP512r1"]),
    (Curve::BrainpoolP512t1, &["brainpoolP512t1"]),
];

/// The identifier of GNU's, under which OpenSC knows Ed25519.
const ED25519_GNU: &[u8] = &[6, 9, 0x2B, 6, 1, 4, 1, 0xDA, 0x47, 0x0F, 1];

/// The `CKK_` of keys on a curve (PKCS #11 3.1 §6.3).
pub const fn key_type(curve: Curve) -> Ulong {
    match curve.form() {
        CurveForm::Weierstrass => ck::CKK_EC,
        CurveForm::Edwards => ck::CKK_EC_EDWARDS,
        CurveForm::Montgomery => ck::CKK_EC_MONTGOMERY,
    }
}

/// The curve that `CKA_EC_PARAMS` names, by object identifier or printable string (PKCS #11 3.1 §6.3.3). What is a choice
/// of the standard's and no curve of ours is not supported; what is none of its choices is invalid.
pub fn of_parameters(parameters: &[u8]) -> Result<Curve> {
    if parameters == ED25519_GNU {
        return Ok(Curve::Ed25519);
    }
    let mut curves = Curve::ALL.iter().copied();
    let found = match der::only(der::PRINTABLE_STRING, parameters) {
        Some(name) => {
            let named = |own: &[&str]| own.iter().any(|own| own.as_bytes() == name);
            let row = NAMES.iter().find(|(_, own)| named(own));
            row.map(|(curve, _)| *curve)
        }
        None => curves.find(|curve| curve.oid() == parameters),
    };
    let choices = [der::PRINTABLE_STRING, der::OID, der::SEQUENCE];
    let is_choice = choices
        .iter()
        .any(|tag| der::only(*tag, parameters).is_some_and(|body| !body.is_empty()));
    found.ok_or(if is_choice {
        Rv::CURVE_NOT_SUPPORTED
    } else {
        Rv::DOMAIN_PARAMS_INVALID
    })
}

/// The public point that `CKA_EC_POINT` holds, in an OCTET STRING or bare, as callers of both habits pass it.
pub fn point(curve: Curve, value: &[u8]) -> Option<&[u8]> {
    let bare = !curve.is_weierstrass();
    let fits =
        |point: &[u8]| point.len() == curve.point_bytes() && (bare || point.first() == Some(&4));
    if fits(value) {
        return Some(value);
    }
    der::only(der::OCTET_STRING, value)
        .or_else(|| der::only(der::BIT_STRING, value).and_then(|bits| bits.strip_prefix(&[0])))
        .filter(|point| fits(point))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_known_by_identifier_and_by_name() {
        for curve in Curve::ALL {
            assert_eq!(of_parameters(curve.oid()), Ok(*curve));
            assert!(NAMES.iter().any(|(own, _)| own == curve), "{curve:?}");
        }
        let named = der::element(der::PRINTABLE_STRING, &[b"edwards25519"]);
        assert_eq!(of_parameters(&named), Ok(Curve::Ed25519));
        assert_eq!(of_parameters(ED25519_GNU), Ok(Curve::Ed25519));
        assert_eq!(of_parameters(&[6, 1, 0]), Err(Rv::CURVE_NOT_SUPPORTED));
        let cut = Curve::P384.oid().split_last().unwrap().1;
        for broken in [cut, &[], &[6, 0], &[5, 0], &[6, 6, 0x2B, 0x81, 4, 0, 0x22]] {
            assert_eq!(of_parameters(broken), Err(Rv::DOMAIN_PARAMS_INVALID));
        }
    }

    #[test]
    fn points_are_taken_wrapped_and_bare() {
        let mut bare = vec![4];
        // The point whose first coordinate begins like a length must not be taken apart.
        bare.extend([0x1E; 64]);
        let wrapped = der::element(der::OCTET_STRING, &[&bare]);
        assert_eq!(point(Curve::P256, &bare), Some(bare.as_slice()));
        assert_eq!(point(Curve::P256, &wrapped), Some(bare.as_slice()));
        assert_eq!(point(Curve::P384, &bare), None);
        let edwards = der::element(der::BIT_STRING, &[&[0], &[7; 32]]);
        assert_eq!(point(Curve::Ed25519, &edwards), Some([7; 32].as_slice()));
    }
}
