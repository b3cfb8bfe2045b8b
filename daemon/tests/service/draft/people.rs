//! Users and credentials that clients make in 3.0.

use keyhold::identity::Caller;
use kmip::{
    CredentialType, HashingAlgorithm, OTPAlgorithm, ObjectType, ResultReason, Secret,
    attribute::Attribute,
    message::{Credential, Device},
    object::{DeviceCredential, HashedPasswordCredential, OTPCredential},
    payload::{
        account::{CreateCredentialRequest, CreateUser, CreateUserRequest},
        create::Create,
        deactivate::{Deactivate, DeactivateRequest},
        destroy::{Destroy, DestroyRequest},
        get::{Get, GetRequest},
    },
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
        (
            of_type(CredentialType::Certificate),
            ResultReason::FeatureNotSupported,
        ),
        (
            of_type(CredentialType::Ticket),
            ResultReason::FeatureNotSupported,
        ),
    ] {
        assert_eq!(fixture.credential(&wrong).err(), Some(reason));
    }
}
