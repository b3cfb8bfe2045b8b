//! Life cycle: states, dates that act by themselves, tombstones, usage limits.

use kmip::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, PaddingMethod, ResultReason,
    RevocationReasonCode, Secret, State, UsageLimitsUnit, V1_4, V2_1,
    attribute::{
        Attribute, AttributeKind, AttributeReference, CryptographicParameters, Name,
        RevocationReason, UsageLimits,
    },
    payload::{
        activate::{Activate, ActivateRequest},
        destroy::{Destroy, DestroyRequest},
        encrypt::{Decrypt, DecryptRequest, Encrypt, EncryptRequest, EncryptResponse},
        get::{Get, GetRequest},
        get_attributes::{GetAttributes, GetAttributesRequest},
        locate::{Locate, LocateRequest},
        revoke::{Revoke, RevokeRequest},
    },
    ttlv::Timestamp,
};

use crate::fixture::{Fixture, NOON};

pub(crate) fn encrypt(fixture: &mut Fixture, id: &str) -> Result<EncryptResponse, ResultReason> {
    fixture.call::<Encrypt>(&EncryptRequest {
        unique_identifier: Some(id.into()),
        cryptographic_parameters: Some(cbc()),
        data: Some(Secret::from(&b"attack at dawn"[..])),
        ..EncryptRequest::default()
    })
}

fn decrypt(fixture: &mut Fixture, id: &str, of: &EncryptResponse) -> Result<Secret, ResultReason> {
    let response = fixture.call::<Decrypt>(&DecryptRequest {
        unique_identifier: Some(id.into()),
        cryptographic_parameters: Some(cbc()),
        data: of.data.clone(),
        iv_counter_nonce: of.iv_counter_nonce.clone(),
        ..DecryptRequest::default()
    })?;
    Ok(response.data.unwrap())
}

fn cbc() -> CryptographicParameters {
    CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::CBC),
        padding_method: Some(PaddingMethod::PKCS5),
        ..CryptographicParameters::default()
    }
}

fn revoke(fixture: &mut Fixture, id: &str, code: RevocationReasonCode) -> Result<(), ResultReason> {
    let reason = RevocationReason {
        revocation_reason_code: code,
        revocation_message: None,
    };
    fixture
        .call::<Revoke>(&RevokeRequest {
            unique_identifier: Some(id.into()),
            revocation_reason: Some(reason),
            compromise_occurrence_date: None,
        })
        .map(drop)
}

fn destroy(fixture: &mut Fixture, id: &str) -> Result<(), ResultReason> {
    fixture
        .call::<Destroy>(&DestroyRequest {
            unique_identifier: Some(id.into()),
        })
        .map(drop)
}

fn activate(fixture: &mut Fixture, id: &str) -> Result<(), ResultReason> {
    fixture
        .call::<Activate>(&ActivateRequest {
            unique_identifier: Some(id.into()),
        })
        .map(drop)
}

fn state(fixture: &mut Fixture, id: &str) -> State {
    let attributes = fixture
        .call::<GetAttributes>(&GetAttributesRequest {
            unique_identifier: Some(id.into()),
            attribute_reference: vec![AttributeReference::Standard(AttributeKind::State)],
        })
        .unwrap()
        .attributes;
    match attributes.iter().next() {
        Some(Attribute::State(state)) => *state,
        other => panic!("no state: {other:?}"),
    }
}

fn aes(more: Vec<Attribute>) -> Vec<Attribute> {
    let mask = CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt;
    let mut attributes = vec![
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(mask),
    ];
    attributes.extend(more);
    attributes
}

#[test]
fn a_key_lives_and_dies() {
    let mut fixture = Fixture::new();
    let id = fixture.create(aes(vec![])).unwrap();
    assert_eq!(state(&mut fixture, &id), State::PreActive);
    assert_eq!(
        encrypt(&mut fixture, &id).err(),
        Some(ResultReason::WrongKeyLifecycleState)
    );
    activate(&mut fixture, &id).unwrap();
    assert_eq!(
        activate(&mut fixture, &id).err(),
        Some(ResultReason::WrongKeyLifecycleState)
    );
    let encrypted = encrypt(&mut fixture, &id).unwrap();
    assert_eq!(
        destroy(&mut fixture, &id).err(),
        Some(ResultReason::WrongKeyLifecycleState)
    );
    fixture.version = V1_4;
    assert_eq!(
        destroy(&mut fixture, &id).err(),
        Some(ResultReason::PermissionDenied),
        "what 1.x calls it"
    );
    fixture.version = V2_1;
    revoke(
        &mut fixture,
        &id,
        RevocationReasonCode::CessationOfOperation,
    )
    .unwrap();
    assert_eq!(
        encrypt(&mut fixture, &id).err(),
        Some(ResultReason::WrongKeyLifecycleState)
    );
    assert_eq!(
        decrypt(&mut fixture, &id, &encrypted).unwrap().expose(),
        b"attack at dawn",
        "what it protected"
    );
    destroy(&mut fixture, &id).unwrap();
    assert_eq!(
        state(&mut fixture, &id),
        State::Destroyed,
        "the tombstone stays"
    );
    assert_eq!(
        decrypt(&mut fixture, &id, &encrypted).err(),
        Some(ResultReason::ObjectDestroyed)
    );
    let get = GetRequest {
        unique_identifier: Some(id.as_str().into()),
        ..GetRequest::default()
    };
    assert_eq!(
        fixture.call::<Get>(&get).err(),
        Some(ResultReason::ObjectDestroyed)
    );
    revoke(&mut fixture, &id, RevocationReasonCode::KeyCompromise).unwrap();
    assert_eq!(state(&mut fixture, &id), State::DestroyedCompromised);
}

