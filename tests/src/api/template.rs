//! Templates of attributes, in the form that C has them.

use cryptoki_sys as ck;

use super::Ulong;

/// An attribute: its type and its value in C.
pub type Attribute = (Ulong, Vec<u8>);

/// The attributes that hold a key, or a part of one.
pub const PARTS_OF_KEYS: &[Ulong] = &[
    ck::CKA_VALUE,
    ck::CKA_SEED,
    ck::CKA_PRIVATE_EXPONENT,
    ck::CKA_PRIME_1,
    ck::CKA_PRIME_2,
    ck::CKA_EXPONENT_1,
    ck::CKA_EXPONENT_2,
    ck::CKA_COEFFICIENT,
];

/// A `CK_BBOOL`.
#[must_use]
pub fn flag(kind: Ulong, value: bool) -> Attribute {
    (kind, vec![u8::from(value)])
}

/// A `CK_ULONG`.
#[must_use]
pub fn number(kind: Ulong, value: Ulong) -> Attribute {
    (kind, value.to_ne_bytes().to_vec())
}

/// Several `CK_ULONG`s.
#[must_use]
pub fn numbers(kind: Ulong, values: &[Ulong]) -> Attribute {
    let bytes = values.iter().flat_map(|value| value.to_ne_bytes());
    (kind, bytes.collect())
}

/// Bytes or text.
#[must_use]
pub fn bytes(kind: Ulong, value: &[u8]) -> Attribute {
    (kind, value.to_vec())
}

/// A template as an attribute's value, whose entries stay where C finds them as long as the program runs.
#[must_use]
pub fn nested(kind: Ulong, entries: &[Attribute]) -> Attribute {
    let one = |(kind, value): &Attribute| {
        let own: &'static [u8] = value.clone().leak();
        let place = own.as_ptr().expose_provenance();
        [
            kind.to_ne_bytes(),
            place.to_ne_bytes(),
            own.len().to_ne_bytes(),
        ]
        .concat()
    };
    (kind, entries.iter().flat_map(one).collect())
}

/// The template as C has it; it borrows the values.
pub(super) fn raw(template: &[Attribute]) -> Vec<ck::CK_ATTRIBUTE> {
    let one = |(kind, value): &Attribute| ck::CK_ATTRIBUTE {
        type_: *kind,
        pValue: value.as_ptr().cast_mut().cast(),
        ulValueLen: super::calls::ulong(value.len()),
    };
    template.iter().map(one).collect()
}
