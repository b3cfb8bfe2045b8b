//! Keys under keys: which may wrap which, and what wrapping and unwrapping are in KMIP.
//!
//! The attacks on wrapping (Clulow; Bortolozzo and others) make a key leave under one that somebody knows, or come back
//! with less protection. Here a sensitive key leaves only under a key that nobody has ever seen and that never left itself,
//! or that the security officer trusts, and what comes in is sensitive.

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
    mechanism::{CipherUse, cipher_parameters},
    nested,
    new::{self, NewSecret},
};

/// What is wrong with a key, where it is the one that wraps.
#[must_use]
pub const fn of_wrapping_key(rv: Rv) -> Rv {
    match rv {
        Rv::KEY_HANDLE_INVALID => Rv::WRAPPING_KEY_HANDLE_INVALID,
        Rv::KEY_TYPE_INCONSISTENT => Rv::WRAPPING_KEY_TYPE_INCONSISTENT,
        Rv::KEY_SIZE_RANGE => Rv::WRAPPING_KEY_SIZE_RANGE,
        other => other,
    }
}

/// What is wrong with a key, where it is the one that unwraps.
#[must_use]
pub const fn of_unwrapping_key(rv: Rv) -> Rv {
    match rv {
        Rv::KEY_HANDLE_INVALID => Rv::UNWRAPPING_KEY_HANDLE_INVALID,
        Rv::KEY_TYPE_INCONSISTENT => Rv::UNWRAPPING_KEY_TYPE_INCONSISTENT,
        Rv::KEY_SIZE_RANGE => Rv::UNWRAPPING_KEY_SIZE_RANGE,
        other => other,
    }
}

