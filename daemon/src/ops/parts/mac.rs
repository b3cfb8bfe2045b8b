//! MAC and MAC Verify in parts.

use hsm::Task;
use kmip::{
    CryptographicUsageMask, Secret,
    payload::mac::{MACRequest, MACResponse, MACVerifyRequest, MACVerifyResponse},
    ttlv::Bytes,
};

use super::{begun, spend};
use crate::{
    context::{Authorized, Context},
    error::Result,
    ops::{
        mac::{mechanism, validity, whole},
        needed,
    },
    streams::{Part, Step},
};

/// MAC, one part.
pub(in crate::ops) fn mac(
    context: &mut Context<'_>,
    step: Step,
    mut request: MACRequest,
) -> Result<MACResponse> {
    let usage = CryptographicUsageMask::MACGenerate;
    let data = request.data.take().unwrap_or_default();
    let named = request.unique_identifier.clone();
    let mut part = context.part(step, |context| {
        let key = context.object(request.unique_identifier.clone())?;
        let stream = begin(context, &key, usage, &request.cryptographic_parameters)?;
        Ok(begun(context, &key, request, stream))
    })?;
    let key = context.part_key(&part, named)?;
    context.permitted(&key, usage)?;
    part.advance(data.expose())?;
    let asked = part.said::<MACRequest>()?.cryptographic_parameters.clone();
    let mac = finished(context, &key, usage, asked, &part)?;
    if !part.stream.is_held() {
        spend(context, &key, &part, data.len())?;
    } else if part.is_last {
        context.spend(&key, part.stream.taken())?;
    }
    let response = MACResponse {
        unique_identifier: key.identifier(),
        mac_data: mac.map(Bytes),
        correlation_value: part.correlation(),
    };
    context.keep(part);
    Ok(response)
}

/// MAC Verify, one part. The MAC may come with any of them.
pub(in crate::ops) fn mac_verify(
    context: &mut Context<'_>,
    step: Step,
    mut request: MACVerifyRequest,
) -> Result<MACVerifyResponse> {
    let usage = CryptographicUsageMask::MACVerify;
    let data = request.data.take().unwrap_or_default();
    let (named, given) = (request.unique_identifier.clone(), request.mac_data.clone());
    let mut part = context.part(step, |context| {
        let key = context.object(request.unique_identifier.clone())?;
        let stream = begin(context, &key, usage, &request.cryptographic_parameters)?;
        Ok(begun(context, &key, request, stream))
    })?;
    let key = context.part_key(&part, named)?;
    context.permitted(&key, usage)?;
    let said = part.said::<MACVerifyRequest>()?;
    if given.is_some() {
        said.mac_data = given;
    }
    let (asked, given) = (said.cryptographic_parameters.clone(), said.mac_data.clone());
    part.advance(data.expose())?;
    let made = finished(context, &key, usage, asked, &part)?;
    let validity = match made {
        Some(made) => Some(validity(&made, &needed(given, "MAC Data is missing")?.0)),
        None => None,
    };
    let response = MACVerifyResponse {
        unique_identifier: key.identifier(),
        validity_indicator: validity,
        correlation_value: part.correlation(),
    };
    context.keep(part);
    Ok(response)
}

type Parameters = Option<kmip::attribute::CryptographicParameters>;

fn begin(
    context: &Context<'_>,
    key: &Authorized,
    usage: CryptographicUsageMask,
    asked: &Parameters,
) -> Result<Option<hsm::Begun>> {
    let (backend, key_ref) = context.key_for(key, usage)?;
    let mechanism = mechanism(context, key, asked.clone())?;
    Ok(context
        .backend(&backend)?
        .begin(&key_ref, Task::Mac { mechanism })?)
}

/// The MAC, with the last part.
fn finished(
    context: &Context<'_>,
    key: &Authorized,
    usage: CryptographicUsageMask,
    asked: Parameters,
    part: &Part,
) -> Result<Option<Vec<u8>>> {
    let data: &Secret = &part.output()?.data;
    match (part.is_last, part.stream.is_held()) {
        (false, _) => Ok(None),
        (true, true) => whole(context, key, usage, asked, data).map(Some),
        (true, false) => Ok(Some(data.expose().to_vec())),
    }
}
