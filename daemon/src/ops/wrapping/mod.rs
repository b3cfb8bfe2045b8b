//! Keys wrapped under keys: what Get returns with a Key Wrapping Specification, and Register takes (KMIP 2.1 §3.3, §7.18).

mod authentic;
mod registered;

use hsm::{Decryption, Encryption};
use kmip::{
    BlockCipherMode, CryptographicUsageMask, EncodingOption, OperationCode, Secret, Tag, V2_1,
    WrappingMethod,
    attribute::{AttributeReference, CryptographicParameters},
    mechanism::{Cipher, KeySpec, parameters},
    object::{
        EncryptionKeyInformation, KeyBlock, KeyMaterial, KeyValue, KeyWrappingData,
        KeyWrappingSpecification,
    },
    ttlv::{Bytes, Reader, Writer},
};
use store::{Custody, Record};

pub(crate) use self::registered::{as_it_came, as_registered, remember};
use crate::{
    context::{Authorized, Context},
    error::{Error, Result},
    fault::Fault,
    marks, material, profile,
};

/// What a wrapping method does to a key value, and in which order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Encrypt,
    Authenticate,
    EncryptThenAuthenticate,
    AuthenticateThenEncrypt,
}

impl Method {
    /// The method, if it is served and names the keys that it needs and no others.
    fn of(method: WrappingMethod, encrypts: bool, authenticates: bool) -> Result<Self> {
        let (own, needs) = match method {
            WrappingMethod::Encrypt => (Self::Encrypt, (true, false)),
            WrappingMethod::MACSign => (Self::Authenticate, (false, true)),
            WrappingMethod::EncryptThenMACSign => (Self::EncryptThenAuthenticate, (true, true)),
            WrappingMethod::MACSignThenEncrypt => (Self::AuthenticateThenEncrypt, (true, true)),
            _ => {
                return Err(Error::new(
                    Fault::KeyWrapNotServed,
                    "keys are wrapped by encryption, by a MAC or signature, or by both; TR-31 is not served",
                ));
            }
        };
        match (needs, (encrypts, authenticates)) {
            (needs, named) if needs == named => Ok(own),
            ((true, _), (false, _)) => Err(missing("the wrapping key is not named")),
            ((_, true), (_, false)) => Err(missing("the authenticating key is not named")),
            _ => Err(Error::invalid_field(
                "a key is named that the wrapping method does not use",
            )),
        }
    }
}

fn missing(what: &'static str) -> Error {
    Error::new(Fault::MissingData, what)
}

/// Whether a method hides the value: what is only authenticated leaves in the clear.
pub(crate) fn encrypts(method: WrappingMethod) -> bool {
    method != WrappingMethod::MACSign
}

/// Whether the value of a key block is hidden by its wrapping.
pub(crate) fn is_encrypted(block: &KeyBlock) -> bool {
    let how = block.key_wrapping_data.as_ref();
    how.is_some_and(|how| encrypts(how.wrapping_method))
}

/// Wraps a plain key block as the client asks. `of` is the object whose attributes may travel inside.
pub(crate) fn wrap(
    context: &mut Context<'_>,
    plain: &KeyBlock,
    how: &KeyWrappingSpecification,
    of: &Record,
) -> Result<KeyBlock> {
    let method = Method::of(
        how.wrapping_method,
        how.encryption_key_information.is_some(),
        how.mac_signature_key_information.is_some(),
    )?;
    let bare = how.encoding_option == Some(EncodingOption::NoEncoding);
    if bare && !how.attribute_name.is_empty() {
        return Err(Error::new(
            Fault::EncodingOption,
            "attributes are wrapped only with the key value in TTLV",
        ));
    }
    let value = value_to_wrap(plain, &how.attribute_name, of)?;
    let bytes = bytes_of(&value, bare, context)?;
    let mut told = KeyWrappingData {
        wrapping_method: how.wrapping_method,
        encryption_key_information: None,
        mac_signature_key_information: None,
        mac_signature: None,
        iv_counter_nonce: None,
        encoding_option: how.encoding_option,
    };
    let wrapped = match &how.encryption_key_information {
        Some(by) => Some(encrypted(context, by, &bytes, of, &mut told)?),
        None => None,
    };
    if let Some(by) = &how.mac_signature_key_information {
        let covered = match (&wrapped, method) {
            (Some(wrapped), Method::EncryptThenAuthenticate) => wrapped,
            _ => &bytes,
        };
        let (made, by) = authentic::made(context, by, covered)?;
        told.mac_signature = Some(Bytes(made));
        told.mac_signature_key_information = Some(by);
    }
    Ok(match wrapped {
        Some(wrapped) => material::wrapped_key_block(plain, wrapped.expose().to_vec(), told, bare),
        None => KeyBlock {
            key_value: Some(value),
            key_wrapping_data: Some(told),
            ..plain.clone()
        },
    })
}

