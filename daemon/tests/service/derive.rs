//! Derive Key: every method, what it may come from, what it may not become, and what its bases remember.

use kmip::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask as Mask, DerivationMethod,
    HashingAlgorithm, KeyFormatType, LinkType, ObjectType, RecommendedCurve, ResultReason, Secret,
    SecretDataType, UniqueIdentifierEnumeration, V1_4, V2_1,
    attribute::{
        Attribute, AttributeKind, AttributeList, AttributeReference, CryptographicDomainParameters,
        CryptographicParameters, UniqueIdentifier, UsageLimits,
    },
    object::{KeyBlock, KeyMaterial, KeyObject, KeyValue, ManagedObject, SecretData},
    payload::{
        activate::{Activate, ActivateRequest},
        create::{CreateKeyPair, CreateKeyPairRequest},
        derive::{DerivationParameters, DeriveKey, DeriveKeyRequest},
        get::{Get, GetRequest},
        get_attributes::{GetAttributes, GetAttributesRequest},
        register::{Register, RegisterRequest},
    },
    ttlv::{Bytes, Timestamp},
};

use crate::fixture::{Fixture, text};

const KEY: [u8; 16] = [
    0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
];

fn block(bytes: &[u8], algorithm: Option<CryptographicAlgorithm>) -> KeyBlock {
    KeyBlock {
        key_format_type: KeyFormatType::Raw,
        key_compression_type: None,
        key_value: Some(KeyValue::plain(KeyMaterial::Bytes(Secret::from(bytes)))),
        cryptographic_algorithm: algorithm,
        cryptographic_length: algorithm.map(|_| i32::try_from(bytes.len() * 8).unwrap()),
        key_wrapping_data: None,
    }
}

fn register(fixture: &mut Fixture, object: ManagedObject, attributes: Vec<Attribute>) -> String {
    let past = Attribute::ActivationDate(Timestamp(0));
    let request = RegisterRequest {
        object_type: object.object_type(),
        attributes: attributes.into_iter().chain([past]).collect(),
        object: Some(object),
        protection_storage_masks: None,
    };
    text(
        &fixture
            .call::<Register>(&request)
            .unwrap()
            .unique_identifier,
    )
}

fn key(fixture: &mut Fixture, attributes: Vec<Attribute>) -> String {
    let key_block = block(&KEY, Some(CryptographicAlgorithm::AES));
    register(
        fixture,
        ManagedObject::SymmetricKey(KeyObject { key_block }),
        attributes,
    )
}

fn secret(fixture: &mut Fixture, bytes: &[u8]) -> String {
    let data = SecretData {
        secret_data_type: SecretDataType::Password,
        key_block: block(bytes, None),
    };
    register(
        fixture,
        ManagedObject::SecretData(data),
        vec![mask(Mask::DeriveKey)],
    )
}

fn mask(mask: Mask) -> Attribute {
    Attribute::CryptographicUsageMask(mask)
}

fn aes(bits: i32) -> Vec<Attribute> {
    vec![
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(bits),
        mask(Mask::Encrypt | Mask::Decrypt),
    ]
}

fn hashing(hash: HashingAlgorithm) -> DerivationParameters {
    DerivationParameters {
        cryptographic_parameters: Some(CryptographicParameters {
            hashing_algorithm: Some(hash),
            ..CryptographicParameters::default()
        }),
        ..DerivationParameters::default()
    }
}

fn request(
    bases: &[&str],
    method: DerivationMethod,
    parameters: DerivationParameters,
    attributes: Vec<Attribute>,
) -> DeriveKeyRequest {
    DeriveKeyRequest {
        object_type: ObjectType::SymmetricKey,
        unique_identifier: bases.iter().map(|id| (*id).into()).collect(),
        derivation_method: method,
        derivation_parameters: parameters,
        attributes: attributes.into_iter().collect(),
    }
}

fn derive(fixture: &mut Fixture, request: &DeriveKeyRequest) -> Result<String, ResultReason> {
    let response = fixture.call::<DeriveKey>(request)?;
    Ok(text(&response.unique_identifier))
}

fn value(fixture: &mut Fixture, id: &str) -> Result<String, ResultReason> {
    let request = GetRequest {
        unique_identifier: Some(id.into()),
        ..GetRequest::default()
    };
    let object = fixture.call::<Get>(&request)?.object;
    match &object.key_block().unwrap().key_value {
        Some(KeyValue::Plain {
            key_material: KeyMaterial::Bytes(bytes),
            ..
        }) => Ok(hex::encode(bytes.expose())),
        _ => panic!("no bytes"),
    }
}

