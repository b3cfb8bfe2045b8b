//! Objects that are put to a client.

use keyhold::{fault::Fault, service::Putting};
use kmip::{
    OperationCode, PutFunction, State, V2_1,
    attribute::Attribute,
    payload::notify::{Put, PutRequest},
};

use super::{BOTH, Listener, payload_of};
use crate::fixture::{Fixture, text};

/// Puts an object as it is.
fn put(fixture: &Fixture, vault: &str, id: &str, client: &str) -> Result<usize, Fault> {
    let put = fixture.service.put(vault, id, client, &Putting::default());
    put.map(|receipts| receipts.len())
        .map_err(|error| error.fault)
}

#[test]
fn an_object_is_put_to_whom_it_may_be_released() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([Attribute::Sensitive(false), Attribute::Extractable(true)]);
    let listener = Listener::new(&mut fixture, 2, V2_1, BOTH);
    let receipts = fixture
        .service
        .put("one", &id, "client 2", &Putting::default())
        .unwrap();
    let (operation, payload) = listener.receive().unwrap();
    assert_eq!(operation, OperationCode::Put);
    let given: PutRequest = payload_of::<Put>(&payload, V2_1);
    assert_eq!(given.put_function, PutFunction::New);
    assert_eq!(text(&given.unique_identifier), id);
    assert!(given.object.key_block().is_some());
    let has = |own: &Attribute| given.attributes.iter().any(|given| given == own);
    assert!(has(&Attribute::State(State::Active)));
    assert!(
        has(&Attribute::Fresh(true)),
        "what is put was not asked for"
    );
    assert!(receipts[0].try_recv().is_err(), "it has not answered yet");
    assert!(listener.reply(operation, Some(vec![])));
    assert_eq!(receipts[0].try_recv().unwrap().refusal, None);
    let events = fixture.trail.events.lock().unwrap().clone();
    let names: Vec<_> = events.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names[names.len() - 3..], ["GetAttributes", "Get", "Put"]);
    assert_eq!(events[events.len() - 1].1.as_deref(), Some(id.as_str()));
    assert!(listener.receive().is_none(), "a Put changes nothing");
    // Nobody of this name listens, or may have it.
    assert_eq!(put(&fixture, "one", &id, "client 3"), Ok(0));
    let locked = fixture.aes_key([Attribute::Sensitive(true)]);
    assert_eq!(
        put(&fixture, "one", &locked, "client 2"),
        Err(Fault::Sensitive)
    );
    let other = Listener::new(&mut fixture, 9, V2_1, BOTH);
    assert_eq!(
        put(&fixture, "two", &id, "client 9"),
        Err(Fault::NoSuchObject)
    );
    assert!(other.receive().is_none());
}
