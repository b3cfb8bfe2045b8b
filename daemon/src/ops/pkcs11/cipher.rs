//! Operations with keys, and digests: begun, in one part or in several, ended by every error but a short buffer.
//!
//! Parts are gathered and worked on when the last one is there, because the HSM is given an input as a whole.

use cryptoki_sys as ck;
use kmip::{
    CryptographicUsageMask as Mask, OperationCode, PKCS11ReturnCode as Code, Secret,
    ValidityIndicator,
    attribute::UniqueIdentifier,
    mechanism::{Curve, KeySpec, signature},
    payload::{
        encrypt::{Decrypt, DecryptRequest, Encrypt, EncryptRequest},
        hash::{Hash, HashRequest},
        mac::{MAC, MACRequest, MACVerify, MACVerifyRequest},
        sign::{Sign, SignRequest, SignatureVerify, SignatureVerifyRequest},
    },
    ttlv::Bytes,
};

use super::{
    Call,
    failure::{Failure, Names, Outcome},
};
use crate::cryptoki::{Active, Kind, Meaning, Session, Ulong, Use, read_parameter, row};

type Result<T> = std::result::Result<T, Failure>;

/// `C_EncryptInit` and its like.
pub(super) fn init(call: &mut Call<'_, '_>, kind: Kind) -> Outcome {
    let (handle, mut session) = call.session()?;
    let (mechanism, parameter) = call.arguments.mechanism()?;
    if session.active(kind).is_some() {
        return Err(Code::OPERATIONACTIVE.into());
    }
    let row = row(mechanism, function(kind)).ok_or(Code::MECHANISMINVALID)?;
    let usage = read_parameter(row.meaning, parameter).ok_or(Code::MECHANISMPARAMINVALID)?;
    let key = if kind == Kind::Digest {
        None
    } else {
        let key = call.arguments.ulong()?;
        let id = call.object(key, Code::KEYHANDLEINVALID)?;
        check_key(call, &id, kind, &usage)?;
        Some(id)
    };
    call.arguments.end()?;
    session.begin(Active {
        kind,
        usage,
        key,
        parts: None,
        kept: None,
    });
    call.put_back(handle, session);
    Ok(())
}

const fn function(kind: Kind) -> Ulong {
    match kind {
        Kind::Decrypt => ck::CKF_DECRYPT,
        Kind::Digest => ck::CKF_DIGEST,
        Kind::Encrypt => ck::CKF_ENCRYPT,
        Kind::Sign => ck::CKF_SIGN,
        Kind::Verify => ck::CKF_VERIFY,
    }
}

/// The operation of KMIP that the use of a key is, and the bits that it needs.
const fn operation(kind: Kind, meaning: Meaning) -> (OperationCode, Mask) {
    match (kind, meaning) {
        (Kind::Decrypt, _) => (OperationCode::Decrypt, Mask::Decrypt),
        (Kind::Encrypt, _) => (OperationCode::Encrypt, Mask::Encrypt),
        (Kind::Sign, Meaning::Hmac(_)) => (OperationCode::MAC, Mask::MACGenerate),
        (Kind::Verify, Meaning::Hmac(_)) => (OperationCode::MACVerify, Mask::MACVerify),
        (Kind::Verify, _) => (OperationCode::SignatureVerify, Mask::Verify),
        (Kind::Digest | Kind::Sign, _) => (OperationCode::Sign, Mask::Sign),
    }
}

/// Refuses a key that could not be used so, as early as the standard wants it refused.
fn check_key(call: &mut Call<'_, '_>, id: &str, kind: Kind, usage: &Use) -> Outcome {
    let (operation, mask) = operation(kind, usage.meaning);
    let refused = |error| Failure::Refused(error, Names::Key);
    call.context.object = Some(id.to_owned());
    let id = UniqueIdentifier::from(id);
    let key = call.within(operation, |inner| inner.second_object(&id, operation, mask))?;
    let key = key.map_err(refused)?;
    let fits = match (usage.meaning, key.record().spec) {
        (
            Meaning::AesCbc(_) | Meaning::AesCtr | Meaning::AesEcb | Meaning::AesGcm,
            Some(KeySpec::Aes { .. }),
        )
        | (Meaning::Hmac(_), Some(KeySpec::Hmac { .. }))
        | (Meaning::Oaep | Meaning::RsaPkcs(_) | Meaning::RsaPss(_), Some(KeySpec::Rsa { .. }))
        | (Meaning::Eddsa, Some(KeySpec::Ec(Curve::Ed25519))) => true,
        (Meaning::Ecdsa(_), Some(KeySpec::Ec(curve))) => curve != Curve::Ed25519,
        _ => false,
    };
    if !fits {
        return Err(Code::KEYTYPEINCONSISTENT.into());
    }
    call.context.permitted(&key, mask).map_err(refused)
}

