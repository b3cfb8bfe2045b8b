//! What one item holds ([`Value`]), what stands between a structure's ends ([`Structure`]), and how often ([`Field`]).

use super::{Item, ItemType, Reader, Writer};
use crate::{
    Secret, Tag,
    error::{DecodeError, DecodeErrorKind, Result},
};

/// A value that stands in one item.
pub trait Value: Sized {
    /// Reads the item's value.
    fn read(item: Item<'_>) -> Result<Self>;

    /// Writes the item.
    fn write(&self, tag: Tag, writer: &mut Writer);

    /// Whether an item found belongs to the field `own`, called `old` before 2.0.
    #[inline]
    fn takes(own: Tag, old: Option<Tag>, found: Tag) -> bool {
        found == own || Some(found) == old
    }

    /// What a required field holds in the versions that no longer have it.
    #[must_use]
    fn gone() -> Option<Self> {
        None
    }
}

/// The contents of a structure, without its own tag: a payload is one.
pub trait Structure: Sized {
    /// Reads the items to the end.
    fn read_fields(reader: Reader<'_>) -> Result<Self>;

    /// Writes the items in the order of the standard's table.
    fn write_fields(&self, writer: &mut Writer);
}

/// How often a value may stand: once (`T`), at most once (`Option<T>`), any number of times (`Vec<T>`).
pub trait Field: Sized {
    /// What was read of the field so far.
    type Slot: Default;

    /// Whether an item found belongs to this field.
    fn takes(own: Tag, old: Option<Tag>, found: Tag) -> bool;

    /// Takes one item of the field.
    fn accept(slot: &mut Self::Slot, item: Item<'_>) -> Result<()>;

    /// The field after the last item, or an error when it is missing.
    fn finish(slot: Self::Slot, tag: Tag) -> Result<Self>;

    /// What the field holds in the versions that no longer have it, if it is required in the others.
    #[must_use]
    fn gone() -> Option<Self> {
        None
    }

    /// Writes the field's items; `old` is its tag before 2.0 where that is another.
    fn write_field(&self, own: Tag, old: Option<Tag>, writer: &mut Writer);
}

/// The tag to write in the writer's version.
fn tag_of(own: Tag, old: Option<Tag>, writer: &Writer) -> Tag {
    if writer.version().is_2() {
        own
    } else {
        old.unwrap_or(own)
    }
}

/// A field after the last item, where the version may no longer have it.
#[inline]
pub(crate) fn finish<T: Field>(slot: T::Slot, tag: Tag, is_gone: bool) -> Result<T> {
    match T::finish(slot, tag) {
        Err(error) if is_gone => T::gone().ok_or(error),
        finished => finished,
    }
}

/// Fills the slot of a field that may stand once.
#[inline]
pub(crate) fn read_once<'a, T>(
    slot: &mut Option<T>,
    item: Item<'a>,
    read: impl FnOnce(Item<'a>) -> Result<T>,
) -> Result<()> {
    match slot {
        Some(_) => Err(item.error(DecodeErrorKind::Duplicate)),
        None => {
            *slot = Some(read(item)?);
            Ok(())
        }
    }
}

impl<T: Value> Field for T {
    type Slot = Option<T>;

    #[inline]
    fn takes(own: Tag, old: Option<Tag>, found: Tag) -> bool {
        T::takes(own, old, found)
    }

    #[inline]
    fn accept(slot: &mut Self::Slot, item: Item<'_>) -> Result<()> {
        read_once(slot, item, T::read)
    }

    #[inline]
    fn finish(slot: Self::Slot, tag: Tag) -> Result<Self> {
        slot.ok_or_else(|| DecodeError::at(tag, DecodeErrorKind::Missing))
    }

    fn gone() -> Option<Self> {
        T::gone()
    }

    #[inline]
    fn write_field(&self, own: Tag, old: Option<Tag>, writer: &mut Writer) {
        self.write(tag_of(own, old, writer), writer);
    }
}

impl<T: Value> Field for Option<T> {
    type Slot = Self;

    #[inline]
    fn takes(own: Tag, old: Option<Tag>, found: Tag) -> bool {
        T::takes(own, old, found)
    }

    #[inline]
    fn accept(slot: &mut Self::Slot, item: Item<'_>) -> Result<()> {
        read_once(slot, item, T::read)
    }

