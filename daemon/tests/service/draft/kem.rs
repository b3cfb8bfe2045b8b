//! Encapsulate and Decapsulate: both sides have one secret, which follows the private key, and nobody is served them
//! by default.

use keyhold::{conformance::Seeding, policy::Policy};
use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask as Mask, KEMAlgorithm, ObjectType,
    OperationCode, QueryFunction, ResultReason, V2_1, V3_0,
    attribute::{Attribute, AttributeList, UsageLimits},
    object::{KeyMaterial, KeyValue},
    payload::{
        create::{CreateKeyPair, CreateKeyPairRequest},
        get::{Get, GetRequest},
        kem::{
            Decapsulate, DecapsulateRequest, Encapsulate, EncapsulateRequest, EncapsulateResponse,
            KEMParameters,
        },
        query::{Query, QueryRequest},
    },
    ttlv::Bytes,
};

use crate::{
    fixture::{Fixture, NOON, text},
    objects::list,
};

const LOCKED: [Attribute; 2] = [Attribute::Sensitive(true), Attribute::Extractable(false)];
const OPEN: [Attribute; 2] = [Attribute::Sensitive(false), Attribute::Extractable(true)];

fn experimental() -> Fixture {
    let mut fixture = Fixture::under_test(Policy::default(), Seeding::None);
    fixture.version = V3_0;
    fixture
}

/// The private and the public key of a new pair.
fn pair(
    fixture: &mut Fixture,
    algorithm: CryptographicAlgorithm,
    masks: [Mask; 2],
    private: &[Attribute],
    public: &[Attribute],
) -> (String, String) {
    let [of_private, of_public] = masks.map(Attribute::CryptographicUsageMask);
    let with = |mask, more: &[Attribute]| list([mask].into_iter().chain(more.iter().cloned()));
    let request = CreateKeyPairRequest {
        common_attributes: list([
            Attribute::CryptographicAlgorithm(algorithm),
            Attribute::ActivationDate(NOON),
        ]),
        private_key_attributes: with(of_private, private),
        public_key_attributes: with(of_public, public),
        common_protection_storage_masks: None,
        private_protection_storage_masks: None,
        public_protection_storage_masks: None,
    };
    let made = fixture.call::<CreateKeyPair>(&request).unwrap();
    (
        text(&made.private_key_unique_identifier),
        text(&made.public_key_unique_identifier),
    )
}

fn ml_kem(fixture: &mut Fixture, private: &[Attribute]) -> (String, String) {
    let masks = [Mask::Decapsulate, Mask::Encapsulate];
    pair(
        fixture,
        CryptographicAlgorithm::MLKEM768,
        masks,
        private,
        &[],
    )
}

fn aes() -> Vec<Attribute> {
    vec![
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicUsageMask(Mask::Encrypt | Mask::Decrypt),
    ]
}

fn encapsulating(key: &str) -> EncapsulateRequest {
    EncapsulateRequest {
        unique_identifier: Some(key.into()),
        cryptographic_parameters: None,
        object_type: None,
        attributes: AttributeList::default(),
    }
}

fn decapsulating(key: &str, data: &Bytes) -> DecapsulateRequest {
    DecapsulateRequest {
        unique_identifier: Some(key.into()),
        cryptographic_parameters: None,
        data: data.clone(),
        object_type: None,
        attributes: AttributeList::default(),
    }
}

fn encapsulate(fixture: &mut Fixture, key: &str) -> Result<EncapsulateResponse, ResultReason> {
    fixture.call::<Encapsulate>(&encapsulating(key))
}

fn value(
    fixture: &mut Fixture,
    id: &kmip::attribute::UniqueIdentifier,
) -> Result<(ObjectType, Vec<u8>), ResultReason> {
    let request = GetRequest {
        unique_identifier: Some(id.clone()),
        ..GetRequest::default()
    };
    let got = fixture.call::<Get>(&request)?;
    match &got.object.key_block().unwrap().key_value {
        Some(KeyValue::Plain {
            key_material: KeyMaterial::Bytes(bytes),
            ..
        }) => Ok((got.object_type, bytes.expose().to_vec())),
        _ => panic!("no plain bytes"),
    }
}

