//! The token: what it says of itself, its PINs, and how it begins anew.

use cryptoki_sys as ck;
use kmip::{PKCS11ReturnCode as Code, Secret};
use pkcs11::{UNAVAILABLE, Ulong, ulong};
use store::{Record, Vault};

use super::{
    Call,
    failure::{Failure, Names, Outcome},
    general::{MANUFACTURER, VERSION, slot},
};
use crate::{
    cryptoki::{User, padded},
    directory::{Guess, OFFICER, Patience, USER},
    error::Error,
    fault::Fault,
    pin::{self, Refused},
};

type Result<T> = std::result::Result<T, Failure>;

/// The vault's PIN of a user, as credentials name it.
const fn name_of(user: User) -> &'static str {
    match user {
        User::SecurityOfficer => OFFICER,
        User::User => USER,
    }
}

fn vault(call: &Call<'_, '_>) -> Result<Vault> {
    let directory = &call.context.service.directory;
    let vault = directory.vault(&call.context.principal.vault);
    Ok((*vault.ok_or(Code::TOKENNOTPRESENT)?).clone())
}

/// Flags of a PIN that was guessed at: `CKF_…_PIN_COUNT_LOW`, `…_FINAL_TRY`, `…_LOCKED`.
fn guessed(call: &Call<'_, '_>, user: User, flags: [Ulong; 3]) -> Ulong {
    let (name, now) = (&call.context.principal.vault, call.context.now);
    let guess = Guess::at_pin(name, name_of(user), now);
    let [low, last, spent] = flags;
    match call.context.service.directory.patience(&guess) {
        Patience::Whole => 0,
        Patience::Low => low,
        Patience::Last => low | last,
        Patience::Spent => low | spent,
    }
}

/// `C_GetTokenInfo`.
pub(super) fn token_info(call: &mut Call<'_, '_>) -> Outcome {
    slot(call)?;
    call.arguments.end()?;
    let (all, writing) = call.application(|own| own.sessions())?;
    let vault = vault(call)?;
    let user = [
        ck::CKF_USER_PIN_COUNT_LOW,
        ck::CKF_USER_PIN_FINAL_TRY,
        ck::CKF_USER_PIN_LOCKED,
    ];
    let officer = [
        ck::CKF_SO_PIN_COUNT_LOW,
        ck::CKF_SO_PIN_FINAL_TRY,
        ck::CKF_SO_PIN_LOCKED,
    ];
    let mut flags = ck::CKF_RNG
        | ck::CKF_TOKEN_INITIALIZED
        | guessed(call, User::User, user)
        | guessed(call, User::SecurityOfficer, officer);
    if call.context.principal.public_only {
        flags |= ck::CKF_LOGIN_REQUIRED;
    }
    if vault.user_pin.is_some() {
        flags |= ck::CKF_USER_PIN_INITIALIZED;
    }
    let label = vault.token.label.as_ref().unwrap_or(&vault.name);
    call.output.raw(&padded::<32>(label));
    call.output.raw(&padded::<32>(MANUFACTURER));
    call.output.raw(&padded::<16>("vault"));
    call.output.raw(&padded::<16>(&vault.name));
    call.output.ulong(flags);
    let sessions_max = ulong(call.context.service.applications.limits.sessions_max);
    for number in [
        sessions_max,
        ulong(all),
        sessions_max,
        ulong(writing),
        ulong(*pin::BYTES.end()),
        ulong(*pin::BYTES.start()),
    ] {
        call.output.ulong(number);
    }
    // Memory, which is not told.
    for _ in 0..4 {
        call.output.ulong(UNAVAILABLE);
    }
    call.output.raw(&VERSION);
    call.output.raw(&VERSION);
    call.output.raw(&padded::<16>(""));
    Ok(())
}

