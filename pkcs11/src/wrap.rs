//! Keys under keys: which may wrap which, and what wrapping and unwrapping are in KMIP.
//!
//! The attacks on wrapping (Clulow; Bortolozzo and others) make a key leave under one that somebody knows, or come back
//! with less protection. Here a sensitive key leaves only under a key that nobody has ever seen, or that the security
//! officer trusts, and what comes in is sensitive.

use cryptoki_sys as ck;
use kmip::{
    EncodingOption, KeyFormatType, ObjectType, Secret, WrappingMethod,
    attribute::{Attribute, AttributeList, UniqueIdentifier},
    mechanism::{Cipher, Curve, KeySpec, parameters::key_attributes},
    object::{
        EncryptionKeyInformation, KeyBlock, KeyMaterial, KeyObject, KeyValue, KeyWrappingData,
        KeyWrappingSpecification, ManagedObject,
    },
    payload::{
        get::{GetRequest, GetResponse},
        register::RegisterRequest,
    },
    ttlv::{Bytes, Timestamp},
};

use crate::{
    Facts, Result, Rv, Template, Ulong,
    material::format_wanted,
    mechanism::cipher_parameters,
    new::{self, NewSecret},
};

/// Whether a key may leave under another.
pub fn check(by: &Facts, of: &Facts) -> Result<()> {
    if !of.flag(ck::CKA_EXTRACTABLE) {
        return Err(Rv::KEY_UNEXTRACTABLE);
    }
    let is_trusted = by.flag(ck::CKA_TRUSTED);
    if of.flag(ck::CKA_WRAP_WITH_TRUSTED) && !is_trusted {
        return Err(Rv::KEY_NOT_WRAPPABLE);
    }
    // Known to nobody: made here, and never told.
    let is_unknown = by.class == ck::CKO_SECRET_KEY && by.flag(ck::CKA_ALWAYS_SENSITIVE);
    if of.flag(ck::CKA_SENSITIVE) && !is_trusted && !is_unknown {
        return Err(Rv::KEY_NOT_WRAPPABLE);
    }
    // A chain is as weak as its weakest key.
    match (by.spec, of.spec) {
        (Some(KeySpec::Aes { bits }), Some(KeySpec::Aes { bits: own })) if bits < own.min(256) => {
            Err(Rv::WRAPPING_KEY_SIZE_RANGE)
        }
        _ => Ok(()),
    }
}

/// The question for a key under another.
#[must_use]
pub fn get_request(by: &Facts, of: &Facts, cipher: &Cipher) -> GetRequest {
    GetRequest {
        unique_identifier: Some(of.id.as_str().into()),
        key_format_type: format_wanted(of.class),
        key_wrapping_specification: Some(KeyWrappingSpecification {
            wrapping_method: WrappingMethod::Encrypt,
            encryption_key_information: Some(information(by, cipher)),
            mac_signature_key_information: None,
            attribute_name: Vec::new(),
            encoding_option: Some(EncodingOption::NoEncoding),
        }),
        ..GetRequest::default()
    }
}

fn information(by: &Facts, cipher: &Cipher) -> EncryptionKeyInformation {
    EncryptionKeyInformation {
        unique_identifier: UniqueIdentifier::from(by.id.as_str()),
        cryptographic_parameters: Some(cipher_parameters(cipher)),
    }
}

/// The wrapped key that came.
#[must_use]
pub fn wrapped(response: &GetResponse) -> Option<Vec<u8>> {
    let block = response.object.key_block()?;
    match block.key_value.as_ref()? {
        KeyValue::Wrapped(bytes) => Some(bytes.0.clone()),
        KeyValue::Plain {
            key_material: KeyMaterial::Bytes(bytes),
            ..
        } if block.key_wrapping_data.is_some() => Some(bytes.expose().to_vec()),
        KeyValue::Plain { .. } => None,
    }
}

