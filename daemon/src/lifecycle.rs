//! The states of an object: which event leads where, and what each state permits. Pure.

use kmip::{CryptographicUsageMask, State, attribute::Attributes, ttlv::Timestamp};
use store::{Custody, Record};

use crate::{
    error::{Error, Result},
    fault::Fault,
};

/// What happens to an object.
///
/// ```text
///  Pre-Active ──Activate──▶ Active ──Deactivate──▶ Deactivated
///    │   │                    │                      │   │
///    │   └──────Compromise────┴──▶ Compromised ◀─────┘   │
///    │ Destroy                         │ Destroy         │ Destroy
///    ▼                                 ▼                 ▼
///  Destroyed ──Compromise──▶ Destroyed Compromised    Destroyed
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Activate.
    Activate,
    /// Revoke because of a compromise.
    Compromise,
    /// Revoke for any other reason.
    Deactivate,
    /// Destroy.
    Destroy,
}

/// The state that an event leads to (KMIP 2.1 §4.57, transitions 1 to 10).
///
/// # Errors
/// [`Fault::WrongState`] where the standard has no such transition, [`Fault::ObjectDestroyed`] of what is destroyed.
pub fn next(state: State, event: Event) -> Result<State> {
    match (state, event) {
        (State::PreActive, Event::Activate) => Ok(State::Active),
        (State::Active, Event::Deactivate) => Ok(State::Deactivated),
        (State::PreActive | State::Active | State::Deactivated, Event::Compromise) => {
            Ok(State::Compromised)
        }
        (State::PreActive | State::Deactivated, Event::Destroy) => Ok(State::Destroyed),
        (State::Compromised, Event::Destroy) | (State::Destroyed, Event::Compromise) => {
            Ok(State::DestroyedCompromised)
        }
        (State::Destroyed | State::DestroyedCompromised, _) => Err(destroyed()),
        (State::Active, Event::Destroy) => Err(Error::new(
            Fault::WrongState,
            "an active object must be revoked before it is destroyed",
        )),
        _ => Err(Error::new(
            Fault::WrongState,
            "the object's state does not allow this",
        )),
    }
}

/// The state that an event leads to of users, groups and credentials (KMIP 3.0): they protect nothing that has to be
/// revoked before it is destroyed, and one that never had a date to be activated at is deactivated all the same.
///
/// # Errors
/// As of [`next`].
pub fn next_of_account(state: State, event: Event) -> Result<State> {
    match (state, event) {
        (State::PreActive, Event::Deactivate) => Ok(State::Deactivated),
        (State::Active, Event::Destroy) => Ok(State::Destroyed),
        _ => next(state, event),
    }
}

/// Whether a key may be used so, in its state and between its dates (KMIP 2.1 §4.40, §4.41, §4.57).
///
/// An Active key protects until its Protect Stop Date and processes from its Process Start Date on. A Deactivated key
/// only processes what it protected; a Compromised one only where the role says so.
///
/// # Errors
/// [`Fault::WrongState`], or [`Fault::ObjectDestroyed`].
pub fn permits(
    state: State,
    usage: CryptographicUsageMask,
    dates: &Attributes,
    now: Timestamp,
    compromised_too: bool,
) -> Result<()> {
    let protects = usage.intersects(PROTECTING);
    let allowed = match state {
        State::Active if protects => dates.protect_stop_date.is_none_or(|stop| now < stop),
        State::Active => dates.process_start_date.is_none_or(|start| start <= now),
        State::Deactivated => !protects,
        State::Compromised => !protects && compromised_too,
        State::Destroyed | State::DestroyedCompromised => return Err(destroyed()),
        _ => false,
    };
    if allowed {
        Ok(())
    } else {
        Err(Error::new(
            Fault::WrongState,
            "the key's state or dates do not allow this",
        ))
    }
}

/// The error of anything that needs the value of a destroyed object.
#[must_use]
pub fn destroyed() -> Error {
    Error::new(Fault::ObjectDestroyed, "the object is destroyed")
}

/// The error of anything that needs the value of an archived object, or changes it.
#[must_use]
pub fn archived() -> Error {
    Error::new(
        Fault::ObjectArchived,
        "the object is archived; recover it first",
    )
}

