//! Destroy.

use kmip::payload::destroy::{Destroy, DestroyRequest, DestroyResponse};

use super::{Handler, transition};
use crate::{context::Context, error::Result, lifecycle::Event, policy::Access, service::Service};

impl Handler for Destroy {
    const ACCESS: Access = Access::Destroy;

    fn is_light_to_commit(service: &Service, request: &DestroyRequest) -> bool {
        service.has_light_key(request.unique_identifier.as_ref(), |_| true)
    }

    fn handle(context: &mut Context<'_>, request: DestroyRequest) -> Result<DestroyResponse> {
        let object = context.object(request.unique_identifier)?;
        let mut record = transition(context, &object, Event::Destroy)?;
        record.attributes.destroy_date = Some(context.now);
        context.doom(&mut record)?;
        context.save(record)?;
        Ok(DestroyResponse {
            unique_identifier: object.identifier(),
        })
    }
}
