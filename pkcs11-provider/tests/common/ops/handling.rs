//! Keys handled with keys: wrapped by Get, unwrapped by Register, derived. What is wrapped is no cipher's work, but it has
//! the length of one's, and shows when it was changed or is under another key.

use kmip::{
    CryptographicUsageMask as Mask, EncodingOption, KeyFormatType, ObjectType, ResultReason,
    Secret,
    attribute::Attribute,
    mechanism::{Cipher, KeySpec, parameters::cipher},
    object::{
        EncryptionKeyInformation, KeyMaterial, KeyObject, KeyValue, KeyWrappingData,
        KeyWrappingSpecification, ManagedObject,
    },
    payload::{derive::*, register::RegisterRequest},
};

use super::super::{
    fake::{State, Stored},
    keys,
};

use super::*;

/// The bytes of an object that keys are handled with.
fn plain(stored: &Stored) -> Outcome<Vec<u8>> {
    let value = stored.value.as_ref().and_then(ManagedObject::key_block);
    if let Some(KeyValue::Plain {
        key_material: KeyMaterial::Bytes(bytes),
        ..
    }) = value.and_then(|block| block.key_value.as_ref())
    {
        return Ok(bytes.expose().to_vec());
    }
    if object_type(stored) == ObjectType::PrivateKey {
        // As long as none of its kind is.
        return Ok([b"private ", stored.seed.as_bytes(), b"..."].concat());
    }
    Ok(keys::secret(spec_of(stored)?, &stored.seed))
}

fn kek(
    state: &mut State,
    who: &str,
    by: &EncryptionKeyInformation,
    usage: Mask,
) -> Outcome<(Vec<u8>, Cipher, KeySpec)> {
    let (_, stored) = find(state, who, Some(by.unique_identifier.clone()), &None)
        .map_err(|_| ResultReason::WrappingObjectNotFound)?;
    let usable = stored
        .attributes
        .iter()
        .any(|own| matches!(own, Attribute::CryptographicUsageMask(own) if own.contains(usage)));
    assert!(usable, "the module has seen what the key is for");
    let spec = spec_of(stored)?;
    let parameters = by.cryptographic_parameters.clone().unwrap_or_default();
    let how = cipher(spec, &parameters).map_err(|_| ResultReason::BadCryptographicParameters)?;
    // Both halves of a pair have one seed.
    Ok((stored.seed.clone().into_bytes(), how, spec))
}

/// As long as the mechanism makes it: eight bytes that depend on everything, the key, and what the mechanism fills up.
fn under(key: &[u8], how: &Cipher, spec: KeySpec, plain: &[u8]) -> Outcome<Vec<u8>> {
    let mark = &keys::sha256(&[key, plain])[..8];
    let mut made = mark.to_vec();
    made.extend(mask(key, plain));
    match how {
        Cipher::AesKeyWrap if !plain.len().is_multiple_of(8) => {
            return Err(ResultReason::CryptographicFailure);
        }
        Cipher::AesKeyWrap => {}
        Cipher::AesKeyWrapPadded => made.resize(made.len().next_multiple_of(8), 0),
        Cipher::AesGcm { .. } => made.resize(plain.len() + 16, 0),
        Cipher::RsaOaep { .. } => made.resize(usize::from(spec.bits() / 8), 0),
        other => panic!("{other:?} was not asked for"),
    }
    Ok(made)
}

fn mask(key: &[u8], data: &[u8]) -> Vec<u8> {
    let pad = keys::sha256(&[b"pad", key]);
    data.iter()
        .zip(pad.iter().cycle())
        .map(|(a, b)| a ^ b)
        .collect()
}

/// What is under the key, cut to so many bytes where it was filled up.
fn out_of_it(key: &[u8], wrapped: &[u8], bytes: Option<usize>) -> Outcome<Vec<u8>> {
    let (mark, masked) = wrapped
        .split_at_checked(8)
        .ok_or(ResultReason::InvalidField)?;
    let whole = mask(key, masked);
    let lengths = bytes.map_or(1..=whole.len(), |bytes| bytes..=bytes);
    lengths
        .rev()
        .filter_map(|bytes| whole.get(..bytes))
        .find(|plain| keys::sha256(&[key, plain])[..8] == *mark)
        .map(<[u8]>::to_vec)
        .ok_or(ResultReason::CryptographicFailure)
}