/// `C_Encrypt` and its like: all data at once.
pub(super) fn whole(call: &mut Call<'_, '_>, kind: Kind) -> Outcome {
    let (handle, mut session) = call.session()?;
    let data = Secret::from(call.arguments.bytes()?);
    let active = session.take(kind).ok_or(Code::OPERATIONNOTINITIALIZED)?;
    if active.parts.is_some() {
        return Err(Code::OPERATIONACTIVE.into());
    }
    ended(call, (handle, session), active, data)
}

/// `C_EncryptUpdate` and its like: one part.
pub(super) fn update(call: &mut Call<'_, '_>, kind: Kind) -> Outcome {
    let (handle, mut session) = call.session()?;
    let part = Secret::from(call.arguments.bytes()?);
    let gives = matches!(kind, Kind::Encrypt | Kind::Decrypt);
    let room = if gives {
        Some(call.arguments.room()?)
    } else {
        None
    };
    call.arguments.end()?;
    let mut active = session.take(kind).ok_or(Code::OPERATIONNOTINITIALIZED)?;
    let applications = &call.context.service.applications;
    let gathered = active
        .parts
        .iter()
        .flatten()
        .map(Secret::len)
        .sum::<usize>();
    let too_long = gathered + part.len() > applications.limits.parts_bytes_max;
    if too_long || !applications.has_room(part.len(), call.context.now) {
        // Every error ends the operation.
        call.put_back(handle, session);
        let code = if too_long {
            Code::DATALENRANGE
        } else {
            Code::DEVICEMEMORY
        };
        return Err(code.into());
    }
    // Asking for the length alone does not yet give the part.
    if room.is_none_or(|room| room.is_there) {
        active.parts.get_or_insert_default().push(part);
    }
    session.begin(active);
    call.put_back(handle, session);
    if let Some(room) = room {
        call.output.buffer(room.is_there.then_some(&[]), 0);
    }
    Ok(())
}

/// `C_EncryptFinal` and its like: all parts are there.
pub(super) fn last(call: &mut Call<'_, '_>, kind: Kind) -> Outcome {
    let (handle, mut session) = call.session()?;
    let active = session.take(kind).ok_or(Code::OPERATIONNOTINITIALIZED)?;
    let parts = active.parts.iter().flatten();
    let data = Secret::new(parts.map(Secret::expose).collect::<Vec<_>>().concat());
    ended(call, (handle, session), active, data)
}

/// Does what was begun, and ends it unless the caller's buffer is too short or only its length was asked for.
fn ended(
    call: &mut Call<'_, '_>,
    (handle, mut session): (Ulong, Session),
    mut active: Active,
    data: Secret,
) -> Outcome {
    if active.kind == Kind::Verify {
        let signature = call.arguments.bytes()?.to_vec();
        call.arguments.end()?;
        call.put_back(handle, session);
        return verify(call, &active, data, signature);
    }
    let room = call.arguments.room()?;
    call.arguments.end()?;
    let kept = active.kept.take().filter(|(input, _)| *input == data);
    let output = match kept {
        Some((_, output)) => Ok(output),
        None => run(call, &active, &data),
    };
    let output = match output {
        Ok(output) => output,
        Err(failure) => {
            call.put_back(handle, session);
            return Err(failure);
        }
    };
    let fits = room.is_there && room.length >= output.len();
    call.output
        .buffer(fits.then(|| output.expose()), output.len());
    if !fits {
        active.kept = Some((data, output));
        session.begin(active);
    }
    call.put_back(handle, session);
    if room.is_there && !fits {
        return Err(Code::BUFFERTOOSMALL.into());
    }
    Ok(())
}

fn identifier(active: &Active) -> Option<UniqueIdentifier> {
    active.key.as_deref().map(UniqueIdentifier::from)
}

fn run(call: &mut Call<'_, '_>, active: &Active, data: &Secret) -> Result<Secret> {
    match active.kind {
        Kind::Digest => {
            let request = HashRequest {
                cryptographic_parameters: active.usage.parameters.clone(),
                data: Some(data.clone()),
                correlation_value: None,
                init_indicator: None,
                final_indicator: None,
            };
            let digest = call.perform::<Hash>(request, Names::Session)?.data;
            Ok(digest.map(|own| Secret::new(own.0)).unwrap_or_default())
        }
        Kind::Encrypt => encrypt(call, active, data),
        Kind::Decrypt => decrypt(call, active, data),
        Kind::Sign | Kind::Verify => sign(call, active, data),
    }
}

fn encrypt(call: &mut Call<'_, '_>, active: &Active, data: &Secret) -> Result<Secret> {
    let request = EncryptRequest {
        unique_identifier: identifier(active),
        cryptographic_parameters: Some(active.usage.parameters.clone()),
        data: Some(data.clone()),
        iv_counter_nonce: active.usage.iv.clone(),
        correlation_value: None,
        init_indicator: None,
        final_indicator: None,
        authenticated_encryption_additional_data: active.usage.additional.clone(),
    };
    let response = call.perform::<Encrypt>(request, Names::Session)?;
    // PKCS #11 3.1 §6.13.3: the tag follows the ciphertext.
    let mut output = response.data.map(|own| own.0).unwrap_or_default();
    output.extend(
        response
            .authenticated_encryption_tag
            .map(|own| own.0)
            .unwrap_or_default(),
    );
    Ok(Secret::new(output))
}

