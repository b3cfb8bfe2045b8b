//! Sensitive keys leave under keys that keep them, and come back as sensitive ones: the rule of the PKCS#11 module, asked of
//! KMIP by itself.

use kmip::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask as Mask, EncodingOption,
    KeyFormatType, ObjectType, PaddingMethod, ResultReason, WrappingMethod,
    attribute::{Attribute, CryptographicParameters},
    object::{
        EncryptionKeyInformation, KeyBlock, KeyObject, KeyWrappingSpecification, ManagedObject,
    },
    payload::{
        create::{CreateKeyPair, CreateKeyPairRequest},
        get::{Get, GetRequest},
        register::{Register, RegisterRequest},
    },
    ttlv::Bytes,
};

use crate::{
    fixture::{Fixture, NOON, text},
    objects::{list, raw},
};

const LOCKED: [Attribute; 2] = [Attribute::Sensitive(true), Attribute::Extractable(false)];
const LEAVES: [Attribute; 2] = [Attribute::Sensitive(true), Attribute::Extractable(true)];
const BOTH: Mask = Mask(Mask::WrapKey.0 | Mask::UnwrapKey.0);

fn aes(mask: Mask, more: &[Attribute]) -> Vec<Attribute> {
    let own = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(mask),
        Attribute::ActivationDate(NOON),
    ];
    [&own[..], more].concat()
}

fn registered(
    fixture: &mut Fixture,
    attributes: Vec<Attribute>,
    block: KeyBlock,
) -> Result<String, ResultReason> {
    let request = RegisterRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: list(attributes),
        object: Some(ManagedObject::SymmetricKey(KeyObject { key_block: block })),
        protection_storage_masks: None,
    };
    let made = fixture.call::<Register>(&request)?;
    Ok(text(&made.unique_identifier))
}

fn brought(fixture: &mut Fixture, more: &[Attribute]) -> String {
    let block = raw(&[7; 32], Some(CryptographicAlgorithm::AES));
    registered(fixture, aes(BOTH, more), block).unwrap()
}

fn by(mode: BlockCipherMode) -> CryptographicParameters {
    CryptographicParameters {
        block_cipher_mode: Some(mode),
        ..CryptographicParameters::default()
    }
}

fn how(
    kek: &str,
    parameters: CryptographicParameters,
    iv: Option<&[u8]>,
) -> KeyWrappingSpecification {
    KeyWrappingSpecification {
        iv_counter_nonce: iv.map(|iv| Bytes(iv.to_vec())),
        authenticated_encryption_additional_data: None,
        wrapping_method: WrappingMethod::Encrypt,
        encryption_key_information: Some(EncryptionKeyInformation {
            unique_identifier: kek.into(),
            cryptographic_parameters: Some(parameters),
        }),
        mac_signature_key_information: None,
        attribute_name: vec![],
        encoding_option: Some(EncodingOption::NoEncoding),
    }
}

fn wrapped(
    fixture: &mut Fixture,
    id: &str,
    how: KeyWrappingSpecification,
) -> Result<KeyBlock, ResultReason> {
    let request = GetRequest {
        unique_identifier: Some(id.into()),
        key_format_type: Some(KeyFormatType::Raw),
        key_wrapping_specification: Some(how),
        ..GetRequest::default()
    };
    let got = fixture.call::<Get>(&request)?;
    Ok(got.object.key_block().unwrap().clone())
}

const REFUSED: ResultReason = ResultReason::IncompatibleCryptographicUsageMask;

fn kw() -> CryptographicParameters {
    by(BlockCipherMode::NISTKeyWrap)
}

#[test]
fn a_sensitive_key_leaves_under_no_key_that_somebody_may_know() {
    let mut fixture = Fixture::new();
    let key = fixture.create(aes(Mask::Encrypt, &LEAVES)).unwrap();
    for more in [&[][..], &LOCKED] {
        let kek = brought(&mut fixture, more);
        let left = wrapped(&mut fixture, &key, how(&kek, kw(), None));
        assert_eq!(left.err(), Some(REFUSED), "the client knows it");
    }
    for more in [&[][..], &LEAVES] {
        let kek = fixture.create(aes(BOTH, more)).unwrap();
        let left = wrapped(&mut fixture, &key, how(&kek, kw(), None));
        assert_eq!(left.err(), Some(REFUSED), "it may leave itself");
    }
    let kek = fixture.create(aes(BOTH, &LOCKED)).unwrap();
    assert!(wrapped(&mut fixture, &key, how(&kek, kw(), None)).is_ok());
}

