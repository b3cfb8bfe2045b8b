//! What the responder's keys do.

use std::sync::atomic::{AtomicU64, Ordering};

use kmip::{
    BlockCipherMode, PaddingMethod, ResultReason, Secret, ValidityIndicator,
    attribute::{CryptographicParameters, UniqueIdentifier},
    mechanism::{
        Cipher, Mac, Padding,
        parameters::{cipher, mac, signing},
    },
    payload::{encrypt::*, sign::*},
    ttlv::Bytes,
};

use super::super::{
    fake::{State, Stored},
    keys,
};

use super::*;

pub(super) fn sign(
    state: &mut State,
    who: &str,
    request: SignRequest,
    placeholder: &mut Option<String>,
) -> Outcome<SignResponse> {
    let (id, stored) = find(state, who, request.unique_identifier, placeholder)?;
    let spec = spec_of(stored)?;
    let how = signing(spec, &request.cryptographic_parameters.unwrap())
        .map_err(|_| ResultReason::BadCryptographicParameters)?;
    let input = request
        .digested_data
        .map(|own| own.0)
        .or_else(|| request.data.map(|own| own.expose().to_vec()));
    let signature = keys::sign(
        spec,
        &stored.seed,
        how,
        &input.ok_or(ResultReason::InvalidField)?,
    );
    Ok(SignResponse {
        unique_identifier: id.into(),
        signature_data: Some(Bytes(signature)),
        correlation_value: None,
    })
}

pub(super) fn signature_verify(
    state: &mut State,
    who: &str,
    request: SignatureVerifyRequest,
    placeholder: &mut Option<String>,
) -> Outcome<SignatureVerifyResponse> {
    let (id, stored) = find(state, who, request.unique_identifier, placeholder)?;
    let spec = spec_of(stored)?;
    let how = signing(spec, &request.cryptographic_parameters.unwrap())
        .map_err(|_| ResultReason::BadCryptographicParameters)?;
    let input = request
        .digested_data
        .map(|own| own.0)
        .or_else(|| request.data.map(|own| own.expose().to_vec()));
    let expected = keys::sign(spec, &stored.seed, how, &input.unwrap());
    let valid = request.signature_data == Some(Bytes(expected));
    Ok(SignatureVerifyResponse {
        unique_identifier: id.into(),
        validity_indicator: Some(validity(valid)),
        data: None,
        correlation_value: None,
    })
}

pub(super) fn mac_of(
    state: &mut State,
    who: &str,
    id: Option<UniqueIdentifier>,
    parameters: Option<CryptographicParameters>,
    data: Option<Secret>,
    placeholder: &Option<String>,
) -> Outcome<(UniqueIdentifier, Vec<u8>)> {
    let (id, stored) = find(state, who, id, placeholder)?;
    let Mac::Hmac(hash) = mac(spec_of(stored)?, &parameters.unwrap())
        .map_err(|_| ResultReason::BadCryptographicParameters)?
    else {
        return Err(ResultReason::UnsupportedCryptographicParameters);
    };
    let once = keys::sha256(&[stored.seed.as_bytes(), data.unwrap().expose()]);
    Ok((
        id.into(),
        once.iter()
            .cycle()
            .take(hash.digest_bytes())
            .copied()
            .collect(),
    ))
}

pub(super) fn cipher_of(stored: &Stored, parameters: &CryptographicParameters) -> Outcome<Cipher> {
    assert!(
        parameters.block_cipher_mode != Some(BlockCipherMode::CBC)
            || parameters
                .padding_method
                .is_some_and(|own| own != PaddingMethod::PKCS1V15)
    );
    cipher(spec_of(stored)?, parameters).map_err(|_| ResultReason::BadCryptographicParameters)
}

