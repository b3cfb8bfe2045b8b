//! Users and their credentials: records of a vault like its keys, made, told and removed.

use std::{collections::BTreeMap, sync::Arc};

use hsm::{Hsm, Sealed};
use kmip::{
    HashingAlgorithm, ObjectType, State,
    attribute::{Attribute, Attributes, Digest, Link, Name, UniqueIdentifier},
    message,
    ttlv::{Bytes, Timestamp},
};
use store::{Custody, Filter, ObjectId, Page, Record, Scope, Store};

use super::verifier::{NewCredential, Verifier, device_digest};
use crate::{
    directory::Directory,
    error::{Error, Result},
    fault::Fault,
    template,
};

/// Where accounts are kept: the records, the HSMs that seal what is kept of credentials, and the vaults.
#[derive(Clone, Copy)]
pub struct Accounts<'a> {
    /// The records.
    pub store: &'a dyn Store,
    /// The HSMs.
    pub backends: &'a BTreeMap<String, Arc<dyn Hsm>>,
    /// The vaults.
    pub directory: &'a Directory,
    /// The time.
    pub now: Timestamp,
}

/// A user to be made.
pub struct NewUser {
    /// The name, unique among the vault's objects.
    pub name: String,
    /// The role in the vault's policy; of what it allows, the user may do what the client may that it comes through.
    pub role: String,
    /// How the user is recognised.
    pub credentials: Vec<NewCredential>,
}

/// A user as operators see one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The Unique Identifier.
    pub id: ObjectId,
    /// The name.
    pub name: String,
    /// The role.
    pub role: String,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// The kinds of its credentials.
    pub credentials: Vec<ObjectType>,
}

/// The longest name of a user.
const NAME_BYTES_MAX: usize = 128;

/// The most one-time passwords of a list: a guess is compared with each, slowly.
const ONE_TIME_PASSWORDS_MAX: usize = 16;

