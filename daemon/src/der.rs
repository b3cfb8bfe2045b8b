//! The little DER that certificates and requests need: reading bounded, writing minimal (ITU-T X.690).

use kmip::ttlv::Timestamp;
use time::{OffsetDateTime, macros::format_description};

/// Universal tags.
pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0C;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const IA5_STRING: u8 = 0x16;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// A constructed element of the context with this number.
pub(crate) const fn context(number: u8) -> u8 {
    0xA0 | number
}

/// An element: its tag, its contents, and the bytes of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) contents: &'a [u8],
    pub(crate) whole: &'a [u8],
}

/// Splits the first element off.
pub(crate) fn split(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&[tag, first], rest) = bytes.split_first_chunk::<2>()?;
    let (length, header) = match first {
        0..=0x7F => (usize::from(first), 2),
        0x81..=0x84 => {
            let count = usize::from(first & 0x7F);
            let digits = rest.get(..count)?;
            let length = digits
                .iter()
                .fold(0_usize, |length, byte| (length << 8) | usize::from(*byte));
            // X.690 §10.1: in as few bytes as possible.
            if length < 0x80 || digits.first() == Some(&0) {
                return None;
            }
            (length, 2 + count)
        }
        _ => return None,
    };
    let (whole, behind) = bytes.split_at_checked(header.checked_add(length)?)?;
    let element = Element {
        tag,
        contents: whole.get(header..)?,
        whole,
    };
    Some((element, behind))
}

/// Takes the next element, which must have this tag.
pub(crate) fn take<'a>(bytes: &mut &'a [u8], tag: u8) -> Option<Element<'a>> {
    let (element, behind) = split(bytes)?;
    if element.tag != tag {
        return None;
    }
    *bytes = behind;
    Some(element)
}

/// The contents of the one element that the bytes are, if it has this tag.
pub(crate) fn only(tag: u8, mut bytes: &[u8]) -> Option<&[u8]> {
    let element = take(&mut bytes, tag)?;
    bytes.is_empty().then_some(element.contents)
}

/// Whether the bytes look like a private key that is encrypted under a password: EncryptedPrivateKeyInfo (RFC 5958 §3).
pub(crate) fn is_encrypted_pkcs8(bytes: &[u8]) -> bool {
    let read = || {
        let mut fields = only(SEQUENCE, bytes)?;
        let mut algorithm = take(&mut fields, SEQUENCE)?.contents;
        take(&mut algorithm, OID)?;
        let encrypted = take(&mut fields, OCTET_STRING)?.contents;
        (fields.is_empty() && !encrypted.is_empty()).then_some(())
    };
    read().is_some()
}

/// The bytes of a BIT STRING of whole bytes.
pub(crate) fn whole_bits(contents: &[u8]) -> Option<&[u8]> {
    contents
        .split_first()
        .filter(|(unused, _)| **unused == 0)
        .map(|(_, bytes)| bytes)
}

/// An element.
pub(crate) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut bytes = Vec::with_capacity(length + 6);
    bytes.push(tag);
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => bytes.push(short),
        _ => {
            let digits = length.to_be_bytes();
            let zeros = digits.iter().take_while(|digit| **digit == 0).count();
            let digits = digits.get(zeros..).unwrap_or_default();
            bytes.push(0x80 | u8::try_from(digits.len()).unwrap_or(8));
            bytes.extend_from_slice(digits);
        }
    }
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

/// A BIT STRING of whole bytes.
pub(crate) fn bit_string(bytes: &[u8]) -> Vec<u8> {
    element(BIT_STRING, &[&[0], bytes])
}

/// A time of a certificate (RFC 5280 §4.1.2.5); none beyond the year 9999.
pub(crate) fn time(at: Timestamp) -> Option<Vec<u8>> {
    let time = OffsetDateTime::from_unix_timestamp(at.0).ok()?;
    let (tag, text) = if (1950..2050).contains(&time.year()) {
        let short = format_description!("[year repr:last_two][month][day][hour][minute][second]Z");
        (UTC_TIME, time.format(short))
    } else {
        let long = format_description!("[year][month][day][hour][minute][second]Z");
        (GENERALIZED_TIME, time.format(long))
    };
    (0..=9999)
        .contains(&time.year())
        .then_some(element(tag, &[text.ok()?.as_bytes()]))
}

/// The contents of an OBJECT IDENTIFIER written with dots.
pub(crate) fn oid(dotted: &str) -> Option<Vec<u8>> {
    let mut arcs = dotted.split('.').map(|arc| arc.parse::<u32>().ok());
    let (first, second) = (arcs.next()??, arcs.next()??);
    let mut contents = vec![u8::try_from(first.checked_mul(40)?.checked_add(second)?).ok()?];
    for arc in arcs {
        let arc = arc?;
        let groups = (1..5_u32)
            .take_while(|group| arc >> (7 * group) != 0)
            .count();
        for group in (0..=groups).rev() {
            let bits = (arc >> (7 * group)) & 0x7F;
            let more = if group > 0 { 0x80 } else { 0 };
            contents.push(u8::try_from(bits | more).ok()?);
        }
    }
    Some(contents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 0x7F, 0x80, 0xFF, 0x100, 70_000] {
            let bytes = element(OCTET_STRING, &[&vec![7; length]]);
            assert_eq!(only(OCTET_STRING, &bytes).unwrap().len(), length);
            assert!(only(SEQUENCE, &bytes).is_none());
            assert!(split(&bytes[..bytes.len() - 1]).is_none());
        }
        assert!(split(&[0x04, 0x81, 0x01, 0x00]).is_none(), "a long length");
        assert!(split(&[0x04, 0x80]).is_none(), "an indefinite length");
    }

    #[test]
    fn identifiers_and_times_are_those_of_the_standards() {
        assert_eq!(oid("2.5.4.3").unwrap(), [0x55, 4, 3]);
        assert_eq!(
            oid("1.2.840.113549.1.9.1").unwrap(),
            [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 1]
        );
        assert!(oid("2").is_none() && oid("1.x").is_none());
        let text = |at| only_text(&time(Timestamp(at)).unwrap());
        assert_eq!(text(0), "700101000000Z");
        assert_eq!(text(2_524_608_000), "20500101000000Z");
        assert!(time(Timestamp(i64::MAX)).is_none());
    }

    fn only_text(der: &[u8]) -> String {
        String::from_utf8(split(der).unwrap().0.contents.to_vec()).unwrap()
    }
}
