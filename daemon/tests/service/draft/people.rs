//! Users and credentials that clients make in 3.0.

use keyhold::identity::Caller;
use kmip::{
    CredentialType, CryptographicAlgorithm, HashingAlgorithm, OTPAlgorithm, ObjectType,
    ResultReason, Secret, State,
    attribute::Attribute,
    message::{Credential, Device},
    object::{DeviceCredential, HashedPasswordCredential, OTPCredential},
    payload::{
        account::{CreateCredentialRequest, CreateUser, CreateUserRequest},
        activate::{Activate, ActivateRequest},
        create::Create,
        deactivate::{Deactivate, DeactivateRequest},
        destroy::{Destroy, DestroyRequest},
        get::{Get, GetRequest},
    },
    ttlv::{Bytes, Timestamp},
};

use super::*;
use crate::{
    accounts::{aes, login, one_time},
    fixture::{peer, text},
};

#[test]
fn a_user_logs_in_with_the_credential_that_was_made() {
    let mut fixture = draft();
    let credential = fixture.credential(&password_of("wilma's own")).unwrap();
    let user = fixture.user_with("Wilma", &credential);
    let wilma = vec![login("Wilma", "wilma's own")];
    let made = fixture.say::<Create>(wilma.clone(), &aes()).unwrap();
    let record = fixture.store_record(&text(&made.unique_identifier));
    assert_eq!(record.owner, "Wilma@one");
    // Nothing of the credential is told, and only administrators know of it.
    let get = GetRequest {
        unique_identifier: Some(credential.as_str().into()),
        ..GetRequest::default()
    };
    assert_eq!(
        fixture.call::<Get>(&get).err(),
        Some(ResultReason::Sensitive)
    );
    assert_eq!(
        fixture.say::<Get>(wilma.clone(), &get).err(),
        Some(ResultReason::ObjectNotFound)
    );
    let another = CreateUserRequest {
        attributes: named("Betty"),
    };
    let denied = Some(ResultReason::PermissionDenied);
    assert_eq!(
        fixture.say::<CreateUser>(wilma.clone(), &another).err(),
        denied
    );
    // Deactivated, she is refused; destroyed, the name is free.
    let deactivate = DeactivateRequest {
        unique_identifier: user.as_str().into(),
        deactivation_reason: None,
        deactivation_date: None,
    };
    fixture.call::<Deactivate>(&deactivate).unwrap();
    let no = Some(ResultReason::AuthenticationNotSuccessful);
    assert_eq!(fixture.say::<Create>(wilma.clone(), &aes()).err(), no);
    let destroy = DestroyRequest {
        unique_identifier: Some(user.as_str().into()),
    };
    fixture.call::<Destroy>(&destroy).unwrap();
    fixture.user_with("Wilma", &credential);
    assert!(fixture.say::<Create>(wilma, &aes()).is_ok());
}

#[test]
fn every_kind_of_credential_is_made_and_recognises() {
    let mut fixture = draft();
    let device = DeviceCredential {
        device_serial_number: Some("serial".to_owned()),
        ..DeviceCredential::default()
    };
    let device = CreateCredentialRequest {
        device_credential: Some(device),
        ..of_type(CredentialType::Device)
    };
    let id = fixture.credential(&device).unwrap();
    fixture.user_with("device", &id);
    let token = CreateCredentialRequest {
        otp_credential: Some(OTPCredential {
            otp_algorithm: OTPAlgorithm::HOTP,
            otp_digest: None,
            otp_serial: None,
            otp_seed: Some(Secret::from(&b"12345678901234567890"[..])),
            otp_interval: None,
            otp_digits: None,
            otp_counter: None,
        }),
        ..of_type(CredentialType::OneTimePassword)
    };
    let id = fixture.credential(&token).unwrap();
    fixture.user_with("token", &id);
    let told = fixture.attributes(&id, vec![]);
    assert!(told.contains(&Attribute::ObjectType(
        ObjectType::OneTimePasswordCredential
    )));
    assert!(told.contains(&Attribute::CredentialType(CredentialType::OneTimePassword)));
    let serial = Device {
        device_serial_number: Some("serial".to_owned()),
        password: None,
        device_identifier: None,
        network_identifier: None,
        machine_identifier: None,
        media_identifier: None,
    };
    assert!(
        fixture
            .say::<Create>(vec![Credential::Device(serial)], &aes())
            .is_ok()
    );
    fixture.caller = Caller::new(peer(1));
    assert!(
        fixture
            .say::<Create>(vec![one_time("token", None, "755224")], &aes())
            .is_ok()
    );
    fixture.caller = Caller::new(peer(1));
    let told = fixture.attributes(&id, vec![]);
    assert!(told.contains(&Attribute::OTPCounter(1)), "the next one");
}

