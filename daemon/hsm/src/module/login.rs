//! The one login of a token: finding it, its PIN, and when to try again.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use cryptoki::{
    error::{Error as ModuleError, RvError},
    session::{Session, SessionState, UserType},
    slot::{Slot, TokenInfo},
    types::RawAuthPin,
};
use kmip::Secret;

use super::{
    ModuleConfig, TokenName,
    error::{Cure, Fault, Result},
    library::{Library, Use},
    seat::Seat,
};
use crate::Error;

/// What it takes to log in, and how it went.
pub(super) struct Login {
    token: TokenName,
    pin: Secret,
    /// How many wrapped keys a session holds.
    unwrapped_max: usize,
    /// Why the PIN is not tried again: tokens lock themselves after a few wrong ones.
    refused: Option<String>,
    failures: u32,
    not_before: Option<Instant>,
}

impl Login {
    pub(super) fn new(config: &ModuleConfig, unwrapped_max: usize) -> Self {
        Self {
            token: config.token.clone(),
            pin: config.pin.clone(),
            unwrapped_max,
            refused: None,
            failures: 0,
            not_before: None,
        }
    }

    /// Refuses at once while a refused PIN or the back-off forbids another try.
    pub(super) fn is_due(&self, now: Instant) -> crate::Result<()> {
        if let Some(refused) = &self.refused {
            return Err(Error::Refused(refused.clone()));
        }
        match self.not_before {
            Some(not_before) if now < not_before => Err(Error::Unavailable(format!(
                "{} is lost; the next try is in {} ms",
                self.token,
                (not_before - now).as_millis()
            ))),
            _ => Ok(()),
        }
    }

    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
        self.not_before = None;
    }

    pub(super) fn failed(&mut self, now: Instant) {
        let delay = BACK_OFF_MIN.saturating_mul(1 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        self.not_before = now.checked_add(delay.min(BACK_OFF_MAX));
    }

    /// A logged-in session of the token, which has the object that must exist.
    pub(super) fn reach(
        &mut self,
        library: &Arc<Library>,
        beacon: &Arc<OnceLock<Vec<u8>>>,
    ) -> Result<(Seat, Use)> {
        let entered = library.enter()?;
        let (slot, info) = self.find(library)?;
        let session = library.module.open_rw_session_no_drop(slot)?;
        if let Err(fault) = self.log_in(&session, &info) {
            drop(session.close());
            return Err(fault);
        }
        let (own, beacon) = (Arc::clone(library), Arc::clone(beacon));
        let seat = Seat::new(session, own, beacon, self.unwrapped_max);
        if !seat.is_alive() {
            drop(seat.session.close());
            return Err(Fault::lost(format!(
                "{} answers but has lost its objects",
                self.token
            )));
        }
        Ok((seat, entered))
    }

    /// The slot of the token, by what the configuration calls it; slots are renumbered, tokens keep their names.
    fn find(&self, library: &Library) -> Result<(Slot, TokenInfo)> {
        let mut present = library.tokens()?;
        let mut matching = present
            .iter()
            .enumerate()
            .filter(|(_, (_, info))| self.token.names(info))
            .map(|(place, _)| place);
        match (matching.next(), matching.next()) {
            (Some(place), None) => Ok(present.swap_remove(place)),
            (Some(_), Some(_)) => Err(Error::Unavailable(format!(
                "several tokens match {}; name it by serial: {}",
                self.token,
                list(&present)
            ))
            .into()),
            (None, _) => Err(Fault::lost(format!(
                "{} is not present; the module shows {}",
                self.token,
                list(&present)
            ))),
        }
    }

    fn log_in(&mut self, session: &Session, info: &TokenInfo) -> Result<()> {
        if session.get_session_info()?.session_state() == SessionState::RwUser {
            return Ok(());
        }
        if info.user_pin_locked() {
            return Err(self.refuse("has locked its user PIN; unlock it as its security officer"));
        }
        if info.user_pin_final_try() {
            return Err(self.refuse(
                "has one try of its user PIN left, which is not spent here; log in by hand once",
            ));
        }
        let outcome = if self.pin.is_empty() && info.protected_authentication_path() {
            session.login(UserType::User, None)
        } else {
            let pin = RawAuthPin::new(Box::new(self.pin.expose().to_vec()));
            session.login_with_raw(UserType::User, &pin)
        };
        match outcome {
            Ok(()) | Err(ModuleError::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(ModuleError::Pkcs11(
                RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange,
                _,
            )) => Err(self.refuse("refused the PIN, which is not tried again; correct it")),
            Err(ModuleError::Pkcs11(RvError::PinLocked, _)) => {
                Err(self.refuse("has locked its user PIN; unlock it as its security officer"))
            }
            Err(ModuleError::Pkcs11(RvError::PinExpired, _)) => {
                Err(self.refuse("wants a new user PIN; change it"))
            }
            Err(e) => Err(e.into()),
        }
    }

    fn refuse(&mut self, why: &str) -> Fault {
        let text = format!("{} {why}", self.token);
        self.refused = Some(text.clone());
        Fault {
            error: Error::Refused(text),
            cure: Cure::None,
            said: None,
        }
    }
}

/// The tokens present, for a person who mistyped one.
fn list(present: &[(Slot, TokenInfo)]) -> String {
    if present.is_empty() {
        return "no token".into();
    }
    let names: Vec<_> = present
        .iter()
        .map(|(_, info)| format!("\"{}\" (serial {})", info.label(), info.serial_number()))
        .collect();
    names.join(", ")
}

const BACK_OFF_MIN: Duration = Duration::from_millis(100);
const BACK_OFF_MAX: Duration = Duration::from_secs(5);
