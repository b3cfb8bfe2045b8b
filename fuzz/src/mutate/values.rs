//! Values of each type that readers treat in ways of their own: limits, words of the protocol, other structures.

use kmip::{Tag, attribute::AttributeKind};

use super::super::{Dice, tree::Node};

/// Numbers where something begins or ends.
const NUMBERS: &[i64] = &[
    0,
    1,
    2,
    -1,
    8,
    255,
    256,
    4096,
    65_535,
    i32::MAX as i64,
    i32::MIN as i64,
    i32::MAX as i64 + 1,
    // The last second that a text has a date for, and the first one.
    253_402_300_799,
    -62_167_219_200,
    i64::MAX / 1_000_000 + 1,
    i64::MAX,
    i64::MIN,
];

/// Texts that are read as something else, or in a way of their own.
const TEXTS: &[&str] = &[
    "",
    "x-",
    "y-a",
    "x-a-b",
    "-",
    "Link",
    "Certificate Issuer",
    "0",
    "0x42000A",
    "id placeholder",
    "<&>\"'",
    "\u{0}",
    "\u{7F}\u{85}\u{FFFE}",
    "\t\r\n ",
    "\u{FEFF}",
    "𝛑",
];

/// A tag, mostly of the standard.
pub(super) fn tag(dice: &mut Dice) -> u32 {
    match dice.below(16) {
        0 => 0x54_0000 + u32::from(dice.byte()),
        1 => u32::try_from(dice.number() >> 40).unwrap_or_default(),
        2..8 => dice.one_of(AttributeKind::ALL).tag().0,
        _ => dice.one_of(Tag::ALL).0,
    }
}

/// A type byte, sometimes of no type.
pub(super) fn item_type(dice: &mut Dice) -> u8 {
    if dice.once_in(32) {
        return dice.byte();
    }
    dice.byte() % 14 + 1
}

/// An item without others inside.
pub(super) fn leaf(dice: &mut Dice) -> Node {
    let item_type = item_type(dice);
    Node {
        tag: tag(dice),
        item_type,
        value: value(item_type, dice),
        ..Node::default()
    }
}

/// A value of a type, sometimes one that breaks its rules.
pub(super) fn value(item_type: u8, dice: &mut Dice) -> Vec<u8> {
    if dice.once_in(24) {
        let length = dice.below(20);
        return bytes(length, dice);
    }
    match item_type {
        0x02 | 0x0A => low(dice.one_of(NUMBERS)).to_vec(),
        0x03 | 0x09 | 0x0B => dice.one_of(NUMBERS).to_be_bytes().to_vec(),
        0x04 => {
            let words = 8 * (1 + dice.below(3));
            let mut number = bytes(words, dice);
            number[0] = dice.one_of(&[0, 0x7F, 0x80, 0xFF]);
            number
        }
        0x05 => enumeration(dice).to_be_bytes().to_vec(),
        0x06 => u64::from(dice.byte() & 1).to_be_bytes().to_vec(),
        0x07 | 0x0C..=0x0E => text(dice).into_bytes(),
        0x08 => {
            let length = dice.below(40);
            bytes(length, dice)
        }
        _ => Vec::new(),
    }
}

fn low(number: i64) -> [u8; 4] {
    let [_, _, _, _, low @ ..] = number.to_be_bytes();
    low
}

fn bytes(length: usize, dice: &mut Dice) -> Vec<u8> {
    (0..length).map(|_| dice.byte()).collect()
}

/// Most enumerations have few values, and some extensions; some hold tags.
fn enumeration(dice: &mut Dice) -> u32 {
    let small = u32::from(dice.byte() & 0x7F);
    match dice.below(8) {
        0 => dice.one_of(Tag::ALL).0,
        1 => 0x8000_0000 + small,
        2 => 1 << (small & 31),
        3 => small,
        _ => small & 0xF,
    }
}

fn text(dice: &mut Dice) -> String {
    match dice.below(4) {
        0 => dice.one_of(AttributeKind::ALL).rule().name.to_owned(),
        1 => dice.number().to_string(),
        2 => dice
            .one_of(Tag::ALL)
            .xml_name()
            .unwrap_or_default()
            .to_owned(),
        _ => dice.one_of(TEXTS).to_owned(),
    }
}

/// Changes a value a little.
pub(super) fn edit(value: &mut Vec<u8>, dice: &mut Dice) {
    let at = dice.below(value.len());
    match dice.below(6) {
        0 => value[at] ^= 1 << dice.below(8),
        1 => value[at] = dice.one_of(&[0, 1, 0x20, 0x7F, 0x80, 0xC0, 0xFF]),
        2 => value.truncate(at),
        3 => value.insert(at, dice.byte()),
        4 => {
            let again = value[at..].to_vec();
            value.extend(again);
        }
        _ => {
            let more = text(dice);
            value.splice(at..at, more.bytes());
        }
    }
}
