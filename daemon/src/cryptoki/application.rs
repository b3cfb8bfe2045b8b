//! An application: who is logged in at its token, its sessions and its handles.

use std::collections::{BTreeMap, HashMap};

use kmip::ttlv::Timestamp;
use pkcs11::Ulong;

use super::{Limits, Session};
use crate::identity::{Peer, Principal};

/// Who is logged in at an application's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum User {
    SecurityOfficer,
    User,
}

/// One caller of `C_Initialize`.
pub(crate) struct Application {
    pub(super) vault: String,
    principal: String,
    peer: Peer,
    /// The mark of its run on the objects of its sessions.
    pub(crate) run: String,
    pub(super) used: Timestamp,
    /// The connection that it lives as long as.
    pub(super) held_by: Option<u64>,
    /// Who is logged in.
    pub(crate) user: Option<User>,
    /// The objects of sessions, each with its session.
    owned: HashMap<String, Ulong>,
    pub(super) sessions: BTreeMap<Ulong, Session>,
    ids: HashMap<Ulong, String>,
    handles: HashMap<String, Ulong>,
    last: Ulong,
}

impl Application {
    pub(super) fn new(who: &Principal, run: String, now: Timestamp) -> Self {
        Self {
            vault: who.vault.clone(),
            principal: who.name.clone(),
            peer: who.origin.peer.clone(),
            run,
            used: now,
            held_by: None,
            user: None,
            owned: HashMap::new(),
            sessions: BTreeMap::new(),
            ids: HashMap::new(),
            handles: HashMap::new(),
            last: 0,
        }
    }

    /// Whether it is the principal's, whoever calls by its mark: a peer may log in as a user, and stays the same.
    pub(super) fn is_named_by(&self, who: &Principal) -> bool {
        self.vault == who.vault && (self.principal == who.name || self.peer == who.origin.peer)
    }

    pub(super) fn is_of(&self, who: &Principal) -> bool {
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
            self.owned.remove(&id);
        }
    }

    /// Every handle with its object.
    pub(crate) fn known(&self) -> Vec<(Ulong, String)> {
        let known = self.ids.iter();
        known.map(|(handle, id)| (*handle, id.clone())).collect()
    }

    /// Notes that an object ends with a session.
    pub(crate) fn own(&mut self, id: &str, session: Ulong) {
        self.owned.insert(id.to_owned(), session);
    }

    /// Whether there are objects that end with sessions.
    pub(crate) fn owns_any(&self) -> bool {
        !self.owned.is_empty()
    }

    /// The objects that end with a session, or with all; their handles are forgotten.
    pub(crate) fn disown(&mut self, session: Option<Ulong>) -> Vec<String> {
        let gone = |own: Ulong| session.is_none_or(|session| session == own);
        let ids: Vec<_> = self
            .owned
            .iter()
            .filter(|(_, own)| gone(**own))
            .map(|(id, _)| id.clone())
            .collect();
        for id in &ids {
            self.owned.remove(id);
            if let Some(handle) = self.handles.remove(id) {
                self.ids.remove(&handle);
            }
        }
        ids
    }

    /// Ends what sessions are in the middle of.
    pub(crate) fn cancel_all(&mut self) {
        for session in self.sessions.values_mut() {
            *session = Session::new(session.is_read_write);
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
