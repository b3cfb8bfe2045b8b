//! MAC and MAC Verify.

use kmip::{
    CryptographicUsageMask, Secret, ValidityIndicator,
    attribute::CryptographicParameters,
    mechanism::{KeySpec, Mac, parameters},
    payload::mac::{MAC, MACRequest, MACResponse, MACVerify, MACVerifyRequest, MACVerifyResponse},
    ttlv::Bytes,
};
use pkcs11::attribute::makes_hmac;
use subtle::ConstantTimeEq;

use super::{Handler, is_short, key_parameters, needed, parts};
use crate::{
    context::{Authorized, Context},
    error::{Error, Result},
    fault::Fault,
    policy::Access,
    profile,
    service::Service,
    streams::Step,
};

impl Handler for MAC {
    const ACCESS: Access = Access::Use(CryptographicUsageMask::MACGenerate);

    fn is_light(service: &Service, request: &MACRequest) -> bool {
        Step::is_whole(request)
            && is_short(request.data.as_ref())
            && service.has_light_key(request.unique_identifier.as_ref(), |record| {
                record.attributes.usage_limits.is_none()
            })
    }

    fn handle(context: &mut Context<'_>, request: MACRequest) -> Result<MACResponse> {
        let step = Step::of(&request)?;
        if !matches!(step, Step::Whole) {
            return parts::mac(context, step, request);
        }
        let data = needed(request.data, "Data is missing")?;
        let key = context.object(request.unique_identifier)?;
        let usage = CryptographicUsageMask::MACGenerate;
        let mac = whole(
            context,
            &key,
            usage,
            request.cryptographic_parameters,
            &data,
        )?;
        context.spend(&key, data.len())?;
        Ok(MACResponse {
            unique_identifier: key.identifier(),
            mac_data: Some(Bytes(mac)),
            correlation_value: None,
        })
    }
}

impl Handler for MACVerify {
    const ACCESS: Access = Access::Use(CryptographicUsageMask::MACVerify);

    fn is_light(service: &Service, request: &MACVerifyRequest) -> bool {
        Step::is_whole(request)
            && is_short(request.data.as_ref())
            && service.has_light_key(request.unique_identifier.as_ref(), |_| true)
    }

    fn handle(context: &mut Context<'_>, request: MACVerifyRequest) -> Result<MACVerifyResponse> {
        let step = Step::of(&request)?;
        if !matches!(step, Step::Whole) {
            return parts::mac_verify(context, step, request);
        }
        let data = needed(request.data, "Data is missing")?;
        let given = needed(request.mac_data, "MAC Data is missing")?;
        let key = context.object(request.unique_identifier)?;
        let usage = CryptographicUsageMask::MACVerify;
        let mac = whole(
            context,
            &key,
            usage,
            request.cryptographic_parameters,
            &data,
        )?;
        Ok(MACVerifyResponse {
            unique_identifier: key.identifier(),
            validity_indicator: Some(validity(&mac, &given.0)),
            correlation_value: None,
        })
    }
}

/// The MAC of a whole message.
pub(super) fn whole(
    context: &Context<'_>,
    key: &Authorized,
    usage: CryptographicUsageMask,
    asked: Option<CryptographicParameters>,
    data: &Secret,
) -> Result<Vec<u8>> {
    let (backend, key_ref) = context.key_for(key, usage)?;
    let mechanism = mechanism(context, key, asked)?;
    Ok(context
        .backend(&backend)?
        .mac(&key_ref, mechanism, data.expose())?)
}

/// How the key authenticates, if the vault serves it.
pub(super) fn mechanism(
    context: &Context<'_>,
    key: &Authorized,
    asked: Option<CryptographicParameters>,
) -> Result<Mac> {
    let (spec, parameters) = key_parameters(key, asked)?;
    let mechanism = parameters::mac(spec, &parameters)?;
    check_hash(key, spec, mechanism)?;
    profile::check_mac(context.vault()?.as_ref(), spec, mechanism)?;
    Ok(mechanism)
}

/// A key of HMAC is for its own hash function, unless PKCS #11 says more of it.
fn check_hash(key: &Authorized, spec: KeySpec, mechanism: Mac) -> Result<()> {
    match (spec, mechanism) {
        (KeySpec::Hmac { hash: own, .. }, Mac::Hmac(hash))
            if own != hash && !makes_hmac(&key.record().attributes, hash) =>
        {
            Err(Error::new(
                Fault::BadParameters,
                "the key is for another hash function",
            ))
        }
        _ => Ok(()),
    }
}

/// Whether a MAC is the one that was made, compared in constant time.
pub(super) fn validity(made: &[u8], given: &[u8]) -> ValidityIndicator {
    if made.ct_eq(given).into() {
        ValidityIndicator::Valid
    } else {
        ValidityIndicator::Invalid
    }
}
