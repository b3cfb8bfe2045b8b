//! Operations with keys, and digests: begun, in one part or in several, ended by every error but a short buffer.
//!
//! Parts are gathered and worked on when the last one is there, because the HSM is given an input as a whole.

use cryptoki_sys as ck;
use kmip::{
    CryptographicUsageMask as Mask, OperationCode, PKCS11ReturnCode as Code, Secret,
    attribute::{CryptographicParameters, UniqueIdentifier},
    mechanism::parameters::hashing_algorithm,
    payload::{
        encrypt::{Decrypt, DecryptRequest, Encrypt, EncryptRequest},
        hash::{Hash, HashRequest},
    },
    ttlv::Bytes,
};
use pkcs11::{
    Ulong,
    mechanism::{
        Authentication, CipherUse, Meaning, authentication, cipher, cipher_parameters, context,
    },
};

use super::{
    Call,
    failure::{Failure, Names, Outcome},
    generate::mechanism,
    object::key,
    sign::{sign, verify},
};
use crate::cryptoki::{Active, Kind, Room, Session, Use};

type Result<T> = std::result::Result<T, Failure>;

/// `C_EncryptInit` and its like.
pub(super) fn init(call: &mut Call<'_, '_>, kind: Kind) -> Outcome {
    let (handle, mut session) = call.session()?;
    if session.active(kind).is_some() {
        return Err(Code::OPERATIONACTIVE.into());
    }
    let (function, flag) = function(kind);
    let (row, parameter) = mechanism(call, function)?;
    let (usage, id, is_unproven) = match (row.meaning, flag) {
        (Meaning::Digest(hash), _) => (Use::Digest(hash), None, false),
        (_, None) => return Err(Code::MECHANISMINVALID.into()),
        (meaning, Some(flag)) => {
            let handle = call.arguments.ulong()?;
            let key = key(call, handle, Code::KEYHANDLEINVALID)?;
            let spec = key.is_of(row, flag)?;
            let usage = match kind {
                Kind::Encrypt | Kind::Decrypt => Use::Cipher(cipher(meaning, parameter)?),
                _ => {
                    let how = authentication(meaning, &parameter, spec)?;
                    Use::Authentication(how, spec, context(&parameter).to_vec())
                }
            };
            check_key(call, &key.facts.id, kind, &usage)?;
            key.is_as_long(row)?;
            let asks = key.facts.flag(ck::CKA_ALWAYS_AUTHENTICATE);
            (usage, Some(key.facts.id), asks)
        }
    };
    call.arguments.end()?;
    session.begin(Active {
        kind,
        usage,
        key: id,
        is_unproven,
        parts: None,
        kept: None,
    });
    call.put_back(handle, session);
    Ok(())
}

/// What a mechanism must serve, and what a key must be for.
const fn function(kind: Kind) -> (Ulong, Option<Ulong>) {
    match kind {
        Kind::Decrypt => (ck::CKF_DECRYPT, Some(ck::CKA_DECRYPT)),
        Kind::Digest => (ck::CKF_DIGEST, None),
        Kind::Encrypt => (ck::CKF_ENCRYPT, Some(ck::CKA_ENCRYPT)),
        Kind::Sign => (ck::CKF_SIGN, Some(ck::CKA_SIGN)),
        Kind::Verify => (ck::CKF_VERIFY, Some(ck::CKA_VERIFY)),
    }
}

/// The operation of KMIP that the use of a key is, and the bits that it needs.
const fn operation(kind: Kind, usage: &Use) -> (OperationCode, Mask) {
    match (kind, usage) {
        (Kind::Decrypt, _) => (OperationCode::Decrypt, Mask::Decrypt),
        (Kind::Encrypt, _) => (OperationCode::Encrypt, Mask::Encrypt),
        (Kind::Sign, Use::Authentication(Authentication::Mac(..), ..)) => {
            (OperationCode::MAC, Mask::MACGenerate)
        }
        (Kind::Verify, Use::Authentication(Authentication::Mac(..), ..)) => {
            (OperationCode::MACVerify, Mask::MACVerify)
        }
        (Kind::Verify, _) => (OperationCode::SignatureVerify, Mask::Verify),
        (Kind::Digest | Kind::Sign, _) => (OperationCode::Sign, Mask::Sign),
    }
}

/// Refuses a key that could not be used so, as early as the standard wants it refused.
fn check_key(call: &mut Call<'_, '_>, id: &str, kind: Kind, usage: &Use) -> Outcome {
    let (operation, mask) = operation(kind, usage);
    let refused = |error| Failure::Refused(error, Names::Key);
    call.context.object = Some(id.to_owned());
    let id = UniqueIdentifier::from(id);
    let checked = call.within(operation, |inner| {
        let key = inner.second_object(&id, operation, mask)?;
        inner.permitted(&key, mask)
    })?;
    checked.map_err(refused)
}

