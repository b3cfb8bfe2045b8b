//! The vault's defaults: told by Query, and had by whatever is made without the client saying otherwise.

use keyhold::authority::Options;
use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask as Mask, DerivationMethod, ObjectType,
    QueryFunction, RecommendedCurve, ResultReason, SplitKeyMethod, V2_0, V2_1,
    attribute::{Attribute, AttributeList, CryptographicDomainParameters, CryptographicParameters},
    object::{KeyBlock, KeyMaterial, KeyObject, KeyValue, ManagedObject},
    payload::{
        certify::{Certify, CertifyRequest, ReCertify, ReCertifyRequest},
        constraint::{
            DefaultsInformation, ObjectDefaults, ObjectGroups, ObjectTypes, SetDefaults,
            SetDefaultsRequest,
        },
        create::{CreateKeyPair, CreateKeyPairRequest},
        derive::{DerivationParameters, DeriveKey, DeriveKeyRequest},
        import::{Import, ImportRequest},
        query::{Query, QueryRequest},
        split::{CreateSplitKey, CreateSplitKeyRequest},
    },
    ttlv::Timestamp,
};

use crate::{
    fixture::{Fixture, NOON, text},
    objects::list,
    rekey::attributes,
};

fn of(types: &[ObjectType], more: impl IntoIterator<Item = Attribute>) -> ObjectDefaults {
    ObjectDefaults {
        object_type: None,
        object_types: Some(ObjectTypes {
            object_type: types.to_vec(),
        }),
        attributes: list(more),
        object_groups: None,
    }
}

fn set(fixture: &mut Fixture, object_defaults: Vec<ObjectDefaults>) {
    let request = SetDefaultsRequest {
        defaults_information: Some(DefaultsInformation { object_defaults }),
    };
    fixture.call::<SetDefaults>(&request).unwrap();
}

fn comment(text: &str) -> Attribute {
    Attribute::Comment(text.into())
}

fn told(fixture: &mut Fixture) -> Option<Vec<ObjectDefaults>> {
    let request = QueryRequest {
        query_function: vec![QueryFunction::QueryDefaultsInformation],
    };
    let told = fixture.call::<Query>(&request).unwrap();
    told.defaults_information.map(|own| own.object_defaults)
}

#[test]
fn query_tells_them() {
    let mut fixture = Fixture::new();
    assert!(told(&mut fixture).is_none());
    let types = [ObjectType::SymmetricKey, ObjectType::SecretData];
    let general = of(&types, [comment("general")]);
    let grouped = ObjectDefaults {
        object_groups: Some(ObjectGroups {
            object_group: vec!["g".into()],
            group_link: vec![],
        }),
        ..general.clone()
    };
    set(&mut fixture, vec![general.clone(), grouped.clone()]);
    // Whoever makes objects may know how they begin.
    fixture.as_client(2);
    assert!(told(&mut fixture) == Some(vec![general.clone(), grouped]));
    fixture.version = V2_0;
    let each = types.map(|object_type| ObjectDefaults {
        object_type: Some(object_type),
        object_types: None,
        ..general.clone()
    });
    assert!(told(&mut fixture) == Some(each.to_vec()));
    fixture.version = V2_1;
    fixture.as_client(9);
    assert!(told(&mut fixture).is_none(), "another vault has none");
}

fn derive(fixture: &mut Fixture, base: &str, more: &[Attribute]) -> Result<String, ResultReason> {
    let request = DeriveKeyRequest {
        object_type: ObjectType::SymmetricKey,
        unique_identifier: vec![base.into()],
        derivation_method: DerivationMethod::HMAC,
        derivation_parameters: DerivationParameters {
            cryptographic_parameters: Some(CryptographicParameters {
                hashing_algorithm: Some(kmip::HashingAlgorithm::SHA256),
                ..CryptographicParameters::default()
            }),
            derivation_data: vec![b"data"[..].into()],
            ..DerivationParameters::default()
        },
        attributes: more.iter().cloned().collect(),
    };
    let made = fixture.call::<DeriveKey>(&request)?;
    Ok(text(&made.unique_identifier))
}

#[test]
fn what_is_derived_has_them_but_no_more_freedom_than_its_base() {
    let mut fixture = Fixture::new();
    let base = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(Mask::DeriveKey),
        Attribute::ActivationDate(Timestamp(0)),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
    ];
    let base = fixture.create(base.to_vec()).unwrap();
    let defaults = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(192),
        Attribute::CryptographicUsageMask(Mask::Encrypt),
        Attribute::Sensitive(false),
        comment("derived"),
    ];
    set(
        &mut fixture,
        vec![of(&[ObjectType::SymmetricKey], defaults)],
    );
    let id = derive(&mut fixture, &base, &[]).unwrap();
    let made = attributes(&mut fixture, &id);
    assert_eq!(made.cryptographic_length, Some(192));
    assert_eq!(made.comment.as_deref(), Some("derived"));
    assert_eq!(
        made.sensitive,
        Some(true),
        "a default gives way to the base"
    );
    let id = derive(&mut fixture, &base, &[comment("said")]).unwrap();
    assert_eq!(
        attributes(&mut fixture, &id).comment.as_deref(),
        Some("said")
    );
    let loose = derive(&mut fixture, &base, &[Attribute::Sensitive(false)]);
    assert_eq!(loose, Err(ResultReason::InvalidAttributeValue));
}

