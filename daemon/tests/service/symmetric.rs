//! Symmetric keys of every algorithm: what they compute, what they refuse, and what is only kept.

use kmip::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, HashingAlgorithm,
    KeyFormatType, ObjectType, PaddingMethod, ResultReason, Secret, V1_2, V1_3, V1_4, V2_1,
    ValidityIndicator,
    attribute::{Attribute, CryptographicParameters},
    object::{KeyBlock, KeyMaterial, KeyObject, KeyValue, ManagedObject},
    payload::{
        encrypt::{
            Decrypt, DecryptRequest, DecryptResponse, Encrypt, EncryptRequest, EncryptResponse,
        },
        get::{Get, GetRequest},
        hash::{Hash, HashRequest},
        mac::{MAC, MACRequest, MACVerify, MACVerifyRequest},
        register::{Register, RegisterRequest},
    },
    ttlv::Bytes,
};

use crate::fixture::{Fixture, NOON, text};

/// Registers the bytes of a key that is active and may do anything that its kind does.
pub(crate) fn key(
    fixture: &mut Fixture,
    algorithm: CryptographicAlgorithm,
    length: Option<i32>,
    bytes: &[u8],
) -> Result<String, ResultReason> {
    let mask = CryptographicUsageMask::Encrypt
        | CryptographicUsageMask::Decrypt
        | CryptographicUsageMask::MACGenerate
        | CryptographicUsageMask::MACVerify;
    let key_block = KeyBlock {
        key_format_type: KeyFormatType::Raw,
        key_compression_type: None,
        key_value: Some(KeyValue::plain(KeyMaterial::Bytes(Secret::from(bytes)))),
        cryptographic_algorithm: Some(algorithm),
        cryptographic_length: length,
        key_wrapping_data: None,
    };
    let request = RegisterRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: [
            Attribute::CryptographicUsageMask(mask),
            Attribute::ActivationDate(NOON),
        ]
        .into_iter()
        .collect(),
        object: Some(ManagedObject::SymmetricKey(KeyObject { key_block })),
        protection_storage_masks: None,
    };
    Ok(text(&fixture.call::<Register>(&request)?.unique_identifier))
}

pub(crate) fn mode(mode: BlockCipherMode) -> CryptographicParameters {
    CryptographicParameters {
        block_cipher_mode: Some(mode),
        ..CryptographicParameters::default()
    }
}

pub(crate) fn encryption(id: &str, with: &CryptographicParameters, data: &[u8]) -> EncryptRequest {
    EncryptRequest {
        unique_identifier: Some(id.into()),
        cryptographic_parameters: Some(with.clone()),
        data: Some(Secret::from(data)),
        iv_counter_nonce: None,
        correlation_value: None,
        init_indicator: None,
        final_indicator: None,
        authenticated_encryption_additional_data: None,
    }
}

/// The decryption of what an encryption answered.
pub(crate) fn decryption(of: &EncryptRequest, answer: &EncryptResponse) -> DecryptRequest {
    DecryptRequest {
        unique_identifier: of.unique_identifier.clone(),
        cryptographic_parameters: of.cryptographic_parameters.clone(),
        data: answer.data.clone(),
        iv_counter_nonce: answer
            .iv_counter_nonce
            .clone()
            .or_else(|| of.iv_counter_nonce.clone()),
        correlation_value: None,
        init_indicator: None,
        final_indicator: None,
        authenticated_encryption_additional_data: of
            .authenticated_encryption_additional_data
            .clone(),
        authenticated_encryption_tag: answer.authenticated_encryption_tag.clone(),
    }
}

fn plain(response: DecryptResponse) -> Vec<u8> {
    response.data.unwrap_or_default().expose().to_vec()
}

