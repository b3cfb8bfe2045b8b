//! Archive and Recover, and keys that are registered without their value.

use keyhold::ops::ROUTES;
use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask as Mask, KeyFormatType, KeyValueLocationType,
    ObjectType, OperationCode, ResultReason, StorageStatusMask, V1_0, V1_2, V1_4, V2_0, V2_1,
    attribute::{Attribute, AttributeKind, AttributeReference, KeyValueLocation},
    client::outgoing,
    object::{KeyBlock, KeyObject, ManagedObject},
    payload::{
        archive::{Archive, ArchiveRequest, Recover, RecoverRequest},
        destroy::{Destroy, DestroyRequest},
        get::{Get, GetRequest},
        get_attributes::{GetAttributes, GetAttributesRequest},
        locate::{Locate, LocateRequest},
        register::{Register, RegisterRequest},
    },
    ttlv::Writer,
};
use store::{Custody, ObjectId, Store};

use crate::{
    fixture::{Fixture, NOON, text},
    lifecycle::encrypt,
};

fn archive(fixture: &mut Fixture, id: &str) -> Result<(), ResultReason> {
    fixture
        .call::<Archive>(&ArchiveRequest {
            unique_identifier: Some(id.into()),
        })
        .map(drop)
}

fn recover(fixture: &mut Fixture, id: &str) -> Result<(), ResultReason> {
    fixture
        .call::<Recover>(&RecoverRequest {
            unique_identifier: Some(id.into()),
        })
        .map(drop)
}

fn get(fixture: &mut Fixture, id: &str) -> Result<ManagedObject, ResultReason> {
    fixture
        .call::<Get>(&GetRequest {
            unique_identifier: Some(id.into()),
            ..GetRequest::default()
        })
        .map(|answer| answer.object)
}

fn archive_date(fixture: &mut Fixture, id: &str) -> Vec<Attribute> {
    let answer = fixture.call::<GetAttributes>(&GetAttributesRequest {
        unique_identifier: Some(id.into()),
        attribute_reference: vec![AttributeReference::Standard(AttributeKind::ArchiveDate)],
    });
    answer.unwrap().attributes.iter().cloned().collect()
}

fn located(fixture: &mut Fixture, mask: Option<StorageStatusMask>) -> Vec<String> {
    let found = fixture.call::<Locate>(&LocateRequest {
        storage_status_mask: mask,
        ..LocateRequest::default()
    });
    found.unwrap().unique_identifier.iter().map(text).collect()
}

#[test]
fn what_is_archived_comes_back_as_it_was() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    let before = get(&mut fixture, &id).unwrap();
    for version in [V1_0, V1_4, V2_0, V2_1] {
        fixture.version = version;
        archive(&mut fixture, &id).unwrap();
        assert_eq!(
            archive_date(&mut fixture, &id),
            [Attribute::ArchiveDate(NOON)]
        );
        assert_eq!(
            get(&mut fixture, &id).err(),
            Some(ResultReason::ObjectArchived)
        );
        assert_eq!(
            archive(&mut fixture, &id),
            Err(ResultReason::ObjectArchived)
        );
        assert!(located(&mut fixture, None).is_empty());
        let archived = Some(StorageStatusMask::ArchivalStorage);
        assert_eq!(located(&mut fixture, archived), std::slice::from_ref(&id));
        let record = fixture
            .store
            .record(&ObjectId(id.clone()))
            .unwrap()
            .unwrap();
        assert_eq!(record.custody, Custody::Archived, "the record has no value");
        recover(&mut fixture, &id).unwrap();
        assert_eq!(archive_date(&mut fixture, &id), []);
        assert!(located(&mut fixture, archived).is_empty());
        fixture.version = V2_1;
        assert!(get(&mut fixture, &id).unwrap() == before);
    }
    recover(&mut fixture, &id).expect("what is on-line is recovered already");
}

/// Every operation but those that read attributes, against an archived object.
#[test]
fn an_archived_object_is_read_and_recovered_only() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    archive(&mut fixture, &id).unwrap();
    let mut refused = Vec::new();
    for route in ROUTES {
        let mut writer = Writer::new(V2_1);
        writer.text(kmip::Tag::UniqueIdentifier, &id);
        let item = kmip::message::OutgoingItem {
            operation: route.code,
            payload: writer.into_bytes(),
        };
        let items = fixture.batch(None, &[item]);
        if items[0].result_reason == Some(ResultReason::ObjectArchived) {
            refused.push(route.code);
        }
    }
    // Those whose payload is whole with an identifier alone, and so reach the object.
    for code in [
        OperationCode::Archive,
        OperationCode::Activate,
        OperationCode::Check,
        OperationCode::Destroy,
        OperationCode::Get,
        OperationCode::ObtainLease,
    ] {
        assert!(refused.contains(&code), "{code:?}");
    }
    recover(&mut fixture, &id).unwrap();
    get(&mut fixture, &id).unwrap();
}

