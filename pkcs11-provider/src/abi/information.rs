//! What the module, its slots, tokens and sessions say of themselves, and the arguments that are flags.

use ck::{
    CK_C_INITIALIZE_ARGS, CK_FLAGS, CK_INFO, CK_SESSION_INFO, CK_SLOT_INFO, CK_TOKEN_INFO,
    CK_USER_TYPE, CK_VERSION,
};
use cryptoki_sys as ck;
use pkcs11::{Result, Rv, UNAVAILABLE, Ulong, mechanism::Row, ulong};

use super::pointer::pointed;
use crate::{
    session::Session,
    slot::{Slot, User},
};

/// What mechanisms do through the functions of this module.
pub(super) const SERVED: Ulong = ck::CKF_DIGEST
    | ck::CKF_ENCRYPT
    | ck::CKF_DECRYPT
    | ck::CKF_SIGN
    | ck::CKF_SIGN_RECOVER
    | ck::CKF_VERIFY
    | ck::CKF_VERIFY_RECOVER
    | ck::CKF_MESSAGE_ENCRYPT
    | ck::CKF_MESSAGE_DECRYPT
    | ck::CKF_MESSAGE_SIGN
    | ck::CKF_MESSAGE_VERIFY
    | ck::CKF_GENERATE
    | ck::CKF_GENERATE_KEY_PAIR
    | ck::CKF_WRAP
    | ck::CKF_UNWRAP
    | ck::CKF_DERIVE
    | ck::CKF_ENCAPSULATE
    | ck::CKF_DECAPSULATE;

/// The flags of a mechanism here; none of one that would do nothing.
pub(super) const fn served(row: &Row) -> Ulong {
    if row.flags & SERVED == 0 {
        0
    } else {
        row.flags
    }
}

/// The flags of a mechanism on a token.
pub(super) const fn flags(row: &Row, slot: &Slot) -> Ulong {
    if slot.is_hardware {
        served(row)
    } else {
        served(row) & !ck::CKF_HW
    }
}

const MANUFACTURER: &str = "Keyhold";

/// The library's own version.
const VERSION: CK_VERSION = CK_VERSION { major: 0, minor: 1 };

/// Text as the standard has it: filled up with blanks, and not ended by anything.
fn padded<const N: usize>(text: &str) -> [u8; N] {
    let mut padded = [b' '; N];
    for (place, byte) in padded.iter_mut().zip(text.bytes()) {
        *place = byte;
    }
    padded
}

pub(super) fn of_module() -> CK_INFO {
    CK_INFO {
        cryptokiVersion: CK_VERSION { major: 3, minor: 2 },
        manufacturerID: padded(MANUFACTURER),
        flags: 0,
        libraryDescription: padded("Keyhold PKCS#11 module"),
        libraryVersion: VERSION,
    }
}

pub(super) fn of_slot(slot: &Slot) -> CK_SLOT_INFO {
    CK_SLOT_INFO {
        slotDescription: padded(&format!("Keyhold vault {}", slot.label)),
        manufacturerID: padded(MANUFACTURER),
        flags: ck::CKF_TOKEN_PRESENT | if slot.is_hardware { ck::CKF_HW_SLOT } else { 0 },
        hardwareVersion: VERSION,
        firmwareVersion: VERSION,
    }
}

