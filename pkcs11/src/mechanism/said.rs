//! What is meant as KMIP says it: Cryptographic Parameters of validated mechanisms.

use kmip::{
    BlockCipherMode, CryptographicAlgorithm, MaskGenerator, PaddingMethod,
    attribute::CryptographicParameters,
    mechanism::{
        Cipher, Mac, Prehash, Signing,
        parameters::{hashing_algorithm, padding_method},
    },
    ttlv::Bytes,
};

/// The Cryptographic Parameters of a signature.
pub fn signing_parameters(signing: Signing, context: &[u8]) -> CryptographicParameters {
    let mut parameters = CryptographicParameters::default();
    match signing {
        Signing::RsaPkcs1(hash) => {
            parameters.cryptographic_algorithm = Some(CryptographicAlgorithm::RSA);
            parameters.padding_method = Some(PaddingMethod::PKCS1V15);
            parameters.hashing_algorithm = hash.map(hashing_algorithm);
        }
        Signing::RsaPss {
            hash,
            mask_hash,
            salt_bytes,
        } => {
            parameters.cryptographic_algorithm = Some(CryptographicAlgorithm::RSA);
            parameters.padding_method = Some(PaddingMethod::PSS);
            parameters.hashing_algorithm = Some(hashing_algorithm(hash));
            parameters.mask_generator = Some(MaskGenerator::MFG1);
            parameters.mask_generator_hashing_algorithm = Some(hashing_algorithm(mask_hash));
            parameters.salt_length = Some(i32::from(salt_bytes));
        }
        Signing::Ecdsa(hash) => {
            parameters.cryptographic_algorithm = Some(CryptographicAlgorithm::ECDSA);
            parameters.hashing_algorithm = hash.map(hashing_algorithm);
        }
        Signing::Dsa(hash) => {
            parameters.cryptographic_algorithm = Some(CryptographicAlgorithm::DSA);
            parameters.hashing_algorithm = hash.map(hashing_algorithm);
        }
        // The key says which of them it is.
        Signing::Eddsa | Signing::MlDsa | Signing::SlhDsa => {}
        Signing::InContext {
            prehash,
            deterministic,
        } => {
            match prehash {
                None => {}
                Some(Prehash::Hash(hash)) => {
                    parameters.hashing_algorithm = Some(hashing_algorithm(hash));
                }
                Some(Prehash::Shake128) => {
                    parameters.cryptographic_algorithm = Some(CryptographicAlgorithm::SHAKE128);
                }
                Some(Prehash::Shake256) => {
                    parameters.cryptographic_algorithm = Some(CryptographicAlgorithm::SHAKE256);
                }
            }
            parameters.salt_length = deterministic.then_some(0);
            parameters.p_source = Some(Bytes(context.to_vec()));
        }
    }
    parameters
}

/// The Cryptographic Parameters of a MAC.
#[must_use]
pub fn mac_parameters(mac: Mac) -> CryptographicParameters {
    let mut parameters = CryptographicParameters::default();
    match mac {
        Mac::Hmac(hash) => parameters.hashing_algorithm = Some(hashing_algorithm(hash)),
        Mac::AesCmac | Mac::TripleDesCmac => {
            parameters.block_cipher_mode = Some(BlockCipherMode::CMAC);
        }
        Mac::AesCbcMac | Mac::TripleDesCbcMac => {
            parameters.block_cipher_mode = Some(BlockCipherMode::CBCMAC);
        }
    }
    parameters
}

/// The Cryptographic Parameters of a cipher.
pub fn cipher_parameters(cipher: &Cipher) -> CryptographicParameters {
    let algorithm = match cipher {
        Cipher::RsaPkcs1 | Cipher::RsaOaep { .. } => CryptographicAlgorithm::RSA,
        Cipher::TripleDesEcb(_)
        | Cipher::TripleDesCbc(_)
        | Cipher::TripleDesCfb
        | Cipher::TripleDesOfb => CryptographicAlgorithm::DES3,
        Cipher::ChaCha20 => CryptographicAlgorithm::ChaCha20,
        Cipher::ChaCha20Poly1305 { .. } => CryptographicAlgorithm::ChaCha20Poly1305,
        _ => CryptographicAlgorithm::AES,
    };
    let mut parameters = CryptographicParameters {
        cryptographic_algorithm: Some(algorithm),
        tag_length: cipher.tag_bytes().map(i32::from),
        ..CryptographicParameters::default()
    };
    match cipher {
        Cipher::AesEcb(own) | Cipher::TripleDesEcb(own) => {
            parameters.block_cipher_mode = Some(BlockCipherMode::ECB);
            parameters.padding_method = Some(padding_method(*own));
        }
        Cipher::AesCbc(own) | Cipher::TripleDesCbc(own) => {
            parameters.block_cipher_mode = Some(BlockCipherMode::CBC);
            parameters.padding_method = Some(padding_method(*own));
        }
        Cipher::AesCtr => parameters.block_cipher_mode = Some(BlockCipherMode::CTR),
        Cipher::AesCfb | Cipher::TripleDesCfb => {
            parameters.block_cipher_mode = Some(BlockCipherMode::CFB);
        }
        Cipher::AesOfb | Cipher::TripleDesOfb => {
            parameters.block_cipher_mode = Some(BlockCipherMode::OFB);
        }
        Cipher::AesXts => parameters.block_cipher_mode = Some(BlockCipherMode::XTS),
        Cipher::AesGcm { .. } => parameters.block_cipher_mode = Some(BlockCipherMode::GCM),
        Cipher::AesCcm { .. } => parameters.block_cipher_mode = Some(BlockCipherMode::CCM),
        Cipher::ChaCha20Poly1305 { .. } => {
            parameters.block_cipher_mode = Some(BlockCipherMode::AEAD);
        }
        Cipher::ChaCha20 => {}
        Cipher::AesKeyWrap => parameters.block_cipher_mode = Some(BlockCipherMode::NISTKeyWrap),
        Cipher::AesKeyWrapPadded => {
            parameters.block_cipher_mode = Some(BlockCipherMode::AESKeyWrapPadding);
        }
        Cipher::RsaPkcs1 => parameters.padding_method = Some(PaddingMethod::PKCS1V15),
        Cipher::RsaOaep {
            hash,
            mask_hash,
            label,
        } => {
            parameters.padding_method = Some(PaddingMethod::OAEP);
            parameters.hashing_algorithm = Some(hashing_algorithm(*hash));
            parameters.mask_generator = Some(MaskGenerator::MFG1);
            parameters.mask_generator_hashing_algorithm = Some(hashing_algorithm(*mask_hash));
            parameters.p_source = (!label.is_empty()).then(|| Bytes(label.clone()));
        }
    }
    parameters
}
