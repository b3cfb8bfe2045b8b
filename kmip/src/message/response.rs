//! Responses: written by servers, read by clients (KMIP 2.1 §8.3, §8.5).

use super::{ResponseHeader, header, message};
use crate::{
    Buffer, OperationCode, Result, ResultReason, ResultStatus, Tag, Version,
    error::{DecodeError, DecodeErrorKind},
    ttlv::{Bytes, Field, Item, Value, Writer, read_once, structure_passes_over},
};

/// One item of a response, whose payload is its own or borrowed from the message.
#[derive(Clone)]
pub struct ResponseItem<P = Buffer> {
    /// The operation answered; absent only where the request could not be read so far.
    pub operation: Option<OperationCode>,
    /// The client's mark, echoed.
    pub unique_batch_item_id: Option<Bytes>,
    /// How it went.
    pub result_status: ResultStatus,
    /// Why it failed.
    pub result_reason: Option<ResultReason>,
    /// Why it failed, in words that are safe to show.
    pub result_message: Option<String>,
    /// The mark of a result that comes later.
    pub asynchronous_correlation_value: Option<Bytes>,
    /// The encoded items of the payload.
    pub payload: Option<P>,
}

/// Encodes a whole response message.
#[must_use]
pub fn write_response(header: &ResponseHeader, items: &[ResponseItem], version: Version) -> Writer {
    let mut writer = Writer::new(version);
    writer.structure(Tag::ResponseMessage, |writer| {
        header.write(Tag::ResponseHeader, writer);
        for item in items {
            writer.structure(Tag::BatchItem, |writer| item.write_fields(writer));
        }
    });
    writer
}

impl ResponseItem {
    fn write_fields(&self, writer: &mut Writer) {
        self.operation.write_field(Tag::Operation, None, writer);
        if !writer.version().is_3() {
            self.unique_batch_item_id
                .write_field(Tag::UniqueBatchItemID, None, writer);
        }
        self.result_status.write(Tag::ResultStatus, writer);
        self.result_reason
            .write_field(Tag::ResultReason, None, writer);
        self.result_message
            .write_field(Tag::ResultMessage, None, writer);
        self.asynchronous_correlation_value.write_field(
            Tag::AsynchronousCorrelationValue,
            None,
            writer,
        );
        if let Some(payload) = &self.payload {
            writer.structure(Tag::ResponsePayload, |writer| writer.encoded(payload));
        }
    }
}

impl<'a, P: From<&'a [u8]>> ResponseItem<P> {
    fn read(item: Item<'a>) -> Result<Self> {
        let (mut operation, mut id, mut status) = (None, None, None);
        let (mut reason, mut message, mut correlation, mut payload) = (None, None, None, None);
        let mut reader = item.structure()?;
        while let Some(inner) = reader.next_item()? {
            let accepted = match inner.tag {
                Tag::Operation => read_once(&mut operation, inner, Value::read),
                Tag::UniqueBatchItemID => read_once(&mut id, inner, Value::read),
                Tag::ResultStatus => read_once(&mut status, inner, Value::read),
                Tag::ResultReason => read_once(&mut reason, inner, Value::read),
                Tag::ResultMessage => read_once(&mut message, inner, Value::read),
                Tag::AsynchronousCorrelationValue => {
                    read_once(&mut correlation, inner, Value::read)
                }
                Tag::ResponsePayload => read_once(&mut payload, inner, |inner| {
                    Ok(inner.structure()?.rest().into())
                }),
                Tag::MessageExtension => Ok(()),
                _ => structure_passes_over(inner),
            };
            accepted.map_err(|error| error.within(item.tag))?;
        }
        let missing =
            || DecodeError::at(Tag::ResultStatus, DecodeErrorKind::Missing).within(item.tag);
        Ok(Self {
            operation,
            unique_batch_item_id: id,
            result_status: status.ok_or_else(missing)?,
            result_reason: reason,
            result_message: message,
            asynchronous_correlation_value: correlation,
            payload,
        })
    }
}

/// A whole response, as a client reads it.
pub struct Response<P = Buffer> {
    /// The version it is in.
    pub version: Version,
    /// The header.
    pub header: ResponseHeader,
    /// The items.
    pub items: Vec<ResponseItem<P>>,
}

impl Response {
    /// Reads a response message.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        Self::of(bytes)
    }
}

impl<'a> Response<&'a [u8]> {
    /// Reads a response message and leaves the payloads where they are.
    pub fn borrowed(bytes: &'a [u8]) -> Result<Self> {
        Self::of(bytes)
    }
}

impl<'a, P: From<&'a [u8]>> Response<P> {
    fn of(bytes: &'a [u8]) -> Result<Self> {
        let mut whole = message(bytes, Tag::ResponseMessage)?;
        let header: ResponseHeader = header(whole, Tag::ResponseHeader)?;
        let not_spoken = || {
            DecodeError::at(
                Tag::ProtocolVersion,
                DecodeErrorKind::ValueInvalid("is not a version spoken here"),
            )
        };
        let version = header.protocol_version.spoken().ok_or_else(not_spoken)?;
        whole = whole.with_version(version);
        let (mut headers, mut items) = (0, Vec::with_capacity(1));
        while let Some(item) = whole.next_item()? {
            match item.tag {
                Tag::ResponseHeader if headers == 0 => headers += 1,
                Tag::ResponseHeader => return Err(item.error(DecodeErrorKind::Duplicate)),
                Tag::BatchItem => items.push(ResponseItem::read(item)?),
                _ => structure_passes_over(item)?,
            }
        }
        Ok(Self {
            version,
            header,
            items,
        })
    }
}
