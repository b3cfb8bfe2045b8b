//! What is fuzzed: any bytes are read without a panic, and what was read is written and read again unchanged.

use kmip::{
    DecodeErrorKind, OperationCode, Tag, Version,
    attribute::Attributes,
    message::{Request, RequestError, Response, ResponseHeader, write_response},
    payload::{self, Operation},
    text::Encoding,
    ttlv::{self, Frame, Item, Reader, Structure, Writer},
};

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
pub fn frame(bytes: &[u8]) {
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

/// Reads stored attributes, and attributes as they stand in payloads of each version.
pub fn attributes(bytes: &[u8]) {
    if let Ok(record) = Attributes::from_stored(bytes) {
        let stored = record.to_stored();
        let again = Attributes::from_stored(&stored).map(|record| record.to_stored());
        assert_eq!(again.as_deref(), Ok(stored.as_slice()));
        for version in Version::SPOKEN {
            let _ = record.each(*version);
        }
    }
    for version in [kmip::V1_0, kmip::V1_4, kmip::V2_1] {
        settles::<payload::get_attributes::GetAttributes>(bytes, version);
        settles::<payload::get_attributes::GetAttributeList>(bytes, version);
        settles::<payload::attribute::ModifyAttribute>(bytes, version);
        settles::<payload::create::CreateKeyPair>(bytes, version);
    }
}

/// Reads a request and a response, and every payload in them.
pub fn message(bytes: &[u8]) {
    match Request::read(bytes, 100) {
        Ok(request) => {
            for item in &request.items {
                operation(item.operation, item.payload.rest(), request.version);
            }
        }
        Err(RequestError::Unreadable(error, _)) => assert!(!error.to_string().is_empty()),
        Err(RequestError::VersionNotSpoken(version)) => assert!(version.spoken().is_none()),
    }
    if let Ok(response) = Response::read(bytes) {
        for item in &response.items {
            if let (Some(code), Some(payload)) = (item.operation, &item.payload) {
                operation(code, payload, response.version);
            }
        }
        let header = ResponseHeader {
            protocol_version: response.version.into(),
            ..response.header
        };
        let written = write_response(&header, &response.items, response.version);
        assert!(Response::read(written.bytes()).is_ok());
    }
}

/// Reads a text as a message; what could be read is written and read again unchanged.
pub fn text(bytes: &[u8], encoding: Encoding) {
    match encoding.read(bytes) {
        Ok(ttlv) => {
            // What was read of a text is TTLV as it is written, and so nothing is lost by writing it again.
            let json = Encoding::Json.write(&ttlv).unwrap_or_default();
            assert!(Encoding::Json.read(&json).ok() == Some(ttlv.clone()));
            as_texts(&ttlv);
            message(&ttlv);
        }
        Err(unreadable) => assert!(!unreadable.error.to_string().is_empty()),
    }
}

/// Reads XML.
pub fn xml(bytes: &[u8]) {
    text(bytes, Encoding::Xml);
}

/// Reads JSON.
pub fn json(bytes: &[u8]) {
    text(bytes, Encoding::Json);
}

/// Writes any items as texts, which are read and written again unchanged.
pub fn as_texts(bytes: &[u8]) {
    let mut writer = Writer::new(kmip::V2_1);
    writer.structure(Tag::RequestMessage, |writer| writer.encoded(bytes));
    for encoding in [Encoding::Xml, Encoding::Json] {
        let Ok(once) = encoding.write(writer.bytes()) else {
            return;
        };
        match encoding.read(&once) {
            Ok(ttlv) => assert!(encoding.write(&ttlv).ok() == Some(once)),
            Err(unreadable) => panic!("{}", unreadable.error),
        }
    }
}

/// Reads a payload as both payloads of its operation.
fn operation(code: OperationCode, payload: &[u8], version: Version) {
    macro_rules! dispatch {
        ($($operation:path)*) => {
            $(if code == <$operation>::CODE {
                settles::<$operation>(payload, version);
            })*
        };
    }
    dispatch! {
        payload::activate::Activate
        payload::attribute::AddAttribute
        payload::attribute::ModifyAttribute
        payload::attribute::DeleteAttribute
        payload::create::Create
        payload::create::CreateKeyPair
        payload::destroy::Destroy
        payload::discover::DiscoverVersions
        payload::encrypt::Encrypt
        payload::encrypt::Decrypt
        payload::get::Get
        payload::get_attributes::GetAttributes
        payload::get_attributes::GetAttributeList
        payload::hash::Hash
        payload::interop::Interop
        payload::locate::Locate
        payload::mac::MAC
        payload::mac::MACVerify
        payload::query::Query
        payload::register::Register
        payload::revoke::Revoke
        payload::rng::RNGRetrieve
        payload::rng::RNGSeed
        payload::sign::Sign
        payload::sign::SignatureVerify
    }
}

fn settles<O: Operation>(bytes: &[u8], version: Version) {
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
            once == twice,
            "{version}: written otherwise the second time"
        ),
        // An object of a kind that is not served is not written.
        Err(error) => assert_eq!(error.kind, DecodeErrorKind::Missing, "{version}: {error}"),
    }
}
