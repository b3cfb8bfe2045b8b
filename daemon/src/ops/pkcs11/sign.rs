//! Signatures and MACs, made and verified.

use kmip::{
    PKCS11ReturnCode as Code, Secret, ValidityIndicator,
    mechanism::{KeySpec, Mac, signature},
    payload::{
        mac::{MAC, MACRequest, MACVerify, MACVerifyRequest},
        sign::{Sign, SignRequest, SignatureVerify, SignatureVerifyRequest},
    },
    ttlv::Bytes,
};
use pkcs11::mechanism::{Authentication, mac_parameters, signing_parameters};

use super::{
    Call,
    cipher::identifier,
    failure::{Failure, Names, Outcome},
};
use crate::cryptoki::{Active, Use};

type Result<T> = std::result::Result<T, Failure>;

/// The message, or what the caller has already hashed.
fn input(how: Authentication, data: &Secret) -> (Option<Secret>, Option<Bytes>) {
    if how.travels_as_data(false) {
        (Some(data.clone()), None)
    } else {
        (None, Some(Bytes(data.expose().to_vec())))
    }
}

fn mac(call: &mut Call<'_, '_>, active: &Active, how: Mac, data: &Secret) -> Result<Vec<u8>> {
    let request = MACRequest {
        unique_identifier: identifier(active),
        cryptographic_parameters: Some(mac_parameters(how)),
        data: Some(data.clone()),
        ..MACRequest::default()
    };
    let mac = call.perform::<MAC>(request, Names::Session)?.mac_data;
    Ok(mac.map(|own| own.0).unwrap_or_default())
}

pub(super) fn sign(
    call: &mut Call<'_, '_>,
    active: &Active,
    (how, spec, context): (Authentication, KeySpec, &[u8]),
    data: &Secret,
) -> Result<Secret> {
    let signing = match how {
        Authentication::Mac(how, bytes) => {
            let mut whole = mac(call, active, how, data)?;
            whole.truncate(bytes);
            return Ok(Secret::new(whole));
        }
        Authentication::Signature(signing, _) => signing,
    };
    let (data, digested_data) = input(how, data);
    let request = SignRequest {
        unique_identifier: identifier(active),
        cryptographic_parameters: Some(signing_parameters(signing, context)),
        data,
        digested_data,
        ..SignRequest::default()
    };
    let response = call.perform::<Sign>(request, Names::Session)?;
    let signature = response.signature_data.unwrap_or_default().0;
    let halves = match spec.signature_half_bytes() {
        Some(bytes) => signature::from_der(&signature, bytes).ok_or(Code::FUNCTIONFAILED)?,
        None => signature,
    };
    Ok(Secret::new(halves))
}

pub(super) fn verify(
    call: &mut Call<'_, '_>,
    active: &Active,
    data: Secret,
    signature: Vec<u8>,
) -> Outcome {
    let Use::Authentication(how, spec, context) = &active.usage else {
        return Err(Code::OPERATIONNOTINITIALIZED.into());
    };
    let (how, spec) = (*how, *spec);
    if signature.len() != how.answer_bytes(spec) {
        return Err(Code::SIGNATURELENRANGE.into());
    }
    let validity = match how {
        Authentication::Mac(how, bytes) => verify_mac(call, active, (how, bytes), data, signature)?,
        Authentication::Signature(signing, _) => {
            let signature = match spec.signature_half_bytes() {
                Some(_) => signature::to_der(&signature),
                None => signature,
            };
            let (data, digested_data) = input(how, &data);
            let request = SignatureVerifyRequest {
                unique_identifier: identifier(active),
                cryptographic_parameters: Some(signing_parameters(signing, context)),
                data,
                digested_data,
                signature_data: Some(Bytes(signature)),
                ..SignatureVerifyRequest::default()
            };
            call.perform::<SignatureVerify>(request, Names::Session)?
                .validity_indicator
        }
    };
    if validity == Some(ValidityIndicator::Valid) {
        Ok(())
    } else {
        Err(Code::SIGNATUREINVALID.into())
    }
}

/// A MAC that is cut is made again and compared; a whole one is verified by a key that need not make any.
fn verify_mac(
    call: &mut Call<'_, '_>,
    active: &Active,
    (how, bytes): (Mac, usize),
    data: Secret,
    given: Vec<u8>,
) -> Result<Option<ValidityIndicator>> {
    let whole = match how {
        Mac::Hmac(hash) => hash.digest_bytes(),
        Mac::AesCmac | Mac::AesCbcMac => 16,
        Mac::TripleDesCmac | Mac::TripleDesCbcMac => 8,
    };
    if bytes < whole {
        let mut own = mac(call, active, how, &data)?;
        own.truncate(bytes);
        // `Secret` compares in constant time.
        let is_right = Secret::new(own) == Secret::new(given);
        return Ok(is_right.then_some(ValidityIndicator::Valid));
    }
    let request = MACVerifyRequest {
        unique_identifier: identifier(active),
        cryptographic_parameters: Some(mac_parameters(how)),
        data: Some(data),
        mac_data: Some(Bytes(given)),
        ..MACVerifyRequest::default()
    };
    let response = call.perform::<MACVerify>(request, Names::Session)?;
    Ok(response.validity_indicator)
}