/// A value under a key, as Get has it.
pub(super) fn wrapped(
    state: &mut State,
    who: &str,
    stored: &Stored,
    how: &KeyWrappingSpecification,
) -> Outcome<ManagedObject> {
    assert_eq!(how.encoding_option, Some(EncodingOption::NoEncoding));
    if stored.attributes.contains(&Attribute::Extractable(false)) {
        return Err(ResultReason::NotExtractable);
    }
    let by = how.encryption_key_information.as_ref().unwrap();
    let (key, cipher, spec) = kek(state, who, by, Mask::WrapKey)?;
    let made = under(&key, &cipher, spec, &plain(stored)?)?;
    let mut block = block(KeyFormatType::Raw, Vec::new());
    block.key_value = Some(KeyValue::Wrapped(Bytes(made)));
    let iv = how
        .iv_counter_nonce
        .clone()
        .unwrap_or_else(|| Bytes(vec![7; 12]));
    block.key_wrapping_data = Some(KeyWrappingData {
        wrapping_method: how.wrapping_method,
        encryption_key_information: how.encryption_key_information.clone(),
        mac_signature_key_information: None,
        mac_signature: None,
        iv_counter_nonce: matches!(cipher, Cipher::AesGcm { .. }).then_some(iv),
        authenticated_encryption_additional_data: None,
        encoding_option: how.encoding_option,
    });
    let key = KeyObject { key_block: block };
    Ok(match object_type(stored) {
        ObjectType::PrivateKey => ManagedObject::PrivateKey(key),
        _ => ManagedObject::SymmetricKey(key),
    })
}

/// The object without its wrapping, as Register takes it.
pub(super) fn unwrapped(
    state: &mut State,
    who: &str,
    request: &RegisterRequest,
    object: ManagedObject,
) -> Outcome<ManagedObject> {
    let Some(how) = object
        .key_block()
        .and_then(|block| block.key_wrapping_data.clone())
    else {
        return Ok(object);
    };
    let by = how.encryption_key_information.unwrap();
    let (key, ..) = kek(state, who, &by, Mask::UnwrapKey)?;
    let Some(KeyValue::Plain {
        key_material: KeyMaterial::Bytes(bytes),
        ..
    }) = object.key_block().and_then(|block| block.key_value.clone())
    else {
        panic!("a wrapped key is bytes");
    };
    let said = attributes(&request.attributes)
        .into_iter()
        .find_map(|own| match own {
            Attribute::CryptographicLength(bits) => usize::try_from(bits / 8).ok(),
            _ => None,
        });
    let plain = out_of_it(&key, bytes.expose(), said)?;
    let old = object.key_block().unwrap();
    let mut block = block(old.key_format_type, plain.clone());
    block.cryptographic_algorithm = old.cryptographic_algorithm;
    block.cryptographic_length = Some(plain.len() as i32 * 8);
    let key = KeyObject { key_block: block };
    Ok(match request.object_type {
        ObjectType::PrivateKey => ManagedObject::PrivateKey(key),
        _ => ManagedObject::SymmetricKey(key),
    })
}

/// A key that depends on its base and on everything that was said of how.
pub(super) fn derive(
    state: &mut State,
    who: &str,
    request: DeriveKeyRequest,
    placeholder: &mut Option<String>,
) -> Outcome<DeriveKeyResponse> {
    let base = request.unique_identifier.first().cloned();
    let (_, stored) = find(state, who, base, placeholder)?;
    let all = attributes(&request.attributes);
    let bits = all.iter().find_map(|own| match own {
        Attribute::CryptographicLength(bits) => Some(*bits),
        _ => None,
    });
    let how = &request.derivation_parameters;
    let data: Vec<&[u8]> = how.derivation_data.iter().map(Secret::expose).collect();
    let said = format!(
        "{:?} {:?} {:?} {:?}",
        request.derivation_method,
        how.cryptographic_parameters,
        how.salt,
        how.initialization_vector
    );
    let seed = keys::sha256(&[&plain(stored)?, said.as_bytes(), &data.concat()]);
    let bytes: Vec<u8> = seed
        .iter()
        .cycle()
        .take(bits.unwrap() as usize / 8)
        .copied()
        .collect();
    let key = KeyObject {
        key_block: block(KeyFormatType::Raw, bytes),
    };
    let id = put(
        state,
        request.object_type,
        all,
        Some(ManagedObject::SymmetricKey(key)),
    );
    *placeholder = Some(id.clone());
    Ok(DeriveKeyResponse {
        unique_identifier: id.into(),
    })
}
