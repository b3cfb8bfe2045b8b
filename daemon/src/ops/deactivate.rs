//! Deactivate.

use kmip::payload::deactivate::{Deactivate, DeactivateRequest, DeactivateResponse};

use super::{Handler, transition};
use crate::{context::Context, error::Result, lifecycle::Event, policy::Access};

impl Handler for Deactivate {
    const ACCESS: Access = Access::Manage;

    fn handle(context: &mut Context<'_>, request: DeactivateRequest) -> Result<DeactivateResponse> {
        let object = context.object(Some(request.unique_identifier))?;
        let deactivated = transition(context, &object, Event::Deactivate)?;
        let date = request.deactivation_date.unwrap_or(context.now);
        // A date to come acts by itself (KMIP 2.1 §4.57, transition 6).
        let mut record = if date > context.now {
            object.to_changed()
        } else {
            deactivated
        };
        record.attributes.deactivation_date = Some(date);
        if request.deactivation_reason.is_some() {
            record.attributes.deactivation_reason = request.deactivation_reason;
        }
        context.save(record)?;
        Ok(DeactivateResponse {
            unique_identifier: object.identifier(),
        })
    }
}
