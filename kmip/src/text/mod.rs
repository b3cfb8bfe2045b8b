//! Messages as texts, XML and JSON, to and from TTLV by the crate's tables (KMIP Profiles 2.1 §5.2, §5.3).
//!
//! Reading takes what clients write: names in any case and punctuation, numbers in hexadecimal or decimal, values by
//! their words or by their numbers. Writing is exact. A text is read in time and memory linear in its length, nested no
//! deeper than a TTLV message may be.
//!
//! ```
//! use kmip::text::Encoding;
//!
//! let xml = r#"<RequestPayload><ObjectType type="Enumeration" value="SymmetricKey"/></RequestPayload>"#;
//! let ttlv = Encoding::Xml.read(xml.as_bytes()).map_err(|unreadable| unreadable.error)?;
//! let json = Encoding::Json.write(&ttlv)?;
//! assert_eq!(
//!     std::str::from_utf8(&json),
//!     Ok(concat!(
//!         r#"{"tag":"RequestPayload","value":["#,
//!         r#"{"tag":"ObjectType","type":"Enumeration","value":"SymmetricKey"}]}"#
//!     ))
//! );
//! # kmip::Result::Ok(())
//! ```

mod date;
mod json;
mod scalar;
mod siblings;
mod written;
mod xml;

use crate::{
    Buffer, Tag, V2_1,
    error::{DecodeError, DecodeErrorKind, Result},
    message::{ProtocolVersion, protocol_version},
    ttlv::{Reader, Writer},
};

/// A text that messages stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// JSON (KMIP Profiles 2.1 §5.2).
    Json,
    /// XML (KMIP Profiles 2.1 §5.3).
    Xml,
}

/// Why a text is no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// What is wrong, and where.
    pub error: DecodeError,
    /// The version that the header names, when it could be read so far.
    pub version: Option<ProtocolVersion>,
}

impl Encoding {
    /// Reads a text that holds one item, a message, into TTLV.
    pub fn read(self, text: &[u8]) -> std::result::Result<Buffer, Unreadable> {
        let mut writer = Writer::new(V2_1);
        let read = std::str::from_utf8(text)
            .map_err(|_| unfit_around("is not UTF-8"))
            .and_then(|text| {
                // A byte order mark says what is known.
                let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
                match self {
                    Self::Json => json::read(text, &mut writer),
                    Self::Xml => xml::read(text, &mut writer),
                }
            });
        match read {
            Ok(()) => Ok(writer.into_bytes()),
            Err(error) => Err(Unreadable {
                error: if error.path.is_empty() {
                    error.within(Tag::RequestMessage)
                } else {
                    error
                },
                version: protocol_version(writer.bytes()).ok(),
            }),
        }
    }

    /// Writes TTLV as a text.
    pub fn write(self, ttlv: &[u8]) -> Result<Buffer> {
        // The version does not matter to what is only carried.
        let reader = Reader::new(ttlv, Tag::RequestMessage, V2_1);
        match self {
            Self::Json => json::write(reader),
            Self::Xml => xml::write(reader),
        }
    }
}

/// An item that cannot be what it says.
fn unfit(tag: Tag, rule: &'static str) -> DecodeError {
    DecodeError::at(tag, DecodeErrorKind::ValueInvalid(rule))
}

/// Something in the structure around, whose tag is added on the way out.
fn unfit_around(rule: &'static str) -> DecodeError {
    DecodeError::around(DecodeErrorKind::ValueInvalid(rule))
}

#[cfg(test)]
mod tests;
