//! Changes whose disk has not answered in time: their client is told that nothing is known of them, and what they did outside
//! of the store is finished or undone once something is.

use std::{
    borrow::Cow,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, TryRecvError, sync_channel},
    },
};

use kmip::{Buffer, Version, message::write_response};

use super::{
    Service,
    batch::Changed,
    commit::{NotCommitted, Unfinished, never_told},
    envelope::failure,
    exchange::Exchange,
};
use crate::{
    audit::{Durability, Event},
    effects::Effects,
    error::Error,
    identity::{Caller, Principal},
};

/// Who waits to be told what came of changes.
pub(super) type Told = Receiver<Result<(), NotCommitted>>;

/// All changes of which nothing is known yet.
#[derive(Default)]
pub(crate) struct Unanswered(Mutex<Vec<(Told, Left)>>);

/// What is left to do when it is known what came of changes.
pub(super) struct Left {
    pub(super) effects: Effects,
    /// What was recorded as done: operations, their objects and notes.
    pub(super) recorded: Vec<Recorded>,
    /// Whose they are: who, from where, in which version.
    pub(super) whose: (Arc<Principal>, String, Version),
}

/// An event that was recorded: its operation, its object and its note.
pub(super) type Recorded = (&'static str, Option<String>, Option<Cow<'static, str>>);

impl Service {
    /// Remembers changes until it is known what came of them.
    pub(super) fn leave(&self, told: Told, left: Left) {
        for (operation, object, _) in &left.recorded {
            tracing::error!(
                operation,
                object,
                "the disk does not answer: it is not known whether this is done"
            );
        }
        self.unanswered.list().push((told, left));
    }

    /// Finishes or undoes what is known by now.
    pub fn settle_unanswered(&self) {
        let mut known = Vec::new();
        self.unanswered
            .list()
            .extract_if(.., |(told, _)| match told.try_recv() {
                Ok(result) => {
                    known.push(result);
                    true
                }
                Err(TryRecvError::Disconnected) => {
                    known.push(Err(never_told()));
                    true
                }
                Err(TryRecvError::Empty) => false,
            })
            .map(|(_, left)| left)
            .collect::<Vec<_>>()
            .into_iter()
            .zip(known)
            .for_each(|(left, result)| left.settle(self, result));
    }

    /// The answer of a message whose changes nothing is known of, and who is to be told of them.
    pub fn give_up(
        &self,
        caller: &Caller,
        unfinished: Unfinished,
    ) -> (Buffer, SyncSender<Result<(), NotCommitted>>) {
        let (tell, told) = sync_channel(1);
        let own = unfinished;
        let exchange = Exchange::new(self, &own.principal, caller, (&[], own.version), own.now);
        let answer = exchange.unanswered(own.changed, told);
        let bytes = write_response(&own.header, &[answer], own.version).into_bytes();
        (bytes, tell)
    }
}

impl Exchange<'_> {
    /// The answer of an item whose changes nothing is known of.
    pub(super) fn unanswered(&self, changed: Changed, told: Told) -> kmip::message::ResponseItem {
        let (operation, id) = (
            changed.answer.operation,
            changed.answer.unique_batch_item_id,
        );
        let recorded = vec![(changed.operation, changed.object, changed.note)];
        self.service
            .leave(told, self.left(changed.effects, recorded));
        failure(operation, id, &not_known(), self.version)
    }

    pub(super) fn left(&self, effects: Effects, recorded: Vec<Recorded>) -> Left {
        Left {
            effects,
            recorded,
            whose: (self.principal.clone(), self.peer.to_owned(), self.version),
        }
    }
}

impl Unanswered {
    fn list(&self) -> std::sync::MutexGuard<'_, Vec<(Told, Left)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Left {
    fn settle(self, service: &Service, result: Result<(), NotCommitted>) {
        let Err(why) = result else {
            tracing::info!("the disk has answered: what was not known of is done");
            return self.effects.finish(service);
        };
        tracing::warn!(
            error = why.into_error().message(),
            "the disk has answered: what was not known of is not done"
        );
        let (principal, peer, version) = self.whose;
        for (operation, object, note) in self.recorded {
            let event = Event {
                time: service.clock.now(),
                vault: &principal.vault,
                principal: &principal.name,
                peer: &peer,
                operation,
                object,
                outcome: "NotCommitted",
                note,
                version: Some(version),
            };
            if let Err(lost) = service.trail.append(&event, Durability::Grouped) {
                tracing::error!(error = %lost, "the correction of an audit record is lost");
            }
        }
        self.effects.undo(service);
    }
}

/// What a client is told of changes that nothing is known of.
pub(super) fn not_known() -> Error {
    Error::from(store::Error::Unanswered)
}
