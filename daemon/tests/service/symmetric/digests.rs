//! MACs and digests of every function.

use kmip::{
    BlockCipherMode, CryptographicAlgorithm, HashingAlgorithm, ResultReason, Secret,
    ValidityIndicator,
    attribute::CryptographicParameters,
    payload::{
        hash::{Hash, HashRequest},
        mac::{MAC, MACRequest, MACVerify, MACVerifyRequest},
    },
};

use super::{key, mode};
use crate::fixture::Fixture;

#[test]
fn macs_are_made_and_verified() {
    let mut fixture = Fixture::new();
    let aes = key(&mut fixture, CryptographicAlgorithm::AES, None, &[1; 16]).unwrap();
    let des = key(&mut fixture, CryptographicAlgorithm::DES3, None, &[2; 16]).unwrap();
    let hmac = CryptographicParameters {
        cryptographic_algorithm: Some(CryptographicAlgorithm::HMACSHA256),
        ..CryptographicParameters::default()
    };
    for (id, with, bytes) in [
        (&aes, mode(BlockCipherMode::CMAC), 16),
        (&aes, mode(BlockCipherMode::CBCMAC), 16),
        (&aes, hmac, 32),
        (&des, mode(BlockCipherMode::CMAC), 8),
        (&des, mode(BlockCipherMode::CBCMAC), 8),
    ] {
        let request = MACRequest {
            unique_identifier: Some(id.as_str().into()),
            cryptographic_parameters: Some(with.clone()),
            data: Some(Secret::from(&b"message"[..])),
            ..MACRequest::default()
        };
        let mac = fixture.call::<MAC>(&request).unwrap().mac_data.unwrap();
        assert_eq!(mac.0.len(), bytes, "{with:?}");
        for (altered, expected) in [
            (0, ValidityIndicator::Valid),
            (1, ValidityIndicator::Invalid),
        ] {
            let mut mac = mac.clone();
            mac.0[0] ^= altered;
            let request = MACVerifyRequest {
                unique_identifier: request.unique_identifier.clone(),
                cryptographic_parameters: request.cryptographic_parameters.clone(),
                data: request.data.clone(),
                mac_data: Some(mac),
                ..MACVerifyRequest::default()
            };
            let answer = fixture.call::<MACVerify>(&request).unwrap();
            assert_eq!(answer.validity_indicator, Some(expected));
        }
    }
}

#[test]
fn digests_of_every_function() {
    let mut fixture = Fixture::new();
    let mut hash = |algorithm| {
        let request = HashRequest {
            cryptographic_parameters: CryptographicParameters {
                hashing_algorithm: Some(algorithm),
                ..CryptographicParameters::default()
            },
            data: Some(Secret::from(&b"abc"[..])),
            ..HashRequest::default()
        };
        let answer = fixture.call::<Hash>(&request)?;
        Ok(hex::encode(answer.data.unwrap().0))
    };
    assert_eq!(
        hash(HashingAlgorithm::MD5),
        Ok("900150983cd24fb0d6963f7d28e17f72".to_owned())
    );
    assert_eq!(
        hash(HashingAlgorithm::SHA512224),
        Ok("4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa".to_owned())
    );
    assert_eq!(
        hash(HashingAlgorithm::Whirlpool),
        Err(ResultReason::UnsupportedCryptographicParameters)
    );
}