/// What makes a key of a wrapped one, by its template. It is sensitive, whatever it was: a key that could leave would
/// otherwise be read by coming back.
pub fn register_request(
    by: &Facts,
    cipher: &Cipher,
    wrapped: &[u8],
    template: &Template<'_>,
    session: Option<&str>,
    now: Timestamp,
) -> Result<RegisterRequest> {
    if template.flag(ck::CKA_SENSITIVE) == Some(false) {
        return Err(Rv::TEMPLATE_INCONSISTENT);
    }
    template.lacks(&[ck::CKA_VALUE, ck::CKA_MODULUS, ck::CKA_EC_POINT])?;
    let class = template.number(ck::CKA_CLASS).unwrap_or(ck::CKO_SECRET_KEY);
    let key_type = template.number(ck::CKA_KEY_TYPE);
    let (spec, more, object_type) = match class {
        ck::CKO_SECRET_KEY => {
            let new = unwrapped_secret(template, key_type, wrapped.len())?;
            let shown = new.shown();
            (new.spec, shown, ObjectType::SymmetricKey)
        }
        ck::CKO_PRIVATE_KEY => {
            let spec = stand_in(key_type.ok_or(Rv::TEMPLATE_INCOMPLETE)?)?;
            (spec, Vec::new(), ObjectType::PrivateKey)
        }
        _ => return Err(Rv::TEMPLATE_INCONSISTENT),
    };
    let (algorithm, ..) = key_attributes(spec, None);
    let block = KeyBlock {
        key_format_type: format_wanted(class).unwrap_or(KeyFormatType::Raw),
        key_compression_type: None,
        key_value: Some(KeyValue::plain(KeyMaterial::Bytes(Secret::from(wrapped)))),
        cryptographic_algorithm: Some(algorithm),
        cryptographic_length: None,
        key_wrapping_data: Some(KeyWrappingData {
            wrapping_method: WrappingMethod::Encrypt,
            encryption_key_information: Some(information(by, cipher)),
            mac_signature_key_information: None,
            mac_signature: None,
            iv_counter_nonce: None::<Bytes>,
            encoding_option: Some(EncodingOption::NoEncoding),
        }),
    };
    let key = KeyObject { key_block: block };
    let mut attributes = new::key_attributes_of(template, class, spec, session, now);
    attributes.extend(more);
    if let Some(bytes) = template.number(ck::CKA_VALUE_LEN) {
        let bits = i32::try_from(bytes.saturating_mul(8));
        let bits = bits.map_err(|_| Rv::ATTRIBUTE_VALUE_INVALID)?;
        attributes.push(Attribute::CryptographicLength(bits));
    }
    Ok(RegisterRequest {
        object_type,
        attributes: AttributeList::from_iter(attributes),
        object: Some(match object_type {
            ObjectType::PrivateKey => ManagedObject::PrivateKey(key),
            _ => ManagedObject::SymmetricKey(key),
        }),
        protection_storage_masks: None,
    })
}

/// The kind of a key that is still wrapped: its length only has to be one of the type's.
fn unwrapped_secret(
    template: &Template<'_>,
    key_type: Option<Ulong>,
    wrapped_bytes: usize,
) -> Result<NewSecret> {
    let any = match key_type {
        Some(ck::CKK_AES | ck::CKK_AES_XTS) => 32,
        _ => wrapped_bytes.clamp(1, 1024),
    };
    NewSecret::described(template, Some(any))
}

/// A kind of private key that has the usages of all of its type.
const fn stand_in(key_type: Ulong) -> Result<KeySpec> {
    Ok(match key_type {
        ck::CKK_RSA => KeySpec::Rsa { bits: 2048 },
        ck::CKK_EC => KeySpec::Ec(Curve::P256),
        ck::CKK_EC_EDWARDS => KeySpec::Ec(Curve::Ed25519),
        ck::CKK_EC_MONTGOMERY => KeySpec::Ec(Curve::X25519),
        _ => return Err(Rv::ATTRIBUTE_VALUE_INVALID),
    })
}
