//! The little DER that keys, points and signatures need: reading bounded, writing minimal.

/// Universal tags.
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const SEQUENCE: u8 = 0x30;

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
            let length = rest
                .get(..count)?
                .iter()
                .fold(0_usize, |length, byte| (length << 8) | usize::from(*byte));
            (length, 2 + count)
        }
        _ => return None,
    };
    let end = header.checked_add(length)?;
    let (whole, behind) = bytes.split_at_checked(end)?;
    let element = Element {
        tag,
        contents: whole.get(header..)?,
        whole,
    };
    Some((element, behind))
}

/// The contents of the one element that the bytes are, if it has this tag.
pub(crate) fn only(tag: u8, bytes: &[u8]) -> Option<&[u8]> {
    let (element, behind) = split(bytes)?;
    (element.tag == tag && behind.is_empty()).then_some(element.contents)
}

/// The elements that stand one after the other.
pub(crate) fn elements(mut bytes: &[u8]) -> Option<Vec<Element<'_>>> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let (element, behind) = split(bytes)?;
        all.push(element);
        bytes = behind;
    }
    Some(all)
}

/// An INTEGER's magnitude without leading zeros.
pub(crate) fn unsigned(contents: &[u8]) -> &[u8] {
    let zeros = contents.iter().take_while(|byte| **byte == 0).count();
    contents.get(zeros..).unwrap_or_default()
}

/// An element.
pub(crate) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
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
pub(crate) fn integer(magnitude: &[u8]) -> Vec<u8> {
    let digits = unsigned(magnitude);
    let sign: &[u8] = if digits.first().is_none_or(|byte| byte & 0x80 != 0) {
        &[0]
    } else {
        &[]
    };
    element(INTEGER, &[sign, digits])
}

/// An ECDSA signature in DER as PKCS #11 has it: r and s, each as long as the order (PKCS #11 3.1 §6.3.1).
pub(crate) fn signature_to_raw(der: &[u8], half: usize) -> Option<Vec<u8>> {
    let all = elements(only(SEQUENCE, der)?)?;
    let [r, s] = all.as_slice() else { return None };
    let mut raw = vec![0; 2 * half];
    let (left, right) = raw.split_at_mut(half);
    for (place, number) in [(left, r), (right, s)] {
        let digits = (number.tag == INTEGER).then(|| unsigned(number.contents))?;
        let start = half.checked_sub(digits.len())?;
        place.get_mut(start..)?.copy_from_slice(digits);
    }
    Some(raw)
}

/// r and s as an ECDSA signature in DER.
pub(crate) fn signature_from_raw(raw: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = raw.split_at_checked(raw.len() / 2)?;
    Some(element(SEQUENCE, &[&integer(r), &integer(s)]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_of_every_form_are_read_and_written() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let contents = vec![7; length];
            let bytes = element(OCTET_STRING, &[&contents]);
            assert_eq!(only(OCTET_STRING, &bytes), Some(contents.as_slice()));
        }
        assert_eq!(only(OCTET_STRING, &[4, 0x80]), None);
        assert_eq!(only(OCTET_STRING, &[4, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]), None);
        assert_eq!(only(OCTET_STRING, &[4, 2, 1]), None);
    }

    proptest! {
        #[test]
        fn signatures_survive_both_ways(raw in prop::collection::vec(any::<u8>(), 64..=64)) {
            let der = signature_from_raw(&raw).unwrap();
            prop_assert_eq!(signature_to_raw(&der, 32), Some(raw));
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = elements(&bytes);
            let _ = signature_to_raw(&bytes, 32);
        }
    }
}