/// The fifth vector of RFC 6070.
fn salted() -> PasswordCredential {
    PasswordCredential {
        password_salt: Some(Bytes(b"saltSALTsaltSALTsaltSALTsaltSALTsalt".to_vec())),
        password_salt_algorithm: Some(CryptographicAlgorithm::HMACSHA1),
        salted_password: Some(Secret::new(
            hex::decode("3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038").unwrap(),
        )),
        iteration_count: Some(4_096),
        ..PasswordCredential::default()
    }
}

#[test]
fn a_password_may_be_salted_already() {
    let mut fixture = draft();
    let with = |own| CreateCredentialRequest {
        password_credential: Some(own),
        ..of_type(CredentialType::Password)
    };
    let id = fixture.credential(&with(salted())).unwrap();
    fixture.user_with("Pebbles", &id);
    let login = |password| vec![login("Pebbles", password)];
    assert!(
        fixture
            .say::<Create>(login("passwordPASSWORDpassword"), &aes())
            .is_ok()
    );
    let no = Some(ResultReason::AuthenticationNotSuccessful);
    assert_eq!(fixture.say::<Create>(login("password"), &aes()).err(), no);
    for wrong in [
        PasswordCredential {
            iteration_count: Some(1),
            ..salted()
        },
        PasswordCredential {
            iteration_count: None,
            ..salted()
        },
        PasswordCredential {
            password_salt_algorithm: Some(CryptographicAlgorithm::AES),
            ..salted()
        },
        PasswordCredential {
            salted_password: None,
            ..salted()
        },
    ] {
        let refused = fixture.credential(&with(wrong)).err();
        assert_eq!(refused, Some(ResultReason::InvalidField));
    }
}

#[test]
fn accounts_live_as_other_objects_do() {
    let mut fixture = draft();
    let state = |fixture: &mut Fixture, id: &str| {
        let only = AttributeReference::Standard(kmip::attribute::AttributeKind::State);
        fixture.attributes(id, vec![only])
    };
    let credential = fixture.credential(&password_of("hers")).unwrap();
    let mut attributes = named("Wilma");
    let link = link(Link::CREDENTIAL, &credential);
    attributes.items.push((None, link));
    let mut later = attributes.clone();
    later.items.push((
        None,
        Attribute::ActivationDate(Timestamp(crate::fixture::NOON.0 + 60)),
    ));
    // Without a date she may come at once, and need not be activated, though she may be.
    let made = |fixture: &mut Fixture, attributes| {
        let request = CreateUserRequest { attributes };
        text(
            &fixture
                .call::<CreateUser>(&request)
                .unwrap()
                .unique_identifier,
        )
    };
    let user = made(&mut fixture, attributes);
    assert_eq!(
        state(&mut fixture, &user),
        [Attribute::State(State::PreActive)]
    );
    let wilma = vec![login("Wilma", "hers")];
    assert!(fixture.say::<Create>(wilma.clone(), &aes()).is_ok());
    let activate = ActivateRequest {
        unique_identifier: Some(user.as_str().into()),
    };
    fixture.call::<Activate>(&activate).unwrap();
    assert!(fixture.say::<Create>(wilma.clone(), &aes()).is_ok());
    // Active ones are destroyed without being revoked first.
    let destroy = DestroyRequest {
        unique_identifier: Some(user.as_str().into()),
    };
    fixture.call::<Destroy>(&destroy).unwrap();
    let no = Some(ResultReason::AuthenticationNotSuccessful);
    assert_eq!(fixture.say::<Create>(wilma.clone(), &aes()).err(), no);
    // With a date to come, she waits for it.
    let user = made(&mut fixture, later);
    assert_eq!(fixture.say::<Create>(wilma.clone(), &aes()).err(), no);
    fixture.pass(60);
    assert_eq!(
        state(&mut fixture, &user),
        [Attribute::State(State::Active)]
    );
    assert!(fixture.say::<Create>(wilma, &aes()).is_ok());
}

#[test]
fn what_is_no_credential_is_not_made() {
    let mut fixture = draft();
    let hashed = CreateCredentialRequest {
        hashed_password_credential: Some(HashedPasswordCredential {
            hashing_algorithm: Some(HashingAlgorithm::SHA256),
            hashed_username_password: Secret::new(vec![1; 32]),
            hashed_password_username: Secret::new(vec![2; 32]),
        }),
        ..of_type(CredentialType::HashedPassword)
    };
    assert!(fixture.credential(&hashed).is_ok());
    for (wrong, reason) in [
        (
            of_type(CredentialType::Password),
            ResultReason::InvalidField,
        ),
        (of_type(CredentialType::Device), ResultReason::InvalidField),
    ] {
        assert_eq!(fixture.credential(&wrong).err(), Some(reason));
    }
}
