//! Obliterate.

use kmip::{
    attribute::Attributes,
    payload::obliterate::{Obliterate, ObliterateRequest, ObliterateResponse},
};

use super::{Handler, transition};
use crate::{context::Context, error::Result, lifecycle::Event, policy::Access};

impl Handler for Obliterate {
    const ACCESS: Access = Access::Destroy;

    fn handle(context: &mut Context<'_>, request: ObliterateRequest) -> Result<ObliterateResponse> {
        let object = context.object(Some(request.unique_identifier))?;
        let mut record = if object.record().is_destroyed() {
            object.to_changed()
        } else {
            let mut record = transition(context, &object, Event::Destroy)?;
            context.doom(&mut record)?;
            record
        };
        // What remains is an identifier that is never used again, and what the trail says.
        record.attributes = Attributes::default();
        record.spec = None;
        context.save_quietly(record)?;
        Ok(ObliterateResponse {})
    }
}
