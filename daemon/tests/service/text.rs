//! Messages as texts: XML and JSON are answered in XML and JSON, whatever comes.

use std::sync::atomic::Ordering;

use kmip::{
    OperationCode, ResultReason, ResultStatus, V1_0, V1_4, Version,
    message::{OutgoingItem, RequestHeader, Response, write_request},
    payload::{
        create::Create,
        get::Get,
        locate::{Locate, LocateRequest},
        query::{Query, QueryRequest},
    },
    text::Encoding,
};

use crate::fixture::{Fixture, create, read, text};

const BOTH: [Encoding; 2] = [Encoding::Xml, Encoding::Json];

impl Fixture {
    /// The answer to a text, which is a message in the same encoding.
    fn respond_text(&mut self, text: &[u8], encoding: Encoding) -> Response {
        let answer = self.service.respond_text(&mut self.caller, text, encoding);
        let ttlv = encoding
            .read(&answer)
            .map_err(|unreadable| unreadable.error);
        Response::read(&ttlv.unwrap()).unwrap()
    }

    /// Sends one item as a text.
    fn send_text(
        &mut self,
        header: &RequestHeader,
        item: OutgoingItem,
        encoding: Encoding,
    ) -> Response {
        let request = write_request(header, &[item], self.version);
        let request = encoding.write(request.bytes()).unwrap();
        let response = self.respond_text(&request, encoding);
        assert_eq!(response.version, self.version);
        assert_eq!(response.items.len(), 1);
        response
    }

    fn call_text<O: kmip::payload::Operation>(
        &mut self,
        request: &O::Request,
        encoding: Encoding,
    ) -> Result<O::Response, ResultReason> {
        let item = kmip::client::outgoing::<O>(request, self.version);
        let response = self.send_text(&self.header(), item, encoding);
        read::<O>(&response.items[0], self.version)
    }
}

fn aes() -> Vec<kmip::attribute::Attribute> {
    use kmip::attribute::Attribute as A;
    vec![
        A::CryptographicAlgorithm(kmip::CryptographicAlgorithm::AES),
        A::CryptographicLength(256),
        A::CryptographicUsageMask(kmip::CryptographicUsageMask(0xC)),
    ]
}

#[test]
fn a_key_is_created_in_one_encoding_and_read_in_the_others() {
    let mut fixture = Fixture::new();
    for version in Version::SPOKEN {
        fixture.version = *version;
        let [one, other] = BOTH;
        let made = fixture.call_text::<Create>(&create(aes()), one).unwrap();
        let request = kmip::payload::get::GetRequest {
            unique_identifier: Some(text(&made.unique_identifier).as_str().into()),
            key_format_type: None,
            key_wrap_type: None,
            key_compression_type: None,
            key_wrapping_specification: None,
        };
        let from_text = fixture.call_text::<Get>(&request, other).unwrap();
        let from_ttlv = fixture.call::<Get>(&request).unwrap();
        assert!(from_text == from_ttlv, "{version}");
    }
}

/// Of an answer of so many bytes, one byte less is too few.
#[test]
fn the_maximum_response_size_counts_the_bytes_of_the_text() {
    let mut fixture = Fixture::new();
    let query = QueryRequest {
        query_function: vec![
            kmip::QueryFunction::QueryOperations,
            kmip::QueryFunction::QueryObjects,
        ],
    };
    for (version, encoding) in Version::SPOKEN
        .iter()
        .flat_map(|version| BOTH.map(|encoding| (*version, encoding)))
    {
        fixture.version = version;
        let mut ask = |bytes_max: Option<i32>| {
            let header = RequestHeader {
                maximum_response_size: bytes_max,
                ..fixture.header()
            };
            let items = [kmip::client::outgoing::<Query>(&query, version)];
            let request = write_request(&header, &items, version);
            let text = encoding.write(request.bytes()).unwrap();
            let service = &fixture.service;
            let answer = service.respond_text(&mut fixture.caller, &text, encoding);
            let ttlv = encoding
                .read(&answer)
                .map_err(|unreadable| unreadable.error);
            let response = Response::read(&ttlv.unwrap()).unwrap();
            let reason = read::<Query>(&response.items[0], version).err();
            (answer.len(), reason)
        };
        let (bytes, reason) = ask(None);
        assert_eq!(reason, None);
        let bytes = i32::try_from(bytes).unwrap();
        assert_eq!(ask(Some(bytes)).1, None, "{version} {encoding:?}");
        let refused = Some(ResultReason::ResponseTooLarge);
        assert_eq!(ask(Some(bytes - 1)).1, refused, "{version} {encoding:?}");
    }
}

#[test]
fn what_would_be_too_large_is_not_done() {
    let mut fixture = Fixture::new();
    for encoding in BOTH {
        let header = RequestHeader {
            maximum_response_size: Some(100),
            ..fixture.header()
        };
        let item = kmip::client::outgoing::<Create>(&create(aes()), fixture.version);
        let response = fixture.send_text(&header, item, encoding);
        assert_eq!(
            response.items[0].result_reason,
            Some(ResultReason::ResponseTooLarge)
        );
    }
    let found = fixture.call::<Locate>(&LocateRequest {
        maximum_items: None,
        offset_items: None,
        storage_status_mask: None,
        object_group_member: None,
        object_class_mask: None,
        attributes: kmip::attribute::AttributeList::default(),
    });
    assert!(found.unwrap().unique_identifier.is_empty());
}

