//! Activate.

use kmip::payload::activate::{Activate, ActivateRequest, ActivateResponse};

use super::{Handler, transition};
use crate::{context::Context, error::Result, lifecycle, policy::Access, service::Service};

impl Handler for Activate {
    const ACCESS: Access = Access::Manage;

    fn is_light_to_commit(service: &Service, request: &ActivateRequest) -> bool {
        service.has_light_key(request.unique_identifier.as_ref(), |_| true)
    }

    fn handle(context: &mut Context<'_>, request: ActivateRequest) -> Result<ActivateResponse> {
        let object = context.object(request.unique_identifier)?;
        let mut record = transition(context, &object, lifecycle::Event::Activate)?;
        record.attributes.activation_date = Some(context.now);
        context.save(record)?;
        Ok(ActivateResponse {
            unique_identifier: object.identifier(),
        })
    }
}