/// Encrypts what is wrapped, and says how.
fn encrypted(
    context: &mut Context<'_>,
    by: &EncryptionKeyInformation,
    bytes: &Secret,
    of: &Record,
    told: &mut KeyWrappingData,
) -> Result<Secret> {
    let (kek, cipher, parameters) = wrapping_key(
        context,
        by,
        OperationCode::Encrypt,
        CryptographicUsageMask::WrapKey,
    )?;
    // Some test cases wrap, and unwrap, with keys that a server that keeps real ones refuses for it.
    if context.service.conformance.is_none() {
        profile::check_wrapping(mask(&kek), of.attributes.sensitive != Some(false))?;
    }
    if marks::wants_trusted(of) && !marks::is_trusted(kek.record()) {
        return Err(super::get::wants_trusted());
    }
    if let Custody::Public(spki) = &kek.record().custody {
        context.permitted(&kek, CryptographicUsageMask::WrapKey)?;
        told.encryption_key_information = Some(EncryptionKeyInformation {
            unique_identifier: kek.identifier(),
            cryptographic_parameters: Some(parameters),
        });
        let wrapped = hsm::public::encrypt(spki, &cipher, bytes.expose())?;
        return Ok(Secret::new(wrapped));
    }
    let (backend, key) = context.key_for(&kek, CryptographicUsageMask::WrapKey)?;
    let input = Encryption {
        iv: None,
        associated: &[],
        plain: bytes.expose(),
    };
    let encrypted = context.backend(&backend)?.encrypt(&key, &cipher, input)?;
    let mut wrapped = encrypted.data;
    // GCM's tag has no field of its own in Key Wrapping Data; it follows the ciphertext.
    wrapped.extend(encrypted.tag.unwrap_or_default());
    told.encryption_key_information = Some(EncryptionKeyInformation {
        unique_identifier: kek.identifier(),
        cryptographic_parameters: Some(parameters),
    });
    told.iv_counter_nonce = encrypted.iv.map(Bytes);
    Ok(Secret::new(wrapped))
}

/// Unwraps a key block that a client registers; what authenticates it must be right.
pub(crate) fn unwrap(
    context: &mut Context<'_>,
    block: &KeyBlock,
    new_is_sensitive: bool,
) -> Result<KeyBlock> {
    let how = block
        .key_wrapping_data
        .clone()
        .ok_or_else(|| Error::invalid_field("the key is not wrapped"))?;
    let method = Method::of(
        how.wrapping_method,
        how.encryption_key_information.is_some(),
        how.mac_signature_key_information.is_some(),
    )?;
    let bare = how.encoding_option == Some(EncodingOption::NoEncoding);
    let absent = || Error::invalid_field("the wrapped key value is missing");
    let value = match &how.encryption_key_information {
        None => {
            let value = block.key_value.clone().ok_or_else(absent)?;
            let bytes = bytes_of(&value, bare, context)?;
            authentic::check(context, &how, &bytes)?;
            value
        }
        Some(by) => {
            let wrapped = match &block.key_value {
                Some(KeyValue::Wrapped(bytes)) => Secret::from(&bytes.0[..]),
                Some(KeyValue::Plain {
                    key_material: KeyMaterial::Bytes(bytes),
                    ..
                }) => bytes.clone(),
                _ => return Err(absent()),
            };
            if method == Method::EncryptThenAuthenticate {
                authentic::check(context, &how, &wrapped)?;
            }
            let plain = decrypted(context, by, &how, &wrapped, new_is_sensitive)?;
            if method == Method::AuthenticateThenEncrypt {
                authentic::check(context, &how, &plain)?;
            }
            if bare {
                KeyValue::plain(KeyMaterial::Bytes(plain))
            } else {
                key_value(&plain, block)?
            }
        }
    };
    Ok(KeyBlock {
        key_value: Some(value),
        key_wrapping_data: None,
        ..block.clone()
    })
}

fn decrypted(
    context: &mut Context<'_>,
    by: &EncryptionKeyInformation,
    how: &KeyWrappingData,
    wrapped: &Secret,
    new_is_sensitive: bool,
) -> Result<Secret> {
    let (kek, cipher, _) = wrapping_key(
        context,
        by,
        OperationCode::Decrypt,
        CryptographicUsageMask::UnwrapKey,
    )?;
    let mut usage = CryptographicUsageMask::UnwrapKey;
    if context.service.conformance.is_none() {
        profile::check_unwrapping(mask(&kek), new_is_sensitive)?;
    } else if !mask(&kek).contains(usage) {
        usage = CryptographicUsageMask::WrapKey;
    }
    let (data, tag) = split_tag(&cipher, wrapped.expose())?;
    let (backend, key) = context.key_for(&kek, usage)?;
    let input = Decryption {
        iv: how.iv_counter_nonce.as_ref().map(|iv| iv.0.as_slice()),
        associated: &[],
        tag,
        data,
    };
    Ok(context.backend(&backend)?.decrypt(&key, &cipher, input)?)
}

