//! Messages whose changes are committed while no thread waits for them.

use std::{
    sync::{Barrier, atomic::Ordering, mpsc::channel},
    thread,
};

use keyhold::{
    identity::Caller,
    service::{Begun, NotCommitted, Unfinished, Weight},
};
use kmip::{
    AsynchronousIndicator, ResultReason, V1_4, V2_1, Version,
    attribute::{Attribute, AttributeKind, Attributes, Name, SingleAttribute},
    client::outgoing,
    message::{Asynchrony, OutgoingItem, RequestHeader, Response, write_request},
    payload::{
        Operation,
        activate::{Activate, ActivateRequest},
        attribute::{AddAttribute, AddAttributeRequest},
        create::{Create, CreateRequest, CreateResponse},
        destroy::{Destroy, DestroyRequest},
        get::{Get, GetRequest},
    },
};
use store::{Commit, ObjectId, Store};

use crate::fixture::{Fixture, create, peer, read, text};

/// A message of one item.
pub(crate) fn message<O: Operation>(fixture: &Fixture, request: &O::Request) -> Vec<u8> {
    written(
        fixture,
        &fixture.header(),
        &[outgoing::<O>(request, fixture.version)],
    )
}

fn written(fixture: &Fixture, header: &RequestHeader, items: &[OutgoingItem]) -> Vec<u8> {
    let header = RequestHeader {
        batch_count: i32::try_from(items.len()).unwrap(),
        ..header.clone()
    };
    write_request(&header, items, fixture.version)
        .bytes()
        .to_vec()
}

