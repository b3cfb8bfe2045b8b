//! Answers that come later: who gets them, when, for how long, and what becomes of the requests.

mod answers;
mod batches;
mod bounds;
mod marks;

use std::time::Duration;

use keyhold::{pending, service::Limits};
use kmip::{
    AsynchronousIndicator, CancellationResult, CryptographicAlgorithm, CryptographicUsageMask,
    ResultReason, ResultStatus, V2_1, Version,
    attribute::Attribute,
    client::outgoing,
    message::{Asynchrony, OutgoingItem, RequestHeader, ResponseItem},
    payload::{
        Operation,
        activate::{Activate, ActivateRequest},
        create::Create,
        get::{Get, GetRequest},
        poll::{Cancel, CancelRequest, Poll, PollRequest},
        query::{Query, QueryRequest},
    },
    ttlv::Bytes,
};

use crate::fixture::{Fixture, create};

/// A service whose late work is done when a test says so, and which keeps nobody waiting.
fn fixture(limits: pending::Limits) -> Fixture {
    let limits = Limits {
        pending: pending::Limits {
            patience: Duration::ZERO,
            ..limits
        },
        ..Limits::default()
    };
    Fixture::with_limits(limits)
}

fn plain() -> Fixture {
    fixture(pending::Limits::default())
}

fn aes(version: Version) -> OutgoingItem {
    let attributes = vec![
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(128),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
    ];
    outgoing::<Create>(&create(attributes), version)
}

fn activate(id: Option<&str>) -> OutgoingItem {
    let unique_identifier = id.map(Into::into);
    outgoing::<Activate>(&ActivateRequest { unique_identifier }, V2_1)
}

fn get() -> OutgoingItem {
    outgoing::<Get>(&GetRequest::default(), V2_1)
}

fn query(version: Version) -> OutgoingItem {
    let query_function = vec![];
    outgoing::<Query>(&QueryRequest { query_function }, version)
}

fn header(fixture: &Fixture, indicator: AsynchronousIndicator) -> RequestHeader {
    RequestHeader {
        asynchronous_indicator: Some(Asynchrony(indicator)),
        ..fixture.header()
    }
}

/// Sends items that are to be answered later.
fn send(fixture: &mut Fixture, items: &[OutgoingItem]) -> Vec<ResponseItem> {
    let header = header(fixture, AsynchronousIndicator::Mandatory);
    fixture.send(&header, items).items
}

fn mark(item: &ResponseItem) -> Bytes {
    assert_eq!(item.result_status, ResultStatus::OperationPending);
    assert!(item.payload.is_none() && item.result_reason.is_none());
    item.asynchronous_correlation_value.clone().unwrap()
}

fn ask<O: Operation>(fixture: &mut Fixture, request: &O::Request) -> ResponseItem {
    let item = outgoing::<O>(request, fixture.version);
    fixture.batch(None, &[item]).pop().unwrap()
}

fn poll(fixture: &mut Fixture, mark: &Bytes) -> ResponseItem {
    let asynchronous_correlation_value = mark.clone();
    ask::<Poll>(
        fixture,
        &PollRequest {
            asynchronous_correlation_value,
        },
    )
}

fn cancel(fixture: &mut Fixture, mark: &Bytes) -> CancellationResult {
    let asynchronous_correlation_value = mark.clone();
    let response = fixture.call::<Cancel>(&CancelRequest {
        asynchronous_correlation_value,
    });
    let response = response.unwrap();
    assert_eq!(response.asynchronous_correlation_value, *mark);
    response.cancellation_result
}

fn objects(fixture: &Fixture) -> u64 {
    store::Store::count(&*fixture.store).unwrap()
}

/// The reason for a mark that nothing is known of.
fn unknown(version: Version) -> ResultReason {
    if version.is_2() {
        ResultReason::InvalidAsynchronousCorrelationValue
    } else {
        ResultReason::ItemNotFound
    }
}
