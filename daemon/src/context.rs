//! What a handler may ask for: objects it is authorised for, new objects, searches, its HSM, the time.

use std::{borrow::Cow, sync::Arc};

use hsm::{Hsm, KeyRef};
use kmip::{
    OperationCode, State, UniqueIdentifierEnumeration, Version, attribute::UniqueIdentifier,
    ttlv::Timestamp,
};
use store::{Filter, Located, ObjectId, Page, Record, Transaction, Vault};

use crate::{
    error::{Error, Result},
    fault::Fault,
    identity::Principal,
    ops::Route,
    policy::{self, Decision},
    service::Service,
};

/// One item being served.
pub struct Context<'a> {
    /// The version of the message.
    pub version: Version,
    /// The time of the message.
    pub now: Timestamp,
    /// Who asks.
    pub principal: &'a Principal,
    pub(crate) service: &'a Service,
    pub(crate) route: &'static Route,
    pub(crate) tx: &'a mut dyn Transaction,
    pub(crate) batch: &'a mut Batch,
    pub(crate) effects: &'a mut Effects,
    /// The object that the audit record will name.
    pub(crate) object: Option<String>,
    /// What else the audit record will say.
    pub(crate) note: Option<Cow<'static, str>>,
}

/// An object that the policy has allowed this item's operation on. Only [`Context::object`] makes one.
#[derive(Debug)]
pub struct Authorized {
    record: Arc<Record>,
}

impl Authorized {
    /// The record.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// A copy of the record, to change it and [`Context::save`] it.
    #[must_use]
    pub fn to_changed(&self) -> Record {
        (*self.record).clone()
    }

    /// The identifier, for the response.
    #[must_use]
    pub fn identifier(&self) -> UniqueIdentifier {
        UniqueIdentifier::Text(self.record.id.0.clone())
    }

    /// The state at a time.
    #[must_use]
    pub fn state_at(&self, now: Timestamp) -> Option<State> {
        self.record.state_at(now)
    }
}

impl Context<'_> {
    /// Whether the principal may do this operation at all.
    pub(crate) fn authorise_operation(&self) -> Result<()> {
        match policy::decide_operation(self.principal, self.route.code, self.route.access) {
            Decision::Allow => Ok(()),
            Decision::Deny { .. } => Err(Error::not_permitted()),
        }
    }

    /// The object named, or the placeholder's, if this operation on it is allowed.
    pub fn object(&mut self, id: Option<UniqueIdentifier>) -> Result<Authorized> {
        let id = self.resolve(id)?;
        self.authorised(&id)
    }

    fn authorised(&mut self, id: &ObjectId) -> Result<Authorized> {
        self.object = Some(id.0.clone());
        let record = self.tx.record(id)?.ok_or_else(Error::no_such_object)?;
        match policy::decide(self.principal, self.route.code, self.route.access, &record) {
            Decision::Allow => Ok(Authorized { record }),
            Decision::Deny { visible: false } => Err(Error::no_such_object()),
            Decision::Deny { visible: true } => Err(Error::not_permitted()),
        }
    }

    /// The identifier meant: itself, the placeholder, or one that an earlier item of the batch returned
    /// (KMIP 2.1 §4.58).
    fn resolve(&self, id: Option<UniqueIdentifier>) -> Result<ObjectId> {
        let found = match id {
            Some(UniqueIdentifier::Text(id)) => return Ok(ObjectId(id)),
            None
            | Some(UniqueIdentifier::Enumeration(UniqueIdentifierEnumeration::IDPlaceholder)) => {
                self.batch.placeholder.clone()
            }
            Some(UniqueIdentifier::Enumeration(which)) => self.batch.returned_by(which),
            Some(UniqueIdentifier::Integer(position)) => self.batch.returned_at(position),
        };
        found.ok_or_else(|| {
            Error::new(
                Fault::MissingData,
                "no unique identifier is given, and none was returned before",
            )
        })
    }

    /// The objects that match and that the principal may find.
    pub fn locate(&mut self, filter: &Filter, page: Page) -> Result<Located> {
        Ok(self
            .tx
            .locate(filter, &policy::scope(self.principal), page, self.now)?)
    }

    /// Replaces an object's record when the item commits.
    pub fn save(&mut self, mut record: Record) -> Result<()> {
        record.attributes.last_change_date = Some(self.now);
        Ok(self.tx.update(record)?)
    }

    /// The principal's vault.
    pub fn vault(&self) -> Result<Arc<Vault>> {
        self.service
            .directory
            .vault(&self.principal.vault)
            .ok_or_else(|| Error::internal("the vault is gone"))
    }

    /// A configured HSM.
    pub fn backend(&self, name: &str) -> Result<&dyn Hsm> {
        let missing = || Error::internal(format!("the backend {name:?} is not configured"));
        self.service
            .backends
            .get(name)
            .map(AsRef::as_ref)
            .ok_or_else(missing)
    }

    /// Says something more in the audit record.
    pub fn note(&mut self, note: &'static str) {
        self.note = Some(Cow::Borrowed(note));
    }

    /// Sets or clears what an absent Unique Identifier of a later item means.
    pub fn set_placeholder(&mut self, id: Option<ObjectId>) {
        self.batch.placeholder = id;
    }
}

/// What the items of a batch hand on.
#[derive(Default)]
pub(crate) struct Batch {
    placeholder: Option<ObjectId>,
    returned: Vec<(OperationCode, ObjectId)>,
}

impl Batch {
    /// Remembers the object that an item returned.
    pub(crate) fn answered(&mut self, operation: OperationCode, object: Option<&str>) {
        if let Some(object) = object {
            self.returned.push((operation, ObjectId(object.to_owned())));
        }
    }

    fn returned_by(&self, which: UniqueIdentifierEnumeration) -> Option<ObjectId> {
        let operation = OperationCode::from_name(which.name()?)?;
        self.returned
            .iter()
            .rev()
            .find(|(own, _)| *own == operation)
            .map(|(_, id)| id.clone())
    }

    fn returned_at(&self, position: i32) -> Option<ObjectId> {
        let at = match usize::try_from(position) {
            Ok(at) => at,
            Err(_) => self
                .returned
                .len()
                .checked_sub(usize::try_from(position.unsigned_abs()).ok()?)?,
        };
        self.returned.get(at).map(|(_, id)| id.clone())
    }
}

/// What an item did outside of the store: keys made before the commit, and keys to break after it.
#[derive(Default)]
pub(crate) struct Effects {
    made: Vec<(String, KeyRef)>,
    broken: Vec<(ObjectId, String, KeyRef)>,
}

impl Effects {
    /// A key that must go again if the item is not committed.
    pub(crate) fn made(&mut self, backend: &str, key: KeyRef) {
        self.made.push((backend.to_owned(), key));
    }

    /// A key that must go once the item is committed.
    pub(crate) fn broken(&mut self, object: ObjectId, backend: &str, key: KeyRef) {
        self.broken.push((object, backend.to_owned(), key));
    }

    /// The item is committed: breaks what is to be broken. What fails is owed, and paid by the jobs.
    pub(crate) fn finish(self, service: &Service) {
        for (object, backend, key) in self.broken {
            crate::custody::pay(service, &object, &backend, &key);
        }
    }

    /// The item is not committed: what was made goes.
    pub(crate) fn undo(self, service: &Service) {
        for (backend, key) in self.made {
            let gone = service.backends.get(&backend).map(|hsm| hsm.destroy(&key));
            if let Some(Err(error)) = gone {
                tracing::error!(backend, %error, "a key that no record names stays in the HSM");
            }
        }
    }
}
