//! Sessions: the operations in progress, and what a session may do.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cryptoki_sys as ck;
use pkcs11::{Result, Rv, Ulong};

use crate::{
    hasher::Hasher,
    object::Object,
    operation::{cipher::CipherOperation, sign::SignOperation, verify::VerifyOperation},
    slot::{Slot, User},
};

/// An open session.
pub(crate) struct Session {
    pub(crate) handle: Ulong,
    pub(crate) slot: Arc<Slot>,
    pub(crate) is_read_write: bool,
    active: Mutex<Active>,
}

/// What a session is in the middle of: at most one operation of each kind.
#[derive(Default)]
pub(crate) struct Active {
    pub(crate) find: Option<std::vec::IntoIter<Ulong>>,
    pub(crate) encrypt: Option<CipherOperation>,
    pub(crate) decrypt: Option<CipherOperation>,
    pub(crate) digest: Option<DigestOperation>,
    pub(crate) sign: Option<SignOperation>,
    pub(crate) verify: Option<VerifyOperation>,
    /// The logouts that there were when these began.
    epoch: u64,
}

/// A digest in progress.
pub(crate) struct DigestOperation {
    pub(crate) hasher: Hasher,
    pub(crate) bytes: usize,
    pub(crate) is_multi_part: bool,
}

impl Session {
    pub(crate) fn new(handle: Ulong, slot: Arc<Slot>, is_read_write: bool) -> Self {
        let epoch = slot.epoch();
        Self {
            handle,
            slot,
            is_read_write,
            active: Mutex::new(Active {
                epoch,
                ..Active::default()
            }),
        }
    }

    /// The operations in progress; a logout has cancelled those that began before it.
    pub(crate) fn active(&self) -> MutexGuard<'_, Active> {
        let mut active = self.active.lock().unwrap_or_else(PoisonError::into_inner);
        let epoch = self.slot.epoch();
        if active.epoch != epoch {
            *active = Active {
                epoch,
                ..Active::default()
            };
        }
        active
    }

    /// `CK_STATE` (PKCS #11 3.1 §3.3).
    pub(crate) fn state(&self) -> Ulong {
        match (self.slot.standing().user, self.is_read_write) {
            (Some(User::SecurityOfficer), _) => ck::CKS_RW_SO_FUNCTIONS,
            (Some(User::User), true) => ck::CKS_RW_USER_FUNCTIONS,
            (Some(User::User), false) => ck::CKS_RO_USER_FUNCTIONS,
            (None, true) => ck::CKS_RW_PUBLIC_SESSION,
            (None, false) => ck::CKS_RO_PUBLIC_SESSION,
        }
    }

    /// The object with this handle, or the error that fits the calling function.
    pub(crate) fn object(&self, handle: Ulong, otherwise: Rv) -> Result<Arc<Object>> {
        self.slot.objects.find(handle).ok_or(otherwise)
    }

    /// Whether an object of this kind may be made or changed here (PKCS #11 3.1 §5.6.1, §4.4).
    pub(crate) fn may_write(&self, is_token: bool, is_private: bool) -> Result<()> {
        if is_token && !self.is_read_write {
            return Err(Rv::SESSION_READ_ONLY);
        }
        if is_private && !self.slot.shows_private() {
            return Err(Rv::USER_NOT_LOGGED_IN);
        }
        Ok(())
    }

    /// Cancels operations (PKCS #11 3.1 §5.6.6).
    pub(crate) fn cancel(&self, flags: Ulong) {
        let mut active = self.active();
        if flags & ck::CKF_FIND_OBJECTS != 0 {
            active.find = None;
        }
        if flags & ck::CKF_ENCRYPT != 0 {
            active.encrypt = None;
        }
        if flags & ck::CKF_DECRYPT != 0 {
            active.decrypt = None;
        }
        if flags & ck::CKF_DIGEST != 0 {
            active.digest = None;
        }
        if flags & ck::CKF_SIGN != 0 {
            active.sign = None;
        }
        if flags & ck::CKF_VERIFY != 0 {
            active.verify = None;
        }
    }
}
