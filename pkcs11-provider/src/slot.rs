//! Slots: one vault each, in the order of the configuration; and who is logged in there.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use cryptoki_sys as ck;
use kmip::mechanism::Hash;
use pkcs11::{Result, Rv, Ulong, ulong};

use crate::{
    config::{Login, Token},
    connect::Endpoint,
    error::{Failure, Names},
    features::Features,
    hasher::digest,
    log::Log,
    object::{Object, Objects, destroy},
    pool::Identity,
    random,
    remote::Remote,
    token::{self, Last, Told},
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
    standing: Mutex<Standing>,
    /// What the token said of itself.
    last: Last,
    /// Counts the logouts: operations begun before one are cancelled by it.
    epoch: AtomicU64,
    /// The objects that tell what the module is.
    pub(crate) features: Features,
    /// What operation states are sealed under, as long as a block of SHA-256.
    pub(crate) state_key: [u8; 64],
}

/// Who is logged in, and how many sessions are open. Login is the application's, not a session's.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Standing {
    pub(crate) user: Option<User>,
    /// Whether that is by the vault's own PIN, and not as a user who has a name.
    pub(crate) is_of_vault: bool,
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
        Self {
            id: ulong(id),
            label: token.vault.clone(),
            serial,
            needs_login: login == Login::Pin,
            is_hardware: token.is_hardware,
            remote: Remote::new(endpoint, token.vault, Arc::clone(log)),
            objects: Objects::default(),
            standing: Mutex::default(),
            last: Last::default(),
            epoch: AtomicU64::new(0),
            features: Features::default(),
            state_key: state_key(),
        }
    }

    /// A copy for a child process. Its session objects carry another mark, and those that it inherits stay the parent's.
    pub(crate) fn forked(&self, log: &Arc<Log>) -> Self {
        Self {
            id: self.id,
            label: self.label.clone(),
            serial: self.serial.clone(),
            needs_login: self.needs_login,
            is_hardware: self.is_hardware,
            remote: self.remote.forked(log),
            objects: self.objects.forked(),
            standing: Mutex::new(self.standing()),
            last: Last::default(),
            epoch: AtomicU64::new(self.epoch()),
            features: self.features.clone(),
            state_key: self.state_key,
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

    /// Whether private objects are to be seen.
    pub(crate) fn shows_private(&self) -> bool {
        match self.lock().user {
            Some(User::User) => true,
            Some(User::SecurityOfficer) => false,
            None => !self.needs_login,
        }
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

    /// Logs in (PKCS #11 3.2 §5.6.8, §5.6.9). The vault's own PINs are the user's and the security officer's; who has a
    /// name is a user. Nothing is locked while the daemon is asked, which may take its time.
    pub(crate) fn log_in(&self, user: User, name: Option<&str>, pin: &[u8]) -> Result<()> {
        self.lock().takes(user)?;
        let of_vault = match user {
            User::SecurityOfficer => "so",
            User::User => "user",
        };
        let name = name.map_or(of_vault, |name| self.without_vault(name));
        let is_officers = name == "so";
        if is_officers != (user == User::SecurityOfficer) {
            return Err(if is_officers {
                Rv::PIN_INCORRECT
            } else {
                Rv::USER_TYPE_INVALID
            });
        }
        let is_of_vault = name == of_vault;
        let proven = self
            .changed(self.remote.prove(name, pin))
            .map_err(|failure| self.unproven(failure, user, is_of_vault))?;
        let mut standing = self.lock();
        // Another login, or a session that stands against a security officer, may have come meanwhile.
        standing.takes(user)?;
        standing.user = Some(user);
        standing.is_of_vault = is_of_vault;
        self.remote.log_in(proven);
        Ok(())
    }

    /// A user's name, which may say the vault behind it.
    fn without_vault<'a>(&self, name: &'a str) -> &'a str {
        match name.rsplit_once('@') {
            Some((own, vault)) if vault == self.label => own,
            _ => name,
        }
    }

    /// Whether a PIN is that of the user who is logged in; a use of a key asks for it.
    pub(crate) fn prove(&self, pin: &[u8]) -> Result<()> {
        let standing = self.standing();
        if standing.user != Some(User::User) {
            return Err(Rv::USER_NOT_LOGGED_IN);
        }
        self.changed(self.remote.prove_again(pin))
            .map_err(|failure| self.unproven(failure, User::User, standing.is_of_vault))
    }

    /// What it means that a PIN did not prove who it is of.
    fn unproven(&self, failure: Failure, user: User, is_of_vault: bool) -> Rv {
        match failure {
            Failure::Refused(Some(kmip::ResultReason::AuthenticationNotSuccessful)) => {
                self.why_not(user, is_of_vault)
            }
            Failure::Refused(_) => Rv::FUNCTION_FAILED,
            other => other.seen_by(Names::Session),
        }
    }

    /// Why a login was refused, as far as the token tells it of the vault's own PINs.
    fn why_not(&self, user: User, is_of_vault: bool) -> Rv {
        let Some(told) = self.last.asked(&self.remote) else {
            return Rv::PIN_INCORRECT;
        };
        let locked = match user {
            User::SecurityOfficer => ck::CKF_SO_PIN_LOCKED,
            User::User => ck::CKF_USER_PIN_LOCKED,
        };
        if is_of_vault && told.flags & locked != 0 {
            Rv::PIN_LOCKED
        } else if is_of_vault
            && user == User::User
            && told.flags & ck::CKF_USER_PIN_INITIALIZED == 0
        {
            Rv::USER_PIN_NOT_INITIALIZED
        } else {
            Rv::PIN_INCORRECT
        }
    }

    /// What the daemon says of the token, when it is reached.
    pub(crate) fn told(&self) -> Option<Told> {
        self.last.told(&self.remote)
    }

    /// `C_SetPIN`, in a session that may write.
    pub(crate) fn set_pin(&self, old: &[u8], new: &[u8]) -> Result<()> {
        self.changed(token::set_pin(&self.remote, old, new))
    }

    /// `C_InitPIN`, in a session that may write.
    pub(crate) fn init_pin(&self, pin: &[u8]) -> Result<()> {
        if self.lock().user != Some(User::SecurityOfficer) {
            return Err(Rv::USER_NOT_LOGGED_IN);
        }
        self.changed(token::init_pin(&self.remote, pin))
    }

    /// `C_InitToken`: whatever there was is gone, and so are its handles.
    pub(crate) fn init_token(&self, pin: &[u8], label: &[u8]) -> Result<()> {
        let standing = self.standing();
        if standing.read_only + standing.read_write > 0 {
            return Err(Rv::SESSION_EXISTS);
        }
        self.changed(token::init_token(&self.remote, pin, label))?;
        self.objects
            .remove_all(|object| !object.facts().id.is_empty());
        Ok(())
    }

    /// The outcome of what may have changed what the token says of itself, whether it was done or failed.
    fn changed<T>(&self, outcome: T) -> T {
        self.last.forget();
        outcome
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
            // Whether somebody is logged in or not: a security officer has no read-only sessions.
            _ if user == User::SecurityOfficer && self.read_only > 0 => {
                Err(Rv::SESSION_READ_ONLY_EXISTS)
            }
            Some(_) => Err(Rv::USER_ANOTHER_ALREADY_LOGGED_IN),
            None => Ok(()),
        }
    }
}

/// A key of this run's own; without any random numbers states are sealed all the same, if not against whoever knows that.
fn state_key() -> [u8; 64] {
    let mut key = [0; 64];
    let _ = random::fill(&mut key);
    key
}