fn links(fixture: &mut Fixture, id: &str) -> Vec<(LinkType, String)> {
    let request = GetAttributesRequest {
        unique_identifier: Some(id.into()),
        attribute_reference: vec![AttributeReference::Standard(AttributeKind::Link)],
    };
    let response = fixture.call::<GetAttributes>(&request).unwrap();
    let links = response
        .attributes
        .iter()
        .filter_map(|attribute| match attribute {
            Attribute::Link(link) => Some((link.link_type, text(&link.linked_object_identifier))),
            _ => None,
        });
    links.collect()
}

#[test]
fn the_methods_give_what_they_say() {
    let mut fixture = Fixture::new();
    for version in [V1_4, V2_1] {
        fixture.version = version;
        let base = key(&mut fixture, vec![mask(Mask::DeriveKey)]);
        let password = secret(&mut fixture, b"password");
        let salted = |hash: Option<HashingAlgorithm>| DerivationParameters {
            salt: Some(Bytes(b"salt".to_vec())),
            iteration_count: Some(4096),
            ..hash.map(hashing).unwrap_or_default()
        };
        let mixed = DerivationParameters {
            derivation_data: vec![Secret::from(&[1, 2][..])],
            ..hashing(HashingAlgorithm::SHA256)
        };
        for (base, method, parameters, bits, expected) in [
            (
                &base,
                DerivationMethod::HASH,
                hashing(HashingAlgorithm::SHA256),
                128,
                "a8faed6abbf35c12a4b26e40f6feb19d",
            ),
            (
                &base,
                DerivationMethod::HMAC,
                mixed,
                128,
                "1e15c1f1da233629f770fb0a04a5020e",
            ),
            (
                &password,
                DerivationMethod::PBKDF2,
                salted(None),
                128,
                "4b007901b765489abead49d926f721d0",
            ),
            (
                &password,
                DerivationMethod::PBKDF2,
                salted(Some(HashingAlgorithm::SHA256)),
                256,
                "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a",
            ),
        ] {
            let request = request(&[base], method, parameters, aes(bits));
            let derived = derive(&mut fixture, &request).unwrap();
            assert_eq!(
                value(&mut fixture, &derived).unwrap(),
                expected,
                "{method:?}"
            );
            let to = vec![(LinkType::DerivationBaseObjectLink, base.clone())];
            assert_eq!(links(&mut fixture, &derived), to);
            let from = (LinkType::DerivedKeyLink, derived);
            assert!(links(&mut fixture, base).contains(&from));
        }
    }
}

#[test]
fn two_pairs_agree_on_one_secret() {
    let mut fixture = Fixture::new();
    let ecdh = Attribute::CryptographicAlgorithm(CryptographicAlgorithm::ECDH);
    for curve in [
        RecommendedCurve::SECP256K1,
        RecommendedCurve::P256,
        RecommendedCurve::CURVE25519,
    ] {
        let mut pair = || {
            let domain = CryptographicDomainParameters {
                qlength: None,
                recommended_curve: Some(curve),
            };
            let common = [
                ecdh.clone(),
                Attribute::CryptographicDomainParameters(domain),
                Attribute::ActivationDate(Timestamp(0)),
                mask(Mask::DeriveKey),
            ];
            let response = fixture
                .call::<CreateKeyPair>(&CreateKeyPairRequest {
                    common_attributes: common.into_iter().collect(),
                    private_key_attributes: AttributeList::default(),
                    public_key_attributes: AttributeList::default(),
                    common_protection_storage_masks: None,
                    private_protection_storage_masks: None,
                    public_protection_storage_masks: None,
                })
                .unwrap();
            (
                text(&response.private_key_unique_identifier),
                text(&response.public_key_unique_identifier),
            )
        };
        let (one, one_public) = pair();
        let (two, two_public) = pair();
        let method = DerivationMethod::AsymmetricKey;
        let mut agree = |bases: &[&str], bits| {
            let request = request(bases, method, DerivationParameters::default(), aes(bits));
            let derived = derive(&mut fixture, &request)?;
            value(&mut fixture, &derived)
        };
        let agreed = agree(&[&one, &two_public], 256).unwrap();
        assert_eq!(agree(&[&one_public, &two], 256).as_ref(), Ok(&agreed));
        assert_eq!(agree(&[&one, &two_public], 128).unwrap(), agreed[..32]);
        for wrong in [
            &[one.as_str()][..],
            &[&one, &two],
            &[&one_public, &two_public],
        ] {
            assert_eq!(agree(wrong, 256), Err(ResultReason::InvalidObjectType));
        }
    }
}

