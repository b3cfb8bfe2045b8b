//! How a key encrypts and decrypts by its parameters.

use super::{Result, Unfit, hash, mask_hash};
use crate::{
    BlockCipherMode, CryptographicAlgorithm, PaddingMethod,
    attribute::CryptographicParameters,
    mechanism::{Cipher, Hash, KeySpec, Padding},
};

/// How a key of this kind encrypts and decrypts by these parameters.
pub fn cipher(spec: KeySpec, parameters: &CryptographicParameters) -> Result<Cipher> {
    if let Some(algorithm) = parameters.cryptographic_algorithm {
        let fits = match spec {
            KeySpec::Aes { .. } => algorithm == CryptographicAlgorithm::AES,
            KeySpec::Rsa { .. } => algorithm == CryptographicAlgorithm::RSA,
            KeySpec::TripleDes { .. } => algorithm == CryptographicAlgorithm::DES3,
            KeySpec::ChaCha20 | KeySpec::ChaCha20Poly1305 => [
                CryptographicAlgorithm::ChaCha20,
                CryptographicAlgorithm::ChaCha20Poly1305,
            ]
            .contains(&algorithm),
            _ => true,
        };
        if !fits {
            return Err(Unfit::Bad("the cryptographic algorithm is not the key's"));
        }
    }
    match spec {
        KeySpec::Aes { bits } => aes_cipher(bits, parameters),
        KeySpec::Rsa { .. } => rsa_cipher(parameters),
        KeySpec::TripleDes { .. } => triple_des_cipher(parameters),
        KeySpec::ChaCha20 | KeySpec::ChaCha20Poly1305 => chacha_cipher(spec, parameters),
        KeySpec::Kept { .. } => Err(Unfit::Unsupported(
            "keys of this algorithm are kept, but not used",
        )),
        _ => Err(Unfit::Bad("a key of this algorithm does not encrypt")),
    }
}

fn rsa_cipher(parameters: &CryptographicParameters) -> Result<Cipher> {
    match parameters.padding_method.unwrap_or(PaddingMethod::PKCS1V15) {
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
    }
}

fn aes_cipher(bits: u16, parameters: &CryptographicParameters) -> Result<Cipher> {
    let mode = mode(parameters)?;
    if mode == BlockCipherMode::XTS {
        return match bits {
            256 | 512 => Ok(Cipher::AesXts),
            _ => Err(Unfit::Bad("an XTS key has 256 or 512 bits")),
        };
    }
    if bits == 512 {
        return Err(Unfit::Bad("an AES key of 512 bits is one for XTS"));
    }
    match mode {
        BlockCipherMode::ECB => padding(parameters).map(Cipher::AesEcb),
        BlockCipherMode::CBC => padding(parameters).map(Cipher::AesCbc),
        BlockCipherMode::CFB => Ok(Cipher::AesCfb),
        BlockCipherMode::OFB => Ok(Cipher::AesOfb),
        BlockCipherMode::CTR => Ok(Cipher::AesCtr),
        BlockCipherMode::GCM | BlockCipherMode::AEAD => {
            tag_bytes(parameters).map(|tag_bytes| Cipher::AesGcm { tag_bytes })
        }
        BlockCipherMode::CCM => match parameters.tag_length.unwrap_or(16) {
            bytes @ 4..=16 if bytes % 2 == 0 => Ok(Cipher::AesCcm {
                tag_bytes: u8::try_from(bytes).unwrap_or(16),
            }),
            _ => Err(Unfit::TagLength(
                "a CCM tag has an even number of 4 to 16 bytes",
            )),
        },
        BlockCipherMode::NISTKeyWrap => Ok(Cipher::AesKeyWrap),
        BlockCipherMode::AESKeyWrapPadding => Ok(Cipher::AesKeyWrapPadded),
        other => Err(not_served(other)),
    }
}

fn triple_des_cipher(parameters: &CryptographicParameters) -> Result<Cipher> {
    match mode(parameters)? {
        BlockCipherMode::ECB => padding(parameters).map(Cipher::TripleDesEcb),
        BlockCipherMode::CBC => padding(parameters).map(Cipher::TripleDesCbc),
        BlockCipherMode::CFB => Ok(Cipher::TripleDesCfb),
        BlockCipherMode::OFB => Ok(Cipher::TripleDesOfb),
        other => Err(not_served(other)),
    }
}

/// A key of ChaCha20 authenticates too where the parameters say so; one of ChaCha20-Poly1305 always does.
fn chacha_cipher(spec: KeySpec, parameters: &CryptographicParameters) -> Result<Cipher> {
    let authenticates = match parameters.block_cipher_mode {
        None => {
            spec == KeySpec::ChaCha20Poly1305
                || parameters.cryptographic_algorithm
                    == Some(CryptographicAlgorithm::ChaCha20Poly1305)
        }
        Some(BlockCipherMode::AEAD) => true,
        Some(BlockCipherMode::CTR) if spec == KeySpec::ChaCha20 => false,
        Some(_) => {
            return Err(Unfit::Bad(
                "ChaCha20 is no block cipher; only the mode AEAD is one of its",
            ));
        }
    };
    if authenticates {
        tag_bytes(parameters).map(|tag_bytes| Cipher::ChaCha20Poly1305 { tag_bytes })
    } else {
        Ok(Cipher::ChaCha20)
    }
}

fn mode(parameters: &CryptographicParameters) -> Result<BlockCipherMode> {
    parameters
        .block_cipher_mode
        .ok_or(Unfit::Bad("no block cipher mode is named"))
}

fn not_served(mode: BlockCipherMode) -> Unfit {
    if [BlockCipherMode::CMAC, BlockCipherMode::CBCMAC].contains(&mode) {
        return Unfit::Bad("this mode makes a MAC, it does not encrypt");
    }
    Unfit::Unsupported("this block cipher mode is not served for this key")
}

fn padding(parameters: &CryptographicParameters) -> Result<Padding> {
    match parameters.padding_method {
        None | Some(PaddingMethod::None) => Ok(Padding::None),
        Some(PaddingMethod::PKCS5) => Ok(Padding::Pkcs5),
        Some(PaddingMethod::SSL3) => Ok(Padding::Ssl3),
        Some(PaddingMethod::Zeros) => Ok(Padding::Zeros),
        Some(PaddingMethod::ANSIX923) => Ok(Padding::AnsiX923),
        Some(PaddingMethod::ISO10126) => Ok(Padding::Iso10126),
        Some(_) => Err(Unfit::Unsupported(
            "this padding method is not one of block ciphers",
        )),
    }
}

/// The Padding Method of a padding.
#[must_use]
pub const fn padding_method(padding: Padding) -> PaddingMethod {
    match padding {
        Padding::None => PaddingMethod::None,
        Padding::Pkcs5 => PaddingMethod::PKCS5,
        Padding::Ssl3 => PaddingMethod::SSL3,
        Padding::Zeros => PaddingMethod::Zeros,
        Padding::AnsiX923 => PaddingMethod::ANSIX923,
        Padding::Iso10126 => PaddingMethod::ISO10126,
    }
}

/// The tag of GCM and of ChaCha20-Poly1305.
fn tag_bytes(parameters: &CryptographicParameters) -> Result<u8> {
    match parameters.tag_length.unwrap_or(16) {
        bytes @ (4 | 8 | 12..=16) => Ok(u8::try_from(bytes).unwrap_or(16)),
        _ => Err(Unfit::TagLength(
            "an authentication tag has 4, 8 or 12 to 16 bytes",
        )),
    }
}
