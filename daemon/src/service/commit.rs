//! Changes on their way to the disk: of an item that has its answer, and of a message that nobody waits for with a thread.

use std::sync::{
    Arc,
    mpsc::{RecvTimeoutError, sync_channel},
};

use kmip::{
    Buffer, Version,
    message::{Request, ResponseHeader, ResponseItem, write_response},
    ttlv::Timestamp,
};
use store::{Commit, WAIT_MAX};

use super::{
    Service,
    batch::{Attempt, Changed},
    envelope::{Sizes, header},
    exchange::Exchange,
    outcome, unanswered,
};
use crate::{
    audit::TrailError,
    error::Error,
    identity::{Caller, Principal},
    returned::Batch,
};

/// Why changes were not committed.
pub enum NotCommitted {
    /// Their event is not on the disk.
    Trail(TrailError),
    /// The store has not taken them.
    Store(store::Error),
}

/// What comes of a message that is begun where it was read.
pub enum Begun {
    /// Its answer.
    Answered(Buffer),
    /// Its changes, without which there is no answer.
    Changes(Box<Unfinished>, Commit),
}

/// What has come of changes in time.
pub(super) enum Ended {
    /// They are made, or are not.
    Told(Result<(), NotCommitted>),
    /// The disk has not answered: who is told when it does.
    Unanswered(unanswered::Told),
}

/// A message of one item, which is answered once its changes are durable.
pub struct Unfinished {
    pub(super) principal: Arc<Principal>,
    pub(super) version: Version,
    pub(super) now: Timestamp,
    pub(super) header: ResponseHeader,
    sizes: Sizes,
    pub(super) changed: Changed,
}

impl Unfinished {
    /// Whether finishing takes long: somebody else has changed the same and the item is tried again, its event is to be
    /// corrected on a disk that is in trouble, or an HSM is told.
    #[must_use]
    pub const fn is_heavy(&self, result: &Result<(), NotCommitted>) -> bool {
        matches!(
            result,
            Err(NotCommitted::Store(
                store::Error::Conflict | store::Error::Unavailable(_)
            ))
        ) || self.changed.tells_an_hsm(result.is_ok())
    }
}

impl Service {
    /// Commits changes once their event is on the disk, and tells when they are durable or are not made. What is done
    /// then must be short.
    pub fn commit(
        &self,
        commit: Commit,
        told: impl FnOnce(Result<(), NotCommitted>) + Send + 'static,
    ) {
        self.trail
            .when_durable(Box::new(move |synced| match synced {
                Ok(()) => commit.start(move |result| told(result.map_err(NotCommitted::Store))),
                Err(error) => told(Err(NotCommitted::Trail(error))),
            }));
    }

    /// The same, which returns when it is known, or a disk has not answered in time.
    pub(super) fn committed(&self, commit: Commit) -> Ended {
        let (tell, told) = sync_channel(1);
        self.commit(commit, move |result| {
            // It is kept until it is told.
            let _ = tell.send(result);
        });
        match told.recv_timeout(WAIT_MAX) {
            Ok(result) => Ended::Told(result),
            Err(RecvTimeoutError::Disconnected) => Ended::Told(Err(never_told())),
            Err(RecvTimeoutError::Timeout) => Ended::Unanswered(told),
        }
    }

    /// Begins to answer a message of one item whose weight is [`Weight::Commit`](super::Weight::Commit).
    pub fn begin(&self, caller: &mut Caller, bytes: &[u8]) -> Begun {
        let now = self.clock.now();
        let request = Request::read(bytes, self.limits.of_a_message());
        let Some((request, item)) =
            request
                .as_ref()
                .ok()
                .and_then(|request| match request.items.as_slice() {
                    [item] => Some((request, item)),
                    _ => None,
                })
        else {
            return Begun::Answered(self.respond(caller, bytes));
        };
        let principal = self.principal_of(caller, &request.header, now);
        let mut header = header(Some(&request.header), request.version, now, 1);
        header.server_hashed_password =
            caller.server_hashed_password(request.header.authentication.as_ref());
        let answered = |answer: ResponseItem| {
            Begun::Answered(write_response(&header, &[answer], request.version).into_bytes())
        };
        let principal = match principal {
            Ok(principal) => principal,
            Err(error) => {
                return answered(self.refuse_items(caller.description(), request, now, error));
            }
        };
        let sizes = Sizes::of(&request.header, request.version, now, None);
        let exchange = Exchange::new(self, &principal, caller, (bytes, request.version), now);
        let mut batch = Batch::default();
        match exchange.attempt(item, &mut batch, sizes) {
            Attempt::Answered(answer) => answered(answer),
            Attempt::Lost(_) => answered(exchange.item(item, &mut batch, sizes)),
            Attempt::Changed(changed, commit) => {
                let unfinished = Unfinished {
                    version: request.version,
                    now,
                    sizes,
                    changed: *changed,
                    header,
                    principal,
                };
                Begun::Changes(Box::new(unfinished), commit)
            }
        }
    }

    /// Answers the message, now that it is known what came of its changes.
    pub fn finish(
        &self,
        caller: &Caller,
        bytes: &[u8],
        unfinished: Unfinished,
        result: Result<(), NotCommitted>,
    ) -> Buffer {
        let own = unfinished;
        let exchange = Exchange::new(self, &own.principal, caller, (bytes, own.version), own.now);
        let mut batch = Batch::default();
        let again = match &result {
            Err(NotCommitted::Store(store::Error::Conflict)) => {
                Request::read(bytes, self.limits.of_a_message()).ok()
            }
            _ => None,
        };
        let answer = match again.as_ref().and_then(|request| request.items.first()) {
            Some(item) => {
                exchange.undone(own.changed);
                exchange.item(item, &mut batch, own.sizes)
            }
            None => exchange.settle(own.changed, &mut batch, result),
        };
        write_response(&own.header, &[answer], own.version).into_bytes()
    }
}

impl NotCommitted {
    /// The same as an error of the item.
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Trail(error) => outcome::unavailable(error),
            Self::Store(error) => Error::from(error),
        }
    }
}

/// The thread that was to tell has ended before.
pub(super) fn never_told() -> NotCommitted {
    NotCommitted::Store(store::Error::Unavailable(
        "a commit was lost with the thread that makes it".to_owned(),
    ))
}
