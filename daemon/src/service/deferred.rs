//! Items that are answered later: which they are, how they are put aside, and how they are done when their turn comes.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use kmip::{
    AsynchronousIndicator, BatchErrorContinuationOption, OperationCode, ResultStatus,
    message::{Request, RequestItem, ResponseItem},
    ttlv::Bytes,
};

use super::{
    Service,
    envelope::{Sizes, failure, fits},
    exchange::Exchange,
};
use crate::{
    error::{Error, Result},
    fault::Fault,
    identity::{Caller, Principal, not_authenticated},
    ops,
    pending::{Chain, Found, Mark},
    returned::Batch,
};

/// What is answered at once, whatever the client says: these are how it comes by the other answers, or they are about
/// the connection (KMIP 2.1 §6.1.5, §6.1.38).
const NEVER_LATER: &[OperationCode] = &[
    OperationCode::Cancel,
    OperationCode::Poll,
    OperationCode::Login,
    OperationCode::Logout,
    OperationCode::DelegatedLogin,
    OperationCode::SetEndpointRole,
    OperationCode::QueryAsynchronousRequests,
    OperationCode::Process,
    OperationCode::Ping,
];

/// Whether an operation may be answered later.
pub(super) fn may_be_late(operation: OperationCode) -> bool {
    !NEVER_LATER.contains(&operation)
}

/// How a message's items are answered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// At once.
    AtOnce,
    /// At once, unless it takes long.
    Patient,
    /// Later, if it is work for a worker.
    WorkLater,
    /// Later, in any case.
    Later,
}

impl Manner {
    /// What the header asks for. Before 2.0 a client can only say that it would fetch its answers: whatever waits for a
    /// disk or an HSM is then answered later (KMIP 1.4 §6.7, KMIP 2.1 §9.2). Test cases of 1.x want everything later.
    pub(super) fn of(request: &Request<'_>, is_tested: bool) -> Self {
        let indicator = request.header.asynchronous_indicator;
        match indicator.map(|indicator| indicator.0) {
            Some(AsynchronousIndicator::Mandatory) => Self::Later,
            Some(AsynchronousIndicator::Optional) if request.version.is_2() => Self::Patient,
            Some(AsynchronousIndicator::Optional) if is_tested => Self::Later,
            Some(AsynchronousIndicator::Optional) => Self::WorkLater,
            _ => Self::AtOnce,
        }
    }
}

/// What was put aside.
pub(super) struct Aside {
    /// The items and their marks.
    members: Vec<(usize, Mark)>,
    /// Their answers, when they were waited for.
    answers: Vec<ResponseItem>,
}

