//! Revoke.

use kmip::{
    RevocationReasonCode,
    attribute::RevocationReason,
    payload::revoke::{Revoke, RevokeRequest, RevokeResponse},
};

use super::{Handler, transition};
use crate::{
    context::Context,
    error::{Error, Result},
    fault::Fault,
    lifecycle::Event,
    policy::Access,
    service::Service,
};

impl Handler for Revoke {
    const ACCESS: Access = Access::Manage;

    fn is_light_to_commit(service: &Service, request: &RevokeRequest) -> bool {
        service.has_light_key(request.unique_identifier.as_ref(), |_| true)
    }

    fn handle(context: &mut Context<'_>, request: RevokeRequest) -> Result<RevokeResponse> {
        let object = context.object(request.unique_identifier)?;
        let reason = match request.revocation_reason {
            Some(reason) => reason,
            // KMIP 3.0: who does not say why has no reason to tell.
            None if context.version.is_3() => RevocationReason {
                revocation_reason_code: RevocationReasonCode::Unspecified,
                revocation_message: None,
            },
            None => return Err(Error::new(Fault::MissingData, "no reason is given")),
        };
        let compromised = matches!(
            reason.revocation_reason_code,
            RevocationReasonCode::KeyCompromise | RevocationReasonCode::CACompromise
        );
        if !RevocationReasonCode::ALL.contains(&reason.revocation_reason_code) {
            return Err(Error::invalid_field("no such revocation reason"));
        }
        if request.compromise_occurrence_date.is_some() && !compromised {
            // KMIP 1.4 §4.20, KMIP 2.1 §6.1.49.
            return Err(Error::invalid_field(
                "only a compromise has a date on which it occurred",
            ));
        }
        let event = if compromised {
            Event::Compromise
        } else {
            Event::Deactivate
        };
        let mut record = transition(context, &object, event)?;
        record.attributes.revocation_reason = Some(reason);
        if compromised {
            // KMIP 2.1 §4.13: without a better guess, it may have been compromised from its first day.
            let occurred = request
                .compromise_occurrence_date
                .or(record.attributes.initial_date);
            record.attributes.compromise_occurrence_date = occurred;
            record.attributes.compromise_date = Some(context.now);
        } else {
            record.attributes.deactivation_date = Some(context.now);
        }
        context.save(record)?;
        Ok(RevokeResponse {
            unique_identifier: object.identifier(),
        })
    }
}
