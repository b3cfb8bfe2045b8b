//! Values that are kept as they came: wrapped under keys that are elsewhere, encrypted under passwords that nobody gives.

use kmip::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask as Mask, KeyFormatType,
    KeyWrapType, ObjectType, ResultReason, Secret, SecretDataType, V1_4, V2_1, V3_0,
    WrappingMethod,
    attribute::{Attribute, CryptographicParameters},
    object::{
        EncryptionKeyInformation, KeyBlock, KeyMaterial, KeyObject, KeyValue, KeyWrappingData,
        KeyWrappingSpecification, MACSignatureKeyInformation, ManagedObject, SecretData,
    },
    payload::{
        archive::{Archive, ArchiveRequest, Recover, RecoverRequest},
        destroy::{Destroy, DestroyRequest},
        get::{Get, GetRequest},
        import::{Export, ExportRequest, Import, ImportRequest},
        sign::{Sign, SignRequest},
        split::{CreateSplitKey, CreateSplitKeyRequest},
    },
    ttlv::Bytes,
};

use super::register;
use crate::{
    fixture::{Fixture, NOON, text},
    lifecycle::encrypt,
    objects::get,
    rekey::attributes,
};

fn wrapping(kek: &str) -> KeyWrappingData {
    KeyWrappingData {
        authenticated_encryption_additional_data: None,
        wrapping_method: WrappingMethod::Encrypt,
        encryption_key_information: Some(EncryptionKeyInformation {
            unique_identifier: kek.into(),
            cryptographic_parameters: Some(CryptographicParameters {
                block_cipher_mode: Some(BlockCipherMode::NISTKeyWrap),
                ..CryptographicParameters::default()
            }),
        }),
        mac_signature_key_information: None,
        mac_signature: None,
        iv_counter_nonce: None,
        encoding_option: None,
    }
}

fn block(wrapping: KeyWrappingData) -> KeyBlock {
    KeyBlock {
        key_format_type: KeyFormatType::Raw,
        key_compression_type: None,
        key_value: Some(KeyValue::Wrapped(Bytes(vec![7; 40]))),
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(128),
        key_wrapping_data: Some(wrapping),
    }
}

fn wrapped_key() -> ManagedObject {
    ManagedObject::SymmetricKey(KeyObject {
        key_block: block(wrapping("elsewhere")),
    })
}

fn import(
    fixture: &mut Fixture,
    object: ManagedObject,
    wrap: Option<KeyWrapType>,
    more: &[Attribute],
) -> Result<String, ResultReason> {
    let attributes = [
        Attribute::CryptographicUsageMask(Mask::Encrypt | Mask::WrapKey | Mask::MACGenerate),
        Attribute::ActivationDate(NOON),
    ];
    let request = ImportRequest {
        unique_identifier: uuid::Uuid::new_v4().to_string().as_str().into(),
        object_type: Some(object.object_type()),
        replace_existing: None,
        key_wrap_type: wrap,
        attributes: attributes.into_iter().chain(more.iter().cloned()).collect(),
        object: Some(object),
    };
    let made = fixture.call::<Import>(&request)?;
    Ok(text(&made.unique_identifier))
}

fn got(
    fixture: &mut Fixture,
    id: &str,
    wrap: Option<KeyWrapType>,
) -> Result<ManagedObject, ResultReason> {
    let request = GetRequest {
        unique_identifier: Some(id.into()),
        key_wrap_type: wrap,
        ..GetRequest::default()
    };
    Ok(fixture.call::<Get>(&request)?.object)
}