#[test]
fn secret_data_is_derived_and_mixed_in() {
    let mut fixture = Fixture::new();
    let base = key(&mut fixture, vec![mask(Mask::DeriveKey)]);
    let data = secret(&mut fixture, &[1, 2]);
    let length = vec![Attribute::CryptographicLength(160)];
    let parameters = hashing(HashingAlgorithm::SHA256);
    let mut asked = request(&[&base, &data], DerivationMethod::HMAC, parameters, length);
    asked.object_type = ObjectType::SecretData;
    let derived = derive(&mut fixture, &asked).unwrap();
    let bytes = value(&mut fixture, &derived).unwrap();
    // The same two bytes as derivation data give the same.
    assert_eq!(bytes[..32], *"1e15c1f1da233629f770fb0a04a5020e");
    assert_eq!(bytes.len(), 40);
    asked.derivation_parameters.derivation_data = vec![Secret::from(&[1][..])];
    assert_eq!(
        derive(&mut fixture, &asked),
        Err(ResultReason::InvalidField)
    );
    asked.derivation_parameters.derivation_data.clear();
    asked.attributes = AttributeList::default();
    assert_eq!(
        derive(&mut fixture, &asked),
        Err(ResultReason::InvalidField)
    );
}

/// A derivation that fails for a reason.
type Refused<'a> = (
    Vec<&'a str>,
    DerivationMethod,
    DerivationParameters,
    Vec<Attribute>,
    ResultReason,
);

fn refused(fixture: &mut Fixture, cases: Vec<Refused<'_>>) {
    for (bases, method, parameters, attributes, reason) in cases {
        let asked = request(&bases, method, parameters, attributes);
        assert_eq!(derive(fixture, &asked), Err(reason), "{bases:?} {method:?}");
    }
}

#[test]
fn bases_that_do_not_fit_are_refused() {
    use ResultReason as Reason;
    let mut fixture = Fixture::new();
    let base = &*key(&mut fixture, vec![mask(Mask::DeriveKey)]);
    let unusable = &*key(&mut fixture, vec![mask(Mask::Encrypt)]);
    let sha256 = || hashing(HashingAlgorithm::SHA256);
    let (hash, agree) = (DerivationMethod::HASH, DerivationMethod::AsymmetricKey);
    let wrong_usage = Reason::IncompatibleCryptographicUsageMask;
    let cases: Vec<Refused<'_>> = vec![
        (vec![], hash, sha256(), aes(128), Reason::InvalidField),
        (
            vec!["nothing"],
            hash,
            sha256(),
            aes(128),
            Reason::ObjectNotFound,
        ),
        (
            vec![base, base],
            hash,
            sha256(),
            aes(128),
            Reason::InvalidObjectType,
        ),
        (
            vec![base, base, base],
            hash,
            sha256(),
            aes(128),
            Reason::InvalidField,
        ),
        (vec![unusable], hash, sha256(), aes(128), wrong_usage),
        (
            vec![base],
            agree,
            sha256(),
            aes(128),
            Reason::InvalidObjectType,
        ),
    ];
    refused(&mut fixture, cases);
    let mut placeholder = request(&[], hash, sha256(), aes(128));
    placeholder.unique_identifier = vec![UniqueIdentifier::Enumeration(
        UniqueIdentifierEnumeration::IDPlaceholder,
    )];
    assert_eq!(
        derive(&mut fixture, &placeholder),
        Err(Reason::InvalidField)
    );
    let mut public = request(&[base], hash, sha256(), aes(128));
    public.object_type = ObjectType::PublicKey;
    assert_eq!(
        derive(&mut fixture, &public),
        Err(Reason::InvalidObjectType)
    );
    assert!(
        links(&mut fixture, base).is_empty(),
        "what failed left a link"
    );
}

fn mode(mode: BlockCipherMode) -> DerivationParameters {
    DerivationParameters {
        cryptographic_parameters: Some(CryptographicParameters {
            block_cipher_mode: Some(mode),
            ..CryptographicParameters::default()
        }),
        derivation_data: vec![Secret::from(&[0; 32][..])],
        ..DerivationParameters::default()
    }
}

