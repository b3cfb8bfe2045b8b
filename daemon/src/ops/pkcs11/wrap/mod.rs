//! Keys that leave under other keys, and come back.

mod between;

use cryptoki_sys as ck;
use kmip::{
    PKCS11ReturnCode as Code, Secret,
    attribute::UniqueIdentifier,
    payload::{
        get::{Get, GetResponse},
        register::Register,
    },
};
use pkcs11::{
    Facts, Template,
    mechanism::{CipherUse, Parameter, wrapping},
    nested, wrap,
};

use super::{
    Call,
    cipher::give,
    failure::{Failure, Names, Outcome},
    generate::{adopt, checked, mechanism_by, refuse_trust},
    object::{entries, key, object},
};
use crate::cryptoki::{Room, read_to_unwrap, read_to_wrap};

type Result<T> = std::result::Result<T, Failure>;

/// `C_WrapKey`. How long a secret key is under another is told before it has left. Behind the wrapped key stands the IV,
/// behind its count, where it was made here.
pub(super) fn wrap_key(call: &mut Call<'_, '_>) -> Outcome {
    call.session()?;
    let (row, parameter) = mechanism_by(call, ck::CKF_WRAP, read_to_wrap)?;
    let by = call.arguments.ulong()?;
    let of = call.arguments.ulong()?;
    let room = call.arguments.room()?;
    call.arguments.end()?;
    let by = key(call, by, Code::WRAPPINGKEYHANDLEINVALID)?;
    by.fits(row, ck::CKA_WRAP).map_err(of_wrapping)?;
    let of = object(call, of, Code::KEYHANDLEINVALID)?;
    wrap::check(&by.facts, &of.facts)?;
    let keys = (&by.facts, &of.facts);
    if let Parameter::RsaAes(bits, oaep) = parameter {
        return between::wrap(call, keys, (bits, oaep), room);
    }
    let makes_iv = matches!(parameter, Parameter::GcmWithoutIv(..));
    let how = wrapping(row.meaning, parameter)?;
    wrap::check_hidden(keys.0, keys.1, &how.cipher)?;
    if let Some(bytes) = wrap::wrapped_bytes(keys.0, keys.1, &how.cipher)?
        && lacks(room, bytes)
    {
        return tell(call, room, bytes);
    }
    let response = get(call, keys, &how)?;
    let wrapped = wrap::wrapped(&response).ok_or(Code::KEYNOTWRAPPABLE)?;
    give(call, room, &Secret::new(wrapped))?;
    if makes_iv && room.is_there {
        let iv = wrap::iv(&response).ok_or(Code::DEVICEERROR)?;
        call.output.count(iv.len());
        call.output.raw(&iv);
    }
    Ok(())
}

/// Whether a caller's buffer has no room for so many bytes.
const fn lacks(room: Room, bytes: usize) -> bool {
    !room.is_there || room.length < bytes
}

/// Tells the length alone.
fn tell(call: &mut Call<'_, '_>, room: Room, bytes: usize) -> Outcome {
    call.output.buffer(None, bytes);
    if room.is_there {
        return Err(Code::BUFFERTOOSMALL.into());
    }
    Ok(())
}

/// A key under another.
fn get(
    call: &mut Call<'_, '_>,
    (by, of): (&Facts, &Facts),
    how: &CipherUse,
) -> Result<GetResponse> {
    call.perform::<Get>(wrap::get_request(by, of, how), Names::Wrapping)
}

fn of_wrapping(failure: Failure) -> Failure {
    match failure {
        Failure::Code(Code::KEYTYPEINCONSISTENT) => Code::WRAPPINGKEYTYPEINCONSISTENT.into(),
        Failure::Code(Code::KEYSIZERANGE) => Code::WRAPPINGKEYSIZERANGE.into(),
        other => other,
    }
}

/// `C_UnwrapKey`.
pub(super) fn unwrap_key(call: &mut Call<'_, '_>) -> Outcome {
    call.session()?;
    let (row, parameter) = mechanism_by(call, ck::CKF_UNWRAP, read_to_unwrap)?;
    let by = call.arguments.ulong()?;
    let wrapped = call.arguments.bytes()?;
    let given = call.arguments.template()?;
    call.arguments.end()?;
    let by = key(call, by, Code::UNWRAPPINGKEYHANDLEINVALID)?;
    by.fits(row, ck::CKA_UNWRAP).map_err(of_unwrapping)?;
    checked(call, &given, |template| {
        Ok(template.number(ck::CKA_CLASS).unwrap_or(ck::CKO_SECRET_KEY))
    })?;
    let given = entries(&given);
    let added = nested::of(&by.facts, ck::CKA_UNWRAP_TEMPLATE)?;
    let template = Template::read(&given)?.with(&added)?;
    refuse_trust(&template)?;
    let made = if let Parameter::RsaAes(_, oaep) = parameter {
        between::unwrap(call, &by.facts, oaep, (wrapped, &template))?
    } else {
        let how = wrapping(row.meaning, parameter)?;
        register(call, (&by.facts, &how), (wrapped, &template))?
    };
    adopt(call, &made)
}

/// A key of one that is wrapped.
fn register(
    call: &mut Call<'_, '_>,
    (by, how): (&Facts, &CipherUse),
    (wrapped, template): (&[u8], &Template<'_>),
) -> Result<UniqueIdentifier> {
    let mark = call.mark(template.is_token())?;
    let (mark, now) = (mark.as_deref(), call.context.now);
    let request = wrap::register_request(by, how, wrapped, template, mark, now)?;
    let response = call.perform::<Register>(request, Names::Unwrapping)?;
    Ok(response.unique_identifier)
}

fn of_unwrapping(failure: Failure) -> Failure {
    match failure {
        Failure::Code(Code::KEYTYPEINCONSISTENT) => Code::UNWRAPPINGKEYTYPEINCONSISTENT.into(),
        Failure::Code(Code::KEYSIZERANGE) => Code::UNWRAPPINGKEYSIZERANGE.into(),
        other => other,
    }
}
