//! Check.

use kmip::{
    CryptographicUsageMask as Mask, OperationCode,
    payload::check::{Check, CheckRequest, CheckResponse},
    ttlv::Interval,
};
use store::Record;

use super::Handler;
use crate::{
    context::Context,
    error::{Error, Result},
    fault::Fault,
    identity::Principal,
    lifecycle,
    policy::Access,
    service::Service,
};

impl Handler for Check {
    const ACCESS: Access = Access::Read;

    fn is_light(service: &Service, request: &CheckRequest) -> bool {
        service.has_record(request.unique_identifier.as_ref())
    }

    fn handle(context: &mut Context<'_>, request: CheckRequest) -> Result<CheckResponse> {
        let object = context.object(request.unique_identifier.clone())?;
        let record = object.record();
        lifecycle::on_line(record)?;
        let refused = refused(&request, record, context.principal);
        if refused == CheckResponse::default() {
            return Ok(CheckResponse {
                unique_identifier: Some(object.identifier()),
                ..refused
            });
        }
        // KMIP 2.1 §6.1.7: what follows in the batch must not use the object all the same.
        context.set_placeholder(None);
        let error = denial(&refused);
        // The baseline profile of 2.x has nothing but the reason, where the reason tells which field was refused.
        let reason_tells = context.version.is_2()
            && refused.lease_time.is_none()
            && (refused.usage_limits_count.is_none() || refused.cryptographic_usage_mask.is_none());
        Err(if reason_tells {
            error
        } else {
            error.answering(&refused, context.version)
        })
    }
}

/// What of the request the object or the policy does not allow.
fn refused(request: &CheckRequest, record: &Record, who: &Principal) -> CheckResponse {
    let own = &record.attributes;
    let limits = own.usage_limits.as_ref();
    let left = limits.map(|limits| {
        limits
            .usage_limits_count
            .unwrap_or(limits.usage_limits_total)
    });
    let mask = own.cryptographic_usage_mask.unwrap_or_default();
    CheckResponse {
        unique_identifier: None,
        usage_limits_count: request
            .usage_limits_count
            .filter(|asked| left.is_some_and(|left| *asked > left)),
        cryptographic_usage_mask: request
            .cryptographic_usage_mask
            .filter(|asked| !mask.contains(*asked) || !may_use(who, *asked)),
        lease_time: request
            .lease_time
            .filter(|asked| own.lease_time.is_some_and(|own| is_shorter(own, *asked))),
    }
}

/// A lease of 0 has no end, and none is longer (KMIP 2.1 §6.1.35).
fn is_shorter(own: Interval, asked: Interval) -> bool {
    own.0 != 0 && (asked.0 == 0 || asked.0 > own.0)
}

/// Whether the principal may do these things with a key: here, or with the key that it gets.
fn may_use(who: &Principal, asked: Mask) -> bool {
    let may = |operation| who.role.operations.contains(&operation);
    let here =
        |(bit, operation): &(Mask, OperationCode)| !asked.intersects(*bit) || may(*operation);
    may(OperationCode::Get) || USES.iter().all(here)
}

/// What is done here under each bit of the usage mask.
const USES: &[(Mask, OperationCode)] = &[
    (Mask::Sign, OperationCode::Sign),
    (Mask::Verify, OperationCode::SignatureVerify),
    (Mask::Encrypt, OperationCode::Encrypt),
    (Mask::Decrypt, OperationCode::Decrypt),
    (Mask::MACGenerate, OperationCode::MAC),
    (Mask::MACVerify, OperationCode::MACVerify),
];

fn denial(refused: &CheckResponse) -> Error {
    if refused.cryptographic_usage_mask.is_some() {
        Error::new(
            Fault::WrongUsage,
            "the key may not be used for all of these",
        )
    } else if refused.usage_limits_count.is_some() {
        Error::new(
            Fault::LimitExceeded,
            "the usage limits leave less than is asked",
        )
    } else {
        Error::new(Fault::NotPermitted, "the lease would be too long")
    }
}
