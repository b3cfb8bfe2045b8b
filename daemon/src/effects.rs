//! What an item does outside of the store, and how it is finished or undone.

use std::sync::Arc;

use hsm::KeyRef;
use pkcs11::Ulong;
use store::{ObjectId, Record};

use crate::{
    cryptoki::Session, custody, doubts::Foreseen, notices::Change, pending::Mark, service::Service,
    uses::Counted,
};

/// What an item did outside of the store: keys made before the commit, and what is to go after it: keys, and late answers
/// that were fetched.
#[derive(Default)]
pub(crate) struct Effects {
    made: Vec<(String, KeyRef)>,
    /// What is in doubt until the item has ended.
    foreseen: Vec<Foreseen>,
    broken: Vec<(ObjectId, String, KeyRef)>,
    put_away: Vec<(String, KeyRef)>,
    fetched: Vec<Mark>,
    /// Whether a user, a group or a credential was changed, so that who asks is to be told anew.
    pub(crate) accounts: bool,
    /// Whether a vault was changed, so that it is to be read anew.
    pub(crate) vaults: bool,
    sessions: Vec<((Mark, Ulong), Session)>,
    changes: Vec<Change>,
    used: Vec<(Arc<Record>, Counted)>,
    appeared: Vec<(String, ObjectId)>,
}

impl Effects {
    /// A key that must go again if the item is not committed.
    pub(crate) fn made(&mut self, backend: &str, key: KeyRef) {
        self.made.push((backend.to_owned(), key));
    }

    /// A key that is about to be made.
    pub(crate) fn foreseen(&mut self, key: Option<Foreseen>) {
        self.foreseen.extend(key);
    }

    /// Whether an item before is about to make it.
    pub(crate) fn foresees(&self, backend: &str, terms: &hsm::Terms) -> bool {
        self.foreseen.iter().any(|own| own.is_of(backend, terms))
    }

    /// A key that must go once the item is committed.
    pub(crate) fn broken(&mut self, object: ObjectId, backend: &str, key: KeyRef) {
        self.broken.push((object, backend.to_owned(), key));
    }

    /// A key that is not to stay ready for use once the item is committed.
    pub(crate) fn put_away(&mut self, backend: &str, key: KeyRef) {
        self.put_away.push((backend.to_owned(), key));
    }

    /// A late answer that is forgotten once it is sent.
    pub(crate) fn fetched(&mut self, mark: Mark) {
        self.fetched.push(mark);
    }

    /// A session of PKCS #11 as it is after this item.
    pub(crate) fn put_back(&mut self, key: (Mark, Ulong), session: Session) {
        self.sessions.push((key, session));
    }

    /// A session as items before left it.
    pub(crate) fn session(&self, key: &(Mark, Ulong)) -> Option<&Session> {
        let mut latest = self.sessions.iter().rev();
        latest.find(|(own, _)| own == key).map(|(_, own)| own)
    }

    /// A change of which those are told who listen.
    pub(crate) fn changed(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// A use of a key that counts once the item is committed.
    pub(crate) fn used(&mut self, key: Arc<Record>, of: Counted) {
        self.used.push((key, of));
    }

    /// A new object of a vault, which is put to those who listen for new ones.
    pub(crate) fn appeared(&mut self, vault: &str, object: &ObjectId) {
        self.appeared.push((vault.to_owned(), object.clone()));
    }

    /// Whether an HSM is told of the end, the item being committed or not.
    pub(crate) const fn tell_an_hsm(&self, committed: bool) -> bool {
        if committed {
            !self.broken.is_empty() || !self.put_away.is_empty()
        } else {
            !self.made.is_empty()
        }
    }

    /// The item has its answer: its sessions are what they are, whatever else comes of it.
    pub(crate) fn settle_sessions(&mut self, service: &Service) {
        for ((application, handle), session) in std::mem::take(&mut self.sessions) {
            service.applications.put_back(&application, handle, session);
        }
    }

    /// The item is committed: breaks what is to be broken. What fails is owed, and paid by the jobs.
    pub(crate) fn finish(mut self, service: &Service) {
        self.settle_sessions(service);
        if self.vaults
            && let Err(error) = service.directory.reload()
        {
            tracing::error!(%error, "a changed vault counts from the next start on");
        }
        if self.accounts {
            service.directory.touch();
        }
        service.tell(self.changes, &self.appeared);
        for (key, of) in &self.used {
            service.uses.count(&*service.store, key, *of);
        }
        for (object, backend, key) in self.broken {
            custody::pay(service, &object, &backend, &key);
        }
        for (backend, key) in self.put_away {
            custody::forget(service, &backend, &key);
        }
        for mark in self.fetched {
            service.pending.forget(&mark);
        }
    }

    /// The item is not committed: what was made goes.
    pub(crate) fn undo(self, service: &Service) {
        for (backend, key) in self.made {
            let gone = service.backends.get(&backend).map(|hsm| hsm.destroy(&key));
            if let Some(Err(error)) = gone {
                tracing::error!(backend, %error, "a key that no record names stays in the HSM");
            }
        }
    }
}
