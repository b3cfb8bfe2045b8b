//! Keys wrapped by Get, and registered again as they came.

use kmip::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, EncodingOption, ResultReason,
    Secret, WrappingMethod,
    attribute::{Attribute, CryptographicParameters, Name},
    object::{
        EncryptionKeyInformation, KeyMaterial, KeyObject, KeyValue, KeyWrappingSpecification,
        ManagedObject,
    },
    payload::get::{Get, GetRequest},
};

use super::register;
use crate::{fixture::Fixture, objects::get};

fn how(
    kek: &str,
    mode: BlockCipherMode,
    encoding: Option<EncodingOption>,
) -> KeyWrappingSpecification {
    KeyWrappingSpecification {
        wrapping_method: WrappingMethod::Encrypt,
        encryption_key_information: Some(EncryptionKeyInformation {
            unique_identifier: kek.into(),
            cryptographic_parameters: Some(CryptographicParameters {
                block_cipher_mode: Some(mode),
                ..CryptographicParameters::default()
            }),
        }),
        mac_signature_key_information: None,
        attribute_name: vec![],
        iv_counter_nonce: None,
        authenticated_encryption_additional_data: None,
        encoding_option: encoding,
    }
}

/// A key wrapped by Get and registered again, wrapped, is the same key.
#[test]
fn wrapping_goes_there_and_back() {
    let mut fixture = Fixture::new();
    let both = CryptographicUsageMask::WrapKey | CryptographicUsageMask::UnwrapKey;
    let kek = fixture
        .create(vec![
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
            Attribute::CryptographicUsageMask(both),
            Attribute::ActivationDate(crate::fixture::NOON),
        ])
        .unwrap();
    let id = fixture.aes_key([Attribute::Name(Name::text("inside"))]);
    let wanted = get(&mut fixture, &id, None).unwrap();
    for mode in [
        BlockCipherMode::NISTKeyWrap,
        BlockCipherMode::AESKeyWrapPadding,
        BlockCipherMode::GCM,
    ] {
        for encoding in [
            Some(EncodingOption::NoEncoding),
            Some(EncodingOption::TTLVEncoding),
            None,
        ] {
            let how = how(&kek, mode, encoding);
            let request = GetRequest {
                unique_identifier: Some(id.as_str().into()),
                key_wrapping_specification: Some(how),
                ..GetRequest::default()
            };
            let wrapped = fixture.call::<Get>(&request).unwrap().object;
            assert!(wrapped != wanted);
            let again = register(
                &mut fixture,
                Some(CryptographicUsageMask::Encrypt),
                wrapped.clone(),
            )
            .unwrap();
            assert!(
                get(&mut fixture, &again, None).unwrap() == wanted,
                "{mode:?} {encoding:?}"
            );
            let refused = register(
                &mut fixture,
                Some(CryptographicUsageMask::Encrypt),
                damaged(wrapped),
            )
            .err();
            assert_eq!(refused, Some(ResultReason::CryptographicFailure));
        }
    }
}

/// The same object with a byte of its wrapped key changed.
fn damaged(mut object: ManagedObject) -> ManagedObject {
    if let ManagedObject::SymmetricKey(KeyObject { key_block }) = &mut object {
        key_block.key_value = match key_block.key_value.take() {
            Some(KeyValue::Wrapped(mut bytes)) => {
                bytes.0[3] ^= 1;
                Some(KeyValue::Wrapped(bytes))
            }
            Some(KeyValue::Plain {
                key_material: KeyMaterial::Bytes(bytes),
                ..
            }) => {
                let mut bytes = bytes.expose().to_vec();
                bytes[3] ^= 1;
                Some(KeyValue::plain(KeyMaterial::Bytes(Secret::new(bytes))))
            }
            other => other,
        };
    }
    object
}
