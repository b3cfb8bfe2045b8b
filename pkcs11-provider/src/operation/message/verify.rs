//! Messages whose signatures are verified one after the other under one key.

use cryptoki_sys as ck;
use pkcs11::{Result, Ulong};

use super::Series;
use crate::{
    abi::{
        parameter::MessageArgument,
        pointer::{In, MechanismArgument},
    },
    operation::{begin, last_step, step, used_key, verify::VerifyOperation},
    session::Session,
};

impl Session {
    /// `C_MessageVerifyInit`.
    pub(crate) fn message_verify_init(
        &self,
        mechanism: Option<MechanismArgument<'_>>,
        key: Ulong,
    ) -> Result<()> {
        begin(&mut self.active().message_verify, mechanism, |mechanism| {
            let key = used_key(self, mechanism, key, ck::CKF_MESSAGE_VERIFY, ck::CKA_VERIFY)?;
            VerifyOperation::new(key, None).map(Series::new)
        })
    }

    /// `C_VerifyMessage`.
    pub(crate) fn verify_message(
        &self,
        argument: MessageArgument<'_>,
        data: In<'_>,
        signature: In<'_>,
    ) -> Result<()> {
        let own = Series::whole(self.active().message_verify.as_ref(), argument)?;
        own.judge(&self.slot.remote, Some(data), Some(signature))
            .map(drop)
    }

    /// `C_VerifyMessageBegin`.
    pub(crate) fn verify_message_begin(&self, argument: MessageArgument<'_>) -> Result<()> {
        let mut active = self.active();
        Series::begin(active.message_verify.as_mut(), argument)
    }

    /// `C_VerifyMessageNext`; without a signature, more is to follow.
    pub(crate) fn verify_message_next(
        &self,
        argument: MessageArgument<'_>,
        part: In<'_>,
        signature: In<'_>,
    ) -> Result<()> {
        let mut active = self.active();
        let begun = Series::begun(active.message_verify.as_mut())?;
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
        Series::finish(&mut self.active().message_verify)
    }
}
