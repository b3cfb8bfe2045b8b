//! JSON: `{"tag": …, "type": …, "value": …}`, where a structure's value is an array (KMIP Profiles 2.1 §5.2).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::{
    Encoding,
    scalar::{self, Literal, Spelling},
    siblings::Siblings,
    unfit, unfit_around,
    written::Written,
};
use crate::{
    Buffer, Tag,
    error::{DecodeError, DecodeErrorKind, Result},
    ttlv::{DEPTH_MAX, ItemType, Reader, Writer},
};

/// One item. Its members stand in any order, so its value stays a text until its tag and its type are known; members of
/// other names, such as the name of a vendor's tag, say nothing.
#[derive(Deserialize)]
struct Node<'a> {
    #[serde(borrow)]
    tag: Cow<'a, str>,
    #[serde(borrow, rename = "type", default = "structure")]
    item_type: Cow<'a, str>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
}

fn structure() -> Cow<'static, str> {
    ItemType::Structure.name().into()
}

/// A string, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Reads one item.
pub(super) fn read(text: &str, writer: &mut Writer) -> Result<()> {
    let node: Node<'_> = parse(text)?;
    item(&node, &mut Siblings::default(), writer, 0)
}

/// Parses a part of the text. What it looks like inside is looked at once for every structure around it, of which there
/// are few.
fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T> {
    serde_json::from_str(text).map_err(|_| unfit_around("is not well-formed JSON of a message"))
}

fn item(node: &Node<'_>, siblings: &mut Siblings, writer: &mut Writer, depth: u8) -> Result<()> {
    let tag =
        scalar::tag(&node.tag).ok_or_else(|| unfit_around("holds an item of no known name"))?;
    let item_type = scalar::item_type(Some(&node.item_type))
        .ok_or_else(|| unfit(tag, "has a type of no known name"))?;
    let value = node.value.map_or("", RawValue::get);
    match (item_type, value.bytes().next()) {
        (ItemType::Structure, _) => structure_of(value, tag, writer, depth),
        (_, Some(b'"')) => {
            let literal = match parse::<Text<'_>>(value)
                .map_err(|error| error.within(tag))?
                .0
            {
                Cow::Borrowed(text) => {
                    return scalar::read(tag, item_type, &Literal::Text(text), siblings, writer);
                }
                Cow::Owned(text) => Zeroizing::new(text),
            };
            scalar::read(tag, item_type, &Literal::Text(&literal), siblings, writer)
        }
        (_, Some(b't' | b'f')) => {
            let literal = Literal::Boolean(value == "true");
            scalar::read(tag, item_type, &literal, siblings, writer)
        }
        (_, Some(b'-' | b'0'..=b'9')) => {
            scalar::read(tag, item_type, &Literal::Number(value), siblings, writer)
        }
        _ => Err(unfit(tag, "has no value of its type")),
    }
}

fn structure_of(value: &str, tag: Tag, writer: &mut Writer, depth: u8) -> Result<()> {
    if depth >= DEPTH_MAX {
        return Err(DecodeError::at(tag, DecodeErrorKind::TooDeep));
    }
    let nodes: Vec<Node<'_>> = if value.is_empty() {
        Vec::new()
    } else {
        parse(value).map_err(|error| error.within(tag))?
    };
    let mut siblings = Siblings::default();
    writer
        .structure(tag, |writer| {
            nodes
                .iter()
                .try_for_each(|node| item(node, &mut siblings, writer, depth + 1))
        })
        .map_err(|error| error.within(tag))
}

/// Writes items; of a message there is one.
pub(super) fn write(reader: Reader<'_>) -> Result<Buffer> {
    let mut text = Written::with_capacity(reader.rest().len() * 4);
    items(reader, &mut text)?;
    Ok(text.into_bytes())
}

fn items(mut reader: Reader<'_>, text: &mut Written) -> Result<()> {
    let mut siblings = Siblings::default();
    while let Some(item) = reader.next_item()? {
        text.push("{\"tag\":\"");
        match item.tag.xml_name() {
            Some(name) => text.push(name),
            None => text.push(&format!("0x{:06x}", item.tag.0)),
        }
        if item.item_type == ItemType::Structure {
            text.push("\",\"value\":[");
            items(item.structure()?, text)?;
            text.push("]},");
            continue;
        }
        text.push("\",\"type\":\"");
        text.push(item.item_type.name());
        text.push("\",\"value\":");
        match scalar::spell(item, &mut siblings, Encoding::Json)? {
            Spelling::Bare(word) => text.push(&word),
            Spelling::Word(word) => quoted(text, |text| text.push(&word)),
            Spelling::Text(value) => quoted(text, |text| escaped(text, value)),
            Spelling::Hex(prefix, bytes) => quoted(text, |text| {
                text.push(prefix);
                text.push_hex(bytes);
            }),
        }
        text.push("},");
    }
    text.trim_end(b',');
    Ok(())
}

fn quoted(text: &mut Written, fill: impl FnOnce(&mut Written)) {
    text.push("\"");
    fill(text);
    text.push("\"");
}

fn escaped(text: &mut Written, value: &str) {
    for letter in value.chars() {
        match letter {
            '"' => text.push("\\\""),
            '\\' => text.push("\\\\"),
            '\0'..='\u{1F}' => text.push(&format!("\\u{:04x}", u32::from(letter))),
            _ => text.push_char(letter),
        }
    }
}