/// Texts that are no messages, and the version in which each is told so.
const BROKEN: [(Encoding, &str, Version); 9] = [
    (Encoding::Xml, "", V1_0),
    (Encoding::Xml, "<RequestMessage/>", V1_0),
    (
        Encoding::Xml,
        "{\"tag\":\"RequestMessage\",\"value\":[]}",
        V1_0,
    ),
    (
        Encoding::Xml,
        "<!DOCTYPE r [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><RequestMessage/>",
        V1_0,
    ),
    (
        Encoding::Xml,
        concat!(
            "<RequestMessage><RequestHeader><ProtocolVersion>",
            "<ProtocolVersionMajor type=\"Integer\" value=\"1\"/><ProtocolVersionMinor type=\"Integer\" value=\"4\"/>",
            "</ProtocolVersion><BatchCount type=\"Integer\" value=\"many\"/>",
        ),
        V1_4,
    ),
    (Encoding::Json, "", V1_0),
    (Encoding::Json, "<RequestMessage/>", V1_0),
    (
        Encoding::Json,
        "{\"tag\":\"RequestMessage\",\"value\":[7]}",
        V1_0,
    ),
    (
        Encoding::Json,
        concat!(
            "{\"tag\":\"RequestMessage\",\"value\":[{\"tag\":\"RequestHeader\",\"value\":[",
            "{\"tag\":\"ProtocolVersion\",\"value\":[{\"tag\":\"ProtocolVersionMajor\",\"type\":\"Integer\",\"value\":1},",
            "{\"tag\":\"ProtocolVersionMinor\",\"type\":\"Integer\",\"value\":4}]}]},{\"tag\":\"Hello\"}]}",
        ),
        V1_4,
    ),
];

#[test]
fn a_text_that_is_no_message_is_answered_in_its_encoding_and_recorded() {
    let mut fixture = Fixture::new();
    for (encoding, sent, version) in BROKEN {
        fixture.trail.events.lock().unwrap().clear();
        let response = fixture.respond_text(sent.as_bytes(), encoding);
        assert_eq!(response.version, version, "{sent}");
        let [item] = response.items.as_slice() else {
            panic!("one item answers {sent}");
        };
        assert_eq!(item.result_status, ResultStatus::OperationFailed);
        let told = item.result_message.clone().unwrap();
        let expected = Some(ResultReason::InvalidMessage);
        assert_eq!(item.result_reason, expected, "{sent}");
        assert!(
            !told.contains("line") && !told.contains("quick") && !told.contains("passwd"),
            "{told}"
        );
        let events = fixture.trail.events.lock().unwrap();
        assert_eq!(events.len(), 1, "{sent}");
        assert_eq!(events[0].0, "Message");
    }
}

#[test]
fn what_cannot_be_audited_is_not_served_in_a_text_either() {
    let mut fixture = Fixture::new();
    fixture.trail.is_full.store(true, Ordering::Relaxed);
    for encoding in BOTH {
        let item = kmip::client::outgoing::<Create>(&create(aes()), fixture.version);
        let created = fixture.send_text(&fixture.header(), item, encoding);
        let unread = fixture.respond_text(b"?", encoding);
        for response in [created, unread] {
            let told = response.items[0].result_message.as_deref();
            assert_eq!(told, Some("the audit trail is unavailable"));
        }
    }
}

#[test]
fn an_operation_is_echoed_by_its_name() {
    let mut fixture = Fixture::new();
    let request = concat!(
        "<?xml version=\"1.0\"?>\n<RequestMessage>\n  <RequestHeader><ProtocolVersion>",
        "<ProtocolVersionMajor type=\"Integer\" value=\"2\"/><ProtocolVersionMinor type=\"Integer\" value=\"1\"/>",
        "</ProtocolVersion><BatchCount type=\"Integer\" value=\"1\"/></RequestHeader>\n",
        "<BatchItem><Operation type=\"Enumeration\" value=\"Get\"/><UniqueBatchItemID type=\"ByteString\" value=\"AB\"/>",
        "<RequestPayload><UniqueIdentifier type=\"TextString\" value=\"none\"/></RequestPayload></BatchItem>",
        "</RequestMessage>",
    );
    let answer =
        fixture
            .service
            .respond_text(&mut fixture.caller, request.as_bytes(), Encoding::Xml);
    let answer = String::from_utf8(answer.to_vec()).unwrap();
    let expected = concat!(
        "<BatchItem><Operation type=\"Enumeration\" value=\"Get\"/>",
        "<UniqueBatchItemID type=\"ByteString\" value=\"ab\"/>",
        "<ResultStatus type=\"Enumeration\" value=\"OperationFailed\"/>",
        "<ResultReason type=\"Enumeration\" value=\"ObjectNotFound\"/>",
        "<ResultMessage type=\"TextString\" value=\"no such object\"/></BatchItem></ResponseMessage>",
    );
    assert!(answer.ends_with(expected), "{answer}");
    let read = fixture.respond_text(request.as_bytes(), Encoding::Xml);
    assert_eq!(read.items[0].operation, Some(OperationCode::Get));
}
