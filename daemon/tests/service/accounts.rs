//! Users and what proves them: passwords, devices, one-time passwords, hashed passwords; and what proves nothing.

use keyhold::identity::{Caller, NewCredential, NewUser};
use kmip::{
    HashingAlgorithm, OTPAlgorithm, ObjectType, ResultReason, Secret, V1_0, V1_1, V1_2, V2_0, V2_1,
    Version,
    attribute::Attribute,
    client::{incoming, outgoing},
    mechanism::Hash,
    message::{
        Attestation, Authentication, Credential, Device, HashedPassword, Nonce, OneTimePassword,
        Password, RequestHeader, Response, UsernameAndPassword,
    },
    payload::{
        create::{Create, CreateRequest, CreateResponse},
        destroy::{Destroy, DestroyRequest},
        get::{Get, GetRequest},
        locate::{Locate, LocateRequest},
        query::{Query, QueryRequest},
    },
    ttlv::{Bytes, Timestamp, TimestampExtended},
};

use store::Store;

use crate::fixture::{Fixture, NOON, peer, text};

pub(crate) fn password(text: &str) -> Password {
    Password(Secret::from(text.as_bytes()))
}

pub(crate) fn login(username: &str, secret: &str) -> Credential {
    Credential::UsernameAndPassword(UsernameAndPassword {
        username: username.to_owned(),
        password: Some(password(secret)),
    })
}

pub(crate) fn one_time(username: &str, fixed: Option<&str>, once: &str) -> Credential {
    Credential::OneTimePassword(OneTimePassword {
        username: username.to_owned(),
        password: fixed.map(password),
        one_time_password: password(once),
    })
}

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

impl Fixture {
    /// Makes a user of the vault `one`.
    pub(crate) fn user(&self, name: &str, role: &str, credentials: Vec<NewCredential>) {
        let user = NewUser {
            name: name.to_owned(),
            role: role.to_owned(),
            credentials,
        };
        self.service.accounts().add("one", &user).unwrap();
    }

    /// One operation of a message with credentials.
    pub(crate) fn say<O: kmip::payload::Operation>(
        &mut self,
        credentials: Vec<Credential>,
        request: &O::Request,
    ) -> Result<O::Response, ResultReason> {
        let response = self.said(credentials, &[outgoing::<O>(request, self.version)]);
        incoming::<O>(&response.items[0], self.version)
            .map_err(|_| response.items[0].result_reason.unwrap())
    }

    fn said(
        &mut self,
        credentials: Vec<Credential>,
        items: &[kmip::message::OutgoingItem],
    ) -> Response {
        let header = RequestHeader {
            authentication: Some(Authentication {
                credential: credentials,
            }),
            ..self.header()
        };
        self.send(&header, items)
    }

    fn ask(&mut self, credentials: Vec<Credential>) -> Result<(), ResultReason> {
        let query = QueryRequest {
            query_function: vec![],
        };
        self.say::<Query>(credentials, &query).map(drop)
    }

    pub(crate) fn store_record(&self, id: &str) -> std::sync::Arc<store::Record> {
        let id = store::ObjectId(id.to_owned());
        self.store.record(&id).unwrap().unwrap()
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, seconds: i64) {
        let now = self.clock.now().0 + seconds;
        self.clock.advance_to(Timestamp(now));
    }

    fn reconnect(&mut self) {
        self.caller = Caller::new(peer(1));
    }
}

fn secret(text: &str) -> Secret {
    Secret::from(text.as_bytes())
}

pub(crate) fn aes() -> CreateRequest {
    CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: [
            Attribute::CryptographicAlgorithm(kmip::CryptographicAlgorithm::AES),
            Attribute::CryptographicLength(128),
            Attribute::CryptographicUsageMask(kmip::CryptographicUsageMask(0xC)),
        ]
        .into_iter()
        .collect(),
        protection_storage_masks: None,
    }
}

const NO: Result<(), ResultReason> = Err(ResultReason::AuthenticationNotSuccessful);

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
    for n in 0..10 {
        assert_eq!(fixture.ask(vec![login("Fred", &format!("wrong {n}"))]), NO);
    }
    assert_eq!(fixture.ask(vec![login("Fred", "right")]), NO, "rests");
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
