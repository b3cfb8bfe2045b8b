//! The items of a batch that asked for Undo: all are committed together, or none is.

use kmip::{
    ResultStatus,
    message::{RequestItem, ResponseItem},
};
use store::Transaction;

use super::{
    commit::{Ended, NotCommitted},
    envelope::{Sizes, failure},
    exchange::Exchange,
    unanswered::{Told, not_known},
};
use crate::{
    audit::{Durability, Event},
    effects::Effects,
    error::Error,
    returned::Batch,
};

impl Exchange<'_> {
    /// All items in one transaction: because effects are made before and broken after, undoing is not committing.
    pub(super) fn undoable(
        &self,
        items: &[RequestItem<'_>],
        mut sizes: Sizes,
        batch: &mut Batch,
    ) -> Vec<ResponseItem> {
        let mut tx = self.service.store.begin();
        let mut effects = Effects::default();
        let mut answers = Vec::with_capacity(items.len());
        let mut events = Vec::with_capacity(items.len());
        let mut failed = None;
        for item in items {
            let mut event = self.event(item.operation);
            let result = self.run(item, tx.as_mut(), batch, &mut effects, &mut event);
            match result.and_then(|answered| answered.committed(sizes)) {
                Ok(answer) => {
                    batch.parts.settle(self.service, true);
                    batch.answered(&answer, self.version);
                    sizes.take(&answer);
                    answers.push(answer);
                    events.push(event);
                }
                Err(error) => {
                    failed = Some((item, error, event));
                    break;
                }
            }
        }
        let outcome = match failed {
            None => self.commit_all(&mut events, tx),
            Some((item, error, mut event)) => {
                let error =
                    self.service
                        .recorded::<()>(&mut event, Durability::Grouped, Err(error));
                Err((Some(item), error.err().unwrap_or_else(Error::not_permitted)))
            }
        };
        match outcome {
            Ok(None) => effects.finish(self.service),
            Ok(Some(told)) => {
                batch.parts.undo(self.service);
                self.leave_all((effects, events), &mut answers, told);
            }
            Err((item, error)) => {
                effects.undo(self.service);
                batch.parts.undo(self.service);
                self.record_undone(&mut events);
                for answer in &mut answers {
                    answer.result_status = ResultStatus::OperationUndone;
                }
                let last = item.or_else(|| items.last());
                let id = last.and_then(|item| item.unique_batch_item_id.clone());
                if item.is_none() {
                    answers.pop();
                }
                answers.push(failure(
                    last.map(|item| item.operation),
                    id,
                    &error,
                    self.version,
                ));
            }
        }
        answers
    }

    /// Records that what was recorded was undone.
    fn record_undone(&self, events: &mut [Event<'_>]) {
        for event in events {
            event.outcome = "Undone";
            if let Err(lost) = self.service.trail.append(event, Durability::Grouped) {
                tracing::error!(error = %lost, "the audit record of an undone item is lost");
            }
        }
    }

    /// Answers that nothing is known of what was done together.
    fn leave_all(
        &self,
        (effects, events): (Effects, Vec<Event<'_>>),
        answers: &mut [ResponseItem],
        told: Told,
    ) {
        let recorded = |own: Event<'_>| (own.operation, own.object, own.note);
        let recorded = events.into_iter().map(recorded).collect();
        self.service.leave(told, self.left(effects, recorded));
        for answer in answers {
            let id = answer.unique_batch_item_id.take();
            *answer = failure(answer.operation, id, &not_known(), self.version);
        }
    }

    /// Commits all; whoever is to be told of it where the disk does not answer.
    fn commit_all<'i>(
        &self,
        events: &mut [Event<'_>],
        tx: Box<dyn Transaction + '_>,
    ) -> Result<Option<Told>, (Option<&'i RequestItem<'i>>, Error)> {
        let numbered = |error: Error, events: &mut [Event<'_>]| match events.last_mut() {
            Some(event) => self.service.numbered(error, event),
            None => error,
        };
        let commit = tx.is_changed().then(|| tx.prepare()).transpose();
        let commit = commit.map_err(|error| (None, numbered(error.into(), events)))?;
        for event in events.iter_mut() {
            self.service
                .recorded(event, Durability::Grouped, Ok(()))
                .map_err(|error| (None, error))?;
        }
        let Some(commit) = commit else {
            return Ok(None);
        };
        match self.service.committed(commit) {
            Ended::Told(Ok(())) => Ok(None),
            Ended::Unanswered(told) => Ok(Some(told)),
            Ended::Told(Err(why @ NotCommitted::Trail(_))) => Err((None, why.into_error())),
            Ended::Told(Err(why)) => Err((None, numbered(why.into_error(), events))),
        }
    }
}
