//! Changes of a text as a text: its words, its marks, its quoted values.

use kmip::Tag;

use super::super::Dice;

/// What texts are made of, and what they must not be.
const WORDS: &[&str] = &[
    "type=\"Enumeration\"",
    "type=\"Integer\"",
    "type=\"LongInteger\"",
    "type=\"BigInteger\"",
    "type=\"DateTime\"",
    "type=\"DateTimeExtended\"",
    "type=\"Interval\"",
    "type=\"Boolean\"",
    "type=\"ByteString\"",
    "type=\"Identifier\"",
    "value=\"\"",
    "value='1'",
    "tag=\"0x540001\"",
    "<TTLV tag=\"0x540001\" ",
    "<a:b xmlns:a=\"c\">",
    "</",
    "/>",
    "<!DOCTYPE a [<!ENTITY x \"y\">]>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
    "<?xml encoding='latin1'?>",
    "&x;",
    "&amp;",
    "&#0;",
    "&#x1F600;",
    "&#xD;",
    "{\"tag\":\"",
    "\"type\":\"",
    "\"value\":[",
    "\"value\":null",
    "{}",
    "[",
    "]",
    "}",
    ",",
    ":",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "\\ud83d\\ude00",
    "true",
    "false",
    "null",
    "\u{FEFF}",
    "\u{0}",
];

/// What stands between quotes.
const VALUES: &[&str] = &[
    "",
    "0",
    "-0",
    "-1",
    "1e3",
    "1.5",
    "0x",
    "0x1",
    "0xffffffffffffffff",
    "0xFFFFFFFF",
    "0x8000000000000000",
    "2147483648",
    "-2147483649",
    "9007199254740993",
    "18446744073709551616",
    "true",
    "TRUE",
    "a|b",
    "Encrypt Decrypt",
    "Encrypt|0x00000100",
    "sign,verify",
    "1970-01-01T00:00:00+00:00",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:60Z",
    "2024-02-30T24:00:00.123456789-14:00",
    "Structure",
    "Integer",
    "BigInteger",
    "NameReference",
    "0x42000a",
    "AES",
    "2.1",
];

/// Makes one change.
pub(super) fn change(text: &mut Vec<u8>, dice: &mut Dice) {
    let at = dice.below(text.len() + 1);
    let reach = 1 << dice.below(9);
    let end = (at + dice.below(reach) + 1).min(text.len());
    match dice.below(8) {
        0 => drop(text.drain(at..end)),
        1 => {
            let again = text[at..end].to_vec();
            text.splice(at..at, again);
        }
        2 => {
            let word = dice.one_of(WORDS).bytes();
            text.splice(at..at, word);
        }
        3 if at < text.len() => text[at] = dice.byte(),
        4 if at < text.len() => text[at] ^= 0x20,
        5 => tokens(text, dice),
        _ => quoted(text, dice),
    }
}

/// Writes something else between two quotes.
fn quoted(text: &mut Vec<u8>, dice: &mut Dice) {
    let quotes: Vec<usize> = (0..text.len()).filter(|at| text[*at] == b'"').collect();
    let first = dice.below(quotes.len());
    let Some([open, close]) = quotes.get(first..).and_then(|rest| rest.first_chunk()) else {
        return;
    };
    let word = match dice.below(3) {
        0 => dice.one_of(Tag::ALL).xml_name().unwrap_or_default(),
        _ => dice.one_of(VALUES),
    };
    text.splice(open + 1..*close, word.bytes());
}

/// Exchanges two pieces between marks.
fn tokens(text: &mut Vec<u8>, dice: &mut Dice) {
    let is_mark = |byte: &u8| b"<>{}[],".contains(byte);
    let marks: Vec<usize> = (0..text.len()).filter(|at| is_mark(&text[*at])).collect();
    let mut cuts: [usize; 4] = std::array::from_fn(|_| match marks.is_empty() {
        true => 0,
        false => dice.one_of(&marks),
    });
    cuts.sort_unstable();
    let [a, b, c, d] = cuts;
    *text = [
        &text[..a],
        &text[c..d],
        &text[b..c],
        &text[a..b],
        &text[d..],
    ]
    .concat();
}

/// The front of one text and the back of another.
pub(super) fn graft(one: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let (at, from) = (dice.below(one.len() + 1), dice.below(other.len() + 1));
    [&one[..at], &other[from..]].concat()
}
