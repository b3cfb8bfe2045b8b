//! XML: an element an item, named by its tag, with the attributes `type` and `value` (KMIP Profiles 2.1 §5.3).

use std::borrow::Cow;

use quick_xml::{
    Reader as Elements, XmlVersion,
    events::{BytesStart, Event},
};
use zeroize::Zeroize;

use super::{
    Encoding,
    scalar::{self, Literal, Spelling},
    siblings::Siblings,
    unfit, unfit_around,
    written::Written,
};
use crate::{
    Buffer,
    error::{DecodeError, DecodeErrorKind, Result},
    ttlv::{DEPTH_MAX, ItemType, Reader, Writer},
};

/// The name of elements whose tag has none.
const NAMELESS: &str = "TTLV";

/// Reads one element.
pub(super) fn read(text: &str, writer: &mut Writer) -> Result<()> {
    let mut elements = Elements::from_str(text);
    let mut siblings = Siblings::default();
    match next(&mut elements)? {
        Next::Begin(start, is_empty) => {
            let place = Place { depth: 0, is_empty };
            item(&mut elements, &start, place, &mut siblings, writer)?;
        }
        Next::End | Next::Eof => return Err(malformed()),
    }
    match next(&mut elements)? {
        Next::Eof => Ok(()),
        Next::Begin(..) | Next::End => Err(unfit_around("has something behind it")),
    }
}

/// What comes next, but for what says nothing.
enum Next<'a> {
    /// An element, and whether it ends at once.
    Begin(BytesStart<'a>, bool),
    End,
    Eof,
}

/// Where an element stands.
#[derive(Clone, Copy)]
struct Place {
    depth: u8,
    is_empty: bool,
}

fn malformed() -> DecodeError {
    unfit_around("is not well-formed XML of a message")
}

fn next<'a>(elements: &mut Elements<&'a [u8]>) -> Result<Next<'a>> {
    loop {
        return match elements.read_event().map_err(|_| malformed())? {
            Event::Start(start) => Ok(Next::Begin(start, false)),
            Event::Empty(start) => Ok(Next::Begin(start, true)),
            Event::End(_) => Ok(Next::End),
            Event::Eof => Ok(Next::Eof),
            Event::Comment(_) | Event::PI(_) => continue,
            Event::Text(text) if text.trim_ascii().is_empty() => continue,
            Event::Decl(declaration) => match declaration.encoding() {
                None => continue,
                Some(Ok(name)) if is_utf_8(&name) => continue,
                Some(_) => Err(unfit_around("is not UTF-8")),
            },
            // Entities and documents' types open doors, and messages have neither.
            Event::DocType(_) => Err(unfit_around("has a document type, which is not read here")),
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => {
                Err(unfit_around("has text beside its elements"))
            }
        };
    }
}

fn is_utf_8(name: &str) -> bool {
    ["utf-8", "utf8", "us-ascii"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// The attributes that count. Others, such as the name of a vendor's tag or of a namespace, say nothing.
#[derive(Default)]
struct Attributes<'a> {
    tag: Option<Cow<'a, str>>,
    item_type: Option<Cow<'a, str>>,
    value: Option<Cow<'a, str>>,
}

impl<'a> Attributes<'a> {
    fn of(start: &'a BytesStart<'_>) -> Result<Self> {
        let mut own = Self::default();
        // The reader's own check for attributes that stand twice compares each with each.
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|_| malformed())?;
            let place = match attribute.key.as_ref() {
                "tag" => &mut own.tag,
                "type" => &mut own.item_type,
                "value" => &mut own.value,
                _ => continue,
            };
            // Predefined entities and characters by their numbers; others are unknown, and so malformed.
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            if place.replace(value.map_err(|_| malformed())?).is_some() {
                return Err(unfit_around("holds an attribute that stands twice"));
            }
        }
        Ok(own)
    }
}

impl Drop for Attributes<'_> {
    fn drop(&mut self) {
        // What has entities is a copy of its own.
        if let Some(Cow::Owned(value)) = &mut self.value {
            value.zeroize();
        }
    }
}

