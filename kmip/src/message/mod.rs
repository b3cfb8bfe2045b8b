//! Messages: headers, batch items, credentials; the version is read before anything else (KMIP 2.1 §8, §9).

mod credential;
mod header;
mod request;
mod response;

pub use self::{
    credential::{
        Attestation, Authentication, Credential, Device, HashedPassword, OneTimePassword, Password,
        Ticket, TicketCredential, UsernameAndPassword,
    },
    header::{Asynchrony, MessageExtension, Nonce, RequestHeader, ResponseHeader},
    request::{
        Bounds, Call, Outgoing, OutgoingItem, Request, RequestError, RequestItem, write_request,
    },
    response::{Response, ResponseItem, write_response},
};
use crate::{
    Result, Tag, V3_0, Version,
    error::{DecodeError, DecodeErrorKind},
    ttlv::{Item, Reader, Value, structure},
};

structure! {
    /// Protocol Version (KMIP 2.1 §9.16).
    #[derive(Debug, Eq)]
    pub struct ProtocolVersion {
        /// The major part.
        protocol_version_major: i32 = ProtocolVersionMajor;
        /// The minor part.
        protocol_version_minor: i32 = ProtocolVersionMinor;
    }
}

impl From<Version> for ProtocolVersion {
    fn from(version: Version) -> Self {
        Self {
            protocol_version_major: version.major.into(),
            protocol_version_minor: version.minor.into(),
        }
    }
}

impl ProtocolVersion {
    /// The version, if this build speaks it.
    #[must_use]
    pub fn spoken(&self) -> Option<Version> {
        Version::SPOKEN
            .iter()
            .copied()
            .find(|version| Self::from(*version) == *self)
    }
}

/// The header of a message. It is read before the version is known, by the rules of 3.0: those that ask for the least,
/// and no other version reads a field otherwise.
#[inline]
fn header<H: Value>(message: Reader<'_>, tag: Tag) -> Result<H> {
    let found = find(message.with_version(V3_0), |found| found == tag)?;
    H::read(found.ok_or_else(|| DecodeError::at(tag, DecodeErrorKind::Missing))?)
}

/// The version that a message's header names, where the header itself may be unreadable, and the message cut behind it.
///
/// # Errors
/// When the message does not begin with a header that names its version.
pub fn protocol_version(bytes: &[u8]) -> Result<ProtocolVersion> {
    let inside = bytes.get(8..).unwrap_or_default();
    let whole = Reader::new(inside, Tag::RequestMessage, crate::V1_0);
    let is_header = |tag| matches!(tag, Tag::RequestHeader | Tag::ResponseHeader);
    let header = find(whole, is_header)?;
    let missing = |tag| DecodeError::at(tag, DecodeErrorKind::Missing);
    let header = header.ok_or_else(|| missing(Tag::RequestHeader))?;
    let version = find(header.structure()?, |tag| tag == Tag::ProtocolVersion)?;
    ProtocolVersion::read(version.ok_or_else(|| missing(Tag::ProtocolVersion))?)
}

/// The first item whose tag is wanted.
fn find(mut reader: Reader<'_>, is_wanted: impl Fn(Tag) -> bool) -> Result<Option<Item<'_>>> {
    while let Some(item) = reader.next_item()? {
        if is_wanted(item.tag) {
            return Ok(Some(item));
        }
    }
    Ok(None)
}

/// What stands in the one message that the bytes hold, and nothing behind it; its version is to be read.
fn message(bytes: &[u8], tag: Tag) -> Result<Reader<'_>> {
    let mut outer = Reader::new(bytes, tag, V3_0);
    let whole = outer
        .next_item()?
        .ok_or_else(|| DecodeError::at(tag, DecodeErrorKind::Truncated))?;
    if whole.tag != tag || !outer.is_empty() {
        return Err(whole.error(DecodeErrorKind::Unexpected));
    }
    whole.structure()
}