impl Exchange<'_> {
    /// Whether an item may be answered later at all: an operation that is not served is refused at once.
    pub(super) fn can_wait(&self, item: &RequestItem<'_>) -> bool {
        may_be_late(item.operation)
            && ops::find(item.operation)
                .is_some_and(|route| self.service.serves(route, self.version))
    }

    /// From which item on the message is answered later.
    pub(super) fn first_late(&self, request: &Request<'_>) -> Option<usize> {
        let begins = request.items.iter().position(|item| {
            self.can_wait(item)
                && match self.manner {
                    Manner::AtOnce => false,
                    Manner::Patient | Manner::WorkLater => !self.service.is_light(item),
                    Manner::Later => true,
                }
        });
        // Items that are undone together are done together.
        let undo = Some(BatchErrorContinuationOption::Undo);
        match begins {
            Some(_) if request.header.batch_error_continuation_option == undo => Some(0),
            other => other,
        }
    }

    /// Puts the items from `begins` on aside, to be done in their order. When there is no room for them, a client that
    /// leaves it to the server is answered at once (`Ok(None)`).
    pub(super) fn put_aside(
        &self,
        request: &Request<'_>,
        begins: usize,
        batch: &mut Batch,
        sizes: Sizes,
    ) -> Result<Option<Aside>> {
        let late = request.items.iter().enumerate().skip(begins);
        let late: Vec<_> = late.filter(|(_, item)| self.can_wait(item)).collect();
        let members: Vec<(usize, Mark)> = late
            .iter()
            .map(|(at, _)| (*at, uuid::Uuid::new_v4().into_bytes()))
            .collect();
        let mut room = sizes;
        for ((_, mark), (_, item)) in members.iter().zip(&late) {
            room.take(&fits(pending(item, mark), room)?);
        }
        let operations: Vec<_> = late.iter().map(|(_, item)| item.operation).collect();
        let chain = Chain {
            members: members.clone(),
            message: self.message.to_vec().into(),
            version: self.version,
            batch: std::mem::take(batch),
            principal: self.principal.clone(),
            peer: self.from.clone(),
            generation: self.service.directory.generation(),
            waits_for_owner: self.service.conformance.is_some() && self.manner != Manner::Patient,
        };
        if let Err(back) = self.service.pending.submit(chain, &operations, self.now) {
            *batch = back.batch;
            return match self.manner {
                Manner::Later => Err(Error::new(
                    Fault::Busy,
                    "too many requests wait for their answers already",
                )),
                _ => Ok(None),
            };
        }
        let answers = if self.manner == Manner::Patient {
            self.waited_for(&members, sizes)
        } else {
            Vec::new()
        };
        Ok(Some(Aside { members, answers }))
    }

    /// The answers of all members, if they come while the client can be kept waiting, and if they fit.
    fn waited_for(&self, members: &[(usize, Mark)], mut sizes: Sizes) -> Vec<ResponseItem> {
        let pending = &self.service.pending;
        let marks: Vec<_> = members.iter().map(|(_, mark)| *mark).collect();
        if !pending.wait_for(&marks, pending.patience()) {
            return Vec::new();
        }
        let mut answers = Vec::with_capacity(marks.len());
        for mark in &marks {
            let Some(Found::Done(answer)) = pending.find(self.principal, mark, self.now) else {
                return Vec::new();
            };
            let Ok(answer) = fits(*answer, sizes) else {
                return Vec::new();
            };
            sizes.take(&answer);
            answers.push(answer);
        }
        for mark in &marks {
            pending.forget(mark);
        }
        answers
    }
}

impl Aside {
    /// What the response says of an item: its answer or its mark; nothing of one that was not put aside.
    pub(super) fn answer(&self, (at, item): (usize, &RequestItem<'_>)) -> Option<ResponseItem> {
        let place = self.members.iter().position(|(own, _)| *own == at)?;
        let (_, mark) = self.members.get(place)?;
        Some(match self.answers.get(place) {
            Some(answer) => ResponseItem {
                unique_batch_item_id: item.unique_batch_item_id.clone(),
                ..answer.clone()
            },
            None => pending(item, mark),
        })
    }
}

/// The answer of an item that is not done.
fn pending(item: &RequestItem<'_>, mark: &Mark) -> ResponseItem {
    ResponseItem {
        operation: Some(item.operation),
        unique_batch_item_id: item.unique_batch_item_id.clone(),
        result_status: ResultStatus::OperationPending,
        result_reason: None,
        result_message: None,
        asynchronous_correlation_value: Some(Bytes(mark.to_vec())),
        payload: None,
    }
}

impl Service {
    /// Does the request that has waited longest for its turn: whether there was one.
    pub fn work_off_one(&self) -> bool {
        let next = self.pending.next();
        let found = next.is_some();
        if let Some(chain) = next {
            self.do_chain(chain);
        }
        found
    }

    /// Does requests whose answer comes later, one after the other, until [`Self::end_late_work`].
    pub fn work_off(&self) {
        while let Some(chain) = self.pending.wait_for_next() {
            self.do_chain(chain);
        }
    }

    /// Lets nobody begin with a request whose answer comes later any more.
    pub fn end_late_work(&self) {
        self.pending.end();
    }

    /// Forgets answers that nobody has fetched, and requests whose turn never came.
    pub(crate) fn forget_late_answers(&self) {
        self.pending.expire(self.clock.now());
    }

    /// Does the items of a chain in their order. Every member has its answer then, whatever happens.
    pub(crate) fn do_chain(&self, mut chain: Chain) {
        let done = catch_unwind(AssertUnwindSafe(|| self.try_chain(&mut chain)));
        let error = match done {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error,
            Err(_) => Error::new(Fault::Internal, "internal error"),
        };
        for (_, mark) in &chain.members {
            // The operation of an item that could not even be read again is only known to its entry.
            let answer = failure(None, None, &error, chain.version);
            self.pending.complete(mark, answer, self.clock.now());
        }
    }

