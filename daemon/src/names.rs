//! Distinguished names in text.

use std::fmt::Write;

use x509_parser::x509::{AttributeTypeAndValue, X509Name};

use crate::der;

/// A name as RFC 4514 writes it: the last part first, special characters escaped, so that two names are the same when
/// their texts are.
pub(crate) fn distinguished_name(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = name
        .iter_rdn()
        .map(|part| part.iter().map(attribute).collect::<Vec<_>>().join("+"))
        .collect();
    parts.reverse();
    parts.join(",")
}

fn attribute(own: &AttributeTypeAndValue<'_>) -> String {
    let oid = own.attr_type().to_id_string();
    let known = KEYWORDS
        .iter()
        .find(|(number, _)| *number == oid)
        .map(|(_, word)| *word);
    match (known, own.as_str()) {
        (Some(word), Ok(value)) => format!("{word}={}", escaped(value)),
        // RFC 4514 §2.4: what has no keyword, or no text, is written as its encoding.
        _ => format!(
            "{}=#{}",
            known.unwrap_or(&oid),
            hex::encode(own.attr_value().data)
        ),
    }
}

/// A value with its special characters escaped.
pub(crate) fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (at, letter) in value.chars().enumerate() {
        let at_an_end = (at == 0 && matches!(letter, ' ' | '#')) || (at == last && letter == ' ');
        match letter {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => {
                text.push('\\');
                text.push(letter);
            }
            _ if at_an_end => {
                text.push('\\');
                text.push(letter);
            }
            _ if letter.is_control() => {
                let mut bytes = [0; 4];
                for byte in letter.encode_utf8(&mut bytes).bytes() {
                    // Writing to a string cannot fail.
                    let _ = write!(text, "\\{byte:02X}");
                }
            }
            _ => text.push(letter),
        }
    }
    text
}

/// RFC 4514 §3, and the address that older authorities put into names.
const KEYWORDS: &[(&str, &str)] = &[
    ("2.5.4.3", "CN"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.6", "C"),
    ("2.5.4.9", "STREET"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
];

/// A name as RFC 4514 writes it, in DER; `None` of what is no such name.
pub(crate) fn encoded(text: &str) -> Option<Vec<u8>> {
    if text.len() > NAME_BYTES_MAX {
        return None;
    }
    let mut parts = Vec::new();
    for part in pieces(text, ',') {
        let mut own = Vec::new();
        for attribute in pieces(part, '+') {
            let (keyword, value) = attribute.split_once('=')?;
            own.push(encoded_attribute(
                keyword.trim(),
                &unescaped(value.trim())?,
            )?);
        }
        // X.690 §11.6: the elements of a set are in the order of their encodings.
        own.sort();
        parts.push(der::element(der::SET, &[&own.concat()]));
    }
    parts.reverse();
    Some(der::element(der::SEQUENCE, &[&parts.concat()]))
}

/// One part of a name, in DER.
pub(crate) fn relative(keyword: &str, value: &str) -> Option<Vec<u8>> {
    Some(der::element(
        der::SET,
        &[&encoded_attribute(keyword, value)?],
    ))
}

fn encoded_attribute(keyword: &str, value: &str) -> Option<Vec<u8>> {
    let known = KEYWORDS
        .iter()
        .chain(OLDER)
        .find(|(_, word)| word.eq_ignore_ascii_case(keyword));
    let oid = known.map_or(keyword, |(oid, _)| oid);
    let tag = match oid {
        // RFC 5280 appendix A.
        "2.5.4.6" | "2.5.4.5" | "2.5.4.46" => der::PRINTABLE_STRING,
        "0.9.2342.19200300.100.1.25" | "1.2.840.113549.1.9.1" => der::IA5_STRING,
        _ => der::UTF8_STRING,
    };
    if value.is_empty() || (tag != der::UTF8_STRING && !value.is_ascii()) {
        return None;
    }
    let oid = der::element(der::OID, &[&der::oid(oid)?]);
    let value = der::element(tag, &[value.as_bytes()]);
    Some(der::element(der::SEQUENCE, &[&oid, &value]))
}

/// The pieces between separators that no backslash precedes.
fn pieces(text: &str, separator: char) -> Vec<&str> {
    let (mut all, mut start, mut is_escaped) = (Vec::new(), 0, false);
    for (at, letter) in text.char_indices() {
        if letter == separator && !is_escaped {
            all.extend(text.get(start..at));
            start = at + letter.len_utf8();
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    all.extend(text.get(start..));
    all
}

/// A value without its backslashes (RFC 4514 §2.4): of a character as it is, of two hexadecimal digits their byte.
fn unescaped(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, behind)) = rest.split_once('\\') {
        bytes.extend_from_slice(before.as_bytes());
        let pair = behind.get(..2).and_then(|pair| hex::decode(pair).ok());
        if let Some(byte) = pair {
            bytes.extend(byte);
            rest = behind.get(2..)?;
        } else {
            let letter = behind.chars().next()?;
            bytes.extend_from_slice(letter.to_string().as_bytes());
            rest = behind.get(letter.len_utf8()..)?;
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).ok()
}

const NAME_BYTES_MAX: usize = 4_096;

/// What names may be written with, and are not.
const OLDER: &[(&str, &str)] = &[
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.12", "title"),
    ("2.5.4.46", "dnQualifier"),
    ("1.2.840.113549.1.9.1", "E"),
    ("2.5.4.8", "S"),
];

#[cfg(test)]
mod tests {
    use x509_parser::prelude::FromDer;

    use super::*;

    #[test]
    fn what_is_encoded_is_written_the_same() {
        for text in [
            "CN=Inter,O=Kmip Test,C=AU",
            "CN=a\\,b\\+c\\\\,OU=x+UID=y",
            "CN=\\ leading,L=Zürich,DC=example,DC=org",
            "emailAddress=a@b.example,CN=x",
        ] {
            let der = encoded(text).unwrap();
            let (rest, name) = X509Name::from_der(&der).unwrap();
            assert!(rest.is_empty());
            assert_eq!(distinguished_name(&name), text);
        }
        assert_eq!(encoded("CN=\\C3\\A4").unwrap(), encoded("CN=ä").unwrap());
        for bad in ["", "CN", "CN=", "nonsense=x", "C=ä", "CN=a,,O=b", "CN=\\"] {
            assert!(encoded(bad).is_none(), "{bad:?}");
        }
    }
}
