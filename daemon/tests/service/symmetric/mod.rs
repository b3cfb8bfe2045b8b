//! Symmetric keys of every algorithm: what they compute, what they refuse, and what is only kept.

mod ciphers;
mod digests;
mod old;

use kmip::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, KeyFormatType, ObjectType,
    ResultReason, Secret,
    attribute::{Attribute, CryptographicParameters},
    object::{KeyBlock, KeyMaterial, KeyObject, KeyValue, ManagedObject},
    payload::{
        encrypt::{DecryptRequest, DecryptResponse, EncryptRequest, EncryptResponse},
        register::{Register, RegisterRequest},
    },
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
        ..EncryptRequest::default()
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
        authenticated_encryption_additional_data: of
            .authenticated_encryption_additional_data
            .clone(),
        authenticated_encryption_tag: answer.authenticated_encryption_tag.clone(),
        ..DecryptRequest::default()
    }
}

fn plain(response: DecryptResponse) -> Vec<u8> {
    response.data.unwrap_or_default().expose().to_vec()
}
