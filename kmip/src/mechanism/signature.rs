//! ECDSA signatures: r ‖ s of PKCS #11 and HSMs ↔ the DER of KMIP and X.509 (RFC 3279 §2.2.3).

use crate::der;

/// DER `SEQUENCE { INTEGER r, INTEGER s }` of r ‖ s.
#[must_use]
pub fn to_der(halves: &[u8]) -> Vec<u8> {
    let (r, s) = halves.split_at(halves.len() / 2);
    der::element(der::SEQUENCE, &[&der::integer(r), &der::integer(s)])
}

/// r ‖ s of DER, each half of `field_bytes`; `None` when it is no such signature.
#[must_use]
pub fn from_der(der: &[u8], field_bytes: usize) -> Option<Vec<u8>> {
    let mut content = der::only(der::SEQUENCE, der)?;
    let r = der::take(&mut content, der::INTEGER)?;
    let s = der::take(&mut content, der::INTEGER)?;
    if !content.is_empty() {
        return None;
    }
    let mut halves = vec![0; 2 * field_bytes];
    let (left, right) = halves.split_at_mut(field_bytes);
    for (number, half) in [(r, left), (s, right)] {
        let digits = der::unsigned(number.contents);
        let start = field_bytes.checked_sub(digits.len())?;
        half.get_mut(start..)?.copy_from_slice(digits);
    }
    Some(halves)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        for field_bytes in [32, 48, 66] {
            for (r, s) in [(1, 1), (0x7F, 0x80), (0xFF, 0xFF), (0, 5)] {
                let mut halves = vec![0; 2 * field_bytes];
                halves[0] = r;
                halves[field_bytes - 1] = 9;
                halves[field_bytes] = s;
                halves[2 * field_bytes - 1] = 7;
                let der = to_der(&halves);
                assert_eq!(from_der(&der, field_bytes).as_ref(), Some(&halves));
                for cut in 0..der.len() {
                    assert_eq!(from_der(&der[..cut], field_bytes), None);
                }
                assert_eq!(from_der(&[&der[..], &[0]].concat(), field_bytes), None);
            }
        }
        assert_eq!(
            to_der(&[0, 1, 0, 0x80]),
            [0x30, 0x07, 0x02, 1, 1, 0x02, 2, 0, 0x80]
        );
        assert_eq!(
            from_der(&to_der(&[0xFF; 64]), 16),
            None,
            "too long for the field"
        );
    }
}
