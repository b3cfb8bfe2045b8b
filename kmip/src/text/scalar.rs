//! Values that are no structures, as XML and JSON spell them (KMIP Profiles 2.1 §5.2.5, §5.3.5).

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::{Encoding, date, siblings::Siblings, unfit};
use crate::{
    Tag,
    error::Result,
    ttlv::{Item, ItemType, Writer},
    vocabulary::{Words, tag_of},
};

/// A value as a text holds it.
pub(super) enum Literal<'a> {
    /// A string; every value of XML is one.
    Text(&'a str),
    /// A number of JSON, as it is spelled.
    Number(&'a str),
    /// A Boolean of JSON.
    Boolean(bool),
}

/// A value as it is to be written.
pub(super) enum Spelling<'a> {
    /// A number or a Boolean, which JSON does not quote.
    Bare(Cow<'static, str>),
    /// Letters, digits and punctuation that mean nothing to either encoding.
    Word(Cow<'static, str>),
    /// Any text.
    Text(&'a str),
    /// Bytes in hexadecimal, behind a prefix.
    Hex(&'static str, &'a [u8]),
}

/// The tag of a name or of a number in hexadecimal.
pub(super) fn tag(name: &str) -> Option<Tag> {
    match hexadecimal(name) {
        Some(digits) => u32::from_str_radix(digits, 16)
            .ok()
            .filter(|number| *number <= 0xFF_FFFF)
            .map(Tag),
        None => tag_of(name),
    }
}

/// The type of a name or of a number in hexadecimal. What says no type is a structure.
pub(super) fn item_type(name: Option<&str>) -> Option<ItemType> {
    let Some(name) = name else {
        return Some(ItemType::Structure);
    };
    match hexadecimal(name) {
        Some(digits) => ItemType::from_byte(u8::from_str_radix(digits, 16).ok()?),
        None => ItemType::ALL
            .iter()
            .copied()
            .find(|item_type| crate::vocabulary::is_same(item_type.name(), name)),
    }
}

/// Reads a value and writes its item.
pub(super) fn read(
    tag: Tag,
    item_type: ItemType,
    literal: &Literal<'_>,
    siblings: &mut Siblings,
    writer: &mut Writer,
) -> Result<()> {
    let text = match literal {
        Literal::Text(text) | Literal::Number(text) => *text,
        Literal::Boolean(true) => "true",
        Literal::Boolean(false) => "false",
    };
    let is_text = matches!(literal, Literal::Text(_));
    let words = siblings.words_of(tag);
    let written = match item_type {
        ItemType::Structure => None,
        ItemType::Integer => integer(text, words).map(|value| writer.integer(tag, value)),
        ItemType::LongInteger => long(text).map(|value| writer.long_integer(tag, value)),
        ItemType::BigInteger => big(text, is_text).map(|bytes| writer.big_integer(tag, &bytes)),
        ItemType::Enumeration => {
            enumeration(text, words).map(|value| writer.enumeration(tag, value))
        }
        ItemType::Boolean => boolean(text).map(|value| writer.boolean(tag, value)),
        ItemType::TextString if is_text => {
            siblings.note(tag, text);
            writer.text(tag, text);
            Some(())
        }
        ItemType::ByteString if is_text => {
            bytes(hexadecimal(text).unwrap_or(text)).map(|bytes| writer.byte_string(tag, &bytes))
        }
        ItemType::Identifier | ItemType::Reference | ItemType::NameReference if is_text => {
            writer.item(tag, item_type, text.as_bytes());
            Some(())
        }
        ItemType::TextString
        | ItemType::ByteString
        | ItemType::Identifier
        | ItemType::Reference
        | ItemType::NameReference => None,
        ItemType::DateTime => long(text)
            .or_else(|| date::seconds_from_text(text))
            .map(|value| writer.date_time(tag, value)),
        ItemType::Interval => unsigned(text).map(|value| writer.interval(tag, value)),
        ItemType::DateTimeExtended => long(text)
            .or_else(|| date::microseconds_from_text(text))
            .map(|value| writer.item(tag, item_type, &value.to_be_bytes())),
    };
    written.ok_or_else(|| {
        unfit(
            tag,
            "has a value that its type or its vocabulary does not have",
        )
    })
}

/// Spells an item's value.
pub(super) fn spell<'a>(
    item: Item<'a>,
    siblings: &mut Siblings,
    encoding: Encoding,
) -> Result<Spelling<'a>> {
    let words = siblings.words_of(item.tag);
    Ok(match item.item_type {
        ItemType::Structure => Spelling::Hex("", item.body()),
        ItemType::Integer => integer_words(item.integer()?, words, encoding),
        ItemType::LongInteger => long_words(item.long_integer()?, encoding),
        // Hexadecimal is what XML expects here; in JSON the prefix tells it from a text.
        ItemType::BigInteger => match encoding {
            Encoding::Json => Spelling::Hex("0x", item.big_integer()?),
            Encoding::Xml => Spelling::Hex("", item.big_integer()?),
        },
        ItemType::Enumeration => {
            let value = item.enumeration()?;
            let word = words.and_then(|words| (words.name_of)(value));
            Spelling::Word(word.map_or_else(|| format!("0x{value:08x}").into(), Cow::Borrowed))
        }
        ItemType::Boolean => Spelling::Bare(item.boolean()?.to_string().into()),
        ItemType::TextString => {
            let text = item.text()?;
            siblings.note(item.tag, text);
            Spelling::Text(text)
        }
        ItemType::Identifier | ItemType::Reference | ItemType::NameReference => {
            Spelling::Text(item.identifier()?)
        }
        ItemType::ByteString => Spelling::Hex("", item.bytes()?),
        ItemType::DateTime => {
            let time = item.date_time()?;
            Spelling::Word(or_hexadecimal(date::seconds_to_text(time), time))
        }
        ItemType::Interval => Spelling::Bare(item.interval()?.to_string().into()),
        ItemType::DateTimeExtended => {
            let time = item.date_time_extended()?;
            Spelling::Word(or_hexadecimal(date::microseconds_to_text(time), time))
        }
    })
}

fn or_hexadecimal(text: Option<String>, value: i64) -> Cow<'static, str> {
    text.unwrap_or_else(|| format!("0x{value:016x}")).into()
}

