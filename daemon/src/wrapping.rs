//! Keys wrapped under keys: what Get returns with a Key Wrapping Specification, and Register takes (KMIP 2.1 §3.3, §7.18).

use hsm::{Decryption, Encryption};
use kmip::{
    BlockCipherMode, CryptographicUsageMask, EncodingOption, LinkType, OperationCode, Secret, Tag,
    V2_1, WrappingMethod,
    attribute::{AttributeReference, CryptographicParameters, Link},
    mechanism::{Cipher, KeySpec, parameters},
    object::{
        EncryptionKeyInformation, KeyBlock, KeyMaterial, KeyValue, KeyWrappingData,
        KeyWrappingSpecification,
    },
    ttlv::{Bytes, Reader, Writer},
};
use store::Record;

use crate::{
    context::{Authorized, Context},
    error::{Error, Result},
    fault::Fault,
    material, profile,
};

/// Wraps a plain key block as the client asks. `of` is the object whose attributes may travel inside.
pub(crate) fn wrap(
    context: &mut Context<'_>,
    plain: &KeyBlock,
    how: &KeyWrappingSpecification,
    of: &Record,
) -> Result<KeyBlock> {
    if how.wrapping_method != WrappingMethod::Encrypt || how.mac_signature_key_information.is_some()
    {
        return Err(Error::new(
            Fault::KeyWrapNotServed,
            "keys are wrapped by encryption only",
        ));
    }
    let information = how
        .encryption_key_information
        .as_ref()
        .ok_or_else(|| Error::new(Fault::MissingData, "the wrapping key is not named"))?;
    let bare = how.encoding_option == Some(EncodingOption::NoEncoding);
    if bare && !how.attribute_name.is_empty() {
        return Err(Error::new(
            Fault::EncodingOption,
            "attributes are wrapped only with the key value in TTLV",
        ));
    }
    let (kek, cipher, parameters) = wrapping_key(
        context,
        information,
        OperationCode::Encrypt,
        CryptographicUsageMask::WrapKey,
    )?;
    // Some test cases wrap, and unwrap, with keys that a server that keeps real ones refuses for it.
    if context.service.conformance.is_none() {
        profile::check_wrapping(mask(&kek), of.attributes.sensitive != Some(false))?;
    }
    let bytes = value_to_wrap(plain, bare, &how.attribute_name, of, context)?;
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
    let how = KeyWrappingData {
        wrapping_method: WrappingMethod::Encrypt,
        encryption_key_information: Some(EncryptionKeyInformation {
            unique_identifier: kek.identifier(),
            cryptographic_parameters: Some(parameters),
        }),
        mac_signature_key_information: None,
        mac_signature: None,
        iv_counter_nonce: encrypted.iv.map(Bytes),
        encoding_option: how.encoding_option,
    };
    Ok(material::wrapped_key_block(plain, wrapped, how, bare))
}

/// Unwraps a key block that a client registers.
pub(crate) fn unwrap(
    context: &mut Context<'_>,
    block: &KeyBlock,
    new_is_sensitive: bool,
) -> Result<KeyBlock> {
    let how = block
        .key_wrapping_data
        .clone()
        .ok_or_else(|| Error::invalid_field("the key is not wrapped"))?;
    if how.wrapping_method != WrappingMethod::Encrypt {
        return Err(Error::new(
            Fault::KeyWrapNotServed,
            "keys are unwrapped by decryption only",
        ));
    }
    let information = how
        .encryption_key_information
        .as_ref()
        .ok_or_else(|| Error::new(Fault::MissingData, "the wrapping key is not named"))?;
    let (kek, cipher, _) = wrapping_key(
        context,
        information,
        OperationCode::Decrypt,
        CryptographicUsageMask::UnwrapKey,
    )?;
    let mut usage = CryptographicUsageMask::UnwrapKey;
    if context.service.conformance.is_none() {
        profile::check_unwrapping(mask(&kek), new_is_sensitive)?;
    } else if !mask(&kek).contains(usage) {
        usage = CryptographicUsageMask::WrapKey;
    }
    let bare = how.encoding_option == Some(EncodingOption::NoEncoding);
    let wrapped = match &block.key_value {
        Some(KeyValue::Wrapped(bytes)) => bytes.0.clone(),
        Some(KeyValue::Plain {
            key_material: KeyMaterial::Bytes(bytes),
            ..
        }) => bytes.expose().to_vec(),
        _ => return Err(Error::invalid_field("the wrapped key value is missing")),
    };
    let (data, tag) = split_tag(&cipher, &wrapped)?;
    let (backend, key) = context.key_for(&kek, usage)?;
    let iv = how.iv_counter_nonce.as_ref().map(|iv| iv.0.as_slice());
    let plain = context.backend(&backend)?.decrypt(
        &key,
        &cipher,
        Decryption {
            iv,
            associated: &[],
            tag,
            data,
        },
    )?;
    let value = if bare {
        KeyValue::plain(KeyMaterial::Bytes(plain))
    } else {
        key_value(&plain, block)?
    };
    Ok(KeyBlock {
        key_value: Some(value),
        key_wrapping_data: None,
        ..block.clone()
    })
}