pub(super) fn of_token(slot: &Slot) -> CK_TOKEN_INFO {
    let standing = slot.standing();
    let told = slot.told();
    let told = told.as_ref();
    let login = if slot.needs_login {
        ck::CKF_LOGIN_REQUIRED
    } else {
        0
    };
    // A daemon that is not reached says nothing, and the token is shown all the same: asking for a PIN is right then too.
    let pins = told.map_or(ck::CKF_USER_PIN_INITIALIZED, |told| told.flags & PIN_FLAGS);
    let (longest, shortest) = told.map_or((255, 4), |told| told.pin_bytes);
    CK_TOKEN_INFO {
        label: told.map_or_else(|| padded(&slot.label), |told| told.label),
        manufacturerID: padded(MANUFACTURER),
        model: padded("vault"),
        serialNumber: padded(&slot.serial),
        flags: SERVES | login | pins,
        // There is no limit, which 0 says; "not known" has been read as a limit of -1.
        ulMaxSessionCount: 0,
        ulSessionCount: ulong(standing.read_only + standing.read_write),
        ulMaxRwSessionCount: 0,
        ulRwSessionCount: ulong(standing.read_write),
        ulMaxPinLen: longest,
        ulMinPinLen: shortest,
        ulTotalPublicMemory: UNAVAILABLE,
        ulFreePublicMemory: UNAVAILABLE,
        ulTotalPrivateMemory: UNAVAILABLE,
        ulFreePrivateMemory: UNAVAILABLE,
        hardwareVersion: VERSION,
        firmwareVersion: VERSION,
        utcTime: padded(""),
    }
}

/// What the token is and does. States that are saved are of digests, in which there is no key that would be needed again.
const SERVES: Ulong = ck::CKF_RNG
    | ck::CKF_TOKEN_INITIALIZED
    | ck::CKF_DUAL_CRYPTO_OPERATIONS
    | ck::CKF_RESTORE_KEY_NOT_NEEDED;

/// What the daemon knows of PINs.
const PIN_FLAGS: Ulong = ck::CKF_USER_PIN_INITIALIZED
    | ck::CKF_USER_PIN_COUNT_LOW
    | ck::CKF_USER_PIN_FINAL_TRY
    | ck::CKF_USER_PIN_LOCKED
    | ck::CKF_SO_PIN_COUNT_LOW
    | ck::CKF_SO_PIN_FINAL_TRY
    | ck::CKF_SO_PIN_LOCKED;

pub(super) fn of_session(session: &Session) -> CK_SESSION_INFO {
    let read_write = if session.is_read_write {
        ck::CKF_RW_SESSION
    } else {
        0
    };
    CK_SESSION_INFO {
        slotID: session.slot.id,
        state: session.state(),
        flags: ck::CKF_SERIAL_SESSION | read_write,
        ulDeviceError: 0,
    }
}

/// Whether a session with these flags is read-write, if it may be opened at all.
pub(super) fn session_flags(flags: CK_FLAGS) -> Result<bool> {
    if flags & ck::CKF_SERIAL_SESSION == 0 {
        return Err(Rv::SESSION_PARALLEL_NOT_SUPPORTED);
    }
    if flags & ck::CKF_ASYNC_SESSION != 0 {
        return Err(Rv::SESSION_ASYNC_NOT_SUPPORTED);
    }
    Ok(flags & ck::CKF_RW_SESSION != 0)
}

/// The kind of user.
pub(super) fn user(user: CK_USER_TYPE) -> Result<User> {
    match user {
        ck::CKU_SO => Ok(User::SecurityOfficer),
        ck::CKU_USER => Ok(User::User),
        _ => Err(Rv::USER_TYPE_INVALID),
    }
}

/// Checks the arguments of `C_Initialize` (PKCS #11 3.1 §5.4.1). The module locks by the system's own means.
///
/// # Safety
/// The pointer is null or leads to the structure.
pub(super) unsafe fn check_initialize_arguments(args: *const CK_C_INITIALIZE_ARGS) -> Result<()> {
    // SAFETY: the caller vouches for the pointer, unless it is null.
    let Some(args) = (unsafe { pointed(args) }) else {
        return Ok(());
    };
    let functions = [
        args.CreateMutex.is_some(),
        args.DestroyMutex.is_some(),
        args.LockMutex.is_some(),
        args.UnlockMutex.is_some(),
    ];
    let given = functions.iter().filter(|given| **given).count();
    let system_locks: Ulong = args.flags & ck::CKF_OS_LOCKING_OK;
    match given {
        _ if !args.pReserved.is_null() => Err(Rv::ARGUMENTS_BAD),
        1..=3 => Err(Rv::ARGUMENTS_BAD),
        4 if system_locks == 0 => Err(Rv::CANT_LOCK),
        _ => Ok(()),
    }
}
