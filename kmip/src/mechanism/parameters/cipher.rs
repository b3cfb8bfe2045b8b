//! How a key encrypts, decrypts and authenticates by its parameters.

use super::{HMACS, Result, Unfit, hash, mask_hash};
use crate::{
    BlockCipherMode, CryptographicAlgorithm, PaddingMethod,
    attribute::CryptographicParameters,
    mechanism::{Cipher, Hash, KeySpec, Mac, Padding},
};

/// How a key of this kind encrypts and decrypts by these parameters.
pub fn cipher(spec: KeySpec, parameters: &CryptographicParameters) -> Result<Cipher> {
    if let Some(algorithm) = parameters.cryptographic_algorithm {
        let fits = match spec {
            KeySpec::Aes { .. } => algorithm == CryptographicAlgorithm::AES,
            KeySpec::Rsa { .. } => algorithm == CryptographicAlgorithm::RSA,
            KeySpec::Ec(_) | KeySpec::Hmac { .. } => true,
        };
        if !fits {
            return Err(Unfit::Bad("the cryptographic algorithm is not the key's"));
        }
    }
    match spec {
        KeySpec::Aes { .. } => aes_cipher(parameters),
        KeySpec::Rsa { .. } => match parameters.padding_method.unwrap_or(PaddingMethod::PKCS1V15) {
            PaddingMethod::PKCS1V15 => Ok(Cipher::RsaPkcs1),
            PaddingMethod::OAEP => {
                let hash = parameters.hashing_algorithm.map_or(Ok(Hash::Sha1), hash)?;
                let label = parameters
                    .p_source
                    .as_ref()
                    .map(|label| label.0.clone())
                    .unwrap_or_default();
                Ok(Cipher::RsaOaep {
                    hash,
                    mask_hash: mask_hash(parameters, hash)?,
                    label,
                })
            }
            _ => Err(Unfit::Unsupported(
                "this padding method is not served for RSA encryption",
            )),
        },
        KeySpec::Ec(_) | KeySpec::Hmac { .. } => {
            Err(Unfit::Bad("a key of this algorithm does not encrypt"))
        }
    }
}

fn aes_cipher(parameters: &CryptographicParameters) -> Result<Cipher> {
    let padding = || match parameters.padding_method {
        None | Some(PaddingMethod::None) => Ok(Padding::None),
        Some(PaddingMethod::PKCS5) => Ok(Padding::Pkcs5),
        Some(_) => Err(Unfit::Unsupported(
            "this padding method is not served for AES",
        )),
    };
    let mode = parameters
        .block_cipher_mode
        .ok_or(Unfit::Bad("no block cipher mode is named"))?;
    match mode {
        BlockCipherMode::ECB => padding().map(Cipher::AesEcb),
        BlockCipherMode::CBC => padding().map(Cipher::AesCbc),
        BlockCipherMode::CTR => Ok(Cipher::AesCtr),
        BlockCipherMode::GCM | BlockCipherMode::AEAD => match parameters.tag_length.unwrap_or(16) {
            bytes @ (4 | 8 | 12..=16) => Ok(Cipher::AesGcm {
                tag_bytes: u8::try_from(bytes).unwrap_or(16),
            }),
            _ => Err(Unfit::TagLength("a GCM tag has 4, 8 or 12 to 16 bytes")),
        },
        BlockCipherMode::NISTKeyWrap => Ok(Cipher::AesKeyWrap),
        BlockCipherMode::AESKeyWrapPadding => Ok(Cipher::AesKeyWrapPadded),
        _ => Err(Unfit::Unsupported("this block cipher mode is not served")),
    }
}

/// How a key of this kind authenticates by these parameters; the key's own hash where none is named.
pub fn mac(spec: KeySpec, parameters: &CryptographicParameters) -> Result<Mac> {
    let KeySpec::Hmac { hash: own, .. } = spec else {
        return Err(Unfit::Unsupported(
            "a key of this algorithm makes no MAC here",
        ));
    };
    let by_algorithm = match parameters.cryptographic_algorithm {
        None => None,
        Some(algorithm) => Some(
            HMACS
                .iter()
                .find(|(_, name)| *name == algorithm)
                .map(|(hash, _)| *hash)
                .ok_or(Unfit::Bad("the cryptographic algorithm is no HMAC"))?,
        ),
    };
    let by_hash = parameters.hashing_algorithm.map(hash).transpose()?;
    match (by_algorithm, by_hash) {
        (Some(one), Some(other)) if one != other => Err(Unfit::Bad(
            "hashing algorithm and cryptographic algorithm contradict each other",
        )),
        (one, other) => Ok(Mac::Hmac(one.or(other).unwrap_or(own))),
    }
}