fn decrypt(call: &mut Call<'_, '_>, active: &Active, data: &Secret) -> Result<Secret> {
    let usage = &active.usage;
    let tag_bytes = usage.parameters.tag_length.unwrap_or(0);
    let tag_bytes = usize::try_from(tag_bytes).unwrap_or(0);
    let (data, tag) = data
        .len()
        .checked_sub(tag_bytes)
        .and_then(|at| data.expose().split_at_checked(at))
        .ok_or(Code::ENCRYPTEDDATALENRANGE)?;
    let request = DecryptRequest {
        unique_identifier: identifier(active),
        cryptographic_parameters: Some(usage.parameters.clone()),
        data: Some(Bytes(data.to_vec())),
        iv_counter_nonce: usage.iv.clone(),
        correlation_value: None,
        init_indicator: None,
        final_indicator: None,
        authenticated_encryption_additional_data: usage.additional.clone(),
        authenticated_encryption_tag: (tag_bytes > 0).then(|| Bytes(tag.to_vec())),
    };
    let response = call.perform::<Decrypt>(request, Names::Ciphertext)?;
    Ok(response.data.unwrap_or_default())
}

/// The message, or what the caller has already hashed.
fn input(usage: &Use, data: &Secret) -> (Option<Secret>, Option<Bytes>) {
    match usage.meaning {
        Meaning::Ecdsa(None) | Meaning::RsaPss(None) => (None, Some(Bytes(data.expose().to_vec()))),
        _ => (Some(data.clone()), None),
    }
}

/// The bytes of one half of a signature, where the key's signatures have halves.
fn half_bytes(call: &mut Call<'_, '_>, active: &Active) -> Option<usize> {
    if !matches!(active.usage.meaning, Meaning::Ecdsa(_)) {
        return None;
    }
    let id = store::ObjectId(active.key.clone().unwrap_or_default());
    let record = call.context.tx.record(&id).ok().flatten()?;
    match record.spec {
        Some(KeySpec::Ec(curve)) => Some(curve.field_bytes()),
        _ => None,
    }
}

fn sign(call: &mut Call<'_, '_>, active: &Active, data: &Secret) -> Result<Secret> {
    if let Meaning::Hmac(_) = active.usage.meaning {
        let request = MACRequest {
            unique_identifier: identifier(active),
            cryptographic_parameters: Some(active.usage.parameters.clone()),
            data: Some(data.clone()),
            correlation_value: None,
            init_indicator: None,
            final_indicator: None,
        };
        let mac = call.perform::<MAC>(request, Names::Session)?.mac_data;
        return Ok(mac.map(|own| Secret::new(own.0)).unwrap_or_default());
    }
    let (data, digested_data) = input(&active.usage, data);
    let request = SignRequest {
        unique_identifier: identifier(active),
        cryptographic_parameters: Some(active.usage.parameters.clone()),
        data,
        digested_data,
        correlation_value: None,
        init_indicator: None,
        final_indicator: None,
    };
    let response = call.perform::<Sign>(request, Names::Session)?;
    let signature = response.signature_data.unwrap_or_default().0;
    let halves = match half_bytes(call, active) {
        Some(bytes) => signature::from_der(&signature, bytes).ok_or(Code::FUNCTIONFAILED)?,
        None => signature,
    };
    Ok(Secret::new(halves))
}

fn verify(call: &mut Call<'_, '_>, active: &Active, data: Secret, signature: Vec<u8>) -> Outcome {
    let validity = if let Meaning::Hmac(_) = active.usage.meaning {
        let request = MACVerifyRequest {
            unique_identifier: identifier(active),
            cryptographic_parameters: Some(active.usage.parameters.clone()),
            data: Some(data),
            mac_data: Some(Bytes(signature)),
            correlation_value: None,
            init_indicator: None,
            final_indicator: None,
        };
        call.perform::<MACVerify>(request, Names::Session)?
            .validity_indicator
    } else {
        let signature = match half_bytes(call, active) {
            Some(bytes) if signature.len() != 2 * bytes => {
                return Err(Code::SIGNATURELENRANGE.into());
            }
            Some(_) => signature::to_der(&signature),
            None => signature,
        };
        let (data, digested_data) = input(&active.usage, &data);
        let request = SignatureVerifyRequest {
            unique_identifier: identifier(active),
            cryptographic_parameters: Some(active.usage.parameters.clone()),
            data,
            digested_data,
            signature_data: Some(Bytes(signature)),
            correlation_value: None,
            init_indicator: None,
            final_indicator: None,
        };
        call.perform::<SignatureVerify>(request, Names::Session)?
            .validity_indicator
    };
    if validity == Some(ValidityIndicator::Valid) {
        Ok(())
    } else {
        Err(Code::SIGNATUREINVALID.into())
    }
}
