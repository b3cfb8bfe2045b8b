//! The XML and JSON encodings of messages (KMIP Additional Message Encodings), written and read here by themselves.

use std::{env, fmt::Write};

use serde_json::{Map, Value as Json, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    convert::{self, Bindings},
    node::{Node, Value},
    words::WORDS,
    xml::{self, Element},
};

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Binary.
    Ttlv,
    /// XML.
    Xml,
    /// JSON.
    Json,
}

impl Encoding {
    /// What `KEYHOLD_CASES_IN` wants of cases that are not about an encoding: to be posted in this one.
    pub(crate) fn of_all() -> Option<Self> {
        match env::var("KEYHOLD_CASES_IN").ok()?.as_str() {
            "https" => Some(Self::Ttlv),
            "json" => Some(Self::Json),
            "xml" => Some(Self::Xml),
            other => panic!("KEYHOLD_CASES_IN is {other}, and not https, json or xml"),
        }
    }

    /// The content type over HTTPS.
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Ttlv => "application/octet-stream",
            Self::Xml => "text/xml",
            Self::Json => "application/json",
        }
    }

    pub(crate) fn write(self, node: &Node) -> Vec<u8> {
        match self {
            Self::Ttlv => node.to_ttlv(),
            Self::Xml => {
                let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
                to_xml(node, &mut text);
                text.into_bytes()
            }
            Self::Json => to_json(node).to_string().into_bytes(),
        }
    }

    pub(crate) fn read(self, bytes: &[u8]) -> Result<Node, String> {
        let text = || std::str::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned());
        match self {
            Self::Ttlv => Node::from_ttlv(bytes),
            Self::Xml => {
                let element = Element::parse(text()?)?;
                convert::node(&element, &Bindings::default(), 0, None)
            }
            Self::Json => {
                let json = serde_json::from_str(text()?).map_err(|error| error.to_string())?;
                convert::node(&from_json(&json)?, &Bindings::default(), 0, None)
            }
        }
    }
}

fn to_xml(node: &Node, out: &mut String) {
    let name = node.name();
    let (begin, end) = if name.starts_with("0x") {
        (format!("TTLV tag=\"{name}\""), "TTLV".to_owned())
    } else {
        (name.clone(), name)
    };
    match &node.value {
        Value::Structure(children) => {
            let _ = write!(out, "<{begin}>");
            children.iter().for_each(|child| to_xml(child, out));
            let _ = write!(out, "</{end}>");
        }
        other => {
            let value = xml::escaped(&leaf(other));
            let _ = write!(
                out,
                "<{begin} type=\"{}\" value=\"{value}\"/>",
                other.kind().1
            );
        }
    }
}

/// A leaf in text, as both encodings have it.
fn leaf(value: &Value) -> String {
    match value {
        Value::DateTime(seconds) => OffsetDateTime::from_unix_timestamp(*seconds)
            .unwrap()
            .format(&Rfc3339)
            .unwrap(),
        other => other.text(),
    }
}

fn to_json(node: &Node) -> Json {
    let mut out = Map::new();
    out.insert("tag".to_owned(), json!(node.name()));
    let value = match &node.value {
        Value::Structure(children) => Json::Array(children.iter().map(to_json).collect()),
        other => {
            out.insert("type".to_owned(), json!(other.kind().1));
            match other {
                Value::Integer(own) => json!(own),
                Value::Interval(own) => json!(own),
                Value::Boolean(own) => json!(own),
                Value::LongInteger(own) => json!(format!("0x{own:016x}")),
                Value::BigInteger(own) => json!(format!("0x{}", hex::encode(own))),
                other => json!(leaf(other)),
            }
        }
    };
    out.insert("value".to_owned(), value);
    Json::Object(out)
}

/// The element that says the same.
fn from_json(json: &Json) -> Result<Element, String> {
    let name = json["tag"].as_str().ok_or("an object has no tag")?;
    let kind = json["type"].as_str().unwrap_or("Structure");
    let mut element = Element {
        name: name.to_owned(),
        attributes: vec![("type".to_owned(), kind.to_owned())],
        children: Vec::new(),
    };
    if WORDS.tag(name).is_none() {
        "TTLV".clone_into(&mut element.name);
        element.attributes.push(("tag".to_owned(), name.to_owned()));
    }
    match &json["value"] {
        Json::Array(items) => {
            element.children = items.iter().map(from_json).collect::<Result<_, _>>()?;
        }
        other => {
            let text = other
                .as_str()
                .map_or_else(|| other.to_string(), ToOwned::to_owned);
            let text = match (kind, text.strip_prefix("0x")) {
                ("LongInteger", Some(hex)) => i128::from_str_radix(hex, 16)
                    .map_err(|error| error.to_string())?
                    .to_string(),
                _ => text,
            };
            element.attributes.push(("value".to_owned(), text));
        }
    }
    Ok(element)
}
