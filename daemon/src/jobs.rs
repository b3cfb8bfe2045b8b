//! What is done by the clock: deletions that HSMs owe, and rotations that are due.
//!
//! Dates that change states need no job: they act when a record is read, to the second.

use std::time::Duration;

use hsm::KeyRef;
use kmip::{
    ObjectType, ResultStatus, V2_1,
    client::outgoing,
    message::{OutgoingItem, RequestHeader, Response, write_request},
    payload::rekey::{ReKey, ReKeyKeyPair, ReKeyKeyPairRequest, ReKeyRequest},
    ttlv::Timestamp,
};
use store::{Custody, Record};

use crate::{
    custody,
    identity::{Caller, Peer},
    service::Service,
};

/// How often debts are looked for.
pub(crate) const PERIOD: Duration = Duration::from_secs(60);

/// The most debts paid in one round.
const DEBTS_MAX: u32 = 1_000;

/// The most keys rotated in one round.
const ROTATIONS_MAX: u32 = 1_000;

/// Rotates the keys whose time has come: by the messages that a client would send, so that they are held to the same
/// rules, and recorded.
pub fn rotate(service: &Service, now: Timestamp) {
    let due = match service.store.due_for_rotation(now, ROTATIONS_MAX) {
        Ok(due) => due,
        Err(error) => {
            tracing::warn!(%error, "keys that are due for rotation cannot be looked for");
            return;
        }
    };
    for record in due {
        let items = [replacement(&record)];
        let header = RequestHeader::plain(V2_1, items.len());
        let message = write_request(&header, &items, V2_1);
        let mut caller = Caller::new(Peer::Rotation {
            vault: record.vault.clone(),
        });
        let reply = service.respond(&mut caller, message.bytes());
        let failed = Response::read(&reply).map_or(true, |reply| {
            reply
                .items
                .iter()
                .any(|item| item.result_status != ResultStatus::Success)
        });
        if failed {
            tracing::warn!(object = %record.id, "a key that is due was not rotated; the audit trail says why");
        }
    }
}

/// The request for a new key in the place of one that is due.
fn replacement(record: &Record) -> OutgoingItem {
    let id = Some(record.id.0.as_str().into());
    let offset = record.attributes.rotate_offset;
    if record.object_type == ObjectType::PrivateKey {
        let request = ReKeyKeyPairRequest {
            private_key_unique_identifier: id,
            offset,
            ..ReKeyKeyPairRequest::default()
        };
        outgoing::<ReKeyKeyPair>(&request, V2_1)
    } else {
        let request = ReKeyRequest {
            unique_identifier: id,
            offset,
            ..ReKeyRequest::default()
        };
        outgoing::<ReKey>(&request, V2_1)
    }
}

/// Deletes the keys of destroyed objects that are still in their HSMs: the daemon died between the commit and the
/// deletion, or the HSM was away.
pub(crate) fn pay_debts(service: &Service) {
    let doomed = match service.store.doomed(DEBTS_MAX) {
        Ok(doomed) => doomed,
        Err(error) => {
            tracing::warn!(%error, "deletions that are owed cannot be looked for");
            return;
        }
    };
    for record in doomed {
        if let Custody::Doomed { backend, key } = &record.custody {
            custody::pay(service, &record.id, backend, &KeyRef(key.clone()));
        }
    }
}