impl Accounts<'_> {
    /// Makes a user with its credentials, all or none.
    ///
    /// # Errors
    /// When another object of the vault has the name, or the vault or its HSM is not there.
    pub fn add(&self, vault: &str, new: &NewUser) -> Result<ObjectId> {
        check_username(&new.name)?;
        let mut tx = self.store.begin();
        let mut links = Vec::new();
        for credential in &new.credentials {
            let record = self.credential(vault, "", self.good_now(), credential)?;
            links.push(record.id.clone());
            tx.insert(record)?;
        }
        let mut attributes = self.good_now();
        attributes.name.push(Name::text(&new.name));
        for id in links {
            attributes.add(Attribute::Link(Link::to(Link::CREDENTIAL, &id.0)))?;
        }
        let user = self.user_record(vault, "", attributes, &new.role);
        let id = user.id.clone();
        tx.insert(user)?;
        tx.commit()?;
        self.directory.touch();
        Ok(id)
    }

    /// What operators make counts from now on.
    fn good_now(&self) -> Attributes {
        Attributes {
            activation_date: Some(self.now),
            ..Attributes::default()
        }
    }

    /// The record of a new user.
    pub(crate) fn user_record(
        &self,
        vault: &str,
        owner: &str,
        attributes: Attributes,
        role: &str,
    ) -> Record {
        let custody = Custody::Public(role.as_bytes().to_vec());
        self.account(vault, owner, ObjectType::User, attributes, custody)
    }

    /// The record of a new account object.
    pub(crate) fn account(
        &self,
        vault: &str,
        owner: &str,
        object_type: ObjectType,
        mut attributes: Attributes,
        custody: Custody,
    ) -> Record {
        let id = ObjectId(uuid::Uuid::new_v4().to_string());
        template::complete(&mut attributes, &id, object_type, self.now);
        attributes.fresh = None;
        attributes.lease_time = None;
        // As of every object, an activation date of now or before makes it active at once (KMIP 2.1 §4.57).
        if attributes
            .activation_date
            .is_some_and(|date| date <= self.now)
        {
            attributes.state = Some(State::Active);
        }
        // Whatever asks whether the value may leave is told that it may not.
        attributes.sensitive = Some(true);
        attributes.extractable = Some(false);
        Record {
            id,
            vault: vault.to_owned(),
            owner: owner.to_owned(),
            object_type,
            spec: None,
            attributes,
            custody,
            revision: 0,
        }
    }

    /// The record of a new credential.
    pub(crate) fn credential(
        &self,
        vault: &str,
        owner: &str,
        mut attributes: Attributes,
        new: &NewCredential,
    ) -> Result<Record> {
        if matches!(new, NewCredential::OneTime(all) if all.len() > ONE_TIME_PASSWORDS_MAX) {
            return Err(Error::invalid_field(
                "a list of one-time passwords has at most 16 of them",
            ));
        }
        if let NewCredential::Device(device) = new {
            attributes.digest.push(digest_of(device)?);
        }
        let mut record = self.account(vault, owner, new.object_type(), attributes, Custody::Gone);
        let verifier = new.verifier()?;
        record.attributes.otp_counter = verifier.otp_counter();
        record.custody = self.sealed(vault, &record.id, &verifier)?;
        Ok(record)
    }

    /// Seals what is kept of a credential.
    pub(super) fn sealed(&self, vault: &str, id: &ObjectId, own: &Verifier) -> Result<Custody> {
        let vault = self.directory.vault(vault);
        let backend = vault.ok_or_else(super::not_authenticated)?.backend.clone();
        let sealed = self
            .hsm(&backend)?
            .seal(&own.to_secret()?, id.0.as_bytes())?;
        Ok(Custody::Sealed {
            backend,
            sealed: sealed.0,
        })
    }

    /// Opens what is kept of a credential.
    pub(super) fn opened(&self, record: &Record) -> Result<Verifier> {
        let Custody::Sealed { backend, sealed } = &record.custody else {
            return Err(super::not_authenticated());
        };
        let hsm = self.hsm(backend)?;
        let secret = hsm.open(&Sealed(sealed.clone()), record.id.0.as_bytes())?;
        Verifier::from_secret(&secret)
    }

    fn hsm(&self, backend: &str) -> Result<&dyn Hsm> {
        let missing = || Error::internal(format!("the backend {backend:?} is not configured"));
        let found = self.backends.get(backend).map(AsRef::as_ref);
        found.ok_or_else(missing)
    }

    /// The user with a name, whatever its state.
    pub(crate) fn user(&self, vault: &str, name: &str) -> Result<Option<Arc<Record>>> {
        let found = self.find(vault, ObjectType::User, [Attribute::Name(Name::text(name))])?;
        Ok(found.into_iter().next())
    }

    /// The devices with exactly these identifiers.
    pub(super) fn devices(
        &self,
        vault: &str,
        device: &message::Device,
    ) -> Result<Vec<Arc<Record>>> {
        let digest = Attribute::Digest(digest_of(device)?);
        self.find(vault, ObjectType::DeviceCredential, [digest])
    }

    /// The users that have a credential.
    pub(super) fn holders(&self, vault: &str, credential: &ObjectId) -> Result<Vec<Arc<Record>>> {
        let link = Attribute::Link(Link::to(Link::CREDENTIAL, &credential.0));
        self.find(vault, ObjectType::User, [link])
    }

    fn find<const N: usize>(
        &self,
        vault: &str,
        object_type: ObjectType,
        attributes: [Attribute; N],
    ) -> Result<Vec<Arc<Record>>> {
        let mut filter = Filter {
            attributes: attributes.into(),
            accounts: true,
            ..Filter::default()
        };
        filter.attributes.push(Attribute::ObjectType(object_type));
        self.located(vault, &filter)
    }

    /// The records of a vault that match.
    pub(super) fn located(&self, vault: &str, filter: &Filter) -> Result<Vec<Arc<Record>>> {
        let scope = Scope {
            vault: vault.to_owned(),
            owner: None,
        };
        let mut tx = self.store.begin();
        let found = tx.locate(filter, &scope, Page::default(), self.now)?;
        let mut records = Vec::with_capacity(found.ids.len());
        for id in &found.ids {
            records.extend(tx.record(id)?);
        }
        Ok(records)
    }

    /// The credentials of a user that count now.
    pub(super) fn credentials(&self, user: &Record) -> Result<Vec<Arc<Record>>> {
        let mut found = Vec::new();
        for id in linked(user) {
            let record = self.store.record(&id)?;
            found.extend(record.filter(|own| own.vault == user.vault && counts(own, self.now)));
        }
        Ok(found)
    }

    /// Every user of a vault, by name.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn users(&self, vault: &str) -> Result<Vec<User>> {
        let found = self.find(vault, ObjectType::User, [])?;
        let mut users = Vec::with_capacity(found.len());
        for record in found {
            let credentials = self.credentials(&record)?;
            users.push(User {
                id: record.id.clone(),
                name: name_of(&record).to_owned(),
                role: role_of(&record).to_owned(),
                created: record.attributes.initial_date,
                credentials: credentials.iter().map(|own| own.object_type).collect(),
            });
        }
        users.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(users)
    }

    /// Makes a user that is to be there from the beginning, anew where its one-time passwords are used up: for tests and
    /// trials, whose users are known beforehand.
    ///
    /// # Errors
    /// As of [`Self::add`].
    pub fn furnish(&self, vault: &str, new: &NewUser) -> Result<ObjectId> {
        let is_used_up = |record: &Record| match self.opened(record) {
            Ok(Verifier::OneTime { unused }) => unused.is_empty(),
            _ => false,
        };
        if let Some(user) = self.user(vault, &new.name)? {
            if !self.credentials(&user)?.iter().any(|own| is_used_up(own)) {
                return Ok(user.id.clone());
            }
            self.remove(vault, &new.name)?;
        }
        self.add(vault, new)
    }

    /// Destroys a user and its credentials; the name is free again.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn remove(&self, vault: &str, name: &str) -> Result<()> {
        let user = self
            .user(vault, name)?
            .ok_or_else(|| Error::new(Fault::NoSuchObject, format!("no user {name:?}")))?;
        let mut tx = self.store.begin();
        for id in linked(&user).chain([user.id.clone()]) {
            let Some(record) = tx.record(&id)? else {
                continue;
            };
            let mut record = (*record).clone();
            record.attributes.state = Some(State::Destroyed);
            record.attributes.destroy_date = Some(self.now);
            record.attributes.last_change_date = Some(self.now);
            record.custody = Custody::Gone;
            tx.update(record)?;
        }
        tx.commit()?;
        self.directory.touch();
        Ok(())
    }
}

