//! One record of the trail: a line of JSON that ends with its place in the chain.

use std::borrow::Cow;

use aws_lc_rs::digest::{self, SHA256};
use kmip::ttlv::Timestamp;
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::Event;

/// A SHA-256.
pub(super) type Hash = [u8; 32];

/// What stands before the first record of a stream.
pub(super) const NO_HASH: Hash = [0; 32];

/// The stream of events that belong to no vault.
pub const APPLIANCE: &str = "appliance";

/// The longest line, its end included. The bounds of the fields keep every record well below it.
pub(super) const LINE_BYTES_MAX: usize = 16_384;

/// Bounds of the fields in bytes, before they are escaped.
const NAME_BYTES_MAX: usize = 256;
const TEXT_BYTES_MAX: usize = 512;

/// How the hash ends a line: `,"hash":"`, 64 digits, `"}`.
const HASH_KEY: &[u8] = b",\"hash\":\"";
const HASH_DIGITS: usize = 64;
const HASH_END: &[u8] = b"\"}";

/// A record as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record<'a> {
    /// The version of the format: 1.
    pub v: u32,
    /// When, RFC 3339.
    #[serde(borrow)]
    pub time: Cow<'a, str>,
    /// The vault, or `appliance`.
    #[serde(borrow)]
    pub stream: Cow<'a, str>,
    /// Who.
    #[serde(borrow)]
    pub principal: Cow<'a, str>,
    /// From where.
    #[serde(borrow)]
    pub peer: Cow<'a, str>,
    /// What.
    #[serde(borrow)]
    pub operation: Cow<'a, str>,
    /// On which object.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub object: Option<Cow<'a, str>>,
    /// `Success` or the fault's name.
    #[serde(borrow)]
    pub outcome: Cow<'a, str>,
    /// What else matters.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Cow<'a, str>>,
    /// In which version of the protocol.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub kmip: Option<Cow<'a, str>>,
    /// Its number in the stream, from 1, without gaps.
    pub seq: u64,
    /// The hash of the record before it.
    #[serde(borrow)]
    pub prev: Cow<'a, str>,
    /// The hash of this line up to here.
    #[serde(borrow)]
    pub hash: Cow<'a, str>,
}

/// A record that was read, with the two hashes that matter.
pub(super) struct Read<'a> {
    pub(super) record: Record<'a>,
    /// The hash that stands in the line.
    pub(super) stated: Hash,
    /// The hash that the line has.
    pub(super) computed: Hash,
    /// The hash of the record before it, as the line states it.
    pub(super) previous: Hash,
}

impl Read<'_> {
    /// Whether the line is what was once hashed.
    pub(super) fn is_intact(&self) -> bool {
        self.stated == self.computed
    }
}

/// Reads a line, which has lost its end.
pub(super) fn read(line: &[u8]) -> Result<Read<'_>, String> {
    let body = line
        .len()
        .checked_sub(HASH_KEY.len() + HASH_DIGITS + HASH_END.len())
        .and_then(|at| line.split_at_checked(at))
        .filter(|(_, end)| end.starts_with(HASH_KEY) && end.ends_with(HASH_END))
        .map(|(body, _)| body)
        .ok_or("it does not end with a hash")?;
    let record: Record<'_> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if record.v != 1 {
        return Err(format!("its format {} is not known here", record.v));
    }
    let stated = from_hex(&record.hash).ok_or("its hash is not one")?;
    let previous = from_hex(&record.prev).ok_or("the hash before it is not one")?;
    Ok(Read {
        record,
        stated,
        computed: hash(body),
        previous,
    })
}

/// The name of the stream that an event belongs to.
pub(super) fn stream_of<'a>(event: &Event<'a>) -> &'a str {
    if event.vault.is_empty() {
        APPLIANCE
    } else {
        event.vault
    }
}

