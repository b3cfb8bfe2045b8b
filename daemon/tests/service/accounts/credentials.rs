//! What proves a user: passwords, devices, one-time and hashed passwords; and what proves nothing.

use keyhold::identity::NewCredential;
use kmip::{
    HashingAlgorithm, OTPAlgorithm, ResultReason, Secret, V1_1, V1_2, V2_0, V2_1, Version,
    client::outgoing,
    mechanism::Hash,
    message::{Attestation, Credential, Device, HashedPassword, Nonce},
    payload::query::{Query, QueryRequest},
    ttlv::{Bytes, TimestampExtended},
};

use super::{NO, login, one_time, password, secret};
use crate::fixture::{Fixture, NOON};

fn device(serial: &str, secret: Option<&str>) -> Device {
    Device {
        device_serial_number: Some(serial.to_owned()),
        password: secret.map(password),
        device_identifier: Some("device".to_owned()),
        network_identifier: None,
        machine_identifier: Some("machine".to_owned()),
        media_identifier: None,
    }
}

#[test]
fn a_user_is_who_knows_the_password() {
    let mut fixture = Fixture::new();
    fixture.user(
        "Fred",
        "user",
        vec![NewCredential::Password(secret("password1"))],
    );
    for version in Version::SPOKEN {
        fixture.version = *version;
        fixture.reconnect();
        assert_eq!(
            fixture.ask(vec![login("Fred", "password1")]),
            Ok(()),
            "{version}"
        );
        assert_eq!(fixture.ask(vec![login("Fred@one", "password1")]), Ok(()));
        for (name, given) in [
            ("Fred", "password2"),
            ("Fred", ""),
            ("fred", "password1"),
            ("Fred@two", "password1"),
            ("Fred@else", "password1"),
            ("", "password1"),
            ("user", "password1"),
        ] {
            assert_eq!(fixture.ask(vec![login(name, given)]), NO, "{name} {given}");
        }
        fixture.pass(61);
    }
    let events = fixture.trail.events.lock().unwrap();
    assert!(events.iter().any(|event| event.2 == "NotAuthenticated"));
}

#[test]
fn a_device_is_recognised_by_all_its_identifiers_and_its_password() {
    let mut fixture = Fixture::new();
    let known = device("serial", Some("secret"));
    fixture.user("drive", "user", vec![NewCredential::Device(known.clone())]);
    fixture.user(
        "open",
        "user",
        vec![NewCredential::Device(device("other", None))],
    );
    for version in [V1_1, V1_2, V2_1] {
        fixture.version = version;
        fixture.reconnect();
        assert_eq!(fixture.ask(vec![Credential::Device(known.clone())]), Ok(()));
        assert_eq!(
            fixture.ask(vec![Credential::Device(device("other", None))]),
            Ok(())
        );
        let mut wrong = vec![
            device("serial", Some("Secret")),
            device("serial", None),
            device("other", Some("secret")),
            device("third", Some("secret")),
        ];
        wrong.push(Device {
            media_identifier: Some("medium".to_owned()),
            ..known.clone()
        });
        for device in wrong {
            assert_eq!(fixture.ask(vec![Credential::Device(device)]), NO);
        }
    }
}

#[test]
fn a_one_time_password_counts_once() {
    let mut fixture = Fixture::new();
    let list = ["first", "second"].map(secret).to_vec();
    fixture.user("once", "user", vec![NewCredential::OneTime(list)]);
    let first = || vec![one_time("once", None, "first")];
    assert_eq!(fixture.ask(first()), Ok(()));
    // On this connection it is proven; the directory may change meanwhile.
    assert_eq!(fixture.ask(first()), Ok(()));
    fixture.service.directory().touch();
    assert_eq!(fixture.ask(first()), Ok(()));
    fixture.reconnect();
    assert_eq!(fixture.ask(first()), NO, "used");
    assert_eq!(fixture.ask(vec![one_time("once", None, "third")]), NO);
    assert_eq!(fixture.ask(vec![one_time("once", Some("x"), "second")]), NO);
    assert_eq!(fixture.ask(vec![one_time("once", None, "second")]), Ok(()));
    fixture.reconnect();
    assert_eq!(fixture.ask(vec![one_time("once", None, "second")]), NO);
}

