//! Requests whose answer comes later: what waits, what is being done, and what waits to be fetched.
//!
//! Nothing of it outlives the process: a client that asks for a request of an earlier life is told that there is none.
//! What such a request had committed stays, and is in the audit trail.

mod limits;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use kmip::{
    Buffer, CancellationResult, OperationCode, ProcessingStage, ResultStatus, Version,
    message::ResponseItem, ttlv::Timestamp,
};

pub use self::limits::Limits;
use crate::{
    identity::{Peer, Principal},
    returned::Batch,
};

/// The Asynchronous Correlation Value of one item.
pub(crate) type Mark = [u8; 16];

/// The items of one request that are answered later. They are done in their order, by one worker.
pub(crate) struct Chain {
    /// The positions of the items in their message, and their marks.
    pub(crate) members: Vec<(usize, Mark)>,
    /// The whole message, which is read again when its turn comes.
    pub(crate) message: Buffer,
    /// Its version.
    pub(crate) version: Version,
    /// What the items before them hand on.
    pub(crate) batch: Batch,
    /// Who asked.
    pub(crate) principal: Arc<Principal>,
    /// From where.
    pub(crate) peer: Peer,
    /// The directory's generation then: who was revoked since is not served.
    pub(crate) generation: u64,
    /// Whether no worker begins it: it waits for its owner.
    pub(crate) waits_for_owner: bool,
}

/// One item of a chain as its owner sees it.
struct Entry {
    vault: String,
    principal: String,
    operation: OperationCode,
    submitted: Timestamp,
    stage: Stage,
    was_asked_for: bool,
}

enum Stage {
    Submitted,
    InProcess,
    Completed(Box<ResponseItem>, Timestamp),
}

/// What is known of an item.
pub(crate) enum Found {
    /// It is not done yet.
    Pending,
    /// It is done.
    Done(Box<ResponseItem>),
}

/// What becomes of an item that its owner wants done now.
pub(crate) enum Claim {
    /// There is none.
    Unknown,
    /// The owner's own worker does it now, with all of its chain.
    Run(Box<Chain>),
    /// Another worker is at it.
    Busy,
    /// It is done.
    Done,
}

/// One item in a list.
pub(crate) struct Listed {
    /// Its mark.
    pub(crate) mark: Mark,
    /// What it does.
    pub(crate) operation: OperationCode,
    /// When it came.
    pub(crate) submitted: Timestamp,
    /// How far it is.
    pub(crate) stage: ProcessingStage,
}

/// The table of all items that are answered later.
pub(crate) struct Pending {
    limits: Limits,
    state: Mutex<State>,
    /// Something waits to be done, or there is room for its answer, or all is over.
    work: Condvar,
    /// Something was done.
    done: Condvar,
}

#[derive(Default)]
struct State {
    entries: HashMap<Mark, Entry>,
    queue: VecDeque<Chain>,
    /// The bytes of the messages that wait.
    message_bytes: usize,
    /// The bytes of the answers that were not fetched.
    answer_bytes: usize,
    is_over: bool,
}

impl Pending {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: Mutex::default(),
            work: Condvar::new(),
            done: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many items there are, done or not.
    pub(crate) fn count(&self) -> usize {
        self.state().entries.len()
    }

    /// How long a client that would also wait for its answer is kept waiting.
    pub(crate) const fn patience(&self) -> Duration {
        self.limits.patience
    }

    /// Takes the items of a chain in, which come with their operations; gives it back when no more is taken for now.
    pub(crate) fn submit(
        &self,
        chain: Chain,
        operations: &[OperationCode],
        now: Timestamp,
    ) -> Result<(), Box<Chain>> {
        let mut state = self.state();
        state.expire(now, self.limits.age_max);
        let who = &chain.principal;
        let own = state.entries.values().filter(|entry| entry.is_of(who));
        let has_room = own.count() + operations.len() <= self.limits.per_client_max
            && state.entries.len() + operations.len() <= self.limits.all_max
            && state.message_bytes + chain.message.len() <= self.limits.bytes_max;
        if state.is_over || !has_room {
            return Err(Box::new(chain));
        }
        for ((_, mark), operation) in chain.members.iter().zip(operations) {
            let entry = Entry {
                vault: who.vault.clone(),
                principal: who.name.clone(),
                operation: *operation,
                submitted: now,
                stage: Stage::Submitted,
                was_asked_for: false,
            };
            state.entries.insert(*mark, entry);
        }
        state.message_bytes += chain.message.len();
        state.queue.push_back(chain);
        drop(state);
        self.work.notify_one();
        Ok(())
    }

