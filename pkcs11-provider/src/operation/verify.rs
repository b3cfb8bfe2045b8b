//! Verification: here where the public key's algorithm allows, at the daemon where it does not.

use std::sync::Arc;

use cryptoki_sys as ck;
use kmip::{
    ResultReason, Secret, ValidityIndicator,
    mechanism::{Mac, Signing, signature},
    payload::{
        mac::{MACVerify, MACVerifyRequest},
        sign::{SignatureVerify, SignatureVerifyRequest},
    },
    ttlv::Bytes,
};
use pkcs11::{
    Result, Rv, Ulong,
    mechanism::{Authentication, mac_parameters},
};
use zeroize::Zeroizing;

use super::{
    UsedKey, begin, last_step,
    sign::{Input, mac},
    step, used_key,
};
use crate::{
    abi::pointer::{In, MechanismArgument, Offer},
    error::{Failure, Names},
    object::Object,
    remote::{Again, Remote},
    session::{Active, Session},
};

/// A verification in progress.
#[derive(Clone)]
pub(crate) struct VerifyOperation {
    key: Arc<Object>,
    id: String,
    /// Whether the key may also make what it verifies.
    signs: bool,
    input: Input,
    /// The signature, where the operation began with it (PKCS #11 3.2 §5.15.7).
    signature: Option<Vec<u8>>,
}

impl VerifyOperation {
    /// A verification of nothing yet.
    pub(crate) fn new(key: UsedKey, signature: Option<Vec<u8>>) -> Result<Self> {
        Ok(Self {
            input: Input::new(&key)?,
            id: key.facts.id.clone(),
            signs: key.facts.flag(ck::CKA_SIGN),
            key: key.object,
            signature,
        })
    }

    /// A copy for a child process.
    pub(crate) fn forked(&self) -> Self {
        Self {
            key: Arc::new(self.key.forked()),
            ..self.clone()
        }
    }

    /// Takes a part of the message.
    pub(crate) fn update(&mut self, part: &[u8]) -> Result<()> {
        self.input.update(part)
    }

    /// Judges what came, or the whole message, by the signature passed or the one that the operation began with.
    pub(crate) fn judge(
        &self,
        remote: &Remote,
        whole: Option<In<'_>>,
        signature: Option<In<'_>>,
    ) -> Result<Offer> {
        if whole.is_some() && self.input.is_multi_part {
            return Err(Rv::OPERATION_NOT_INITIALIZED);
        }
        let whole = whole.map(|data| data.bytes()).transpose()?;
        let signature = match signature {
            Some(signature) => signature.given()?,
            None => self.signature.as_deref().unwrap_or_default(),
        };
        if signature.len() != self.input.answer_bytes() {
            return Err(Rv::SIGNATURE_LEN_RANGE);
        }
        let message = self.input.finish(whole)?;
        let is_right = match self.input.how() {
            Authentication::Mac(how, bytes) => {
                self.judge_mac(remote, how, bytes, message, signature)?
            }
            Authentication::Signature(signing, _) => {
                let value = self.key.value(remote)?;
                let here = value
                    .public
                    .as_ref()
                    .and_then(|key| key.verifies(signing, &message, signature));
                match here {
                    Some(is_right) => is_right,
                    None => self.ask(remote, signing, message, signature)?,
                }
            }
        };
        if is_right {
            Ok(Offer::Go)
        } else {
            Err(Rv::SIGNATURE_INVALID)
        }
    }

    fn judge_mac(
        &self,
        remote: &Remote,
        how: Mac,
        bytes: usize,
        mut message: Zeroizing<Vec<u8>>,
        expected: &[u8],
    ) -> Result<bool> {
        if self.signs {
            let mut own = mac(remote, &self.id, how, message)?;
            own.truncate(bytes);
            // `Secret` compares in constant time.
            return Ok(Secret::new(own) == Secret::from(expected));
        }
        let request = MACVerifyRequest {
            unique_identifier: Some(self.id.as_str().into()),
            cryptographic_parameters: Some(mac_parameters(how)),
            data: Some(Secret::new(std::mem::take(&mut *message))),
            mac_data: Some(Bytes(expected.to_vec())),
            correlation_value: None,
            init_indicator: None,
            final_indicator: None,
        };
        let response = remote
            .call::<MACVerify>(&request, Again::May)
            .map_err(|failure| failure.seen_by(Names::Session))?;
        Ok(response.validity_indicator == Some(ValidityIndicator::Valid))
    }

