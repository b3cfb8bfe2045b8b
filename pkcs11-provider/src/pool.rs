//! The connections to one daemon: kept while they lie idle, and looked at before they are used again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kmip::{V2_1, Version, client::Client, message::Credential};

use crate::{
    connect::{Channel, Endpoint},
    deadline::Deadline,
    error::Failure,
    log::Log,
};

/// The version of the protocol that the module speaks.
pub(crate) const VERSION: Version = V2_1;

/// The longest response taken.
const RESPONSE_BYTES_MAX: usize = 16 << 20;

/// Idle connections kept: as many as threads call at once in the busiest hosts, for which connecting anew would be the
/// greater part of a call.
const IDLE_MAX: usize = 64;

/// How long one of several connections lies idle before it is closed.
const IDLE_TIME_MAX: Duration = Duration::from_secs(60);

/// Whose credential goes with requests: its number changes with each login and logout.
pub(crate) struct Identity {
    pub(crate) number: u64,
    pub(crate) credential: Option<Credential>,
}

/// A connection, used by one call at a time.
pub(crate) struct Connection {
    pub(crate) client: Client<Channel>,
    /// The number of the identity whose credential the client sends.
    identity: Option<u64>,
    /// The deadline of the last call, which tells how long ago that was.
    last: Deadline,
}

impl Connection {
    /// Starts a call.
    pub(crate) fn begin(&mut self, identity: &Identity, deadline: Deadline) {
        self.last = deadline;
        self.client.stream().begin(deadline);
        if self.identity != Some(identity.number) {
            self.client.set_credential(identity.credential.clone());
            self.identity = Some(identity.number);
        }
    }

    /// Whether no identity's credential is known to the other side: it is new, or was forgotten.
    pub(crate) const fn is_nobodys(&self) -> bool {
        self.identity.is_none()
    }

    /// Whether the daemon has not closed it while it lay idle.
    pub(crate) fn is_open(&mut self, deadline: Deadline) -> bool {
        self.client.stream().begin(deadline);
        self.client.stream().is_open()
    }

    fn forget_identity(&mut self) {
        self.client.set_credential(None);
        self.identity = None;
    }
}

/// The connections to one daemon that lie idle, the one used last at the end.
pub(crate) struct Pool {
    pub(crate) endpoint: Endpoint,
    idle: Mutex<Vec<Connection>>,
    log: Arc<Log>,
}

impl Pool {
    pub(crate) fn new(endpoint: Endpoint, log: Arc<Log>) -> Self {
        Self {
            endpoint,
            idle: Mutex::default(),
            log,
        }
    }

    /// An idle connection that the daemon has not closed meanwhile, or a new one.
    pub(crate) fn take(&self, deadline: Deadline) -> Result<Connection, Failure> {
        loop {
            let Some(mut idle) = self.lock().pop() else {
                break;
            };
            if idle.is_open(deadline) {
                return Ok(idle);
            }
        }
        self.connect(deadline)
    }

    /// Whether a connection was begun with what the configuration's files say now.
    pub(crate) fn is_current(&self, connection: &mut Connection) -> bool {
        self.endpoint
            .is_current(connection.client.stream(), &self.log)
    }

    /// A new connection.
    pub(crate) fn connect(&self, deadline: Deadline) -> Result<Connection, Failure> {
        let connected = self.endpoint.connect(deadline, &self.log);
        let channel = connected.map_err(|error| {
            let name = self.endpoint.name();
            self.log
                .line(format_args!("{name}: cannot connect: {error}"));
            Failure::of_connecting(&error)
        })?;
        Ok(Connection {
            client: Client::new(channel, VERSION, RESPONSE_BYTES_MAX),
            identity: None,
            last: deadline,
        })
    }

    /// Keeps a connection for the next call, which comes from this identity unless there is a login until then.
    pub(crate) fn put_back(&self, mut connection: Connection, current: u64) {
        if connection.identity != Some(current) {
            connection.forget_identity();
        }
        let mut idle = self.lock();
        // The front of the list has waited longest; what waits too long was one for a burst of calls.
        let is_stale =
            |longest: &Connection| longest.last.is_older_than(IDLE_TIME_MAX, connection.last);
        let stale =
            (idle.len() >= IDLE_MAX || idle.first().is_some_and(is_stale)).then(|| idle.remove(0));
        idle.push(connection);
        drop(idle);
        drop(stale);
    }

    /// Has no idle connection send a credential that was valid until now.
    pub(crate) fn forget_identities(&self) {
        self.lock().iter_mut().for_each(Connection::forget_identity);
    }

    /// Closes the idle connections.
    pub(crate) fn close(&self) {
        let idle = std::mem::take(&mut *self.lock());
        drop(idle);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
