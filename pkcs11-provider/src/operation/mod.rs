//! Operations: what a session may be in the middle of, when that ends, and which keys it takes.

pub(crate) mod change;
pub(crate) mod cipher;
pub(crate) mod copy;
pub(crate) mod create;
pub(crate) mod derive;
pub(crate) mod digest;
pub(crate) mod dual;
pub(crate) mod find;
pub(crate) mod generate;
pub(crate) mod kem;
mod length;
pub(crate) mod message;
pub(crate) mod random;
pub(crate) mod recover;
pub(crate) mod sign;
mod state;
mod trip;
pub(crate) mod verify;
pub(crate) mod wrap;

use std::sync::Arc;

use cryptoki_sys as ck;
use pkcs11::{
    Facts, Result, Rv, Ulong,
    mechanism::{self, Parameter, Row},
};

use crate::{
    abi::{
        parameter,
        pointer::{MechanismArgument, Offer},
    },
    object::Object,
    session::Session,
    slot::User,
};

/// The longest input collected for mechanisms that take it only as a whole.
pub(crate) const COLLECTED_BYTES_MAX: usize = 512 << 10;

/// Carries an operation on. It ends with success and with any error, but not with a question for the length nor with a
/// buffer that is too short (PKCS #11 3.1 §5.2): this is the one place that says so.
pub(crate) fn last_step<T>(
    place: &mut Option<T>,
    step: impl FnOnce(&mut T) -> Result<Offer>,
) -> Result<()> {
    let mut operation = place.take().ok_or(Rv::OPERATION_NOT_INITIALIZED)?;
    let outcome = step(&mut operation);
    if matches!(outcome, Ok(Offer::SizeOnly) | Err(Rv::BUFFER_TOO_SMALL)) {
        *place = Some(operation);
    }
    outcome.map(drop)
}

/// Carries an operation on that goes on after success.
pub(crate) fn step<T>(
    place: &mut Option<T>,
    step: impl FnOnce(&mut T) -> Result<()>,
) -> Result<()> {
    let mut operation = place.take().ok_or(Rv::OPERATION_NOT_INITIALIZED)?;
    let outcome = step(&mut operation);
    if matches!(outcome, Ok(()) | Err(Rv::BUFFER_TOO_SMALL)) {
        *place = Some(operation);
    }
    outcome
}

/// Begins an operation. Without a mechanism one that is in progress is cancelled (PKCS #11 3.1 §5.8.1).
pub(crate) fn begin<T>(
    place: &mut Option<T>,
    mechanism: Option<MechanismArgument<'_>>,
    make: impl FnOnce(&MechanismArgument<'_>) -> Result<T>,
) -> Result<()> {
    match mechanism {
        None => place.take().map(drop).ok_or(Rv::ARGUMENTS_BAD),
        Some(_) if place.is_some() => Err(Rv::OPERATION_ACTIVE),
        Some(mechanism) => {
            *place = Some(make(&mechanism)?);
            Ok(())
        }
    }
}

/// A key that may be used as a mechanism wants it.
pub(crate) struct PermittedKey {
    pub(crate) object: Arc<Object>,
    pub(crate) facts: Arc<Facts>,
    pub(crate) row: &'static Row,
}

/// A key that may be used, with the mechanism's parameter.
pub(crate) struct UsedKey {
    pub(crate) object: Arc<Object>,
    pub(crate) facts: Arc<Facts>,
    pub(crate) row: &'static Row,
    pub(crate) parameter: Parameter,
}

/// Finds the key and checks mechanism, key, permission and parameter, in this order.
pub(crate) fn used_key(
    session: &Session,
    mechanism: &MechanismArgument<'_>,
    key: Ulong,
    function: Ulong,
    usage: Ulong,
) -> Result<UsedKey> {
    let PermittedKey { object, facts, row } =
        permitted_key(session, mechanism, key, function, usage)?;
    Ok(UsedKey {
        object,
        facts,
        row,
        parameter: parameter::read(row.shape, mechanism.parameter)?,
    })
}

/// Finds the key and checks mechanism, key, permission and the key's size, in this order.
pub(crate) fn permitted_key(
    session: &Session,
    mechanism: &MechanismArgument<'_>,
    key: Ulong,
    function: Ulong,
    usage: Ulong,
) -> Result<PermittedKey> {
    let key = permitted_of_any_size(session, mechanism, key, function, usage)?;
    if key.facts.spec.is_some_and(|spec| key.row.fits(spec)) {
        Ok(key)
    } else {
        Err(Rv::KEY_SIZE_RANGE)
    }
}

/// The same of a key that goes in beside another, whose size is its own affair.
pub(crate) fn permitted_of_any_size(
    session: &Session,
    mechanism: &MechanismArgument<'_>,
    key: Ulong,
    function: Ulong,
    usage: Ulong,
) -> Result<PermittedKey> {
    let row = mechanism::row(mechanism.kind, function)?;
    let object = session.object(key, Rv::KEY_HANDLE_INVALID)?;
    let facts = object.facts();
    // What is there and is no key has no handle of a key either (PKCS #11 3.2 §5.1.6).
    if !facts.is_key() {
        return Err(Rv::KEY_HANDLE_INVALID);
    }
    let Some(spec) = facts.spec else {
        return Err(Rv::KEY_TYPE_INCONSISTENT);
    };
    if !row.meaning.takes(spec, facts.key_type) || facts.value(usage).is_none() {
        return Err(Rv::KEY_TYPE_INCONSISTENT);
    }
    if !facts.flag(usage) {
        return Err(Rv::KEY_FUNCTION_NOT_PERMITTED);
    }
    if facts.flag(ck::CKA_ALWAYS_AUTHENTICATE) && session.slot.standing().user != Some(User::User) {
        return Err(Rv::USER_NOT_LOGGED_IN);
    }
    if !facts.allows(mechanism.kind) {
        return Err(Rv::MECHANISM_INVALID);
    }
    Ok(PermittedKey { object, facts, row })
}
