//! Parts that make their key again.

use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask, KeyFormatType, ObjectType, ResultReason,
    SecretDataType, SplitKeyMethod, SplitKeyPolynomial, V1_2, V1_4, V2_1, V3_0,
    attribute::{Attribute, Name},
    client::outgoing,
    object::{ManagedObject, SecretData},
    payload::{
        get::{Get, GetRequest},
        get_attributes::{GetAttributes, GetAttributesRequest},
        split::CreateSplitKey,
    },
    ttlv::BigInteger,
};

use super::{METHODS, bytes, join, part_of_four, raw, request, split, versions};
use crate::{
    fixture::{Fixture, create, read, text},
    objects::{get, list, register},
};

#[test]
fn a_key_comes_back_from_enough_of_its_parts_in_every_version() {
    for version in versions() {
        for method in METHODS {
            let mut fixture = Fixture::new();
            fixture.version = version;
            let id = fixture.aes_key([]);
            let key = bytes(&get(&mut fixture, &id, None).unwrap());
            let threshold = if method == SplitKeyMethod::XOR { 5 } else { 3 };
            let parts = split(&mut fixture, &request(Some(&id), method, (5, threshold))).unwrap();
            for (identifier, part) in (1..).zip(&parts) {
                let ManagedObject::SplitKey(part) = get(&mut fixture, part, None).unwrap() else {
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
                bytes(&get(&mut fixture, &whole, None).unwrap()),
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
            bytes(&get(&mut fixture, &whole, None).unwrap()),
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
        assert_eq!(bytes(&get(&mut fixture, &whole, None).unwrap()), secret);
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
    assert_eq!(bytes(&get(&mut fixture, &whole, None).unwrap()).len(), 16);
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
fn a_part_says_which_it_is_in_3_0() {
    let mut fixture = Fixture::new();
    let id = fixture.aes_key([]);
    let method = SplitKeyMethod::PolynomialSharingGF28;
    fixture.version = V3_0;
    let mut request = request(Some(&id), method, (3, 2));
    let parts = split(&mut fixture, &request).unwrap();
    let told = fixture
        .call::<GetAttributes>(&GetAttributesRequest {
            unique_identifier: Some(parts[1].as_str().into()),
            attribute_reference: vec![],
        })
        .unwrap();
    for expected in [
        Attribute::KeyPartIdentifier(2),
        Attribute::SplitKeyMethod(method),
        Attribute::SplitKeyParts(3),
        Attribute::SplitKeyThreshold(2),
        Attribute::SplitKeyPolynomial(SplitKeyPolynomial::Polynomial283),
    ] {
        assert!(
            told.attributes.iter().any(|own| *own == expected),
            "{expected:?}"
        );
    }
    let other = Attribute::SplitKeyPolynomial(SplitKeyPolynomial::Polynomial285);
    request.attributes = list([other]);
    let refused = split(&mut fixture, &request).err();
    assert_eq!(
        refused,
        Some(ResultReason::UnsupportedCryptographicParameters)
    );
}
