//! Digests, MACs and signatures in parts.

use kmip::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, HashingAlgorithm,
    ResultReason, Secret, ValidityIndicator,
    attribute::{Attribute, CryptographicParameters},
    payload::{
        activate::{Activate, ActivateRequest},
        create::{CreateKeyPair, CreateKeyPairRequest},
        hash::{Hash, HashRequest},
        mac::{MAC, MACRequest, MACVerify, MACVerifyRequest},
        sign::{Sign, SignRequest, SignatureVerify, SignatureVerifyRequest},
    },
    ttlv::Bytes,
};

use super::{AES, Of};
use crate::{
    fixture::{Fixture, text},
    symmetric::{key, mode},
};

#[test]
fn digests_in_parts() {
    let mut fixture = Fixture::new();
    let mut hash = |data: &[u8], of: Option<&Of>| {
        let (correlation_value, init_indicator, final_indicator) =
            of.map_or((None, None, None), Of::fields);
        let request = HashRequest {
            cryptographic_parameters: CryptographicParameters {
                hashing_algorithm: Some(HashingAlgorithm::SHA256),
                ..CryptographicParameters::default()
            },
            data: Some(Secret::from(data)),
            correlation_value,
            init_indicator,
            final_indicator,
        };
        fixture.call::<Hash>(&request).unwrap()
    };
    let own = hash(b"a", Some(&Of::First)).correlation_value.unwrap();
    assert_eq!(hash(b"b", Some(&Of::Next(own.clone()))).data, None);
    let last = hash(b"c", Some(&Of::Last(own)));
    let whole = hash(b"abc", None);
    assert_eq!((last.data, last.correlation_value), (whole.data, None));
}

/// One part of a MAC, or the whole.
fn mac(id: &str, with: &CryptographicParameters, data: &[u8], of: Option<&Of>) -> MACRequest {
    let (correlation_value, init_indicator, final_indicator) =
        of.map_or((None, None, None), Of::fields);
    MACRequest {
        unique_identifier: Some(id.into()),
        cryptographic_parameters: Some(with.clone()),
        data: Some(Secret::from(data)),
        correlation_value,
        init_indicator,
        final_indicator,
    }
}

/// The verification of a MAC by the same fields.
fn verify(mac: Option<Bytes>, of: MACRequest) -> MACVerifyRequest {
    MACVerifyRequest {
        unique_identifier: of.unique_identifier,
        cryptographic_parameters: of.cryptographic_parameters,
        data: of.data,
        mac_data: mac,
        correlation_value: of.correlation_value,
        init_indicator: of.init_indicator,
        final_indicator: of.final_indicator,
    }
}

#[test]
fn macs_in_parts() {
    let mut fixture = Fixture::new();
    let aes = key(&mut fixture, AES, None, &[1; 16]).unwrap();
    for with in [mode(BlockCipherMode::CMAC), mode(BlockCipherMode::CBCMAC)] {
        let request = |data: &[u8], of: Option<&Of>| mac(&aes, &with, data, of);
        let first = fixture
            .call::<MAC>(&request(b"mess", Some(&Of::First)))
            .unwrap();
        let own = first.correlation_value.unwrap();
        let last = fixture.call::<MAC>(&request(b"age", Some(&Of::Last(own))));
        let whole = fixture.call::<MAC>(&request(b"message", None)).unwrap();
        assert_eq!(last.unwrap().mac_data, whole.mac_data);
        for (given, expected) in [
            (whole.mac_data.clone(), Ok(Some(ValidityIndicator::Valid))),
            (
                Some(Bytes(vec![0; 16])),
                Ok(Some(ValidityIndicator::Invalid)),
            ),
            (None, Err(ResultReason::InvalidField)),
        ] {
            let first = verify(given, request(b"mess", Some(&Of::First)));
            let first = fixture.call::<MACVerify>(&first).unwrap();
            let own = first.correlation_value.unwrap();
            let last = verify(None, request(b"age", Some(&Of::Last(own))));
            let answer = fixture.call::<MACVerify>(&last);
            assert_eq!(answer.map(|answer| answer.validity_indicator), expected);
        }
    }
}

