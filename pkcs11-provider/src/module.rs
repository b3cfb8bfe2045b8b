//! The module once it is initialised: its slots and its sessions.

use std::{
    path::Path,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use pkcs11::{Result, Rv, Ulong, size};

use crate::{
    config::{Config, Environment},
    handle::Handles,
    log::Log,
    session::Session,
    slot::Slot,
};

/// What a child of `fork` finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fork {
    /// A module that is not initialised.
    Ends,
    /// A copy of the module, with sessions, handles and login.
    GoesOn,
}

/// Everything between `C_Initialize` and `C_Finalize`.
pub(crate) struct Module {
    pub(crate) log: Arc<Log>,
    pub(crate) slots: Vec<Arc<Slot>>,
    pub(crate) fork: Fork,
    sessions: Handles<Session>,
    is_over: AtomicBool,
    /// Who waits for the end.
    waiting: (Mutex<()>, Condvar),
}

impl Module {
    /// The module as this process's configuration says; nothing is connected yet.
    pub(crate) fn of_process(environment: Environment, fork: Fork) -> Result<Self> {
        let by_environment = environment
            .variable("KEYHOLD_PKCS11_LOG")
            .map(|path| Log::to(Path::new(&path)));
        let config = match Config::of_process(environment) {
            Ok(config) => config,
            Err(error) => {
                by_environment
                    .unwrap_or_default()
                    .line(format_args!("{error}"));
                return Err(Rv::GENERAL_ERROR);
            }
        };
        let by_file = || config.log.as_deref().map(Log::to).unwrap_or_default();
        let log = Arc::new(by_environment.unwrap_or_else(by_file));
        let (login, timeout) = (config.login, config.timeout);
        let slots = config.tokens.into_iter().enumerate();
        Ok(Self {
            slots: slots
                .map(|(id, token)| Arc::new(Slot::new(id, token, login, timeout, &log)))
                .collect(),
            log,
            fork,
            sessions: Handles::default(),
            is_over: AtomicBool::new(false),
            waiting: Default::default(),
        })
    }

    /// A copy for a child process, with locks and connections of its own.
    pub(crate) fn forked(&self) -> Self {
        let slots: Vec<_> = self
            .slots
            .iter()
            .map(|slot| Arc::new(slot.forked(&self.log)))
            .collect();
        let sessions = self.sessions.map(|session| {
            let slot = slots.iter().find(|slot| slot.id == session.slot.id);
            slot.map(|slot| session.forked(Arc::clone(slot)))
        });
        Self {
            log: Arc::clone(&self.log),
            slots,
            fork: self.fork,
            sessions,
            is_over: AtomicBool::new(self.is_over()),
            waiting: Default::default(),
        }
    }

    /// The slot with this id.
    pub(crate) fn slot(&self, id: Ulong) -> Result<&Arc<Slot>> {
        self.slots.get(size(id)).ok_or(Rv::SLOT_ID_INVALID)
    }

    /// The session with this handle.
    pub(crate) fn session(&self, handle: Ulong) -> Result<Arc<Session>> {
        self.sessions.find(handle).ok_or(Rv::SESSION_HANDLE_INVALID)
    }

    /// Opens a session.
    pub(crate) fn open_session(&self, slot: Ulong, is_read_write: bool) -> Result<Ulong> {
        let slot = self.slot(slot)?;
        slot.open(is_read_write)?;
        let make = |handle| Session::new(handle, Arc::clone(slot), is_read_write);
        Ok(self.sessions.insert(make).0)
    }

    /// Closes a session; its objects end with it, and the last one logs out.
    pub(crate) fn close_session(&self, handle: Ulong) -> Result<()> {
        let session = self
            .sessions
            .remove(handle)
            .ok_or(Rv::SESSION_HANDLE_INVALID)?;
        Self::end(&session);
        Ok(())
    }

    /// Closes all sessions of a slot.
    pub(crate) fn close_all_sessions(&self, slot: Ulong) -> Result<()> {
        let id = self.slot(slot)?.id;
        for (_, session) in self.sessions.remove_all(|session| session.slot.id == id) {
            Self::end(&session);
        }
        Ok(())
    }

    fn end(session: &Session) {
        session.slot.discard_of(session.handle);
        session.slot.close(session.is_read_write);
    }

    /// Whether it was finalised: calls that were under way find their sessions and objects gone.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    /// Closes everything.
    pub(crate) fn finalise(&self) {
        self.is_over.store(true, Ordering::Release);
        for (_, session) in self.sessions.remove_all(|_| true) {
            Self::end(&session);
        }
        for slot in &self.slots {
            slot.remote.close();
        }
        let (turn, waiting) = &self.waiting;
        let turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.notify_all();
        drop(turn);
    }

    /// Sleeps until another thread finalises the module.
    pub(crate) fn wait_for_end(&self) {
        let (turn, waiting) = &self.waiting;
        let turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = waiting.wait_while(turn, |()| !self.is_over());
        drop(ended);
    }
}
