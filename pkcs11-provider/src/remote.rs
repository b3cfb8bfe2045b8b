//! Calls to the daemon: the login's credential goes with each, and one repetition where that is safe.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use kmip::{
    ResultReason, Secret,
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
    run::Run,
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
    /// Held by every exchange, and alone by one that changes the secret of the identity: what is under way with the old
    /// one is answered before.
    passage: RwLock<()>,
    run: Run,
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
                credential: public.clone(),
            })),
            passage: RwLock::default(),
            run: Run::new(public),
            log,
        }
    }

    /// The same daemon and identity, on connections of its own.
    pub(crate) fn forked(&self, log: &Arc<Log>) -> Self {
        Self {
            vault: self.vault.clone(),
            pool: Pool::new(self.pool.endpoint.forked(), Arc::clone(log)),
            identity: RwLock::new(self.identity()),
            passage: RwLock::default(),
            run: self.run.forked(),
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
        let _among_others = self.among_others();
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
        let _among_others = self.among_others();
        self.send(items, again, &self.identity())
    }

    /// The same from somebody who may have logged out meanwhile, for what that leaves to be done.
    pub(crate) fn batch_by(
        &self,
        items: &[OutgoingItem],
        again: Again,
        identity: &Identity,
    ) -> Result<Vec<ResponseItem>, Failure> {
        let _among_others = self.among_others();
        self.send(items, again, identity)
    }

    /// Sends requests of which everything is done or nothing is: the responses, or which one was refused and why.
    pub(crate) fn together<O: Operation>(
        &self,
        requests: &[O::Request],
    ) -> Result<Vec<O::Response>, (usize, Failure)> {
        let items: Vec<_> = requests
            .iter()
            .map(|request| outgoing::<O>(request, VERSION))
            .collect();
        let _among_others = self.among_others();
        let answers = self.exchange(Again::MustNot, &self.identity(), |client| {
            client.send_together(&items)
        });
        let answers = answers.map_err(|failure| (0, failure))?;
        let last = answers.len().saturating_sub(1);
        // Where one failed it is the last, and those before were undone.
        let responses = answers
            .iter()
            .rev()
            .map(|item| incoming::<O>(item, VERSION));
        let mut responses = responses
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| (last, error.into()))?;
        responses.reverse();
        if responses.len() != requests.len() {
            return Err((last, Failure::Unreadable));
        }
        Ok(responses)
    }

    fn among_others(&self) -> RwLockReadGuard<'_, ()> {
        self.passage.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(
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
        let username = if self.pool.endpoint.is_local() {
            format!("{user}@{}", self.vault)
        } else {
            user.to_owned()
        };
        self.check(with_password(username, pin))
    }

    /// Asks the daemon whether a secret is that of whoever is logged in.
    pub(crate) fn prove_again(&self, pin: &[u8]) -> Result<(), Failure> {
        match &self.identity().credential {
            Some(Credential::UsernameAndPassword(own)) if own.password.is_some() => {
                let credential = with_password(own.username.clone(), pin);
                self.check(credential).map(drop)
            }
            _ => Err(Failure::Refused(None)),
        }
    }

    fn check(&self, credential: Credential) -> Result<Proven, Failure> {
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
        let _among_others = self.among_others();
        let answers = self.exchange(Again::May, &identity, |client| client.send(&item))?;
        let answer = answers.first().ok_or(Failure::Unreadable)?;
        incoming::<DiscoverVersions>(answer, VERSION)?;
        Ok(Proven(credential))
    }

    /// Logs in: the credential goes with each request from now on.
    pub(crate) fn log_in(&self, proven: Proven) {
        self.become_identity(Some(proven.0));
    }

    /// Sends a batch that changes the secret of whoever is logged in, and goes on with the new one when `change` says that
    /// it was changed. Nothing else is under way meanwhile.
    pub(crate) fn change_secret<R, E>(
        &self,
        new: &[u8],
        change: impl FnOnce(
            &dyn Fn(&[OutgoingItem]) -> Result<Vec<ResponseItem>, Failure>,
        ) -> Result<R, E>,
    ) -> Result<R, E> {
        let _alone = self.passage.write().unwrap_or_else(PoisonError::into_inner);
        let identity = self.identity();
        let changed = change(&|items| self.send(items, Again::MustNot, &identity))?;
        if let Some(Credential::UsernameAndPassword(own)) = &identity.credential
            && own.password.is_some()
        {
            self.become_identity(Some(with_password(own.username.clone(), new)));
        }
        Ok(changed)
    }

    /// The name of this run, which session objects are marked with.
    pub(crate) fn run(&self) -> Result<String, Failure> {
        self.run.name(&self.pool)
    }

    /// Logs out: the credential is forgotten here and in every idle connection, and left to the caller.
    pub(crate) fn log_out(&self) -> Arc<Identity> {
        let former = self.become_identity(public_credential(&self.pool.endpoint, &self.vault));
        self.pool.forget_identities();
        former
    }

    /// Closes the idle connections.
    pub(crate) fn close(&self) {
        self.run.end(&self.pool);
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
    fn exchange(
        &self,
        again: Again,
        identity: &Identity,
        send: impl Fn(&mut Client<Channel>) -> Result<Vec<ResponseItem>, CallError>,
    ) -> Result<Vec<ResponseItem>, Failure> {
        let deadline = self.pool.endpoint.deadline();
        let mut may_repeat = again == Again::May;
        loop {
            let mut connection = self.pool.take(deadline)?;
            if connection.is_nobodys() {
                // What closed the others may have closed that of the run.
                self.run.keep(&self.pool);
            }
            connection.begin(identity, deadline);
            let answer = send(&mut connection.client);
            // Nobody is served any more by the name of a certificate that was renewed, and nothing was done.
            if is_unknown(&answer) && !self.pool.is_current(&mut connection) {
                continue;
            }
            match answer {
                Ok(answer) => {
                    self.pool.put_back(connection, self.identity().number);
                    return Ok(answer);
                }
                Err(CallError::Refused { reason, .. }) => {
                    self.pool.put_back(connection, self.identity().number);
                    return Err(Failure::Refused(reason));
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

/// Whether the daemon says that it does not know who asks.
fn is_unknown(answer: &Result<Vec<ResponseItem>, CallError>) -> bool {
    let unknown = Some(ResultReason::AuthenticationNotSuccessful);
    match answer {
        Ok(answers) => answers.iter().any(|own| own.result_reason == unknown),
        Err(CallError::Refused { reason, .. }) => *reason == unknown,
        Err(_) => false,
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

fn with_password(username: String, password: &[u8]) -> Credential {
    Credential::UsernameAndPassword(UsernameAndPassword {
        username,
        password: Some(Password(Secret::from(password))),
    })
}