/// Begins a line: everything but its place in the chain, so that only that is written while the stream is locked.
pub(super) fn begin(line: &mut Vec<u8>, event: &Event<'_>) {
    line.clear();
    line.extend_from_slice(b"{\"v\":1,\"time\":\"");
    push_time(line, event.time);
    line.push(b'"');
    push(line, "stream", stream_of(event), NAME_BYTES_MAX);
    push(line, "principal", event.principal, NAME_BYTES_MAX);
    push(line, "peer", event.peer, TEXT_BYTES_MAX);
    push(line, "operation", event.operation, NAME_BYTES_MAX);
    if let Some(object) = &event.object {
        push(line, "object", object, NAME_BYTES_MAX);
    }
    push(line, "outcome", event.outcome, NAME_BYTES_MAX);
    if let Some(note) = &event.note {
        push(line, "note", note, TEXT_BYTES_MAX);
    }
    if let Some(version) = event.version {
        line.extend_from_slice(format!(",\"kmip\":\"{version}\"").as_bytes());
    }
    line.extend_from_slice(b",\"seq\":");
}

/// Ends a line with its place in the chain and tells its hash. `so_far` has hashed what [`begin`] wrote.
pub(super) fn end(
    line: &mut Vec<u8>,
    mut so_far: digest::Context,
    sequence: u64,
    previous: &Hash,
) -> Hash {
    let begun = line.len();
    let mut digits = [0; 20];
    line.extend_from_slice(decimal(sequence, &mut digits));
    line.extend_from_slice(b",\"prev\":\"");
    push_hex(line, previous);
    line.push(b'"');
    so_far.update(line.get(begun..).unwrap_or_default());
    let own = finish(so_far);
    line.extend_from_slice(HASH_KEY);
    push_hex(line, &own);
    line.extend_from_slice(HASH_END);
    line.push(b'\n');
    own
}

/// Begins the hash of a line.
pub(super) fn hashing(begun: &[u8]) -> digest::Context {
    let mut context = digest::Context::new(&SHA256);
    context.update(begun);
    context
}

fn hash(bytes: &[u8]) -> Hash {
    finish(hashing(bytes))
}

fn finish(context: digest::Context) -> Hash {
    let mut own = NO_HASH;
    for (to, from) in own.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    own
}

/// Only the spelling that is written is read: a hash has one.
pub(super) fn from_hex(digits: &str) -> Option<Hash> {
    let mut hash = NO_HASH;
    let lower = digits.bytes().all(|digit| !digit.is_ascii_uppercase());
    (lower && hex::decode_to_slice(digits, &mut hash).is_ok()).then_some(hash)
}

fn push_hex(line: &mut Vec<u8>, hash: &Hash) {
    let mut digits = [0; HASH_DIGITS];
    if hex::encode_to_slice(hash, &mut digits).is_ok() {
        line.extend_from_slice(&digits);
    }
}

fn decimal(mut value: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
        used += 1;
        if value == 0 {
            break;
        }
    }
    digits.get(digits.len() - used..).unwrap_or_default()
}

/// The time in RFC 3339; a time that no calendar has is shown as the nearest that one has.
fn push_time(line: &mut Vec<u8>, time: Timestamp) {
    const LAST: i64 = 253_402_300_799;
    let begun = line.len();
    let written = OffsetDateTime::from_unix_timestamp(time.0.clamp(0, LAST))
        .is_ok_and(|time| time.format_into(line, &Rfc3339).is_ok());
    if !written {
        line.truncate(begun);
        line.extend_from_slice(b"1970-01-01T00:00:00Z");
    }
}

/// The time in RFC 3339.
#[must_use]
pub fn rfc3339(time: Timestamp) -> String {
    let mut text = Vec::new();
    push_time(&mut text, time);
    String::from_utf8(text).unwrap_or_default()
}

/// The time of a record in seconds.
pub(super) fn seconds(time: &str) -> Option<Timestamp> {
    OffsetDateTime::parse(time, &Rfc3339)
        .ok()
        .map(|time| Timestamp(time.unix_timestamp()))
}

