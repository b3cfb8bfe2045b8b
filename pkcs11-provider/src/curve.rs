//! The curves' names in PKCS #11: object identifiers, and printable names where callers use them.

use kmip::mechanism::Curve;

use crate::der;

/// One curve: its object identifier in DER, and the spellings that also mean it.
struct Row {
    curve: Curve,
    oid: &'static [u8],
    names: &'static [&'static str],
}

const ROWS: &[Row] = &[
    Row {
        curve: Curve::P256,
        oid: &[6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7],
        names: &["secp256r1", "prime256v1", "P-256"],
    },
    Row {
        curve: Curve::P384,
        oid: &[6, 5, 0x2B, 0x81, 4, 0, 0x22],
        names: &["secp384r1", "P-384"],
    },
    Row {
        curve: Curve::P521,
        oid: &[6, 5, 0x2B, 0x81, 4, 0, 0x23],
        names: &["secp521r1", "P-521"],
    },
    Row {
        curve: Curve::Secp256k1,
        oid: &[6, 5, 0x2B, 0x81, 4, 0, 0x0A],
        names: &["secp256k1"],
    },
    Row {
        curve: Curve::Ed25519,
        oid: &[6, 3, 0x2B, 0x65, 0x70],
        names: &["edwards25519", "Ed25519", "id-Ed25519"],
    },
];

/// The identifier of GNU's, under which OpenSC knows Ed25519.
const ED25519_GNU: &[u8] = &[6, 9, 0x2B, 6, 1, 4, 1, 0xDA, 0x47, 0x0F, 1];

/// `CKA_EC_PARAMS` of a curve.
pub(crate) fn oid(curve: Curve) -> &'static [u8] {
    ROWS.iter()
        .find(|row| row.curve == curve)
        .map_or(&[], |row| row.oid)
}

/// The curve that `CKA_EC_PARAMS` names, by object identifier or printable string (PKCS #11 3.1 §6.3.3).
pub(crate) fn of_parameters(parameters: &[u8]) -> Option<Curve> {
    if parameters == ED25519_GNU {
        return Some(Curve::Ed25519);
    }
    let name = der::only(der::PRINTABLE_STRING, parameters);
    ROWS.iter()
        .find(|row| {
            row.oid == parameters
                || name.is_some_and(|name| row.names.iter().any(|own| own.as_bytes() == name))
        })
        .map(|row| row.curve)
}

/// The public point that `CKA_EC_POINT` holds, in an OCTET STRING or bare, as callers of both habits pass it.
pub(crate) fn point(curve: Curve, value: &[u8]) -> Option<&[u8]> {
    let bytes = if curve == Curve::Ed25519 {
        32
    } else {
        1 + 2 * curve.field_bytes()
    };
    let fits = |point: &[u8]| point.len() == bytes && (bytes == 32 || point.first() == Some(&4));
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
            assert_eq!(of_parameters(oid(*curve)), Some(*curve));
        }
        let named = der::element(der::PRINTABLE_STRING, &[b"edwards25519"]);
        assert_eq!(of_parameters(&named), Some(Curve::Ed25519));
        assert_eq!(of_parameters(ED25519_GNU), Some(Curve::Ed25519));
        assert_eq!(of_parameters(&[6, 1, 0]), None);
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