#[test]
fn parameters_and_lengths_that_do_not_fit_are_refused() {
    use ResultReason as Reason;
    let mut fixture = Fixture::new();
    let base = &*key(&mut fixture, vec![mask(Mask::DeriveKey)]);
    let sha256 = || hashing(HashingAlgorithm::SHA256);
    let counted = |count| DerivationParameters {
        salt: Some(Bytes(vec![1])),
        iteration_count: count,
        ..DerivationParameters::default()
    };
    let hmac_key = |bits| {
        vec![
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::HMACSHA256),
            Attribute::CryptographicLength(bits),
            mask(Mask::MACGenerate),
        ]
    };
    let hash = DerivationMethod::HASH;
    let (pbkdf2, encrypt) = (DerivationMethod::PBKDF2, DerivationMethod::ENCRYPT);
    let (ctr, cbc) = (mode(BlockCipherMode::CTR), mode(BlockCipherMode::CBC));
    let aws = DerivationMethod::AWSSignatureVersion4;
    let bad = Reason::BadCryptographicParameters;
    let unsupported = Reason::UnsupportedCryptographicParameters;
    let cases: Vec<Refused<'_>> = vec![
        (
            vec![base],
            hash,
            DerivationParameters::default(),
            aes(128),
            bad,
        ),
        (
            vec![base],
            hash,
            sha256(),
            hmac_key(264),
            Reason::InvalidField,
        ),
        (
            vec![base],
            hash,
            sha256(),
            hmac_key(104),
            Reason::InvalidAttributeValue,
        ),
        (vec![base], pbkdf2, counted(None), aes(128), bad),
        (vec![base], pbkdf2, counted(Some(0)), aes(128), bad),
        (
            vec![base],
            pbkdf2,
            counted(Some(i32::MAX)),
            aes(128),
            Reason::InvalidField,
        ),
        (vec![base], encrypt, ctr, aes(128), unsupported),
        (vec![base], encrypt, cbc, aes(128), Reason::InvalidField),
        (vec![base], aws, sha256(), aes(128), unsupported),
    ];
    refused(&mut fixture, cases);
}

#[test]
fn a_base_that_is_not_active_or_spent_derives_nothing() {
    let mut fixture = Fixture::new();
    let mut attributes = aes(256);
    attributes[2] = mask(Mask::DeriveKey);
    let limits = UsageLimits {
        usage_limits_total: 1,
        usage_limits_count: None,
        usage_limits_unit: kmip::UsageLimitsUnit::Object,
    };
    attributes.push(Attribute::UsageLimits(limits));
    let base = fixture.create(attributes).unwrap();
    let asked = request(
        &[&base],
        DerivationMethod::HASH,
        hashing(HashingAlgorithm::SHA256),
        aes(128),
    );
    let answer = derive(&mut fixture, &asked);
    assert_eq!(answer, Err(ResultReason::WrongKeyLifecycleState));
    fixture
        .call::<Activate>(&ActivateRequest {
            unique_identifier: Some(base.as_str().into()),
        })
        .unwrap();
    assert!(derive(&mut fixture, &asked).is_ok());
    assert_eq!(
        derive(&mut fixture, &asked),
        Err(ResultReason::PermissionDenied)
    );
}

#[test]
fn what_comes_from_a_locked_key_is_locked() {
    let mut fixture = Fixture::new();
    let locked = [Attribute::Sensitive(true), Attribute::Extractable(false)];
    let with = |usage| [&[mask(usage)][..], &locked].concat();
    let base = key(&mut fixture, with(Mask::DeriveKey));
    let mixed = DerivationParameters {
        derivation_data: vec![Secret::from(&[7; 32][..])],
        ..hashing(HashingAlgorithm::SHA256)
    };
    let hmac = DerivationMethod::HMAC;
    for free in [Attribute::Sensitive(false), Attribute::Extractable(true)] {
        let attributes = [&aes(256)[..], &[free]].concat();
        let asked = request(&[&base], hmac, mixed.clone(), attributes);
        let refused = derive(&mut fixture, &asked);
        assert_eq!(refused, Err(ResultReason::InvalidAttributeValue));
    }
    let derived = derive(
        &mut fixture,
        &request(&[&base], hmac, mixed.clone(), aes(256)),
    )
    .unwrap();
    assert_eq!(value(&mut fixture, &derived), Err(ResultReason::Sensitive));
    let mut data = request(
        &[&base],
        hmac,
        mixed.clone(),
        vec![Attribute::CryptographicLength(256)],
    );
    data.object_type = ObjectType::SecretData;
    let derived = derive(&mut fixture, &data).unwrap();
    assert_eq!(value(&mut fixture, &derived), Err(ResultReason::Sensitive));
    // A base that computes the same for anybody's data gives nothing that is to be kept.
    let shown = key(&mut fixture, with(Mask::DeriveKey | Mask::MACGenerate));
    let refused = derive(&mut fixture, &request(&[&shown], hmac, mixed, aes(256)));
    assert_eq!(
        refused,
        Err(ResultReason::IncompatibleCryptographicUsageMask)
    );
}