#[test]
fn both_sides_have_one_secret() {
    let mut fixture = experimental();
    for (algorithm, bytes) in [
        (CryptographicAlgorithm::MLKEM512, 768),
        (CryptographicAlgorithm::MLKEM768, 1088),
        (CryptographicAlgorithm::MLKEM1024, 1568),
    ] {
        let masks = [Mask::Decapsulate, Mask::Encapsulate];
        let (private, public) = pair(&mut fixture, algorithm, masks, &[], &[]);
        let parameters = Some(KEMParameters {
            cryptographic_algorithm: Some(algorithm),
            kem_algorithm: Some(KEMAlgorithm::MLKEM),
        });
        let made = fixture
            .call::<Encapsulate>(&EncapsulateRequest {
                cryptographic_parameters: parameters.clone(),
                ..encapsulating(&public)
            })
            .unwrap();
        assert_eq!(made.data.0.len(), bytes, "{algorithm:?}");
        let one = value(&mut fixture, &made.unique_identifier).unwrap();
        assert_eq!((one.0, one.1.len()), (ObjectType::SecretData, 32));
        let request = DecapsulateRequest {
            cryptographic_parameters: parameters,
            object_type: Some(ObjectType::SymmetricKey),
            attributes: list(aes()),
            ..decapsulating(&private, &made.data)
        };
        let other = fixture.call::<Decapsulate>(&request).unwrap();
        let other = value(&mut fixture, &other.unique_identifier).unwrap();
        assert_eq!(other, (ObjectType::SymmetricKey, one.1), "{algorithm:?}");
    }
    let notes = fixture.trail.notes.lock().unwrap();
    for note in ["encapsulated", "decapsulated"] {
        assert_eq!(notes.iter().filter(|own| *own == note).count(), 3, "{note}");
    }
}

#[test]
fn a_key_may_be_made_of_it_and_a_changed_ciphertext_gives_another() {
    let mut fixture = experimental();
    let (private, public) = ml_kem(&mut fixture, &[]);
    let mut made = fixture
        .call::<Encapsulate>(&EncapsulateRequest {
            object_type: Some(ObjectType::SymmetricKey),
            attributes: list(aes()),
            ..encapsulating(&public)
        })
        .unwrap();
    let (object_type, key) = value(&mut fixture, &made.unique_identifier).unwrap();
    assert_eq!(object_type, ObjectType::SymmetricKey);
    let decapsulate = |fixture: &mut Fixture, data: &Bytes| {
        let answer = fixture.call::<Decapsulate>(&decapsulating(&private, data));
        answer.map(|answer| value(fixture, &answer.unique_identifier).unwrap().1)
    };
    assert_eq!(decapsulate(&mut fixture, &made.data).as_ref(), Ok(&key));
    made.data.0[7] ^= 1;
    let other = decapsulate(&mut fixture, &made.data).unwrap();
    assert!(other.len() == 32 && other != key);
    made.data.0.pop();
    let cut = decapsulate(&mut fixture, &made.data).err();
    assert_eq!(cut, Some(ResultReason::InvalidField));
}

/// The other side has it in any case, so that whoever wants it told is told it; nobody else is.
#[test]
fn what_a_locked_key_decapsulates_leaves_only_where_that_is_said() {
    let mut fixture = experimental();
    let (private, public) = ml_kem(&mut fixture, &LOCKED);
    let made = encapsulate(&mut fixture, &public).unwrap();
    for attributes in [vec![], aes()] {
        let object_type = (!attributes.is_empty()).then_some(ObjectType::SymmetricKey);
        let request = |more: &[Attribute]| DecapsulateRequest {
            object_type,
            attributes: list(attributes.iter().chain(more).cloned()),
            ..decapsulating(&private, &made.data)
        };
        let told = fixture.call::<Decapsulate>(&request(&OPEN)).unwrap();
        assert!(value(&mut fixture, &told.unique_identifier).is_ok());
        for half in [&OPEN[..1], &OPEN[1..]] {
            let kept = fixture.call::<Decapsulate>(&request(half)).unwrap();
            assert!(value(&mut fixture, &kept.unique_identifier).is_err());
        }
        let kept = fixture.call::<Decapsulate>(&request(&[])).unwrap();
        assert_eq!(
            value(&mut fixture, &kept.unique_identifier).err(),
            Some(ResultReason::Sensitive)
        );
    }
}

