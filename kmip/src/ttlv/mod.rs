//! The binary encoding: tag, type, length, value (KMIP 2.1 §10.1).

mod dump;
mod frame;
mod reader;
mod structure;
mod value;
mod writer;

pub use self::{
    dump::dump,
    frame::{Frame, frame},
    reader::{DEPTH_MAX, Item, Reader},
    value::{
        AnyValue, BigInteger, Bytes, Field, Interval, Structure, Timestamp, TimestampExtended,
        Value,
    },
    writer::Writer,
};
pub(crate) use self::{
    structure::structure,
    value::{finish, read_once},
};

use crate::error::{DecodeErrorKind, Result};

/// The type of an item (KMIP 2.1 §10.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ItemType {
    /// Items, one after the other.
    Structure = 0x01,
    /// Four bytes, two's complement.
    Integer = 0x02,
    /// Eight bytes, two's complement.
    LongInteger = 0x03,
    /// Two's complement of any length that is a multiple of eight bytes.
    BigInteger = 0x04,
    /// Four bytes.
    Enumeration = 0x05,
    /// Eight bytes, zero or one.
    Boolean = 0x06,
    /// UTF-8.
    TextString = 0x07,
    /// Any bytes.
    ByteString = 0x08,
    /// Eight bytes, seconds since 1970.
    DateTime = 0x09,
    /// Four bytes, seconds.
    Interval = 0x0A,
    /// Eight bytes, microseconds since 1970.
    DateTimeExtended = 0x0B,
    /// UTF-8: an object's identifier (3.0).
    Identifier = 0x0C,
    /// UTF-8: the identifier of another object (3.0).
    Reference = 0x0D,
    /// UTF-8: the name of another object (3.0).
    NameReference = 0x0E,
}

impl ItemType {
    /// The type of a type byte.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            0x01 => Self::Structure,
            0x02 => Self::Integer,
            0x03 => Self::LongInteger,
            0x04 => Self::BigInteger,
            0x05 => Self::Enumeration,
            0x06 => Self::Boolean,
            0x07 => Self::TextString,
            0x08 => Self::ByteString,
            0x09 => Self::DateTime,
            0x0A => Self::Interval,
            0x0B => Self::DateTimeExtended,
            0x0C => Self::Identifier,
            0x0D => Self::Reference,
            0x0E => Self::NameReference,
            _ => return None,
        })
    }
}

macro_rules! names {
    ($($name:ident)*) => {
        impl ItemType {
            /// The name as XML and JSON messages spell it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// Every type.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

names! {
    Structure Integer LongInteger BigInteger Enumeration Boolean TextString ByteString DateTime Interval
    DateTimeExtended Identifier Reference NameReference
}

/// Whether a structure may pass over an item it does not know: vendors' tags, which begin with 0x54, and no others, so
/// that a misplaced field is never silently ignored.
pub(crate) fn structure_passes_over(item: Item<'_>) -> Result<()> {
    if item.tag.0 >> 16 == 0x54 {
        Ok(())
    } else {
        Err(item.error(DecodeErrorKind::Unexpected))
    }
}
