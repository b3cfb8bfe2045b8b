//! RSA with an AES key between: that key is made for one call, and ends with it.

use kmip::{
    PKCS11ReturnCode as Code, Secret,
    attribute::UniqueIdentifier,
    payload::{create::Create, get::Get, register::Register},
};
use pkcs11::{
    Facts, Template, Ulong,
    between::{PADDED, create_request, outer, register_request, split, wrapped_bytes},
    mechanism::Oaep,
    wrap::wrapped,
};

use super::{Result, get, lacks, register, tell};
use crate::{
    cryptoki::Room,
    ops::{
        Handler,
        pkcs11::{
            Call,
            cipher::give,
            failure::{Failure, Names, Outcome},
            object::{Object, end, known},
        },
    },
};

/// A key under the key between, behind that under the RSA key.
pub(super) fn wrap(
    call: &mut Call<'_, '_>,
    (by, of): (&Facts, &Facts),
    (bits, oaep): (Ulong, Oaep),
    room: Room,
) -> Outcome {
    let outer = outer(oaep)?;
    if let Some(bytes) = wrapped_bytes(by, of, bits, &outer)?
        && lacks(room, bytes)
    {
        return tell(call, room, bytes);
    }
    let mark = call.mark(false)?;
    let request = create_request(by, bits, mark.as_deref(), call.context.now)?;
    let made = call.perform::<Create>(request, Names::Wrapping)?;
    let both = while_there(call, made.unique_identifier, |call, between| {
        let first = get(call, (by, &between.facts), &outer)?;
        let second = get(call, (&between.facts, of), &PADDED)?;
        let both = wrapped(&first).zip(wrapped(&second));
        let (first, second) = both.ok_or(Code::KEYNOTWRAPPABLE)?;
        Ok([first, second].concat())
    })?;
    is_done::<Get>(call, &of.id);
    give(call, room, &Secret::new(both))
}

/// What comes of a key that was wrapped so.
pub(super) fn unwrap(
    call: &mut Call<'_, '_>,
    by: &Facts,
    oaep: Oaep,
    (both, template): (&[u8], &Template<'_>),
) -> Result<UniqueIdentifier> {
    let outer = outer(oaep)?;
    let (first, second) = split(by, both, &outer)?;
    let mark = call.mark(false)?;
    let request = register_request(by, &outer, first, mark.as_deref(), call.context.now)?;
    let made = call.perform::<Register>(request, Names::Unwrapping)?;
    let made = while_there(call, made.unique_identifier, |call, between| {
        register(call, (&between.facts, &PADDED), (second, template))
    })?;
    if let UniqueIdentifier::Text(id) = &made {
        is_done::<Register>(call, id);
    }
    Ok(made)
}

/// Does something with the key between, and ends it. What fails here leaves nothing behind.
fn while_there<R>(
    call: &mut Call<'_, '_>,
    id: UniqueIdentifier,
    what: impl FnOnce(&mut Call<'_, '_>, &Object) -> Result<R>,
) -> Result<R> {
    let UniqueIdentifier::Text(id) = id else {
        return Err(Failure::from(Code::DEVICEERROR).undone());
    };
    let between = known(call, id, Code::DEVICEERROR).map_err(Failure::undone)?;
    let done = what(call, &between).map_err(Failure::undone)?;
    end(call, &between)?;
    Ok(done)
}

/// What the trail is to say, which has one record of the call: what it was, and of which object.
fn is_done<O: Handler>(call: &mut Call<'_, '_>, id: &str) {
    call.context.performed = O::CODE.xml_name();
    call.context.object = Some(id.to_owned());
}
