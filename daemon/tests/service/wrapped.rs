//! Keys that come back wrapped as they came.

use kmip::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask as Mask, EncodingOption,
    KeyFormatType, KeyWrapType, ObjectType, WrappingMethod,
    attribute::{Attribute, CryptographicParameters},
    object::{
        EncryptionKeyInformation, KeyBlock, KeyMaterial, KeyObject, KeyValue, KeyWrappingData,
        ManagedObject,
    },
    payload::{
        get::{Get, GetRequest},
        register::{Register, RegisterRequest},
    },
    ttlv::Timestamp,
};

use crate::fixture::Fixture;

/// A key and the key it is wrapped under, with the result (RFC 3394 §4.1).
const KEY: &str = "00112233445566778899aabbccddeeff";
const KEK: &str = "000102030405060708090a0b0c0d0e0f";
const WRAPPED: &str = "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5";

fn value(hexadecimal: &str) -> KeyValue {
    let bytes = hex::decode(hexadecimal).unwrap();
    KeyValue::plain(KeyMaterial::Bytes(bytes.into()))
}

fn block(hexadecimal: &str, wrapping: Option<KeyWrappingData>) -> KeyBlock {
    KeyBlock {
        key_format_type: KeyFormatType::Raw,
        key_compression_type: None,
        key_value: Some(value(hexadecimal)),
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(128),
        key_wrapping_data: wrapping,
    }
}

fn registration(mask: Mask, key_block: KeyBlock) -> RegisterRequest {
    let attributes = [
        Attribute::CryptographicUsageMask(mask),
        Attribute::ActivationDate(Timestamp(0)),
    ];
    RegisterRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes.into_iter().collect(),
        object: Some(ManagedObject::SymmetricKey(KeyObject { key_block })),
        protection_storage_masks: None,
    }
}

#[test]
fn a_key_registered_wrapped_is_given_back_so() {
    let mut fixture = Fixture::new();
    let kek = registration(Mask::WrapKey | Mask::UnwrapKey, block(KEK, None));
    let kek = fixture.call::<Register>(&kek).unwrap().unique_identifier;
    let wrapped = block(
        WRAPPED,
        Some(KeyWrappingData {
            authenticated_encryption_additional_data: None,
            wrapping_method: WrappingMethod::Encrypt,
            encryption_key_information: Some(EncryptionKeyInformation {
                unique_identifier: kek,
                cryptographic_parameters: Some(CryptographicParameters {
                    block_cipher_mode: Some(BlockCipherMode::NISTKeyWrap),
                    ..CryptographicParameters::default()
                }),
            }),
            mac_signature_key_information: None,
            mac_signature: None,
            iv_counter_nonce: None,
            encoding_option: Some(EncodingOption::NoEncoding),
        }),
    );
    let request = registration(Mask::Encrypt, wrapped.clone());
    let id = fixture.call::<Register>(&request).unwrap();
    let mut get = |wrap| {
        let request = GetRequest {
            unique_identifier: Some(id.unique_identifier.clone()),
            key_wrap_type: Some(wrap),
            ..GetRequest::default()
        };
        match fixture.call::<Get>(&request).unwrap().object {
            ManagedObject::SymmetricKey(key) => key.key_block,
            _ => panic!("no key"),
        }
    };
    assert!(get(KeyWrapType::AsRegistered) == wrapped);
    assert!(get(KeyWrapType::NotWrapped) == block(KEY, None));
}