/// Whether a PIN is the user's; a wrong guess counts, and is recorded.
pub(super) fn prove(call: &Call<'_, '_>, user: User, pin: &Secret) -> Outcome {
    let directory = &call.context.service.directory;
    let (vault, now) = (&call.context.principal.vault, call.context.now);
    let proven = directory.verify_pin(vault, name_of(user), pin, now);
    proven.map_err(|why| match (why, user) {
        (Refused::NotSet, User::User) => {
            Failure::Denied(unproven(why), Code::USERPINNOTINITIALIZED)
        }
        _ => refused(why),
    })
}

fn refused(why: Refused) -> Failure {
    let code = match why {
        Refused::NotSet | Refused::Wrong => Code::PININCORRECT,
        Refused::TooManyGuesses => Code::PINLOCKED,
        Refused::Unreadable => Code::DEVICEERROR,
    };
    Failure::Denied(unproven(why), code)
}

fn unproven(why: Refused) -> Error {
    Error::new(Fault::NotAuthenticated, "the PIN is refused").because(why)
}

/// What is kept of a new PIN: of a text of the length that the token tells.
fn verifier(pin: &Secret) -> Result<String> {
    // Credentials of messages carry PINs as texts.
    if std::str::from_utf8(pin.expose()).is_err() {
        return Err(Code::PININVALID.into());
    }
    if !pin::is_of_length(pin) {
        return Err(Code::PINLENRANGE.into());
    }
    let made = pin::verifier(pin);
    made.map_err(|error| Failure::Refused(Error::internal(error), Names::Session))
}

/// Changes the vault with the item; what is derived from it is told anew once that is durable.
fn change(call: &mut Call<'_, '_>, change: impl FnOnce(&mut Vault)) -> Outcome {
    let before = vault(call)?;
    let mut after = before.clone();
    change(&mut after);
    call.context.tx.change_vault(before, after);
    call.context.effects.vaults = true;
    Ok(())
}

/// `C_SetPIN`: whoever is logged in changes the own PIN; in a public session it is the user's (PKCS #11 3.2 §5.5.8).
pub(super) fn set_pin(call: &mut Call<'_, '_>) -> Outcome {
    let (_, session) = call.session()?;
    let old = Secret::from(call.arguments.bytes()?);
    let new = Secret::from(call.arguments.bytes()?);
    call.arguments.end()?;
    if !session.is_read_write {
        return Err(Code::SESSIONREADONLY.into());
    }
    let user = call.user()?.unwrap_or(User::User);
    if user == User::User && call.context.principal.origin.claim.is_named() {
        return set_password(call, &old, &new);
    }
    prove(call, user, &old)?;
    let verifier = verifier(&new)?;
    change(call, |vault| match user {
        User::SecurityOfficer => vault.so_pin = Some(verifier),
        User::User => vault.user_pin = Some(verifier),
    })
}

/// The PIN of a user who has a name is the user's password.
fn set_password(call: &mut Call<'_, '_>, old: &Secret, new: &Secret) -> Outcome {
    let context = &mut *call.context;
    let principal = context.principal;
    let Some(credential) = principal.origin.claim.password() else {
        let error = Error::new(
            Fault::NotPermitted,
            "the user has not logged in by a password",
        );
        return Err(Failure::Denied(error, Code::FUNCTIONFAILED));
    };
    let verifier = verifier(new)?;
    let accounts = context.service.accounts_at(context.now);
    let changed = accounts
        .change_password(&mut *context.tx, &principal.name, credential, old, verifier)
        .map_err(|error| Failure::Refused(error, Names::Session))?;
    changed.map_err(refused)?;
    context.effects.accounts = true;
    Ok(())
}

/// `C_InitPIN`: the security officer gives the user a PIN (PKCS #11 3.2 §5.5.7).
pub(super) fn init_pin(call: &mut Call<'_, '_>) -> Outcome {
    let (_, session) = call.session()?;
    let pin = Secret::from(call.arguments.bytes()?);
    call.arguments.end()?;
    if !session.is_read_write {
        return Err(Code::SESSIONREADONLY.into());
    }
    if call.user()? != Some(User::SecurityOfficer) {
        return Err(Code::USERNOTLOGGEDIN.into());
    }
    let verifier = verifier(&pin)?;
    let (vault, now) = (&call.context.principal.vault, call.context.now);
    // What was guessed at is gone.
    let guess = Guess::at_pin(vault, USER, now);
    call.context.service.directory.guessed(&guess, true);
    change(call, |vault| vault.user_pin = Some(verifier))
}

