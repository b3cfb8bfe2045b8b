//! Keys of old algorithms, kept or used with care.

use kmip::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, ResultReason,
    attribute::Attribute,
    object::{KeyMaterial, KeyValue, ManagedObject},
    payload::{
        encrypt::Encrypt,
        get::{Get, GetRequest},
    },
};

use super::{encryption, key, mode};
use crate::fixture::{Fixture, NOON};

#[test]
fn keys_of_old_algorithms_are_kept_and_released_but_not_used() {
    let mut fixture = Fixture::new();
    for (algorithm, bits, bytes) in [
        (CryptographicAlgorithm::DES, 56, 8),
        (CryptographicAlgorithm::SKIPJACK, 80, 10),
        (CryptographicAlgorithm::RC4, 128, 16),
        (CryptographicAlgorithm::Camellia, 256, 32),
        (CryptographicAlgorithm::Blowfish, 448, 56),
        (CryptographicAlgorithm::OneTimePad, 4096, 512),
        (CryptographicAlgorithm::Poly1305, 256, 32),
    ] {
        let created = fixture.create(vec![
            Attribute::CryptographicAlgorithm(algorithm),
            Attribute::CryptographicLength(bits),
            Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
            Attribute::ActivationDate(NOON),
        ]);
        let id = created.unwrap_or_else(|reason| panic!("{algorithm:?}: {reason:?}"));
        let request = GetRequest {
            unique_identifier: Some(id.as_str().into()),
            ..GetRequest::default()
        };
        let ManagedObject::SymmetricKey(own) = fixture.call::<Get>(&request).unwrap().object else {
            panic!("a symmetric key");
        };
        assert_eq!(own.key_block.cryptographic_algorithm, Some(algorithm));
        assert_eq!(own.key_block.cryptographic_length, Some(bits));
        let Some(KeyValue::Plain {
            key_material: KeyMaterial::Bytes(material),
            ..
        }) = own.key_block.key_value
        else {
            panic!("raw bytes");
        };
        assert_eq!(material.len(), bytes, "{algorithm:?}");
        let refused =
            fixture.call::<Encrypt>(&encryption(&id, &mode(BlockCipherMode::CBC), &[0; 16]));
        assert_eq!(
            refused.err(),
            Some(ResultReason::UnsupportedCryptographicParameters)
        );
    }
    let refused = key(
        &mut fixture,
        CryptographicAlgorithm::SKIPJACK,
        None,
        &[0; 16],
    );
    assert_eq!(refused.err(), Some(ResultReason::InvalidField));
}

#[test]
fn parity_of_triple_des_is_counted_or_not() {
    let mut fixture = Fixture::new();
    for length in [None, Some(168), Some(192)] {
        assert!(key(&mut fixture, CryptographicAlgorithm::DES3, length, &[1; 24]).is_ok());
    }
    for length in [None, Some(112), Some(128)] {
        assert!(key(&mut fixture, CryptographicAlgorithm::DES3, length, &[1; 16]).is_ok());
    }
    for (length, bytes) in [(Some(168), 16), (Some(256), 24), (None, 8), (None, 32)] {
        let refused = key(
            &mut fixture,
            CryptographicAlgorithm::DES3,
            length,
            &vec![1; bytes],
        );
        assert_eq!(
            refused.err(),
            Some(ResultReason::InvalidField),
            "{length:?} {bytes}"
        );
    }
}
