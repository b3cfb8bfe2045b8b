//! Bases, parameters and lengths that do not fit.

use kmip::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask as Mask, DerivationMethod,
    HashingAlgorithm, ObjectType, ResultReason, Secret, UniqueIdentifierEnumeration,
    attribute::{Attribute, CryptographicParameters, UniqueIdentifier},
    payload::derive::DerivationParameters,
    ttlv::Bytes,
};

use super::{Refused, aes, derive, hashing, key, links, mask, refused, request};
use crate::fixture::Fixture;

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