#[test]
fn a_sensitive_key_leaves_under_no_public_key_that_nobody_trusts() {
    let mut fixture = Fixture::new();
    let mask = |mask| list(vec![Attribute::CryptographicUsageMask(mask)]);
    let pair = fixture
        .call::<CreateKeyPair>(&CreateKeyPairRequest {
            common_attributes: list(vec![
                Attribute::CryptographicAlgorithm(CryptographicAlgorithm::RSA),
                Attribute::CryptographicLength(2048),
                Attribute::ActivationDate(NOON),
            ]),
            private_key_attributes: mask(Mask::UnwrapKey),
            public_key_attributes: mask(Mask::WrapKey),
            common_protection_storage_masks: None,
            private_protection_storage_masks: None,
            public_protection_storage_masks: None,
        })
        .unwrap();
    let public = text(&pair.public_key_unique_identifier);
    let oaep = || CryptographicParameters {
        padding_method: Some(PaddingMethod::OAEP),
        ..CryptographicParameters::default()
    };
    for (more, outcome) in [
        (&LEAVES[..], Some(REFUSED)),
        (&[Attribute::Sensitive(false)], None),
    ] {
        let key = fixture.create(aes(Mask::Encrypt, more)).unwrap();
        let left = wrapped(&mut fixture, &key, how(&public, oaep(), None));
        assert_eq!(left.err(), outcome);
    }
}

#[test]
fn what_was_sensitive_comes_back_sensitive() {
    let mut fixture = Fixture::new();
    let key = fixture.create(aes(Mask::Encrypt, &LEAVES)).unwrap();
    let kek = fixture.create(aes(BOTH, &LOCKED)).unwrap();
    let block = wrapped(&mut fixture, &key, how(&kek, kw(), None)).unwrap();
    let open = [Attribute::Sensitive(false)];
    let back = registered(&mut fixture, aes(Mask::Encrypt, &open), block.clone());
    assert_eq!(back, Err(REFUSED));
    let back = registered(&mut fixture, aes(Mask::Encrypt, &LEAVES), block).unwrap();
    let plain = GetRequest {
        unique_identifier: Some(back.as_str().into()),
        ..GetRequest::default()
    };
    let told = fixture.call::<Get>(&plain);
    assert_eq!(told.err(), Some(ResultReason::Sensitive));
}

/// Two keys under one key stream tell each other, and CBC of a chosen block is the stream.
#[test]
fn no_key_stream_is_used_twice() {
    let mut fixture = Fixture::new();
    let open = fixture
        .create(aes(Mask::Encrypt, &[Attribute::Sensitive(false)]))
        .unwrap();
    let kek = fixture.create(aes(BOTH, &LOCKED)).unwrap();
    let gcm = || CryptographicParameters {
        tag_length: Some(16),
        ..by(BlockCipherMode::GCM)
    };
    let cbc = || CryptographicParameters {
        padding_method: Some(PaddingMethod::PKCS5),
        ..by(BlockCipherMode::CBC)
    };
    let left = wrapped(&mut fixture, &open, how(&kek, gcm(), Some(&[1; 12])));
    assert_eq!(left.err(), Some(REFUSED), "an IV of the client");
    let left = wrapped(&mut fixture, &open, how(&kek, cbc(), None));
    assert_eq!(left.err(), Some(REFUSED), "CBC");
    let key = fixture.create(aes(Mask::Encrypt, &LEAVES)).unwrap();
    let first = wrapped(&mut fixture, &key, how(&kek, gcm(), None)).unwrap();
    let second = wrapped(&mut fixture, &key, how(&kek, gcm(), None)).unwrap();
    let iv = |block: &KeyBlock| block.key_wrapping_data.clone().unwrap().iv_counter_nonce;
    assert_ne!(iv(&first), iv(&second));
    // A key that makes MACs of one block computes the stream.
    let shows = fixture
        .create(aes(Mask::WrapKey | Mask::MACGenerate, &LOCKED))
        .unwrap();
    let left = wrapped(&mut fixture, &key, how(&shows, gcm(), None));
    assert_eq!(left.err(), Some(REFUSED));
    assert!(wrapped(&mut fixture, &key, how(&shows, kw(), None)).is_ok());
}
