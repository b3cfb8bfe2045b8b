//! Sessions: the operations in progress, and what a session may do.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cryptoki_sys as ck;
use pkcs11::{Result, Rv, Ulong};

use crate::{
    error::{Failure, Names},
    object::Object,
    operation::{
        cipher::{CipherOperation, Direction},
        digest::DigestOperation,
        message::{Series, cipher::MessageCipher},
        recover::RecoverOperation,
        sign::SignOperation,
        verify::VerifyOperation,
    },
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
    pub(crate) sign_recover: Option<SignOperation>,
    pub(crate) verify: Option<VerifyOperation>,
    pub(crate) verify_recover: Option<RecoverOperation>,
    message_encrypt: Option<MessageCipher>,
    message_decrypt: Option<MessageCipher>,
    pub(crate) message_sign: Option<Series<SignOperation>>,
    pub(crate) message_verify: Option<Series<VerifyOperation>>,
    /// The functions (`CKF_…`) whose operation waits for a login of its own, because its key asks for one at each use.
    unproven: Ulong,
    /// Those whose key asks for one at each use, whether it came or not.
    asking: Ulong,
    /// The logouts that there were when these began.
    epoch: u64,
}

impl Active {
    /// Whether an operation may go on. One whose key asks for a login, and got none, ends here
    /// (PKCS #11 3.2 §4.9, CKA_ALWAYS_AUTHENTICATE).
    pub(crate) fn check_proven(&mut self, function: Ulong) -> Result<()> {
        if self.unproven & function == 0 {
            return Ok(());
        }
        self.unproven &= !function;
        self.cancel(function);
        Err(Rv::USER_NOT_LOGGED_IN)
    }

    /// A use of a key is over: the next of the same operation asks again.
    pub(crate) const fn was_used(&mut self, function: Ulong) {
        self.unproven |= self.asking & function;
    }
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