#[test]
fn keys_that_do_not_fit_are_refused() {
    use ResultReason as Reason;
    let mut fixture = experimental();
    let both = Mask::Encapsulate | Mask::Decapsulate;
    let (private, public) = ml_kem(&mut fixture, &[]);
    let kem = CryptographicAlgorithm::MLKEM768;
    let wrong_half = pair(&mut fixture, kem, [both, both], &[], &[]);
    let dsa = CryptographicAlgorithm::MLDSA44;
    let signing = pair(&mut fixture, dsa, [both, both], &[], &[]);
    let unusable = pair(&mut fixture, kem, [Mask::Sign, Mask::Verify], &[], &[]);
    for (key, reason) in [
        (&*wrong_half.0, Reason::InvalidObjectType),
        (&signing.1, Reason::InvalidObjectType),
        (&unusable.1, Reason::IncompatibleCryptographicUsageMask),
        (&private, Reason::IncompatibleCryptographicUsageMask),
        ("nothing", Reason::ObjectNotFound),
    ] {
        assert_eq!(encapsulate(&mut fixture, key).err(), Some(reason), "{key}");
    }
    let data = encapsulate(&mut fixture, &public).unwrap().data;
    for (key, reason) in [
        (&*wrong_half.1, Reason::InvalidObjectType),
        (&signing.0, Reason::InvalidObjectType),
        (&unusable.0, Reason::IncompatibleCryptographicUsageMask),
        (&public, Reason::IncompatibleCryptographicUsageMask),
        ("nothing", Reason::ObjectNotFound),
    ] {
        let refused = fixture.call::<Decapsulate>(&decapsulating(key, &data));
        assert_eq!(refused.err(), Some(reason), "{key}");
    }
}

#[test]
fn requests_that_do_not_fit_are_refused() {
    use ResultReason as Reason;
    let mut fixture = experimental();
    let (_, public) = ml_kem(&mut fixture, &[]);
    let asked = |kem_algorithm, cryptographic_algorithm| EncapsulateRequest {
        cryptographic_parameters: Some(KEMParameters {
            cryptographic_algorithm,
            kem_algorithm,
        }),
        ..encapsulating(&public)
    };
    let into = |object_type, attributes: Vec<Attribute>| EncapsulateRequest {
        object_type: Some(object_type),
        attributes: list(attributes),
        ..encapsulating(&public)
    };
    let short = Attribute::CryptographicLength(128);
    let none = EncapsulateRequest {
        unique_identifier: None,
        ..encapsulating(&public)
    };
    let other = CryptographicAlgorithm::MLKEM512;
    for (request, reason) in [
        (
            asked(Some(KEMAlgorithm::RSASVE), None),
            Reason::UnsupportedCryptographicParameters,
        ),
        (
            asked(None, Some(other)),
            Reason::UnsupportedCryptographicParameters,
        ),
        (
            into(
                ObjectType::SymmetricKey,
                [&aes()[..], std::slice::from_ref(&short)].concat(),
            ),
            Reason::InvalidAttributeValue,
        ),
        (
            into(ObjectType::SecretData, vec![short]),
            Reason::InvalidAttributeValue,
        ),
        (
            into(ObjectType::PrivateKey, vec![]),
            Reason::InvalidObjectType,
        ),
        (none, Reason::InvalidField),
    ] {
        assert_eq!(fixture.call::<Encapsulate>(&request).err(), Some(reason));
    }
}

#[test]
fn encapsulating_counts_against_the_limits_of_the_public_key() {
    let mut fixture = experimental();
    let limits = Attribute::UsageLimits(UsageLimits {
        usage_limits_total: 2,
        usage_limits_count: None,
        usage_limits_unit: kmip::UsageLimitsUnit::Object,
    });
    let masks = [Mask::Decapsulate, Mask::Encapsulate];
    let kem = CryptographicAlgorithm::MLKEM512;
    let (_, public) = pair(&mut fixture, kem, masks, &[], &[limits]);
    encapsulate(&mut fixture, &public).unwrap();
    encapsulate(&mut fixture, &public).unwrap();
    assert!(encapsulate(&mut fixture, &public).is_err());
}

#[test]
fn nobody_is_served_them_by_default_or_in_an_older_version() {
    let mut off = Fixture::new();
    off.version = V3_0;
    let mut old = experimental();
    let (_, public) = ml_kem(&mut old, &[]);
    assert!(encapsulate(&mut old, &public).is_ok());
    old.version = V2_1;
    for fixture in [&mut off, &mut old] {
        assert_eq!(
            encapsulate(fixture, &public).err(),
            Some(ResultReason::OperationNotSupported)
        );
        let data = Bytes(vec![0; 1088]);
        let refused = fixture.call::<Decapsulate>(&decapsulating(&public, &data));
        assert_eq!(refused.err(), Some(ResultReason::OperationNotSupported));
        let ask = QueryRequest {
            query_function: vec![QueryFunction::QueryOperations],
        };
        let told = fixture.call::<Query>(&ask).unwrap().operation;
        for code in [OperationCode::Encapsulate, OperationCode::Decapsulate] {
            assert!(!told.contains(&code));
        }
    }
}
