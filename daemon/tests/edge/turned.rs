//! Over a connection: roles that are turned, and answers that come later.

use std::{
    io::{Read, Write},
    time::Duration,
};

use kmip::{
    AsynchronousIndicator, CryptographicAlgorithm, CryptographicUsageMask, EndpointRole,
    ObjectType, OperationCode, ResultStatus, V2_1, Version,
    attribute::{Attribute, AttributeList, UniqueIdentifier},
    client::{Client, outgoing},
    message::{
        Asynchrony, Request, RequestHeader, Response, ResponseHeader, ResponseItem, write_request,
        write_response,
    },
    payload::{
        activate::{Activate, ActivateRequest},
        create::{Create, CreateRequest},
        poll::{Poll, PollRequest},
        role::{SetEndpointRole, SetEndpointRoleRequest},
    },
    ttlv::Timestamp,
};

use crate::harness::{BOTH, Daemon, now, read_message};

/// One whole message of the daemon's asking.
pub(crate) fn read_request(stream: &mut impl Read) -> Vec<u8> {
    let mut message = vec![0; 8];
    stream.read_exact(&mut message).unwrap();
    assert_eq!(message[..4], [0x42, 0x00, 0x78, 0x01], "a request message");
    let length = u32::from_be_bytes(message[4..8].try_into().unwrap());
    message.resize(8 + usize::try_from(length).unwrap(), 0);
    stream.read_exact(&mut message[8..]).unwrap();
    message
}

pub(crate) fn operation(message: &[u8]) -> OperationCode {
    let Ok(request) = Request::read(message, 1) else {
        panic!("what the daemon asks can be read");
    };
    request.items[0].operation
}

/// Answers that it went well, and nothing else.
pub(crate) fn answer(stream: &mut impl Write, operation: OperationCode, version: Version) {
    let header = ResponseHeader::plain(version, Timestamp(0), 1);
    let item = ResponseItem {
        operation: Some(operation),
        unique_batch_item_id: None,
        result_status: ResultStatus::Success,
        result_reason: None,
        result_message: None,
        asynchronous_correlation_value: None,
        payload: Some(vec![].into()),
    };
    let message = write_response(&header, &[item], version);
    stream.write_all(message.bytes()).unwrap();
    stream.flush().unwrap();
}

pub(crate) fn create() -> CreateRequest {
    CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: AttributeList::from_iter([
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
            Attribute::CryptographicLength(256),
            Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
        ]),
        protection_storage_masks: None,
    }
}

#[test]
fn a_client_that_turns_its_connection_is_told_of_changes() {
    let (_folder, daemon) = Daemon::fresh();
    let identity = daemon.identity();
    let mut listens = daemon.ask(Some(&identity), BOTH).unwrap();
    let turn = outgoing::<SetEndpointRole>(
        &SetEndpointRoleRequest {
            endpoint_role: EndpointRole::Client,
        },
        V2_1,
    );
    let request = write_request(&RequestHeader::plain(V2_1, 1), &[turn], V2_1);
    listens.write_all(request.bytes()).unwrap();
    listens.flush().unwrap();
    let turned = Response::read(&read_message(&mut listens).unwrap()).unwrap();
    assert_eq!(turned.items[0].result_status, ResultStatus::Success);
    assert_eq!(operation(&read_request(&mut listens)), OperationCode::Query);
    answer(&mut listens, OperationCode::Query, V2_1);

    let stream = daemon.ask(Some(&identity), BOTH).unwrap();
    let mut client = Client::new(stream, V2_1, 1024 * 1024);
    let made = client.call::<Create>(&create()).unwrap().unique_identifier;
    let UniqueIdentifier::Text(id) = &made else {
        panic!("an identifier is a text");
    };
    client
        .call::<Activate>(&ActivateRequest {
            unique_identifier: Some(made.clone()),
        })
        .unwrap();
    let told = read_request(&mut listens);
    assert_eq!(operation(&told), OperationCode::Notify);
    assert!(told.windows(id.len()).any(|bytes| bytes == id.as_bytes()));
    answer(&mut listens, OperationCode::Notify, V2_1);

    // What comes unasked ends it.
    listens.write_all(request.bytes()).unwrap();
    listens.flush().unwrap();
    assert_eq!(listens.read(&mut [0; 1]).unwrap_or(0), 0);
    assert!(daemon.stop().success());
}

#[test]
fn an_answer_comes_later_by_the_daemons_own_workers() {
    let (_folder, daemon) = Daemon::fresh();
    let identity = daemon.identity();
    let mut stream = daemon.ask(Some(&identity), BOTH).unwrap();
    let header = RequestHeader {
        asynchronous_indicator: Some(Asynchrony(AsynchronousIndicator::Mandatory)),
        ..RequestHeader::plain(V2_1, 1)
    };
    let mut send = |header: &RequestHeader, item| {
        let request = write_request(header, &[item], V2_1);
        stream.write_all(request.bytes()).unwrap();
        stream.flush().unwrap();
        let answer = Response::read(&read_message(&mut stream).unwrap()).unwrap();
        answer.items.into_iter().next().unwrap()
    };
    let pending = send(&header, outgoing::<Create>(&create(), V2_1));
    assert_eq!(pending.result_status, ResultStatus::OperationPending);
    let asynchronous_correlation_value = pending.asynchronous_correlation_value.unwrap();
    let request = PollRequest {
        asynchronous_correlation_value,
    };
    let began = now();
    loop {
        let polled = send(
            &RequestHeader::plain(V2_1, 1),
            outgoing::<Poll>(&request, V2_1),
        );
        if polled.result_status == ResultStatus::Success {
            assert_eq!(polled.operation, Some(OperationCode::Create));
            break;
        }
        assert_eq!(polled.result_status, ResultStatus::OperationPending);
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "it is never done"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(daemon.stop().success(), "workers that wait end with it");
}
