//! The printable form of a message, by names, with byte strings as their lengths.

use std::fmt::Write;

use super::{Item, ItemType, Reader};
use crate::{Tag, Version, error::Result};

/// Prints every item of a message, one a line, indented by depth. Byte Strings and Big Integers may be secret and
/// appear as their lengths; Text Strings appear as they are, so a message with a password must not be dumped to a log.
///
/// ```
/// use kmip::{Tag, V2_1, ttlv::{Writer, dump}};
///
/// let mut writer = Writer::new(V2_1);
/// writer.structure(Tag::RequestPayload, |writer| {
///     writer.text(Tag::UniqueIdentifier, "42");
///     writer.byte_string(Tag::Data, b"a secret");
/// });
/// let text = dump(writer.bytes(), V2_1)?;
/// assert_eq!(text, "RequestPayload\n  UniqueIdentifier \"42\"\n  Data <8 bytes>\n");
/// # kmip::Result::Ok(())
/// ```
pub fn dump(message: &[u8], version: Version) -> Result<String> {
    let mut text = String::new();
    items(
        &mut text,
        Reader::new(message, Tag::RequestMessage, version),
        0,
    )?;
    Ok(text)
}

fn items(text: &mut String, mut reader: Reader<'_>, depth: usize) -> Result<()> {
    while let Some(item) = reader.next_item()? {
        let _ = write!(text, "{:1$}{2:?}", "", depth * 2, item.tag);
        if item.item_type == ItemType::Structure {
            text.push('\n');
            items(text, item.structure()?, depth + 1)?;
        } else {
            let _ = writeln!(text, " {}", scalar(item)?);
        }
    }
    Ok(())
}

fn scalar(item: Item<'_>) -> Result<String> {
    Ok(match item.item_type {
        ItemType::Structure => String::new(),
        ItemType::Integer => item.integer()?.to_string(),
        ItemType::LongInteger => item.long_integer()?.to_string(),
        ItemType::Enumeration => format!("0x{:X}", item.enumeration()?),
        ItemType::Boolean => item.boolean()?.to_string(),
        ItemType::TextString
        | ItemType::Identifier
        | ItemType::Reference
        | ItemType::NameReference => format!("{:?}", item.identifier()?),
        ItemType::DateTime => format!("@{}", item.date_time()?),
        ItemType::Interval => format!("{}s", item.interval()?),
        ItemType::DateTimeExtended => format!("@{}us", item.date_time_extended()?),
        ItemType::BigInteger | ItemType::ByteString => format!("<{} bytes>", item.body().len()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DecodeErrorKind, V2_1, ttlv::Writer};

    #[test]
    fn each_item_has_its_line_and_bytes_are_only_counted() {
        let mut writer = Writer::new(V2_1);
        writer.structure(Tag::RequestPayload, |writer| {
            writer.text(Tag::UniqueIdentifier, "a \"name\"\n");
            writer.structure(Tag::Attributes, |writer| {
                writer.integer(Tag::CryptographicLength, -256);
                writer.long_integer(Tag::UsageLimitsTotal, 1 << 40);
                writer.enumeration(Tag::CryptographicAlgorithm, 0x3);
                writer.boolean(Tag::Sensitive, true);
                writer.date_time(Tag::ActivationDate, 1_700_000_000);
                writer.interval(Tag::LeaseTime, 60);
            });
            writer.byte_string(Tag::KeyMaterial, b"secret");
            writer.big_integer(Tag::Modulus, &[0x5E]);
            writer.text(Tag(0x54_0001), "");
        });
        let expected = "\
RequestPayload
  UniqueIdentifier \"a \\\"name\\\"\\n\"
  Attributes
    CryptographicLength -256
    UsageLimitsTotal 1099511627776
    CryptographicAlgorithm 0x3
    Sensitive true
    ActivationDate @1700000000
    LeaseTime 60s
  KeyMaterial <6 bytes>
  Modulus <8 bytes>
  0x00540001 \"\"
";
        assert_eq!(dump(writer.bytes(), V2_1).as_deref(), Ok(expected));
    }

    #[test]
    fn what_cannot_be_read_cannot_be_dumped() {
        let error = dump(&[0x42, 0x00, 0x78, 0x01, 0, 0, 0, 8], V2_1).unwrap_err();
        assert_eq!(error.kind, DecodeErrorKind::Truncated);
        assert_eq!(dump(&[], V2_1).as_deref(), Ok(""));
    }
}
