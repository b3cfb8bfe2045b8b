//! Elements of a case into items: words become numbers, placeholders what they stand for.

use std::collections::HashMap;

use time::{OffsetDateTime, format_description::well_known::Iso8601};

use super::{
    node::{Node, Value},
    words::{WORDS, plain},
    xml::Element,
};

/// What placeholders stand for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bindings {
    /// What responses said where the case has the placeholder.
    said: HashMap<String, String>,
    /// The last value of each tag. Some cases use a placeholder that no response introduced: `$MAC_DATA` is then the
    /// last MAC Data.
    last: HashMap<String, String>,
}

impl Bindings {
    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        self.said.get(name).map(String::as_str)
    }

    pub(crate) fn bind(&mut self, name: &str, value: String) {
        self.said.insert(name.to_owned(), value);
    }

    /// Remembers everything that a response says, for placeholders that it does not introduce.
    pub(crate) fn remember(&mut self, response: &Node) {
        for node in response.all() {
            if !matches!(node.value, Value::Structure(_)) {
                self.last.insert(plain(&node.name()), node.value.text());
            }
        }
    }

    fn value(&self, placeholder: &str) -> Option<&str> {
        self.find(placeholder).or_else(|| {
            let name = placeholder.trim_start_matches('$');
            let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_');
            self.last.get(&plain(name)).map(String::as_str)
        })
    }
}

/// Seconds after now of `$NOW+60`.
pub(crate) fn now_offset(value: &str) -> Option<i64> {
    let offset = value.strip_prefix("$NOW")?;
    if offset.is_empty() {
        Some(0)
    } else {
        offset.parse().ok()
    }
}

/// Whether a value is a placeholder other than the time's.
pub(crate) fn is_placeholder(value: &str) -> bool {
    value.starts_with('$') && value.len() > 1 && now_offset(value).is_none()
}

/// The tag of an element.
pub(crate) fn tag_of(element: &Element) -> Result<u32, String> {
    let named = match element.attribute("tag") {
        Some(tag) if element.name == "TTLV" => {
            u32::from_str_radix(tag.trim_start_matches("0x"), 16).ok()
        }
        _ => WORDS.tag(&element.name),
    };
    named.ok_or_else(|| format!("<{}> is no tag", element.name))
}

/// The item of an element. `meaning` is the tag whose words it uses, which in 1.x an attribute's name tells.
pub(crate) fn node(
    element: &Element,
    bindings: &Bindings,
    now: i64,
    meaning: Option<u32>,
) -> Result<Node, String> {
    let tag = tag_of(element)?;
    if element.is_structure() {
        let meaning = attribute_meaning(element);
        let children = element.children.iter().map(|child| {
            let meaning = meaning.filter(|_| is_attribute_value(child));
            node(child, bindings, now, meaning)
        });
        let children = children.collect::<Result<_, _>>()?;
        return Ok(Node {
            tag,
            value: Value::Structure(children),
        });
    }
    let text = match now_offset(element.value()) {
        Some(offset) => (now + offset).to_string(),
        None if is_placeholder(element.value()) => bindings
            .value(element.value())
            .ok_or_else(|| format!("{} was never said by the server", element.value()))?
            .to_owned(),
        None => element.value().to_owned(),
    };
    let kind = element.attribute("type").unwrap_or_default();
    let value = value(kind, meaning.unwrap_or(tag), &text)
        .ok_or_else(|| format!("<{}>: {text:?} is no {kind}", element.name))?;
    Ok(Node { tag, value })
}

pub(crate) fn is_attribute_value(element: &Element) -> bool {
    element.name == "AttributeValue"
}

/// The tag that the name of a 1.x attribute stands for.
pub(crate) fn attribute_meaning(element: &Element) -> Option<u32> {
    element
        .child("AttributeName")
        .and_then(|name| WORDS.tag(name.value()))
}

fn value(kind: &str, meaning: u32, text: &str) -> Option<Value> {
    Some(match kind {
        "Integer" => Value::Integer(WORDS.integer(meaning, text)?),
        "LongInteger" => Value::LongInteger(text.parse().ok()?),
        "BigInteger" => {
            let bytes = hex::decode(text.trim_start_matches("0x")).ok()?;
            let sign = if bytes.first()? & 0x80 == 0 { 0 } else { 0xff };
            let mut padded = vec![sign; bytes.len().next_multiple_of(8) - bytes.len()];
            padded.extend(bytes);
            Value::BigInteger(padded)
        }
        "Enumeration" => Value::Enumeration(WORDS.enumerated(meaning, text)?),
        "Boolean" => Value::Boolean(text.parse().ok()?),
        "TextString" => Value::Text(text.to_owned()),
        "ByteString" => Value::Bytes(hex::decode(text).ok()?),
        "DateTime" => Value::DateTime(date(text)?),
        "DateTimeExtended" => Value::DateTimeExtended(text.parse().ok()?),
        "Interval" => Value::Interval(text.parse().ok()?),
        "Identifier" => Value::Identifier(text.to_owned()),
        "Reference" => Value::Reference(text.to_owned()),
        "NameReference" => Value::NameReference(text.to_owned()),
        _ => return None,
    })
}

/// Seconds since 1970 of a date in ISO 8601, or of a number.
pub(crate) fn date(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    OffsetDateTime::parse(text, &Iso8601::DEFAULT)
        .ok()
        .map(OffsetDateTime::unix_timestamp)
}
