//! What the library, its slot, its token and its sessions say of themselves; sessions, logins, random bytes.

use cryptoki_sys as ck;
use kmip::{
    PKCS11ReturnCode as Code, Secret,
    payload::rng::{RNGRetrieve, RNGRetrieveRequest},
};

use pkcs11::{
    Ulong,
    mechanism::{self, ROWS, Row},
    size,
};

use store::ObjectId;

use super::{
    Call,
    failure::{Failure, Names, Outcome},
    tokens::prove,
};
use crate::{
    cryptoki::{Kind, Session, User, padded},
    policy::is_public,
};

/// The one slot: the principal's vault.
const SLOT: Ulong = 0;

pub(super) const MANUFACTURER: &str = "Keyhold";
/// The version of the standard whose functions these are.
const CRYPTOKI: [u8; 2] = [2, 40];
/// The daemon's own version.
pub(super) const VERSION: [u8; 2] = [0, 1];

pub(super) fn finalize(call: &mut Call<'_, '_>) -> Outcome {
    let gone = call.application(|own| own.disown(None))?;
    end(call, &gone);
    let applications = &call.context.service.applications;
    applications.end(&call.application, call.context.now);
    Ok(())
}

pub(super) fn info(call: &mut Call<'_, '_>) -> Outcome {
    call.arguments.end()?;
    call.output.raw(&CRYPTOKI);
    call.output.raw(&padded::<32>(MANUFACTURER));
    call.output.ulong(0);
    call.output.raw(&padded::<32>("Keyhold over KMIP"));
    call.output.raw(&VERSION);
    Ok(())
}

/// A list of numbers for a caller's buffer.
fn list(call: &mut Call<'_, '_>, numbers: &[Ulong]) -> Outcome {
    let room = call.arguments.room()?;
    call.arguments.end()?;
    let fits = room.length >= numbers.len();
    let told = (room.is_there && fits).then_some(numbers);
    call.output.numbers(told, numbers.len());
    if room.is_there && !fits {
        return Err(Code::BUFFERTOOSMALL.into());
    }
    Ok(())
}

pub(super) fn slot_list(call: &mut Call<'_, '_>) -> Outcome {
    // There is a token in the slot, whether only such slots are asked for or all.
    call.arguments.flag()?;
    list(call, &[SLOT])
}

pub(super) fn slot(call: &mut Call<'_, '_>) -> Outcome {
    match call.arguments.ulong()? {
        SLOT => Ok(()),
        _ => Err(Code::SLOTIDINVALID.into()),
    }
}

pub(super) fn slot_info(call: &mut Call<'_, '_>) -> Outcome {
    slot(call)?;
    call.arguments.end()?;
    let description = format!("Keyhold vault {}", call.context.principal.vault);
    call.output.raw(&padded::<64>(&description));
    call.output.raw(&padded::<32>(MANUFACTURER));
    call.output.ulong(ck::CKF_TOKEN_PRESENT | ck::CKF_HW_SLOT);
    call.output.raw(&VERSION);
    call.output.raw(&VERSION);
    Ok(())
}

/// What mechanisms do here; KMIP's list of functions ends with PKCS #11 3.0, which does not encapsulate, messages of a series
/// are served one by one, and signatures that hold their message by the module alone.
const SERVED: Ulong = !(ck::CKF_HW
    | ck::CKF_ENCAPSULATE
    | ck::CKF_DECAPSULATE
    | ck::CKF_SIGN_RECOVER
    | ck::CKF_VERIFY_RECOVER
    | ck::CKF_MESSAGE_ENCRYPT
    | ck::CKF_MESSAGE_DECRYPT
    | ck::CKF_MESSAGE_SIGN
    | ck::CKF_MESSAGE_VERIFY
    | ck::CKF_MULTI_MESSAGE);

pub(super) const fn served(row: &Row) -> bool {
    row.flags & SERVED != 0
}

pub(super) fn mechanism_list(call: &mut Call<'_, '_>) -> Outcome {
    slot(call)?;
    let served = ROWS.iter().filter(|row| served(row));
    let kinds: Vec<_> = served.map(|row| row.kind).collect();
    list(call, &kinds)
}

pub(super) fn mechanism_info(call: &mut Call<'_, '_>) -> Outcome {
    slot(call)?;
    let kind = call.arguments.ulong()?;
    call.arguments.end()?;
    let row = mechanism::row(kind, SERVED)?;
    call.output.ulong(row.sizes.0);
    call.output.ulong(row.sizes.1);
    call.output.ulong(row.flags & (SERVED | ck::CKF_HW));
    Ok(())
}

