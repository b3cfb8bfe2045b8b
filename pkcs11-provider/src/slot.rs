//! Slots: one vault each, in the order of the configuration; and who is logged in there.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use cryptoki_sys as ck;
use kmip::mechanism::Hash;
use pkcs11::{
    Facts, Result, Rv, Ulong,
    attribute::{flag_bytes, number_bytes},
    ulong,
};

use crate::{
    config::{Login, Token},
    connect::Endpoint,
    error::{Failure, Names},
    hasher::digest,
    log::Log,
    object::{Object, Objects, destroy},
    pool::Identity,
    remote::Remote,
};

/// The kinds of user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum User {
    /// The security officer.
    SecurityOfficer,
    /// The user.
    User,
}

/// A vault as a slot with its token.
pub(crate) struct Slot {
    pub(crate) id: Ulong,
    pub(crate) label: String,
    /// Sixteen characters that no other token has.
    pub(crate) serial: String,
    pub(crate) needs_login: bool,
    /// Whether it says that it stands on hardware.
    pub(crate) is_hardware: bool,
    pub(crate) remote: Remote,
    pub(crate) objects: Objects,
    /// The mark of this run, which session objects carry at the daemon.
    pub(crate) run: String,
    standing: Mutex<Standing>,
    /// Counts the logouts: operations begun before one are cancelled by it.
    epoch: AtomicU64,
    /// The handle of the object that tells which profile the module keeps.
    profile: Ulong,
}

/// Who is logged in, and how many sessions are open. Login is the application's, not a session's.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Standing {
    pub(crate) user: Option<User>,
    pub(crate) read_only: usize,
    pub(crate) read_write: usize,
}

impl Slot {
    pub(crate) fn new(
        id: usize,
        token: Token,
        login: Login,
        timeout: std::time::Duration,
        log: &Arc<Log>,
    ) -> Self {
        let endpoint = Endpoint::new(token.route, timeout);
        let name = endpoint.name();
        let fingerprint = digest(
            Hash::Sha256,
            &[name.as_bytes(), &[0], token.vault.as_bytes()],
        );
        let serial = fingerprint
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let objects = Objects::default();
        let (profile, _) = objects.insert(profile(), None);
        Self {
            id: ulong(id),
            label: token.vault.clone(),
            serial,
            needs_login: login == Login::Pin,
            is_hardware: token.is_hardware,
            remote: Remote::new(endpoint, token.vault, Arc::clone(log)),
            objects,
            run: format!(
                "{}-{}",
                std::process::id(),
                crate::log::seconds_since_1970()
            ),
            standing: Mutex::default(),
            epoch: AtomicU64::new(0),
            profile,
        }
    }

    /// Who is logged in and how many sessions there are.
    pub(crate) fn standing(&self) -> Standing {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many logouts there were.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// The object that tells the profile.
    pub(crate) const fn profile(&self) -> Ulong {
        self.profile
    }

    /// Whether private objects are to be seen.
    pub(crate) fn shows_private(&self) -> bool {
        !self.needs_login || self.lock().user == Some(User::User)
    }

    /// Counts a session in.
    pub(crate) fn open(&self, read_write: bool) -> Result<()> {
        let mut standing = self.lock();
        if read_write {
            standing.read_write += 1;
        } else {
            // PKCS #11 3.1 §5.6.1: a security officer has no read-only sessions.
            if standing.user == Some(User::SecurityOfficer) {
                return Err(Rv::SESSION_READ_WRITE_SO_EXISTS);
            }
            standing.read_only += 1;
        }
        Ok(())
    }

    /// Counts a session out; the last one logs out.
    pub(crate) fn close(&self, read_write: bool) {
        let mut standing = self.lock();
        if read_write {
            standing.read_write -= 1;
        } else {
            standing.read_only -= 1;
        }
        if standing.read_only + standing.read_write == 0 && standing.user.is_some() {
            self.log_out_from(standing);
        }
    }

    /// Logs in (PKCS #11 3.1 §5.6.8). Nothing is locked while the daemon is asked, which may take its time.
    pub(crate) fn log_in(&self, user: User, name: Option<&str>, pin: &[u8]) -> Result<()> {
        self.lock().takes(user)?;
        let name = name.unwrap_or(match user {
            User::SecurityOfficer => "so",
            User::User => "user",
        });
        let proven = self
            .remote
            .prove(name, pin)
            .map_err(|failure| match failure {
                Failure::Refused(Some(kmip::ResultReason::AuthenticationNotSuccessful)) => {
                    Rv::PIN_INCORRECT
                }
                Failure::Refused(_) => Rv::FUNCTION_FAILED,
                other => other.seen_by(Names::Session),
            })?;
        let mut standing = self.lock();
        // Another login, or a session that stands against a security officer, may have come meanwhile.
        standing.takes(user)?;
        standing.user = Some(user);
        self.remote.log_in(proven);
        Ok(())
    }

    /// Logs out: private objects lose their handles, those of sessions end, and every operation is cancelled.
    pub(crate) fn log_out(&self) -> Result<()> {
        let standing = self.lock();
        if standing.user.is_none() {
            return Err(Rv::USER_NOT_LOGGED_IN);
        }
        self.log_out_from(standing);
        Ok(())
    }

    /// Whoever logs in next must find nothing of this login, and this one's credential must not replace theirs: both end
    /// under one lock.
    fn log_out_from(&self, mut standing: MutexGuard<'_, Standing>) {
        standing.user = None;
        self.epoch.fetch_add(1, Ordering::AcqRel);
        let former = self.remote.log_out();
        let gone = self
            .objects
            .remove_all(|object| self.needs_login && object.facts().is_private);
        drop(standing);
        self.discard(&gone, &former);
    }

    /// Ends what a session leaves behind.
    pub(crate) fn discard_of(&self, session: Ulong) {
        let gone = self.objects.remove_owned(session);
        self.discard(&gone, &self.remote.identity());
    }

    /// Destroys session objects at the daemon. Nobody waits for the outcome, and one failure is enough to give up.
    fn discard(&self, objects: &[Arc<Object>], identity: &Identity) {
        for object in objects {
            let facts = object.facts();
            let held_here = object.is_alias || facts.id.is_empty();
            if object.owner.is_some()
                && !held_here
                && destroy(&self.remote, identity, &facts.id)
                    .is_err_and(|failure| failure.is_of_transport())
            {
                return;
            }
        }
    }
}

impl Standing {
    /// Whether this user may log in as things are.
    fn takes(&self, user: User) -> Result<()> {
        match self.user {
            Some(own) if own == user => Err(Rv::USER_ALREADY_LOGGED_IN),
            Some(_) => Err(Rv::USER_ANOTHER_ALREADY_LOGGED_IN),
            None if user == User::SecurityOfficer && self.read_only > 0 => {
                Err(Rv::SESSION_READ_ONLY_EXISTS)
            }
            None => Ok(()),
        }
    }
}

/// The profile kept: the least one, whose object says that the module is a module (PKCS #11 Profiles 3.1 §3.1).
fn profile() -> Facts {
    let mut facts = Facts::local(
        ck::CKO_PROFILE,
        None,
        [(ck::CKA_PROFILE_ID, number_bytes(ck::CKP_BASELINE_PROVIDER))],
    );
    facts.set(ck::CKA_TOKEN, flag_bytes(true));
    facts
}
