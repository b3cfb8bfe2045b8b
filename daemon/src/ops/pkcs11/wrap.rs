//! Keys that leave under other keys, and come back.

use cryptoki_sys as ck;
use kmip::{
    PKCS11ReturnCode as Code, Secret,
    payload::{get::Get, register::Register},
};
use pkcs11::{Template, mechanism::wrapping, nested, wrap};

use super::{
    Call,
    cipher::give,
    failure::{Failure, Names, Outcome},
    generate::{adopt, checked, mechanism, refuse_trust},
    object::{entries, key, object},
};

/// `C_WrapKey`.
pub(super) fn wrap_key(call: &mut Call<'_, '_>) -> Outcome {
    call.session()?;
    let (row, parameter) = mechanism(call, ck::CKF_WRAP)?;
    let by = call.arguments.ulong()?;
    let of = call.arguments.ulong()?;
    let room = call.arguments.room()?;
    call.arguments.end()?;
    let by = key(call, by, Code::WRAPPINGKEYHANDLEINVALID)?;
    by.fits(row, ck::CKA_WRAP).map_err(of_wrapping)?;
    let how = wrapping(row.meaning, parameter)?;
    let of = object(call, of, Code::KEYHANDLEINVALID)?;
    wrap::check(&by.facts, &of.facts)?;
    let request = wrap::get_request(&by.facts, &of.facts, &how);
    let response = call.perform::<Get>(request, Names::Wrapping)?;
    let wrapped = wrap::wrapped(&response).ok_or(Code::KEYNOTWRAPPABLE)?;
    give(call, room, &Secret::new(wrapped))
}

fn of_wrapping(failure: Failure) -> Failure {
    match failure {
        Failure::Code(Code::KEYTYPEINCONSISTENT) => Code::WRAPPINGKEYTYPEINCONSISTENT.into(),
        other => other,
    }
}

/// `C_UnwrapKey`.
pub(super) fn unwrap_key(call: &mut Call<'_, '_>) -> Outcome {
    call.session()?;
    let (row, parameter) = mechanism(call, ck::CKF_UNWRAP)?;
    let by = call.arguments.ulong()?;
    let wrapped = call.arguments.bytes()?;
    let given = call.arguments.template()?;
    call.arguments.end()?;
    let by = key(call, by, Code::UNWRAPPINGKEYHANDLEINVALID)?;
    by.fits(row, ck::CKA_UNWRAP).map_err(of_unwrapping)?;
    let how = wrapping(row.meaning, parameter)?;
    checked(call, &given, |template| {
        Ok(template.number(ck::CKA_CLASS).unwrap_or(ck::CKO_SECRET_KEY))
    })?;
    let given = entries(&given);
    let added = nested::of(&by.facts, ck::CKA_UNWRAP_TEMPLATE)?;
    let template = Template::read(&given)?.with(&added)?;
    refuse_trust(&template)?;
    let mark = call.mark(template.is_token())?;
    let (mark, now) = (mark.as_deref(), call.context.now);
    let request = wrap::register_request(&by.facts, &how, wrapped, &template, mark, now)?;
    let response = call.perform::<Register>(request, Names::Unwrapping)?;
    adopt(call, &response.unique_identifier)
}

fn of_unwrapping(failure: Failure) -> Failure {
    match failure {
        Failure::Code(Code::KEYTYPEINCONSISTENT) => Code::UNWRAPPINGKEYTYPEINCONSISTENT.into(),
        other => other,
    }
}
