//! Messages signed one after the other under one key.

use cryptoki_sys as ck;
use pkcs11::{Result, Rv, Ulong};

use super::finish;
use crate::{
    abi::{
        parameter::MessageArgument,
        pointer::{In, MechanismArgument, Offer, Out},
    },
    operation::{begin, last_step, sign::SignOperation, step, used_key},
    session::Session,
};

/// A message-based signature.
#[derive(Clone)]
pub(crate) struct MessageSign {
    /// A signature of nothing yet, from which each begins.
    fresh: SignOperation,
    /// The message that came in part.
    begun: Option<SignOperation>,
}

impl Session {
    /// `C_MessageSignInit`.
    pub(crate) fn message_sign_init(
        &self,
        mechanism: Option<MechanismArgument<'_>>,
        key: Ulong,
    ) -> Result<()> {
        begin(&mut self.active().message_sign, mechanism, |mechanism| {
            let key = used_key(self, mechanism, key, ck::CKF_MESSAGE_SIGN, ck::CKA_SIGN)?;
            Ok(MessageSign {
                fresh: SignOperation::new(&key)?,
                begun: None,
            })
        })?;
        self.await_login(ck::CKF_MESSAGE_SIGN, key);
        Ok(())
    }

    /// `C_SignMessage`.
    pub(crate) fn sign_message(
        &self,
        argument: MessageArgument<'_>,
        data: In<'_>,
        out: Out<'_>,
    ) -> Result<()> {
        let mut active = self.active();
        active.check_proven(ck::CKF_MESSAGE_SIGN)?;
        let operation = active.message_sign.as_ref();
        let operation = operation.ok_or(Rv::OPERATION_NOT_INITIALIZED)?;
        if operation.begun.is_some() {
            return Err(Rv::OPERATION_ACTIVE);
        }
        argument.none()?;
        let mut own = operation.fresh.clone();
        if own.answer(&self.slot.remote, Some(data), out)? == Offer::Go {
            active.was_used(ck::CKF_MESSAGE_SIGN);
        }
        Ok(())
    }

    /// `C_SignMessageBegin`.
    pub(crate) fn sign_message_begin(&self, argument: MessageArgument<'_>) -> Result<()> {
        let mut active = self.active();
        active.check_proven(ck::CKF_MESSAGE_SIGN)?;
        let operation = active.message_sign.as_mut();
        let operation = operation.ok_or(Rv::OPERATION_NOT_INITIALIZED)?;
        if operation.begun.is_some() {
            return Err(Rv::OPERATION_ACTIVE);
        }
        argument.none()?;
        operation.begun = Some(operation.fresh.clone());
        Ok(())
    }

    /// `C_SignMessageNext`; without a place for the signature's length, more is to follow.
    pub(crate) fn sign_message_next(
        &self,
        argument: MessageArgument<'_>,
        part: In<'_>,
        out: Option<Out<'_>>,
    ) -> Result<()> {
        let mut active = self.active();
        let operation = active.message_sign.as_mut();
        let begun = &mut operation.ok_or(Rv::OPERATION_NOT_INITIALIZED)?.begun;
        let Some(mut out) = out else {
            return step(begun, |own| {
                argument.none()?;
                own.update(part.bytes()?)
            });
        };
        last_step(begun, |own| {
            argument.none()?;
            if own.offer(&mut out)? == Offer::SizeOnly {
                return Ok(Offer::SizeOnly);
            }
            own.update(part.bytes()?)?;
            own.answer(&self.slot.remote, None, out)
        })?;
        if begun.is_none() {
            active.was_used(ck::CKF_MESSAGE_SIGN);
        }
        Ok(())
    }

    /// `C_MessageSignFinal`.
    pub(crate) fn message_sign_final(&self) -> Result<()> {
        finish(&mut self.active().message_sign, |own| own.begun.is_some())
    }
}