pub(crate) fn key(name: &str) -> CreateRequest {
    create(vec![
        Attribute::CryptographicAlgorithm(kmip::CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(kmip::CryptographicUsageMask::Encrypt),
        Attribute::Name(Name::text(name)),
    ])
}

fn comment(id: &str) -> AddAttributeRequest {
    AddAttributeRequest {
        unique_identifier: Some(id.into()),
        new_attribute: SingleAttribute {
            index: None,
            attribute: Attribute::Comment("one".into()),
        },
    }
}

pub(crate) fn begin(fixture: &mut Fixture, message: &[u8]) -> (Unfinished, Commit) {
    assert_eq!(
        fixture.service.weight(&fixture.caller, message),
        Weight::Commit
    );
    match fixture.service.begin(&mut fixture.caller, message) {
        Begun::Answered(_) => panic!("answered without its commit"),
        Begun::Changes(unfinished, changes) => (*unfinished, changes),
    }
}

fn committed(fixture: &Fixture, changes: Commit) -> Result<(), NotCommitted> {
    let (tell, told) = channel();
    fixture
        .service
        .commit(changes, move |result| tell.send(result).unwrap());
    told.recv().unwrap()
}

fn finish<O: Operation>(
    fixture: &Fixture,
    message: &[u8],
    unfinished: Unfinished,
    result: Result<(), NotCommitted>,
) -> Result<O::Response, ResultReason> {
    let answer = fixture
        .service
        .finish(&fixture.caller, message, unfinished, result);
    let response = Response::read(&answer).unwrap();
    assert_eq!(response.items.len(), 1);
    read::<O>(&response.items[0], fixture.version)
}

fn attributes(fixture: &Fixture, id: &str) -> Attributes {
    let record = fixture.store.record(&ObjectId(id.into())).unwrap().unwrap();
    record.attributes.clone()
}

pub(crate) fn outcomes(fixture: &Fixture) -> Vec<(String, &'static str)> {
    let events = fixture.trail.events.lock().unwrap();
    let outcome = |(operation, _, outcome): &(String, _, _)| (operation.clone(), *outcome);
    events.iter().map(outcome).collect()
}

#[test]
fn an_item_is_recorded_first_and_committed_before_its_answer() {
    let mut fixture = Fixture::new();
    let message = message::<Create>(&fixture, &key("k"));
    let (unfinished, changes) = begin(&mut fixture, &message);
    assert_eq!(outcomes(&fixture), [("Create".to_owned(), "Success")]);
    assert_eq!(fixture.store.count(), Ok(0));
    let result = committed(&fixture, changes);
    assert!(!unfinished.is_heavy(&result));
    assert_eq!(fixture.store.count(), Ok(1));
    let CreateResponse {
        unique_identifier, ..
    } = finish::<Create>(&fixture, &message, unfinished, result).unwrap();
    let own = attributes(&fixture, &text(&unique_identifier));
    assert_eq!(own.of(AttributeKind::Name).len(), 1);
    assert_eq!(outcomes(&fixture).len(), 1, "one record of it");
}

#[test]
fn changes_that_are_dropped_are_not_made() {
    let mut fixture = Fixture::new();
    let message = message::<Create>(&fixture, &key("k"));
    drop(begin(&mut fixture, &message));
    assert_eq!(fixture.store.count(), Ok(0));
    fixture.call::<Create>(&key("k")).unwrap();
}

#[test]
fn an_item_whose_record_was_changed_meanwhile_is_tried_again() {
    let mut fixture = Fixture::new();
    let id = text(&fixture.call::<Create>(&key("k")).unwrap().unique_identifier);
    let activate = ActivateRequest {
        unique_identifier: Some(id.as_str().into()),
    };
    let message = message::<Activate>(&fixture, &activate);
    let (unfinished, changes) = begin(&mut fixture, &message);
    fixture.call::<AddAttribute>(&comment(&id)).unwrap();
    let result = committed(&fixture, changes);
    assert!(unfinished.is_heavy(&result));
    finish::<Activate>(&fixture, &message, unfinished, result).unwrap();
    let own = attributes(&fixture, &id);
    assert_eq!(own.state, Some(kmip::State::Active));
    assert_eq!(own.comment.as_deref(), Some("one"));
    let expected = [
        ("Create", "Success"),
        ("Activate", "Success"),
        ("AddAttribute", "Success"),
        ("Activate", "NotCommitted"),
        ("Activate", "Success"),
    ];
    let expected = expected.map(|(operation, outcome)| (operation.to_owned(), outcome));
    assert_eq!(outcomes(&fixture), expected);
}

#[test]
fn of_two_that_want_a_name_the_second_is_refused_at_the_commit() {
    let mut fixture = Fixture::new();
    let message = message::<Create>(&fixture, &key("k"));
    let (first, first_changes) = begin(&mut fixture, &message);
    let (second, second_changes) = begin(&mut fixture, &message);
    let result = committed(&fixture, first_changes);
    finish::<Create>(&fixture, &message, first, result).unwrap();
    let result = committed(&fixture, second_changes);
    let refused = finish::<Create>(&fixture, &message, second, result).err();
    let usual = fixture.call::<Create>(&key("k")).err();
    assert_eq!(refused, usual);
    assert!(refused.is_some());
    assert_eq!(fixture.store.count(), Ok(1));
}

#[test]
fn what_is_not_on_the_disk_of_the_trail_is_not_committed() {
    let mut fixture = Fixture::new();
    let message = message::<Create>(&fixture, &key("k"));
    let (unfinished, changes) = begin(&mut fixture, &message);
    fixture.trail.is_full.store(true, Ordering::Relaxed);
    let result = committed(&fixture, changes);
    let refused = finish::<Create>(&fixture, &message, unfinished, result);
    assert_eq!(refused.err(), Some(ResultReason::InternalServerError));
    assert_eq!(fixture.store.count(), Ok(0));
}

#[test]
fn only_one_light_item_that_is_answered_at_once_is_begun_where_it_was_read() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    let weight =
        |fixture: &Fixture, message: &[u8]| fixture.service.weight(&fixture.caller, message);
    let named = || Some(id.as_str().into());
    let destroy = DestroyRequest {
        unique_identifier: named(),
    };
    let get = GetRequest {
        unique_identifier: named(),
        ..GetRequest::default()
    };
    // The first Get of an object writes that it is no longer fresh.
    fixture.call::<Get>(&get).unwrap();
    let two = [
        outgoing::<Create>(&key("a"), V2_1),
        outgoing::<Create>(&key("b"), V2_1),
    ];
    let two = written(&fixture, &fixture.header(), &two);
    assert_eq!(weight(&fixture, &two), Weight::Heavy);
    assert_eq!(
        weight(&fixture, &message::<Get>(&fixture, &get)),
        Weight::Light
    );
    assert_eq!(
        weight(&fixture, &message::<Destroy>(&fixture, &destroy)),
        Weight::Commit
    );
    let later = |version: Version, fixture: &mut Fixture| {
        fixture.version = version;
        let mut header = fixture.header();
        header.asynchronous_indicator = Some(Asynchrony(AsynchronousIndicator::Optional));
        let message = written(fixture, &header, &[outgoing::<Create>(&key("c"), version)]);
        weight(fixture, &message)
    };
    for version in [V1_4, V2_1] {
        assert_eq!(later(version, &mut fixture), Weight::Heavy, "{version}");
    }
}

#[test]
fn a_first_get_beside_others_of_the_same_key_is_none_of_their_business() {
    let mut fixture = Fixture::new();
    for _ in 0..100 {
        let id = fixture.aes_key([]);
        let get = GetRequest {
            unique_identifier: Some(id.as_str().into()),
            ..GetRequest::default()
        };
        let message = message::<Get>(&fixture, &get);
        let together = Barrier::new(8);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let mut caller = Caller::new(peer(1));
                    together.wait();
                    let answer = fixture.service.respond(&mut caller, &message);
                    let response = Response::read(&answer).unwrap();
                    read::<Get>(&response.items[0], fixture.version).unwrap();
                });
            }
        });
    }
}