/// Behind the flags some clients send pointers that mean nothing here.
pub(super) fn open_session(call: &mut Call<'_, '_>) -> Outcome {
    slot(call)?;
    let flags = call.arguments.ulong()?;
    if flags & ck::CKF_SERIAL_SESSION == 0 {
        return Err(Code::SESSIONPARALLELNOTSUPPORTED.into());
    }
    let writes = flags & ck::CKF_RW_SESSION != 0;
    let limits = call.context.service.applications.limits;
    let opened = call.application(|own| {
        if own.user == Some(User::SecurityOfficer) && !writes {
            return Err(Code::SESSIONREADWRITESOEXISTS);
        }
        own.open(writes, &limits).ok_or(Code::SESSIONCOUNT)
    })?;
    call.output.ulong(opened?);
    Ok(())
}

pub(super) fn close_session(call: &mut Call<'_, '_>) -> Outcome {
    let handle = call.arguments.ulong()?;
    call.arguments.end()?;
    if !call.application(|own| own.close(handle))? {
        return Err(Code::SESSIONHANDLEINVALID.into());
    }
    let gone = call.application(|own| own.disown(Some(handle)))?;
    end(call, &gone);
    Ok(())
}

/// Ends objects with their sessions. What cannot be ended now is ended once the application is gone.
fn end(call: &Call<'_, '_>, ids: &[String]) {
    let (service, vault) = (call.context.service, &call.context.principal.vault);
    let objects: Vec<_> = ids
        .iter()
        .filter_map(|id| service.store.record(&ObjectId(id.clone())).ok()?)
        .collect();
    service.end_objects(vault, "sessions", objects.iter().map(AsRef::as_ref));
}

pub(super) fn close_all_sessions(call: &mut Call<'_, '_>) -> Outcome {
    slot(call)?;
    call.arguments.end()?;
    call.application(|own| own.close_all())?;
    let gone = call.application(|own| own.disown(None))?;
    end(call, &gone);
    Ok(())
}

pub(super) fn session_info(call: &mut Call<'_, '_>) -> Outcome {
    let (_, session) = call.session()?;
    call.arguments.end()?;
    let user = call.user()?;
    let is_open = !call.context.principal.public_only || user == Some(User::User);
    let state = match (user, session.is_read_write, is_open) {
        (Some(User::SecurityOfficer), ..) => ck::CKS_RW_SO_FUNCTIONS,
        (_, true, true) => ck::CKS_RW_USER_FUNCTIONS,
        (_, true, false) => ck::CKS_RW_PUBLIC_SESSION,
        (_, false, true) => ck::CKS_RO_USER_FUNCTIONS,
        (_, false, false) => ck::CKS_RO_PUBLIC_SESSION,
    };
    let writes = if session.is_read_write {
        ck::CKF_RW_SESSION
    } else {
        0
    };
    for number in [SLOT, state, ck::CKF_SERIAL_SESSION | writes, 0] {
        call.output.ulong(number);
    }
    Ok(())
}

/// The PIN is the vault's. A caller whose certificate says enough needs none; the right one is taken all the same.
pub(super) fn login(call: &mut Call<'_, '_>) -> Outcome {
    let (handle, session) = call.session()?;
    let kind = call.arguments.ulong()?;
    let pin = Secret::from(call.arguments.bytes()?);
    call.arguments.end()?;
    if kind == ck::CKU_CONTEXT_SPECIFIC {
        return prove_use(call, (handle, session), &pin);
    }
    log_in(call, user(kind)?, &pin)
}

/// `C_LoginUser`: who calls is known from the connection, so the name can only be that one.
pub(super) fn login_user(call: &mut Call<'_, '_>) -> Outcome {
    call.session()?;
    let user = user(call.arguments.ulong()?)?;
    let pin = Secret::from(call.arguments.bytes()?);
    let name = call.arguments.bytes()?;
    call.arguments.end()?;
    if !name.is_empty() && name != call.context.principal.name.as_bytes() {
        return Err(Code::PININCORRECT.into());
    }
    log_in(call, user, &pin)
}

fn user(kind: Ulong) -> Result<User, Code> {
    match kind {
        ck::CKU_SO => Ok(User::SecurityOfficer),
        ck::CKU_USER => Ok(User::User),
        ck::CKU_CONTEXT_SPECIFIC => Err(Code::OPERATIONNOTINITIALIZED),
        _ => Err(Code::USERTYPEINVALID),
    }
}

