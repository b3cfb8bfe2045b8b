//! Every method, and what it gives.

use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask as Mask, DerivationMethod, HashingAlgorithm,
    LinkType, ObjectType, RecommendedCurve, ResultReason, Secret, SecretDataType, V1_4, V2_1,
    attribute::{Attribute, AttributeList, CryptographicDomainParameters},
    object::{ManagedObject, SecretData},
    payload::{
        create::{CreateKeyPair, CreateKeyPairRequest},
        derive::DerivationParameters,
    },
    ttlv::{Bytes, Timestamp},
};

use super::{aes, derive, hashing, key, links, mask, register, request, value};
use crate::{
    fixture::{Fixture, text},
    objects::raw,
};

fn secret(fixture: &mut Fixture, bytes: &[u8]) -> String {
    let data = SecretData {
        secret_data_type: SecretDataType::Password,
        key_block: raw(bytes, None),
    };
    register(
        fixture,
        ManagedObject::SecretData(data),
        vec![mask(Mask::DeriveKey)],
    )
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
