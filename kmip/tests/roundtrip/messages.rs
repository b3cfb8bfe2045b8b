//! Whole messages: headers, batches, payloads carried unread.

use kmip::{
    Tag, Version,
    message::{
        OutgoingItem, Request, RequestError, RequestHeader, Response, ResponseHeader, ResponseItem,
        write_request, write_response,
    },
    ttlv::{Frame, Reader, Structure, Writer, frame},
};
use proptest::prelude::*;

use super::choices;
use crate::samples::{Case, Make, Source, Table, payloads};

/// The cases of one table that the version has.
fn cases(table: Table, version: Version) -> Vec<Case> {
    let mut cases = payloads();
    cases.retain(|case| case.table == table && version >= case.since);
    cases
}

/// A request with as many items as the source says, and those items.
fn request(source: &mut Source<'_>) -> (RequestHeader, Vec<OutgoingItem>) {
    let cases = cases(Table::Request, source.version);
    let items: Vec<_> = (0..source.below(4))
        .map(|_| {
            let case = &cases[source.below(cases.len())];
            OutgoingItem {
                operation: kmip::OperationCode::from_name(case.name).unwrap(),
                payload: (case.encode)(source).into(),
            }
        })
        .collect();
    let mut header = RequestHeader::make(source);
    header.protocol_version = source.version.into();
    header.batch_count = i32::try_from(items.len()).unwrap();
    (header, items)
}

fn read(bytes: &[u8]) -> Request<'_> {
    match Request::read(bytes, 100) {
        Ok(request) => request,
        Err(RequestError::Unreadable(error, _)) => panic!("{error}: {}", hex::encode(bytes)),
        Err(RequestError::VersionNotSpoken(_)) => panic!("not spoken"),
    }
}

fn fields<T: Structure>(value: &T, version: Version) -> Vec<u8> {
    let mut writer = Writer::new(version);
    value.write_fields(&mut writer);
    writer.bytes().to_vec()
}

proptest! {
    #[test]
    fn a_request_comes_back(bytes in choices()) {
        for version in Version::SPOKEN {
            let (header, items) = request(&mut Source::chosen(&bytes, *version));
            let written = write_request(&header, &items, *version);
            prop_assert_eq!(frame(written.bytes(), 1 << 20), Frame::Whole(written.bytes().len()));
            let read = read(written.bytes());
            prop_assert_eq!(read.version, *version);
            prop_assert_eq!(fields(&read.header, *version), fields(&header, *version));
            prop_assert_eq!(read.items.len(), items.len());
            for (position, (read, item)) in read.items.iter().zip(&items).enumerate() {
                prop_assert_eq!(read.operation, item.operation);
                prop_assert_eq!(read.payload.rest(), &*item.payload);
                let id = read.unique_batch_item_id.as_ref().map(|id| id.0.clone());
                let wanted = (items.len() > 1 && !version.is_3()).then(|| position.to_be_bytes().to_vec());
                prop_assert_eq!(id, wanted);
            }
        }
    }

    #[test]
    fn a_response_comes_back(bytes in choices()) {
        for version in Version::SPOKEN {
            let mut source = Source::chosen(&bytes, *version);
            let mut header = ResponseHeader::make(&mut source);
            header.protocol_version = (*version).into();
            let cases = cases(Table::Response, *version);
            let items: Vec<_> = (0..source.below(4))
                .map(|_| ResponseItem {
                    operation: Make::make(&mut source),
                    unique_batch_item_id: Make::make(&mut source),
                    result_status: kmip::ResultStatus::OperationPending,
                    result_reason: Some(kmip::ResultReason::GeneralFailure),
                    result_message: Make::make(&mut source),
                    asynchronous_correlation_value: Make::make(&mut source),
                    payload: Some((cases[source.below(cases.len())].encode)(&mut source).into()),
                })
                .collect();
            let written = write_response(&header, &items, *version);
            let read = Response::read(written.bytes()).unwrap();
            prop_assert_eq!(read.version, *version);
            let again = write_response(&read.header, &read.items, *version);
            prop_assert_eq!(again.bytes(), written.bytes());
            prop_assert_eq!(read.items.len(), items.len());
        }
    }
}

#[test]
fn the_batch_count_is_the_number_of_items() {
    for version in Version::SPOKEN.iter().filter(|version| !version.is_3()) {
        let payload = [0x42, 0x00, 0x94, 0x07, 0, 0, 0, 0];
        let item = || OutgoingItem {
            operation: kmip::OperationCode::Get,
            payload: payload.to_vec().into(),
        };
        for (count, items) in [(0, 1), (1, 2), (2, 1), (-1, 1), (1, 0)] {
            let mut header = RequestHeader::make(&mut Source::chosen(&[], *version));
            header.protocol_version = (*version).into();
            header.batch_count = count;
            let items: Vec<_> = (0..items).map(|_| item()).collect();
            let written = write_request(&header, &items, *version);
            assert!(matches!(
                Request::read(written.bytes(), 100),
                Err(RequestError::Unreadable(error, Some(_))) if error.path == [Tag::BatchCount]
            ));
        }
    }
}

#[test]
fn a_version_that_is_not_spoken_is_told_and_nothing_else_is_read() {
    for (major, minor) in [
        (1, 5),
        (2, 2),
        (3, 1),
        (0, 0),
        (-1, 0),
        (i32::MAX, i32::MIN),
    ] {
        let mut writer = Writer::new(kmip::V1_0);
        writer.structure(Tag::RequestMessage, |writer| {
            writer.structure(Tag::RequestHeader, |writer| {
                writer.structure(Tag::ProtocolVersion, |writer| {
                    writer.integer(Tag::ProtocolVersionMajor, major);
                    writer.integer(Tag::ProtocolVersionMinor, minor);
                });
                writer.text(Tag(0x42_FFFF), "a field that does not exist yet");
            });
        });
        let Err(RequestError::VersionNotSpoken(version)) = Request::read(writer.bytes(), 1) else {
            panic!("{major}.{minor} is spoken");
        };
        assert_eq!(version.protocol_version_major, major);
        assert_eq!(version.protocol_version_minor, minor);
    }
}

#[test]
fn what_stands_behind_a_message_is_refused() {
    let header = RequestHeader::make(&mut Source::chosen(&[], kmip::V2_1));
    let header = RequestHeader {
        protocol_version: kmip::V2_1.into(),
        batch_count: 0,
        ..header
    };
    let none: [OutgoingItem; 0] = [];
    let mut bytes = write_request(&header, &none, kmip::V2_1).bytes().to_vec();
    assert_eq!(read(&bytes).items.len(), 0);
    bytes.extend([0x42, 0x00, 0x94, 0x07, 0, 0, 0, 0]);
    assert!(Request::read(&bytes, 1).is_err());
    let reader = Reader::new(&bytes, Tag::RequestMessage, kmip::V2_1);
    assert!(!reader.is_empty());
}
