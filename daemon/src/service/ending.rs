//! Objects that the appliance ends by itself: by the messages that a client would send, so that each is held to the same
//! rules, and recorded.

use kmip::{
    BatchErrorContinuationOption, ResultStatus, RevocationReasonCode, State, V2_1,
    attribute::RevocationReason,
    client::outgoing,
    message::{OutgoingItem, RequestHeader, Response, write_request},
    payload::{
        destroy::{Destroy, DestroyRequest},
        revoke::{Revoke, RevokeRequest},
    },
};
use store::Record;

use super::Service;
use crate::identity::{Caller, Peer};

/// How many objects share a message, and so a commit.
const TOGETHER: usize = 50;

/// The most objects of one run that are ended in one round.
const OBJECTS_MAX: u32 = 1_000;

impl Service {
    /// Ends the objects of sessions whose programs are gone.
    pub fn end_sessions(&self) {
        let marked = match self.store.session_runs() {
            Ok(marked) => marked,
            Err(error) => {
                tracing::warn!(%error, "objects of sessions cannot be looked for");
                return;
            }
        };
        for (vault, run) in self.applications.over(marked, self.clock.now()) {
            match self.store.of_session_run(&vault, &run, OBJECTS_MAX) {
                Ok(objects) => {
                    let objects = objects.iter().map(AsRef::as_ref);
                    self.end_objects(&vault, "sessions", objects);
                }
                Err(error) => tracing::warn!(%error, "objects of a session cannot be read"),
            }
        }
    }

    /// A connection has ended: so has what lives as long as it.
    pub(crate) fn connection_ended(&self, connection: u64) {
        self.applications.let_go(connection, self.clock.now());
    }

    /// Whether something lives as long as a connection, which may then rest for as long as it wants.
    pub(crate) fn is_held_by(&self, connection: u64) -> bool {
        self.applications.is_holding(connection)
    }

    /// Ends objects of a vault, and tells how many it could not; `task` says in the trail what this is about.
    pub(crate) fn end_objects<'a>(
        &self,
        vault: &str,
        task: &'static str,
        objects: impl IntoIterator<Item = &'a Record>,
    ) -> usize {
        let mut caller = Caller::new(Peer::Appliance {
            vault: vault.to_owned(),
            task,
        });
        let objects: Vec<_> = objects.into_iter().collect();
        let mut failed = 0;
        for together in objects.chunks(TOGETHER) {
            if self.end_together(&mut caller, together) {
                continue;
            }
            // One that stays holds nobody else up.
            let alone = together.chunks(1);
            failed += alone
                .filter(|one| !self.end_together(&mut caller, one))
                .count();
        }
        failed
    }

    /// Ends all of these objects, or none.
    fn end_together(&self, caller: &mut Caller, objects: &[&Record]) -> bool {
        let now = self.clock.now();
        let items: Vec<_> = objects.iter().flat_map(|own| ending(own, now)).collect();
        let header = RequestHeader {
            batch_error_continuation_option: Some(BatchErrorContinuationOption::Undo),
            ..RequestHeader::plain(V2_1, items.len())
        };
        let message = write_request(&header, &items, V2_1);
        let reply = self.respond(caller, message.bytes());
        Response::read(&reply).is_ok_and(|reply| {
            reply.items.len() == items.len()
                && reply
                    .items
                    .iter()
                    .all(|item| item.result_status == ResultStatus::Success)
        })
    }
}

/// What ends an object: what is active is revoked before.
fn ending(record: &Record, now: kmip::ttlv::Timestamp) -> Vec<OutgoingItem> {
    let id = || Some(record.id.0.as_str().into());
    let mut items = Vec::with_capacity(2);
    if record.state_at(now) == Some(State::Active) {
        let revoke = RevokeRequest {
            unique_identifier: id(),
            revocation_reason: Some(RevocationReason {
                revocation_reason_code: RevocationReasonCode::CessationOfOperation,
                revocation_message: None,
            }),
            compromise_occurrence_date: None,
        };
        items.push(outgoing::<Revoke>(&revoke, V2_1));
    }
    let destroy = DestroyRequest {
        unique_identifier: id(),
    };
    items.push(outgoing::<Destroy>(&destroy, V2_1));
    items
}
