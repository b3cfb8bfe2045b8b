//! Templates for new objects and for changes, checked by the table of attributes.

use cryptoki_sys as ck;
use kmip::CryptographicUsageMask as Mask;

use crate::{
    Result, Rv, Ulong,
    attribute::{Given, Kept, ROWS, Row, number, row},
};

/// An entry of a caller's template.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    /// The attribute.
    pub kind: Ulong,
    /// Its value in C.
    pub value: &'a [u8],
}

/// A template for a new object or for changes: every entry known, well-formed, and named once.
pub struct Template<'a>(Vec<(&'static Row, &'a [u8])>);

impl<'a> Template<'a> {
    /// Checks the entries by the table (PKCS #11 3.1 §4.1.1).
    pub fn read(entries: &[Entry<'a>]) -> Result<Self> {
        let mut rows = Vec::<(&'static Row, &'a [u8])>::with_capacity(entries.len());
        for entry in entries {
            let row = row(entry.kind).ok_or(Rv::ATTRIBUTE_TYPE_INVALID)?;
            if !row.form.fits(entry.value) {
                return Err(Rv::ATTRIBUTE_VALUE_INVALID);
            }
            if row.given == Given::Never {
                return Err(Rv::ATTRIBUTE_READ_ONLY);
            }
            match rows.iter().find(|(other, _)| other.kind == row.kind) {
                Some((_, value)) if *value != entry.value => return Err(Rv::TEMPLATE_INCONSISTENT),
                Some(_) => {}
                None => rows.push((row, entry.value)),
            }
        }
        Ok(Self(rows))
    }

    /// The template with what a key adds to it.
    ///
    /// # Errors
    /// `TEMPLATE_INCONSISTENT` where the caller says otherwise, and for what no template may say.
    pub fn with(mut self, added: &'a [(Ulong, Vec<u8>)]) -> Result<Self> {
        for (kind, value) in added {
            let row = row(*kind).filter(|row| row.given != Given::Never);
            let row = row.ok_or(Rv::TEMPLATE_INCONSISTENT)?;
            match self.bytes(*kind) {
                Some(own) if own != value => return Err(Rv::TEMPLATE_INCONSISTENT),
                Some(_) => {}
                None => self.0.push((row, value)),
            }
        }
        Ok(self)
    }

    /// The entries with their rows.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Row, &'a [u8])> + '_ {
        self.0.iter().copied()
    }

    /// The value given.
    pub fn bytes(&self, kind: Ulong) -> Option<&'a [u8]> {
        self.iter()
            .find(|(row, _)| row.kind == kind)
            .map(|(_, value)| value)
    }

    /// The flag given.
    pub fn flag(&self, kind: Ulong) -> Option<bool> {
        self.bytes(kind).map(|value| value == [1])
    }

    /// The number given.
    pub fn number(&self, kind: Ulong) -> Option<Ulong> {
        self.bytes(kind).and_then(number)
    }

    /// A value that must be given.
    pub fn needed(&self, kind: Ulong) -> Result<&'a [u8]> {
        self.bytes(kind).ok_or(Rv::TEMPLATE_INCOMPLETE)
    }

    /// Checks that a number, where it is given, is this one.
    pub fn agrees(&self, kind: Ulong, expected: Ulong) -> Result<()> {
        match self.number(kind) {
            Some(other) if other != expected => Err(Rv::TEMPLATE_INCONSISTENT),
            _ => Ok(()),
        }
    }

    /// Refuses attributes that only a brought key has.
    pub fn lacks(&self, kinds: &[Ulong]) -> Result<()> {
        if kinds.iter().any(|kind| self.bytes(*kind).is_some()) {
            return Err(Rv::TEMPLATE_INCONSISTENT);
        }
        Ok(())
    }

    /// Whether the object is to outlive the session: no, when nothing is said.
    pub fn is_token(&self) -> bool {
        self.flag(ck::CKA_TOKEN).unwrap_or(false)
    }

    /// The usage mask: what the template says, and `defaults` where it is silent (PKCS #11 leaves them to the token).
    pub fn usage(&self, secret: bool, defaults: &[Ulong]) -> Mask {
        let own = ROWS.iter().fold(Mask(0), |mask, row| match row.kept {
            Kept::Usage(asymmetric, symmetric)
                if self
                    .flag(row.kind)
                    .unwrap_or_else(|| defaults.contains(&row.kind)) =>
            {
                mask | if secret { symmetric } else { asymmetric }
            }
            _ => mask,
        });
        // To KMIP a signature that holds its message is a signature.
        let recovers = [
            (ck::CKA_SIGN_RECOVER, Mask::Sign),
            (ck::CKA_VERIFY_RECOVER, Mask::Verify),
        ];
        let asked = recovers
            .iter()
            .filter(|(kind, _)| self.flag(*kind) == Some(true));
        asked.fold(own, |mask, (_, own)| mask | *own)
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
        assert_eq!(read(ck::CKA_LOCAL, &[1]), Err(Rv::ATTRIBUTE_READ_ONLY));
        assert_eq!(
            read(ck::CKA_LOCAL, &[1, 0]),
            Err(Rv::ATTRIBUTE_VALUE_INVALID)
        );
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
