//! Signatures and MACs, in one part and in several; digesting mechanisms hash here and send the digest.

use std::sync::MutexGuard;

use cryptoki_sys as ck;
use kmip::{
    Secret,
    attribute::CryptographicParameters,
    mechanism::{KeySpec, Mac, Signing, signature},
    payload::{
        mac::{MAC, MACRequest},
        sign::{Sign, SignRequest},
    },
    ttlv::Bytes,
};
use pkcs11::{
    Result, Rv, Ulong,
    mechanism::{Authentication, authentication, context, mac_parameters, signing_parameters},
};
use zeroize::Zeroizing;

use super::{COLLECTED_BYTES_MAX, UsedKey, begin, last_step, step, used_key};
use crate::{
    abi::pointer::{In, MechanismArgument, Offer, Out},
    error::Names,
    hasher::{Hasher, digest},
    remote::{Again, Remote},
    session::{Active, Session},
};

/// What is to be signed, as far as it came.
#[derive(Clone)]
pub(crate) struct Input {
    how: Authentication,
    spec: KeySpec,
    gathered: Gathered,
    /// The context of the signature, of mechanisms that have one.
    context: Vec<u8>,
    pub(crate) is_multi_part: bool,
}

#[derive(Clone)]
enum Gathered {
    Hashed(Hasher),
    Whole(Zeroizing<Vec<u8>>),
}

impl Input {
    /// Nothing yet.
    pub(crate) fn new(key: &UsedKey) -> Result<Self> {
        let spec = key.facts.spec.ok_or(Rv::KEY_TYPE_INCONSISTENT)?;
        let how = authentication(key.row.meaning, &key.parameter, spec)?;
        let gathered = match hash_made_here(how) {
            Some(hash) => Gathered::Hashed(Hasher::new(hash)),
            None => Gathered::Whole(Zeroizing::default()),
        };
        Ok(Self {
            how,
            spec,
            gathered,
            context: context(&key.parameter).to_vec(),
            is_multi_part: false,
        })
    }

    /// The way the key signs.
    pub(crate) const fn how(&self) -> Authentication {
        self.how
    }

    /// The length of the signature or MAC.
    pub(crate) fn answer_bytes(&self) -> usize {
        self.how.answer_bytes(self.spec)
    }

    /// The parameters of a signature made so, with its context.
    pub(crate) fn parameters(&self, signing: Signing) -> CryptographicParameters {
        signing_parameters(signing, &self.context)
    }

    /// Takes a part.
    pub(crate) fn update(&mut self, part: &[u8]) -> Result<()> {
        // PKCS #11 3.2 §6.67.7: a digest comes whole.
        if self.takes_a_digest_that_it_names() {
            return Err(Rv::OPERATION_NOT_INITIALIZED);
        }
        self.is_multi_part = true;
        match &mut self.gathered {
            Gathered::Hashed(hasher) => hasher.update(part),
            Gathered::Whole(whole) => {
                if whole.len() + part.len() > COLLECTED_BYTES_MAX {
                    return Err(Rv::DATA_LEN_RANGE);
                }
                whole.extend_from_slice(part);
            }
        }
        Ok(())
    }

    /// What the mechanism works on when this is all there is: the digest, or the data as it came.
    pub(crate) fn finish(&self, whole: Option<&[u8]>) -> Result<Zeroizing<Vec<u8>>> {
        let message = match (whole, hash_made_here(self.how), &self.gathered) {
            (Some(data), Some(hash), _) => digest(hash, &[data]).into(),
            (Some(data), None, _) => data.to_vec().into(),
            (None, _, Gathered::Hashed(hasher)) => hasher.clone().finish().into(),
            (None, _, Gathered::Whole(own)) => own.clone(),
        };
        self.check(message)
    }

    const fn takes_a_digest_that_it_names(&self) -> bool {
        matches!(
            self.how,
            Authentication::Signature(
                Signing::InContext {
                    prehash: Some(_),
                    ..
                },
                false
            )
        )
    }

    fn check(&self, message: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>> {
        let fits = match self.how {
            Authentication::Signature(Signing::RsaPkcs1(None), _) => {
                message.len() + 11 <= self.answer_bytes()
            }
            // PKCS #11 3.1 §6.1.11: the digest that the caller made is as long as the hash's.
            Authentication::Signature(Signing::RsaPss { hash, .. }, _) => {
                message.len() == hash.digest_bytes()
            }
            Authentication::Signature(Signing::Ecdsa(_) | Signing::Dsa(_), _) => {
                (1..=1024).contains(&message.len())
            }
            Authentication::Signature(
                Signing::InContext {
                    prehash: Some(prehash),
                    ..
                },
                false,
            ) => message.len() == prehash.digest_bytes(),
            _ => message.len() <= COLLECTED_BYTES_MAX,
        };
        fits.then_some(message).ok_or(Rv::DATA_LEN_RANGE)
    }
}

fn hash_made_here(how: Authentication) -> Option<kmip::mechanism::Hash> {
    match how {
        Authentication::Signature(
            Signing::RsaPkcs1(Some(hash))
            | Signing::Ecdsa(Some(hash))
            | Signing::Dsa(Some(hash))
            | Signing::RsaPss { hash, .. },
            true,
        ) => Some(hash),
        _ => None,
    }
}

/// A signature or MAC being made.
#[derive(Clone)]
pub(crate) struct SignOperation {
    key: String,
    input: Input,
    /// The answer, kept when the caller's buffer turned out too short for it.
    answer: Option<Vec<u8>>,
}

impl SignOperation {
    /// A signature or MAC of nothing yet.
    pub(crate) fn new(key: &UsedKey) -> Result<Self> {
        Ok(Self {
            input: Input::new(key)?,
            key: key.facts.id.clone(),
            answer: None,
        })
    }