/// Keys of every cipher: AES, AES for XTS, triple DES, ChaCha20, ChaCha20-Poly1305.
fn keys(fixture: &mut Fixture) -> [String; 5] {
    let distinct: Vec<u8> = (0..64).collect();
    [
        (CryptographicAlgorithm::AES, &[1; 32][..]),
        (CryptographicAlgorithm::AES, &distinct),
        (CryptographicAlgorithm::DES3, &distinct[..24]),
        (CryptographicAlgorithm::ChaCha20, &[2; 32]),
        (CryptographicAlgorithm::ChaCha20Poly1305, &[3; 32]),
    ]
    .map(|(algorithm, bytes)| key(fixture, algorithm, None, bytes).unwrap())
}

#[test]
fn every_mode_comes_back_with_an_iv_made_here() {
    let mut fixture = Fixture::new();
    let [aes, xts, des, chacha, sealed] = keys(&mut fixture);
    let none = CryptographicParameters::default;
    for (id, with, iv_bytes) in [
        (&aes, mode(BlockCipherMode::ECB), 0),
        (&aes, mode(BlockCipherMode::CBC), 16),
        (&aes, mode(BlockCipherMode::CFB), 16),
        (&aes, mode(BlockCipherMode::OFB), 16),
        (&aes, mode(BlockCipherMode::CTR), 16),
        (&aes, mode(BlockCipherMode::GCM), 12),
        (&aes, mode(BlockCipherMode::CCM), 12),
        (&xts, mode(BlockCipherMode::XTS), 16),
        (&des, mode(BlockCipherMode::ECB), 0),
        (&des, mode(BlockCipherMode::CBC), 8),
        (&des, mode(BlockCipherMode::CFB), 8),
        (&des, mode(BlockCipherMode::OFB), 8),
        (&chacha, none(), 12),
        (&chacha, mode(BlockCipherMode::AEAD), 12),
        (&sealed, none(), 12),
    ] {
        let request = encryption(id, &with, &[5; 32]);
        let answer = fixture.call::<Encrypt>(&request).unwrap();
        let iv = answer.iv_counter_nonce.as_ref().map_or(0, |iv| iv.0.len());
        assert_eq!(iv, iv_bytes, "{with:?}");
        let back = fixture.call::<Decrypt>(&decryption(&request, &answer));
        assert_eq!(plain(back.unwrap()), [5; 32], "{with:?}");
    }
}

#[test]
fn a_mode_that_does_not_fit_is_refused() {
    let mut fixture = Fixture::new();
    let [aes, xts, des, chacha, _] = keys(&mut fixture);
    let (bad, unsupported) = (
        ResultReason::BadCryptographicParameters,
        ResultReason::UnsupportedCryptographicParameters,
    );
    for (id, with, reason) in [
        (&xts, BlockCipherMode::CTR, bad),
        (&aes, BlockCipherMode::CMAC, bad),
        (&aes, BlockCipherMode::PCBC, unsupported),
        (&aes, BlockCipherMode::X9102AESKW, unsupported),
        (&des, BlockCipherMode::GCM, unsupported),
        (&chacha, BlockCipherMode::CBC, bad),
    ] {
        let refused = fixture.call::<Encrypt>(&encryption(id, &mode(with), &[5; 32]));
        assert_eq!(refused.err(), Some(reason), "{with:?}");
    }
}

#[test]
fn every_padding_fills_a_ragged_block() {
    let mut fixture = Fixture::new();
    let aes = key(&mut fixture, CryptographicAlgorithm::AES, None, &[1; 16]).unwrap();
    for padding in [
        PaddingMethod::PKCS5,
        PaddingMethod::SSL3,
        PaddingMethod::Zeros,
        PaddingMethod::ANSIX923,
        PaddingMethod::ISO10126,
    ] {
        let with = CryptographicParameters {
            padding_method: Some(padding),
            ..mode(BlockCipherMode::CBC)
        };
        let request = encryption(&aes, &with, b"a ragged message");
        let request = EncryptRequest {
            data: Some(Secret::from(&b"ragged"[..])),
            ..request
        };
        let answer = fixture.call::<Encrypt>(&request).unwrap();
        let back = fixture.call::<Decrypt>(&decryption(&request, &answer));
        assert_eq!(plain(back.unwrap()), b"ragged", "{padding:?}");
    }
    for padding in [PaddingMethod::None, PaddingMethod::OAEP] {
        let with = CryptographicParameters {
            padding_method: Some(padding),
            ..mode(BlockCipherMode::CBC)
        };
        let refused = fixture.call::<Encrypt>(&encryption(&aes, &with, b"ragged"));
        assert!(refused.is_err(), "{padding:?}");
    }
}

