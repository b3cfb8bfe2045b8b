//! Calls to the daemon: the login's credential goes with each, and one repetition where that is safe.

use std::sync::{Arc, PoisonError, RwLock};

use kmip::{
    Secret,
    client::{CallError, Client, incoming, outgoing},
    message::{Credential, OutgoingItem, Password, ResponseItem, UsernameAndPassword},
    payload::{
        Operation,
        discover::{DiscoverVersions, DiscoverVersionsRequest},
    },
};

pub(crate) use crate::pool::VERSION;
use crate::{
    connect::{Channel, Endpoint},
    error::Failure,
    log::Log,
    pool::{Identity, Pool},
};

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
    vault: String,
    pool: Pool,
    /// Who the requests come from.
    identity: RwLock<Arc<Identity>>,
    log: Arc<Log>,
}

/// A credential that the daemon has accepted.
pub(crate) struct Proven(Credential);

impl Remote {
    pub(crate) fn new(endpoint: Endpoint, vault: String, log: Arc<Log>) -> Self {
        let public = public_credential(&endpoint, &vault);
        Self {
            vault,
            pool: Pool::new(endpoint, Arc::clone(&log)),
            identity: RwLock::new(Arc::new(Identity {
                number: 1,
                credential: public,
            })),
            log,
        }
    }

    /// The same daemon and identity, on connections of its own.
    pub(crate) fn forked(&self, log: &Arc<Log>) -> Self {
        Self {
            vault: self.vault.clone(),
            pool: Pool::new(self.pool.endpoint.forked(), Arc::clone(log)),
            identity: RwLock::new(self.identity()),
            log: Arc::clone(log),
        }
    }

    /// Calls one operation.
    pub(crate) fn call<O: Operation>(
        &self,
        request: &O::Request,
        again: Again,
    ) -> Result<O::Response, Failure> {
        let items = [outgoing::<O>(request, VERSION)];
        let answers = self.exchange(again, &self.identity(), |client| client.send(&items))?;
        let item = answers.first().ok_or(Failure::Unreadable)?;
        Ok(incoming::<O>(item, VERSION)?)
    }

    /// Sends a batch that goes on after a failure; there is one answer for each item.
    pub(crate) fn batch(
        &self,
        items: &[OutgoingItem],
        again: Again,
    ) -> Result<Vec<ResponseItem>, Failure> {
        self.batch_by(items, again, &self.identity())
    }

    /// The same from somebody who may have logged out meanwhile, for what that leaves to be done.
    pub(crate) fn batch_by(
        &self,
        items: &[OutgoingItem],
        again: Again,
        identity: &Identity,
    ) -> Result<Vec<ResponseItem>, Failure> {
        self.exchange(again, identity, |client| match items {
            [_] => client.send(items),
            _ => client.send_all(items),
        })
    }

    /// Asks the daemon whether it accepts a PIN.
    pub(crate) fn prove(&self, user: &str, pin: &[u8]) -> Result<Proven, Failure> {
        let username = if self.pool.endpoint.is_local() && !user.contains('@') {
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
        // No identity that requests come from has this number.
        let identity = Identity {
            number: 0,
            credential: Some(credential.clone()),
        };
        let answers = self.exchange(Again::May, &identity, |client| client.send(&item))?;
        let answer = answers.first().ok_or(Failure::Unreadable)?;
        incoming::<DiscoverVersions>(answer, VERSION)?;
        Ok(Proven(credential))
    }

    /// Logs in: the credential goes with each request from now on.
    pub(crate) fn log_in(&self, proven: Proven) {
        self.become_identity(Some(proven.0));
    }

    /// Logs out: the credential is forgotten here and in every idle connection, and left to the caller.
    pub(crate) fn log_out(&self) -> Arc<Identity> {
        let former = self.become_identity(public_credential(&self.pool.endpoint, &self.vault));
        self.pool.forget_identities();
        former
    }

    /// Closes the idle connections.
    pub(crate) fn close(&self) {
        self.pool.close();
    }

    /// Replaces the identity and returns the former one.
    fn become_identity(&self, credential: Option<Credential>) -> Arc<Identity> {
        let mut identity = self
            .identity
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let number = identity.number + 1;
        std::mem::replace(&mut *identity, Arc::new(Identity { number, credential }))
    }

    /// Who requests come from.
    pub(crate) fn identity(&self) -> Arc<Identity> {
        Arc::clone(&self.identity.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends and receives within the time of one call, connecting and a repetition included.
    fn exchange<T>(
        &self,
        again: Again,
        identity: &Identity,
        send: impl Fn(&mut Client<Channel>) -> Result<T, CallError>,
    ) -> Result<T, Failure> {
        let deadline = self.pool.endpoint.deadline();
        let mut may_repeat = again == Again::May;
        loop {
            let mut connection = self.pool.take(deadline)?;
            connection.begin(identity, deadline);
            match send(&mut connection.client) {
                Ok(answer) => {
                    self.pool.put_back(connection, self.identity().number);
                    return Ok(answer);
                }
                Err(error) => {
                    let name = self.pool.endpoint.name();
                    // What cannot be read is not repeated in the log: nobody knows what it is.
                    let why = match &error {
                        CallError::Io(error) => error.to_string(),
                        _ => "the answer cannot be read".to_owned(),
                    };
                    self.log.line(format_args!("{name}: {why}"));
                    let failure = Failure::from(error);
                    if !may_repeat || failure != Failure::Lost {
                        return Err(failure);
                    }
                    may_repeat = false;
                }
            }
        }
    }
}

/// Without a login: on the local socket only the vault is named, over TLS the certificate says all.
fn public_credential(endpoint: &Endpoint, vault: &str) -> Option<Credential> {
    endpoint.is_local().then(|| {
        Credential::UsernameAndPassword(UsernameAndPassword {
            username: format!("@{vault}"),
            password: None,
        })
    })
}