#[test]
fn a_token_proves_beside_the_password() {
    let mut fixture = Fixture::new();
    let token = NewCredential::Otp {
        algorithm: OTPAlgorithm::HOTP,
        digest: HashingAlgorithm::SHA1,
        seed: secret("12345678901234567890"),
        interval_seconds: 30,
        digits: 6,
        counter: 0,
    };
    let fixed = NewCredential::Password(secret("fixed"));
    fixture.user("both", "user", vec![fixed, token]);
    // RFC 4226 appendix D.
    assert_eq!(fixture.ask(vec![one_time("both", None, "755224")]), NO);
    assert_eq!(
        fixture.ask(vec![one_time("both", Some("wrong"), "755224")]),
        NO
    );
    assert_eq!(
        fixture.ask(vec![one_time("both", Some("fixed"), "287082")]),
        Ok(())
    );
    fixture.reconnect();
    for spent in ["755224", "287082"] {
        assert_eq!(
            fixture.ask(vec![one_time("both", Some("fixed"), spent)]),
            NO
        );
    }
    assert_eq!(
        fixture.ask(vec![one_time("both", Some("fixed"), "359152")]),
        Ok(())
    );
}

fn hashed(name: &str, secret: &str, time: i64) -> (HashedPassword, Vec<u8>) {
    let hash = |parts: &[&[u8]]| hsm::public::hash(Hash::Sha256, &parts.concat()).unwrap();
    let one = hash(&[name.as_bytes(), secret.as_bytes()]);
    let two = hash(&[secret.as_bytes(), name.as_bytes()]);
    let time_bytes = time.to_be_bytes();
    let proof =
        |first: &[u8], second: &[u8]| [hash(&[first, &time_bytes]), second.to_vec()].concat();
    let credential = HashedPassword {
        username: name.to_owned(),
        time_stamp: TimestampExtended(time),
        hashing_algorithm: None,
        hashed_password: Secret::new(proof(&one, &two)),
    };
    (credential, proof(&two, &one))
}

#[test]
fn a_hashed_password_is_younger_each_time_and_the_server_proves_itself() {
    let mut fixture = Fixture::new();
    let known = NewCredential::hashed("Fred", &secret("password1")).unwrap();
    fixture.user("Fred", "user", vec![known]);
    let now = NOON.0 * 1_000_000;
    let query = [outgoing::<Query>(
        &QueryRequest {
            query_function: vec![],
        },
        V2_1,
    )];
    let (credential, answer) = hashed("Fred", "password1", now);
    let given = || vec![Credential::HashedPassword(credential.clone())];
    for version in [V2_0, V2_1] {
        fixture.version = version;
        let response = fixture.said(given(), &query);
        let proof = response.header.server_hashed_password.unwrap();
        assert!(proof.expose() == answer);
    }
    fixture.reconnect();
    assert_eq!(fixture.ask(given()), NO, "repeated");
    for (secret, time) in [
        ("password2", now + 1),
        ("password1", now - 1),
        ("password1", now + 301_000_000),
    ] {
        let (credential, _) = hashed("Fred", secret, time);
        assert_eq!(
            fixture.ask(vec![Credential::HashedPassword(credential)]),
            NO
        );
    }
    let (younger, _) = hashed("Fred", "password1", now + 1);
    assert_eq!(
        fixture.ask(vec![Credential::HashedPassword(younger)]),
        Ok(())
    );
    let plain = fixture.said(vec![], &query);
    assert!(plain.header.server_hashed_password.is_none());
}

#[test]
fn all_credentials_of_a_message_hold_for_one_user() {
    let mut fixture = Fixture::new();
    let known = device("serial", Some("secret"));
    fixture.user(
        "Fred",
        "user",
        vec![
            NewCredential::Password(secret("password1")),
            NewCredential::Device(known.clone()),
        ],
    );
    fixture.user(
        "Barney",
        "user",
        vec![NewCredential::Password(secret("secret2"))],
    );
    let device = || Credential::Device(known.clone());
    assert_eq!(
        fixture.ask(vec![login("Fred", "password1"), device()]),
        Ok(())
    );
    for wrong in [
        vec![login("Fred", "password2"), device()],
        vec![login("Barney", "secret2"), device()],
        vec![login("Fred", "password1"), login("Barney", "secret2")],
        vec![login("Fred", "password1"); 5],
        vec![
            login("Fred", "password1"),
            Credential::NotServed(kmip::CredentialType(99)),
        ],
    ] {
        assert_eq!(fixture.ask(wrong), NO);
    }
}

#[test]
fn an_attestation_is_not_believed() {
    let mut fixture = Fixture::new();
    let attestation = Credential::Attestation(Attestation {
        nonce: Nonce {
            nonce_id: Bytes(vec![1]),
            nonce_value: Bytes(vec![2; 16]),
        },
        attestation_type: kmip::AttestationType::TPMQuote,
        attestation_measurement: Some(Bytes(vec![3; 32])),
        attestation_assertion: None,
    });
    for version in [V1_2, V2_1] {
        fixture.version = version;
        let refused = fixture.ask(vec![attestation.clone()]);
        assert_eq!(refused, Err(ResultReason::AttestationFailed));
    }
}
