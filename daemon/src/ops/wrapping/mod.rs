//! Keys wrapped under keys: what Get returns with a Key Wrapping Specification, and Register takes (KMIP 2.1 §3.3, §7.18).

mod authentic;
mod delivery;
mod encryption;
mod registered;
mod trust;

use kmip::{
    EncodingOption, Secret, Tag, V2_1, WrappingMethod,
    attribute::AttributeReference,
    object::{KeyBlock, KeyMaterial, KeyValue, KeyWrappingData, KeyWrappingSpecification},
    ttlv::{Bytes, Reader, Writer},
};
use store::Record;

pub(crate) use self::delivery::{Delivery, delivery};
use self::encryption::{decrypted, encrypted};
pub(crate) use self::registered::{as_it_came, as_registered, remember};
use crate::{
    context::Context,
    error::{Error, Result},
    fault::Fault,
    material,
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
        authenticated_encryption_additional_data: None,
        wrapping_method: how.wrapping_method,
        encryption_key_information: None,
        mac_signature_key_information: None,
        mac_signature: None,
        iv_counter_nonce: None,
        encoding_option: how.encoding_option,
    };
    let wrapped = match &how.encryption_key_information {
        Some(by) => Some(encrypted(context, by, &bytes, (of, how), &mut told)?),
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

/// Whether a key came under one that is trusted, as those come that leave under no other.
pub(crate) fn came_under_trusted(context: &mut Context<'_>, how: &KeyWrappingData) -> Result<bool> {
    match &how.encryption_key_information {
        Some(by) => encryption::is_trusted(context, by),
        None => Ok(false),
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
