//! Requests: read by servers with their payloads unread, written by clients (KMIP 2.1 §8.2, §8.4).

use super::{MessageExtension, ProtocolVersion, RequestHeader, header, message, protocol_version};
use crate::{
    Buffer, Ephemeral, OperationCode, Result, Tag, Version,
    error::{DecodeError, DecodeErrorKind},
    payload::Operation,
    ttlv::{
        Bytes, DEPTH_MAX, Field, Item, Reader, Structure, Value, Writer, read_once,
        structure_passes_over,
    },
};

/// A request borrowed from its bytes: payloads stay unread until a route reads them.
pub struct Request<'a> {
    /// The version spoken.
    pub version: Version,
    /// The header.
    pub header: RequestHeader,
    /// The items in their order.
    pub items: Vec<RequestItem<'a>>,
}

/// One operation of a request.
pub struct RequestItem<'a> {
    /// Which operation.
    pub operation: OperationCode,
    /// Whether the attributes that change are to be forgotten again (2.1).
    pub ephemeral: Option<Ephemeral>,
    /// The client's mark, echoed.
    pub unique_batch_item_id: Option<Bytes>,
    /// The operation's own fields, unread.
    pub payload: Reader<'a>,
    /// Extensions.
    pub message_extension: Vec<MessageExtension>,
}

/// How much a request may be. A number of items alone leaves the depth as it is for all that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The most items.
    pub items_max: usize,
    /// The most structures one inside the other, the message itself counted; beyond [`DEPTH_MAX`] it is that.
    pub depth_max: u8,
}

impl From<usize> for Bounds {
    fn from(items_max: usize) -> Self {
        Self {
            items_max,
            depth_max: DEPTH_MAX,
        }
    }
}

/// Why a request cannot be served at all.
pub enum RequestError {
    /// The bytes are no request; the version is known when the header could be read so far.
    Unreadable(DecodeError, Option<Version>),
    /// The version is not spoken here.
    VersionNotSpoken(ProtocolVersion),
}

impl<'a> Request<'a> {
    /// Reads the envelope of a whole message; its payloads are held to the same bounds when they are read.
    pub fn read(
        bytes: &'a [u8],
        bounds: impl Into<Bounds>,
    ) -> std::result::Result<Self, RequestError> {
        let bounds = bounds.into();
        let (header, whole) = match envelope(bytes, bounds) {
            Ok(read) => read,
            Err(error) => return Err(RequestError::of(bytes, error)),
        };
        let Some(version) = header.protocol_version.spoken() else {
            return Err(RequestError::VersionNotSpoken(header.protocol_version));
        };
        match items(whole.with_version(version), &header, bounds.items_max) {
            Ok(items) => Ok(Self {
                version,
                header,
                items,
            }),
            Err(error) => Err(RequestError::Unreadable(error, Some(version))),
        }
    }

    /// Reads the envelope by the rules of a version, whatever its header says.
    pub fn read_as(bytes: &'a [u8], version: Version, bounds: impl Into<Bounds>) -> Result<Self> {
        let bounds = bounds.into();
        let (header, whole) = envelope(bytes, bounds)?;
        let items = items(whole.with_version(version), &header, bounds.items_max)?;
        Ok(Self {
            version,
            header,
            items,
        })
    }
}

/// The header of a request, and all that stands in the message.
#[inline]
fn envelope(bytes: &[u8], bounds: Bounds) -> Result<(RequestHeader, Reader<'_>)> {
    let whole = message(bytes, Tag::RequestMessage)?;
    let whole = whole.with_levels(bounds.depth_max.min(DEPTH_MAX).saturating_sub(1));
    Ok((header(whole, Tag::RequestHeader)?, whole))
}

