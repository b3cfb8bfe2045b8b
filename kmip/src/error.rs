//! Why bytes could not be read, and where.

use std::{fmt, ops::Deref};

use crate::{Tag, ttlv::ItemType};

/// The result of decoding.
pub type Result<T> = std::result::Result<T, DecodeError>;

/// A reading error: what is wrong and on which path of tags it stood, innermost first.
///
/// It stands on the heap, because every function of the codec returns a result, and hardly any an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeError(Box<Details>);

/// The details of a reading error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// What is wrong.
    pub kind: DecodeErrorKind,
    /// The tags from the item at fault outwards.
    pub path: Vec<Tag>,
}

/// What is wrong with an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeErrorKind {
    /// An attribute or attribute reference that this build does not know.
    AttributeUnknown(String),
    /// A field that may stand once stands twice.
    Duplicate,
    /// A required field is absent.
    Missing,
    /// Structures are nested deeper than the limit.
    TooDeep,
    /// More items than the limit.
    TooMany,
    /// The bytes end before the item does.
    Truncated,
    /// The item has another type than its tag asks for.
    TypeMismatch(ItemType),
    /// The item's type byte is no type of the protocol.
    TypeUnknown(u8),
    /// The tag has no place here.
    Unexpected,
    /// The value breaks a rule of its type: a length, a character set, a range.
    ValueInvalid(&'static str),
}

impl DecodeError {
    /// An error at the item with this tag.
    #[must_use]
    #[cold]
    pub fn at(tag: Tag, kind: DecodeErrorKind) -> Self {
        Self(Box::new(Details {
            kind,
            path: vec![tag],
        }))
    }

    /// An error around everything, at no item.
    #[must_use]
    #[cold]
    pub fn around(kind: DecodeErrorKind) -> Self {
        Self(Box::new(Details {
            kind,
            path: Vec::new(),
        }))
    }

    /// The same error seen from the structure around.
    #[must_use]
    #[cold]
    pub fn within(mut self, tag: Tag) -> Self {
        self.0.path.push(tag);
        self
    }
}

impl Deref for DecodeError {
    type Target = Details;

    fn deref(&self) -> &Details {
        &self.0
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match &self.kind {
            DecodeErrorKind::AttributeUnknown(name) => {
                return write!(f, "unknown attribute {name:?}");
            }
            DecodeErrorKind::Duplicate => "stands twice",
            DecodeErrorKind::Missing => "is missing",
            DecodeErrorKind::TooDeep => "is nested too deeply",
            DecodeErrorKind::TooMany => "stands too often",
            DecodeErrorKind::Truncated => "is cut short",
            DecodeErrorKind::TypeMismatch(_) => "has the wrong type",
            DecodeErrorKind::TypeUnknown(_) => "has an unknown type",
            DecodeErrorKind::Unexpected => "has no place here",
            DecodeErrorKind::ValueInvalid(rule) => rule,
        };
        for (n, tag) in self.path.iter().rev().enumerate() {
            if n > 0 {
                f.write_str("/")?;
            }
            write!(f, "{tag:?}")?;
        }
        write!(f, " {what}")
    }
}

impl std::error::Error for DecodeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_tells_the_path_from_the_message_inwards() {
        let error = DecodeError::at(Tag::State, DecodeErrorKind::Missing)
            .within(Tag::Attributes)
            .within(Tag::RequestPayload);
        assert_eq!(
            error.path,
            [Tag::State, Tag::Attributes, Tag::RequestPayload]
        );
        assert_eq!(
            error.to_string(),
            "RequestPayload/Attributes/State is missing"
        );
    }

    #[test]
    fn every_kind_of_error_reads_as_a_sentence() {
        let rows = [
            (DecodeErrorKind::Duplicate, "State stands twice"),
            (DecodeErrorKind::Missing, "State is missing"),
            (DecodeErrorKind::TooDeep, "State is nested too deeply"),
            (DecodeErrorKind::TooMany, "State stands too often"),
            (DecodeErrorKind::Truncated, "State is cut short"),
            (
                DecodeErrorKind::TypeMismatch(ItemType::Integer),
                "State has the wrong type",
            ),
            (
                DecodeErrorKind::TypeUnknown(0xFF),
                "State has an unknown type",
            ),
            (DecodeErrorKind::Unexpected, "State has no place here"),
            (
                DecodeErrorKind::ValueInvalid("must be UTF-8"),
                "State must be UTF-8",
            ),
            (
                DecodeErrorKind::AttributeUnknown("Colour".into()),
                "unknown attribute \"Colour\"",
            ),
        ];
        for (kind, text) in rows {
            assert_eq!(DecodeError::at(Tag::State, kind).to_string(), text);
        }
        let unknown = DecodeError::at(Tag(0x54_0001), DecodeErrorKind::Truncated);
        assert_eq!(unknown.to_string(), "0x00540001 is cut short");
    }
}