    #[inline]
    fn finish(slot: Self::Slot, _: Tag) -> Result<Self> {
        Ok(slot)
    }

    #[inline]
    fn write_field(&self, own: Tag, old: Option<Tag>, writer: &mut Writer) {
        if let Some(value) = self {
            value.write(tag_of(own, old, writer), writer);
        }
    }
}

impl<T: Value> Field for Vec<T> {
    type Slot = Self;

    #[inline]
    fn takes(own: Tag, old: Option<Tag>, found: Tag) -> bool {
        T::takes(own, old, found)
    }

    #[inline]
    fn accept(slot: &mut Self::Slot, item: Item<'_>) -> Result<()> {
        slot.push(T::read(item)?);
        Ok(())
    }

    #[inline]
    fn finish(slot: Self::Slot, _: Tag) -> Result<Self> {
        Ok(slot)
    }

    #[inline]
    fn write_field(&self, own: Tag, old: Option<Tag>, writer: &mut Writer) {
        for value in self {
            value.write(tag_of(own, old, writer), writer);
        }
    }
}

macro_rules! values {
    ($($type:ty: |$item:ident| $read:expr, |$value:ident, $tag:ident, $writer:ident| $write:expr;)*) => {
        $(impl Value for $type {
            #[inline]
            fn read($item: Item<'_>) -> Result<Self> {
                $read
            }
            #[inline]
            fn write(&self, $tag: Tag, $writer: &mut Writer) {
                let $value = self;
                $write
            }
        })*
    };
}

/// The only required numbers that a version gave up are counts of what is counted anyway.
impl Value for i32 {
    #[inline]
    fn read(item: Item<'_>) -> Result<Self> {
        item.integer()
    }

    fn write(&self, tag: Tag, writer: &mut Writer) {
        writer.integer(tag, *self);
    }

    fn gone() -> Option<Self> {
        Some(0)
    }
}

/// A value that would be large where it stands.
impl<T: Value> Value for Box<T> {
    #[inline]
    fn read(item: Item<'_>) -> Result<Self> {
        T::read(item).map(Self::new)
    }

    #[inline]
    fn write(&self, tag: Tag, writer: &mut Writer) {
        T::write(self, tag, writer);
    }
}

values! {
    i64: |item| item.long_integer(), |value, tag, writer| writer.long_integer(tag, *value);
    bool: |item| item.boolean(), |value, tag, writer| writer.boolean(tag, *value);
    String: |item| item.text().map(Self::from), |value, tag, writer| writer.text(tag, value);
    Bytes: |item| item.bytes().map(|bytes| Self(bytes.to_vec())), |value, tag, writer| writer.byte_string(tag, &value.0);
    Secret: |item| item.bytes().map(Self::from), |value, tag, writer| writer.byte_string(tag, value.expose());
    BigInteger: |item| item.big_integer().map(|bytes| Self(bytes.into())), |value, tag, writer| writer.big_integer(tag, value.0.expose());
    Timestamp: |item| item.date_time().map(Self), |value, tag, writer| writer.date_time(tag, value.0);
    TimestampExtended: |item| item.date_time_extended().map(Self), |value, tag, writer| writer.date_time_extended(tag, value.0);
    Interval: |item| item.interval().map(Self), |value, tag, writer| writer.interval(tag, value.0);
}

/// A Byte String that is not secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bytes(pub Vec<u8>);

/// A Date-Time: seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// A Date-Time Extended: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimestampExtended(pub i64);

impl From<Timestamp> for TimestampExtended {
    fn from(seconds: Timestamp) -> Self {
        Self(seconds.0.saturating_mul(1_000_000))
    }
}

/// An Interval in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval(pub u32);

/// A Big Integer in two's complement; treated as secret, for most are parts of private keys.
#[derive(Clone, PartialEq, Eq)]
pub struct BigInteger(Secret);

impl BigInteger {
    /// A number without a sign, most significant byte first.
    #[must_use]
    pub fn from_unsigned(magnitude: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(magnitude.len() + 1);
        if magnitude.first().is_none_or(|byte| byte & 0x80 != 0) {
            bytes.push(0);
        }
        bytes.extend_from_slice(magnitude);
        Self(Secret::new(bytes))
    }

