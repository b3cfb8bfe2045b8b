//! The tables of the crate, row by row, against the standard as data (`tests/spec/kmip.json` of the workspace).

mod attributes;
mod exceptions;
mod structures;
mod vocabulary;

use std::sync::LazyLock;

use kmip::Version;
use serde_json::Value;

/// The standard as data.
pub(crate) static SPEC: LazyLock<Value> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/spec/kmip.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
});

/// The versions whose tables are compared: those spoken, the oldest first.
fn versions() -> impl Iterator<Item = Version> {
    let mut versions = Version::SPOKEN.to_vec();
    versions.sort_unstable();
    versions.into_iter()
}

/// The rows of an array.
pub(crate) fn rows(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

/// A field that is a text.
pub(crate) fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} of {row}"))
}

/// A number that is written as `0x…`.
pub(crate) fn number(row: &Value, field: &str) -> u32 {
    u32::from_str_radix(text(row, field).trim_start_matches("0x"), 16).unwrap()
}