/// A new key pair that signs and verifies at once.
fn pair(fixture: &mut Fixture, algorithm: CryptographicAlgorithm, bits: i32) -> (String, String) {
    let list = |attributes: Vec<Attribute>| attributes.into_iter().collect();
    let response = fixture
        .call::<CreateKeyPair>(&CreateKeyPairRequest {
            common_attributes: list(vec![
                Attribute::CryptographicAlgorithm(algorithm),
                Attribute::CryptographicLength(bits),
            ]),
            private_key_attributes: list(vec![Attribute::CryptographicUsageMask(
                CryptographicUsageMask::Sign,
            )]),
            public_key_attributes: list(vec![Attribute::CryptographicUsageMask(
                CryptographicUsageMask::Verify,
            )]),
            common_protection_storage_masks: None,
            private_protection_storage_masks: None,
            public_protection_storage_masks: None,
        })
        .unwrap();
    let ids = [
        response.private_key_unique_identifier,
        response.public_key_unique_identifier,
    ];
    for id in &ids {
        let request = ActivateRequest {
            unique_identifier: Some(id.clone()),
        };
        fixture.call::<Activate>(&request).unwrap();
    }
    let [private, public] = ids.map(|id| text(&id));
    (private, public)
}

/// What signs by a digest, and what signs the message itself.
const SIGNERS: [(CryptographicAlgorithm, i32); 4] = [
    (CryptographicAlgorithm::EC, 256),
    (CryptographicAlgorithm::EC, 384),
    (CryptographicAlgorithm::Ed25519, 256),
    (CryptographicAlgorithm::RSA, 2048),
];

#[test]
fn signatures_in_parts_verify_in_parts_and_at_once() {
    let mut fixture = Fixture::new();
    for (algorithm, bits) in SIGNERS {
        let (private, public) = pair(&mut fixture, algorithm, bits);
        let sign = |data: &[u8], of: &Of| {
            let (correlation_value, init_indicator, final_indicator) = of.fields();
            SignRequest {
                unique_identifier: Some(private.as_str().into()),
                data: Some(Secret::from(data)),
                correlation_value,
                init_indicator,
                final_indicator,
                ..SignRequest::default()
            }
        };
        let own = fixture.call::<Sign>(&sign(b"mess", &Of::First)).unwrap();
        assert_eq!(own.signature_data, None);
        let own = own.correlation_value.unwrap();
        let made = fixture.call::<Sign>(&sign(b"age", &Of::Last(own))).unwrap();
        let signature = made.signature_data.unwrap();
        let verify = |data: &[u8], signature, of: Option<&Of>| {
            let (correlation_value, init_indicator, final_indicator) =
                of.map_or((None, None, None), Of::fields);
            SignatureVerifyRequest {
                unique_identifier: Some(public.as_str().into()),
                data: Some(Secret::from(data)),
                signature_data: signature,
                correlation_value,
                init_indicator,
                final_indicator,
                ..SignatureVerifyRequest::default()
            }
        };
        let whole = verify(b"message", Some(signature.clone()), None);
        let answer = fixture.call::<SignatureVerify>(&whole).unwrap();
        assert_eq!(
            answer.validity_indicator,
            Some(ValidityIndicator::Valid),
            "{algorithm:?}"
        );
        for (end, expected) in [
            (b"age", ValidityIndicator::Valid),
            (b"aga", ValidityIndicator::Invalid),
        ] {
            let first = verify(b"mess", None, Some(&Of::First));
            let own = fixture
                .call::<SignatureVerify>(&first)
                .unwrap()
                .correlation_value
                .unwrap();
            let last = verify(end, Some(signature.clone()), Some(&Of::Last(own)));
            let answer = fixture.call::<SignatureVerify>(&last).unwrap();
            assert_eq!(answer.validity_indicator, Some(expected), "{algorithm:?}");
        }
    }
}
