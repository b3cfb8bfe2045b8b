//! Signatures that hold their message, and messages taken out of them: PKCS #1 v1.5 of whatever fits.

use std::sync::Arc;

use cryptoki_sys as ck;
use pkcs11::{Result, Rv, Ulong};

use super::{begin, last_step, sign::SignOperation, used_key};
use crate::{
    abi::pointer::{In, MechanismArgument, Out},
    object::Object,
    session::Session,
};

/// A verification in progress that gives the message.
pub(crate) struct RecoverOperation {
    key: Arc<Object>,
}

impl RecoverOperation {
    /// A copy for a child process.
    pub(crate) fn forked(&self) -> Self {
        Self {
            key: Arc::new(self.key.forked()),
        }
    }
}

impl Session {
    /// `C_SignRecoverInit`.
    pub(crate) fn sign_recover_init(
        &self,
        mechanism: Option<MechanismArgument<'_>>,
        key: Ulong,
    ) -> Result<()> {
        let (function, usage) = (ck::CKF_SIGN_RECOVER, ck::CKA_SIGN_RECOVER);
        begin(&mut self.active().sign_recover, mechanism, |mechanism| {
            SignOperation::new(&used_key(self, mechanism, key, function, usage)?)
        })?;
        self.await_login(function, key);
        Ok(())
    }

    /// `C_SignRecover`.
    pub(crate) fn sign_recover(&self, data: In<'_>, out: Out<'_>) -> Result<()> {
        let mut active = self.active();
        active.check_proven(ck::CKF_SIGN_RECOVER)?;
        last_step(&mut active.sign_recover, |operation| {
            operation.answer(&self.slot.remote, Some(data), out)
        })
    }

    /// `C_VerifyRecoverInit`.
    pub(crate) fn verify_recover_init(
        &self,
        mechanism: Option<MechanismArgument<'_>>,
        key: Ulong,
    ) -> Result<()> {
        let (function, usage) = (ck::CKF_VERIFY_RECOVER, ck::CKA_VERIFY_RECOVER);
        begin(&mut self.active().verify_recover, mechanism, |mechanism| {
            let key = used_key(self, mechanism, key, function, usage)?;
            Ok(RecoverOperation { key: key.object })
        })
    }

    /// `C_VerifyRecover`; a wrong signature is told before a short buffer (PKCS #11 3.2 §5.15.6).
    pub(crate) fn verify_recover(&self, signature: In<'_>, mut out: Out<'_>) -> Result<()> {
        last_step(&mut self.active().verify_recover, |operation| {
            let signature = signature.bytes()?;
            let value = operation.key.value(&self.slot.remote)?;
            let key = value.public.as_ref().ok_or(Rv::FUNCTION_FAILED)?;
            if key.modulus_bytes() != Some(signature.len()) {
                return Err(Rv::SIGNATURE_LEN_RANGE);
            }
            let message = key.recovers(signature).ok_or(Rv::SIGNATURE_INVALID)?;
            out.give(&message)
        })
    }
}