/// The error of anything that needs a value that was never here.
#[must_use]
pub fn absent() -> Error {
    Error::new(
        Fault::KeyValueAbsent,
        "the object was registered without its value",
    )
}

/// The error of anything that needs a value that is kept unopened.
#[must_use]
pub fn unopened() -> Error {
    Error::new(
        Fault::WrongObjectType,
        "the object is kept as it came, wrapped or encrypted, and only given back so",
    )
}

/// Whether the object is on-line: neither destroyed nor archived.
///
/// # Errors
/// [`Fault::ObjectDestroyed`] or [`Fault::ObjectArchived`].
pub fn on_line(record: &Record) -> Result<()> {
    match record.custody {
        Custody::Doomed { .. } | Custody::Gone => Err(destroyed()),
        Custody::Archived => Err(archived()),
        Custody::Absent(_)
        | Custody::Hsm { .. }
        | Custody::Public(_)
        | Custody::Sealed { .. }
        | Custody::Unopened { .. } => Ok(()),
    }
}

/// Uses that protect data; the others process what was protected.
pub const PROTECTING: CryptographicUsageMask = CryptographicUsageMask(
    CryptographicUsageMask::Sign.0
        | CryptographicUsageMask::Encrypt.0
        | CryptographicUsageMask::WrapKey.0
        | CryptographicUsageMask::MACGenerate.0
        | CryptographicUsageMask::DeriveKey.0
        | CryptographicUsageMask::Encapsulate.0,
);

#[cfg(test)]
mod tests {
    use super::*;

    /// Every state and every event: what is not in the standard's list of transitions is refused.
    #[test]
    fn the_transitions_are_the_standards() {
        const ALLOWED: &[(State, Event, State)] = &[
            (State::PreActive, Event::Activate, State::Active),
            (State::PreActive, Event::Destroy, State::Destroyed),
            (State::PreActive, Event::Compromise, State::Compromised),
            (State::Active, Event::Compromise, State::Compromised),
            (State::Active, Event::Deactivate, State::Deactivated),
            (State::Deactivated, Event::Destroy, State::Destroyed),
            (State::Deactivated, Event::Compromise, State::Compromised),
            (
                State::Compromised,
                Event::Destroy,
                State::DestroyedCompromised,
            ),
            (
                State::Destroyed,
                Event::Compromise,
                State::DestroyedCompromised,
            ),
        ];
        for state in State::ALL {
            for event in [
                Event::Activate,
                Event::Compromise,
                Event::Deactivate,
                Event::Destroy,
            ] {
                let wanted = ALLOWED
                    .iter()
                    .find(|(from, by, _)| from == state && *by == event);
                assert_eq!(
                    next(*state, event).ok(),
                    wanted.map(|(.., to)| *to),
                    "{state:?} {event:?}"
                );
            }
        }
    }

    #[test]
    fn states_and_dates_bound_the_use() {
        let dates = Attributes {
            process_start_date: Some(Timestamp(10)),
            protect_stop_date: Some(Timestamp(20)),
            ..Attributes::default()
        };
        let at = |state, usage, now| permits(state, usage, &dates, Timestamp(now), false).is_ok();
        let (encrypt, decrypt) = (
            CryptographicUsageMask::Encrypt,
            CryptographicUsageMask::Decrypt,
        );
        assert!(at(State::Active, encrypt, 5) && at(State::Active, encrypt, 19));
        assert!(!at(State::Active, encrypt, 20), "protect stop date");
        assert!(
            !at(State::Active, decrypt, 9) && at(State::Active, decrypt, 10),
            "process start date"
        );
        assert!(!at(State::PreActive, encrypt, 15) && !at(State::PreActive, decrypt, 15));
        assert!(!at(State::Deactivated, encrypt, 15) && at(State::Deactivated, decrypt, 15));
        assert!(!at(State::Compromised, encrypt, 15) && !at(State::Compromised, decrypt, 15));
        assert!(permits(State::Compromised, decrypt, &dates, Timestamp(15), true).is_ok());
        assert!(permits(State::Compromised, encrypt, &dates, Timestamp(15), true).is_err());
        let destroyed =
            permits(State::Destroyed, decrypt, &dates, Timestamp(15), true).unwrap_err();
        assert_eq!(destroyed.fault, Fault::ObjectDestroyed);
    }
}
