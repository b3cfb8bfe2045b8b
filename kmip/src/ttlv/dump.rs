//! The printable form of a message, by names, with byte strings as their lengths.

use std::fmt::Write;

use super::{Item, ItemType, Reader};
use crate::{Tag, Version, error::Result};

/// Prints every item of a message, one a line, indented by depth. Byte Strings and Big Integers may be secret and
/// appear as their lengths; Text Strings appear as they are, so a message with a password must not be dumped to a log.
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
        ItemType::TextString => format!("{:?}", item.text()?),
        ItemType::DateTime => format!("@{}", item.date_time()?),
        ItemType::Interval => format!("{}s", item.interval()?),
        ItemType::BigInteger | ItemType::ByteString | ItemType::DateTimeExtended => {
            format!("<{} bytes>", item.body().len())
        }
    })
}
