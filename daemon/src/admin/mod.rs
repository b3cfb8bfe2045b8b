//! Administration: what operators ask at the local socket, by the same service, policy and trail as everybody.

mod backup;
mod belongings;
mod ca;
mod client;
mod group;
mod key;
pub mod manifest;
mod moving;
mod orphans;
pub mod protocol;
mod reload;
mod status;
mod user;
mod vault;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use serde::Serialize;
use zeroize::Zeroizing;

use self::protocol::{Answer, Call, Command, LINE_BYTES_MAX, Refused};
pub use self::{
    belongings::{BackupFile, Belongings, Inventory},
    reload::Reloader,
};
use crate::{
    audit::{Durability, Event, FileTrail, Trail},
    authority,
    clock::Clock,
    error::{Error, Result},
    fault::Fault,
    pki::Authority,
    service::Service,
};

/// What administration is made of.
pub struct Parts {
    /// Serves KMIP.
    pub service: Arc<Service>,
    /// Where events are recorded; the service's own.
    pub trail: Arc<FileTrail>,
    /// The time; the service's own.
    pub clock: Arc<Clock>,
    /// Issues certificates; absent where clients have those of another authority.
    pub authority: Option<Authority>,
    /// The users who may administer.
    pub administrators: Vec<u32>,
    /// What belongs into a backup beside the records.
    pub belongings: Inventory,
    /// The name of the store's file, in the data directory and so in a backup.
    pub store_file: String,
    /// Reads the configuration anew.
    pub reloader: Reloader,
}

/// Answers administrators.
pub struct Admin {
    parts: Parts,
    started: Instant,
    /// One change at a time, so that what was checked still holds when it is done.
    changes: Mutex<()>,
    /// The vault that is on its way into another HSM.
    journey: Mutex<Option<moving::Journey>>,
    /// The group that is being looked through.
    tour: Mutex<Option<group::Tour>>,
}

/// What a command is about to do. It is recorded first and done then.
struct Deed<'a, R> {
    /// The vault that it concerns; the appliance when empty.
    vault: String,
    /// The object that it concerns.
    object: Option<String>,
    /// What else the trail should say.
    note: Option<String>,
    /// Whether the service records it, because it is done by KMIP messages.
    is_service_recorded: bool,
    /// Whether other changes need not wait for it: a long backup must not hold a revocation up.
    lets_others_pass: bool,
    /// Does it.
    act: Box<dyn FnOnce() -> Result<R> + 'a>,
}

impl<'a, R> Deed<'a, R> {
    /// A deed of the appliance as a whole.
    fn new(act: impl FnOnce() -> Result<R> + 'a) -> Self {
        Self {
            vault: String::new(),
            object: None,
            note: None,
            is_service_recorded: false,
            lets_others_pass: false,
            act: Box::new(act),
        }
    }

    /// A deed in a vault, on a vault, client or key with this name.
    fn on(vault: &str, object: &str, act: impl FnOnce() -> Result<R> + 'a) -> Self {
        Self {
            vault: vault.to_owned(),
            object: Some(object.to_owned()),
            ..Self::new(act)
        }
    }
}

/// How a command is done.
trait Execute: Command {
    /// Checks everything that can be checked before it is done.
    fn prepare(self, admin: &Admin, uid: u32) -> Result<Deed<'_, Self::Reply>>;
}

/// The name of a line whose command is not known.
const UNKNOWN: &str = "Administration";

