//! Messages in TTLV: any bytes are read without a panic, and what was read is written and read again unchanged.

use kmip::{
    DecodeErrorKind, OperationCode, Tag, Version,
    message::{
        OutgoingItem, Request, RequestError, Response, ResponseHeader, write_request,
        write_response,
    },
    payload::Operation,
    ttlv::{self, Frame, Item, Reader, Structure, Writer},
};

use super::tree;

/// What the target reads.
pub(crate) fn ttlv(bytes: &[u8]) {
    frame(bytes);
    decode(bytes);
    message(bytes);
    super::as_texts(bytes);
}

/// Walks through all items, each read as every type.
pub fn decode(bytes: &[u8]) {
    let mut reader = Reader::new(bytes, Tag::RequestMessage, kmip::V2_1);
    while let Ok(Some(item)) = reader.next_item() {
        walk(item, 0);
    }
    let _ = ttlv::dump(bytes, kmip::V2_1);
}

fn walk(item: Item<'_>, depth: u8) {
    assert!(
        depth <= ttlv::DEPTH_MAX,
        "nested more deeply than the limit"
    );
    let readable = [
        item.integer().is_ok(),
        item.long_integer().is_ok(),
        item.big_integer().is_ok(),
        item.enumeration().is_ok(),
        item.boolean().is_ok(),
        item.text().is_ok(),
        item.bytes().is_ok(),
        item.date_time().is_ok(),
        item.date_time_extended().is_ok(),
        item.interval().is_ok(),
        item.structure().is_ok(),
    ];
    // An item has one type, and its value may break that type's rules.
    assert!(readable.iter().filter(|ok| **ok).count() <= 1);
    if let Ok(mut reader) = item.structure() {
        while let Ok(Some(inner)) = reader.next_item() {
            walk(inner, depth + 1);
        }
    }
}

/// Cuts a stream into messages.
fn frame(bytes: &[u8]) {
    const BYTES_MAX: usize = 4096;
    match ttlv::frame(bytes, BYTES_MAX) {
        Frame::Whole(whole) => {
            assert!((8..=BYTES_MAX).contains(&whole) && whole <= bytes.len());
            // A message whole stays whole, and none of its beginnings is.
            for end in 0..whole {
                let front = bytes.get(..end).unwrap_or_default();
                assert!(
                    matches!(ttlv::frame(front, BYTES_MAX), Frame::Partial(wanted) if wanted > end)
                );
            }
        }
        Frame::Partial(wanted) => assert!(wanted > bytes.len() && wanted <= BYTES_MAX.max(8)),
        Frame::TooLarge(wanted) => assert!(wanted > 4096),
        Frame::Foreign => {
            let longer = [bytes, &[0; 8]].concat();
            assert_eq!(ttlv::frame(&longer, BYTES_MAX), Frame::Foreign);
        }
    }
}

/// Reads a request and a response, and every payload in them.
pub fn message(bytes: &[u8]) {
    match Request::read(bytes, 100) {
        Ok(request) => {
            assert!(request.items.len() <= 100);
            for item in &request.items {
                payloads(item.operation, item.payload.rest(), request.version);
            }
            written_again(&request);
        }
        Err(RequestError::Unreadable(error, _)) => assert!(!error.to_string().is_empty()),
        Err(RequestError::VersionNotSpoken(version)) => assert!(version.spoken().is_none()),
    }
    if let Ok(response) = Response::read(bytes) {
        for item in &response.items {
            if let (Some(code), Some(payload)) = (item.operation, &item.payload) {
                payloads(code, payload, response.version);
            }
        }
        let payloads = response
            .items
            .iter()
            .filter_map(|item| item.payload.as_ref());
        if !payloads.into_iter().all(|payload| is_whole(payload)) {
            return;
        }
        let header = ResponseHeader {
            protocol_version: response.version.into(),
            ..response.header
        };
        let written = write_response(&header, &response.items, response.version);
        let again = Response::read(written.bytes());
        assert!(again.is_ok_and(|again| again.items.len() == response.items.len()));
    }
}

/// Whether a payload, which stands unread in its item, can be one: items fill whole words.
fn is_whole(payload: &[u8]) -> bool {
    payload.len().is_multiple_of(8)
}

/// What a client would write is the request that was read.
fn written_again(request: &Request<'_>) {
    if !request
        .items
        .iter()
        .all(|item| is_whole(item.payload.rest()))
    {
        return;
    }
    let items: Vec<_> = request
        .items
        .iter()
        .map(|item| OutgoingItem {
            operation: item.operation,
            payload: item.payload.rest().to_vec().into(),
        })
        .collect();
    let written = write_request(&request.header, &items, request.version);
    let again = Request::read_as(written.bytes(), request.version, 100).unwrap_or_else(|error| {
        panic!(
            "{}: a request is written and cannot be read: {error}",
            request.version
        )
    });
    assert_eq!(again.items.len(), request.items.len());
    for (one, other) in again.items.iter().zip(&request.items) {
        assert_eq!(one.operation, other.operation);
        assert_eq!(one.payload.rest(), other.payload.rest());
    }
}

macro_rules! payloads_of {
    ($($operation:path)*) => {
        /// Reads a payload as both payloads of its operation.
        fn payloads(code: OperationCode, payload: &[u8], version: Version) {
            match code {
                $(<$operation>::CODE => settles::<$operation>(payload, version),)*
                _ => {}
            }
        }
    };
}

kmip::each_operation!(payloads_of);

/// Reads bytes as both payloads of an operation.
pub(crate) fn settles<O: Operation>(bytes: &[u8], version: Version) {
    settle::<O::Request>(bytes, version);
    settle::<O::Response>(bytes, version);
}

/// What can be read is written in a form that reads back to the same form.
fn settle<T: Structure>(bytes: &[u8], version: Version) {
    let read = |bytes: &[u8]| {
        let value = T::read_fields(Reader::new(bytes, Tag::RequestPayload, version))?;
        let mut writer = Writer::new(version);
        value.write_fields(&mut writer);
        kmip::Result::Ok(writer.into_bytes())
    };
    let Ok(once) = read(bytes) else {
        return;
    };
    match read(&once) {
        Ok(twice) => assert!(
            said(&once) == said(&twice),
            "{version}: written otherwise the second time"
        ),
        // An object of a kind that is not served is not written.
        Err(error) => assert_eq!(error.kind, DecodeErrorKind::Missing, "{version}: {error}"),
    }
}

/// The fields that say something: a list whose attributes all have no form in the version is written with nothing
/// inside, and the next time it is left out.
fn said(payload: &[u8]) -> Vec<u8> {
    let mut fields = tree::parse(payload);
    fields.retain(|field| {
        field.item_type != tree::STRUCTURE || !(field.items.is_empty() && field.value.is_empty())
    });
    let mut bytes = Vec::new();
    tree::write(&fields, &mut bytes);
    bytes
}
