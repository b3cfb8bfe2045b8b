//! Split keys: made of keys and of nothing, joined again, and refused where they do not fit.

use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask, KeyFormatType, ObjectType, ResultReason,
    Secret, SecretDataType, SplitKeyMethod, V1_2, V1_4, V2_1, Version,
    attribute::{Attribute, AttributeList, Name},
    client::outgoing,
    object::{KeyBlock, KeyMaterial, KeyObject, KeyValue, ManagedObject, SecretData, SplitKey},
    payload::{
        get::{Get, GetRequest},
        register::{Register, RegisterRequest},
        split::{CreateSplitKey, CreateSplitKeyRequest, JoinSplitKey, JoinSplitKeyRequest},
    },
    ttlv::BigInteger,
};

use crate::fixture::{Fixture, create, read, text};

const METHODS: [SplitKeyMethod; 4] = [
    SplitKeyMethod::XOR,
    SplitKeyMethod::PolynomialSharingGF216,
    SplitKeyMethod::PolynomialSharingPrimeField,
    SplitKeyMethod::PolynomialSharingGF28,
];

fn list(attributes: impl IntoIterator<Item = Attribute>) -> AttributeList {
    attributes.into_iter().collect()
}

/// 2⁵²¹ − 1, beyond every symmetric key.
fn prime() -> BigInteger {
    let mut prime = [0xFF; 66];
    prime[0] = 1;
    BigInteger::from_unsigned(&prime)
}

fn request(id: Option<&str>, method: SplitKeyMethod, of: (i32, i32)) -> CreateSplitKeyRequest {
    CreateSplitKeyRequest {
        object_type: ObjectType::SplitKey,
        unique_identifier: id.map(Into::into),
        split_key_parts: of.0,
        split_key_threshold: of.1,
        split_key_method: method,
        prime_field_size: (method == SplitKeyMethod::PolynomialSharingPrimeField).then(prime),
        attributes: AttributeList::default(),
        protection_storage_masks: None,
    }
}

fn split(
    fixture: &mut Fixture,
    request: &CreateSplitKeyRequest,
) -> Result<Vec<String>, ResultReason> {
    let response = fixture.call::<CreateSplitKey>(request)?;
    let is_told = response.object_type == Some(ObjectType::SplitKey);
    assert_eq!(is_told, fixture.version == V1_2);
    Ok(response.unique_identifier.iter().map(text).collect())
}

fn join(
    fixture: &mut Fixture,
    parts: &[String],
    object_type: ObjectType,
) -> Result<String, ResultReason> {
    let mask = CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt;
    let attributes = match object_type {
        ObjectType::SymmetricKey => list([
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
            Attribute::CryptographicUsageMask(mask),
        ]),
        ObjectType::PrivateKey => list([Attribute::CryptographicUsageMask(
            CryptographicUsageMask::Sign,
        )]),
        _ => list([]),
    };
    let response = fixture.call::<JoinSplitKey>(&JoinSplitKeyRequest {
        object_type,
        unique_identifier: parts.iter().map(|id| id.as_str().into()).collect(),
        secret_data_type: (object_type == ObjectType::SecretData).then_some(SecretDataType::Seed),
        attributes,
        protection_storage_masks: None,
    })?;
    Ok(text(&response.unique_identifier))
}

fn get(fixture: &mut Fixture, id: &str) -> Result<ManagedObject, ResultReason> {
    let request = GetRequest {
        unique_identifier: Some(id.into()),
        ..GetRequest::default()
    };
    Ok(fixture.call::<Get>(&request)?.object)
}

fn bytes(object: &ManagedObject) -> Vec<u8> {
    match object.key_block().and_then(|block| block.key_value.clone()) {
        Some(KeyValue::Plain {
            key_material: KeyMaterial::Bytes(bytes),
            attributes,
        }) => {
            assert!(attributes.is_empty(), "what is beside a part stays inside");
            bytes.expose().to_vec()
        }
        _ => panic!("no bytes"),
    }
}

fn register(
    fixture: &mut Fixture,
    object: ManagedObject,
    with: AttributeList,
) -> Result<String, ResultReason> {
    let request = RegisterRequest {
        object_type: object.object_type(),
        attributes: with,
        object: Some(object),
        protection_storage_masks: None,
    };
    Ok(text(&fixture.call::<Register>(&request)?.unique_identifier))
}

fn raw(bytes: &[u8]) -> KeyBlock {
    KeyBlock {
        key_format_type: KeyFormatType::Raw,
        key_compression_type: None,
        key_value: Some(KeyValue::plain(KeyMaterial::Bytes(Secret::from(bytes)))),
        cryptographic_algorithm: None,
        cryptographic_length: None,
        key_wrapping_data: None,
    }
}

