//! Locked keys never leave: every object type, every format, wrapped or not, in every version.

use kmip::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, EncodingOption, KeyFormatType,
    ObjectType, OpaqueDataType, RecommendedCurve, ResultReason, Secret, SecretDataType, V1_4,
    Version, WrappingMethod,
    attribute::{
        Attribute, CryptographicDomainParameters, CryptographicParameters, UniqueIdentifier,
    },
    object::{
        EncryptionKeyInformation, KeyMaterial, KeyObject, KeyValue, KeyWrappingSpecification,
        ManagedObject, OpaqueObject, SecretData,
    },
    payload::{
        attribute::{ModifyAttribute, ModifyAttributeRequest},
        create::{CreateKeyPair, CreateKeyPairRequest},
        get::{Get, GetRequest},
        register::{Register, RegisterRequest},
    },
};

use crate::{
    fixture::{Fixture, text},
    objects::{list, raw},
};

const LOCKED: [Attribute; 2] = [Attribute::Sensitive(true), Attribute::Extractable(false)];

fn mask(mask: CryptographicUsageMask) -> Attribute {
    Attribute::CryptographicUsageMask(mask)
}

pub(crate) fn pair(
    fixture: &mut Fixture,
    common: Vec<Attribute>,
    locked: bool,
) -> (String, String) {
    let mut private = vec![mask(CryptographicUsageMask::Sign)];
    if locked {
        private.extend(LOCKED);
    }
    let response = fixture
        .call::<CreateKeyPair>(&CreateKeyPairRequest {
            common_attributes: list(common),
            private_key_attributes: list(private),
            public_key_attributes: list([mask(CryptographicUsageMask::Verify)]),
            common_protection_storage_masks: None,
            private_protection_storage_masks: None,
            public_protection_storage_masks: None,
        })
        .unwrap();
    (
        text(&response.private_key_unique_identifier),
        text(&response.public_key_unique_identifier),
    )
}

pub(crate) fn ec(curve: RecommendedCurve) -> Vec<Attribute> {
    vec![
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::EC),
        Attribute::CryptographicDomainParameters(CryptographicDomainParameters {
            qlength: None,
            recommended_curve: Some(curve),
        }),
    ]
}

fn rsa() -> Vec<Attribute> {
    vec![
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::RSA),
        Attribute::CryptographicLength(2048),
    ]
}

