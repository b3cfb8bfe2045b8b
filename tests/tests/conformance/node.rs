//! Messages as trees of items, and their binary encoding, written and read independently of the crate under test
//! (KMIP 2.1 §10.1, KMIP 3.0 for identifiers and references).

use std::fmt;

use super::words::WORDS;

/// One item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) tag: u32,
    pub(crate) value: Value,
}

/// What an item holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Structure(Vec<Node>),
    Integer(i32),
    LongInteger(i64),
    /// Two's complement, as long as it came.
    BigInteger(Vec<u8>),
    Enumeration(u32),
    Boolean(bool),
    Text(String),
    Bytes(Vec<u8>),
    DateTime(i64),
    Interval(u32),
    DateTimeExtended(i64),
    Identifier(String),
    Reference(String),
    NameReference(String),
}

impl Value {
    /// The number of the type, and its name in XML and JSON.
    pub(crate) const fn kind(&self) -> (u8, &'static str) {
        match self {
            Self::Structure(_) => (1, "Structure"),
            Self::Integer(_) => (2, "Integer"),
            Self::LongInteger(_) => (3, "LongInteger"),
            Self::BigInteger(_) => (4, "BigInteger"),
            Self::Enumeration(_) => (5, "Enumeration"),
            Self::Boolean(_) => (6, "Boolean"),
            Self::Text(_) => (7, "TextString"),
            Self::Bytes(_) => (8, "ByteString"),
            Self::DateTime(_) => (9, "DateTime"),
            Self::Interval(_) => (10, "Interval"),
            Self::DateTimeExtended(_) => (11, "DateTimeExtended"),
            Self::Identifier(_) => (12, "Identifier"),
            Self::Reference(_) => (13, "Reference"),
            Self::NameReference(_) => (14, "NameReference"),
        }
    }

    /// What a placeholder keeps of it.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Structure(_) => String::new(),
            Self::Integer(own) => own.to_string(),
            Self::LongInteger(own) | Self::DateTime(own) | Self::DateTimeExtended(own) => {
                own.to_string()
            }
            Self::Enumeration(own) => format!("0x{own:08x}"),
            Self::Interval(own) => own.to_string(),
            Self::Boolean(own) => own.to_string(),
            Self::Text(own)
            | Self::Identifier(own)
            | Self::Reference(own)
            | Self::NameReference(own) => own.clone(),
            Self::BigInteger(own) | Self::Bytes(own) => hex::encode(own),
        }
    }
}

impl Node {
    /// The items of a structure.
    pub(crate) fn children(&self) -> &[Self] {
        match &self.value {
            Value::Structure(children) => children,
            _ => &[],
        }
    }

    pub(crate) fn name(&self) -> String {
        WORDS.name(self.tag)
    }

    /// The first item of a structure with a name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children().iter().find(|child| child.name() == name)
    }

    /// Itself and everything below.
    pub(crate) fn all(&self) -> Vec<&Self> {
        let below = self.children().iter().flat_map(Self::all);
        std::iter::once(self).chain(below).collect()
    }

    /// The binary encoding.
    pub(crate) fn to_ttlv(&self) -> Vec<u8> {
        let value = match &self.value {
            Value::Structure(children) => children.iter().flat_map(Self::to_ttlv).collect(),
            Value::Integer(own) => own.to_be_bytes().to_vec(),
            Value::LongInteger(own) | Value::DateTime(own) | Value::DateTimeExtended(own) => {
                own.to_be_bytes().to_vec()
            }
            Value::BigInteger(own) => {
                let sign = if own.first().is_some_and(|byte| *byte >= 0x80) {
                    0xff
                } else {
                    0
                };
                let mut padded = vec![sign; own.len().next_multiple_of(8) - own.len()];
                padded.extend_from_slice(own);
                padded
            }
            Value::Enumeration(own) | Value::Interval(own) => own.to_be_bytes().to_vec(),
            Value::Boolean(own) => u64::from(*own).to_be_bytes().to_vec(),
            Value::Text(own)
            | Value::Identifier(own)
            | Value::Reference(own)
            | Value::NameReference(own) => own.as_bytes().to_vec(),
            Value::Bytes(own) => own.clone(),
        };
        let mut out = self.tag.to_be_bytes()[1..].to_vec();
        out.push(self.value.kind().0);
        out.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
        let padded = value.len().next_multiple_of(8);
        out.extend(value);
        out.resize(8 + padded, 0);
        out
    }

    /// Reads a binary message, which must be exactly one item.
    pub(crate) fn from_ttlv(bytes: &[u8]) -> Result<Self, String> {
        let mut rest = bytes;
        let node = read(&mut rest)?;
        if rest.is_empty() {
            Ok(node)
        } else {
            Err(format!("{} bytes follow the message", rest.len()))
        }
    }
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], String> {
    let (head, tail) = rest
        .split_at_checked(count)
        .ok_or_else(|| format!("{count} bytes are said to follow, {} do", rest.len()))?;
    *rest = tail;
    Ok(head)
}

fn read(rest: &mut &[u8]) -> Result<Node, String> {
    let head = take(rest, 8)?;
    let tag = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let length = u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize;
    let value = take(rest, length)?;
    let padding = take(rest, length.next_multiple_of(8) - length)?;
    let name = WORDS.name(tag);
    if padding.iter().any(|byte| *byte != 0) {
        return Err(format!("{name}: its padding is not zero"));
    }
    let four = || <[u8; 4]>::try_from(value).map_err(|_| format!("{name}: {length} bytes, not 4"));
    let eight = || <[u8; 8]>::try_from(value).map_err(|_| format!("{name}: {length} bytes, not 8"));
    let text = || String::from_utf8(value.to_vec()).map_err(|_| format!("{name}: not UTF-8"));
    let value = match head[3] {
        1 => {
            let mut inner = value;
            let mut children = Vec::new();
            while !inner.is_empty() {
                children.push(read(&mut inner)?);
            }
            Value::Structure(children)
        }
        2 => Value::Integer(i32::from_be_bytes(four()?)),
        3 => Value::LongInteger(i64::from_be_bytes(eight()?)),
        4 if length > 0 && length.is_multiple_of(8) => Value::BigInteger(value.to_vec()),
        5 => Value::Enumeration(u32::from_be_bytes(four()?)),
        6 => match u64::from_be_bytes(eight()?) {
            0 => Value::Boolean(false),
            1 => Value::Boolean(true),
            other => return Err(format!("{name}: {other} is no Boolean")),
        },
        7 => Value::Text(text()?),
        8 => Value::Bytes(value.to_vec()),
        9 => Value::DateTime(i64::from_be_bytes(eight()?)),
        10 => Value::Interval(u32::from_be_bytes(four()?)),
        11 => Value::DateTimeExtended(i64::from_be_bytes(eight()?)),
        12 => Value::Identifier(text()?),
        13 => Value::Reference(text()?),
        14 => Value::NameReference(text()?),
        other => return Err(format!("{name}: the type {other} with {length} bytes")),
    };
    Ok(Node { tag, value })
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::Structure(children) => {
                f.write_str("{")?;
                for child in children {
                    write!(f, " {}={child}", child.name())?;
                }
                f.write_str(" }")
            }
            Value::Enumeration(own) => f.write_str(&WORDS.word(self.tag, *own)),
            other => {
                let text = other.text();
                match text.char_indices().nth(200) {
                    Some((at, _)) => write!(f, "{}…", &text[..at]),
                    None => f.write_str(&text),
                }
            }
        }
    }
}
