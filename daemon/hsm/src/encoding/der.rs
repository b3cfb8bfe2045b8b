//! What keys need of DER beside the elements: whether bytes are one structure, and of what algorithm a key is.

pub(super) use kmip::der::*;

/// Whether the bytes are exactly one DER SEQUENCE no longer than keys are: the libraries ignore what follows it, and we
/// do not.
pub(crate) fn is_one_der_structure(der: &[u8]) -> bool {
    only(SEQUENCE, der).is_some_and(|contents| contents.len() <= KEY_BYTES_MAX)
}

/// The AlgorithmIdentifier's contents of a SubjectPublicKeyInfo (RFC 5280 §4.1).
pub(super) fn public_algorithm(mut spki: &[u8]) -> Option<&[u8]> {
    let mut fields = take(&mut spki, SEQUENCE)?.contents;
    take(&mut fields, SEQUENCE).map(|own| own.contents)
}

/// The AlgorithmIdentifier's contents of a PKCS #8 structure (RFC 5958 §2).
pub(super) fn private_algorithm(mut pkcs8: &[u8]) -> Option<&[u8]> {
    let mut fields = take(&mut pkcs8, SEQUENCE)?.contents;
    take(&mut fields, INTEGER)?;
    take(&mut fields, SEQUENCE).map(|own| own.contents)
}

const KEY_BYTES_MAX: usize = 0xFFFF;
