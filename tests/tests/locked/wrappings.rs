//! Every way in which a key may be asked for wrapped: each method, under each kind of key, in each mode.

use keyhold_tests::objects::id;
use kmip::{
    BlockCipherMode, EncodingOption, HashingAlgorithm, PaddingMethod, WrappingMethod,
    attribute::CryptographicParameters,
    object::{EncryptionKeyInformation, KeyWrappingSpecification, MACSignatureKeyInformation},
};

use crate::{keys::Victim, operations::Beside};

/// All of them, and the victim under itself.
pub fn all(beside: &Beside, victim: &Victim) -> Vec<KeyWrappingSpecification> {
    let mut all = Vec::new();
    for method in WrappingMethod::ALL {
        for by in [&beside.known_kek, &beside.hidden_kek, &victim.id] {
            for mode in BlockCipherMode::ALL {
                let mode = CryptographicParameters {
                    block_cipher_mode: Some(*mode),
                    ..CryptographicParameters::default()
                };
                all.push(under(*method, by, Some(mode), EncodingOption::NoEncoding));
            }
            all.push(under(*method, by, None, EncodingOption::TTLVEncoding));
        }
        for padding in [PaddingMethod::OAEP, PaddingMethod::PKCS1V15] {
            let padding = CryptographicParameters {
                padding_method: Some(padding),
                hashing_algorithm: Some(HashingAlgorithm::SHA256),
                ..CryptographicParameters::default()
            };
            let by = &beside.known_public;
            all.push(under(
                *method,
                by,
                Some(padding),
                EncodingOption::NoEncoding,
            ));
        }
    }
    all
}

fn under(
    method: WrappingMethod,
    by: &str,
    parameters: Option<CryptographicParameters>,
    encoding: EncodingOption,
) -> KeyWrappingSpecification {
    KeyWrappingSpecification {
        wrapping_method: method,
        encryption_key_information: Some(EncryptionKeyInformation {
            unique_identifier: by.into(),
            cryptographic_parameters: parameters,
        }),
        mac_signature_key_information: (method != WrappingMethod::Encrypt).then(|| {
            MACSignatureKeyInformation {
                unique_identifier: id(by),
                cryptographic_parameters: None,
            }
        }),
        attribute_name: vec![],
        iv_counter_nonce: None,
        authenticated_encryption_additional_data: None,
        encoding_option: Some(encoding),
    }
}