#[test]
fn a_wrapped_key_is_imported_as_it_was_registered() {
    let kept = Some(KeyWrapType::AsRegistered);
    for version in [V1_4, V2_1, V3_0] {
        let mut fixture = Fixture::new();
        fixture.version = version;
        let secret = ManagedObject::SecretData(SecretData {
            secret_data_type: SecretDataType::Seed,
            key_block: KeyBlock {
                cryptographic_algorithm: None,
                ..block(wrapping("elsewhere"))
            },
        });
        for object in [wrapped_key(), secret] {
            let id = import(&mut fixture, object.clone(), kept, &[]).unwrap();
            for wrap in [kept, None] {
                let back = got(&mut fixture, &id, wrap).unwrap();
                assert!(back == object, "{version}");
            }
            let plain = got(&mut fixture, &id, Some(KeyWrapType::NotWrapped)).err();
            let refused = if version == V1_4 {
                ResultReason::FeatureNotSupported
            } else {
                ResultReason::KeyWrapTypeNotSupported
            };
            assert_eq!(plain, Some(refused));
            assert_eq!(
                get(
                    &mut fixture,
                    &id,
                    Some(KeyFormatType::TransparentSymmetricKey)
                )
                .err(),
                Some(ResultReason::KeyFormatTypeNotSupported)
            );
            let own = attributes(&mut fixture, &id);
            assert!(own.digest.is_empty(), "nobody can compute it");
            assert_eq!(own.cryptographic_length, Some(128));
        }
        // Unwrapped it is only when the wrapping key is here.
        for wrap in [None, Some(KeyWrapType::NotWrapped)] {
            let refused = import(&mut fixture, wrapped_key(), wrap, &[]).err();
            let missing = if version == V1_4 {
                ResultReason::ItemNotFound
            } else {
                ResultReason::WrappingObjectNotFound
            };
            assert_eq!(refused, Some(missing));
        }
    }
}

#[test]
fn what_is_kept_unopened_is_used_for_nothing() {
    let mut fixture = Fixture::new();
    let kept = Some(KeyWrapType::AsRegistered);
    let id = import(&mut fixture, wrapped_key(), kept, &[]).unwrap();
    let unfit = Some(ResultReason::InvalidObjectType);
    assert_eq!(encrypt(&mut fixture, &id).err(), unfit);
    let split = fixture.call::<CreateSplitKey>(&CreateSplitKeyRequest {
        object_type: ObjectType::SplitKey,
        unique_identifier: Some(id.as_str().into()),
        split_key_parts: 2,
        split_key_threshold: 2,
        split_key_method: kmip::SplitKeyMethod::XOR,
        prime_field_size: None,
        attributes: Default::default(),
        protection_storage_masks: None,
    });
    assert_eq!(split.err(), unfit);
    // It neither wraps nor is wrapped anew.
    let by = |kek: &str| KeyWrappingSpecification {
        iv_counter_nonce: None,
        authenticated_encryption_additional_data: None,
        wrapping_method: WrappingMethod::Encrypt,
        encryption_key_information: wrapping(kek).encryption_key_information,
        mac_signature_key_information: None,
        attribute_name: vec![],
        encoding_option: None,
    };
    let other = fixture.aes_key([]);
    let mut wrap = |id: &str, kek: &str| {
        let request = GetRequest {
            unique_identifier: Some(id.into()),
            key_wrapping_specification: Some(by(kek)),
            ..GetRequest::default()
        };
        fixture.call::<Get>(&request).err()
    };
    assert!(wrap(&other, &id).is_some());
    assert_eq!(
        wrap(&id, &other),
        Some(ResultReason::KeyWrapTypeNotSupported)
    );
}

/// What is wrapped by a MAC alone is in the clear, whoever calls it wrapped.
#[test]
fn what_is_sensitive_leaves_as_it_came_only_if_that_was_encrypted() {
    let mut fixture = Fixture::new();
    let kept = Some(KeyWrapType::AsRegistered);
    let sensitive = [Attribute::Sensitive(true)];
    let id = import(&mut fixture, wrapped_key(), kept, &sensitive).unwrap();
    assert!(got(&mut fixture, &id, kept).unwrap() == wrapped_key());
    let with_mac = KeyWrappingData {
        wrapping_method: WrappingMethod::MACSign,
        encryption_key_information: None,
        mac_signature_key_information: Some(MACSignatureKeyInformation {
            unique_identifier: Some("elsewhere".into()),
            cryptographic_parameters: None,
        }),
        mac_signature: Some(Bytes(vec![1; 16])),
        ..wrapping("elsewhere")
    };
    let clear = ManagedObject::SymmetricKey(KeyObject {
        key_block: KeyBlock {
            key_value: Some(KeyValue::plain(KeyMaterial::Bytes([7; 16][..].into()))),
            ..block(with_mac)
        },
    });
    let id = import(&mut fixture, clear, kept, &sensitive).unwrap();
    for wrap in [kept, None] {
        let refused = got(&mut fixture, &id, wrap).err();
        assert_eq!(refused, Some(ResultReason::Sensitive));
    }
    let locked = [Attribute::Sensitive(true), Attribute::Extractable(false)];
    let id = import(&mut fixture, wrapped_key(), kept, &locked).unwrap();
    let refused = got(&mut fixture, &id, kept).err();
    assert_eq!(refused, Some(ResultReason::NotExtractable));
}

