//! Objects that are registered without their values, which are kept elsewhere (KMIP 1.2 §3.38).

use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask as Mask, DerivationMethod, KeyFormatType,
    KeyValueLocationType, ObjectType, ResultReason, SecretDataType, SplitKeyMethod, V1_1, V1_2,
    V1_4, V2_1, V3_0,
    attribute::{Attribute, AttributeList, KeyValueLocation},
    object::{KeyBlock, KeyObject, ManagedObject, PGPKey, SecretData, SplitKey},
    payload::{
        archive::{Archive, ArchiveRequest, Recover, RecoverRequest},
        derive::{DerivationParameters, DeriveKey, DeriveKeyRequest},
        locate::{Locate, LocateRequest},
        register::{Register, RegisterRequest},
        split::{JoinSplitKey, JoinSplitKeyRequest},
    },
};

use crate::{
    fixture::{Fixture, NOON, text},
    objects::get,
    rekey::attributes,
};

fn block() -> KeyBlock {
    KeyBlock {
        key_format_type: KeyFormatType::Raw,
        key_compression_type: None,
        key_value: None,
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(128),
        key_wrapping_data: None,
    }
}

fn secret() -> ManagedObject {
    ManagedObject::SecretData(SecretData {
        secret_data_type: SecretDataType::Seed,
        key_block: KeyBlock {
            cryptographic_algorithm: None,
            ..block()
        },
    })
}

fn part(threshold: i32) -> ManagedObject {
    ManagedObject::SplitKey(SplitKey {
        split_key_parts: 2,
        key_part_identifier: 1,
        split_key_threshold: threshold,
        split_key_method: SplitKeyMethod::XOR,
        prime_field_size: None,
        key_block: block(),
    })
}

fn registered(fixture: &mut Fixture, object: ManagedObject) -> Result<String, ResultReason> {
    let location = KeyValueLocation {
        key_value_location_value: "the safe".into(),
        key_value_location_type: KeyValueLocationType::UninterpretedTextString,
    };
    let attributes = [
        Attribute::CryptographicUsageMask(Mask::DeriveKey),
        Attribute::ActivationDate(NOON),
        Attribute::KeyValueLocation(location),
    ];
    let request = RegisterRequest {
        object_type: object.object_type(),
        // Before 1.2 there is no such attribute.
        attributes: attributes
            .into_iter()
            .filter(|own| fixture.version >= V1_2 || !matches!(own, Attribute::KeyValueLocation(_)))
            .collect(),
        object: Some(object),
        protection_storage_masks: None,
    };
    let made = fixture.call::<Register>(&request)?;
    Ok(text(&made.unique_identifier))
}

fn located(fixture: &mut Fixture, asked: &[Attribute]) -> usize {
    let request = LocateRequest {
        attributes: asked.iter().cloned().collect(),
        ..LocateRequest::default()
    };
    let found = fixture.call::<Locate>(&request).unwrap();
    found.unique_identifier.len()
}

#[test]
fn every_object_with_a_key_block_may_be_kept_elsewhere() {
    for version in [V1_2, V1_4, V2_1, V3_0] {
        let mut fixture = Fixture::new();
        fixture.version = version;
        let key = || KeyObject { key_block: block() };
        let objects = [
            ManagedObject::SymmetricKey(key()),
            ManagedObject::PrivateKey(key()),
            secret(),
            part(2),
            ManagedObject::PGPKey(PGPKey {
                pgp_key_version: 4,
                key_block: block(),
            }),
        ];
        for object in objects {
            let id = registered(&mut fixture, object.clone()).unwrap();
            assert!(get(&mut fixture, &id, None).unwrap() == object, "{version}");
            let own = attributes(&mut fixture, &id);
            assert_eq!(own.key_value_present, Some(false));
            assert_eq!(own.key_value_location.iter().count(), 1);
            let away = ArchiveRequest {
                unique_identifier: Some(id.as_str().into()),
            };
            fixture.call::<Archive>(&away).unwrap();
            let back = RecoverRequest {
                unique_identifier: Some(id.as_str().into()),
            };
            fixture.call::<Recover>(&back).unwrap();
            assert!(get(&mut fixture, &id, None).unwrap() == object, "{version}");
        }
    }
}

#[test]
fn old_versions_and_senseless_descriptions_are_refused() {
    let mut fixture = Fixture::new();
    fixture.version = V1_1;
    let missing = Some(ResultReason::MissingData);
    assert_eq!(registered(&mut fixture, secret()).err(), missing);
    fixture.version = V1_4;
    let nameless = ManagedObject::SymmetricKey(KeyObject {
        key_block: KeyBlock {
            cryptographic_algorithm: None,
            ..block()
        },
    });
    assert_eq!(registered(&mut fixture, nameless).err(), missing);
    let refused = registered(&mut fixture, part(3)).err();
    assert_eq!(refused, Some(ResultReason::InvalidField));
}

#[test]
fn what_is_elsewhere_is_neither_derived_from_nor_joined() {
    let mut fixture = Fixture::new();
    let base = registered(&mut fixture, secret()).unwrap();
    let derived = fixture.call::<DeriveKey>(&DeriveKeyRequest {
        object_type: ObjectType::SecretData,
        unique_identifier: vec![base.as_str().into()],
        derivation_method: DerivationMethod::HMAC,
        derivation_parameters: DerivationParameters {
            cryptographic_parameters: Some(kmip::attribute::CryptographicParameters {
                hashing_algorithm: Some(kmip::HashingAlgorithm::SHA256),
                ..Default::default()
            }),
            derivation_data: vec![b"data"[..].into()],
            ..DerivationParameters::default()
        },
        attributes: [Attribute::CryptographicLength(256)].into_iter().collect(),
    });
    assert_eq!(derived.err(), Some(ResultReason::KeyValueNotPresent));
    let parts = [(); 2].map(|()| registered(&mut fixture, part(2)).unwrap());
    let joined = fixture.call::<JoinSplitKey>(&JoinSplitKeyRequest {
        object_type: ObjectType::SymmetricKey,
        unique_identifier: parts.iter().map(|id| id.as_str().into()).collect(),
        secret_data_type: None,
        attributes: AttributeList::default(),
        protection_storage_masks: None,
    });
    assert_eq!(joined.err(), Some(ResultReason::KeyValueNotPresent));
}

#[test]
fn locate_tells_what_is_here_from_what_is_elsewhere() {
    let mut fixture = Fixture::new();
    for _ in 0..3 {
        fixture.aes_key([]);
    }
    registered(&mut fixture, secret()).unwrap();
    registered(&mut fixture, part(2)).unwrap();
    for version in [V1_2, V1_4, V2_1, V3_0] {
        fixture.version = version;
        assert_eq!(
            located(&mut fixture, &[Attribute::KeyValuePresent(true)]),
            3
        );
        assert_eq!(
            located(&mut fixture, &[Attribute::KeyValuePresent(false)]),
            2
        );
        let parts = [
            Attribute::KeyValuePresent(true),
            Attribute::ObjectType(ObjectType::SplitKey),
        ];
        assert_eq!(located(&mut fixture, &parts), 0);
    }
}