pub(super) fn encrypt(
    state: &mut State,
    who: &str,
    request: EncryptRequest,
    placeholder: &mut Option<String>,
) -> Outcome<EncryptResponse> {
    let (id, stored) = find(state, who, request.unique_identifier, placeholder)?;
    let parameters = request.cryptographic_parameters.unwrap();
    let how = cipher_of(stored, &parameters)?;
    let key = stored.seed.as_bytes();
    let mut data = request.data.unwrap().expose().to_vec();
    let made = (parameters.random_iv == Some(true)).then(own_nonce);
    let iv = request.iv_counter_nonce.map(|own| own.0);
    assert!(iv.is_none() || made.is_none(), "one nonce is enough");
    let iv = iv.or_else(|| made.clone()).unwrap_or_default();
    let additional = request
        .authenticated_encryption_additional_data
        .map(|own| own.0)
        .unwrap_or_default();
    if let Cipher::AesCbc(Padding::Pkcs5) = how {
        let fill = 16 - data.len() % 16;
        data.extend(vec![fill as u8; fill]);
    }
    let (output, tag) = match how {
        Cipher::AesEcb(_) => (
            data.chunks(16)
                .flat_map(|one| keys::block(key, one))
                .collect(),
            None,
        ),
        Cipher::AesCbc(_) => {
            let mut last = iv;
            let chain = |one: &[u8]| {
                let mixed: Vec<u8> = one.iter().zip(&last).map(|(a, b)| a ^ b).collect();
                last = keys::block(key, &mixed);
                last.clone()
            };
            (data.chunks(16).flat_map(chain).collect(), None)
        }
        Cipher::AesCtr => (stream(key, &iv, &data), None),
        Cipher::AesGcm { tag_bytes } | Cipher::AesCcm { tag_bytes } => {
            let output = stream(key, &keys::sha256(&[&iv])[..16], &data);
            let tag =
                keys::sha256(&[key, &iv, &additional, &output])[..usize::from(tag_bytes)].to_vec();
            (output, Some(Bytes(tag)))
        }
        other => panic!("{other:?} is public-key work"),
    };
    Ok(EncryptResponse {
        unique_identifier: id.into(),
        data: Some(Bytes(output)),
        iv_counter_nonce: made.map(Bytes),
        correlation_value: None,
        authenticated_encryption_tag: tag,
    })
}

/// A nonce that no other message has.
fn own_nonce() -> Vec<u8> {
    static MADE: AtomicU64 = AtomicU64::new(1);
    let count = MADE.fetch_add(1, Ordering::Relaxed);
    [&b"made"[..], &count.to_be_bytes()].concat()
}

pub(super) fn decrypt(
    state: &mut State,
    who: &str,
    request: DecryptRequest,
    placeholder: &mut Option<String>,
) -> Outcome<DecryptResponse> {
    let (id, stored) = find(state, who, request.unique_identifier, placeholder)?;
    let how = cipher_of(stored, &request.cryptographic_parameters.unwrap())?;
    let key = stored.seed.as_bytes();
    let data = request.data.unwrap().0;
    let iv = request
        .iv_counter_nonce
        .map(|own| own.0)
        .unwrap_or_default();
    let additional = request
        .authenticated_encryption_additional_data
        .map(|own| own.0)
        .unwrap_or_default();
    let failed = ResultReason::CryptographicFailure;
    let output = match how {
        Cipher::AesEcb(_) => data
            .chunks(16)
            .flat_map(|one| keys::block(key, one))
            .collect(),
        Cipher::AesCbc(padding) => {
            let mut last = iv;
            let chain = |one: &[u8]| {
                let plain: Vec<u8> = keys::block(key, one)
                    .iter()
                    .zip(&last)
                    .map(|(a, b)| a ^ b)
                    .collect();
                last = one.to_vec();
                plain
            };
            let mut plain: Vec<u8> = data.chunks(16).flat_map(chain).collect();
            if padding == Padding::Pkcs5 {
                let fill = usize::from(*plain.last().ok_or(failed)?);
                if fill == 0 || fill > 16 || !plain.ends_with(&vec![fill as u8; fill]) {
                    return Err(failed);
                }
                plain.truncate(plain.len() - fill);
            }
            plain
        }
        Cipher::AesCtr => stream(key, &iv, &data),
        Cipher::AesGcm { tag_bytes } | Cipher::AesCcm { tag_bytes } => {
            let tag =
                keys::sha256(&[key, &iv, &additional, &data])[..usize::from(tag_bytes)].to_vec();
            if request.authenticated_encryption_tag != Some(Bytes(tag)) {
                return Err(failed);
            }
            stream(key, &keys::sha256(&[&iv])[..16], &data)
        }
        Cipher::RsaPkcs1 => keys::rsa_decrypted(&data).ok_or(failed)?,
        Cipher::RsaOaep { label, .. } => keys::oaep_decrypted(&data, &label).ok_or(failed)?,
        other => panic!("{other:?} was not asked for"),
    };
    Ok(DecryptResponse {
        unique_identifier: id.into(),
        data: Some(Secret::new(output)),
        correlation_value: None,
    })
}

/// A key stream that counts over the whole block.
pub(super) fn stream(key: &[u8], first: &[u8], data: &[u8]) -> Vec<u8> {
    let first = u128::from_be_bytes(first.try_into().unwrap());
    (0_u128..)
        .zip(data.chunks(16))
        .flat_map(|(n, one)| {
            let pad = keys::sha256(&[key, &first.wrapping_add(n).to_be_bytes()]);
            one.iter().zip(pad).map(|(a, b)| a ^ b).collect::<Vec<u8>>()
        })
        .collect()
}

pub(super) fn validity(valid: bool) -> ValidityIndicator {
    if valid {
        ValidityIndicator::Valid
    } else {
        ValidityIndicator::Invalid
    }
}