/// The wrapping key and how it wraps; the principal must be allowed to encrypt or decrypt with it.
fn wrapping_key(
    context: &mut Context<'_>,
    information: &EncryptionKeyInformation,
    operation: OperationCode,
    usage: CryptographicUsageMask,
) -> Result<(Authorized, Cipher, CryptographicParameters)> {
    let kek = context
        .second_object(&information.unique_identifier, operation, usage)
        .map_err(of_wrapping)?;
    let spec = kek
        .record()
        .spec
        .ok_or_else(|| Error::new(Fault::WrongObjectType, "the wrapping object is no key"))?;
    let own = kek.record().attributes.cryptographic_parameters.first();
    let mut parameters = information
        .cryptographic_parameters
        .clone()
        .or_else(|| own.map(|own| (**own).clone()))
        .unwrap_or_default();
    // AES key wrap is what wrapping means where nothing else is said.
    if matches!(spec, KeySpec::Aes { .. }) {
        parameters
            .block_cipher_mode
            .get_or_insert(BlockCipherMode::NISTKeyWrap);
    }
    let cipher = parameters::cipher(spec, &parameters)?;
    match cipher {
        Cipher::AesKeyWrap
        | Cipher::AesKeyWrapPadded
        | Cipher::AesGcm { .. }
        | Cipher::AesCcm { .. }
        | Cipher::ChaCha20Poly1305 { .. }
        | Cipher::RsaOaep { .. } => Ok((kek, cipher, parameters)),
        _ => Err(Error::new(
            Fault::UnsupportedParameters,
            "keys are wrapped with AES key wrap, an authenticating mode or RSAES-OAEP",
        )),
    }
}

/// What went wrong with the object that wraps, and not with the one that is wrapped.
fn of_wrapping(error: Error) -> Error {
    match error.fault {
        Fault::NoSuchObject => Error::new(
            Fault::WrappingObjectNotFound,
            "there is no such wrapping key",
        ),
        Fault::ObjectArchived => Error::new(
            Fault::WrappingObjectArchived,
            "the wrapping key is archived",
        ),
        Fault::ObjectDestroyed => Error::new(
            Fault::WrappingObjectDestroyed,
            "the wrapping key is destroyed",
        ),
        _ => error,
    }
}

fn mask(key: &Authorized) -> CryptographicUsageMask {
    key.record()
        .attributes
        .cryptographic_usage_mask
        .unwrap_or_default()
}

/// The key value with the attributes that travel inside.
fn value_to_wrap(
    plain: &KeyBlock,
    attributes: &[AttributeReference],
    of: &Record,
) -> Result<KeyValue> {
    let Some(KeyValue::Plain { key_material, .. }) = &plain.key_value else {
        return Err(Error::new(
            Fault::KeyValueAbsent,
            "there is no key value to wrap",
        ));
    };
    let named = attributes
        .iter()
        .flat_map(|reference| of.attributes.named(reference))
        .map(|(index, attribute)| (Some(index), attribute))
        .collect();
    Ok(KeyValue::Plain {
        key_material: key_material.clone(),
        attributes: named,
    })
}

/// What is wrapped of a key value: the bare material, or the whole in TTLV.
fn bytes_of(value: &KeyValue, bare: bool, context: &Context<'_>) -> Result<Secret> {
    match value {
        KeyValue::Plain {
            key_material: KeyMaterial::Bytes(bytes),
            ..
        } if bare => Ok(bytes.clone()),
        KeyValue::Plain { .. } if bare => Err(Error::new(
            Fault::EncodingOption,
            "a transparent key is wrapped only with its value in TTLV",
        )),
        value => {
            let mut writer = Writer::new(context.version);
            value.write(&mut writer);
            Ok(Secret::from(writer.bytes()))
        }
    }
}

/// The Key Value that was wrapped in TTLV.
fn key_value(plain: &Secret, block: &KeyBlock) -> Result<KeyValue> {
    let unreadable = || {
        Error::new(
            Fault::EncodingOption,
            "the wrapped bytes are no key value in TTLV",
        )
    };
    let mut reader = Reader::new(plain.expose(), Tag::KeyBlock, V2_1);
    let item = reader.next_item().ok().flatten().ok_or_else(unreadable)?;
    if item.tag != Tag::KeyValue || !reader.is_empty() {
        return Err(unreadable());
    }
    KeyValue::read(item, block.key_format_type).map_err(|_| unreadable())
}

/// The tag that follows the ciphertext of an authenticating mode.
fn split_tag<'a>(cipher: &Cipher, wrapped: &'a [u8]) -> Result<(&'a [u8], Option<&'a [u8]>)> {
    let Some(tag_bytes) = cipher.tag_bytes() else {
        return Ok((wrapped, None));
    };
    wrapped
        .len()
        .checked_sub(usize::from(tag_bytes))
        .and_then(|at| wrapped.split_at_checked(at))
        .map(|(data, tag)| (data, Some(tag)))
        .ok_or_else(|| Error::invalid_field("the wrapped key is shorter than its tag"))
}
