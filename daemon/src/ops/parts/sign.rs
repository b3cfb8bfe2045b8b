//! Sign and Signature Verify in parts: what hashes its message is hashed as it comes, the rest waits for the whole.

use hsm::{Input, public::Hasher};
use kmip::{
    CryptographicUsageMask,
    attribute::CryptographicParameters,
    payload::sign::{SignRequest, SignResponse, SignatureVerifyRequest, SignatureVerifyResponse},
    ttlv::Bytes,
};

use crate::{
    context::{Authorized, Context},
    error::{Error, Result},
    ops::{needed, sign},
    profile,
    streams::{Engine, Part, Step, Stream},
    uses::Counted,
};

/// Sign, one part.
pub(in crate::ops) fn sign(
    context: &mut Context<'_>,
    step: Step,
    mut request: SignRequest,
) -> Result<SignResponse> {
    refuse_digest(request.digested_data.as_ref())?;
    let usage = CryptographicUsageMask::Sign;
    let data = request.data.take().unwrap_or_default();
    let named = request.unique_identifier.clone();
    let mut part = context.part(step, |context| {
        let key = context.object(request.unique_identifier.clone())?;
        sign::check_signing_key(&key)?;
        context.key_for(&key, usage)?;
        let asked = request.cryptographic_parameters.clone();
        let engine = engine(context, &key, asked, true)?;
        Ok(Stream::new(Some(key.record().id.clone()), request, engine))
    })?;
    let key = context.part_key(&part, named)?;
    context.permitted(&key, usage)?;
    part.advance(data.expose())?;
    let mut response = SignResponse {
        unique_identifier: key.identifier(),
        signature_data: None,
        correlation_value: part.correlation(),
    };
    if part.is_last {
        let (is_digest, taken) = (part.stream.is_digest(), part.stream.taken());
        let (said, output) = part.end::<SignRequest>()?;
        let input = input(output.data.expose(), is_digest);
        let asked = said.cryptographic_parameters.clone();
        let signature = sign::signature(context, &key, asked, input)?;
        context.spend(&key, taken)?;
        context.used(&key, Counted::Sign);
        response.signature_data = Some(Bytes(signature));
    }
    context.keep(part);
    Ok(response)
}

/// Signature Verify, one part. The signature may come with any of them.
pub(in crate::ops) fn signature_verify(
    context: &mut Context<'_>,
    step: Step,
    mut request: SignatureVerifyRequest,
) -> Result<SignatureVerifyResponse> {
    refuse_digest(request.digested_data.as_ref())?;
    let usage = CryptographicUsageMask::Verify;
    let data = request.data.take().unwrap_or_default();
    let (named, given) = (
        request.unique_identifier.clone(),
        request.signature_data.clone(),
    );
    let mut part = context.part(step, |context| {
        let key = context.object(request.unique_identifier.clone())?;
        context.permitted(&key, usage)?;
        let asked = request.cryptographic_parameters.clone();
        let engine = engine(context, &key, asked, false)?;
        Ok(Stream::new(Some(key.record().id.clone()), request, engine))
    })?;
    let key = context.part_key(&part, named)?;
    context.permitted(&key, usage)?;
    if given.is_some() {
        part.said::<SignatureVerifyRequest>()?.signature_data = given;
    }
    part.advance(data.expose())?;
    let validity_indicator = if part.is_last {
        let validity = verified(&key, &mut part)?;
        context.used(&key, Counted::SignatureVerify);
        Some(validity)
    } else {
        None
    };
    let response = SignatureVerifyResponse {
        unique_identifier: key.identifier(),
        validity_indicator,
        data: None,
        correlation_value: part.correlation(),
    };
    context.keep(part);
    Ok(response)
}

fn verified(key: &Authorized, part: &mut Part) -> Result<kmip::ValidityIndicator> {
    let is_digest = part.stream.is_digest();
    let (said, output) = part.end::<SignatureVerifyRequest>()?;
    let given = needed(said.signature_data.as_ref(), "Signature Data is missing")?;
    let asked = said.cryptographic_parameters.clone();
    sign::validity(key, asked, input(output.data.expose(), is_digest), &given.0)
}

/// Who takes the message: its hash function, or nobody until it is whole.
fn engine(
    context: &Context<'_>,
    key: &Authorized,
    asked: Option<CryptographicParameters>,
    signs: bool,
) -> Result<Engine> {
    let (_, mechanism, input) = sign::mechanism(key, asked, Input::Message(&[]))?;
    if signs {
        profile::check_signing(context.vault()?.as_ref(), mechanism)?;
    }
    match (mechanism.hash(), input) {
        (Some(hash), Input::Message(_)) => Ok(Engine::Digest(Hasher::new(hash)?)),
        _ => Ok(context.service.streams.holding(context.principal)),
    }
}

const fn input(data: &[u8], is_digest: bool) -> Input<'_> {
    if is_digest {
        Input::Digest(data)
    } else {
        Input::Message(data)
    }
}

fn refuse_digest(digest: Option<&Bytes>) -> Result<()> {
    digest.map_or(Ok(()), |_| {
        Err(Error::invalid_field("a digest does not come in parts"))
    })
}
