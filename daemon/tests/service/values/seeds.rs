//! Seeds of post-quantum private keys as a key format (KMIP 3.0, working draft 19).

use kmip::{
    CryptographicAlgorithm as Algorithm, CryptographicUsageMask as Mask, KeyFormatType,
    ResultReason, Secret, V2_1, V3_0,
    attribute::{Attribute, AttributeKind, AttributeReference},
    object::{KeyBlock, KeyMaterial, KeyObject, KeyValue, ManagedObject},
    payload::{
        create::{CreateKeyPair, CreateKeyPairRequest},
        get_attributes::{GetAttributes, GetAttributesRequest},
    },
};

use super::register;
use crate::{
    fixture::{Fixture, text},
    objects::get,
};

fn private(fixture: &mut Fixture, algorithm: Algorithm) -> String {
    let mask = |mask| {
        [Attribute::CryptographicUsageMask(mask)]
            .into_iter()
            .collect()
    };
    let request = CreateKeyPairRequest {
        common_attributes: [Attribute::CryptographicAlgorithm(algorithm)]
            .into_iter()
            .collect(),
        private_key_attributes: mask(Mask::Sign),
        public_key_attributes: mask(Mask::Verify),
        common_protection_storage_masks: None,
        private_protection_storage_masks: None,
        public_protection_storage_masks: None,
    };
    let pair = fixture.call::<CreateKeyPair>(&request).unwrap();
    text(&pair.private_key_unique_identifier)
}

fn bytes(object: &ManagedObject) -> Vec<u8> {
    match &object.key_block().unwrap().key_value {
        Some(KeyValue::Plain {
            key_material: KeyMaterial::Bytes(bytes),
            ..
        }) => bytes.expose().to_vec(),
        _ => panic!("no bytes"),
    }
}

fn seed_of(algorithm: Algorithm, seed: &[u8]) -> ManagedObject {
    ManagedObject::PrivateKey(KeyObject {
        key_block: KeyBlock {
            key_format_type: KeyFormatType::SeedPrivateKey,
            key_compression_type: None,
            key_value: Some(KeyValue::plain(KeyMaterial::Bytes(Secret::from(seed)))),
            cryptographic_algorithm: Some(algorithm),
            cryptographic_length: None,
            key_wrapping_data: None,
        },
    })
}

#[test]
fn a_key_goes_out_and_comes_in_as_its_seed() {
    let mut fixture = Fixture::new();
    fixture.version = V3_0;
    for (algorithm, seed_bytes) in [
        (Algorithm::MLKEM512, 64),
        (Algorithm::MLKEM1024, 64),
        (Algorithm::MLDSA44, 32),
        (Algorithm::MLDSA87, 32),
    ] {
        let id = private(&mut fixture, algorithm);
        let seed = get(&mut fixture, &id, Some(KeyFormatType::SeedPrivateKey)).unwrap();
        assert_eq!(bytes(&seed).len(), seed_bytes);
        let again = register(&mut fixture, Some(Mask::Sign), seed.clone()).unwrap();
        assert!(
            get(&mut fixture, &again, None).unwrap() == seed,
            "as it came"
        );
        for format in [KeyFormatType::PKCS8, KeyFormatType::Raw] {
            let [one, two] = [&id, &again].map(|id| get(&mut fixture, id, Some(format)).unwrap());
            assert!(one == two, "{algorithm:?}: another key");
        }
        let request = GetAttributesRequest {
            unique_identifier: Some(again.as_str().into()),
            attribute_reference: vec![AttributeReference::Standard(AttributeKind::Digest)],
        };
        let told = fixture.call::<GetAttributes>(&request).unwrap().attributes;
        let Some(Attribute::Digest(digest)) = told.iter().next() else {
            panic!("no digest");
        };
        assert_eq!(digest.key_format_type, Some(KeyFormatType::SeedPrivateKey));
        let own = hsm::public::hash(kmip::mechanism::Hash::Sha256, &bytes(&seed)).unwrap();
        assert_eq!(digest.digest_value.as_ref().unwrap().0, own);
        // Versions that have no such format get one that they know.
        fixture.version = V2_1;
        let known = get(&mut fixture, &again, None).unwrap();
        let format = known.key_block().unwrap().key_format_type;
        assert_eq!(format, KeyFormatType::PKCS8);
        fixture.version = V3_0;
    }
}

#[test]
fn what_has_no_seed_is_given_in_another_format_or_refused() {
    let mut fixture = Fixture::new();
    fixture.version = V3_0;
    let not_served = Some(ResultReason::KeyFormatTypeNotSupported);
    let seed = KeyFormatType::SeedPrivateKey;
    let id = private(&mut fixture, Algorithm::MLDSA44);
    let expanded = get(&mut fixture, &id, Some(KeyFormatType::Raw)).unwrap();
    let id = register(&mut fixture, Some(Mask::Sign), expanded).unwrap();
    assert_eq!(get(&mut fixture, &id, Some(seed)).err(), not_served);
    for algorithm in [Algorithm::SLHDSASHA2128f, Algorithm::Ed25519] {
        let id = private(&mut fixture, algorithm);
        assert_eq!(get(&mut fixture, &id, Some(seed)).err(), not_served);
        let refused = register(&mut fixture, Some(Mask::Sign), seed_of(algorithm, &[7; 32]));
        assert_eq!(refused.err(), not_served, "{algorithm:?}");
    }
    // A seed of another length is none, though an expanded key may be as long.
    for bytes in [31, 64, 2560] {
        let object = seed_of(Algorithm::MLDSA44, &vec![7; bytes]);
        let refused = register(&mut fixture, Some(Mask::Sign), object).err();
        assert_eq!(refused, Some(ResultReason::InvalidField), "{bytes} bytes");
    }
}