#[test]
fn a_tag_stands_where_the_version_has_it() {
    for version in [V1_2, V1_3, V1_4, V2_1] {
        let mut fixture = Fixture::new();
        fixture.version = version;
        let aes = key(&mut fixture, CryptographicAlgorithm::AES, None, &[1; 16]).unwrap();
        let with = CryptographicParameters {
            tag_length: Some(12),
            ..mode(BlockCipherMode::CCM)
        };
        let request = encryption(&aes, &with, b"plain");
        let answer = fixture.call::<Encrypt>(&request).unwrap();
        let data_bytes = answer.data.as_ref().unwrap().0.len();
        if version < V1_4 {
            assert_eq!(
                (data_bytes, &answer.authenticated_encryption_tag),
                (17, &None)
            );
        } else {
            assert_eq!(data_bytes, 5);
            assert_eq!(
                answer
                    .authenticated_encryption_tag
                    .as_ref()
                    .unwrap()
                    .0
                    .len(),
                12
            );
        }
        let back = fixture.call::<Decrypt>(&decryption(&request, &answer));
        assert_eq!(plain(back.unwrap()), b"plain", "{version:?}");
    }
}

#[test]
fn a_counter_is_made_of_a_nonce_and_does_not_overflow() {
    let mut fixture = Fixture::new();
    let aes = key(&mut fixture, CryptographicAlgorithm::AES, None, &[1; 16]).unwrap();
    let ctr = mode(BlockCipherMode::CTR);
    let with = |initial| CryptographicParameters {
        counter_length: Some(32),
        initial_counter_value: initial,
        ..ctr.clone()
    };
    let nonce = [9_u8; 12];
    let mut encrypt = |with: &CryptographicParameters, iv: &[u8], bytes: usize| {
        let request = EncryptRequest {
            iv_counter_nonce: Some(Bytes(iv.to_vec())),
            ..encryption(&aes, with, &vec![0; bytes])
        };
        fixture.call::<Encrypt>(&request).map(|answer| answer.data)
    };
    let whole = [&nonce[..], &7_u32.to_be_bytes()].concat();
    let stream = encrypt(&ctr, &whole, 64).unwrap();
    assert_eq!(encrypt(&with(Some(7)), &nonce, 64), Ok(stream));
    let last = [&nonce[..], &[0xff; 4]].concat();
    assert!(encrypt(&with(None), &last, 16).is_ok());
    assert_eq!(
        encrypt(&with(None), &last, 17),
        Err(ResultReason::BadCryptographicParameters)
    );
    let gcm = CryptographicParameters {
        initial_counter_value: Some(1),
        ..mode(BlockCipherMode::GCM)
    };
    assert_eq!(
        encrypt(&gcm, &nonce, 16),
        Err(ResultReason::BadCryptographicParameters)
    );
}

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
            correlation_value: None,
            init_indicator: None,
            final_indicator: None,
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
                correlation_value: None,
                init_indicator: None,
                final_indicator: None,
            };
            let answer = fixture.call::<MACVerify>(&request).unwrap();
            assert_eq!(answer.validity_indicator, Some(expected));
        }
    }
}

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
            correlation_value: None,
            init_indicator: None,
            final_indicator: None,
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
