//! Messages signed one after the other under one key.

use cryptoki_sys as ck;
use pkcs11::{Result, Ulong};

use super::Series;
use crate::{
    abi::{
        parameter::MessageArgument,
        pointer::{In, MechanismArgument, Offer, Out},
    },
    operation::{begin, last_step, sign::SignOperation, step, used_key},
    session::Session,
};

impl Session {
    /// `C_MessageSignInit`.
    pub(crate) fn message_sign_init(
        &self,
        mechanism: Option<MechanismArgument<'_>>,
        key: Ulong,
    ) -> Result<()> {
        begin(&mut self.active().message_sign, mechanism, |mechanism| {
            let key = used_key(self, mechanism, key, ck::CKF_MESSAGE_SIGN, ck::CKA_SIGN)?;
            SignOperation::new(&key).map(Series::new)
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
        let mut own = Series::whole(active.message_sign.as_ref(), argument)?;
        if own.answer(&self.slot.remote, Some(data), out)? == Offer::Go {
            active.was_used(ck::CKF_MESSAGE_SIGN);
        }
        Ok(())
    }

    /// `C_SignMessageBegin`.
    pub(crate) fn sign_message_begin(&self, argument: MessageArgument<'_>) -> Result<()> {
        let mut active = self.active();
        active.check_proven(ck::CKF_MESSAGE_SIGN)?;
        Series::begin(active.message_sign.as_mut(), argument)
    }

    /// `C_SignMessageNext`; without a place for the signature's length, more is to follow.
    pub(crate) fn sign_message_next(
        &self,
        argument: MessageArgument<'_>,
        part: In<'_>,
        out: Option<Out<'_>>,
    ) -> Result<()> {
        let mut active = self.active();
        let begun = Series::begun(active.message_sign.as_mut())?;
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
        Series::finish(&mut self.active().message_sign)
    }
}