    fn ask(
        &self,
        remote: &Remote,
        signing: Signing,
        mut message: Zeroizing<Vec<u8>>,
        signature: &[u8],
    ) -> Result<bool> {
        if self.id.is_empty() {
            return Err(Rv::FUNCTION_FAILED);
        }
        let message = std::mem::take(&mut *message);
        let (data, digested_data) = if self.input.how().travels_as_data(true) {
            (Some(Secret::new(message)), None)
        } else {
            (None, Some(Bytes(message)))
        };
        let signature = match signing {
            Signing::Ecdsa(_) | Signing::Dsa(_) => signature::to_der(signature),
            _ => signature.to_vec(),
        };
        let request = SignatureVerifyRequest {
            unique_identifier: Some(self.id.as_str().into()),
            cryptographic_parameters: Some(self.input.parameters(signing)),
            data,
            digested_data,
            signature_data: Some(Bytes(signature)),
            correlation_value: None,
            init_indicator: None,
            final_indicator: None,
        };
        match remote.call::<SignatureVerify>(&request, Again::May) {
            Ok(response) => Ok(response.validity_indicator == Some(ValidityIndicator::Valid)),
            // A signature that is none is refused by some libraries before it is compared.
            Err(Failure::Refused(Some(ResultReason::CryptographicFailure))) => Ok(false),
            Err(failure) => Err(failure.seen_by(Names::Session)),
        }
    }
}

/// The verification in progress, if it began with a signature or without as the function wants it; else it is another's,
/// and stays.
pub(super) fn of_kind(
    active: &mut Active,
    with_signature: bool,
) -> Result<&mut Option<VerifyOperation>> {
    match &active.verify {
        Some(own) if own.signature.is_some() == with_signature => Ok(&mut active.verify),
        _ => Err(Rv::OPERATION_NOT_INITIALIZED),
    }
}

impl Session {
    fn begin_verification(
        &self,
        mechanism: Option<MechanismArgument<'_>>,
        key: Ulong,
        signature: Option<In<'_>>,
    ) -> Result<()> {
        begin(&mut self.active().verify, mechanism, |mechanism| {
            let signature = signature.map(|signature| signature.given()).transpose()?;
            let key = used_key(self, mechanism, key, ck::CKF_VERIFY, ck::CKA_VERIFY)?;
            VerifyOperation::new(key, signature.map(<[u8]>::to_vec))
        })
    }

    fn carry_on_verification(&self, part: In<'_>, with_signature: bool) -> Result<()> {
        step(of_kind(&mut self.active(), with_signature)?, |operation| {
            operation.update(part.bytes()?)
        })
    }

    fn end_verification(&self, data: Option<In<'_>>, signature: Option<In<'_>>) -> Result<()> {
        let mut active = self.active();
        last_step(of_kind(&mut active, signature.is_none())?, |operation| {
            operation.judge(&self.slot.remote, data, signature)
        })
    }

    /// `C_VerifyInit`.
    pub(crate) fn verify_init(
        &self,
        mechanism: Option<MechanismArgument<'_>>,
        key: Ulong,
    ) -> Result<()> {
        self.begin_verification(mechanism, key, None)
    }

    /// `C_Verify`.
    pub(crate) fn verify(&self, data: In<'_>, signature: In<'_>) -> Result<()> {
        self.end_verification(Some(data), Some(signature))
    }

    /// `C_VerifyUpdate`.
    pub(crate) fn verify_update(&self, part: In<'_>) -> Result<()> {
        self.carry_on_verification(part, false)
    }

    /// `C_VerifyFinal`.
    pub(crate) fn verify_final(&self, signature: In<'_>) -> Result<()> {
        self.end_verification(None, Some(signature))
    }

    /// `C_VerifySignatureInit`.
    pub(crate) fn verify_signature_init(
        &self,
        mechanism: Option<MechanismArgument<'_>>,
        key: Ulong,
        signature: In<'_>,
    ) -> Result<()> {
        self.begin_verification(mechanism, key, Some(signature))
    }

    /// `C_VerifySignature`.
    pub(crate) fn verify_signature(&self, data: In<'_>) -> Result<()> {
        self.end_verification(Some(data), None)
    }

    /// `C_VerifySignatureUpdate`.
    pub(crate) fn verify_signature_update(&self, part: In<'_>) -> Result<()> {
        self.carry_on_verification(part, true)
    }

    /// `C_VerifySignatureFinal`.
    pub(crate) fn verify_signature_final(&self) -> Result<()> {
        self.end_verification(None, None)
    }
}