fn push(line: &mut Vec<u8>, key: &str, text: &str, bytes_max: usize) {
    line.extend_from_slice(b",\"");
    line.extend_from_slice(key.as_bytes());
    line.extend_from_slice(b"\":\"");
    let mut kept = text.len().min(bytes_max);
    while !text.is_char_boundary(kept) {
        kept -= 1;
    }
    let (shown, cut) = text.split_at_checked(kept).unwrap_or((text, ""));
    if shown.bytes().all(is_plain) {
        line.extend_from_slice(shown.as_bytes());
    } else {
        push_escaped(line, shown);
    }
    if !cut.is_empty() {
        line.extend_from_slice("…".as_bytes());
    }
    line.push(b'"');
}

const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

/// Names come from anywhere: what could end a line, move a terminal's cursor or turn its writing round is escaped.
fn push_escaped(line: &mut Vec<u8>, text: &str) {
    let mut bytes = [0; 4];
    let mut units = [0; 2];
    for letter in text.chars() {
        match letter {
            '"' | '\\' => line.extend_from_slice(&[b'\\', u8::try_from(letter).unwrap_or(b'?')]),
            _ if is_unsafe_to_show(letter) => {
                for unit in letter.encode_utf16(&mut units) {
                    line.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                }
            }
            _ => line.extend_from_slice(letter.encode_utf8(&mut bytes).as_bytes()),
        }
    }
}

/// Whether a letter could do more on a screen than stand there.
pub fn is_unsafe_to_show(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event<'a>(principal: &'a str, peer: &'a str) -> Event<'a> {
        Event {
            time: Timestamp(1_700_000_000),
            vault: "dev",
            principal,
            peer,
            operation: "Create",
            object: Some("k1".to_owned()),
            outcome: "Success",
            note: None,
            version: Some(kmip::V2_1),
        }
    }

    fn line(event: &Event<'_>) -> Vec<u8> {
        let mut line = Vec::new();
        begin(&mut line, event);
        let so_far = hashing(&line);
        end(&mut line, so_far, 7, &NO_HASH);
        line
    }

    #[test]
    fn a_record_is_one_line_whatever_the_names_are() {
        let hostile = "a\"b\\c\n\r\t\0\u{1b}[2J\u{85}\u{2028}\u{202e}ü𝄞\u{e0041}";
        let written = line(&event(hostile, hostile));
        assert_eq!(written.iter().filter(|byte| **byte == b'\n').count(), 1);
        let text = std::str::from_utf8(&written).unwrap();
        assert!(!text.trim_end().chars().any(is_unsafe_to_show), "{text}");
        let read = read(text.trim_end().as_bytes()).unwrap();
        assert!(read.is_intact());
        assert_eq!(read.record.principal, hostile);
        assert_eq!(read.record.time, "2023-11-14T22:13:20Z");
        assert_eq!(read.record.seq, 7);
        assert_eq!(seconds(&read.record.time), Some(Timestamp(1_700_000_000)));
    }

    #[test]
    fn fields_are_bounded_and_say_so() {
        let long = "\u{1}".repeat(100_000);
        let written = line(&event(&long, &long));
        assert!(written.len() < LINE_BYTES_MAX, "{}", written.len());
        let read = read(written.strip_suffix(b"\n").unwrap()).unwrap();
        assert_eq!(read.record.principal.chars().count(), 257);
        assert!(read.record.principal.ends_with('…'));
    }

    #[test]
    fn every_flipped_bit_shows() {
        let written = line(&event("pg", "CN=pg"));
        let whole = written.strip_suffix(b"\n").unwrap();
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut damaged = whole.to_vec();
                damaged[at] ^= 1 << bit;
                assert!(!read(&damaged).is_ok_and(|read| read.is_intact()), "{at}");
            }
        }
    }

    #[test]
    fn times_outside_of_the_calendar_are_written() {
        for (seconds, shown) in [
            (i64::MAX, "9999-12-31T23:59:59Z"),
            (i64::MIN, "1970-01-01T00:00:00Z"),
        ] {
            let mut line = Vec::new();
            push_time(&mut line, Timestamp(seconds));
            assert_eq!(line, shown.as_bytes());
        }
    }

    #[test]
    fn numbers_are_written_as_they_are() {
        for value in [0, 1, 9, 10, 12_345, u64::MAX] {
            assert_eq!(decimal(value, &mut [0; 20]), value.to_string().as_bytes());
        }
    }
}
