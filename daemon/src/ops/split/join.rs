//! Join Split Key.

use hsm::split::{self, Method, Part};
use kmip::{
    KeyFormatType, ObjectType, OperationCode, Secret, V1_3,
    attribute::{Attribute, AttributeList},
    object::{KeyBlock, KeyMaterial, KeyObject, KeyValue, ManagedObject, SecretData, SplitKey},
    payload::split::{JoinSplitKey, JoinSplitKeyRequest, JoinSplitKeyResponse},
};
use store::Record;

use super::{method, number};
use crate::{
    context::Context,
    custody::Value,
    error::{Error, Result},
    fault::Fault,
    ops::{Handler, needed, register::register},
    policy::Access,
    whole,
};

impl Handler for JoinSplitKey {
    const ACCESS: Access = Access::Create;

    fn handle(
        context: &mut Context<'_>,
        request: JoinSplitKeyRequest,
    ) -> Result<JoinSplitKeyResponse> {
        let mut parts = Vec::with_capacity(request.unique_identifier.len().min(256));
        let (mut is_sensitive, mut is_locked) = (false, false);
        for id in &request.unique_identifier {
            let object = context.another_object(id, OperationCode::Get, Access::Release)?;
            let record = object.record();
            is_sensitive |= record.attributes.sensitive != Some(false);
            is_locked |= record.attributes.extractable != Some(true);
            parts.push(part(context, record)?);
        }
        let (block, bytes) = joined(&parts, &request.attributes)?;
        // The whole leaves no more easily than its parts.
        let mut attributes = request.attributes.clone();
        for (applies, own) in [
            (is_sensitive, Attribute::Sensitive(true)),
            (is_locked, Attribute::Extractable(false)),
        ] {
            if applies {
                attributes
                    .items
                    .retain(|(_, other)| other.kind() != own.kind());
                attributes.items.push((None, own));
            }
        }
        let object = object(&request, block, bytes)?;
        let unique_identifier = register(context, object, &attributes)?;
        context.note("joined");
        Ok(JoinSplitKeyResponse {
            object_type: (context.version < V1_3).then_some(request.object_type),
            unique_identifier,
        })
    }
}

/// The part that an object is.
fn part(context: &Context<'_>, record: &Record) -> Result<SplitKey> {
    if record.object_type != ObjectType::SplitKey {
        return Err(Error::new(
            Fault::WrongObjectType,
            "only split keys are joined",
        ));
    }
    match context.value(record)? {
        Value::Bytes(kept) => match whole::decoded(&kept)? {
            ManagedObject::SplitKey(key) => Ok(key),
            _ => Err(Error::internal("a split key is stored as something else")),
        },
        Value::Key(_) | Value::PublicKey { .. } => {
            Err(Error::internal("a split key is stored as something else"))
        }
    }
}

/// The bytes that the parts make, with the key block of the first.
fn joined<'a>(parts: &'a [SplitKey], asked: &AttributeList) -> Result<(&'a KeyBlock, Secret)> {
    let first = parts
        .first()
        .ok_or_else(|| Error::new(Fault::CryptoFailed, "there are no parts"))?;
    let alike = parts.iter().all(|part| {
        part.split_key_parts == first.split_key_parts
            && part.split_key_threshold == first.split_key_threshold
            && part.split_key_method == first.split_key_method
            && part.prime_field_size == first.prime_field_size
            && part.key_block.key_format_type == first.key_block.key_format_type
            && part.key_block.cryptographic_algorithm == first.key_block.cryptographic_algorithm
            && part.key_block.cryptographic_length == first.key_block.cryptographic_length
            && marks(part) == marks(first)
    });
    if !alike {
        return Err(Error::new(
            Fault::CryptoFailed,
            "the parts are not of one key",
        ));
    }
    let method = method(first.split_key_method, first.prime_field_size.as_ref())?;
    let held: Vec<Part<'_>> = parts
        .iter()
        .map(|part| {
            Ok(Part {
                identifier: number(part.key_part_identifier)?,
                bytes: material(part)?,
            })
        })
        .collect::<Result<_>>()?;
    let bytes = split::join(&held, number(first.split_key_threshold)?, &method)?;
    let claimed = asked.iter().find_map(|attribute| match attribute {
        Attribute::CryptographicLength(bits) => Some(*bits),
        _ => None,
    });
    let bits = first.key_block.cryptographic_length.or(claimed);
    Ok((
        &first.key_block,
        fitted(bytes, &method, &first.key_block, bits)?,
    ))
}