fn versions() -> impl Iterator<Item = Version> {
    Version::SPOKEN
        .iter()
        .copied()
        .filter(|version| *version >= V1_2)
}

#[test]
fn a_key_comes_back_from_enough_of_its_parts_in_every_version() {
    for version in versions() {
        for method in METHODS {
            let mut fixture = Fixture::new();
            fixture.version = version;
            let id = fixture.aes_key([]);
            let key = bytes(&get(&mut fixture, &id).unwrap());
            let threshold = if method == SplitKeyMethod::XOR { 5 } else { 3 };
            let parts = split(&mut fixture, &request(Some(&id), method, (5, threshold))).unwrap();
            for (identifier, part) in (1..).zip(&parts) {
                let ManagedObject::SplitKey(part) = get(&mut fixture, part).unwrap() else {
                    panic!("no part");
                };
                assert_eq!(part.key_part_identifier, identifier);
                assert_eq!(
                    (part.split_key_parts, part.split_key_threshold),
                    (5, threshold)
                );
                assert_eq!(
                    part.key_block.cryptographic_algorithm,
                    Some(CryptographicAlgorithm::AES)
                );
                assert_eq!(part.key_block.cryptographic_length, Some(256));
                assert_ne!(bytes(&ManagedObject::SplitKey(part)), key);
            }
            let enough: Vec<_> = parts
                .iter()
                .rev()
                .take(usize::try_from(threshold).unwrap())
                .cloned()
                .collect();
            let whole = join(&mut fixture, &enough, ObjectType::SymmetricKey).unwrap();
            assert_eq!(
                bytes(&get(&mut fixture, &whole).unwrap()),
                key,
                "{version} {method:?}"
            );
            assert_eq!(
                join(&mut fixture, &enough[1..], ObjectType::SymmetricKey),
                Err(ResultReason::CryptographicFailure)
            );
        }
    }
}

#[test]
fn secret_data_and_private_keys_are_split_too() {
    let mut fixture = Fixture::new();
    let data = ManagedObject::SecretData(SecretData {
        secret_data_type: SecretDataType::Password,
        key_block: raw(b"\0odd"),
    });
    let secret = register(&mut fixture, data, list([])).unwrap();
    let (private, _) = crate::locked::pair(
        &mut fixture,
        crate::locked::ec(kmip::RecommendedCurve::P256),
        false,
    );
    for method in METHODS {
        let parts = split(&mut fixture, &request(Some(&secret), method, (2, 2))).unwrap();
        let whole = join(&mut fixture, &parts, ObjectType::SecretData).unwrap();
        assert_eq!(
            bytes(&get(&mut fixture, &whole).unwrap()),
            b"\0odd",
            "{method:?}"
        );
        let mut asked = request(Some(&private), method, (3, 3));
        // A PKCS #8 structure of P-256 is longer than the secrets of 2⁵²¹ − 1.
        if method == SplitKeyMethod::PolynomialSharingPrimeField {
            asked.prime_field_size = Some(BigInteger::from_unsigned(&mersenne_1279()));
        }
        let parts = split(&mut fixture, &asked).unwrap();
        let whole = join(&mut fixture, &parts, ObjectType::PrivateKey).unwrap();
        let digest = |fixture: &Fixture, id: &str| {
            let mut tx = store::Store::begin(&*fixture.store);
            let record = tx.record(&store::ObjectId(id.to_owned())).unwrap().unwrap();
            record.spec
        };
        assert_eq!(digest(&fixture, &whole), digest(&fixture, &private));
        let format = |id: &str| GetRequest {
            unique_identifier: Some(id.into()),
            key_format_type: Some(KeyFormatType::PKCS8),
            ..GetRequest::default()
        };
        let [one, two] = [&whole, &private].map(|id| {
            let got = fixture.call::<Get>(&format(id)).unwrap();
            bytes(&got.object)
        });
        assert_eq!(one, two, "{method:?}");
    }
}

/// 2¹²⁷⁹ − 1.
fn mersenne_1279() -> Vec<u8> {
    let mut prime = vec![0xFF; 160];
    prime[0] = 0x7F;
    prime
}

#[test]
fn a_locked_key_is_never_split() {
    let mut fixture = Fixture::new();
    let (objects, _) = crate::locked::locked_objects(&mut fixture);
    for version in versions() {
        fixture.version = version;
        for (object_type, id) in &objects {
            let refusal = split(
                &mut fixture,
                &request(Some(id), SplitKeyMethod::PolynomialSharingGF28, (3, 2)),
            );
            let wanted = if version >= V1_4 {
                ResultReason::NotExtractable
            } else {
                ResultReason::PermissionDenied
            };
            assert_eq!(refusal, Err(wanted), "{version} {object_type:?}");
        }
    }
}

