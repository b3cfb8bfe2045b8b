//! Archive and Recover.

use kmip::payload::archive::{
    Archive, ArchiveRequest, ArchiveResponse, Recover, RecoverRequest, RecoverResponse,
};
use store::Custody;

use super::Handler;
use crate::{context::Context, error::Result, lifecycle, policy::Access};

impl Handler for Archive {
    const ACCESS: Access = Access::Manage;

    fn handle(context: &mut Context<'_>, request: ArchiveRequest) -> Result<ArchiveResponse> {
        let object = context.object(request.unique_identifier)?;
        let mut record = object.to_changed();
        if record.is_destroyed() {
            return Err(lifecycle::destroyed());
        }
        context.archive(&mut record);
        record.attributes.archive_date = Some(context.now);
        context.save(record)?;
        Ok(ArchiveResponse {
            unique_identifier: object.identifier(),
        })
    }
}

impl Handler for Recover {
    const ACCESS: Access = Access::Manage;

    fn handle(context: &mut Context<'_>, request: RecoverRequest) -> Result<RecoverResponse> {
        let object = context.object(request.unique_identifier)?;
        let mut record = object.to_changed();
        if record.is_destroyed() {
            return Err(lifecycle::destroyed());
        }
        // What is on-line already is what the client asks for.
        if record.custody == Custody::Archived {
            context.recover(&mut record)?;
            // KMIP 2.1 §4.5: the date goes with the archive.
            record.attributes.archive_date = None;
            context.save(record)?;
        }
        // KMIP 2.1 §6.1.45: the placeholder becomes the object.
        context.set_placeholder(Some(object.record().id.clone()));
        Ok(RecoverResponse {
            unique_identifier: object.identifier(),
        })
    }
}
