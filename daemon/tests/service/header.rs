//! Headers and extensions: what is asked in them is honoured, passed over or refused, in every version.

use kmip::{
    BatchErrorContinuationOption, OperationCode, ResultReason, ResultStatus, Tag, V1_0, V1_4, V2_0,
    V2_1, Version,
    message::{MessageExtension, RequestHeader, Response},
    ttlv::{AnyValue, Timestamp, Value, Writer},
};

use crate::fixture::{Fixture, NOON};

/// A message of queries, the first with extensions.
fn queries(header: &RequestHeader, version: Version, critical: &[bool]) -> Vec<u8> {
    let mut writer = Writer::new(version);
    writer.structure(Tag::RequestMessage, |writer| {
        header.write(Tag::RequestHeader, writer);
        for position in 0..header.batch_count {
            writer.structure(Tag::BatchItem, |writer| {
                OperationCode::Query.write(Tag::Operation, writer);
                writer.structure(Tag::RequestPayload, |_| {});
                for critical in critical.iter().filter(|_| position == 0) {
                    let extension = MessageExtension {
                        vendor_identification: "ACME".into(),
                        criticality_indicator: *critical,
                        vendor_extension: AnyValue::text("something"),
                    };
                    extension.write(Tag::MessageExtension, writer);
                }
            });
        }
    });
    writer.bytes().to_vec()
}

fn send(fixture: &mut Fixture, header: &RequestHeader, critical: &[bool]) -> Response {
    let message = queries(header, fixture.version, critical);
    let response = fixture.service.respond(&mut fixture.caller, &message);
    Response::read(&response).unwrap()
}

#[test]
fn an_extension_that_must_be_understood_fails_its_item_and_no_other() {
    for version in [V1_0, V1_4, V2_0, V2_1] {
        let mut fixture = Fixture::new();
        fixture.version = version;
        let header = RequestHeader {
            batch_error_continuation_option: Some(BatchErrorContinuationOption::Continue),
            ..RequestHeader::plain(version, 2)
        };
        let passed = send(&mut fixture, &header, &[false, false]);
        assert!(
            passed
                .items
                .iter()
                .all(|item| item.result_status == ResultStatus::Success)
        );
        let refused = send(&mut fixture, &header, &[false, true]);
        let reason = if version.is_2() {
            ResultReason::UnknownMessageExtension
        } else {
            ResultReason::FeatureNotSupported
        };
        assert_eq!(refused.items[0].result_reason, Some(reason), "{version}");
        assert_eq!(refused.items[1].result_status, ResultStatus::Success);
    }
}

/// What a server may pass over is passed over: attestation that is only offered, the client's clock, the order of items
/// that may be changed.
#[test]
fn what_is_only_offered_changes_nothing() {
    for version in [V1_0, V1_4, V2_1] {
        let mut fixture = Fixture::new();
        fixture.version = version;
        for (time, order) in [(0, Some(false)), (NOON.0 + 1_000_000, Some(true))] {
            let header = RequestHeader {
                time_stamp: Some(Timestamp(time)),
                batch_order_option: order,
                attestation_capable_indicator: Some(true),
                attestation_type: vec![kmip::AttestationType::TPMQuote],
                ..RequestHeader::plain(version, 2)
            };
            let response = send(&mut fixture, &header, &[]);
            assert_eq!(response.items.len(), 2);
            assert_eq!(response.header.time_stamp, NOON);
            assert!(response.header.nonce.is_none(), "none is asked for");
            assert!(response.header.attestation_type.is_empty());
        }
    }
}

#[test]
fn the_clients_mark_comes_back_where_there_are_marks() {
    for (version, echoed) in [(V1_0, None), (V1_4, Some("mark")), (V2_1, Some("mark"))] {
        let mut fixture = Fixture::new();
        fixture.version = version;
        let header = RequestHeader {
            client_correlation_value: Some("mark".into()),
            server_correlation_value: Some("theirs".into()),
            ..RequestHeader::plain(version, 1)
        };
        let answered = send(&mut fixture, &header, &[]).header;
        assert_eq!(answered.client_correlation_value.as_deref(), echoed);
        assert!(answered.server_correlation_value.is_none());
    }
}
