//! The little DER that keys, signatures, certificates and requests need: reading bounded, writing minimal (ITU-T X.690).

/// BOOLEAN.
pub const BOOLEAN: u8 = 0x01;
/// INTEGER.
pub const INTEGER: u8 = 0x02;
/// BIT STRING.
pub const BIT_STRING: u8 = 0x03;
/// OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// NULL.
pub const NULL: u8 = 0x05;
/// OBJECT IDENTIFIER.
pub const OID: u8 = 0x06;
/// UTF8String.
pub const UTF8_STRING: u8 = 0x0C;
/// PrintableString.
pub const PRINTABLE_STRING: u8 = 0x13;
/// IA5String.
pub const IA5_STRING: u8 = 0x16;
/// UTCTime.
pub const UTC_TIME: u8 = 0x17;
/// GeneralizedTime.
pub const GENERALIZED_TIME: u8 = 0x18;
/// SEQUENCE.
pub const SEQUENCE: u8 = 0x30;
/// SET.
pub const SET: u8 = 0x31;

/// A constructed element of the context with this number.
#[must_use]
pub const fn context(number: u8) -> u8 {
    0xA0 | number
}

/// An element of DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// Its tag.
    pub tag: u8,
    /// What is in it.
    pub contents: &'a [u8],
    /// The bytes of the whole.
    pub whole: &'a [u8],
}

/// Splits the first element off.
#[must_use]
pub fn split(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    // X.690 §10.1: lengths are written in as few bytes as possible.
    let least = |length: usize| match length {
        0..=0x7F => 2,
        0x80..=0xFF => 3,
        0x100..=0xFFFF => 4,
        0x1_0000..=0xFF_FFFF => 5,
        _ => 6,
    };
    split_loosely(bytes)
        .filter(|(own, _)| own.whole.len() - own.contents.len() == least(own.contents.len()))
}

/// The same with lengths in more bytes than they need, which readers of other programs take (BER).
#[must_use]
pub fn split_loosely(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&[tag, first], rest) = bytes.split_first_chunk::<2>()?;
    let (length, header) = match first {
        0..=0x7F => (usize::from(first), 2),
        0x81..=0x84 => {
            let count = usize::from(first & 0x7F);
            let digits = rest.get(..count)?;
            let length = digits
                .iter()
                .fold(0_usize, |length, byte| (length << 8) | usize::from(*byte));
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
pub fn take<'a>(bytes: &mut &'a [u8], tag: u8) -> Option<Element<'a>> {
    let (element, behind) = split(bytes)?;
    if element.tag != tag {
        return None;
    }
    *bytes = behind;
    Some(element)
}

/// The contents of the one element that the bytes are, if it has this tag.
#[must_use]
pub fn only(tag: u8, mut bytes: &[u8]) -> Option<&[u8]> {
    let element = take(&mut bytes, tag)?;
    bytes.is_empty().then_some(element.contents)
}

/// The elements that stand one after the other.
#[must_use]
pub fn elements(mut bytes: &[u8]) -> Option<Vec<Element<'_>>> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let (element, behind) = split(bytes)?;
        all.push(element);
        bytes = behind;
    }
    Some(all)
}

/// The bytes of a BIT STRING of whole bytes.
#[must_use]
pub fn whole_bits(contents: &[u8]) -> Option<&[u8]> {
    contents
        .split_first()
        .filter(|(unused, _)| **unused == 0)
        .map(|(_, bytes)| bytes)
}

/// An INTEGER's magnitude without leading zeros.
#[must_use]
pub fn unsigned(contents: &[u8]) -> &[u8] {
    let zeros = contents.iter().take_while(|byte| **byte == 0).count();
    contents.get(zeros..).unwrap_or_default()
}

/// An element.
#[must_use]
pub fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    // As long as it will be, so that nothing secret stays behind where it grew.
    let mut bytes = Vec::with_capacity(length + 6);
    bytes.push(tag);
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => bytes.push(short),
        _ => {
            let big = length.to_be_bytes();
            let digits = unsigned(&big);
            bytes.push(0x80 | u8::try_from(digits.len()).unwrap_or(8));
            bytes.extend_from_slice(digits);
        }
    }
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

/// An INTEGER from a magnitude.
#[must_use]
pub fn integer(magnitude: &[u8]) -> Vec<u8> {
    let digits = unsigned(magnitude);
    let sign: &[u8] = if digits.first().is_none_or(|byte| byte & 0x80 != 0) {
        &[0]
    } else {
        &[]
    };
    element(INTEGER, &[sign, digits])
}

/// A BIT STRING of whole bytes.
#[must_use]
pub fn bit_string(bytes: &[u8]) -> Vec<u8> {
    element(BIT_STRING, &[&[0], bytes])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        assert!(split(&[0x04, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = elements(&bytes);
        }
    }
}
