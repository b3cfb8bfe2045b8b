//! The items of a message: run in transactions, recorded, committed or undone.

use std::{
    borrow::Cow,
    panic::{AssertUnwindSafe, catch_unwind},
};

use super::{
    commit::{Ended, NotCommitted},
    deferred::{Aside, Manner, may_be_late},
    envelope::{Sizes, failure, fits, success},
    exchange::Exchange,
};
use crate::{
    audit::{Durability, Event},
    context::Context,
    effects::Effects,
    error::{Error, Result},
    fault::Fault,
    identity::Peer,
    ops::{self, Route},
    returned::Batch,
};
use kmip::{
    BatchErrorContinuationOption, OperationCode, ResultStatus,
    message::{Request, RequestItem, ResponseItem},
};
use store::{Commit, Transaction};

/// How often an item that lost a race for its record is tried again.
const TRIES_MAX: u32 = 5;

impl Exchange<'_> {
    pub(super) fn batch(&self, request: &Request<'_>, mut sizes: Sizes) -> Vec<ResponseItem> {
        let option = request.header.batch_error_continuation_option;
        let mut batch = Batch::default();
        let late = self.first_late(request);
        let undo = option == Some(BatchErrorContinuationOption::Undo) && request.items.len() > 1;
        if undo && late.is_none() {
            return self.undoable(&request.items, sizes, &mut batch);
        }
        let mut aside: Option<Aside> = None;
        let mut has_room = true;
        let mut answers = Vec::with_capacity(request.items.len());
        for (at, item) in request.items.iter().enumerate() {
            let mut refused = None;
            let is_late = late.is_some_and(|late| at >= late) && self.can_wait(item);
            if is_late && aside.is_none() && has_room {
                match self.put_aside(request, at, &mut batch, sizes) {
                    Ok(None) if undo => return self.undoable(&request.items, sizes, &mut batch),
                    Ok(None) => has_room = false,
                    Ok(put) => aside = put,
                    Err(error) => refused = Some(self.refused(item, error)),
                }
            }
            let answer = refused
                .or_else(|| aside.as_ref()?.answer((at, item)))
                .unwrap_or_else(|| self.item(item, &mut batch, sizes));
            let failed = answer.result_status == ResultStatus::OperationFailed;
            sizes.take(&answer);
            answers.push(answer);
            // Stop is the default; items behind a failed one get no answer (KMIP 1.4 §6.13).
            if failed && option != Some(BatchErrorContinuationOption::Continue) {
                break;
            }
        }
        answers
    }

    /// One item in a transaction of its own.
    pub(super) fn item(
        &self,
        item: &RequestItem<'_>,
        batch: &mut Batch,
        sizes: Sizes,
    ) -> ResponseItem {
        let mut tries = 0;
        loop {
            tries += 1;
            let (changed, commit) = match self.attempt(item, batch, sizes) {
                Attempt::Answered(answer) => return answer,
                Attempt::Changed(changed, commit) => (*changed, commit),
                Attempt::Lost(_) if tries < TRIES_MAX => continue,
                Attempt::Lost(error) => {
                    batch.parts.settle(self.service, false);
                    return self.refused(item, error);
                }
            };
            match self.service.committed(commit) {
                Ended::Told(Err(NotCommitted::Store(store::Error::Conflict)))
                    if tries < TRIES_MAX =>
                {
                    self.undone(changed);
                }
                Ended::Told(result) => return self.settle(changed, batch, result),
                Ended::Unanswered(told) => {
                    batch.parts.settle(self.service, false);
                    return self.unanswered(changed, told);
                }
            }
        }
    }

    /// Runs an item once: to its answer, or to changes that are yet to be committed.
    pub(super) fn attempt(
        &self,
        item: &RequestItem<'_>,
        batch: &mut Batch,
        sizes: Sizes,
    ) -> Attempt {
        let mut tx = self.service.store.begin();
        let mut effects = Effects::default();
        let mut event = self.event(item.operation);
        let result = self.run(item, tx.as_mut(), batch, &mut effects, &mut event);
        let result = match result {
            Err(error) if error.is_conflict() && batch.parts.can_be_tried_again() => {
                effects.undo(self.service);
                return Attempt::Lost(error);
            }
            other => other,
        };
        let result = match self.settled(result, sizes, &mut event, &mut effects) {
            Ok(answer) => {
                effects.undo(self.service);
                batch.parts.settle(self.service, false);
                return Attempt::Answered(answer);
            }
            Err(result) => result,
        };
        let result = result.and_then(|answer| {
            let commit = tx.is_changed().then(|| tx.prepare());
            Ok((answer, commit.transpose()?))
        });
        // What is changed is in the trail before it is committed, and on the disk there, because the commit waits for it.
        match self
            .service
            .recorded(&mut event, Durability::Grouped, result)
        {
            Ok((answer, commit)) => {
                let changed = Changed {
                    answer,
                    effects,
                    operation: event.operation,
                    object: event.object,
                    note: event.note,
                };
                match commit {
                    Some(commit) => Attempt::Changed(Box::new(changed), commit),
                    None => Attempt::Answered(self.settle(changed, batch, Ok(()))),
                }
            }
            Err(error) => {
                effects.undo(self.service);
                batch.parts.settle(self.service, false);
                Attempt::Answered(failure(
                    Some(item.operation),
                    item.unique_batch_item_id.clone(),
                    &error,
                    self.version,
                ))
            }
        }
    }

    /// The answer of an item, now that it is known what came of its changes.
    pub(super) fn settle(
        &self,
        changed: Changed,
        batch: &mut Batch,
        result: std::result::Result<(), NotCommitted>,
    ) -> ResponseItem {
        let Err(why) = result else {
            changed.effects.finish(self.service);
            batch.parts.settle(self.service, true);
            batch.answered(&changed.answer, self.version);
            return changed.answer;
        };
        let (operation, id) = (
            changed.answer.operation,
            changed.answer.unique_batch_item_id.clone(),
        );
        let error = match why {
            // A trail that is not on the disk takes no correction.
            NotCommitted::Trail(_) => {
                changed.effects.undo(self.service);
                why.into_error()
            }
            NotCommitted::Store(_) => {
                let mut changed = changed;
                let mut event = self.event_of(&mut changed);
                let error = self.service.numbered(why.into_error(), &mut event);
                self.correct(&mut event);
                changed.effects.undo(self.service);
                error
            }
        };
        batch.parts.settle(self.service, false);
        failure(operation, id, &error, self.version)
    }

    /// An item that has its answer and commits nothing: it is recorded as what it was refused as.
    fn settled(
        &self,
        result: Result<Answered>,
        sizes: Sizes,
        event: &mut Event<'_>,
        effects: &mut Effects,
    ) -> std::result::Result<ResponseItem, Result<ResponseItem>> {
        let (answer, refusal) = match result {
            Ok(answered) => (fits(answered.answer, sizes), answered.refusal),
            Err(error) => return Err(Err(error)),
        };
        match (answer, refusal) {
            (Ok(answer), Some(refusal)) => match self.service.noted(event, refusal) {
                Ok(()) => {
                    effects.settle_sessions(self.service);
                    Ok(answer)
                }
                Err(error) => Err(Err(error)),
            },
            (answer, _) => Err(answer),
        }
    }

    /// Records that what was recorded as done was not committed, and takes its outside effects back.
    pub(super) fn undone(&self, mut changed: Changed) {
        let mut event = self.event_of(&mut changed);
        self.correct(&mut event);
        changed.effects.undo(self.service);
    }

    fn correct(&self, event: &mut Event<'_>) {
        event.outcome = "NotCommitted";
        if let Err(failed) = self.service.trail.append(event, Durability::Grouped) {
            tracing::error!(error = %failed, "the correction of an audit record is lost");
        }
    }

    /// The event of an item that was recorded.
    fn event_of(&self, changed: &mut Changed) -> Event<'_> {
        Event {
            object: changed.object.take(),
            note: changed.note.take(),
            ..self.event_named(changed.operation)
        }
    }

    /// An item that was not even begun.
    pub(super) fn refused(&self, item: &RequestItem<'_>, error: Error) -> ResponseItem {
        let mut event = self.event(item.operation);
        let recorded = self
            .service
            .recorded::<()>(&mut event, Durability::Grouped, Err(error));
        failure(
            Some(item.operation),
            item.unique_batch_item_id.clone(),
            &recorded.err().unwrap_or_else(Error::not_permitted),
            self.version,
        )
    }

    pub(super) fn event(&self, operation: OperationCode) -> Event<'_> {
        self.event_named(ops::name(operation))
    }

    fn event_named(&self, operation: &'static str) -> Event<'_> {
        Event {
            time: self.now,
            vault: &self.principal.vault,
            principal: &self.principal.name,
            peer: self.peer,
            operation,
            object: None,
            outcome: "Success",
            note: None,
            version: Some(self.version),
        }
    }

    /// Runs the item's route; a panic of ours fails the item and nothing else.
    pub(super) fn run(
        &self,
        item: &RequestItem<'_>,
        tx: &mut dyn Transaction,
        batch: &mut Batch,
        effects: &mut Effects,
        event: &mut Event<'_>,
    ) -> Result<Answered> {
        if item
            .message_extension
            .iter()
            .any(|extension| extension.criticality_indicator)
        {
            // KMIP 2.1 §9.13: a critical extension that is not understood fails the item.
            return Err(Error::new(
                Fault::UnknownExtension,
                "the message extension is not known here",
            ));
        }
        let route = ops::find(item.operation)
            .filter(|route| self.service.serves(route, self.version))
            .ok_or_else(|| Error::new(Fault::NotServed, "the operation is not served"))?;
        if self.manner == Manner::Later && !may_be_late(item.operation) {
            return Err(Error::new(
                Fault::FeatureNotServed,
                "this operation is never answered later",
            ));
        }
        if item.operation == OperationCode::SetEndpointRole && !self.may_turn {
            return Err(Error::new(
                Fault::FeatureNotServed,
                "the roles of this connection are fixed",
            ));
        }
        let mut context = Context {
            version: self.version,
            now: self.now,
            principal: self.principal,
            connection: self.connection,
            is_unasked: matches!(self.from, Peer::Listener { .. }),
            service: self.service,
            route,
            tx,
            batch,
            effects,
            object: None,
            note: None,
            instead: None,
            performed: None,
            refusal: None,
        };
        let result = catch_unwind(AssertUnwindSafe(|| serve(route, &mut context, item)));
        event.object = context.object.take();
        event.note = context.note.take();
        let instead = context.instead.take();
        let refusal = context.refusal.take();
        event.operation = context.performed.unwrap_or(event.operation);
        let payload = result.unwrap_or_else(|_| Err(Error::internal("a handler panicked")))?;
        let answer = match instead {
            Some(other) => ResponseItem {
                unique_batch_item_id: item.unique_batch_item_id.clone(),
                ..*other
            },
            None => success(item, payload),
        };
        Ok(Answered { answer, refusal })
    }
}

