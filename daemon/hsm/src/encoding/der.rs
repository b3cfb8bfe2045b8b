//! The little DER that is read and written here by hand: what algorithm a key is of, and keys of bare bytes.

use zeroize::Zeroizing;

/// Whether the bytes are exactly one DER SEQUENCE: the libraries ignore what follows it, and we do not.
pub(crate) fn is_one_der_structure(der: &[u8]) -> bool {
    matches!(element(SEQUENCE, der), Some((_, [])))
}

/// The AlgorithmIdentifier's contents of a SubjectPublicKeyInfo (RFC 5280 §4.1).
pub(super) fn public_algorithm(spki: &[u8]) -> Option<&[u8]> {
    let (fields, _) = element(SEQUENCE, spki)?;
    Some(element(SEQUENCE, fields)?.0)
}

/// The AlgorithmIdentifier's contents of a PKCS #8 structure (RFC 5958 §2).
pub(super) fn private_algorithm(pkcs8: &[u8]) -> Option<&[u8]> {
    let (fields, _) = element(SEQUENCE, pkcs8)?;
    let (_, fields) = element(INTEGER, fields)?;
    Some(element(SEQUENCE, fields)?.0)
}

/// One element of bytes that are no longer than any key.
pub(super) fn encoded(tag: u8, contents: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let length: usize = contents.iter().map(|part| part.len()).sum();
    // As long as it will be, so that nothing secret stays behind where it grew.
    let mut der = Zeroizing::new(Vec::with_capacity(length + 4));
    der.push(tag);
    let [high, low] = u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
    match (high, low) {
        (0, 0..=0x7f) => der.push(low),
        (0, _) => der.extend([0x81, low]),
        _ => der.extend([0x82, high, low]),
    }
    for part in contents {
        der.extend_from_slice(part);
    }
    der
}

/// The contents of the element in front, and what follows it.
fn element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    // ITU-T X.690 §10.1: definite lengths, in as few bytes as possible; three bytes of length are beyond any key.
    let (length, rest) = match der {
        [found, short @ 0..=0x7f, rest @ ..] if *found == tag => (usize::from(*short), rest),
        [found, 0x81, long @ 0x80..=0xff, rest @ ..] if *found == tag => (usize::from(*long), rest),
        [found, 0x82, high @ 1..=0xff, low, rest @ ..] if *found == tag => {
            (usize::from(u16::from_be_bytes([*high, *low])), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const SEQUENCE: u8 = 0x30;
