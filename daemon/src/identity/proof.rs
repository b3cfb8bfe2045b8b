//! What the credentials of a message prove: each is checked once, slowly, and the claim is held against the accounts
//! from then on.

use std::sync::Arc;

use kmip::{
    ObjectType, Secret,
    message::{self, Credential},
    ttlv::TimestampExtended,
};
use store::{ObjectId, Record, Vault};

use super::{
    account::{self, Accounts},
    attestation_failed, not_authenticated,
    verifier::Verifier,
};
use crate::{
    directory::{Directory, Guess, OFFICER, USER, vault_pin},
    error::{Error, Result},
    pin::{self, Refused},
};

/// What was proven beside the peer's own identity.
#[derive(Clone, Default)]
pub(crate) struct Claim {
    user: Option<ProvenUser>,
    /// Which of the vault's PINs, and its verifier.
    pin: Option<(String, String)>,
}

/// A user, and the credentials that proved it.
#[derive(Clone)]
struct ProvenUser {
    id: ObjectId,
    credentials: Vec<Arc<Record>>,
}

/// What credentials proved, and what the server proves in return.
#[derive(Default)]
pub(super) struct Proof {
    pub(super) claim: Claim,
    pub(super) server_hashed_password: Option<Secret>,
}

/// A hashed password is as old as this at most, or as far ahead.
const CLOCKS_DIFFER_SECONDS_MAX: u64 = 300;

/// How often a credential that another connection used at the same time is looked at again.
const TRIES_MAX: u32 = 5;

impl Claim {
    /// Whether the vault's user PIN was proven, or a user.
    pub(super) fn is_of_user(&self) -> bool {
        self.user.is_some() || self.has_pin(USER)
    }

    /// Whether the security officer's PIN was proven.
    pub(super) fn is_officer(&self) -> bool {
        self.has_pin(OFFICER)
    }

    fn has_pin(&self, which: &str) -> bool {
        self.pin.as_ref().is_some_and(|(own, _)| own == which)
    }

    /// The password by which a user was proven, where it was that alone.
    pub(crate) fn password(&self) -> Option<&ObjectId> {
        match self.user.as_ref()?.credentials.as_slice() {
            [own] if own.object_type == ObjectType::PasswordCredential => Some(&own.id),
            _ => None,
        }
    }

    /// Whether a user was proven, and not a PIN of the vault.
    pub(crate) fn is_named(&self) -> bool {
        self.user.is_some()
    }

    /// The user, as the store has it, while what was proven still holds: the account is good, and the credential is the
    /// one that was checked.
    pub(super) fn user(
        &self,
        accounts: &Accounts<'_>,
        vault: &Vault,
    ) -> Result<Option<Arc<Record>>> {
        if let Some((which, verifier)) = &self.pin
            && vault_pin(vault, which) != Some(verifier)
        {
            return Err(not_authenticated());
        }
        let Some(proven) = &self.user else {
            return Ok(None);
        };
        let user = accounts.store.record(&proven.id)?;
        let user = user.filter(|user| {
            user.vault == vault.name
                && user.object_type == ObjectType::User
                && account::counts(user, accounts.now)
        });
        let user = user.ok_or_else(not_authenticated)?;
        let now = accounts.credentials(&user)?;
        let holds = proven.credentials.iter().all(|known| {
            now.iter()
                .any(|own| own.id == known.id && is_same(own, known))
        });
        if holds {
            Ok(Some(user))
        } else {
            Err(not_authenticated())
        }
    }
}

/// What is used up changes with each use; the others are the same while their secrets are.
fn is_same(one: &Record, other: &Record) -> bool {
    let changes = matches!(
        one.object_type,
        ObjectType::OneTimePasswordCredential | ObjectType::HashedPasswordCredential
    );
    changes || one.custody == other.custody
}

/// Checks the credentials of a message, of which all must hold, and all for one user (KMIP 2.1 §9.4).
pub(super) fn prove(
    credentials: &[Credential],
    vault: &Vault,
    accounts: &Accounts<'_>,
) -> Result<Proof> {
    let mut proof = Proof::default();
    for credential in credentials {
        let prover = Prover { vault, accounts };
        match credential {
            Credential::UsernameAndPassword(own) => prover.password(own, &mut proof)?,
            Credential::Device(own) => prover.device(own, &mut proof.claim)?,
            Credential::OneTimePassword(own) => prover.one_time(own, &mut proof.claim)?,
            Credential::HashedPassword(own) => prover.hashed(own, &mut proof)?,
            // Nothing here can tell a good measurement from a bad one, so none is accepted.
            Credential::Attestation(_) => return Err(attestation_failed()),
            Credential::Ticket(_) | Credential::NotServed(_) => return Err(not_authenticated()),
        }
    }
    Ok(proof)
}