fn marks(part: &SplitKey) -> Option<&AttributeList> {
    match &part.key_block.key_value {
        Some(KeyValue::Plain { attributes, .. }) => Some(attributes),
        Some(KeyValue::Wrapped(_)) | None => None,
    }
}

fn material(part: &SplitKey) -> Result<&Secret> {
    match &part.key_block.key_value {
        Some(KeyValue::Plain {
            key_material: KeyMaterial::Bytes(bytes),
            ..
        }) => Ok(bytes),
        _ => Err(Error::internal("a part is stored without its bytes")),
    }
}

/// The secret without what the method added to its length.
fn fitted(bytes: Secret, method: &Method, block: &KeyBlock, bits: Option<i32>) -> Result<Secret> {
    let is_raw = matches!(
        block.key_format_type,
        KeyFormatType::Raw | KeyFormatType::Opaque
    );
    let own = bytes.expose();
    let told = bits
        .filter(|_| is_raw)
        .and_then(|bits| usize::try_from(bits).ok())
        .map(|bits| bits.div_ceil(8));
    let does_not_fit = || {
        Error::new(
            Fault::CryptoFailed,
            "the parts do not make a key of this length",
        )
    };
    let (kept, added) = match method {
        Method::Xor | Method::Gf8 => return Ok(bytes),
        Method::Gf16 => {
            let length =
                told.unwrap_or_else(|| own.len() - usize::from(!is_raw && ends_early(own)));
            own.split_at_checked(length)
                .filter(|(_, added)| added.len() < 2)
                .ok_or_else(does_not_fit)?
        }
        Method::Prime(field) if is_raw => {
            let length = told.unwrap_or_else(|| field.bits().saturating_sub(1) / 8);
            let (added, kept) = own
                .len()
                .checked_sub(length)
                .and_then(|at| own.split_at_checked(at))
                .ok_or_else(does_not_fit)?;
            (kept, added)
        }
        Method::Prime(_) => {
            let zeros = own.iter().take_while(|byte| **byte == 0).count();
            let (added, kept) = own.split_at(zeros);
            (kept, added)
        }
    };
    if added.iter().any(|byte| *byte != 0) {
        return Err(does_not_fit());
    }
    Ok(Secret::from(kept))
}

/// Whether a DER structure ends one byte before the bytes do.
fn ends_early(der: &[u8]) -> bool {
    let length = match der {
        [_, short @ 0..=0x7F, ..] => usize::from(*short) + 2,
        [_, 0x81, long, ..] => usize::from(*long) + 3,
        [_, 0x82, high, low, ..] => usize::from(u16::from_be_bytes([*high, *low])) + 4,
        _ => return false,
    };
    length + 1 == der.len()
}

/// The object that the parts make, as a client would register it.
fn object(request: &JoinSplitKeyRequest, of: &KeyBlock, bytes: Secret) -> Result<ManagedObject> {
    let key_block = KeyBlock {
        key_format_type: of.key_format_type,
        key_compression_type: None,
        key_value: Some(KeyValue::plain(KeyMaterial::Bytes(bytes))),
        cryptographic_algorithm: of.cryptographic_algorithm,
        cryptographic_length: of.cryptographic_length,
        key_wrapping_data: None,
    };
    match request.object_type {
        ObjectType::SymmetricKey => Ok(ManagedObject::SymmetricKey(KeyObject { key_block })),
        ObjectType::PrivateKey => Ok(ManagedObject::PrivateKey(KeyObject { key_block })),
        ObjectType::SecretData => {
            let secret_data_type = needed(request.secret_data_type, "Secret Data Type is missing")?;
            Ok(ManagedObject::SecretData(SecretData {
                secret_data_type,
                key_block: KeyBlock {
                    cryptographic_algorithm: None,
                    cryptographic_length: None,
                    ..key_block
                },
            }))
        }
        _ => Err(Error::new(
            Fault::WrongObjectType,
            "parts make a symmetric or private key, or secret data",
        )),
    }
}
