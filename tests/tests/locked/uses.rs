//! Cryptography with a locked key: what it gives is a ciphertext, a signature or a MAC, and not the key.

use keyhold_tests::{Batch, Client, objects::id};
use kmip::{
    BatchErrorContinuationOption, BlockCipherMode, HashingAlgorithm, OperationCode, PaddingMethod,
    Secret,
    attribute::CryptographicParameters,
    payload::{
        encrypt::{Decrypt, DecryptRequest, Encrypt, EncryptRequest},
        mac::{MAC, MACRequest, MACVerify, MACVerifyRequest},
        sign::{Sign, SignRequest, SignatureVerify, SignatureVerifyRequest},
    },
    ttlv::Bytes,
};

use crate::{
    keys::Victim,
    operations::{Ask, VERSION, each},
};

/// Data that would come out as it is where a cipher did nothing, and as a part of the key where one was turned around.
const DATA: [u8; 256] = [0; 256];

/// A use in each way that keys are used in.
pub fn asks(code: OperationCode, victim: &Victim) -> Vec<Ask> {
    let own = || id(&victim.id);
    let data = || Some(Secret::from(&DATA[..]));
    let ways = ways().into_iter();
    match code {
        OperationCode::Encrypt => each::<Encrypt>(ways.map(|way| EncryptRequest {
            unique_identifier: own(),
            cryptographic_parameters: Some(way),
            data: data(),
            iv_counter_nonce: Some(Bytes(vec![0; 16])),
            ..EncryptRequest::default()
        })),
        OperationCode::Decrypt => each::<Decrypt>(ways.map(|way| DecryptRequest {
            unique_identifier: own(),
            cryptographic_parameters: Some(way),
            data: Some(Bytes(DATA.to_vec())),
            iv_counter_nonce: Some(Bytes(vec![0; 16])),
            ..DecryptRequest::default()
        })),
        OperationCode::Sign => each::<Sign>(ways.map(|way| SignRequest {
            unique_identifier: own(),
            cryptographic_parameters: Some(way),
            data: data(),
            ..SignRequest::default()
        })),
        OperationCode::SignatureVerify => {
            each::<SignatureVerify>(ways.map(|way| SignatureVerifyRequest {
                unique_identifier: victim.public.as_deref().map_or_else(own, id),
                cryptographic_parameters: Some(way),
                data: data(),
                signature_data: Some(Bytes(DATA.to_vec())),
                ..SignatureVerifyRequest::default()
            }))
        }
        OperationCode::MAC => each::<MAC>(ways.map(|way| MACRequest {
            unique_identifier: own(),
            cryptographic_parameters: Some(way),
            data: data(),
            ..MACRequest::default()
        })),
        OperationCode::MACVerify => each::<MACVerify>(ways.map(|way| MACVerifyRequest {
            unique_identifier: own(),
            cryptographic_parameters: Some(way),
            data: data(),
            mac_data: Some(Bytes(vec![0; 32])),
            ..MACVerifyRequest::default()
        })),
        _ => vec![],
    }
}

/// Uses a victim in each way.
pub fn everything(client: &mut Client, victim: &Victim) {
    for code in [
        OperationCode::Encrypt,
        OperationCode::Decrypt,
        OperationCode::Sign,
        OperationCode::MAC,
    ] {
        let mut batch = Batch::new(VERSION).on_error(BatchErrorContinuationOption::Continue);
        for ask in asks(code, victim) {
            batch.add_raw(ask.code, &ask.payload);
        }
        client.ask(batch);
    }
}

/// The key's own way, every mode of a cipher, every padding, and hash functions.
fn ways() -> Vec<CryptographicParameters> {
    let none = CryptographicParameters::default;
    let modes = BlockCipherMode::ALL
        .iter()
        .map(|mode| CryptographicParameters {
            block_cipher_mode: Some(*mode),
            padding_method: Some(PaddingMethod::None),
            tag_length: Some(16),
            ..none()
        });
    let hashes = [HashingAlgorithm::SHA256, HashingAlgorithm::SHA512];
    let paddings = PaddingMethod::ALL.iter().flat_map(|padding| {
        hashes.map(|hash| CryptographicParameters {
            padding_method: Some(*padding),
            hashing_algorithm: Some(hash),
            ..none()
        })
    });
    std::iter::once(none())
        .chain(modes)
        .chain(paddings)
        .collect()
}
