//! Templates as values of attributes: what keys that handle keys allow, add or demand.

use kmip::ttlv::AnyValue;

use crate::{
    Entry, Facts, Result, Rv, Ulong,
    attribute::{Form, form, row},
};

/// Entries as one value that does not depend on the machine: of each its attribute, the length and the bytes of its value
/// in KMIP, numbers in eight bytes.
///
/// # Errors
/// What is wrong with an entry; templates hold none themselves.
pub fn packed(entries: &[Entry<'_>]) -> Result<Vec<u8>> {
    let mut packed = Vec::new();
    for entry in entries {
        let row = row(entry.kind).ok_or(Rv::ATTRIBUTE_TYPE_INVALID)?;
        if row.form == Form::Template || !row.form.fits(entry.value) {
            return Err(Rv::ATTRIBUTE_VALUE_INVALID);
        }
        let value = row.form.to_kmip(entry.value);
        packed.extend(wide(entry.kind));
        packed.extend(wide(crate::ulong(value.body.len())));
        packed.extend(value.body);
    }
    Ok(packed)
}

#[allow(
    clippy::useless_conversion,
    reason = "the number is narrower on some machines"
)]
fn wide(number: Ulong) -> [u8; 8] {
    u64::from(number).to_be_bytes()
}

/// The entries of a packed template in C; `None` where it is none.
#[must_use]
pub fn unpacked(mut packed: &[u8]) -> Option<Vec<(Ulong, Vec<u8>)>> {
    let mut entries = Vec::new();
    while !packed.is_empty() {
        let (kind, rest) = packed.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
        let (body, rest) = rest.split_at_checked(length)?;
        let kind = Ulong::try_from(u64::from_be_bytes(*kind)).ok()?;
        let form = form(kind);
        let value = form.to_c(&AnyValue {
            item_type: form.item_type(),
            body: body.to_vec(),
        })?;
        entries.push((kind, value));
        packed = rest;
    }
    Some(entries)
}

/// The entries of a template that a key has; none where it has no such template.
///
/// # Errors
/// `DEVICE_ERROR` for what is no template: a key whose rules cannot be read does nothing.
pub fn of(key: &Facts, kind: Ulong) -> Result<Vec<(Ulong, Vec<u8>)>> {
    let packed = key.value(kind).unwrap_or_default();
    unpacked(packed).ok_or(Rv::DEVICE_ERROR)
}

/// Whether an object has all that a key's template demands.
///
/// # Errors
/// As of [`of`].
pub fn fits(key: &Facts, kind: Ulong, object: &Facts) -> Result<bool> {
    let demanded = of(key, kind)?;
    let has = |(kind, value): &(Ulong, Vec<u8>)| object.value(*kind) == Some(value.as_slice());
    Ok(demanded.iter().all(has))
}

#[cfg(test)]
mod tests {
    use cryptoki_sys as ck;

    use super::*;
    use crate::attribute::{flag_bytes, number_bytes};

    #[test]
    fn templates_are_packed_and_unpacked() {
        let values = [
            (ck::CKA_KEY_TYPE, number_bytes(ck::CKK_AES)),
            (ck::CKA_SENSITIVE, flag_bytes(true)),
            (ck::CKA_LABEL, b"own".to_vec()),
            (ck::CKA_ID, Vec::new()),
        ];
        let entries: Vec<_> = values
            .iter()
            .map(|(kind, value)| Entry { kind: *kind, value })
            .collect();
        let whole = packed(&entries).unwrap();
        assert_eq!(unpacked(&whole), Some(values.to_vec()));
        assert_eq!(unpacked(&[]), Some(Vec::new()));
        for cut in 1..16 {
            assert_eq!(unpacked(&whole[..whole.len() - cut]), None);
        }
        let refused = |kind, value| packed(&[Entry { kind, value }]);
        assert_eq!(refused(0x99, b"x"), Err(Rv::ATTRIBUTE_TYPE_INVALID));
        assert_eq!(
            refused(ck::CKA_TOKEN, &[2]),
            Err(Rv::ATTRIBUTE_VALUE_INVALID)
        );
        assert_eq!(
            refused(ck::CKA_WRAP_TEMPLATE, &whole),
            Err(Rv::ATTRIBUTE_VALUE_INVALID)
        );
    }
}