#[test]
fn a_compromised_key_is_not_used() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    let encrypted = encrypt(&mut fixture, &id).unwrap();
    revoke(&mut fixture, &id, RevocationReasonCode::KeyCompromise).unwrap();
    assert_eq!(
        decrypt(&mut fixture, &id, &encrypted).err(),
        Some(ResultReason::WrongKeyLifecycleState)
    );
    destroy(&mut fixture, &id).unwrap();
    assert_eq!(state(&mut fixture, &id), State::DestroyedCompromised);
}

#[test]
fn dates_act_by_themselves() {
    let mut fixture = Fixture::new();
    let later = |seconds| Timestamp(NOON.0 + seconds);
    let id = fixture
        .create(aes(vec![
            Attribute::ActivationDate(later(100)),
            Attribute::ProcessStartDate(later(150)),
            Attribute::ProtectStopDate(later(200)),
            Attribute::DeactivationDate(later(300)),
        ]))
        .unwrap();
    assert!(encrypt(&mut fixture, &id).is_err());
    fixture.clock.advance_to(later(100));
    assert_eq!(state(&mut fixture, &id), State::Active);
    let encrypted = encrypt(&mut fixture, &id).unwrap();
    assert!(
        decrypt(&mut fixture, &id, &encrypted).is_err(),
        "before the process start date"
    );
    fixture.clock.advance_to(later(200));
    assert!(
        encrypt(&mut fixture, &id).is_err(),
        "after the protect stop date"
    );
    assert!(decrypt(&mut fixture, &id, &encrypted).is_ok());
    fixture.clock.advance_to(later(300));
    assert_eq!(state(&mut fixture, &id), State::Deactivated);
    let active = LocateRequest {
        attributes: [Attribute::State(State::Active)].into_iter().collect(),
        ..LocateRequest::default()
    };
    assert!(
        fixture
            .call::<Locate>(&active)
            .unwrap()
            .unique_identifier
            .is_empty()
    );
    destroy(&mut fixture, &id).unwrap();
}

#[test]
fn a_name_is_free_again_once_its_object_is_destroyed() {
    let mut fixture = Fixture::new();
    let name = || Attribute::Name(Name::text("the name"));
    let id = fixture.create(aes(vec![name()])).unwrap();
    assert_eq!(
        fixture.create(aes(vec![name()])).err(),
        Some(ResultReason::NonUniqueNameAttribute)
    );
    fixture.version = V1_4;
    assert_eq!(
        fixture.create(aes(vec![name()])).err(),
        Some(ResultReason::InvalidField)
    );
    fixture.version = V2_1;
    fixture.as_client(9);
    fixture
        .create(aes(vec![name()]))
        .expect("another vault has its own names");
    fixture.as_client(1);
    destroy(&mut fixture, &id).unwrap();
    fixture.create(aes(vec![name()])).unwrap();
}

#[test]
fn usage_limits_count_what_protects() {
    let mut fixture = Fixture::new();
    let limits = |total, unit| {
        Attribute::UsageLimits(UsageLimits {
            usage_limits_total: total,
            usage_limits_count: Some(7),
            usage_limits_unit: unit,
        })
    };
    let id = fixture.aes_key([limits(2, UsageLimitsUnit::Object)]);
    let encrypted = encrypt(&mut fixture, &id).unwrap();
    decrypt(&mut fixture, &id, &encrypted).unwrap();
    encrypt(&mut fixture, &id).unwrap();
    assert_eq!(
        encrypt(&mut fixture, &id).err(),
        Some(ResultReason::PermissionDenied)
    );
    decrypt(&mut fixture, &id, &encrypted).expect("decrypting is not counted");
    let id = fixture.aes_key([limits(20, UsageLimitsUnit::Byte)]);
    encrypt(&mut fixture, &id).unwrap();
    assert_eq!(
        encrypt(&mut fixture, &id).err(),
        Some(ResultReason::PermissionDenied),
        "14 of 20 bytes are spent"
    );
    fixture.version = V1_4;
    assert_eq!(
        encrypt(&mut fixture, &id).err(),
        Some(ResultReason::PermissionDenied)
    );
}
