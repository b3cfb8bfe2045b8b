//! What authenticates a wrapped key: a MAC or a signature (KMIP 2.1 §3.3, MAC/Signature Key Information).

use hsm::Input;
use kmip::{
    CryptographicUsageMask as Mask, LinkType, ObjectType, OperationCode, Secret, ValidityIndicator,
    attribute::UniqueIdentifier,
    object::{KeyWrappingData, MACSignatureKeyInformation},
};

use super::{missing, of_wrapping};
use crate::{
    context::{Authorized, Context},
    error::{Error, Result},
    fault::Fault,
    links::linked,
    ops::{mac, sign},
    policy::Access,
};

/// The MAC or signature of the bytes, and how it was made.
pub(super) fn made(
    context: &mut Context<'_>,
    by: &MACSignatureKeyInformation,
    bytes: &Secret,
) -> Result<(Vec<u8>, MACSignatureKeyInformation)> {
    let id = by
        .unique_identifier
        .as_ref()
        .ok_or_else(|| missing(UNNAMED))?;
    let parameters = by.cryptographic_parameters.clone();
    let is_private = context.type_of(id)? == Some(ObjectType::PrivateKey);
    let (key, made) = if is_private {
        let key = key(context, id, OperationCode::Sign, Mask::Sign)?;
        let input = Input::Message(bytes.expose());
        let made = sign::signature(context, &key, parameters, input)?;
        (key, made)
    } else {
        let key = key(context, id, OperationCode::MAC, Mask::MACGenerate)?;
        let made = mac::whole(context, &key, Mask::MACGenerate, parameters, bytes)?;
        (key, made)
    };
    context.spend(&key, bytes.len())?;
    let how = MACSignatureKeyInformation {
        unique_identifier: Some(key.identifier()),
        cryptographic_parameters: by.cryptographic_parameters.clone(),
    };
    Ok((made, how))
}

/// Refuses bytes whose MAC or signature is another.
pub(super) fn check(
    context: &mut Context<'_>,
    how: &KeyWrappingData,
    bytes: &Secret,
) -> Result<()> {
    let by = how.mac_signature_key_information.clone();
    let by = by.ok_or_else(|| missing(UNNAMED))?;
    let id = by.unique_identifier.ok_or_else(|| missing(UNNAMED))?;
    let given = how.mac_signature.as_ref();
    let given = given.ok_or_else(|| missing("the MAC or signature is missing"))?;
    let parameters = by.cryptographic_parameters;
    let validity = match context.type_of(&id)? {
        Some(ObjectType::PublicKey | ObjectType::PrivateKey) => {
            let id = public_half(context, id)?;
            let key = key(context, &id, OperationCode::SignatureVerify, Mask::Verify)?;
            context.permitted(&key, Mask::Verify)?;
            let input = Input::Message(bytes.expose());
            sign::validity(&key, parameters, input, &given.0)?
        }
        _ => {
            let key = key(context, &id, OperationCode::MACVerify, Mask::MACVerify)?;
            let made = mac::whole(context, &key, Mask::MACVerify, parameters, bytes)?;
            mac::validity(&made, &given.0)
        }
    };
    if validity == ValidityIndicator::Valid {
        return Ok(());
    }
    Err(Error::new(
        Fault::CryptoFailed,
        "the MAC or signature is not that of the key value",
    ))
}

fn key(
    context: &mut Context<'_>,
    id: &UniqueIdentifier,
    operation: OperationCode,
    usage: Mask,
) -> Result<Authorized> {
    context
        .second_object(id, operation, usage)
        .map_err(of_wrapping)
}

/// Who signed is named by either half of the pair; the public one verifies.
fn public_half(context: &mut Context<'_>, id: UniqueIdentifier) -> Result<UniqueIdentifier> {
    if context.type_of(&id)? == Some(ObjectType::PublicKey) {
        return Ok(id);
    }
    let private = context
        .another_object(&id, OperationCode::GetAttributes, Access::Read)
        .map_err(of_wrapping)?;
    linked(&private.record().attributes, LinkType::PublicKeyLink)
        .map(|id| UniqueIdentifier::Text(id.0))
        .ok_or_else(|| {
            Error::new(
                Fault::WrappingObjectNotFound,
                "the signing key has no link to its public key",
            )
        })
}

const UNNAMED: &str = "the authenticating key is not named";
