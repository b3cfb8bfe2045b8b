//! A one-pass writer that patches lengths when a structure ends.

use super::ItemType;
use crate::{Buffer, Tag, Version};

/// Writes items of one version.
pub struct Writer {
    buffer: Buffer,
    version: Version,
}

impl Writer {
    /// A writer of messages in this version.
    #[must_use]
    pub fn new(version: Version) -> Self {
        Self {
            buffer: Buffer::with_capacity(512),
            version,
        }
    }

    /// The version written.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The bytes written.
    #[must_use]
    pub fn into_bytes(self) -> Buffer {
        self.buffer
    }

    /// The bytes written so far.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// Items that were encoded before, copied as they are.
    pub fn encoded(&mut self, items: &[u8]) {
        self.buffer.push(items);
    }

    /// A structure and what `fill` writes into it.
    #[inline]
    pub fn structure<R>(&mut self, tag: Tag, fill: impl FnOnce(&mut Self) -> R) -> R {
        self.header(tag, ItemType::Structure, 0);
        let start = self.buffer.len();
        let filled = fill(self);
        // A message of 4 GiB cannot be asked for: requests are limited, and each response to what one request names.
        let length = u32::try_from(self.buffer.len() - start).unwrap_or(u32::MAX);
        if let Some(place) = self.buffer.as_mut_slice().get_mut(start - 4..start) {
            place.copy_from_slice(&length.to_be_bytes());
        }
        filled
    }

    /// An Integer.
    #[inline]
    pub fn integer(&mut self, tag: Tag, value: i32) {
        self.fixed(
            tag,
            ItemType::Integer,
            4,
            u64::from(value.cast_unsigned()) << 32,
        );
    }

    /// A Long Integer.
    #[inline]
    pub fn long_integer(&mut self, tag: Tag, value: i64) {
        self.fixed(tag, ItemType::LongInteger, 8, value.cast_unsigned());
    }

    /// A Big Integer in two's complement of any length, sign-extended here to a multiple of eight bytes.
    pub fn big_integer(&mut self, tag: Tag, value: &[u8]) {
        let length = value.len().max(1).next_multiple_of(8);
        let sign = if value.first().is_some_and(|byte| byte & 0x80 != 0) {
            0xFF
        } else {
            0
        };
        self.header(tag, ItemType::BigInteger, length);
        self.buffer.fill(sign, length - value.len());
        self.buffer.push(value);
    }

    /// An Enumeration.
    #[inline]
    pub fn enumeration(&mut self, tag: Tag, value: u32) {
        self.fixed(tag, ItemType::Enumeration, 4, u64::from(value) << 32);
    }

    /// A Boolean.
    #[inline]
    pub fn boolean(&mut self, tag: Tag, value: bool) {
        self.fixed(tag, ItemType::Boolean, 8, u64::from(value));
    }

    /// A Text String.
    #[inline]
    pub fn text(&mut self, tag: Tag, value: &str) {
        self.item(tag, ItemType::TextString, value.as_bytes());
    }

    /// A Byte String.
    #[inline]
    pub fn byte_string(&mut self, tag: Tag, value: &[u8]) {
        self.item(tag, ItemType::ByteString, value);
    }

    /// A Date-Time in seconds since 1970.
    #[inline]
    pub fn date_time(&mut self, tag: Tag, value: i64) {
        self.fixed(tag, ItemType::DateTime, 8, value.cast_unsigned());
    }

    /// A Date-Time Extended in microseconds since 1970.
    pub fn date_time_extended(&mut self, tag: Tag, value: i64) {
        self.item(tag, ItemType::DateTimeExtended, &value.to_be_bytes());
    }

    /// An Interval in seconds.
    #[inline]
    pub fn interval(&mut self, tag: Tag, value: u32) {
        self.fixed(tag, ItemType::Interval, 4, u64::from(value) << 32);
    }

    /// An item of any type from its value's bytes.
    #[inline]
    pub fn item(&mut self, tag: Tag, item_type: ItemType, value: &[u8]) {
        self.header(tag, item_type, value.len());
        self.buffer.push(value);
        self.buffer.pad(value.len().wrapping_neg() % 8);
    }