/// Takes an operation out that may go on. One whose key asks for a login, and got none, ends here.
fn begun(
    call: &mut Call<'_, '_>,
    handle: Ulong,
    session: &mut Session,
    kind: Kind,
) -> Result<Active> {
    let active = session.take(kind).ok_or(Code::OPERATIONNOTINITIALIZED)?;
    if active.is_unproven {
        call.put_back(handle, session.clone());
        return Err(Code::USERNOTLOGGEDIN.into());
    }
    Ok(active)
}

/// `C_Encrypt` and its like: all data at once.
pub(super) fn whole(call: &mut Call<'_, '_>, kind: Kind) -> Outcome {
    let (handle, mut session) = call.session()?;
    let data = Secret::from(call.arguments.bytes()?);
    let active = begun(call, handle, &mut session, kind)?;
    if active.parts.is_some() {
        // What goes in parts has not begun as a whole; every error ends the operation.
        call.put_back(handle, session);
        return Err(Code::OPERATIONNOTINITIALIZED.into());
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
    let mut active = begun(call, handle, &mut session, kind)?;
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
    let active = begun(call, handle, &mut session, kind)?;
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
    let given = give(call, room, &output);
    if given.is_err() || !room.is_there {
        active.kept = Some((data, output));
        session.begin(active);
    }
    call.put_back(handle, session);
    given
}

/// Puts what came out into the caller's buffer, or its length where there is none or a short one.
pub(super) fn give(call: &mut Call<'_, '_>, room: Room, output: &Secret) -> Outcome {
    let fits = room.is_there && room.length >= output.len();
    call.output
        .buffer(fits.then(|| output.expose()), output.len());
    if room.is_there && !fits {
        return Err(Code::BUFFERTOOSMALL.into());
    }
    Ok(())
}

pub(super) fn identifier(active: &Active) -> Option<UniqueIdentifier> {
    active.key.as_deref().map(UniqueIdentifier::from)
}

fn given(bytes: &[u8]) -> Option<Bytes> {
    (!bytes.is_empty()).then(|| Bytes(bytes.to_vec()))
}

fn run(call: &mut Call<'_, '_>, active: &Active, data: &Secret) -> Result<Secret> {
    match (&active.usage, active.kind) {
        (Use::Digest(hash), _) => {
            let request = HashRequest {
                cryptographic_parameters: CryptographicParameters {
                    hashing_algorithm: Some(hashing_algorithm(*hash)),
                    ..CryptographicParameters::default()
                },
                data: Some(data.clone()),
                ..HashRequest::default()
            };
            let digest = call.perform::<Hash>(request, Names::Session)?.data;
            Ok(digest.map(|own| Secret::new(own.0)).unwrap_or_default())
        }
        (Use::Cipher(how), kind) => {
            how.clone().count(data.len())?;
            match kind {
                Kind::Decrypt => decrypt(call, active, how, data),
                _ => encrypt(call, active, how, data),
            }
        }
        (Use::Authentication(how, spec, context), _) => {
            sign(call, active, (*how, *spec, context), data)
        }
    }
}

fn encrypt(
    call: &mut Call<'_, '_>,
    active: &Active,
    how: &CipherUse,
    data: &Secret,
) -> Result<Secret> {
    let request = EncryptRequest {
        unique_identifier: identifier(active),
        cryptographic_parameters: Some(cipher_parameters(&how.cipher)),
        data: Some(data.clone()),
        iv_counter_nonce: given(&how.iv),
        authenticated_encryption_additional_data: given(&how.additional),
        ..EncryptRequest::default()
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

fn decrypt(
    call: &mut Call<'_, '_>,
    active: &Active,
    how: &CipherUse,
    data: &Secret,
) -> Result<Secret> {
    let tag_bytes = how.cipher.tag_bytes().map_or(0, usize::from);
    let (data, tag) = data
        .len()
        .checked_sub(tag_bytes)
        .and_then(|at| data.expose().split_at_checked(at))
        .ok_or(Code::ENCRYPTEDDATALENRANGE)?;
    let request = DecryptRequest {
        unique_identifier: identifier(active),
        cryptographic_parameters: Some(cipher_parameters(&how.cipher)),
        data: Some(Bytes(data.to_vec())),
        iv_counter_nonce: given(&how.iv),
        authenticated_encryption_additional_data: given(&how.additional),
        authenticated_encryption_tag: given(tag),
        ..DecryptRequest::default()
    };
    let response = call.perform::<Decrypt>(request, Names::Ciphertext)?;
    Ok(response.data.unwrap_or_default())
}