    fn try_chain(&self, chain: &mut Chain) -> Result<()> {
        let now = self.clock.now();
        let request = Request::read_as(&chain.message, chain.version, self.limits.of_a_message())?;
        let caller = Caller::new(chain.peer.clone());
        // Whoever was revoked, or lost a role, while the request waited is not served.
        let principal = if chain.generation == self.directory.generation() {
            Ok(chain.principal.clone())
        } else {
            self.principal_now(&chain.principal, now)
                .and_then(|found| same_principal(&chain.principal, found))
        };
        let asked = (&*chain.message, chain.version);
        let principal_now = principal.as_ref().unwrap_or(&chain.principal);
        let exchange = Exchange::new(self, principal_now, &caller, asked, now);
        let option = request.header.batch_error_continuation_option;
        let is_member = |at: usize| chain.members.iter().any(|(own, _)| *own == at);
        let items = request.items.into_iter().enumerate();
        let items: Vec<_> = items
            .filter(|(at, _)| is_member(*at))
            .map(|(_, item)| item)
            .collect();
        let marks: Vec<_> = chain.members.iter().map(|(_, mark)| *mark).collect();
        if principal.is_err() {
            exchange.do_none(&items, &marks);
        } else if option == Some(BatchErrorContinuationOption::Undo) && items.len() > 1 {
            exchange.do_together(&items, &marks, &mut chain.batch);
        } else {
            let goes_on = option == Some(BatchErrorContinuationOption::Continue);
            exchange.do_in_turn(&items, &marks, &mut chain.batch, goes_on);
        }
        Ok(())
    }
}

impl Exchange<'_> {
    fn do_none(&self, items: &[RequestItem<'_>], marks: &[Mark]) {
        for (item, mark) in items.iter().zip(marks) {
            self.keep(mark, self.refused(item, not_authenticated()));
        }
    }

    fn do_in_turn(
        &self,
        items: &[RequestItem<'_>],
        marks: &[Mark],
        batch: &mut Batch,
        goes_on: bool,
    ) {
        let mut stopped = false;
        for (item, mark) in items.iter().zip(marks) {
            let answer = if stopped {
                self.refused(item, earlier_failed())
            } else if self.service.pending.begin(mark) {
                self.item(item, batch, Sizes::UNLIMITED)
            } else {
                self.refused(item, canceled())
            };
            stopped |= answer.result_status != ResultStatus::Success && !goes_on;
            self.keep(mark, answer);
        }
    }

    fn do_together(&self, items: &[RequestItem<'_>], marks: &[Mark], batch: &mut Batch) {
        let begun: Vec<_> = marks
            .iter()
            .map(|mark| self.service.pending.begin(mark))
            .collect();
        if begun.iter().all(|begun| *begun) {
            let mut answers = self.undoable(items, Sizes::UNLIMITED, batch).into_iter();
            for (item, mark) in items.iter().zip(marks) {
                let answer = answers
                    .next()
                    .unwrap_or_else(|| self.refused(item, earlier_failed()));
                self.keep(mark, answer);
            }
            return;
        }
        for ((item, mark), begun) in items.iter().zip(marks).zip(begun) {
            let error = if begun { earlier_failed() } else { canceled() };
            self.keep(mark, self.refused(item, error));
        }
    }

    fn keep(&self, mark: &Mark, answer: ResponseItem) {
        let now = self.service.clock.now();
        self.service.pending.complete(mark, answer, now);
    }
}

/// The error of an item that its owner gave up.
pub(crate) fn canceled() -> Error {
    Error::new(Fault::Canceled, "canceled by the requester")
}

fn earlier_failed() -> Error {
    Error::new(
        Fault::EarlierItemFailed,
        "not done, because an earlier item of the batch failed",
    )
}

/// A credential that was changed meanwhile does not make somebody else of the requester.
fn same_principal(then: &Principal, now: Arc<Principal>) -> Result<Arc<Principal>> {
    if then.vault == now.vault && then.name == now.name {
        Ok(now)
    } else {
        Err(not_authenticated())
    }
}