fn integer_words(value: i32, words: Option<Words>, encoding: Encoding) -> Spelling<'static> {
    let Some(words) = words.filter(|words| words.is_mask && value != 0) else {
        return Spelling::Bare(value.to_string().into());
    };
    let separator = match encoding {
        Encoding::Json => '|',
        Encoding::Xml => ' ',
    };
    let mut spelled = String::new();
    let mut rest = value.cast_unsigned();
    for bit in (0..32).map(|at| 1_u32 << at) {
        if let Some(name) = Some(bit)
            .filter(|bit| rest & bit != 0)
            .and_then(words.name_of)
        {
            spelled.push_str(name);
            spelled.push(separator);
            rest &= !bit;
        }
    }
    if rest != 0 {
        spelled.push_str(&format!("0x{rest:08x}"));
    }
    Spelling::Word(spelled.trim_end_matches(separator).to_owned().into())
}

/// Numbers of JSON are exact below 2^52 only (KMIP Profiles 2.1 §5.2.5).
fn long_words(value: i64, encoding: Encoding) -> Spelling<'static> {
    if encoding == Encoding::Json && value.unsigned_abs() >= 1 << 52 {
        Spelling::Word(format!("0x{value:016x}").into())
    } else {
        Spelling::Bare(value.to_string().into())
    }
}

/// The digits behind `0x`, if there are digits and nothing else.
fn hexadecimal(text: &str) -> Option<&str> {
    let digits = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))?;
    Some(digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn unsigned(text: &str) -> Option<u32> {
    match hexadecimal(text) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn signed(text: &str) -> Option<i32> {
    match hexadecimal(text) {
        Some(digits) => u32::from_str_radix(digits, 16).ok().map(u32::cast_signed),
        None => text.parse().ok(),
    }
}

fn long(text: &str) -> Option<i64> {
    match hexadecimal(text) {
        Some(digits) => u64::from_str_radix(digits, 16).ok().map(u64::cast_signed),
        None => text.parse().ok(),
    }
}

/// A number, or the sum of a mask's words.
fn integer(text: &str, words: Option<Words>) -> Option<i32> {
    let Some(words) = words.filter(|words| words.is_mask) else {
        return signed(text);
    };
    let is_between = |letter: char| letter == '|' || letter.is_ascii_whitespace();
    let mut words_given = text.split(is_between).filter(|word| !word.is_empty());
    words_given.try_fold(0, |mask, word| {
        let bits = signed(word).or_else(|| (words.number_of)(word).map(u32::cast_signed))?;
        Some(mask | bits)
    })
}

fn enumeration(text: &str, words: Option<Words>) -> Option<u32> {
    unsigned(text).or_else(|| (words?.number_of)(text))
}

fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        return Some(true);
    }
    if text.eq_ignore_ascii_case("false") {
        return Some(false);
    }
    match long(text)? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

/// Hexadecimal in two's complement, or a number of JSON.
fn big(text: &str, is_text: bool) -> Option<Zeroizing<Vec<u8>>> {
    if !is_text {
        return text
            .parse::<i64>()
            .ok()
            .map(|value| Zeroizing::new(value.to_be_bytes().to_vec()));
    }
    bytes(hexadecimal(text).unwrap_or(text)).filter(|bytes| !bytes.is_empty())
}

fn bytes(digits: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(digits.len() / 2));
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    for [high, low] in pairs {
        let digit = |letter: u8| char::from(letter).to_digit(16);
        let byte = digit(*high)? << 4 | digit(*low)?;
        bytes.push(u8::try_from(byte).ok()?);
    }
    rest.is_empty().then_some(bytes)
}
