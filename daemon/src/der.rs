//! What certificates, requests and encrypted keys need of DER beside the elements: times, written object identifiers, forms.

use kmip::ttlv::Timestamp;
use time::{OffsetDateTime, macros::format_description};

pub(crate) use kmip::der::*;

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
