//! A bounded cursor over bytes: every length is checked, nothing is copied, nesting is limited.

use super::ItemType;
use crate::{
    Tag, Version,
    error::{DecodeError, DecodeErrorKind, Result},
};

/// The deepest nesting that is ever read; the deepest message of the standard has eleven levels.
pub const DEPTH_MAX: u8 = 64;

/// The items of one structure that are still to be read.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
    /// The structure around, for the errors.
    tag: Tag,
    version: Version,
    /// How many structures may be entered one inside the other.
    levels: u8,
}

/// One item: its tag, its type and its value's bytes without padding.
#[derive(Clone, Copy)]
pub struct Item<'a> {
    /// The tag.
    pub tag: Tag,
    /// The type.
    pub item_type: ItemType,
    body: &'a [u8],
    version: Version,
    levels: u8,
}

impl<'a> Reader<'a> {
    /// Reads items that stand one after the other; `tag` is the structure around them.
    #[must_use]
    pub const fn new(bytes: &'a [u8], tag: Tag, version: Version) -> Self {
        Self {
            rest: bytes,
            tag,
            version,
            levels: DEPTH_MAX,
        }
    }

    /// The version by which the message is read.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The same items read by another version.
    #[must_use]
    pub const fn with_version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// The same items, with so many structures one inside the other and no more.
    #[must_use]
    pub const fn with_levels(mut self, levels: u8) -> Self {
        self.levels = levels;
        self
    }

    /// The structure whose items these are.
    #[must_use]
    pub const fn tag(&self) -> Tag {
        self.tag
    }

    /// Whether every item was read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The bytes not yet read.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next item, or `None` at the end.
    #[inline]
    pub fn next_item(&mut self) -> Result<Option<Item<'a>>> {
        let Some((head, rest)) = self.rest.split_first_chunk::<8>() else {
            return if self.rest.is_empty() {
                Ok(None)
            } else {
                Err(self.truncated())
            };
        };
        let [t0, t1, t2, type_byte, l0, l1, l2, l3] = *head;
        let tag = Tag(u32::from_be_bytes([0, t0, t1, t2]));
        let length = usize::try_from(u32::from_be_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
        let padded = length.checked_next_multiple_of(8).unwrap_or(usize::MAX);
        let Some((padded, rest)) = rest.split_at_checked(padded) else {
            return Err(self.truncated());
        };
        let Some(body) = padded.get(..length) else {
            return Err(self.truncated());
        };
        let Some(item_type) = ItemType::from_byte(type_byte) else {
            return Err(type_unknown(tag, type_byte));
        };
        self.rest = rest;
        Ok(Some(Item {
            tag,
            item_type,
            body,
            version: self.version,
            levels: self.levels,
        }))
    }

    #[cold]
    fn truncated(&self) -> DecodeError {
        DecodeError::at(self.tag, DecodeErrorKind::Truncated)
    }
}

#[cold]
fn type_unknown(tag: Tag, type_byte: u8) -> DecodeError {
    DecodeError::at(tag, DecodeErrorKind::TypeUnknown(type_byte))
}

impl<'a> Item<'a> {
    /// The version by which the message is read.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// An error at this item.
    #[must_use]
    #[cold]
    pub fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError::at(self.tag, kind)
    }

    /// The value's bytes, whatever the type; for values that are only carried.
    #[must_use]
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The items inside.
    #[inline]
    pub fn structure(&self) -> Result<Reader<'a>> {
        self.typed(ItemType::Structure)?;
        let Some(levels) = self.levels.checked_sub(1) else {
            return Err(self.error(DecodeErrorKind::TooDeep));
        };
        Ok(Reader {
            rest: self.body,
            tag: self.tag,
            version: self.version,
            levels,
        })
    }

    /// An Integer.
    #[inline]
    pub fn integer(&self) -> Result<i32> {
        self.fixed(ItemType::Integer).map(i32::from_be_bytes)
    }

    /// A Long Integer.
    #[inline]
    pub fn long_integer(&self) -> Result<i64> {
        self.fixed(ItemType::LongInteger).map(i64::from_be_bytes)
    }

    /// A Big Integer: two's complement, most significant byte first, a multiple of eight bytes long.
    #[inline]
    pub fn big_integer(&self) -> Result<&'a [u8]> {
        self.typed(ItemType::BigInteger)?;
        if self.body.is_empty() || !self.body.len().is_multiple_of(8) {
            return Err(self.error(DecodeErrorKind::ValueInvalid(
                "must be a multiple of eight bytes long",
            )));
        }
        Ok(self.body)
    }

    /// An Enumeration.
    #[inline]
    pub fn enumeration(&self) -> Result<u32> {
        self.fixed(ItemType::Enumeration).map(u32::from_be_bytes)
    }

    /// A Boolean: eight bytes, the last of them zero or one.
    #[inline]
    pub fn boolean(&self) -> Result<bool> {
        match u64::from_be_bytes(self.fixed(ItemType::Boolean)?) {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.error(DecodeErrorKind::ValueInvalid("must be zero or one"))),
        }
    }

    /// A Text String.
    #[inline]
    pub fn text(&self) -> Result<&'a str> {
        self.typed(ItemType::TextString)?;
        self.utf8()
    }

    /// An Identifier, a Reference or a Name Reference; before 3.0 they are Text Strings, and some clients write those in
    /// 3.0 too.
    #[inline]
    pub fn identifier(&self) -> Result<&'a str> {
        match self.item_type {
            ItemType::Identifier | ItemType::Reference | ItemType::NameReference => self.utf8(),
            _ => self.text(),
        }
    }

    #[inline]
    fn utf8(&self) -> Result<&'a str> {
        std::str::from_utf8(self.body)
            .map_err(|_| self.error(DecodeErrorKind::ValueInvalid("must be UTF-8")))
    }

    /// A Byte String.
    #[inline]
    pub fn bytes(&self) -> Result<&'a [u8]> {
        self.typed(ItemType::ByteString)?;
        Ok(self.body)
    }

    /// A Date-Time in seconds since 1970.
    #[inline]
    pub fn date_time(&self) -> Result<i64> {
        self.fixed(ItemType::DateTime).map(i64::from_be_bytes)
    }

    /// A Date-Time Extended in microseconds since 1970.
    #[inline]
    pub fn date_time_extended(&self) -> Result<i64> {
        self.fixed(ItemType::DateTimeExtended)
            .map(i64::from_be_bytes)
    }

    /// An Interval in seconds.
    #[inline]
    pub fn interval(&self) -> Result<u32> {
        self.fixed(ItemType::Interval).map(u32::from_be_bytes)
    }

    #[inline]
    fn typed(&self, wanted: ItemType) -> Result<()> {
        if self.item_type == wanted {
            Ok(())
        } else {
            Err(self.error(DecodeErrorKind::TypeMismatch(self.item_type)))
        }
    }

    #[inline]
    fn fixed<const N: usize>(&self, wanted: ItemType) -> Result<[u8; N]> {
        self.typed(wanted)?;
        self.body.try_into().map_err(|_| {
            self.error(DecodeErrorKind::ValueInvalid(
                "has the wrong length for its type",
            ))
        })
    }
}