struct Prover<'a> {
    vault: &'a Vault,
    accounts: &'a Accounts<'a>,
}

impl Prover<'_> {
    fn directory(&self) -> &Directory {
        self.accounts.directory
    }

    /// A guess at an account, which has one count, whether its name is said with the vault's behind it or without.
    fn guess<'a>(&'a self, account: &'a str) -> Guess<'a> {
        let short = |name: &'a str| name.strip_suffix(&*self.vault.name)?.strip_suffix('@');
        let mut account = account;
        while let Some(name) = short(account) {
            account = name;
        }
        Guess {
            vault: &self.vault.name,
            account,
            now: self.accounts.now,
        }
    }

    /// The user that a credential names: by the whole name, or without the vault's name behind it.
    fn user(&self, username: &str) -> Result<Option<Arc<Record>>> {
        let vault = &self.vault.name;
        let found = match self.accounts.user(vault, username)? {
            None => match username.rsplit_once('@') {
                Some((name, own)) if own == vault => self.accounts.user(vault, name)?,
                _ => None,
            },
            found => found,
        };
        Ok(found.filter(|user| account::counts(user, self.accounts.now)))
    }

    fn password(&self, own: &message::UsernameAndPassword, proof: &mut Proof) -> Result<()> {
        let given = secret(own.password.as_ref());
        let (name, _) = super::split(&own.username, self.directory());
        if let Some(verifier) = vault_pin(self.vault, name) {
            self.directory()
                .verify_pin(&self.vault.name, name, &given, self.accounts.now)
                .map_err(refused)?;
            proof.claim.pin = Some((name.to_owned(), verifier.clone()));
            return Ok(());
        }
        // On the local socket a name that is only "@vault" chooses the vault, and proves nothing.
        if own.username.starts_with('@') && name.is_empty() {
            return Ok(());
        }
        let user = self.user(&own.username)?;
        let credential = self.check_password(user.as_deref(), &own.username, &given)?;
        let user = user.ok_or_else(not_authenticated)?;
        claim_user(&mut proof.claim, &user, credential)
    }

    /// The password credential that a password is of. Who is not known takes as long as who is wrong.
    fn check_password(
        &self,
        user: Option<&Record>,
        username: &str,
        given: &Secret,
    ) -> Result<Arc<Record>> {
        let mut refusal = Refused::NotSet;
        let known = user.map(|user| self.accounts.credentials(user));
        let known = known.transpose()?.into_iter().flatten();
        for record in known.filter(|own| own.object_type == ObjectType::PasswordCredential) {
            if let Verifier::Password { verifier } = self.accounts.opened(&record)? {
                let guess = self.guess(username);
                match self
                    .directory()
                    .verify(&guess, &record.id.0, &verifier, given)
                {
                    Ok(()) => return Ok(record),
                    Err(own) => refusal = own,
                }
            }
        }
        if refusal == Refused::NotSet {
            pin::waste_time(given);
        }
        Err(refused(refusal))
    }

    /// A device is recognised by its identifiers and its password, and acts for the user that has it.
    fn device(&self, own: &message::Device, claim: &mut Claim) -> Result<()> {
        let found = self.accounts.devices(&self.vault.name, own)?;
        let given = secret(own.password.as_ref());
        for record in found {
            if !account::counts(&record, self.accounts.now) {
                continue;
            }
            let guess = self.guess(&record.id.0);
            match self.accounts.opened(&record)? {
                Verifier::Device { verifier: None } if own.password.is_none() => {}
                Verifier::Device {
                    verifier: Some(verifier),
                } => self
                    .directory()
                    .verify(&guess, &record.id.0, &verifier, &given)
                    .map_err(refused)?,
                _ => continue,
            }
            let holders = self.accounts.holders(&self.vault.name, &record.id)?;
            let mut good = holders
                .iter()
                .filter(|user| account::counts(user, self.accounts.now));
            let user = good.next().ok_or_else(not_authenticated)?;
            return claim_user(claim, user, record);
        }
        pin::waste_time(&given);
        Err(not_authenticated())
    }

    /// A one-time password is used up before it counts, durably. A user that has a password too must give it.
    fn one_time(&self, own: &message::OneTimePassword, claim: &mut Claim) -> Result<()> {
        let user = self.user(&own.username)?;
        let known = match &user {
            Some(user) => self.accounts.credentials(user)?,
            None => Vec::new(),
        };
        let has_password = known
            .iter()
            .any(|record| record.object_type == ObjectType::PasswordCredential);
        if has_password || own.password.is_some() {
            let given = secret(own.password.as_ref());
            let credential = self.check_password(user.as_deref(), &own.username, &given)?;
            let user = user.as_ref().ok_or_else(not_authenticated)?;
            claim_user(claim, user, credential)?;
        }
        self.guessed(&own.username, || {
            for record in known {
                if record.object_type == ObjectType::OneTimePasswordCredential
                    && let Some(user) = &user
                    && let Some(spent) = self.replace(&record.id, |kept| {
                        Ok(kept
                            .spend(&own.one_time_password.0, self.accounts.now)?
                            .map(|kept| (kept, ())))
                    })?
                {
                    return Ok(Some(claim_user(claim, user, spent.0)));
                }
            }
            Ok(None)
        })
    }

    /// One guess at a user's secret, which is counted: none where it is wrong.
    fn guessed(
        &self,
        username: &str,
        make: impl FnOnce() -> Result<Option<Result<()>>>,
    ) -> Result<()> {
        let guess = self.guess(username);
        self.directory().in_turn(&guess, || {
            self.directory().may_guess(&guess).map_err(refused)?;
            let made = make()?;
            self.directory().guessed(&guess, made.is_some());
            made.unwrap_or_else(|| Err(not_authenticated()))
        })
    }

    /// The time of a hashed password only rises, so that none counts twice.
    fn hashed(&self, own: &message::HashedPassword, proof: &mut Proof) -> Result<()> {
        let known = match self
            .user(&own.username)?
            .filter(|_| self.is_timely(own.time_stamp))
        {
            Some(user) => {
                let credentials = self.accounts.credentials(&user)?;
                credentials
                    .into_iter()
                    .map(|own| (user.clone(), own))
                    .collect()
            }
            None => Vec::new(),
        };
        self.guessed(&own.username, || {
            for (user, record) in known {
                if record.object_type == ObjectType::HashedPasswordCredential
                    && let Some((record, answer)) =
                        self.replace(&record.id, |kept| kept.take_hash(own))?
                {
                    proof.server_hashed_password = Some(answer);
                    return Ok(Some(claim_user(&mut proof.claim, &user, record)));
                }
            }
            Ok(None)
        })
    }

    fn is_timely(&self, time: TimestampExtended) -> bool {
        time.0.div_euclid(1_000_000).abs_diff(self.accounts.now.0) <= CLOCKS_DIFFER_SECONDS_MAX
    }

    /// Replaces what is kept of a credential, durably; `None` when `next` finds that the proof is none.
    fn replace<T>(
        &self,
        id: &ObjectId,
        next: impl Fn(Verifier) -> Result<Option<(Verifier, T)>>,
    ) -> Result<Option<(Arc<Record>, T)>> {
        for _ in 0..TRIES_MAX {
            let mut tx = self.accounts.store.begin();
            let Some(record) = tx.record(id)? else {
                return Ok(None);
            };
            let Some((kept, told)) = next(self.accounts.opened(&record)?)? else {
                return Ok(None);
            };
            let mut record = (*record).clone();
            record.attributes.otp_counter = kept.otp_counter();
            record.custody = self.accounts.sealed(&self.vault.name, id, &kept)?;
            tx.update(record.clone())?;
            match tx.commit() {
                Ok(()) => return Ok(Some((Arc::new(record), told))),
                Err(store::Error::Conflict) => {}
                Err(error) => return Err(Error::from(error)),
            }
        }
        Err(not_authenticated())
    }
}

/// Adds a proven credential to a claim, which is about one user.
fn claim_user(claim: &mut Claim, user: &Record, credential: Arc<Record>) -> Result<()> {
    let proven = claim.user.get_or_insert_with(|| ProvenUser {
        id: user.id.clone(),
        credentials: Vec::new(),
    });
    if proven.id != user.id {
        return Err(not_authenticated());
    }
    proven.credentials.push(credential);
    Ok(())
}

fn refused(why: Refused) -> Error {
    not_authenticated().because(why)
}

fn secret(password: Option<&message::Password>) -> Secret {
    password
        .map(|password| password.0.clone())
        .unwrap_or_default()
}