/// What comes of running an item.
pub(super) enum Attempt {
    /// Its answer.
    Answered(ResponseItem),
    /// Its changes, without which there is no answer.
    Changed(Box<Changed>, Commit),
    /// Somebody else has changed its record while it ran, so that nothing of it counts and nothing is recorded.
    Lost(Error),
}

/// An item that has its answer once its changes are durable.
pub(super) struct Changed {
    pub(super) answer: ResponseItem,
    pub(super) effects: Effects,
    /// What was recorded of it.
    pub(super) operation: &'static str,
    pub(super) object: Option<String>,
    pub(super) note: Option<Cow<'static, str>>,
}

impl Changed {
    /// Whether an HSM is told of the end, the item being committed or not.
    pub(super) const fn tells_an_hsm(&self, committed: bool) -> bool {
        self.effects.tell_an_hsm(committed)
    }
}

/// What an item is answered.
pub(super) struct Answered {
    answer: ResponseItem,
    /// Why nothing of it is committed all the same.
    refusal: Option<Error>,
}

impl Answered {
    /// The answer of an item among others that are committed together: what commits nothing fails them all.
    pub(super) fn committed(self, sizes: Sizes) -> Result<ResponseItem> {
        match self.refusal {
            Some(refusal) => Err(refusal),
            None => fits(self.answer, sizes),
        }
    }
}

fn serve(route: &Route, context: &mut Context<'_>, item: &RequestItem<'_>) -> Result<kmip::Buffer> {
    context.authorise_operation()?;
    (route.run)(context, item.payload)
}
