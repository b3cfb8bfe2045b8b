//! MAC and MAC Verify.

use kmip::{
    CryptographicUsageMask, Secret, ValidityIndicator,
    attribute::CryptographicParameters,
    mechanism::parameters,
    payload::mac::{MAC, MACRequest, MACResponse, MACVerify, MACVerifyRequest, MACVerifyResponse},
    ttlv::Bytes,
};
use subtle::ConstantTimeEq;

use super::{Handler, is_short, key_parameters, needed, refuse_streams};
use crate::{
    context::{Authorized, Context},
    error::Result,
    policy::Access,
    profile,
    service::Service,
};

impl Handler for MAC {
    const ACCESS: Access = Access::Use(CryptographicUsageMask::MACGenerate);

    fn is_light(service: &Service, request: &MACRequest) -> bool {
        is_short(request.data.as_ref())
            && service.has_light_key(request.unique_identifier.as_ref(), |record| {
                record.attributes.usage_limits.is_none()
            })
    }

    fn handle(context: &mut Context<'_>, request: MACRequest) -> Result<MACResponse> {
        refuse_streams(
            request.correlation_value.as_ref(),
            request.init_indicator,
            request.final_indicator,
        )?;
        let data = needed(request.data, "Data is missing")?;
        let key = context.object(request.unique_identifier)?;
        let usage = CryptographicUsageMask::MACGenerate;
        let mac = mac(
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
        is_short(request.data.as_ref())
            && service.has_light_key(request.unique_identifier.as_ref(), |_| true)
    }

    fn handle(context: &mut Context<'_>, request: MACVerifyRequest) -> Result<MACVerifyResponse> {
        refuse_streams(
            request.correlation_value.as_ref(),
            request.init_indicator,
            request.final_indicator,
        )?;
        let data = needed(request.data, "Data is missing")?;
        let given = needed(request.mac_data, "MAC Data is missing")?;
        let key = context.object(request.unique_identifier)?;
        let usage = CryptographicUsageMask::MACVerify;
        let mac = mac(
            context,
            &key,
            usage,
            request.cryptographic_parameters,
            &data,
        )?;
        let valid: bool = mac.as_slice().ct_eq(&given.0).into();
        let validity = if valid {
            ValidityIndicator::Valid
        } else {
            ValidityIndicator::Invalid
        };
        Ok(MACVerifyResponse {
            unique_identifier: key.identifier(),
            validity_indicator: Some(validity),
            correlation_value: None,
        })
    }
}

fn mac(
    context: &Context<'_>,
    key: &Authorized,
    usage: CryptographicUsageMask,
    asked: Option<CryptographicParameters>,
    data: &Secret,
) -> Result<Vec<u8>> {
    let (backend, key_ref) = context.key_for(key, usage)?;
    let (spec, parameters) = key_parameters(key, asked)?;
    let mechanism = parameters::mac(spec, &parameters)?;
    profile::check_mac(context.vault()?.as_ref(), spec, mechanism)?;
    Ok(context
        .backend(&backend)?
        .mac(&key_ref, mechanism, data.expose())?)
}
