//! Obtain Lease and Get Usage Allocation.

use kmip::{
    CryptographicUsageMask, State,
    attribute::UsageLimits,
    payload::lease::{
        GetUsageAllocation, GetUsageAllocationRequest, GetUsageAllocationResponse, ObtainLease,
        ObtainLeaseRequest, ObtainLeaseResponse,
    },
};

use super::Handler;
use crate::{
    context::Context,
    error::{Error, Result},
    fault::Fault,
    lifecycle,
    policy::Access,
    service::Service,
    template,
};

impl Handler for ObtainLease {
    const ACCESS: Access = Access::Read;

    fn is_light(service: &Service, request: &ObtainLeaseRequest) -> bool {
        service.has_record(request.unique_identifier.as_ref())
    }

    fn handle(
        context: &mut Context<'_>,
        request: ObtainLeaseRequest,
    ) -> Result<ObtainLeaseResponse> {
        let object = context.object(request.unique_identifier)?;
        let own = &object.record().attributes;
        lifecycle::on_line(object.record())?;
        // KMIP 2.1 §6.1.35: the server decides for what no new lease is issued.
        if matches!(
            object.state_at(context.now),
            Some(State::Deactivated | State::Compromised)
        ) {
            return Err(Error::new(
                Fault::NotPermitted,
                "no lease is given of what has expired, was revoked or is compromised",
            ));
        }
        Ok(ObtainLeaseResponse {
            unique_identifier: object.identifier(),
            lease_time: own.lease_time.unwrap_or(template::LEASE_TIME),
            last_change_date: own
                .last_change_date
                .or(own.initial_date)
                .unwrap_or(context.now),
        })
    }
}

impl Handler for GetUsageAllocation {
    const ACCESS: Access = Access::Use(CryptographicUsageMask(0));

    fn handle(
        context: &mut Context<'_>,
        request: GetUsageAllocationRequest,
    ) -> Result<GetUsageAllocationResponse> {
        let object = context.object(request.unique_identifier)?;
        lifecycle::on_line(object.record())?;
        if request.usage_limits_count <= 0 {
            return Err(Error::invalid_field("an allocation is more than nothing"));
        }
        let mut record = object.to_changed();
        let limits =
            record.attributes.usage_limits.as_ref().ok_or_else(|| {
                Error::new(Fault::NoUsageLimits, "the object has no usage limits")
            })?;
        // What protects no more needs no allocation.
        if !matches!(
            object.state_at(context.now),
            Some(State::PreActive | State::Active)
        ) {
            return Err(Error::new(
                Fault::WrongState,
                "the object's state allows no more use of it",
            ));
        }
        let left = limits
            .usage_limits_count
            .unwrap_or(limits.usage_limits_total)
            .checked_sub(request.usage_limits_count)
            .filter(|left| *left >= 0)
            .ok_or_else(|| {
                Error::new(
                    Fault::LimitExceeded,
                    "the usage limits leave less than is asked",
                )
            })?;
        record.attributes.usage_limits = Some(UsageLimits {
            usage_limits_count: Some(left),
            ..limits.clone()
        });
        context.save(record)?;
        Ok(GetUsageAllocationResponse {
            unique_identifier: object.identifier(),
        })
    }
}
