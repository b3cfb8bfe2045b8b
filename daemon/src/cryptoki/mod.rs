//! PKCS #11 for callers that reach it through KMIP's PKCS#11 operation: applications, their sessions and their handles.
//!
//! An application is what `C_Initialize` begins and `C_Finalize` ends; it belongs to the principal who began it, and its
//! one slot is that principal's vault. Nothing of it outlives the process.

mod codec;
mod parameter;
mod session;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use kmip::ttlv::Timestamp;
use pkcs11::Ulong;

pub(crate) use self::{
    codec::{Arguments, Entry, Garbled, Output, Room},
    parameter::read,
    session::{Active, Kind, Session, Use},
};
use crate::{identity::Principal, pending::Mark};

/// Bounds of what applications keep here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most applications in all.
    pub all_max: usize,
    /// The most applications of one client.
    pub per_client_max: usize,
    /// The most sessions of one application.
    pub sessions_max: usize,
    /// The most object handles of one application.
    pub handles_max: usize,
    /// The most bytes that one operation in several parts gathers.
    pub parts_bytes_max: usize,
    /// The most bytes that all of them gather.
    pub bytes_max: usize,
    /// How long an application may rest between calls.
    pub age_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            all_max: 256,
            per_client_max: 16,
            sessions_max: 64,
            handles_max: 20_000,
            parts_bytes_max: 1024 * 1024,
            bytes_max: 64 * 1024 * 1024,
            age_max: Duration::from_secs(3600),
        }
    }
}

/// Who is logged in at an application's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum User {
    SecurityOfficer,
    User,
}

/// One caller of `C_Initialize`.
pub(crate) struct Application {
    vault: String,
    principal: String,
    used: Timestamp,
    /// Who is logged in.
    pub(crate) user: Option<User>,
    sessions: BTreeMap<Ulong, Session>,
    ids: HashMap<Ulong, String>,
    handles: HashMap<String, Ulong>,
    last: Ulong,
}

impl Application {
    fn is_of(&self, who: &Principal) -> bool {
        self.vault == who.vault && self.principal == who.name
    }

    const fn next(&mut self) -> Ulong {
        self.last += 1;
        self.last
    }

    /// The handle of an object, a new one where it has none; none when there are too many.
    pub(crate) fn handle(&mut self, id: &str, limits: &Limits) -> Option<Ulong> {
        if let Some(handle) = self.handles.get(id) {
            return Some(*handle);
        }
        if self.handles.len() >= limits.handles_max {
            return None;
        }
        let handle = self.next();
        self.ids.insert(handle, id.to_owned());
        self.handles.insert(id.to_owned(), handle);
        Some(handle)
    }

    /// The object of a handle.
    pub(crate) fn id(&self, handle: Ulong) -> Option<&str> {
        self.ids.get(&handle).map(String::as_str)
    }

    /// Forgets the handle of an object that is gone.
    pub(crate) fn forget(&mut self, handle: Ulong) {
        if let Some(id) = self.ids.remove(&handle) {
            self.handles.remove(&id);
        }
    }

    /// Opens a session; none when there are too many.
    pub(crate) fn open(&mut self, is_read_write: bool, limits: &Limits) -> Option<Ulong> {
        if self.sessions.len() >= limits.sessions_max {
            return None;
        }
        let handle = self.next();
        self.sessions.insert(handle, Session::new(is_read_write));
        Some(handle)
    }

    /// Closes a session: whether there was one. With the last one the login ends (PKCS #11 3.1 §5.6.2).
    pub(crate) fn close(&mut self, handle: Ulong) -> bool {
        let was_open = self.sessions.remove(&handle).is_some();
        if self.sessions.is_empty() {
            self.user = None;
        }
        was_open
    }

    /// Closes every session.
    pub(crate) fn close_all(&mut self) {
        self.sessions.clear();
        self.user = None;
    }

    pub(crate) fn session(&self, handle: Ulong) -> Option<&Session> {
        self.sessions.get(&handle)
    }

    /// How many sessions are open, and how many of them may write.
    pub(crate) fn sessions(&self) -> (usize, usize) {
        let all = self.sessions.values();
        let writing = all.filter(|session| session.is_read_write).count();
        (self.sessions.len(), writing)
    }
}

/// Every application.
pub(crate) struct Applications {
    pub(crate) limits: Limits,
    all: Mutex<HashMap<Mark, Application>>,
}

impl Applications {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            all: Mutex::default(),
        }
    }

    fn all(&self, now: Timestamp) -> MutexGuard<'_, HashMap<Mark, Application>> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let age_max = i64::try_from(self.limits.age_max.as_secs()).unwrap_or(i64::MAX);
        all.retain(|_, own| now.0.saturating_sub(own.used.0) <= age_max);
        all
    }

    /// Begins an application; none when there are too many.
    pub(crate) fn begin(&self, who: &Principal, now: Timestamp) -> Option<Mark> {
        let mut all = self.all(now);
        let own = all.values().filter(|own| own.is_of(who)).count();
        if own >= self.limits.per_client_max || all.len() >= self.limits.all_max {
            return None;
        }
        let mark = uuid::Uuid::new_v4().into_bytes();
        let application = Application {
            vault: who.vault.clone(),
            principal: who.name.clone(),
            used: now,
            user: None,
            sessions: BTreeMap::new(),
            ids: HashMap::new(),
            handles: HashMap::new(),
            last: 0,
        };
        all.insert(mark, application);
        Some(mark)
    }

    /// The application with this mark, or the principal's only one where a call names none: a client of the field sends
    /// no Correlation Value at all. Another principal's does not exist.
    pub(crate) fn find(
        &self,
        who: &Principal,
        named: Option<&[u8]>,
        now: Timestamp,
    ) -> Option<Mark> {
        let all = self.all(now);
        let mut own = all.iter().filter(|(mark, own)| {
            own.is_of(who) && named.is_none_or(|named| named == mark.as_slice())
        });
        let found = own.next().map(|(mark, _)| *mark);
        found.filter(|_| own.next().is_none())
    }

    /// Ends an application.
    pub(crate) fn end(&self, mark: &Mark, now: Timestamp) {
        self.all(now).remove(mark);
    }

    /// Looks at an application, or changes it.
    pub(crate) fn with<R>(
        &self,
        mark: &Mark,
        now: Timestamp,
        look: impl FnOnce(&mut Application) -> R,
    ) -> Option<R> {
        self.all(now).get_mut(mark).map(|own| {
            own.used = now;
            look(own)
        })
    }

    /// Puts a session back after a call, unless it was closed meanwhile.
    pub(crate) fn put_back(&self, mark: &Mark, handle: Ulong, session: Session) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let place = all
            .get_mut(mark)
            .and_then(|own| own.sessions.get_mut(&handle));
        if let Some(place) = place {
            *place = session;
        }
    }

    /// Whether all that is gathered leaves room for so many bytes more.
    pub(crate) fn has_room(&self, bytes: usize, now: Timestamp) -> bool {
        let all = self.all(now);
        let sessions = all.values().flat_map(|own| own.sessions.values());
        sessions.map(Session::bytes).sum::<usize>() + bytes <= self.limits.bytes_max
    }
}

/// The text of a fixed length that the structures of the standard have: filled up with blanks.
pub(crate) fn padded<const N: usize>(text: &str) -> [u8; N] {
    let mut padded = [b' '; N];
    for (place, byte) in padded.iter_mut().zip(text.bytes()) {
        *place = byte;
    }
    padded
}
