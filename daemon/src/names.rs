//! Distinguished names in text.

use std::fmt::Write;

use x509_parser::x509::{AttributeTypeAndValue, X509Name};

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

fn escaped(value: &str) -> String {
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