    /// A copy for a child process. What another thread is just carrying on stays the parent's alone.
    pub(crate) fn forked(&self, slot: Arc<Slot>) -> Self {
        let active = self.active.try_lock().ok().map(|active| active.forked());
        let epoch = slot.epoch();
        Self {
            handle: self.handle,
            slot,
            is_read_write: self.is_read_write,
            active: Mutex::new(active.unwrap_or(Active {
                epoch,
                ..Active::default()
            })),
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

    /// Notes whether an operation just begun waits for a login, which its key says.
    pub(crate) fn await_login(&self, function: Ulong, key: Ulong) {
        let key = self.slot.objects.find(key);
        let asks = key.is_some_and(|key| key.facts().flag(ck::CKA_ALWAYS_AUTHENTICATE));
        let mut active = self.active();
        active.asking &= !function;
        if asks {
            active.asking |= function;
        }
        active.unproven = (active.unproven & !function) | (active.asking & function);
    }

    /// `C_Login` for the operation that waits for it (PKCS #11 3.2 §5.6.8, CKU_CONTEXT_SPECIFIC).
    pub(crate) fn prove(&self, pin: &[u8]) -> Result<()> {
        if self.active().unproven == 0 {
            return Err(Rv::OPERATION_NOT_INITIALIZED);
        }
        self.slot.prove(pin)?;
        self.active().unproven = 0;
        Ok(())
    }

    /// The object with this handle, or the error that fits the calling function.
    pub(crate) fn object(&self, handle: Ulong, otherwise: Rv) -> Result<Arc<Object>> {
        self.slot.objects.find(handle).ok_or(otherwise)
    }

    /// Whether an object of this kind may be made, changed or ended here (PKCS #11 3.2 §5.6, §4.4). The token's are written
    /// after a login only.
    pub(crate) fn may_write(&self, is_token: bool, is_private: bool) -> Result<()> {
        if is_token && !self.is_read_write {
            return Err(Rv::SESSION_READ_ONLY);
        }
        let slot = &self.slot;
        let is_anybody = slot.needs_login && slot.standing().user.is_none();
        if (is_token && is_anybody) || (is_private && !slot.shows_private()) {
            return Err(Rv::USER_NOT_LOGGED_IN);
        }
        Ok(())
    }

    /// What a failure means to a function that makes or changes: what the daemon does not let just anybody do asks for a
    /// login first.
    pub(crate) fn failed(&self, failure: Failure, names: Names) -> Rv {
        let is_anybody = self.slot.needs_login && self.slot.standing().user.is_none();
        if is_anybody && failure.is_of_permission() {
            return Rv::USER_NOT_LOGGED_IN;
        }
        failure.seen_by(names)
    }

    /// The slot, for what only a read-write session may do with it.
    pub(crate) fn writes(&self) -> Result<&Slot> {
        if self.is_read_write {
            Ok(&self.slot)
        } else {
            Err(Rv::SESSION_READ_ONLY)
        }
    }

    /// Cancels operations (PKCS #11 3.1 §5.6.6).
    pub(crate) fn cancel(&self, flags: Ulong) {
        self.active().cancel(flags);
    }
}

impl Active {
    /// A copy for a child process.
    fn forked(&self) -> Self {
        Self {
            find: self.find.clone(),
            encrypt: self.encrypt.as_ref().map(CipherOperation::forked),
            decrypt: self.decrypt.as_ref().map(CipherOperation::forked),
            digest: self.digest.clone(),
            sign: self.sign.clone(),
            sign_recover: self.sign_recover.clone(),
            verify: self.verify.as_ref().map(VerifyOperation::forked),
            verify_recover: self.verify_recover.as_ref().map(RecoverOperation::forked),
            message_encrypt: self.message_encrypt.clone(),
            message_decrypt: self.message_decrypt.clone(),
            message_sign: self.message_sign.clone(),
            message_verify: self
                .message_verify
                .as_ref()
                .map(|own| own.forked(VerifyOperation::forked)),
            unproven: self.unproven,
            asking: self.asking,
            epoch: self.epoch,
        }
    }

    /// The message-based encryption or decryption.
    pub(crate) const fn messages(&mut self, direction: Direction) -> &mut Option<MessageCipher> {
        match direction {
            Direction::Encrypt => &mut self.message_encrypt,
            Direction::Decrypt => &mut self.message_decrypt,
        }
    }

    /// Whether a key is at work, so that the session's state is more than a digest's.
    pub(crate) const fn has_operation_of_key(&self) -> bool {
        self.encrypt.is_some()
            || self.decrypt.is_some()
            || self.sign.is_some()
            || self.verify.is_some()
    }

    /// Ends everything and goes on with a digest.
    pub(crate) fn restart(&mut self, digest: DigestOperation) {
        *self = Self {
            digest: Some(digest),
            epoch: self.epoch,
            ..Self::default()
        };
    }

    fn cancel(&mut self, flags: Ulong) {
        fn end<T>(place: &mut Option<T>, is_meant: bool) {
            if is_meant {
                *place = None;
            }
        }
        let meant = |flag| flags & flag != 0;
        end(&mut self.find, meant(ck::CKF_FIND_OBJECTS));
        end(&mut self.encrypt, meant(ck::CKF_ENCRYPT));
        end(&mut self.decrypt, meant(ck::CKF_DECRYPT));
        end(&mut self.digest, meant(ck::CKF_DIGEST));
        end(&mut self.sign, meant(ck::CKF_SIGN));
        end(&mut self.sign_recover, meant(ck::CKF_SIGN_RECOVER));
        end(&mut self.verify, meant(ck::CKF_VERIFY));
        end(&mut self.verify_recover, meant(ck::CKF_VERIFY_RECOVER));
        end(&mut self.message_encrypt, meant(ck::CKF_MESSAGE_ENCRYPT));
        end(&mut self.message_decrypt, meant(ck::CKF_MESSAGE_DECRYPT));
        end(&mut self.message_sign, meant(ck::CKF_MESSAGE_SIGN));
        end(&mut self.message_verify, meant(ck::CKF_MESSAGE_VERIFY));
    }
}