#[test]
fn parts_of_what_is_sensitive_are_sensitive_and_so_is_the_whole() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([Attribute::Sensitive(true)]);
    let mut asked = request(Some(&id), SplitKeyMethod::XOR, (2, 2));
    asked.attributes = list([Attribute::Sensitive(false)]);
    let parts = split(&mut fixture, &asked).unwrap();
    assert_eq!(
        get(&mut fixture, &parts[0]).err(),
        Some(ResultReason::Sensitive)
    );
    let whole = join(&mut fixture, &parts, ObjectType::SymmetricKey).unwrap();
    assert_eq!(
        get(&mut fixture, &whole).err(),
        Some(ResultReason::Sensitive)
    );
}

#[test]
fn parts_of_different_keys_do_not_join() {
    let mut fixture = Fixture::new();
    let (one, two) = (fixture.aes_key([]), fixture.aes_key([]));
    for method in METHODS {
        let [one, two] =
            [&one, &two].map(|id| split(&mut fixture, &request(Some(id), method, (2, 2))).unwrap());
        let mixed = [one[0].clone(), two[1].clone()];
        assert_eq!(
            join(&mut fixture, &mixed, ObjectType::SymmetricKey),
            Err(ResultReason::CryptographicFailure),
            "{method:?}"
        );
        let twice = [one[0].clone(), one[0].clone()];
        assert_eq!(
            join(&mut fixture, &twice, ObjectType::SymmetricKey),
            Err(ResultReason::CryptographicFailure)
        );
    }
    let key = [one, two];
    assert_eq!(
        join(&mut fixture, &key, ObjectType::SymmetricKey),
        Err(ResultReason::InvalidObjectType)
    );
    assert_eq!(
        join(&mut fixture, &[], ObjectType::SymmetricKey),
        Err(ResultReason::CryptographicFailure)
    );
}

fn part_of_four(identifier: i32, bytes: &[u8]) -> SplitKey {
    SplitKey {
        split_key_parts: 4,
        key_part_identifier: identifier,
        split_key_threshold: 2,
        split_key_method: SplitKeyMethod::PolynomialSharingGF28,
        prime_field_size: None,
        key_block: raw(bytes),
    }
}

#[test]
fn parts_that_a_client_brings_make_a_key() {
    // The line 0102…10 + x·(a byte each), worked out by hand modulo x⁸ + x⁴ + x³ + x² + 1.
    let secret: Vec<u8> = (1..=16).collect();
    let slope = 0xC6;
    let double = |byte: u8| (byte << 1) ^ (0x1D * (byte >> 7));
    let points = [
        (
            1,
            secret.iter().map(|byte| byte ^ slope).collect::<Vec<_>>(),
        ),
        (
            3,
            secret
                .iter()
                .map(|byte| byte ^ slope ^ double(slope))
                .collect(),
        ),
    ];
    for version in [V1_2, V1_4, V2_1] {
        let mut fixture = Fixture::new();
        fixture.version = version;
        let parts: Vec<_> = points
            .iter()
            .map(|(at, bytes)| {
                register(
                    &mut fixture,
                    ManagedObject::SplitKey(part_of_four(*at, bytes)),
                    list([]),
                )
                .unwrap()
            })
            .collect();
        let whole = join(&mut fixture, &parts, ObjectType::SymmetricKey).unwrap();
        assert_eq!(bytes(&get(&mut fixture, &whole).unwrap()), secret);
    }
}

#[test]
fn parts_whose_numbers_make_no_sense_are_refused() {
    let mut fixture = Fixture::new();
    for senseless in [
        SplitKey {
            key_part_identifier: 5,
            ..part_of_four(1, &[7; 16])
        },
        SplitKey {
            key_part_identifier: 0,
            ..part_of_four(1, &[7; 16])
        },
        SplitKey {
            split_key_threshold: 5,
            ..part_of_four(1, &[7; 16])
        },
        SplitKey {
            split_key_method: SplitKeyMethod::XOR,
            ..part_of_four(1, &[7; 16])
        },
    ] {
        let refusal = register(&mut fixture, ManagedObject::SplitKey(senseless), list([]));
        assert_eq!(refusal, Err(ResultReason::InvalidField));
    }
}

