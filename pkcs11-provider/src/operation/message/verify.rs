//! Messages whose signatures are verified one after the other under one key.

use cryptoki_sys as ck;
use pkcs11::{Result, Rv, Ulong};

use super::finish;
use crate::{
    abi::{
        parameter::MessageArgument,
        pointer::{In, MechanismArgument},
    },
    operation::{begin, last_step, step, used_key, verify::VerifyOperation},
    session::Session,
};

/// A message-based verification.
pub(crate) struct MessageVerify {
    /// A verification of nothing yet, from which each begins.
    fresh: VerifyOperation,
    /// The message that came in part.
    begun: Option<VerifyOperation>,
}

impl MessageVerify {
    /// A copy for a child process.
    pub(crate) fn forked(&self) -> Self {
        Self {
            fresh: self.fresh.forked(),
            begun: self.begun.as_ref().map(VerifyOperation::forked),
        }
    }
}

impl Session {
    /// `C_MessageVerifyInit`.
    pub(crate) fn message_verify_init(
        &self,
        mechanism: Option<MechanismArgument<'_>>,
        key: Ulong,
    ) -> Result<()> {
        begin(&mut self.active().message_verify, mechanism, |mechanism| {
            let key = used_key(self, mechanism, key, ck::CKF_MESSAGE_VERIFY, ck::CKA_VERIFY)?;
            Ok(MessageVerify {
                fresh: VerifyOperation::new(key, None)?,
                begun: None,
            })
        })
    }

    /// `C_VerifyMessage`.
    pub(crate) fn verify_message(
        &self,
        argument: MessageArgument<'_>,
        data: In<'_>,
        signature: In<'_>,
    ) -> Result<()> {
        let active = self.active();
        let operation = active.message_verify.as_ref();
        let operation = operation.ok_or(Rv::OPERATION_NOT_INITIALIZED)?;
        if operation.begun.is_some() {
            return Err(Rv::OPERATION_ACTIVE);
        }
        argument.none()?;
        let own = &operation.fresh;
        own.judge(&self.slot.remote, Some(data), Some(signature))
            .map(drop)
    }

    /// `C_VerifyMessageBegin`.
    pub(crate) fn verify_message_begin(&self, argument: MessageArgument<'_>) -> Result<()> {
        let mut active = self.active();
        let operation = active.message_verify.as_mut();
        let operation = operation.ok_or(Rv::OPERATION_NOT_INITIALIZED)?;
        if operation.begun.is_some() {
            return Err(Rv::OPERATION_ACTIVE);
        }
        argument.none()?;
        operation.begun = Some(operation.fresh.clone());
        Ok(())
    }

    /// `C_VerifyMessageNext`; without a signature, more is to follow.
    pub(crate) fn verify_message_next(
        &self,
        argument: MessageArgument<'_>,
        part: In<'_>,
        signature: In<'_>,
    ) -> Result<()> {
        let mut active = self.active();
        let operation = active.message_verify.as_mut();
        let begun = &mut operation.ok_or(Rv::OPERATION_NOT_INITIALIZED)?.begun;
        if signature.is_null() {
            return step(begun, |own| {
                argument.none()?;
                own.update(part.bytes()?)
            });
        }
        last_step(begun, |own| {
            argument.none()?;
            own.update(part.bytes()?)?;
            own.judge(&self.slot.remote, None, Some(signature))
        })
    }

    /// `C_MessageVerifyFinal`.
    pub(crate) fn message_verify_final(&self) -> Result<()> {
        finish(&mut self.active().message_verify, |own| own.begun.is_some())
    }
}
