//! Every application there is: found by its mark, held by a connection, ended by a call or by too long a rest.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use kmip::ttlv::Timestamp;
use pkcs11::Ulong;

use super::{Application, Limits, Session};
use crate::{identity::Principal, pending::Mark};

/// Every application.
pub(crate) struct Applications {
    pub(crate) limits: Limits,
    all: Mutex<HashMap<Mark, Application>>,
    runs: Mutex<Runs>,
}

/// Runs that objects of sessions may still be marked with, by their vaults.
#[derive(Default)]
struct Runs {
    /// Those that have ended.
    ended: Vec<(String, String)>,
    /// Those of which nobody knows, and since when: the daemon started anew, and their programs may come back.
    nobodys: HashMap<(String, String), Timestamp>,
}

impl Applications {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            all: Mutex::default(),
            runs: Mutex::default(),
        }
    }

    fn all(&self, now: Timestamp) -> MutexGuard<'_, HashMap<Mark, Application>> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let rest_max = self.rest_max();
        let mut ended = Vec::new();
        all.retain(|_, own| {
            let stays = own.held_by.is_some() || now.0.saturating_sub(own.used.0) <= rest_max;
            if !stays {
                ended.push((own.vault.clone(), own.run.clone()));
            }
            stays
        });
        if !ended.is_empty() {
            self.runs().ended.extend(ended);
        }
        all
    }

    fn rest_max(&self) -> i64 {
        i64::try_from(self.limits.rest_max.as_secs()).unwrap_or(i64::MAX)
    }

    fn runs(&self) -> MutexGuard<'_, Runs> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an application; none when there are too many.
    pub(crate) fn begin(&self, who: &Principal, now: Timestamp) -> Option<Mark> {
        let mark = uuid::Uuid::new_v4().into_bytes();
        self.begin_as(mark, who, now)
    }

    /// Begins an application by a mark that was given before the daemon started anew.
    pub(crate) fn begin_as(&self, mark: Mark, who: &Principal, now: Timestamp) -> Option<Mark> {
        let mut all = self.all(now);
        let own = all.values().filter(|own| own.is_of(who)).count();
        if own >= self.limits.per_client_max || all.len() >= self.limits.all_max {
            return None;
        }
        all.insert(mark, Application::new(who, run_of(&mark), now));
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
        let mut own = all.iter().filter(|(mark, own)| match named {
            Some(named) => named == mark.as_slice() && own.is_named_by(who),
            None => own.is_of(who),
        });
        let found = own.next().map(|(mark, _)| *mark);
        found.filter(|_| own.next().is_none())
    }

    /// Lets an application live as long as a connection does.
    pub(crate) fn hold(&self, mark: &Mark, connection: u64, now: Timestamp) {
        if let Some(own) = self.all(now).get_mut(mark) {
            own.held_by = Some(connection);
        }
    }

    /// Whether an application lives as long as this connection.
    pub(crate) fn is_holding(&self, connection: u64) -> bool {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.values().any(|own| own.held_by == Some(connection))
    }

    /// A connection is gone: what it held rests from now on, for it may be held again.
    pub(crate) fn let_go(&self, connection: u64, now: Timestamp) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let held = all.values_mut();
        for own in held.filter(|own| own.held_by == Some(connection)) {
            own.held_by = None;
            own.used = now;
        }
    }

    /// Which of the runs that objects are marked with are nobody's any more, or have been nobody's for too long.
    pub(crate) fn over(
        &self,
        marked: Vec<(String, String)>,
        now: Timestamp,
    ) -> Vec<(String, String)> {
        let living: HashSet<_> = self
            .all(now)
            .values()
            .map(|own| (own.vault.clone(), own.run.clone()))
            .collect();
        let rest_max = self.rest_max();
        let mut runs = self.runs();
        let Runs { ended, nobodys } = &mut *runs;
        nobodys.retain(|run, _| marked.contains(run) && !living.contains(run));
        let over: Vec<_> = marked
            .into_iter()
            .filter(|run| !living.contains(run))
            .filter(|run| {
                let since = *nobodys.entry(run.clone()).or_insert(now);
                ended.contains(run) || now.0.saturating_sub(since.0) > rest_max
            })
            .collect();
        ended.clear();
        over
    }

    /// Whether any application has a session in a vault.
    pub(crate) fn has_sessions(&self, vault: &str, now: Timestamp) -> bool {
        let all = self.all(now);
        let mut own = all.values().filter(|own| own.vault == vault);
        own.any(|own| !own.sessions.is_empty())
    }

    /// Ends an application.
    pub(crate) fn end(&self, mark: &Mark, now: Timestamp) {
        if let Some(own) = self.all(now).remove(mark) {
            self.runs().ended.push((own.vault, own.run));
        }
    }

    /// Whether objects end with the sessions of the application that a call names; one that it does not name may have any.
    pub(crate) fn owns_any(&self, named: Option<&[u8]>) -> bool {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let mut named = all
            .iter()
            .filter(|(mark, _)| named.is_none_or(|named| named == mark.as_slice()));
        named.any(|(_, own)| own.owns_any())
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

/// The run of the application with a mark. Objects show it, and nobody learns the mark from it.
pub(crate) fn run_of(mark: &Mark) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, mark);
    pkcs11::attribute::run_name(digest.as_ref())
}