/// The link to the wrapping key of a key block whose wrapping can be repeated bit by bit: the key alone, by AES key wrap.
pub(crate) fn link(block: &KeyBlock) -> Option<Link> {
    let how = block.key_wrapping_data.as_ref()?;
    let by = how.encryption_key_information.as_ref()?;
    let mode = by.cryptographic_parameters.as_ref()?.block_cipher_mode?;
    let is_repeatable = how.encoding_option == Some(EncodingOption::NoEncoding)
        && mode == BlockCipherMode::NISTKeyWrap;
    is_repeatable.then(|| Link {
        link_type: LinkType::WrappingKeyLink,
        linked_object_identifier: by.unique_identifier.clone(),
    })
}

/// How an object was wrapped when it was registered, if it was and [`link`] remembers it.
pub(crate) fn as_registered(of: &Record) -> Option<KeyWrappingSpecification> {
    let link = of
        .attributes
        .link
        .iter()
        .find(|link| link.link_type == LinkType::WrappingKeyLink)?;
    Some(KeyWrappingSpecification {
        wrapping_method: WrappingMethod::Encrypt,
        encryption_key_information: Some(EncryptionKeyInformation {
            unique_identifier: link.linked_object_identifier.clone(),
            cryptographic_parameters: Some(CryptographicParameters {
                block_cipher_mode: Some(BlockCipherMode::NISTKeyWrap),
                ..CryptographicParameters::default()
            }),
        }),
        mac_signature_key_information: None,
        attribute_name: Vec::new(),
        encoding_option: Some(EncodingOption::NoEncoding),
    })
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
        .map_err(|error| match error.fault {
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
        })?;
    let spec = kek
        .record()
        .spec
        .ok_or_else(|| Error::new(Fault::WrongObjectType, "the wrapping object is no key"))?;
    let own = kek.record().attributes.cryptographic_parameters.first();
    let mut parameters = information
        .cryptographic_parameters
        .clone()
        .or_else(|| own.cloned())
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
        | Cipher::ChaCha20Poly1305 { .. } => Ok((kek, cipher, parameters)),
        _ => Err(Error::new(
            Fault::UnsupportedParameters,
            "keys are wrapped with AES key wrap or an authenticating mode",
        )),
    }
}

fn mask(key: &Authorized) -> CryptographicUsageMask {
    key.record()
        .attributes
        .cryptographic_usage_mask
        .unwrap_or_default()
}

fn value_to_wrap(
    plain: &KeyBlock,
    bare: bool,
    attributes: &[AttributeReference],
    of: &Record,
    context: &Context<'_>,
) -> Result<Secret> {
    let Some(KeyValue::Plain { key_material, .. }) = &plain.key_value else {
        return Err(Error::new(
            Fault::KeyValueAbsent,
            "there is no key value to wrap",
        ));
    };
    if bare {
        return match key_material {
            KeyMaterial::Bytes(bytes) => Ok(bytes.clone()),
            _ => Err(Error::new(
                Fault::EncodingOption,
                "a transparent key is wrapped only with its value in TTLV",
            )),
        };
    }
    let named = attributes
        .iter()
        .flat_map(|reference| of.attributes.named(reference))
        .map(|(index, attribute)| (Some(index), attribute))
        .collect();
    let value = KeyValue::Plain {
        key_material: key_material.clone(),
        attributes: named,
    };
    let mut writer = Writer::new(context.version);
    value.write(&mut writer);
    Ok(Secret::from(writer.bytes()))
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