fn item(
    elements: &mut Elements<&[u8]>,
    start: &BytesStart<'_>,
    place: Place,
    siblings: &mut Siblings,
    writer: &mut Writer,
) -> Result<()> {
    let attributes = Attributes::of(start)?;
    let name = start.local_name();
    let tag = match (name.as_ref(), attributes.tag.as_deref()) {
        (NAMELESS, Some(number)) => scalar::tag(number),
        (name, _) => scalar::tag(name),
    };
    let tag = tag.ok_or_else(|| unfit_around("holds an item of no known name"))?;
    let item_type = scalar::item_type(attributes.item_type.as_deref())
        .ok_or_else(|| unfit(tag, "has a type of no known name"))?;
    if item_type == ItemType::Structure {
        if place.depth >= DEPTH_MAX {
            return Err(DecodeError::at(tag, DecodeErrorKind::TooDeep));
        }
        let read = |writer: &mut Writer| {
            if place.is_empty {
                return Ok(());
            }
            items(elements, place.depth + 1, writer)
        };
        return writer
            .structure(tag, read)
            .map_err(|error| error.within(tag));
    }
    let literal = Literal::Text(attributes.value.as_deref().unwrap_or_default());
    scalar::read(tag, item_type, &literal, siblings, writer)?;
    if !place.is_empty
        && !matches!(
            next(elements).map_err(|error| error.within(tag))?,
            Next::End
        )
    {
        return Err(unfit(tag, "has items inside, and is no structure"));
    }
    Ok(())
}

/// The elements of one structure to its end.
fn items(elements: &mut Elements<&[u8]>, depth: u8, writer: &mut Writer) -> Result<()> {
    let mut siblings = Siblings::default();
    loop {
        match next(elements)? {
            Next::Begin(start, is_empty) => {
                let place = Place { depth, is_empty };
                item(elements, &start, place, &mut siblings, writer)?;
            }
            Next::End => return Ok(()),
            Next::Eof => return Err(malformed()),
        }
    }
}

/// Writes items; of a message there is one.
pub(super) fn write(reader: Reader<'_>) -> Result<Buffer> {
    let mut text = Written::with_capacity(reader.rest().len() * 4);
    write_items(reader, &mut text)?;
    Ok(text.into_bytes())
}

fn write_items(mut reader: Reader<'_>, text: &mut Written) -> Result<()> {
    let mut siblings = Siblings::default();
    while let Some(item) = reader.next_item()? {
        let name = item.tag.xml_name();
        text.push("<");
        text.push(name.unwrap_or(NAMELESS));
        if name.is_none() {
            text.push(&format!(" tag=\"0x{:06x}\"", item.tag.0));
        }
        if item.item_type != ItemType::Structure {
            text.push(" type=\"");
            text.push(item.item_type.name());
            text.push("\" value=\"");
            match scalar::spell(item, &mut siblings, Encoding::Xml)? {
                Spelling::Bare(word) | Spelling::Word(word) => text.push(&word),
                Spelling::Text(value) => escaped(text, value),
                Spelling::Hex(prefix, bytes) => {
                    text.push(prefix);
                    text.push_hex(bytes);
                }
            }
            text.push("\"/>");
            continue;
        }
        let inside = item.structure()?;
        if inside.is_empty() {
            text.push("/>");
            continue;
        }
        text.push(">");
        write_items(inside, text)?;
        text.push("</");
        text.push(name.unwrap_or(NAMELESS));
        text.push(">");
    }
    Ok(())
}

/// The text as an attribute's value. Characters that XML has no way to say become the replacement character.
fn escaped(text: &mut Written, value: &str) {
    for letter in value.chars() {
        match letter {
            '"' => text.push("&quot;"),
            '&' => text.push("&amp;"),
            '<' => text.push("&lt;"),
            '>' => text.push("&gt;"),
            // As they are they would be read as spaces.
            '\t' | '\n' | '\r' => text.push(&format!("&#{};", u32::from(letter))),
            '\0'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => {
                text.push_char(char::REPLACEMENT_CHARACTER)
            }
            _ => text.push_char(letter),
        }
    }
}
