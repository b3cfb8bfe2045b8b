//! Where a key lives: made before its record is committed, broken after.

use hsm::KeyRef;
use store::{Custody, ObjectId};

use crate::service::Service;

/// Deletes a destroyed key from its HSM and notes that nothing is owed any more. What fails stays owed.
pub(crate) fn pay(service: &Service, object: &ObjectId, backend: &str, key: &KeyRef) {
    let Some(hsm) = service.backends.get(backend) else {
        tracing::error!(backend, %object, "the backend of a destroyed key is not configured; its deletion is owed");
        return;
    };
    if let Err(error) = hsm.destroy(key) {
        tracing::warn!(backend, %object, %error, "the deletion of a destroyed key is owed");
        return;
    }
    if let Err(error) = settle(service, object) {
        tracing::warn!(%object, %error, "a destroyed key is deleted, but still noted as owed");
    }
}

fn settle(service: &Service, object: &ObjectId) -> store::Result<()> {
    let mut tx = service.store.begin();
    if let Some(record) = tx.record(object)?
        && matches!(record.custody, Custody::Doomed { .. })
    {
        tx.update(store::Record {
            custody: Custody::Gone,
            ..(*record).clone()
        })?;
        tx.commit()?;
    }
    Ok(())
}
