//! Keys and data derived from a locked key: they are locked as well, and are refused where they are to leave.

use keyhold_tests::objects::{CIPHER, aes, list};
use kmip::{
    BlockCipherMode, DerivationMethod, HashingAlgorithm, ObjectType, PaddingMethod, Secret,
    attribute::{Attribute, CryptographicParameters},
    payload::derive::{DerivationParameters, DeriveKey, DeriveKeyRequest},
    ttlv::Bytes,
};

use crate::{
    keys::Victim,
    operations::{Ask, each, freeing, open},
};

/// By every method, as a key and as secret data.
pub fn asks(victim: &Victim) -> Vec<Ask> {
    let mut all = Vec::new();
    for frees in [true, false] {
        let methods = DerivationMethod::ALL.iter();
        let requests = methods.flat_map(|method| {
            let types = [ObjectType::SymmetricKey, ObjectType::SecretData];
            types.map(|object_type| request(victim, *method, object_type, frees))
        });
        let asks = each::<DeriveKey>(requests);
        all.extend(if frees { freeing(asks) } else { asks });
    }
    all
}

fn request(
    victim: &Victim,
    derivation_method: DerivationMethod,
    object_type: ObjectType,
    frees: bool,
) -> DeriveKeyRequest {
    let parameters = CryptographicParameters {
        hashing_algorithm: Some(HashingAlgorithm::SHA256),
        block_cipher_mode: (derivation_method == DerivationMethod::ENCRYPT)
            .then_some(BlockCipherMode::CBC),
        padding_method: (derivation_method == DerivationMethod::ENCRYPT)
            .then_some(PaddingMethod::None),
        ..CryptographicParameters::default()
    };
    let attributes = match object_type {
        ObjectType::SymmetricKey => aes(256, CIPHER),
        _ => vec![Attribute::CryptographicLength(256)],
    };
    DeriveKeyRequest {
        object_type,
        unique_identifier: vec![victim.id.as_str().into()],
        derivation_method,
        derivation_parameters: DerivationParameters {
            cryptographic_parameters: Some(parameters),
            initialization_vector: (derivation_method == DerivationMethod::ENCRYPT)
                .then(|| Bytes(vec![0; 16])),
            derivation_data: vec![Secret::from(&[0; 32][..])],
            salt: Some(Bytes(vec![0; 16])),
            iteration_count: Some(1000),
            block: None,
            skipped_bytes: None,
        },
        attributes: list(if frees { open(attributes) } else { attributes }),
    }
}