/// The most objects of a vault that is initialized anew: who means to empty a larger one says so object by object.
const OBJECTS_MAX: u64 = 1_000;

/// The length of a label (PKCS #11 3.2 §3.2, CK_TOKEN_INFO).
const LABEL_BYTES: usize = 32;

/// `C_InitToken`: what may be destroyed is destroyed, the user has no PIN any more, and the label is another
/// (PKCS #11 3.2 §5.5.6). It is for vaults whose operator allows it.
pub(super) fn init_token(call: &mut Call<'_, '_>) -> Outcome {
    slot(call)?;
    let pin = Secret::from(call.arguments.bytes()?);
    let label = label(call.arguments.take(LABEL_BYTES)?)?;
    call.arguments.end()?;
    let known = vault(call)?;
    if !known.token.may_be_initialized {
        let error = Error::new(
            Fault::NotPermitted,
            "this vault's token is not initialized anew",
        );
        return Err(Failure::Denied(error, Code::TOKENWRITEPROTECTED));
    }
    let applications = &call.context.service.applications;
    if applications.has_sessions(&known.name, call.context.now) {
        return Err(Code::SESSIONEXISTS.into());
    }
    let so_pin = match &known.so_pin {
        Some(verifier) => {
            prove(call, User::SecurityOfficer, &pin)?;
            verifier.clone()
        }
        // The first one to initialize a token chooses the PIN.
        None => verifier(&pin).map_err(|_| Code::PININCORRECT)?,
    };
    empty(call, &known.name)?;
    change(call, |vault| {
        vault.so_pin = Some(so_pin);
        vault.user_pin = None;
        vault.token.label = (label != vault.name).then_some(label);
    })
}

/// The label without the blanks that it is filled up with.
fn label(bytes: &[u8]) -> Result<String> {
    let text = std::str::from_utf8(bytes).map_err(|_| Code::ARGUMENTSBAD)?;
    let text = text.trim_end_matches(' ');
    if text.chars().any(crate::audit::is_unsafe_to_show) {
        return Err(Code::ARGUMENTSBAD.into());
    }
    Ok(text.to_owned())
}

/// Destroys the vault's objects that may be destroyed, each by a message of its own.
fn empty(call: &mut Call<'_, '_>, vault: &str) -> Outcome {
    let failed = |error: store::Error| Failure::Refused(error.into(), Names::Session);
    let scope = store::Scope {
        vault: vault.to_owned(),
        owner: None,
    };
    let page = store::Page {
        offset: 0,
        items_max: Some(OBJECTS_MAX),
        is_counted: true,
    };
    let context = &mut *call.context;
    let found = context
        .tx
        .locate(&store::Filter::default(), &scope, page, context.now)
        .map_err(failed)?;
    if found.total.is_some_and(|total| total > OBJECTS_MAX) {
        let error = Error::new(
            Fault::TooLarge,
            "the vault has more objects than are destroyed at once",
        );
        return Err(Failure::Denied(error, Code::FUNCTIONFAILED));
    }
    let mut objects = Vec::with_capacity(found.ids.len());
    for id in &found.ids {
        objects.extend(context.service.store.record(id).map_err(failed)?);
    }
    let objects = objects.iter().map(AsRef::as_ref).filter(|own| may_go(own));
    let count = found.ids.len();
    let left = context
        .service
        .end_objects(vault, "initialization", objects);
    context.note =
        Some(format!("C_InitToken, of {count} objects {left} could not be destroyed").into());
    Ok(())
}

fn may_go(record: &Record) -> bool {
    !record.is_destroyed() && crate::marks::is_destroyable(record)
}