fn register(fixture: &mut Fixture, attributes: Vec<Attribute>, object: ManagedObject) -> String {
    let request = RegisterRequest {
        object_type: object.object_type(),
        attributes: list(attributes),
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

/// Pairs that are neither RSA's nor on the usual curves.
fn others() -> [Vec<Attribute>; 5] {
    let named = [
        CryptographicAlgorithm::DSA,
        CryptographicAlgorithm::DH,
        CryptographicAlgorithm::Ed448,
        CryptographicAlgorithm::MLKEM768,
        CryptographicAlgorithm::MLDSA65,
    ];
    named.map(|algorithm| {
        // The shortest that there is, which DSA alone has.
        let dsa = (algorithm == CryptographicAlgorithm::DSA).then_some(1024);
        let length = dsa.map(Attribute::CryptographicLength);
        let algorithm = Attribute::CryptographicAlgorithm(algorithm);
        [algorithm].into_iter().chain(length).collect()
    })
}

/// One locked object of each kind, and the wrapping key.
pub(crate) fn locked_objects(fixture: &mut Fixture) -> (Vec<(ObjectType, String)>, String) {
    let aes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        mask(CryptographicUsageMask::Encrypt | CryptographicUsageMask::WrapKey),
    ];
    let mut objects = vec![];
    let created = fixture.create([&aes[..], &LOCKED].concat()).unwrap();
    objects.push((ObjectType::SymmetricKey, created));
    let curves = [
        RecommendedCurve::P256,
        RecommendedCurve::SECP256K1,
        RecommendedCurve::CURVE25519,
    ];
    let kinds = curves.map(ec).into_iter().chain([rsa()]).chain(others());
    for kind in kinds {
        objects.push((ObjectType::PrivateKey, pair(fixture, kind, true).0));
    }
    let key = KeyObject {
        key_block: raw(&[7; 32], Some(CryptographicAlgorithm::AES)),
    };
    let registered = register(
        fixture,
        [&aes[..], &LOCKED].concat(),
        ManagedObject::SymmetricKey(key),
    );
    objects.push((ObjectType::SymmetricKey, registered));
    let secret = SecretData {
        secret_data_type: SecretDataType::Password,
        key_block: raw(b"password", None),
    };
    objects.push((
        ObjectType::SecretData,
        register(fixture, LOCKED.to_vec(), ManagedObject::SecretData(secret)),
    ));
    let opaque = OpaqueObject {
        opaque_data_type: OpaqueDataType(0x8000_0001),
        opaque_data_value: Secret::from(&b"opaque"[..]),
    };
    objects.push((
        ObjectType::OpaqueObject,
        register(
            fixture,
            LOCKED.to_vec(),
            ManagedObject::OpaqueObject(opaque),
        ),
    ));
    let kek = fixture.create([&aes[..], &LOCKED].concat()).unwrap();
    fixture
        .call::<kmip::payload::activate::Activate>(&kmip::payload::activate::ActivateRequest {
            unique_identifier: Some(kek.as_str().into()),
        })
        .unwrap();
    (objects, kek)
}

fn wrapping(
    kek: &str,
    encoding: EncodingOption,
    mode: BlockCipherMode,
) -> KeyWrappingSpecification {
    KeyWrappingSpecification {
        iv_counter_nonce: None,
        authenticated_encryption_additional_data: None,
        wrapping_method: WrappingMethod::Encrypt,
        encryption_key_information: Some(EncryptionKeyInformation {
            unique_identifier: UniqueIdentifier::from(kek),
            cryptographic_parameters: Some(CryptographicParameters {
                block_cipher_mode: Some(mode),
                ..CryptographicParameters::default()
            }),
        }),
        mac_signature_key_information: None,
        attribute_name: vec![],
        encoding_option: Some(encoding),
    }
}

#[test]
fn get_is_refused_on_every_path() {
    let mut fixture = Fixture::new();
    let (objects, kek) = locked_objects(&mut fixture);
    let mut wrappings = vec![None];
    for encoding in [EncodingOption::NoEncoding, EncodingOption::TTLVEncoding] {
        for mode in [
            BlockCipherMode::NISTKeyWrap,
            BlockCipherMode::AESKeyWrapPadding,
            BlockCipherMode::GCM,
        ] {
            wrappings.push(Some(wrapping(&kek, encoding, mode)));
        }
    }
    let formats: Vec<_> = std::iter::once(None)
        .chain(KeyFormatType::ALL.iter().copied().map(Some))
        .collect();
    let mut tried = 0;
    for version in Version::SPOKEN {
        fixture.version = *version;
        for (object_type, id) in &objects {
            for format in &formats {
                for how in &wrappings {
                    let request = GetRequest {
                        unique_identifier: Some(id.as_str().into()),
                        key_format_type: *format,
                        key_wrapping_specification: how.clone(),
                        ..GetRequest::default()
                    };
                    let refusal = fixture.call::<Get>(&request).err();
                    let allowed = if *version >= V1_4 {
                        [ResultReason::Sensitive, ResultReason::NotExtractable]
                    } else {
                        [ResultReason::PermissionDenied; 2]
                    };
                    assert!(
                        refusal.is_some_and(|reason| allowed.contains(&reason)),
                        "{version} {object_type:?} {format:?}: {refusal:?}"
                    );
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 5_000, "{tried} paths");
}

#[test]
fn what_is_sensitive_but_extractable_leaves_wrapped_only() {
    let mut fixture = Fixture::new();
    let (_, kek) = locked_objects(&mut fixture);
    let id = fixture.aes_key([Attribute::Sensitive(true)]);
    let plain = GetRequest {
        unique_identifier: Some(id.as_str().into()),
        ..GetRequest::default()
    };
    assert_eq!(
        fixture.call::<Get>(&plain).err(),
        Some(ResultReason::Sensitive)
    );
    let how = wrapping(
        &kek,
        EncodingOption::NoEncoding,
        BlockCipherMode::NISTKeyWrap,
    );
    let wrapped = GetRequest {
        key_wrapping_specification: Some(how),
        ..plain
    };
    let got = fixture.call::<Get>(&wrapped).unwrap();
    let block = got.object.key_block().unwrap();
    assert!(block.key_wrapping_data.is_some());
    let Some(KeyValue::Plain {
        key_material: KeyMaterial::Bytes(bytes),
        ..
    }) = &block.key_value
    else {
        panic!("no wrapped bytes")
    };
    assert_eq!(bytes.len(), 40, "RFC 3394 adds eight bytes");
}

#[test]
fn a_key_can_be_locked_and_never_unlocked() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    let get = GetRequest {
        unique_identifier: Some(id.as_str().into()),
        ..GetRequest::default()
    };
    fixture.call::<Get>(&get).unwrap();
    let modify = |fixture: &mut Fixture, attribute| {
        let new_attribute = kmip::attribute::SingleAttribute {
            index: None,
            attribute,
        };
        fixture
            .call::<ModifyAttribute>(&ModifyAttributeRequest {
                unique_identifier: Some(id.as_str().into()),
                current_attribute: None,
                new_attribute,
            })
            .map(drop)
    };
    modify(&mut fixture, Attribute::Extractable(false)).unwrap();
    assert_eq!(
        fixture.call::<Get>(&get).err(),
        Some(ResultReason::NotExtractable)
    );
    modify(&mut fixture, Attribute::Sensitive(true)).unwrap();
    assert_eq!(
        modify(&mut fixture, Attribute::Sensitive(false)).err(),
        Some(ResultReason::AttributeReadOnly)
    );
    assert_eq!(
        modify(&mut fixture, Attribute::Extractable(true)).err(),
        Some(ResultReason::AttributeReadOnly)
    );
    assert_eq!(
        fixture.call::<Get>(&get).err(),
        Some(ResultReason::Sensitive)
    );
}

#[test]
fn a_vault_may_lock_by_default() {
    let mut fixture = Fixture::new();
    let vault = fixture.service.directory().vault("one").unwrap();
    let locked = store::Vault {
        locked_by_default: true,
        ..(*vault).clone()
    };
    fixture.service.directory().put_vault(&locked).unwrap();
    let id = fixture.aes_key([]);
    let get = GetRequest {
        unique_identifier: Some(id.as_str().into()),
        ..GetRequest::default()
    };
    assert_eq!(
        fixture.call::<Get>(&get).err(),
        Some(ResultReason::Sensitive)
    );
    let open = fixture.aes_key([Attribute::Sensitive(false), Attribute::Extractable(true)]);
    let get = GetRequest {
        unique_identifier: Some(open.as_str().into()),
        ..GetRequest::default()
    };
    fixture.call::<Get>(&get).unwrap();
}

/// Clulow's attack on conflicting usages: wrap a sensitive key under a key that also decrypts, then decrypt it.
#[test]
fn what_decrypts_does_not_wrap_what_is_sensitive() {
    let mut fixture = Fixture::new();
    let mask = CryptographicUsageMask::WrapKey | CryptographicUsageMask::Decrypt;
    let kek = fixture
        .create(vec![
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
            Attribute::CryptographicUsageMask(mask),
            Attribute::ActivationDate(crate::fixture::NOON),
        ])
        .unwrap();
    let how = wrapping(&kek, EncodingOption::NoEncoding, BlockCipherMode::GCM);
    for (sensitive, refused) in [
        (true, Some(ResultReason::IncompatibleCryptographicUsageMask)),
        (false, None),
    ] {
        let id = fixture.aes_key([Attribute::Sensitive(sensitive)]);
        let request = GetRequest {
            unique_identifier: Some(id.as_str().into()),
            key_wrapping_specification: Some(how.clone()),
            ..GetRequest::default()
        };
        assert_eq!(fixture.call::<Get>(&request).err(), refused);
    }
}