    /// The chain that has waited longest, if any waits and its answers have room.
    pub(crate) fn next(&self) -> Option<Chain> {
        self.state().next(&self.limits)
    }

    /// The same, waited for; none when all is over.
    pub(crate) fn wait_for_next(&self) -> Option<Chain> {
        let mut state = self.state();
        loop {
            if state.is_over {
                return None;
            }
            if let Some(chain) = state.next(&self.limits) {
                return Some(chain);
            }
            state = self
                .work
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets no worker begin anything more.
    pub(crate) fn end(&self) {
        self.state().is_over = true;
        self.work.notify_all();
    }

    /// Marks an item as being done; false when it was withdrawn.
    pub(crate) fn begin(&self, mark: &Mark) -> bool {
        match self.state().entries.get_mut(mark) {
            Some(entry) if matches!(entry.stage, Stage::Submitted) => {
                entry.stage = Stage::InProcess;
                true
            }
            _ => false,
        }
    }

    /// Keeps the answer of an item for its owner, unless it has one already.
    pub(crate) fn complete(&self, mark: &Mark, answer: ResponseItem, now: Timestamp) {
        let mut state = self.state();
        if let Some(entry) = state.entries.get_mut(mark)
            && !matches!(entry.stage, Stage::Completed(..))
        {
            let bytes = bytes_of(&answer);
            entry.stage = Stage::Completed(Box::new(answer), now);
            state.answer_bytes += bytes;
        }
        drop(state);
        self.done.notify_all();
    }

    /// Waits until every one of the items is done, or the time is over: whether they are.
    pub(crate) fn wait_for(&self, marks: &[Mark], patience: Duration) -> bool {
        let all_done = |state: &State| {
            marks.iter().all(|mark| {
                let stage = state.entries.get(mark).map(|entry| &entry.stage);
                matches!(stage, Some(Stage::Completed(..)))
            })
        };
        let (state, _) = self
            .done
            .wait_timeout_while(self.state(), patience, |state| !all_done(state))
            .unwrap_or_else(PoisonError::into_inner);
        all_done(&state)
    }

    /// What is known of an item of this principal. Of another's, nothing is.
    pub(crate) fn find(&self, who: &Principal, mark: &Mark, now: Timestamp) -> Option<Found> {
        let mut state = self.state();
        state.expire(now, self.limits.age_max);
        let entry = state.entries.get(mark).filter(|entry| entry.is_of(who))?;
        Some(match &entry.stage {
            Stage::Submitted | Stage::InProcess => Found::Pending,
            Stage::Completed(answer, _) => Found::Done(answer.clone()),
        })
    }

    /// Whether an item of this principal was asked for before, as it is now.
    pub(crate) fn was_asked_for(&self, who: &Principal, mark: &Mark) -> bool {
        let mut state = self.state();
        let entry = state.entries.get_mut(mark).filter(|own| own.is_of(who));
        entry.is_some_and(|own| std::mem::replace(&mut own.was_asked_for, true))
    }

    /// Forgets an item whose answer was fetched.
    pub(crate) fn forget(&self, mark: &Mark) {
        self.state().remove(mark);
        self.work.notify_one();
    }

    /// Withdraws an item that nobody has begun; `answer` is what a later Poll gets.
    pub(crate) fn cancel(
        &self,
        who: &Principal,
        mark: &Mark,
        now: Timestamp,
        answer: impl FnOnce(OperationCode) -> ResponseItem,
    ) -> CancellationResult {
        let mut state = self.state();
        state.expire(now, self.limits.age_max);
        let Some(entry) = state.entries.get_mut(mark).filter(|entry| entry.is_of(who)) else {
            return CancellationResult::Unavailable;
        };
        match &entry.stage {
            Stage::InProcess => CancellationResult::UnableToCancel,
            Stage::Completed(answer, _) if answer.result_status == ResultStatus::Success => {
                CancellationResult::Completed
            }
            Stage::Completed(..) => CancellationResult::Failed,
            Stage::Submitted => {
                entry.stage = Stage::Completed(Box::new(answer(entry.operation)), now);
                CancellationResult::Canceled
            }
        }
    }

    /// Hands the chain of an item to its owner, to be done now.
    pub(crate) fn claim(&self, who: &Principal, mark: &Mark, now: Timestamp) -> Claim {
        let mut state = self.state();
        state.expire(now, self.limits.age_max);
        let stage = match state.entries.get(mark).filter(|entry| entry.is_of(who)) {
            None => return Claim::Unknown,
            Some(entry) => &entry.stage,
        };
        if matches!(stage, Stage::Completed(..)) {
            return Claim::Done;
        }
        let place = state
            .queue
            .iter()
            .position(|chain| chain.members.iter().any(|(_, own)| own == mark));
        match place.and_then(|place| state.queue.remove(place)) {
            Some(chain) => {
                state.message_bytes -= chain.message.len();
                Claim::Run(Box::new(chain))
            }
            None => Claim::Busy,
        }
    }

    /// The items of this principal, the oldest first.
    pub(crate) fn list(&self, who: &Principal, now: Timestamp) -> Vec<Listed> {
        let mut state = self.state();
        state.expire(now, self.limits.age_max);
        let own = state.entries.iter().filter(|(_, entry)| entry.is_of(who));
        let mut listed: Vec<_> = own
            .map(|(mark, entry)| Listed {
                mark: *mark,
                operation: entry.operation,
                submitted: entry.submitted,
                stage: match entry.stage {
                    Stage::Submitted => ProcessingStage::Submitted,
                    Stage::InProcess => ProcessingStage::InProcess,
                    Stage::Completed(..) => ProcessingStage::Completed,
                },
            })
            .collect();
        listed.sort_by_key(|listed| (listed.submitted, listed.mark));
        listed
    }

    /// Forgets what is too old.
    pub(crate) fn expire(&self, now: Timestamp) {
        self.state().expire(now, self.limits.age_max);
        self.work.notify_all();
    }
}

impl Entry {
    fn is_of(&self, who: &Principal) -> bool {
        self.vault == who.vault && self.principal == who.name
    }
}

impl State {
    fn next(&mut self, limits: &Limits) -> Option<Chain> {
        if self.answer_bytes > limits.bytes_max {
            return None;
        }
        let place = self.queue.iter().position(|chain| !chain.waits_for_owner);
        let chain = self.queue.remove(place?)?;
        self.message_bytes -= chain.message.len();
        Some(chain)
    }

    fn remove(&mut self, mark: &Mark) {
        if let Some(Entry {
            stage: Stage::Completed(answer, _),
            ..
        }) = self.entries.remove(mark)
        {
            self.answer_bytes = self.answer_bytes.saturating_sub(bytes_of(&answer));
        }
    }

    /// An item that nobody began in time is not done any more; an answer that nobody fetched in time is gone.
    fn expire(&mut self, now: Timestamp, age_max: Duration) {
        let age_max = i64::try_from(age_max.as_secs()).unwrap_or(i64::MAX);
        let is_old = |since: Timestamp| now.0.saturating_sub(since.0) > age_max;
        let old = self.entries.iter().filter(|(_, entry)| match &entry.stage {
            Stage::Submitted => is_old(entry.submitted),
            Stage::InProcess => false,
            Stage::Completed(_, at) => is_old(*at),
        });
        for mark in old.map(|(mark, _)| *mark).collect::<Vec<_>>() {
            self.remove(&mark);
        }
    }
}

/// What an answer takes: an estimate, for the bound.
fn bytes_of(answer: &ResponseItem) -> usize {
    let payload = answer.payload.as_ref().map_or(0, |payload| payload.len());
    payload + size_of::<ResponseItem>()
}
