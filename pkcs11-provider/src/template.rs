//! Templates for new objects and for changes, checked by the table of attributes.

use cryptoki_sys as ck;
use kmip::CryptographicUsageMask as Mask;

use crate::{
    attribute::{Entry, Given, Kept, ROWS, Row, Ulong, number, row},
    error::{Result, Rv},
};

/// A template for a new object or for changes: every entry known, well-formed, and named once.
pub(crate) struct Template<'a>(Vec<(&'static Row, &'a [u8])>);

impl<'a> Template<'a> {
    /// Checks the entries by the table (PKCS #11 3.1 §4.1.1).
    pub(crate) fn read(entries: &[Entry<'a>]) -> Result<Self> {
        let mut rows = Vec::<(&'static Row, &'a [u8])>::with_capacity(entries.len());
        for entry in entries {
            let row = row(entry.kind).ok_or(Rv::ATTRIBUTE_TYPE_INVALID)?;
            if row.given == Given::Never {
                return Err(Rv::ATTRIBUTE_READ_ONLY);
            }
            if !row.form.fits(entry.value) {
                return Err(Rv::ATTRIBUTE_VALUE_INVALID);
            }
            match rows.iter().find(|(other, _)| other.kind == row.kind) {
                Some((_, value)) if *value != entry.value => return Err(Rv::TEMPLATE_INCONSISTENT),
                Some(_) => {}
                None => rows.push((row, entry.value)),
            }
        }
        Ok(Self(rows))
    }

    /// The entries with their rows.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static Row, &'a [u8])> + '_ {
        self.0.iter().copied()
    }

    /// The value given.
    pub(crate) fn bytes(&self, kind: Ulong) -> Option<&'a [u8]> {
        self.iter()
            .find(|(row, _)| row.kind == kind)
            .map(|(_, value)| value)
    }

    /// The flag given.
    pub(crate) fn flag(&self, kind: Ulong) -> Option<bool> {
        self.bytes(kind).map(|value| value == [1])
    }

    /// The number given.
    pub(crate) fn number(&self, kind: Ulong) -> Option<Ulong> {
        self.bytes(kind).and_then(number)
    }

    /// A value that must be given.
    pub(crate) fn needed(&self, kind: Ulong) -> Result<&'a [u8]> {
        self.bytes(kind).ok_or(Rv::TEMPLATE_INCOMPLETE)
    }

    /// Checks that a number, where it is given, is this one.
    pub(crate) fn agrees(&self, kind: Ulong, expected: Ulong) -> Result<()> {
        match self.number(kind) {
            Some(other) if other != expected => Err(Rv::TEMPLATE_INCONSISTENT),
            _ => Ok(()),
        }
    }

    /// Whether the object is to outlive the session: no, when nothing is said.
    pub(crate) fn is_token(&self) -> bool {
        self.flag(ck::CKA_TOKEN).unwrap_or(false)
    }

    /// The usage mask: what the template says, and `defaults` where it is silent (PKCS #11 leaves them to the token).
    pub(crate) fn usage(&self, secret: bool, defaults: &[Ulong]) -> Mask {
        ROWS.iter().fold(Mask(0), |mask, row| match row.kept {
            Kept::Usage(asymmetric, symmetric)
                if self
                    .flag(row.kind)
                    .unwrap_or_else(|| defaults.contains(&row.kind)) =>
            {
                mask | if secret { symmetric } else { asymmetric }
            }
            _ => mask,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_checked_entry_by_entry() {
        let read = |kind, value: &'static [u8]| Template::read(&[Entry { kind, value }]).map(drop);
        assert_eq!(read(0x8000_0001, b""), Err(Rv::ATTRIBUTE_TYPE_INVALID));
        assert_eq!(read(ck::CKA_TOKEN, &[2]), Err(Rv::ATTRIBUTE_VALUE_INVALID));
        assert_eq!(read(ck::CKA_UNIQUE_ID, b"x"), Err(Rv::ATTRIBUTE_READ_ONLY));
        assert_eq!(
            read(ck::CKA_LABEL, b"\xFF"),
            Err(Rv::ATTRIBUTE_VALUE_INVALID)
        );
        let twice = [b"a".as_slice(), b"b"].map(|value| Entry {
            kind: ck::CKA_ID,
            value,
        });
        assert_eq!(
            Template::read(&twice).err(),
            Some(Rv::TEMPLATE_INCONSISTENT)
        );
    }
}
