//! The fuzz targets, each with what it asserts and how its inputs are changed; libFuzzer and `cargo test` run the same.

mod dice;
mod feed;
mod kept;
mod messages;
mod mutate;
mod stored;
mod texts;
mod tree;

pub use self::{
    dice::Dice,
    messages::{decode, message},
    stored::attributes,
    texts::{as_texts, text},
};

use kmip::text::Encoding;

/// One target.
pub struct Target {
    /// The name of its program and of its corpus.
    pub name: &'static str,
    /// Reads an input, and panics when something does not hold.
    pub run: fn(&[u8]),
    /// The encoding of its inputs; none is TTLV.
    pub text: Option<Encoding>,
}

/// Messages in TTLV: cut out of a stream, walked through, read as requests and responses with every payload.
pub const TTLV: Target = Target {
    name: "ttlv",
    run: messages::ttlv,
    text: None,
};

/// Messages in XML.
pub const XML: Target = Target {
    name: "xml",
    run: |bytes| text(bytes, Encoding::Xml),
    text: Some(Encoding::Xml),
};

/// Messages in JSON.
pub const JSON: Target = Target {
    name: "json",
    run: |bytes| text(bytes, Encoding::Json),
    text: Some(Encoding::Json),
};

/// Attributes as they are stored, and as they stand in payloads of each version.
pub const ATTRIBUTES: Target = Target {
    name: "attributes",
    run: attributes,
    text: None,
};

/// Every target.
pub const TARGETS: &[Target] = &[TTLV, XML, JSON, ATTRIBUTES];
