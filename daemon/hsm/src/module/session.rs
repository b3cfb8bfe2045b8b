//! The sessions of one token: a bounded pool, one login, and the way back after a token was lost.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use cryptoki::slot::Limit;

use super::{
    ModuleConfig,
    error::{Cure, Fault, Result},
    library::{Library, Use},
    login::Login,
    seat::Seat,
};
use crate::Error;

/// Sessions logged in to one token.
pub(super) struct Pool {
    library: Arc<Library>,
    sessions_max: usize,
    wait: Duration,
    /// Held while a session is opened: one thread at a time finds the token and logs in.
    login: Mutex<Login>,
    changing: Mutex<()>,
    places: Mutex<Places>,
    freed: Condvar,
    /// Counts destroyed keys; a session that has not seen the last one forgets those it missed.
    destroyed: AtomicU64,
    /// The names of the last of them.
    gone: Mutex<VecDeque<Vec<u8>>>,
    beacon: Arc<OnceLock<Vec<u8>>>,
}

struct Places {
    idle: Vec<Place>,
    /// Sessions open, idle or not, and those being opened.
    taken: usize,
    /// Counts losses: an idle session from before the last one is not trusted.
    losses: u64,
}

struct Place {
    seat: Seat,
    epoch: u64,
    losses: u64,
    destroyed: u64,
}

/// A place of the pool while a thread has it; given back, or its session closed, on drop.
struct Lease<'a> {
    pool: &'a Pool,
    place: Option<Place>,
    /// Declared after the place: the module may be restarted only once the session is put away.
    entered: Option<Use>,
    sound: bool,
}

impl Pool {
    /// A pool for the configured token; nothing is opened yet.
    pub(super) fn new(library: Arc<Library>, config: &ModuleConfig) -> Self {
        let sessions_max = sessions_max(&library, config);
        let unwrapped_max = config.unwrapped_keys_max / sessions_max;
        Self {
            sessions_max,
            library,
            wait: config.wait,
            login: Mutex::new(Login::new(config, unwrapped_max)),
            changing: Mutex::new(()),
            places: Mutex::new(Places {
                idle: Vec::new(),
                taken: 0,
                losses: 0,
            }),
            freed: Condvar::new(),
            destroyed: AtomicU64::new(0),
            gone: Mutex::new(VecDeque::new()),
            beacon: Arc::new(OnceLock::new()),
        }
    }

    /// Works in a session; when that is lost, once more in a new one. For work that may be repeated.
    pub(super) fn run<T>(&self, work: impl Fn(&mut Seat) -> Result<T>) -> crate::Result<T> {
        match self.attempt(&work) {
            Err(fault) if fault.cure == Cure::Reconnect => self.attempt(&work),
            other => other,
        }
        .map_err(|fault| fault.error)
    }

    /// Makes an object, once: it must not happen twice. That the token answers is made sure of before.
    pub(super) fn create<T>(&self, work: impl FnOnce(&mut Seat) -> Result<T>) -> crate::Result<T> {
        let _alone = self.alone();
        self.health()?;
        self.attempt(work).map_err(|fault| fault.error)
    }

    /// Destroys a key by its CKA_ID, after which every session forgets its handle before its next use: a module may
    /// give it to another object.
    pub(super) fn destroy<T>(
        &self,
        id: &[u8],
        work: impl Fn(&mut Seat) -> Result<T>,
    ) -> crate::Result<T> {
        let _alone = self.alone();
        let outcome = self.run(work);
        self.note_gone(id);
        outcome
    }

    /// Takes what was unwrapped of a wrapped key out of every session: the idle ones now, the others before their next use.
    pub(super) fn forget(&self, name: &[u8]) {
        self.note_gone(name);
        let Ok(entered) = self.library.enter() else {
            // Without the module there are no sessions, and nothing in them.
            return;
        };
        let mut places = self.places();
        let (mut idle, losses) = (std::mem::take(&mut places.idle), places.losses);
        drop(places);
        for place in &mut idle {
            if (place.epoch, place.losses) == (entered.epoch(), losses) {
                place.forget(self);
            }
        }
        self.places().idle.append(&mut idle);
        self.freed.notify_all();
    }

    fn note_gone(&self, name: &[u8]) {
        let mut gone = self.gone();
        gone.push_back(name.to_vec());
        if gone.len() > GONE_MAX {
            gone.pop_front();
        }
        self.destroyed.fetch_add(1, Ordering::Release);
    }

    /// Whether the token answers.
    pub(super) fn health(&self) -> crate::Result<()> {
        self.run(|seat| {
            if seat.is_alive() {
                Ok(())
            } else {
                Err(Fault::lost("the token does not answer"))
            }
        })
    }

    /// Names the secret key that from now on must be found wherever the token is.
    pub(super) fn set_beacon(&self, id: Vec<u8>) {
        // A second call names the same key or loses nothing: the first stays.
        drop(self.beacon.set(id));
    }

    /// The right to change what is in the token, which one thread has at a time: SoftHSM2 makes broken objects when two
    /// threads change its directory at once.
    fn alone(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gone(&self) -> MutexGuard<'_, VecDeque<Vec<u8>>> {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn attempt<T>(&self, work: impl FnOnce(&mut Seat) -> Result<T>) -> Result<T> {
        let mut lease = self.lease()?;
        let Some(place) = lease.place.as_mut() else {
            return Err(Error::Unavailable("no session".into()).into());
        };
        let outcome = work(&mut place.seat).map_err(|fault| {
            if fault.cure == Cure::Doubt && !place.seat.is_alive() {
                Fault::lost(fault.error.to_string())
            } else {
                fault
            }
        });
        lease.sound = !matches!(&outcome, Err(fault) if fault.cure == Cure::Reconnect);
        if !lease.sound {
            self.places().losses += 1;
        }
        outcome
    }