/// The login for an operation whose key asks for one at each use.
fn prove_use(
    call: &mut Call<'_, '_>,
    (handle, mut session): (Ulong, Session),
    pin: &Secret,
) -> Outcome {
    if !session.is_unproven() {
        return Err(Code::OPERATIONNOTINITIALIZED.into());
    }
    prove(call, User::User, pin)?;
    session.prove();
    call.put_back(handle, session);
    Ok(())
}

fn log_in(call: &Call<'_, '_>, user: User, pin: &Secret) -> Outcome {
    let (logged_in, (all, writing)) = call.application(|own| (own.user, own.sessions()))?;
    match logged_in {
        Some(own) if own == user => return Err(Code::USERALREADYLOGGEDIN.into()),
        Some(_) => return Err(Code::USERANOTHERALREADYLOGGEDIN.into()),
        None if user == User::SecurityOfficer && writing < all => {
            return Err(Code::SESSIONREADONLYEXISTS.into());
        }
        None => {}
    }
    prove(call, user, pin)?;
    call.application(|own| own.user = Some(user))
}

/// `C_Logout`: operations are cancelled, private objects lose their handles, and those of sessions end
/// (PKCS #11 3.2 §5.6.10).
pub(super) fn logout(call: &mut Call<'_, '_>) -> Outcome {
    call.session()?;
    call.arguments.end()?;
    if call.application(|own| own.user.take())?.is_none() {
        return Err(Code::USERNOTLOGGEDIN.into());
    }
    let mut ending = Vec::new();
    for (handle, id) in call.application(|own| own.known())? {
        let record = call.context.tx.record(&ObjectId(id.clone()));
        let record = record.map_err(|error| Failure::Refused(error.into(), Names::Session))?;
        if record.as_deref().is_some_and(is_public) {
            continue;
        }
        call.application(|own| own.forget(handle))?;
        if record.is_some_and(|own| own.session_run().is_some()) {
            ending.push(id);
        }
    }
    end(call, &ending);
    call.application(|own| own.cancel_all())
}

/// How many bytes; some clients send the buffer itself behind it. What comes out has the length that was asked for.
pub(super) fn random(call: &mut Call<'_, '_>) -> Outcome {
    call.session()?;
    let count = if call.arguments.len() == 8 {
        size(call.arguments.ulong()?)
    } else {
        call.arguments.count()?
    };
    let data_length = i32::try_from(count).map_err(|_| Code::ARGUMENTSBAD)?;
    let request = RNGRetrieveRequest { data_length };
    let response = call.perform::<RNGRetrieve>(request, Names::Session)?;
    call.output.raw(response.data.expose());
    Ok(())
}

/// Which flag ends which operation in progress.
const CANCELED: &[(Ulong, Kind)] = &[
    (ck::CKF_DECRYPT, Kind::Decrypt),
    (ck::CKF_DIGEST, Kind::Digest),
    (ck::CKF_ENCRYPT, Kind::Encrypt),
    (ck::CKF_SIGN, Kind::Sign),
    (ck::CKF_VERIFY, Kind::Verify),
];

/// `C_SessionCancel`: the operations that the flags name, whether they are in progress or not.
pub(super) fn cancel(call: &mut Call<'_, '_>) -> Outcome {
    let (handle, mut session) = call.session()?;
    let flags = call.arguments.ulong()?;
    call.arguments.end()?;
    let named = CANCELED.iter().filter(|(flag, _)| flags & flag != 0);
    let kinds: Vec<_> = named.map(|(_, kind)| *kind).collect();
    session.cancel(&kinds);
    if flags & ck::CKF_FIND_OBJECTS != 0 {
        session.found = None;
    }
    call.put_back(handle, session);
    Ok(())
}

/// `C_WaitForSlotEvent`: tokens neither come nor go, so that waiting would never end.
pub(super) fn wait_for_event(call: &mut Call<'_, '_>) -> Outcome {
    let flags = call.arguments.ulong()?;
    Err(if flags & ck::CKF_DONT_BLOCK == 0 {
        Code::FUNCTIONNOTSUPPORTED.into()
    } else {
        Code::NOEVENT.into()
    })
}

/// A function of a session that has one answer.
pub(super) fn answers(call: &mut Call<'_, '_>, code: Code) -> Outcome {
    call.session()?;
    Err(code.into())
}