    /// Takes a part of the message.
    pub(crate) fn update(&mut self, part: &[u8]) -> Result<()> {
        self.input.update(part)
    }

    /// Tells the caller how long the answer will be, and whether there is room for it.
    pub(crate) fn offer(&self, out: &mut Out<'_>) -> Result<Offer> {
        out.offer(self.input.answer_bytes())
    }

    /// Has the daemon sign what came, or the whole message, once there is room for the answer.
    pub(crate) fn answer(
        &mut self,
        remote: &Remote,
        whole: Option<In<'_>>,
        mut out: Out<'_>,
    ) -> Result<Offer> {
        if whole.is_some() && self.input.is_multi_part {
            return Err(Rv::OPERATION_NOT_INITIALIZED);
        }
        if self.answer.is_none() {
            if self.offer(&mut out)? == Offer::SizeOnly {
                return Ok(Offer::SizeOnly);
            }
            let whole = whole.map(|data| data.bytes()).transpose()?;
            let message = self.input.finish(whole)?;
            self.answer = Some(self.ask(remote, message)?);
        }
        out.give(self.answer.as_deref().unwrap_or_default())
    }

    fn ask(&self, remote: &Remote, message: Zeroizing<Vec<u8>>) -> Result<Vec<u8>> {
        match self.input.how {
            Authentication::Mac(how, bytes) => {
                let mut mac = mac(remote, &self.key, how, message)?;
                mac.truncate(bytes);
                Ok(mac)
            }
            Authentication::Signature(signing, _) => {
                let as_data = self.input.how.travels_as_data(true);
                let parameters = self.input.parameters(signing);
                let signature = sign(remote, &self.key, parameters, as_data, message)?;
                match self.input.spec.signature_half_bytes() {
                    Some(bytes) => signature::from_der(&signature, bytes).ok_or(Rv::DEVICE_ERROR),
                    None => Ok(signature),
                }
            }
        }
    }
}

fn sign(
    remote: &Remote,
    key: &str,
    parameters: CryptographicParameters,
    as_data: bool,
    mut message: Zeroizing<Vec<u8>>,
) -> Result<Vec<u8>> {
    let message = std::mem::take(&mut *message);
    let (data, digested_data) = if as_data {
        (Some(Secret::new(message)), None)
    } else {
        (None, Some(Bytes(message)))
    };
    let request = SignRequest {
        unique_identifier: Some(key.into()),
        cryptographic_parameters: Some(parameters),
        data,
        digested_data,
        correlation_value: None,
        init_indicator: None,
        final_indicator: None,
    };
    let response = remote
        .call::<Sign>(&request, Again::May)
        .map_err(|failure| failure.seen_by(Names::Session))?;
    response
        .signature_data
        .map(|signature| signature.0)
        .ok_or(Rv::DEVICE_ERROR)
}

/// The whole MAC of a message.
pub(crate) fn mac(
    remote: &Remote,
    key: &str,
    how: Mac,
    mut message: Zeroizing<Vec<u8>>,
) -> Result<Vec<u8>> {
    let request = MACRequest {
        unique_identifier: Some(key.into()),
        cryptographic_parameters: Some(mac_parameters(how)),
        data: Some(Secret::new(std::mem::take(&mut *message))),
        correlation_value: None,
        init_indicator: None,
        final_indicator: None,
    };
    let response = remote
        .call::<MAC>(&request, Again::May)
        .map_err(|failure| failure.seen_by(Names::Session))?;
    let mac = response.mac_data.ok_or(Rv::DEVICE_ERROR)?;
    Ok(mac.0)
}

impl Session {
    /// `C_SignInit`.
    pub(crate) fn sign_init(
        &self,
        mechanism: Option<MechanismArgument<'_>>,
        key: Ulong,
    ) -> Result<()> {
        begin(&mut self.active().sign, mechanism, |mechanism| {
            let key = used_key(self, mechanism, key, ck::CKF_SIGN, ck::CKA_SIGN)?;
            SignOperation::new(&key)
        })?;
        self.await_login(ck::CKF_SIGN, key);
        Ok(())
    }

    /// The signature in progress, if it may go on.
    fn signing(&self) -> Result<MutexGuard<'_, Active>> {
        let mut active = self.active();
        active.check_proven(ck::CKF_SIGN)?;
        Ok(active)
    }

    /// `C_Sign`.
    pub(crate) fn sign(&self, data: In<'_>, out: Out<'_>) -> Result<()> {
        last_step(&mut self.signing()?.sign, |operation| {
            operation.answer(&self.slot.remote, Some(data), out)
        })
    }

    /// `C_SignUpdate`.
    pub(crate) fn sign_update(&self, part: In<'_>) -> Result<()> {
        step(&mut self.signing()?.sign, |operation| {
            operation.update(part.bytes()?)
        })
    }

    /// `C_SignFinal`.
    pub(crate) fn sign_final(&self, out: Out<'_>) -> Result<()> {
        last_step(&mut self.signing()?.sign, |operation| {
            operation.answer(&self.slot.remote, None, out)
        })
    }
}