/// Whether a name is fit for a user.
pub(crate) fn check_username(name: &str) -> Result<()> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return Err(Error::invalid_field("a user's name has 1 to 128 bytes"));
    }
    if name.chars().any(crate::audit::is_unsafe_to_show) || name.trim() != name {
        return Err(Error::invalid_field(
            "a user's name has no control characters, and no spaces around it",
        ));
    }
    Ok(())
}

fn digest_of(device: &message::Device) -> Result<Digest> {
    Ok(Digest {
        hashing_algorithm: HashingAlgorithm::SHA256,
        digest_value: Some(Bytes(device_digest(device)?)),
        key_format_type: None,
    })
}

/// The credentials that a user links to.
pub(super) fn linked(user: &Record) -> impl Iterator<Item = ObjectId> {
    let links = user.attributes.link.iter();
    links.filter_map(|link| match &link.linked_object_identifier {
        UniqueIdentifier::Text(id) if link.link_type == Link::CREDENTIAL => {
            Some(ObjectId(id.clone()))
        }
        _ => None,
    })
}

/// Whether an account is good at a time: it was neither revoked nor destroyed, and its time is now. One without an
/// activation date is good until it is revoked.
pub(super) fn counts(record: &Record, now: Timestamp) -> bool {
    !record.is_destroyed()
        && match record.state_at(now) {
            None | Some(State::Active) => true,
            Some(State::PreActive) => record.attributes.activation_date.is_none(),
            Some(_) => false,
        }
}

/// A user's name.
pub(super) fn name_of(user: &Record) -> &str {
    let name = user.attributes.name.first();
    name.map_or(&user.id.0, |name| &name.name_value)
}

/// A user's role.
pub(super) fn role_of(user: &Record) -> &str {
    match &user.custody {
        Custody::Public(role) => std::str::from_utf8(role).unwrap_or_default(),
        _ => "",
    }
}
