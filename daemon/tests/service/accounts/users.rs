//! What a user owns and may, and when it is none any more.

use keyhold::identity::{NewCredential, NewUser};
use kmip::{
    ResultReason, V1_0, V2_1,
    payload::{
        create::{Create, CreateResponse},
        destroy::{Destroy, DestroyRequest},
        get::{Get, GetRequest},
        locate::{Locate, LocateRequest},
    },
};

use super::{NO, aes, login, one_time, secret};
use crate::fixture::{Fixture, text};

#[test]
fn a_user_owns_what_it_makes_and_may_no_more_than_its_role_and_its_clients() {
    let mut fixture = Fixture::new();
    let password = |text| vec![NewCredential::Password(secret(text))];
    fixture.user("Fred", "user", password("password1"));
    fixture.user("Barney", "auditor", password("secret2"));
    let fred = || vec![login("Fred", "password1")];
    let barney = || vec![login("Barney", "secret2")];
    let CreateResponse {
        unique_identifier, ..
    } = fixture.say::<Create>(fred(), &aes()).unwrap();
    let id = kmip::attribute::UniqueIdentifier::from(text(&unique_identifier));
    let record = fixture.store_record(&text(&unique_identifier));
    assert_eq!(record.owner, "Fred@one");
    let destroy = DestroyRequest {
        unique_identifier: Some(id.clone()),
    };
    let get = GetRequest {
        unique_identifier: Some(id),
        ..GetRequest::default()
    };
    let denied = Some(ResultReason::PermissionDenied);
    assert_eq!(fixture.say::<Destroy>(barney(), &destroy).err(), denied);
    assert_eq!(fixture.say::<Get>(barney(), &get).err(), denied);
    assert!(fixture.say::<Get>(fred(), &get).is_ok());
    // The client's own role is an auditor's here, and Fred does not bring more with him.
    fixture.as_client(5);
    assert_eq!(fixture.say::<Destroy>(fred(), &destroy).err(), denied);
    fixture.as_client(2);
    assert!(fixture.say::<Destroy>(fred(), &destroy).is_ok());
}

#[test]
fn a_user_who_is_removed_is_refused_on_an_open_connection() {
    let mut fixture = Fixture::new();
    fixture.user(
        "Fred",
        "user",
        vec![NewCredential::Password(secret("password1"))],
    );
    assert_eq!(fixture.ask(vec![login("Fred", "password1")]), Ok(()));
    fixture.service.accounts().remove("one", "Fred").unwrap();
    assert_eq!(fixture.ask(vec![login("Fred", "password1")]), NO);
    assert!(fixture.service.accounts().users("one").unwrap().is_empty());
    // The name is free, and the password is the new user's own.
    fixture.user(
        "Fred",
        "user",
        vec![NewCredential::Password(secret("other"))],
    );
    assert_eq!(fixture.ask(vec![login("Fred", "password1")]), NO);
    assert_eq!(fixture.ask(vec![login("Fred", "other")]), Ok(()));
}

#[test]
fn guesses_are_counted_for_each_user() {
    let mut fixture = Fixture::new();
    for name in ["Fred", "Barney"] {
        fixture.user(name, "user", vec![NewCredential::Password(secret("right"))]);
    }
    // By either name.
    for (n, name) in ["Fred", "Fred@one"]
        .into_iter()
        .cycle()
        .take(10)
        .enumerate()
    {
        assert_eq!(fixture.ask(vec![login(name, &format!("wrong {n}"))]), NO);
    }
    for name in ["Fred", "Fred@one"] {
        assert_eq!(fixture.ask(vec![login(name, "right")]), NO, "rests");
    }
    assert_eq!(fixture.ask(vec![login("Barney", "right")]), Ok(()));
    fixture.pass(61);
    assert_eq!(fixture.ask(vec![login("Fred", "right")]), Ok(()));
}

#[test]
fn users_are_no_objects_of_older_clients() {
    let mut fixture = Fixture::new();
    fixture.user(
        "Fred",
        "user",
        vec![NewCredential::Password(secret("password1"))],
    );
    for version in [V1_0, V2_1] {
        fixture.version = version;
        let found = fixture.call::<Locate>(&LocateRequest::default()).unwrap();
        assert!(found.unique_identifier.is_empty());
    }
    let id = fixture.service.accounts().users("one").unwrap()[0]
        .id
        .0
        .clone();
    let get = GetRequest {
        unique_identifier: Some(id.as_str().into()),
        ..GetRequest::default()
    };
    fixture.as_client(2);
    assert_eq!(
        fixture.call::<Get>(&get).err(),
        Some(ResultReason::ObjectNotFound)
    );
}

#[test]
fn a_furnished_user_is_there_again() {
    let mut fixture = Fixture::new();
    let user = || NewUser {
        name: "once".to_owned(),
        role: "user".to_owned(),
        credentials: vec![NewCredential::OneTime(vec![secret("good once")])],
    };
    let first = fixture.service.accounts().furnish("one", &user()).unwrap();
    assert_eq!(
        fixture.service.accounts().furnish("one", &user()).unwrap(),
        first
    );
    assert_eq!(
        fixture.ask(vec![one_time("once", None, "good once")]),
        Ok(())
    );
    fixture.reconnect();
    assert_eq!(fixture.ask(vec![one_time("once", None, "good once")]), NO);
    assert_ne!(
        fixture.service.accounts().furnish("one", &user()).unwrap(),
        first
    );
    assert_eq!(
        fixture.ask(vec![one_time("once", None, "good once")]),
        Ok(())
    );
}