#[test]
fn an_archive_that_is_undone_leaves_the_object_on_line() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    let one = ArchiveRequest {
        unique_identifier: Some(id.as_str().into()),
    };
    let items = fixture.batch(
        Some(kmip::BatchErrorContinuationOption::Undo),
        &[
            outgoing::<Archive>(&one, V2_1),
            outgoing::<Archive>(&one, V2_1),
        ],
    );
    assert_eq!(items[1].result_reason, Some(ResultReason::ObjectArchived));
    get(&mut fixture, &id).unwrap();
    let there_and_back = fixture.batch(
        Some(kmip::BatchErrorContinuationOption::Undo),
        &[
            outgoing::<Archive>(&one, V2_1),
            outgoing::<Recover>(
                &RecoverRequest {
                    unique_identifier: None,
                },
                V2_1,
            ),
        ],
    );
    assert!(
        there_and_back[1].result_reason.is_some(),
        "no placeholder was set"
    );
    let both = fixture.batch(
        Some(kmip::BatchErrorContinuationOption::Undo),
        &[
            outgoing::<Archive>(&one, V2_1),
            outgoing::<Recover>(
                &RecoverRequest {
                    unique_identifier: one.unique_identifier.clone(),
                },
                V2_1,
            ),
            outgoing::<Get>(&GetRequest::default(), V2_1),
        ],
    );
    assert!(both.iter().all(|item| item.result_reason.is_none()));
}

/// TC-MDO: a description of a key that is elsewhere.
fn described(fixture: &mut Fixture) -> String {
    let key_block = KeyBlock {
        key_format_type: KeyFormatType::Raw,
        key_compression_type: None,
        key_value: None,
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(128),
        key_wrapping_data: None,
    };
    let attributes = [
        Attribute::CryptographicUsageMask(Mask::Encrypt),
        Attribute::ActivationDate(NOON),
        Attribute::KeyValueLocation(KeyValueLocation {
            key_value_location_value: "HSM-13345".into(),
            key_value_location_type: KeyValueLocationType::UninterpretedTextString,
        }),
    ];
    let answer = fixture.call::<Register>(&RegisterRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes.into_iter().collect(),
        object: Some(ManagedObject::SymmetricKey(KeyObject { key_block })),
        protection_storage_masks: None,
    });
    text(&answer.unwrap().unique_identifier)
}

#[test]
fn a_key_without_its_value_is_described_and_not_used() {
    let mut fixture = Fixture::new();
    let id = described(&mut fixture);
    for version in [V1_2, V1_4, V2_1] {
        fixture.version = version;
        let object = get(&mut fixture, &id).unwrap();
        let block = object.key_block().unwrap();
        assert!(block.key_value.is_none());
        assert_eq!(block.cryptographic_length, Some(128));
        assert_eq!(
            encrypt(&mut fixture, &id).err(),
            Some(ResultReason::KeyValueNotPresent)
        );
        let absent = LocateRequest {
            attributes: [Attribute::KeyValuePresent(false)].into_iter().collect(),
            ..LocateRequest::default()
        };
        let found = fixture.call::<Locate>(&absent).unwrap();
        assert_eq!(found.unique_identifier.len(), 1);
    }
    archive(&mut fixture, &id).unwrap();
    recover(&mut fixture, &id).unwrap();
    assert!(
        get(&mut fixture, &id)
            .unwrap()
            .key_block()
            .unwrap()
            .key_value
            .is_none()
    );
}

#[test]
fn a_described_key_is_destroyed_like_any_other() {
    let mut fixture = Fixture::new();
    let id = described(&mut fixture);
    let destroy = DestroyRequest {
        unique_identifier: Some(id.as_str().into()),
    };
    // It is active by its date.
    assert_eq!(
        fixture.call::<Destroy>(&destroy).err(),
        Some(ResultReason::WrongKeyLifecycleState)
    );
    fixture
        .call::<kmip::payload::revoke::Revoke>(&kmip::payload::revoke::RevokeRequest {
            unique_identifier: Some(id.as_str().into()),
            revocation_reason: Some(kmip::attribute::RevocationReason {
                revocation_reason_code: kmip::RevocationReasonCode::CessationOfOperation,
                revocation_message: None,
            }),
            compromise_occurrence_date: None,
        })
        .unwrap();
    fixture.call::<Destroy>(&destroy).unwrap();
    assert_eq!(
        get(&mut fixture, &id).err(),
        Some(ResultReason::ObjectDestroyed)
    );
}