#[test]
fn it_travels_is_put_away_and_destroyed_like_any_other() {
    let mut from = Fixture::new();
    let kept = Some(KeyWrapType::AsRegistered);
    let id = import(&mut from, wrapped_key(), kept, &[]).unwrap();
    let named = Some(id.as_str().into());
    let exported = from
        .call::<Export>(&ExportRequest {
            unique_identifier: named.clone(),
            key_wrap_type: kept,
            ..ExportRequest::default()
        })
        .unwrap();
    assert!(exported.object == Some(wrapped_key()));
    let mut to = Fixture::new();
    let request = ImportRequest {
        unique_identifier: id.as_str().into(),
        object_type: Some(ObjectType::SymmetricKey),
        replace_existing: None,
        key_wrap_type: kept,
        attributes: exported.attributes,
        object: exported.object,
    };
    to.call::<Import>(&request).unwrap();
    to.call::<Archive>(&ArchiveRequest {
        unique_identifier: named.clone(),
    })
    .unwrap();
    assert_eq!(
        got(&mut to, &id, kept).err(),
        Some(ResultReason::ObjectArchived)
    );
    to.call::<Recover>(&RecoverRequest {
        unique_identifier: named.clone(),
    })
    .unwrap();
    assert!(got(&mut to, &id, kept).unwrap() == wrapped_key());
    let active = to.call::<Destroy>(&DestroyRequest {
        unique_identifier: named,
    });
    assert_eq!(active.err(), Some(ResultReason::WrongKeyLifecycleState));
}

/// An EncryptedPrivateKeyInfo with an algorithm and bytes that mean nothing here.
const ENCRYPTED: &[u8] = &[
    0x30, 0x0E, 0x30, 0x08, 0x06, 0x06, 0x2A, 0x03, 0x04, 0x05, 0x06, 0x07, 0x04, 0x02, 0xAB, 0xCD,
];

fn encrypted(algorithm: Option<CryptographicAlgorithm>, bytes: &[u8]) -> ManagedObject {
    ManagedObject::PrivateKey(KeyObject {
        key_block: KeyBlock {
            key_format_type: KeyFormatType::PKCS8,
            key_compression_type: None,
            key_value: Some(KeyValue::plain(KeyMaterial::Bytes(Secret::from(bytes)))),
            cryptographic_algorithm: algorithm,
            cryptographic_length: Some(256),
            key_wrapping_data: None,
        },
    })
}

#[test]
fn an_encrypted_private_key_is_kept_and_given_back() {
    let mut fixture = Fixture::new();
    let ec = Some(CryptographicAlgorithm::EC);
    let object = encrypted(ec, ENCRYPTED);
    let id = register(&mut fixture, Some(Mask::Sign), object.clone()).unwrap();
    for format in [None, Some(KeyFormatType::PKCS8)] {
        assert!(get(&mut fixture, &id, format).unwrap() == object);
    }
    let other = get(&mut fixture, &id, Some(KeyFormatType::ECPrivateKey)).err();
    assert_eq!(other, Some(ResultReason::KeyFormatTypeNotSupported));
    let own = attributes(&mut fixture, &id);
    let digest = own.digest.iter().next().unwrap();
    let hash = hsm::public::hash(kmip::mechanism::Hash::Sha256, ENCRYPTED).unwrap();
    assert_eq!(digest.digest_value.as_ref().unwrap().0, hash);
    assert_eq!(own.cryptographic_algorithm, ec);
    let signed = fixture.call::<Sign>(&SignRequest {
        unique_identifier: Some(id.as_str().into()),
        data: Some(b"data"[..].into()),
        ..SignRequest::default()
    });
    assert!(signed.is_err());
    // Whatever else is no key is refused as before.
    for bytes in [&ENCRYPTED[..15], &[0x30, 0x00], b"nothing"] {
        let refused = register(&mut fixture, Some(Mask::Sign), encrypted(ec, bytes));
        assert!(refused.is_err());
    }
}