#[test]
fn parts_of_a_key_have_them_and_its_class() {
    let mut fixture = Fixture::new();
    let key = fixture.aes_key([Attribute::Sensitive(true)]);
    let defaults = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::Sensitive(false),
        comment("part"),
    ];
    set(&mut fixture, vec![of(&[ObjectType::SplitKey], defaults)]);
    // The placeholder is what is split although the defaults name an algorithm: the request describes no new key.
    let split = CreateSplitKeyRequest {
        object_type: ObjectType::SplitKey,
        unique_identifier: Some(key.as_str().into()),
        split_key_parts: 2,
        split_key_threshold: 2,
        split_key_method: SplitKeyMethod::XOR,
        prime_field_size: None,
        attributes: AttributeList::default(),
        protection_storage_masks: None,
    };
    let made = fixture.call::<CreateSplitKey>(&split).unwrap();
    for id in &made.unique_identifier {
        let own = attributes(&mut fixture, &text(id));
        assert_eq!(own.comment.as_deref(), Some("part"));
        assert_eq!(
            (own.sensitive, own.cryptographic_length),
            (Some(true), Some(256))
        );
    }
    let nothing = CreateSplitKeyRequest {
        unique_identifier: None,
        ..split
    };
    let refused = fixture.call::<CreateSplitKey>(&nothing).err();
    assert!(refused.is_some(), "no new key was described");
}

#[test]
fn certificates_are_made_with_them_and_made_again() {
    let mut fixture = Fixture::new();
    let vault = fixture.service.directory().vault("one").unwrap();
    let options = Options::usual("one");
    fixture.service.create_authority(&vault, &options).unwrap();
    let ends = Timestamp(NOON.0 + 864_000);
    let defaults = [Attribute::DeactivationDate(ends), comment("made")];
    set(&mut fixture, vec![of(&[ObjectType::Certificate], defaults)]);
    let mask = |mask| list([Attribute::CryptographicUsageMask(mask)]);
    let domain = CryptographicDomainParameters {
        qlength: None,
        recommended_curve: Some(RecommendedCurve::P256),
    };
    let pair = fixture
        .call::<CreateKeyPair>(&CreateKeyPairRequest {
            common_attributes: list([
                Attribute::CryptographicAlgorithm(CryptographicAlgorithm::EC),
                Attribute::CryptographicDomainParameters(domain),
            ]),
            private_key_attributes: mask(Mask::Sign),
            public_key_attributes: mask(Mask::Verify),
            common_protection_storage_masks: None,
            private_protection_storage_masks: None,
            public_protection_storage_masks: None,
        })
        .unwrap();
    let request = CertifyRequest {
        unique_identifier: Some(pair.public_key_unique_identifier),
        certificate_request_type: None,
        certificate_request_value: None,
        attributes: AttributeList::default(),
        protection_storage_masks: None,
    };
    let made = fixture.call::<Certify>(&request).unwrap().unique_identifier;
    let own = attributes(&mut fixture, &text(&made));
    assert_eq!(own.comment.as_deref(), Some("made"));
    assert_eq!(own.deactivation_date, Some(ends), "of the certificate too");
    let again = ReCertifyRequest {
        unique_identifier: Some(made),
        certificate_request_unique_identifier: None,
        certificate_request_type: None,
        certificate_request_value: None,
        offset: None,
        attributes: AttributeList::default(),
        protection_storage_masks: None,
    };
    set(
        &mut fixture,
        vec![of(&[ObjectType::Certificate], [comment("again")])],
    );
    let made = fixture.call::<ReCertify>(&again).unwrap().unique_identifier;
    let own = attributes(&mut fixture, &text(&made));
    assert_eq!(
        own.comment.as_deref(),
        Some("made"),
        "the old one's goes first"
    );
}

/// What comes from another server has the attributes that it had there (KMIP 2.1 §6.1.25).
#[test]
fn what_is_imported_has_none_of_them() {
    let mut fixture = Fixture::new();
    set(
        &mut fixture,
        vec![of(&[ObjectType::SymmetricKey], [comment("default")])],
    );
    let key_block = KeyBlock {
        key_format_type: kmip::KeyFormatType::Raw,
        key_compression_type: None,
        key_value: Some(KeyValue::plain(KeyMaterial::Bytes([7; 16][..].into()))),
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(128),
        key_wrapping_data: None,
    };
    let request = ImportRequest {
        unique_identifier: "from elsewhere".into(),
        object_type: Some(ObjectType::SymmetricKey),
        replace_existing: None,
        key_wrap_type: None,
        attributes: list([Attribute::CryptographicUsageMask(Mask::Encrypt)]),
        object: Some(ManagedObject::SymmetricKey(KeyObject { key_block })),
    };
    fixture.call::<Import>(&request).unwrap();
    assert_eq!(attributes(&mut fixture, "from elsewhere").comment, None);
}