    /// An item whose value is eight bytes with its padding behind it.
    #[inline]
    fn fixed(&mut self, tag: Tag, item_type: ItemType, length: u32, padded: u64) {
        let item = (u128::from(header(tag, item_type, length)) << 64) | u128::from(padded);
        self.buffer.push(&item.to_be_bytes());
    }

    #[inline]
    fn header(&mut self, tag: Tag, item_type: ItemType, length: usize) {
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        let header = header(tag, item_type, length);
        self.buffer.push(&header.to_be_bytes());
    }
}

#[inline]
fn header(tag: Tag, item_type: ItemType, length: u32) -> u64 {
    (u64::from(tag.0) << 40) | (u64::from(item_type as u8) << 32) | u64::from(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::V2_1;

    fn written(fill: impl FnOnce(&mut Writer)) -> String {
        let mut writer = Writer::new(V2_1);
        fill(&mut writer);
        hex::encode(writer.bytes())
    }

    /// The examples of the encoding in KMIP 2.1 §10.1.6, each under Compromise Date's tag as there.
    #[test]
    fn every_type_is_encoded_as_the_standard_shows() {
        let tag = Tag::CompromiseDate;
        let rows: [(String, &str); 11] = [
            (
                written(|writer| writer.integer(tag, 8)),
                "42002002000000040000000800000000",
            ),
            (
                written(|writer| writer.long_integer(tag, 123_456_789_000_000_000)),
                "420020030000000801b69b4ba5749200",
            ),
            (
                written(|writer| {
                    let value = [0x03, 0xFD, 0x35, 0xEB, 0x6B, 0xC2, 0xDF, 0x46, 0x18, 0x08];
                    writer.big_integer(tag, &value);
                }),
                "420020040000001000000000000003fd35eb6bc2df461808",
            ),
            (
                written(|writer| writer.enumeration(tag, 255)),
                "4200200500000004000000ff00000000",
            ),
            (
                written(|writer| writer.boolean(tag, true)),
                "42002006000000080000000000000001",
            ),
            (
                written(|writer| writer.text(tag, "Hello World")),
                "420020070000000b48656c6c6f20576f726c640000000000",
            ),
            (
                written(|writer| writer.byte_string(tag, &[1, 2, 3])),
                "42002008000000030102030000000000",
            ),
            (
                written(|writer| writer.date_time(tag, 0x47DA_67F8)),
                "42002009000000080000000047da67f8",
            ),
            (
                written(|writer| writer.interval(tag, 864_000)),
                "4200200a00000004000d2f0000000000",
            ),
            (
                written(|writer| {
                    writer.structure(tag, |writer| {
                        writer.enumeration(Tag::ApplicationSpecificInformation, 254);
                        writer.integer(Tag::ArchiveDate, 255);
                    });
                }),
                "42002001000000204200040500000004000000fe0000000042000502000000040000\
                 00ff00000000",
            ),
            (
                written(|writer| writer.big_integer(tag, &[])),
                "42002004000000080000000000000000",
            ),
        ];
        for (ours, standard) in rows {
            assert_eq!(ours, standard);
        }
    }

    #[test]
    fn a_negative_number_is_extended_by_its_sign() {
        let ours = written(|writer| writer.big_integer(Tag::D, &[0xFE]));
        assert_eq!(ours, "42002e0400000008fffffffffffffffe");
    }

    #[test]
    fn a_writer_grows_over_large_values() {
        let mut writer = Writer::new(V2_1);
        writer.structure(Tag::Data, |writer| {
            for _ in 0..100 {
                writer.byte_string(Tag::Data, &[7; 1001]);
            }
        });
        assert_eq!(writer.bytes().len(), 8 + 100 * (8 + 1008));
        assert_eq!(
            writer.bytes().get(4..8),
            Some(&(100 * 1016_u32).to_be_bytes()[..])
        );
    }
}
