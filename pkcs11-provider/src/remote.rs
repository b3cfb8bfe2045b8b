//! Calls to the daemon: pooled connections, the login's credential, one repetition where that is safe.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use kmip::{
    Secret, V2_1, Version,
    client::{CallError, Client, incoming, outgoing},
    message::{Credential, OutgoingItem, Password, ResponseItem, UsernameAndPassword},
    payload::{
        Operation,
        discover::{DiscoverVersions, DiscoverVersionsRequest},
    },
};

use crate::{
    connect::{Channel, Endpoint},
    error::Failure,
    log::Log,
};

/// The version of the protocol that the module speaks.
pub(crate) const VERSION: Version = V2_1;

/// The longest response taken.
const RESPONSE_BYTES_MAX: usize = 16 << 20;

/// Idle connections kept; more threads than this open and close their own.
const IDLE_MAX: usize = 8;

/// Whether a request may be sent again when the connection broke before its answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// It changes nothing, or repeating it ends in the same place.
    May,
    /// It makes or changes something.
    MustNot,
}

/// One token's daemon.
pub(crate) struct Remote {
    endpoint: Endpoint,
    vault: String,
    idle: Mutex<Vec<Connection>>,
    identity: RwLock<Identity>,
    log: Arc<Log>,
}

/// Who the requests come from: its number changes with each login and logout.
struct Identity {
    number: u64,
    credential: Option<Credential>,
}

struct Connection {
    client: Client<Channel>,
    /// The identity whose credential the client sends.
    identity: u64,
}

impl Remote {
    pub(crate) fn new(endpoint: Endpoint, vault: String, log: Arc<Log>) -> Self {
        let mut remote = Self {
            endpoint,
            vault,
            idle: Mutex::default(),
            identity: RwLock::new(Identity {
                number: 1,
                credential: None,
            }),
            log,
        };
        let public = remote.public_credential();
        remote.identity = RwLock::new(Identity {
            number: 1,
            credential: public,
        });
        remote
    }

    /// Without a login: on the local socket only the vault is named, over TLS the certificate says all.
    fn public_credential(&self) -> Option<Credential> {
        self.endpoint.is_local().then(|| {
            Credential::UsernameAndPassword(UsernameAndPassword {
                username: format!("@{}", self.vault),
                password: None,
            })
        })
    }

    /// Calls one operation.
    pub(crate) fn call<O: Operation>(
        &self,
        request: &O::Request,
        again: Again,
    ) -> Result<O::Response, Failure> {
        let items = [outgoing::<O>(request, VERSION)];
        let answers = self.exchange(again, |client| client.send(&items))?;
        let item = answers.first().ok_or(Failure::Unreadable)?;
        Ok(incoming::<O>(item, VERSION)?)
    }

    /// Sends a batch that goes on after a failure; there is one answer for each item.
    pub(crate) fn batch(
        &self,
        items: &[OutgoingItem],
        again: Again,
    ) -> Result<Vec<ResponseItem>, Failure> {
        if items.len() == 1 {
            return self.exchange(again, |client| client.send(items));
        }
        self.exchange(again, |client| client.send_all(items))
    }

    /// Logs in: the daemon must accept the credential, which then goes with each request.
    pub(crate) fn log_in(&self, user: &str, pin: &[u8]) -> Result<(), Failure> {
        let username = if self.endpoint.is_local() && !user.contains('@') {
            format!("{user}@{}", self.vault)
        } else {
            user.to_owned()
        };
        let credential = Credential::UsernameAndPassword(UsernameAndPassword {
            username,
            password: Some(Password(Secret::from(pin))),
        });
        let item = [outgoing::<DiscoverVersions>(
            &DiscoverVersionsRequest {
                protocol_version: Vec::new(),
            },
            VERSION,
        )];
        let answers = self.exchange_as(Again::May, 0, &|| Some(credential.clone()), |client| {
            client.send(&item)
        })?;
        let answer = answers.first().ok_or(Failure::Unreadable)?;
        incoming::<DiscoverVersions>(answer, VERSION)?;
        self.become_identity(Some(credential));
        Ok(())
    }

    /// Logs out: the credential is forgotten here and in every idle connection.
    pub(crate) fn log_out(&self) {
        self.become_identity(self.public_credential());
        for connection in self.idle().iter_mut() {
            connection.client.set_credential(None);
            connection.identity = 0;
        }
    }

    /// Closes the idle connections.
    pub(crate) fn close(&self) {
        self.idle().clear();
    }

    fn become_identity(&self, credential: Option<Credential>) {
        let mut identity = self
            .identity
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        identity.number += 1;
        identity.credential = credential;
    }

    fn exchange<T>(
        &self,
        again: Again,
        send: impl Fn(&mut Client<Channel>) -> Result<T, CallError>,
    ) -> Result<T, Failure> {
        let number = self.read_identity().number;
        self.exchange_as(
            again,
            number,
            &|| self.read_identity().credential.clone(),
            send,
        )
    }

    fn read_identity(&self) -> std::sync::RwLockReadGuard<'_, Identity> {
        self.identity.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn exchange_as<T>(
        &self,
        again: Again,
        identity: u64,
        credential: &dyn Fn() -> Option<Credential>,
        send: impl Fn(&mut Client<Channel>) -> Result<T, CallError>,
    ) -> Result<T, Failure> {
        let mut repeated = again == Again::MustNot;
        loop {
            let mut connection = self.connection()?;
            if connection.identity != identity || identity == 0 {
                connection.client.set_credential(credential());
                connection.identity = identity;
            }
            connection.client.stream().begin();
            match send(&mut connection.client) {
                Ok(answer) => {
                    self.put_back(connection);
                    return Ok(answer);
                }
                Err(error) => {
                    let failure = Failure::from(error);
                    self.log
                        .line(format_args!("{}: {failure:?}", self.endpoint.name()));
                    if repeated || failure != Failure::Lost {
                        return Err(failure);
                    }
                    repeated = true;
                }
            }
        }
    }

    /// An idle connection that the daemon has not closed meanwhile, or a new one.
    fn connection(&self) -> Result<Connection, Failure> {
        loop {
            let Some(mut idle) = self.idle().pop() else {
                break;
            };
            if idle.client.stream().is_open() {
                return Ok(idle);
            }
        }
        let channel = self.endpoint.connect().map_err(|error| {
            self.log.line(format_args!(
                "{}: cannot connect: {error}",
                self.endpoint.name()
            ));
            Failure::Unreachable
        })?;
        Ok(Connection {
            client: Client::new(channel, VERSION, RESPONSE_BYTES_MAX),
            identity: 0,
        })
    }

    fn put_back(&self, connection: Connection) {
        let mut idle = self.idle();
        if idle.len() < IDLE_MAX {
            idle.push(connection);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