    /// A sound session: an idle one, or a new one when the pool is not full, after a bounded wait.
    fn lease(&self) -> Result<Lease<'_>> {
        let (mut places, _) = self
            .freed
            .wait_timeout_while(self.places(), self.wait, |places| {
                places.idle.is_empty() && places.taken >= self.sessions_max
            })
            .unwrap_or_else(PoisonError::into_inner);
        let place = places.idle.pop();
        if place.is_none() {
            if places.taken >= self.sessions_max {
                return Err(Error::Unavailable(format!(
                    "all {} sessions were busy for {} ms",
                    self.sessions_max,
                    self.wait.as_millis()
                ))
                .into());
            }
            places.taken += 1;
        }
        let losses = places.losses;
        drop(places);
        let mut lease = Lease {
            pool: self,
            place,
            entered: None,
            sound: false,
        };
        if !lease.renew(losses) {
            lease.connect(losses)?;
        }
        Ok(lease)
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a session, starting the module afresh when it does not see the token.
    fn connect(&self) -> crate::Result<(Seat, Use)> {
        let mut login = self.login.lock().unwrap_or_else(PoisonError::into_inner);
        login.is_due(now())?;
        let epoch = self.library.epoch();
        let mut reached = login.reach(&self.library, &self.beacon);
        if matches!(&reached, Err(fault) if fault.cure == Cure::Reconnect) {
            reached = self
                .library
                .restart(epoch, self.wait)
                .and_then(|()| login.reach(&self.library, &self.beacon));
        }
        match reached {
            Ok(reached) => {
                login.succeeded();
                Ok(reached)
            }
            Err(fault) => {
                login.failed(now());
                Err(fault.error)
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let idle = std::mem::take(&mut self.places().idle);
        if let Ok(entered) = self.library.enter() {
            for place in idle {
                place.close(&entered);
            }
        }
    }
}

impl Lease<'_> {
    /// Whether the idle session that was taken still serves; one that does not is closed.
    fn renew(&mut self, losses: u64) -> bool {
        let Some(place) = self.place.as_mut() else {
            return false;
        };
        let Ok(entered) = self.pool.library.enter() else {
            self.place = None;
            return false;
        };
        if place.epoch != entered.epoch() || place.losses != losses {
            if let Some(place) = self.place.take() {
                place.close(&entered);
            }
            return false;
        }
        if place.destroyed != self.pool.destroyed.load(Ordering::Acquire) {
            place.forget(self.pool);
        }
        self.entered = Some(entered);
        true
    }

    fn connect(&mut self, losses: u64) -> Result<()> {
        let destroyed = self.pool.destroyed.load(Ordering::Acquire);
        let (seat, entered) = self.pool.connect()?;
        self.place = Some(Place {
            seat,
            epoch: entered.epoch(),
            losses,
            destroyed,
        });
        self.entered = Some(entered);
        Ok(())
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let place = match (self.place.take(), &self.entered) {
            (Some(place), Some(entered)) if !self.sound => {
                place.close(entered);
                None
            }
            (place, _) => place,
        };
        let mut places = self.pool.places();
        match place {
            Some(place) => places.idle.push(place),
            None => places.taken -= 1,
        }
        drop(places);
        self.pool.freed.notify_one();
    }
}

impl Place {
    /// Forgets the handles of the keys destroyed since it was last used.
    fn forget(&mut self, pool: &Pool) {
        let gone = pool.gone();
        let destroyed = pool.destroyed.load(Ordering::Acquire);
        match usize::try_from(destroyed.wrapping_sub(self.destroyed)) {
            Ok(missed) if missed <= gone.len() => {
                let missed = gone.iter().rev().take(missed);
                missed.for_each(|id| self.seat.forget(id));
            }
            _ => self.seat.forget_all(),
        }
        self.destroyed = destroyed;
    }

    /// Closes the session, unless the module was restarted: then its handle may be another session's.
    fn close(self, entered: &Use) {
        if self.epoch == entered.epoch() {
            // A session that is lost already may refuse to close.
            drop(self.seat.session.close());
        }
    }
}

/// Destroyed keys that are remembered by name; a session that missed more forgets everything.
const GONE_MAX: usize = 1024;

/// As many sessions as are configured, less what the token does not allow.
fn sessions_max(library: &Arc<Library>, config: &ModuleConfig) -> usize {
    let allowed = library.enter().and_then(|_entered| {
        let tokens = library.tokens()?;
        Ok(tokens
            .into_iter()
            .filter(|(_, info)| config.token.names(info))
            .find_map(|(_, info)| match info.max_rw_session_count() {
                Limit::Max(count) => usize::try_from(count).ok(),
                Limit::Unavailable | Limit::Infinite => None,
            }))
    });
    // A token that is not there yet says nothing; that it is missing is said where it is needed.
    let allowed = allowed.ok().flatten().unwrap_or(usize::MAX);
    config.sessions_max.min(allowed).max(1)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the back-off of a lost token is measured where it is lost, and never told to anyone"
)]
fn now() -> Instant {
    Instant::now()
}
