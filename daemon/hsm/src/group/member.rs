//! One member of a group: called while it answers, left out when it does not, and asked until it does again.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
};

use super::{
    breaker::{Breaker, Pauses},
    capabilities,
};
use crate::{Capabilities, Error, Hsm, Result, Transport};

/// Opens a member's HSM.
pub type Opener = Box<dyn Fn() -> Result<Arc<dyn Hsm>> + Send + Sync>;

/// Is told what happens to a member, by its name.
pub type Tell = Arc<dyn Fn(&str, Event<'_>) + Send + Sync>;

/// What happens to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// It did not answer, and is not asked any more but for how it is.
    LeftOut(&'a str),
    /// It answers again, and is used again.
    TakenBack,
    /// It has not what another has.
    Lacks,
}

/// How a member is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberFacts {
    /// Its name.
    pub name: String,
    /// Why it is left out, if it is.
    pub trouble: Option<String>,
    /// The calls that it was given.
    pub calls: u64,
    /// Those that it did not answer.
    pub failures: u64,
    /// Those that it is answering.
    pub in_flight: usize,
}

pub(super) struct Member {
    pub(super) name: String,
    open: Opener,
    hsm: OnceLock<Arc<dyn Hsm>>,
    tell: Tell,
    is_out: AtomicBool,
    in_flight: AtomicUsize,
    calls: AtomicU64,
    failures: AtomicU64,
    state: Mutex<State>,
    /// What the group promises, which it must do too.
    pub(super) promised: OnceLock<Capabilities>,
    /// For which others wrap keys, once that is needed.
    pub(super) transport: Mutex<Option<Transport>>,
}

#[derive(Default)]
struct State {
    trouble: String,
    breaker: Breaker,
    /// Whether it was told already that it lacks something.
    lacks: bool,
}

impl Member {
    pub(super) fn new(name: String, open: Opener, tell: Tell) -> Arc<Self> {
        Arc::new(Self {
            name,
            open,
            hsm: OnceLock::new(),
            tell,
            is_out: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            calls: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            state: Mutex::default(),
            promised: OnceLock::new(),
            transport: Mutex::default(),
        })
    }

    /// Opens it. Until that went well it is left out.
    pub(super) fn opened(&self) -> Result<&dyn Hsm> {
        if self.hsm.get().is_none() {
            // Who opened it meanwhile has opened it as well.
            drop(self.hsm.set((self.open)()?));
        }
        let own = self.hsm.get().ok_or_else(|| self.unavailable())?;
        Ok(&**own)
    }

    /// Its HSM, if that is open.
    pub(super) fn hsm(&self) -> Option<&dyn Hsm> {
        self.hsm.get().map(AsRef::as_ref)
    }

    pub(super) fn is_in(&self) -> bool {
        !self.is_out.load(Ordering::Relaxed)
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Calls it, unless it is left out; whoever does not answer is left out from now on.
    pub(super) fn call<T>(self: &Arc<Self>, work: impl FnOnce(&dyn Hsm) -> Result<T>) -> Result<T> {
        let hsm = self.hsm().filter(|_| self.is_in());
        let hsm = hsm.ok_or_else(|| self.unavailable())?;
        self.calls.fetch_add(1, Ordering::Relaxed);
        let flying = Flying::new(&self.in_flight);
        let outcome = work(hsm);
        drop(flying);
        self.judge(outcome)
    }

    /// Leaves it out if that is what an outcome says of it.
    pub(super) fn judge<T>(self: &Arc<Self>, outcome: Result<T>) -> Result<T> {
        if let Err(error) = &outcome
            && is_gone(error)
        {
            self.failures.fetch_add(1, Ordering::Relaxed);
            self.leave_out(error);
        }
        outcome
    }

    /// Leaves it out, and asks it from time to time whether it is back.
    pub(super) fn leave_out(self: &Arc<Self>, why: &Error) {
        let mut state = self.lock();
        if !self.is_in() {
            return;
        }
        let pauses = state.breaker.trip(self.calls.load(Ordering::Relaxed));
        let weak = Arc::downgrade(self);
        let watched = thread::Builder::new()
            .name("group-member".to_owned())
            .spawn(move || watch(&weak, pauses));
        if watched.is_err() {
            // Nobody would take it back, so it stays in.
            return;
        }
        state.trouble = why.to_string();
        self.is_out.store(true, Ordering::Relaxed);
        drop(state);
        (self.tell)(&self.name, Event::LeftOut(&why.to_string()));
    }

    /// It has not what another has: said once, until it is looked into.
    pub(super) fn note_lack(&self) {
        let was_told = std::mem::replace(&mut self.lock().lacks, true);
        if !was_told {
            (self.tell)(&self.name, Event::Lacks);
        }
    }

    pub(super) fn facts(&self) -> MemberFacts {
        let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
        MemberFacts {
            name: self.name.clone(),
            trouble: (!self.is_in()).then(|| self.lock().trouble.clone()),
            calls: count(&self.calls),
            failures: count(&self.failures),
            in_flight: self.in_flight(),
        }
    }

    pub(super) fn unavailable(&self) -> Error {
        Error::Unavailable(format!(
            "{} is left out: {}",
            self.name,
            self.lock().trouble
        ))
    }

    pub(super) fn tell(&self, event: Event<'_>) {
        (self.tell)(&self.name, event);
    }

    /// Takes it back if it answers.
    fn try_back(&self) -> Result<()> {
        let hsm = self.opened()?;
        hsm.health()?;
        let promised = self.promised.get();
        if promised.is_some_and(|promised| !capabilities::covers(hsm, promised)) {
            return Err(Error::Unavailable(CAN_LESS.to_owned()));
        }
        // What is in it may be another token's by now.
        *self
            .transport
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = None;
        let mut state = self.lock();
        state.lacks = false;
        state.breaker.restore(self.calls.load(Ordering::Relaxed));
        self.is_out.store(false, Ordering::Relaxed);
        drop(state);
        self.tell(Event::TakenBack);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an error means that it is the member which fails, and not what it was asked.
pub(super) const fn is_gone(error: &Error) -> bool {
    matches!(
        error,
        Error::Unavailable(_) | Error::Refused(_) | Error::Broken(_)
    )
}

/// Asks a member that is left out until it is back, or until its group is gone.
fn watch(member: &Weak<Member>, pauses: Pauses) {
    for pause in pauses {
        thread::sleep(pause);
        let Some(member) = member.upgrade() else {
            return;
        };
        let Err(error) = member.try_back() else {
            return;
        };
        member.lock().trouble = error.to_string();
        if matches!(error, Error::Refused(_)) && member.hsm().is_none() {
            // The same PIN once more would lock the token.
            return;
        }
    }
}

/// What is said of a member that opened when the others had promised more already.
const CAN_LESS: &str = "it can do less than the group has promised since its start; start the daemon again to promise less";

/// A call that is being answered.
struct Flying<'a>(&'a AtomicUsize);

impl<'a> Flying<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Flying<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
