//! Interop.

use kmip::{
    InteropFunction, State,
    payload::interop::{Interop, InteropRequest, InteropResponse},
};
use store::ObjectId;

use super::Handler;
use crate::{
    context::Context,
    error::{Error, Result},
    policy::Access,
};

impl Handler for Interop {
    const ACCESS: Access = Access::Destroy;
    // KMIP 2.1 §6.1.26: it is not available in a production server.
    const IS_FOR_TESTS: bool = true;

    fn handle(context: &mut Context<'_>, request: InteropRequest) -> Result<InteropResponse> {
        match request.interop_function {
            // Begin and End are for the trail, which has them now.
            InteropFunction::Begin | InteropFunction::End => {}
            InteropFunction::Reset => empty(context)?,
            _ => {
                return Err(Error::invalid_field(
                    "Interop Function is Begin, End or Reset",
                ));
            }
        }
        Ok(InteropResponse {})
    }
}

/// Destroys every object of the principal's vault, whatever its state, but for what it was furnished with.
fn empty(context: &mut Context<'_>) -> Result<()> {
    let mut last: Option<ObjectId> = None;
    loop {
        let page = context
            .service
            .store
            .records_after(last.as_ref(), PAGE_RECORDS)?;
        let Some(end) = page.last() else {
            return Ok(());
        };
        last = Some(end.id.clone());
        for found in page {
            // Users whom nobody made through the protocol were there when the server started, and so they are after.
            let is_furnished = found.owner.is_empty();
            if found.vault != context.principal.vault || found.is_destroyed() || is_furnished {
                continue;
            }
            let mut record = (*found).clone();
            record.attributes.state = record.attributes.state.map(|_| State::Destroyed);
            record.attributes.destroy_date = Some(context.now);
            context.doom(&mut record)?;
            context.save(record)?;
        }
    }
}

const PAGE_RECORDS: u32 = 256;
