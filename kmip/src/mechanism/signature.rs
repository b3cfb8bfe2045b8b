//! ECDSA signatures: r ‖ s of PKCS #11 and HSMs ↔ the DER of KMIP and X.509 (RFC 3279 §2.2.3).

/// DER `SEQUENCE { INTEGER r, INTEGER s }` of r ‖ s.
#[must_use]
pub fn to_der(halves: &[u8]) -> Vec<u8> {
    let (r, s) = halves.split_at(halves.len() / 2);
    let mut content = Vec::with_capacity(halves.len() + 8);
    for half in [r, s] {
        let zeros = half
            .iter()
            .take_while(|byte| **byte == 0)
            .count()
            .min(half.len().saturating_sub(1));
        let digits = half.get(zeros..).unwrap_or_default();
        let sign = digits.first().is_some_and(|byte| byte & 0x80 != 0);
        content.push(0x02);
        push_length(&mut content, digits.len() + usize::from(sign));
        if sign {
            content.push(0);
        }
        content.extend_from_slice(digits);
    }
    let mut der = Vec::with_capacity(content.len() + 4);
    der.push(0x30);
    push_length(&mut der, content.len());
    der.extend_from_slice(&content);
    der
}

/// r ‖ s of DER, each half of `field_bytes`; `None` when it is no such signature.
#[must_use]
pub fn from_der(der: &[u8], field_bytes: usize) -> Option<Vec<u8>> {
    let (content, rest) = element(0x30, der)?;
    let (r, content) = element(0x02, content)?;
    let (s, content) = element(0x02, content)?;
    if !rest.is_empty() || !content.is_empty() {
        return None;
    }
    let mut halves = vec![0; 2 * field_bytes];
    let (left, right) = halves.split_at_mut(field_bytes);
    for (number, half) in [(r, left), (s, right)] {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        let digits = number.get(zeros..)?;
        let start = field_bytes.checked_sub(digits.len())?;
        half.get_mut(start..)?.copy_from_slice(digits);
    }
    Some(halves)
}

fn push_length(der: &mut Vec<u8>, length: usize) {
    // The largest signature, P-521's, has 139 bytes of content.
    if length >= 0x80 {
        der.push(0x81);
    }
    der.push(u8::try_from(length).unwrap_or(u8::MAX));
}

/// The content of the element at the front, and what follows it.
fn element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, der) = der.split_first()?;
    let (first, der) = der.split_first()?;
    let (length, der) = match *first {
        short @ 0..=0x7F => (short, der),
        0x81 => der
            .split_first()
            .map(|(length, der)| (*length, der))
            .filter(|(length, _)| *length >= 0x80)?,
        _ => return None,
    };
    (*found == tag).then(|| der.split_at_checked(usize::from(length)))?
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