/// Whether a key may leave under another.
pub fn check(by: &Facts, of: &Facts) -> Result<()> {
    match of.class {
        ck::CKO_SECRET_KEY | ck::CKO_PRIVATE_KEY => {}
        ck::CKO_PUBLIC_KEY => return Err(Rv::KEY_NOT_WRAPPABLE),
        _ => return Err(Rv::KEY_HANDLE_INVALID),
    }
    if !of.flag(ck::CKA_EXTRACTABLE) {
        return Err(Rv::KEY_UNEXTRACTABLE);
    }
    if !nested::fits(by, ck::CKA_WRAP_TEMPLATE, of)? {
        return Err(Rv::KEY_HANDLE_INVALID);
    }
    let is_trusted = by.flag(ck::CKA_TRUSTED);
    if of.flag(ck::CKA_WRAP_WITH_TRUSTED) && !is_trusted {
        return Err(Rv::KEY_NOT_WRAPPABLE);
    }
    // Known to nobody: generated here, and never told. What was agreed on is known to the other side, too. And alone: of
    // what may leave, a second key could be made that decrypts.
    let is_alone = by.class == ck::CKO_SECRET_KEY
        && by.flag(ck::CKA_LOCAL)
        && by.flag(ck::CKA_ALWAYS_SENSITIVE)
        && by.flag(ck::CKA_NEVER_EXTRACTABLE);
    if of.flag(ck::CKA_SENSITIVE) && !is_trusted && !is_alone {
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

/// Whether a sensitive key may leave so, by the rules of the daemon's profile: it refuses that of its own keys, but of a copy
/// that is more sensitive than the object nobody knows there.
pub fn check_hidden(by: &Facts, of: &Facts, cipher: &Cipher) -> Result<()> {
    let decrypts = by.flag(ck::CKA_DECRYPT);
    let shows_streams = decrypts || by.flag(ck::CKA_ENCRYPT) || by.flag(ck::CKA_SIGN);
    let is_shown = decrypts || cipher.is_malleable() || (cipher.is_stream() && shows_streams);
    if of.flag(ck::CKA_SENSITIVE) && is_shown {
        return Err(Rv::KEY_NOT_WRAPPABLE);
    }
    Ok(())
}

/// The question for a key under another.
#[must_use]
pub fn get_request(by: &Facts, of: &Facts, how: &CipherUse) -> GetRequest {
    GetRequest {
        unique_identifier: Some(of.id.as_str().into()),
        key_format_type: format_wanted(of.class),
        key_wrapping_specification: Some(KeyWrappingSpecification {
            iv_counter_nonce: given(&how.iv),
            authenticated_encryption_additional_data: given(&how.additional),
            wrapping_method: WrappingMethod::Encrypt,
            encryption_key_information: Some(information(by, &how.cipher)),
            mac_signature_key_information: None,
            attribute_name: Vec::new(),
            encoding_option: Some(EncodingOption::NoEncoding),
        }),
        ..GetRequest::default()
    }
}

fn given(bytes: &[u8]) -> Option<Bytes> {
    (!bytes.is_empty()).then(|| Bytes(bytes.to_vec()))
}

fn information(by: &Facts, cipher: &Cipher) -> EncryptionKeyInformation {
    EncryptionKeyInformation {
        unique_identifier: UniqueIdentifier::from(by.id.as_str()),
        cryptographic_parameters: Some(cipher_parameters(cipher)),
    }
}

/// How long a key is under another; not known of a private key, whose encoding alone tells.
///
/// # Errors
/// `KEY_SIZE_RANGE` where the mechanism does not take a key of this length.
pub fn wrapped_bytes(by: &Facts, of: &Facts, cipher: &Cipher) -> Result<Option<usize>> {
    let spec = of.spec.ok_or(Rv::KEY_NOT_WRAPPABLE)?;
    if of.class == ck::CKO_SECRET_KEY {
        return secret_bytes(by, spec, cipher).map(Some);
    }
    // RSA takes what is shorter than its modulus, which no private key is.
    match cipher {
        Cipher::RsaOaep { .. } | Cipher::RsaPkcs1 => Err(Rv::KEY_SIZE_RANGE),
        _ => Ok(None),
    }
}

/// How long a secret key of a kind is under a key.
///
/// # Errors
/// As of [`wrapped_bytes`].
pub fn secret_bytes(by: &Facts, spec: KeySpec, cipher: &Cipher) -> Result<usize> {
    let plain = spec.secret_bytes();
    let modulus = usize::from(by.spec.map_or(0, |spec| spec.bits().div_ceil(8)));
    let (bytes, fits) = match cipher {
        // RFC 3394 §2.2.1: two or more blocks of 64 bits.
        Cipher::AesKeyWrap => (plain + 8, plain >= 16 && plain.is_multiple_of(8)),
        Cipher::AesKeyWrapPadded => (plain.next_multiple_of(8) + 8, true),
        Cipher::RsaOaep { hash, .. } => (modulus, plain + 2 * hash.digest_bytes() + 2 <= modulus),
        // RFC 8017 §7.2.1: what stands around the message.
        Cipher::RsaPkcs1 => (modulus, plain + 11 <= modulus),
        Cipher::AesCbc(_) => ((plain / BLOCK + 1) * BLOCK, true),
        _ => {
            let tag_bytes = usize::from(cipher.tag_bytes().unwrap_or_default());
            (plain + tag_bytes, true)
        }
    };
    fits.then_some(bytes).ok_or(Rv::KEY_SIZE_RANGE)
}

/// AES's block.
const BLOCK: usize = 16;

/// Whether something wrapped is of a length that the mechanism makes.
pub fn check_wrapped(by: &Facts, wrapped: &[u8], cipher: &Cipher) -> Result<()> {
    let bytes = wrapped.len();
    let fits = match cipher {
        Cipher::AesKeyWrap => bytes >= 24 && bytes.is_multiple_of(8),
        Cipher::AesKeyWrapPadded => bytes >= 16 && bytes.is_multiple_of(8),
        Cipher::AesCbc(_) => bytes > 0 && bytes.is_multiple_of(BLOCK),
        Cipher::RsaOaep { .. } | Cipher::RsaPkcs1 => {
            let modulus = by.spec.map_or(0, |spec| spec.bits().div_ceil(8));
            bytes == usize::from(modulus)
        }
        _ => bytes > usize::from(cipher.tag_bytes().unwrap_or_default()),
    };
    fits.then_some(()).ok_or(Rv::WRAPPED_KEY_LEN_RANGE)
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

/// The IV that the daemon made.
#[must_use]
pub fn iv(response: &GetResponse) -> Option<Vec<u8>> {
    let how = response.object.key_block()?.key_wrapping_data.as_ref()?;
    how.iv_counter_nonce.as_ref().map(|iv| iv.0.clone())
}

/// What makes a key of a wrapped one, by its template. It is sensitive, whatever it was: a key that could leave would
/// otherwise be read by coming back. But under a key that decrypts data there is no sensitive one, and whoever may use
/// that could read this one without us.
pub fn register_request(
    by: &Facts,
    how: &CipherUse,
    wrapped: &[u8],
    template: &Template<'_>,
    session: Option<&str>,
    now: Timestamp,
) -> Result<RegisterRequest> {
    if template.flag(ck::CKA_SENSITIVE) == Some(false) && !by.flag(ck::CKA_DECRYPT) {
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
            authenticated_encryption_additional_data: given(&how.additional),
            wrapping_method: WrappingMethod::Encrypt,
            encryption_key_information: Some(information(by, &how.cipher)),
            mac_signature_key_information: None,
            mac_signature: None,
            iv_counter_nonce: given(&how.iv),
            encoding_option: Some(EncodingOption::NoEncoding),
        }),
    };
    let key = KeyObject { key_block: block };
    let mut attributes = new::key_attributes_of(template, class, spec, session, now);
    attributes.extend(more);
    new::may_leave_by_default(&mut attributes, template);
    if let KeySpec::TripleDes { bits } = spec {
        // The type says how long the key is, so that no shorter one comes in by its name.
        attributes.push(Attribute::CryptographicLength(bits.into()));
    } else if let Some(bytes) = template.number(ck::CKA_VALUE_LEN) {
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
        // Programs leave the type out, and mean a generic secret.
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