impl Admin {
    /// Puts administration together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            started: parts.clock.instant(),
            parts,
            changes: Mutex::new(()),
            journey: Mutex::new(None),
            tour: Mutex::new(None),
        }
    }

    /// Whether a user may administer.
    pub(crate) fn is_administrator(&self, uid: u32) -> bool {
        self.parts.administrators.contains(&uid)
    }

    /// Answers one line of a user of the local socket with one line, without its end. It may wait for a disk.
    #[must_use]
    pub fn answer(&self, uid: u32, line: &str) -> Zeroizing<String> {
        self.dispatch(uid, line)
            .unwrap_or_else(|error| say(&Answer::<()>::Refused(refused(&error))))
    }

    fn dispatch(&self, uid: u32, line: &str) -> Result<Zeroizing<String>> {
        macro_rules! route {
            ($name:expr, $($command:ident),*) => {
                match $name {
                    $(protocol::$command::NAME => self.run::<protocol::$command>(uid, line),)*
                    other => self.refuse(uid, UNKNOWN, invalid(format!(
                        "there is no command {other:?}; is the daemon older than the command line?"
                    ))),
                }
            };
        }
        self.admit(uid, line)?;
        let call: Call<serde::de::IgnoredAny> = match serde_json::from_str(line) {
            Ok(call) => call,
            Err(error) => return self.refuse(uid, UNKNOWN, unreadable(&error)),
        };
        route!(
            call.command.as_str(),
            VaultCreate,
            VaultSet,
            VaultList,
            VaultShow,
            VaultMoveCheck,
            VaultMove,
            CaCreate,
            CaShow,
            ClientIssue,
            ClientEnroll,
            ClientList,
            ClientRevoke,
            UserCreate,
            UserList,
            UserShow,
            UserRemove,
            KeyCreate,
            KeyList,
            KeyShow,
            KeyActivate,
            KeyRevoke,
            KeyDestroy,
            KeyPut,
            KeyTransport,
            KeyImport,
            KeyForeign,
            KeyAdopt,
            GroupList,
            GroupDrift,
            GroupRepair,
            GroupOrphans,
            GroupOrphansDestroy,
            Reload,
            Status,
            AuditHeads,
            BackupCreate
        )
    }

    fn admit(&self, uid: u32, line: &str) -> Result<()> {
        let refusal = if !self.is_administrator(uid) {
            let message =
                format!("user {uid} may not administer this appliance; see `uids` under [admin]");
            Error::new(Fault::NotPermitted, message)
        } else if line.len() > LINE_BYTES_MAX {
            invalid("the line is longer than 1 MiB")
        } else {
            return Ok(());
        };
        self.refuse(uid, UNKNOWN, refusal).map(drop)
    }

    /// Reads, checks, records and does one command.
    fn run<C: Execute>(&self, uid: u32, line: &str) -> Result<Zeroizing<String>> {
        let command: Call<C> = match serde_json::from_str(line) {
            Ok(command) => command,
            Err(error) => return self.refuse(uid, C::NAME, unreadable(&error)),
        };
        let guard = C::CHANGES.then(|| self.changes.lock().unwrap_or_else(PoisonError::into_inner));
        let deed = match command.arguments.prepare(self, uid) {
            Ok(deed) => deed,
            Err(error) => return self.refuse(uid, C::NAME, error),
        };
        let peer = format!("administrator uid:{uid}");
        let mut event = self.event(C::NAME, &peer);
        event.vault = &deed.vault;
        event.object = deed.object;
        event.note = deed.note.map(Into::into);
        event.outcome = "Success";
        let durability = if C::CHANGES {
            Durability::Durable
        } else {
            Durability::Grouped
        };
        if !deed.is_service_recorded {
            self.record(&event, durability)?;
        }
        let guard = guard.filter(|_| !deed.lets_others_pass);
        let result = (deed.act)();
        drop(guard);
        match result {
            Ok(reply) => Ok(say(&Answer::Done(reply))),
            Err(error) if deed.is_service_recorded => Err(error),
            Err(error) => {
                // The trail says that it was done, which it was not.
                event.outcome = "NotCommitted";
                self.record(&event, Durability::Grouped)?;
                Err(error)
            }
        }
    }

    /// Records that a command was refused.
    fn refuse(&self, uid: u32, operation: &'static str, error: Error) -> Result<Zeroizing<String>> {
        let peer = format!("administrator uid:{uid}");
        let mut event = self.event(operation, &peer);
        event.outcome = error.fault.name();
        self.record(&event, Durability::Grouped)?;
        Err(error)
    }

    fn event<'a>(&self, operation: &'static str, peer: &'a str) -> Event<'a> {
        Event {
            time: self.parts.clock.now(),
            vault: "",
            principal: peer,
            peer,
            operation,
            object: None,
            outcome: "",
            note: None,
            version: None,
        }
    }

    /// Records what is done to the value of one object of many.
    fn record_change(
        &self,
        (operation, peer): (&'static str, &str),
        record: &store::Record,
        note: &str,
        outcome: &'static str,
    ) -> Result<()> {
        let mut event = self.event(operation, peer);
        event.vault = authority::vault_of(record);
        event.object = Some(record.id.0.clone());
        event.note = Some(note.to_owned().into());
        event.outcome = outcome;
        self.record(&event, Durability::Durable)
    }

    fn record(&self, event: &Event<'_>, durability: Durability) -> Result<()> {
        self.parts
            .trail
            .append(event, durability)
            .map_err(|failed| {
                tracing::error!(error = %failed, "not done, because it cannot be audited");
                Error::new(
                    Fault::Internal,
                    format!("nothing is done, because {failed}"),
                )
            })
    }
}

fn say<R: Serialize>(answer: &Answer<R>) -> Zeroizing<String> {
    // Room for a private key from the beginning: what grows leaves copies behind.
    let mut bytes = Vec::with_capacity(32_768);
    if let Err(error) = serde_json::to_writer(&mut bytes, answer) {
        tracing::error!(%error, "an answer cannot be written");
    }
    Zeroizing::new(String::from_utf8(bytes).unwrap_or_default())
}

/// Administrators see causes: it is for them to mend things.
fn refused(error: &Error) -> Refused {
    let message = match error.cause() {
        Some(cause) if error.fault == Fault::Internal => format!("{}: {cause}", error.message()),
        _ => error.message().to_owned(),
    };
    Refused {
        fault: error.fault.name().to_owned(),
        message,
    }
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(Fault::InvalidField, message)
}

fn unreadable(error: &serde_json::Error) -> Error {
    // Where, and not what: the line may hold a PIN.
    let (line, column) = (error.line(), error.column());
    let what = match error.classify() {
        serde_json::error::Category::Data => "does not fit the command",
        _ => "is not JSON",
    };
    invalid(format!(
        "the request {what}, at line {line} column {column}"
    ))
}

/// Whether a name is fit for people, files and tokens.
fn check_name(what: &str, name: &str, bytes_max: usize) -> Result<()> {
    let unfit = |why: &str| Err(invalid(format!("the {what}'s name {why}")));
    if name.is_empty() || name.len() > bytes_max {
        return unfit(&format!("has 1 to {bytes_max} bytes"));
    }
    if name.chars().any(crate::audit::is_unsafe_to_show) || name.trim() != name {
        return unfit("has no control characters, and no spaces around it");
    }
    if name.contains('/') || name.contains('@') || name.starts_with('.') {
        return unfit("has no \"/\" or \"@\", and does not begin with a dot");
    }
    Ok(())
}