#[test]
fn a_new_key_is_only_in_its_parts_and_the_first_is_the_placeholder() {
    let mut fixture = Fixture::new();
    let mut asked = request(None, SplitKeyMethod::PolynomialSharingGF28, (3, 2));
    asked.attributes = list([
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(128),
        Attribute::Name(Name::text("parts")),
    ]);
    let version = fixture.version;
    let items = fixture.batch(
        None,
        &[
            outgoing::<CreateSplitKey>(&asked, version),
            outgoing::<Get>(&GetRequest::default(), version),
        ],
    );
    let made = read::<CreateSplitKey>(&items[0], version).unwrap();
    let got = read::<Get>(&items[1], version).unwrap();
    assert_eq!(got.unique_identifier, made.unique_identifier[0]);
    let ManagedObject::SplitKey(part) = got.object else {
        panic!("no part");
    };
    assert_eq!(
        (
            part.key_part_identifier,
            part.key_block.cryptographic_length
        ),
        (1, Some(128))
    );
    let ids: Vec<_> = made.unique_identifier.iter().map(text).collect();
    let whole = join(&mut fixture, &ids[1..], ObjectType::SymmetricKey).unwrap();
    assert_eq!(bytes(&get(&mut fixture, &whole).unwrap()).len(), 16);
    // Without a description, what was made before is split.
    let mask = Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt);
    let key = create(vec![
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        mask,
    ]);
    let items = fixture.batch(
        None,
        &[
            outgoing::<kmip::payload::create::Create>(&key, version),
            outgoing::<CreateSplitKey>(&request(None, SplitKeyMethod::XOR, (2, 2)), version),
        ],
    );
    assert_eq!(
        read::<CreateSplitKey>(&items[1], version)
            .unwrap()
            .unique_identifier
            .len(),
        2
    );
}

#[test]
fn senseless_splits_are_refused() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    let gf8 = SplitKeyMethod::PolynomialSharingGF28;
    let by_prime = SplitKeyMethod::PolynomialSharingPrimeField;
    let with_prime = |prime: Option<BigInteger>| CreateSplitKeyRequest {
        prime_field_size: prime,
        ..request(Some(&id), by_prime, (3, 2))
    };
    let bad = ResultReason::BadCryptographicParameters;
    let unsupported = ResultReason::UnsupportedCryptographicParameters;
    for (asked, reason) in [
        (request(Some(&id), gf8, (3, 4)), bad),
        (request(Some(&id), gf8, (3, 1)), bad),
        (request(Some(&id), gf8, (0, 0)), bad),
        (request(Some(&id), gf8, (-1, 2)), bad),
        (request(Some(&id), gf8, (300, 2)), unsupported),
        (request(Some(&id), SplitKeyMethod::XOR, (3, 2)), bad),
        (
            request(Some(&id), SplitKeyMethod(0x77), (3, 2)),
            unsupported,
        ),
        (with_prime(None), ResultReason::InvalidField),
        (with_prime(Some(BigInteger::from_unsigned(&[15]))), bad),
        // 2¹²⁷ − 1 is smaller than most keys of 256 bits.
        (
            with_prime(Some(BigInteger::from_unsigned(&{
                let mut prime = [0xFF; 16];
                prime[0] = 0x7F;
                prime
            }))),
            bad,
        ),
        (
            request(Some("nothing"), gf8, (3, 2)),
            ResultReason::ObjectNotFound,
        ),
        (request(None, gf8, (3, 2)), ResultReason::InvalidField),
    ] {
        assert_eq!(split(&mut fixture, &asked), Err(reason));
    }
}

#[test]
fn who_may_not_read_a_key_may_not_split_it() {
    let policy = "version = 1\n[role.special]\nallow = [\"CreateSplitKey\", \"GetAttributes\"]\n";
    let mut fixture = Fixture::with_policy(keyhold::policy::Policy::parse(policy).unwrap());
    let id = fixture.aes_key([]);
    fixture.as_client(6);
    assert_eq!(
        split(
            &mut fixture,
            &request(Some(&id), SplitKeyMethod::XOR, (2, 2))
        ),
        Err(ResultReason::PermissionDenied)
    );
}

#[test]
fn a_symmetric_key_object_is_not_a_part() {
    let mut fixture = Fixture::new();
    let key = ManagedObject::SymmetricKey(KeyObject {
        key_block: raw(&[1; 16]),
    });
    let mask = CryptographicUsageMask::Encrypt;
    let with = list([
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicUsageMask(mask),
    ]);
    let id = register(&mut fixture, key, with).unwrap();
    assert_eq!(
        join(&mut fixture, &[id], ObjectType::SymmetricKey),
        Err(ResultReason::InvalidObjectType)
    );
}