/// The items of a message with this header.
fn items<'a>(
    mut whole: Reader<'a>,
    header: &RequestHeader,
    items_max: usize,
) -> Result<Vec<RequestItem<'a>>> {
    let mut headers = 0;
    // Most messages have one.
    let mut items = Vec::with_capacity(1);
    while let Some(item) = whole.next_item()? {
        match item.tag {
            Tag::RequestHeader if headers == 0 => headers += 1,
            Tag::RequestHeader => return Err(item.error(DecodeErrorKind::Duplicate)),
            Tag::BatchItem if items.len() < items_max => items.push(RequestItem::read(item)?),
            Tag::BatchItem => return Err(item.error(DecodeErrorKind::TooMany)),
            _ => structure_passes_over(item)?,
        }
    }
    if !whole.version().is_3() && usize::try_from(header.batch_count).ok() != Some(items.len()) {
        let differs = DecodeErrorKind::ValueInvalid("must be the number of items that follow");
        return Err(DecodeError::at(Tag::BatchCount, differs));
    }
    Ok(items)
}

impl RequestError {
    /// Why a header cannot be read: before all else because of its version, by whose rules it may be another.
    #[cold]
    fn of(bytes: &[u8], error: DecodeError) -> Self {
        match protocol_version(bytes) {
            Err(unversioned) => Self::Unreadable(unversioned, None),
            Ok(wanted) => match wanted.spoken() {
                Some(version) => Self::Unreadable(error, Some(version)),
                None => Self::VersionNotSpoken(wanted),
            },
        }
    }
}

impl<'a> RequestItem<'a> {
    fn read(item: Item<'a>) -> Result<Self> {
        let mut reader = item.structure()?;
        let (mut operation, mut id, mut payload) = (None, None, None);
        let (mut ephemeral, mut extensions) = (None, Vec::new());
        while let Some(inner) = reader.next_item()? {
            let accepted = match inner.tag {
                Tag::Operation => read_once(&mut operation, inner, Value::read),
                Tag::Ephemeral => read_once(&mut ephemeral, inner, Value::read),
                Tag::UniqueBatchItemID => read_once(&mut id, inner, Value::read),
                Tag::RequestPayload => read_once(&mut payload, inner, |inner| inner.structure()),
                Tag::MessageExtension => Vec::accept(&mut extensions, inner),
                _ => structure_passes_over(inner),
            };
            accepted.map_err(|error| error.within(item.tag))?;
        }
        let missing = |tag| DecodeError::at(tag, DecodeErrorKind::Missing).within(item.tag);
        Ok(Self {
            operation: operation.ok_or_else(|| missing(Tag::Operation))?,
            ephemeral,
            unique_batch_item_id: id,
            payload: payload.ok_or_else(|| missing(Tag::RequestPayload))?,
            message_extension: extensions,
        })
    }
}

/// One operation of a request that a client writes.
pub trait Outgoing {
    /// Which operation.
    fn operation(&self) -> OperationCode;

    /// Writes the items of the payload.
    fn write_payload(&self, writer: &mut Writer);
}

/// One operation whose payload is encoded already, so that a batch may be of several.
pub struct OutgoingItem {
    /// Which operation.
    pub operation: OperationCode,
    /// The encoded items of the payload.
    pub payload: Buffer,
}

impl Outgoing for OutgoingItem {
    fn operation(&self) -> OperationCode {
        self.operation
    }

    fn write_payload(&self, writer: &mut Writer) {
        writer.encoded(&self.payload);
    }
}

/// One operation whose payload is encoded where it will stand.
pub struct Call<'a, O: Operation>(pub &'a O::Request);

impl<O: Operation> Outgoing for Call<'_, O> {
    fn operation(&self) -> OperationCode {
        O::CODE
    }

    #[inline]
    fn write_payload(&self, writer: &mut Writer) {
        self.0.write_fields(writer);
    }
}

/// Encodes a whole request message; items of a batch are marked by their position.
#[must_use]
pub fn write_request(header: &RequestHeader, items: &[impl Outgoing], version: Version) -> Writer {
    let mut writer = Writer::new(version);
    writer.structure(Tag::RequestMessage, |writer| {
        header.write(Tag::RequestHeader, writer);
        for (position, item) in items.iter().enumerate() {
            writer.structure(Tag::BatchItem, |writer| {
                item.operation().write(Tag::Operation, writer);
                if items.len() > 1 && !version.is_3() {
                    writer.byte_string(Tag::UniqueBatchItemID, &position.to_be_bytes());
                }
                writer.structure(Tag::RequestPayload, |writer| item.write_payload(writer));
            });
        }
    });
    writer
}