    /// The magnitude without leading zeros, or `None` of a negative number.
    #[must_use]
    pub fn to_unsigned(&self) -> Option<Secret> {
        let bytes = self.0.expose();
        if bytes.first().is_some_and(|byte| byte & 0x80 != 0) {
            return None;
        }
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        Some(Secret::from(bytes.get(zeros..).unwrap_or_default()))
    }
}

/// Any value, carried as it came: what a vendor attribute holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AnyValue {
    /// The type of the item.
    pub item_type: ItemType,
    /// The value's bytes without padding.
    pub body: Vec<u8>,
}

impl AnyValue {
    /// A Text String.
    #[must_use]
    pub fn text(value: &str) -> Self {
        Self {
            item_type: ItemType::TextString,
            body: value.as_bytes().to_vec(),
        }
    }
}

impl Value for AnyValue {
    fn read(item: Item<'_>) -> Result<Self> {
        check(item)?;
        Ok(Self {
            item_type: item.item_type,
            body: item.body().to_vec(),
        })
    }

    fn write(&self, tag: Tag, writer: &mut Writer) {
        writer.item(tag, self.item_type, &self.body);
    }
}

/// Checks an item that is only carried: its own type's rules, and those of everything inside.
fn check(item: Item<'_>) -> Result<()> {
    match item.item_type {
        ItemType::Structure => {
            let mut reader = item.structure()?;
            while let Some(inner) = reader.next_item()? {
                check(inner).map_err(|error| error.within(item.tag))?;
            }
            Ok(())
        }
        ItemType::Integer => item.integer().map(drop),
        ItemType::LongInteger => item.long_integer().map(drop),
        ItemType::BigInteger => item.big_integer().map(drop),
        ItemType::Enumeration => item.enumeration().map(drop),
        ItemType::Boolean => item.boolean().map(drop),
        ItemType::TextString
        | ItemType::Identifier
        | ItemType::Reference
        | ItemType::NameReference => item.identifier().map(drop),
        ItemType::ByteString => item.bytes().map(drop),
        ItemType::DateTime => item.date_time().map(drop),
        ItemType::Interval => item.interval().map(drop),
        ItemType::DateTimeExtended => item.date_time_extended().map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{V1_4, V2_1};

    fn written_and_read<T: Value>(value: &T) -> T {
        let mut writer = Writer::new(V2_1);
        value.write(Tag::D, &mut writer);
        let mut reader = Reader::new(writer.bytes(), Tag::KeyMaterial, V2_1);
        T::read(reader.next_item().unwrap().unwrap()).unwrap()
    }

    #[test]
    fn a_magnitude_is_never_read_as_a_negative_number() {
        for magnitude in [
            &[][..],
            &[0],
            &[1],
            &[0x7F],
            &[0x80],
            &[0xFF; 8],
            &[0xFF; 9],
            &[0, 0, 3],
        ] {
            let number = written_and_read(&BigInteger::from_unsigned(magnitude));
            let without_zeros = magnitude.iter().skip_while(|byte| **byte == 0);
            let expected: Vec<u8> = without_zeros.copied().collect();
            assert!(number.to_unsigned().unwrap().expose() == expected);
        }
    }

    #[test]
    fn a_negative_number_has_no_magnitude() {
        let mut writer = Writer::new(V2_1);
        writer.big_integer(Tag::D, &[0xFF]);
        let mut reader = Reader::new(writer.bytes(), Tag::KeyMaterial, V2_1);
        let number = BigInteger::read(reader.next_item().unwrap().unwrap()).unwrap();
        assert!(number.to_unsigned().is_none());
    }

    #[test]
    fn a_field_has_another_tag_before_2_0() {
        let (own, old) = (Tag::NewAttribute, Some(Tag::Attribute));
        for (version, tag) in [(V1_4, Tag::Attribute), (V2_1, Tag::NewAttribute)] {
            let mut writer = Writer::new(version);
            Some(1_i32).write_field(own, old, &mut writer);
            let mut reader = Reader::new(writer.bytes(), Tag::RequestPayload, version);
            assert_eq!(reader.next_item().unwrap().unwrap().tag, tag);
        }
        let takes = <i32 as Field>::takes;
        assert!(takes(own, old, Tag::Attribute) && takes(own, old, Tag::NewAttribute));
        assert!(!takes(own, None, Tag::Attribute));
    }
}
