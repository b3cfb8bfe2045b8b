//! Ciphers in every mode, with every padding, tag and counter.

use kmip::{
    BlockCipherMode, CryptographicAlgorithm, PaddingMethod, ResultReason, Secret, V1_2, V1_3, V1_4,
    V2_1,
    attribute::CryptographicParameters,
    payload::encrypt::{Decrypt, Encrypt, EncryptRequest},
    ttlv::Bytes,
};

use super::{decryption, encryption, key, mode, plain};
use crate::fixture::Fixture;

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
