//! What a handler may ask for: objects it is authorised for, new objects, searches, its HSM, the time.

mod usage;

use std::{borrow::Cow, sync::Arc};

use hsm::Hsm;
use kmip::{
    CryptographicUsageMask, ObjectType, OperationCode, State, UniqueIdentifierEnumeration, Version,
    attribute::{Attribute, Attributes, Link, Name, UniqueIdentifier},
    mechanism::KeySpec,
    message::ResponseItem,
    ttlv::Timestamp,
};
use store::{Custody, Filter, Located, ObjectId, Page, Record, Transaction, Vault};

use crate::{
    effects::Effects,
    error::{Error, Result},
    fault::Fault,
    identity::Principal,
    lifecycle, marks,
    notices::Change,
    ops::Route,
    policy::{self, Access, Decision},
    returned::Batch,
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
    /// The connection that asks, where there is one that lasts.
    pub(crate) connection: Option<u64>,
    /// Whether nobody asks: the daemon gets what it puts to a client.
    pub(crate) is_unasked: bool,
    pub(crate) service: &'a Service,
    pub(crate) route: &'static Route,
    pub(crate) tx: &'a mut dyn Transaction,
    pub(crate) batch: &'a mut Batch,
    pub(crate) effects: &'a mut Effects,
    /// The object that the audit record will name.
    pub(crate) object: Option<String>,
    /// What else the audit record will say.
    pub(crate) note: Option<Cow<'static, str>>,
    /// The answer of another item, which is this one's answer.
    pub(crate) instead: Option<Box<ResponseItem>>,
    /// The operation that this item was in truth, which the audit record names.
    pub(crate) performed: Option<&'static str>,
    /// Why nothing is committed although the item has its answer.
    pub(crate) refusal: Option<Error>,
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

    /// Whether a ticket's rights are not to certain objects only, so that one may search, or make another.
    fn authorise_no_object(&self) -> Result<()> {
        match &self.principal.ticket {
            Some(ticket) if !ticket.allows(self.route.code, None) => Err(Error::not_permitted()),
            _ => Ok(()),
        }
    }

    /// The object named, or the placeholder's, if this operation on it is allowed.
    pub fn object(&mut self, id: Option<UniqueIdentifier>) -> Result<Authorized> {
        let id = self.resolve(id)?;
        self.authorised(&id)
    }

    fn authorised(&mut self, id: &ObjectId) -> Result<Authorized> {
        self.object = Some(id.0.clone());
        let record = self.tx.record(id)?.filter(|own| !own.is_obliterated());
        let record = record.ok_or_else(Error::no_such_object)?;
        match policy::decide(self.principal, self.route.code, self.route.access, &record) {
            // Of what is archived only the attributes are told, until it is recovered.
            Decision::Allow
                if record.custody == Custody::Archived
                    && self.route.access != Access::Read
                    && self.route.code != OperationCode::Recover =>
            {
                Err(lifecycle::archived())
            }
            Decision::Allow => Ok(Authorized { record }),
            Decision::Deny { visible: false } => Err(Error::no_such_object()),
            Decision::Deny { visible: true } => Err(Error::not_permitted()),
        }
    }

    /// The identifier meant: itself, the placeholder, or one that an earlier item of the batch returned
    /// (KMIP 2.1 §4.58).
    pub(crate) fn resolve(&self, id: Option<UniqueIdentifier>) -> Result<ObjectId> {
        let found = match id {
            Some(UniqueIdentifier::Text(id)) => return Ok(ObjectId(id)),
            Some(UniqueIdentifier::Name(name)) => return self.named(&name),
            // KMIP 3.0 §6.1: the placeholder is named, too.
            None if self.version.is_3() => None,
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

    /// The object with a name that was committed.
    fn named(&self, name: &str) -> Result<ObjectId> {
        let filter = Filter {
            attributes: vec![Attribute::Name(Name::text(name))],
            accounts: true,
            ..Filter::default()
        };
        let mut tx = self.service.store.begin();
        let scope = policy::scope(self.principal);
        let found = tx.locate(&filter, &scope, Page::default(), self.now)?;
        found
            .ids
            .into_iter()
            .next()
            .ok_or_else(Error::no_such_object)
    }

    /// A link as it is stored: with the identifier itself, for what points into a batch means nothing after it. A name
    /// must be that of an object now, and is kept as a name; only a group may come after its members, as it always could.
    pub(crate) fn resolve_links(&self, attribute: Attribute) -> Result<Attribute> {
        match attribute {
            Attribute::Link(Link {
                linked_object_identifier: UniqueIdentifier::Name(name),
                link_type,
            }) => {
                if link_type != Link::GROUP {
                    self.named(&name)?;
                }
                Ok(Attribute::Link(Link {
                    link_type,
                    linked_object_identifier: UniqueIdentifier::Name(name),
                }))
            }
            Attribute::Link(link) => Ok(Attribute::Link(Link {
                linked_object_identifier: UniqueIdentifier::Text(
                    self.resolve(Some(link.linked_object_identifier))?.0,
                ),
                ..link
            })),
            other => Ok(other),
        }
    }

    /// The links of a new object as they are stored.
    fn resolve_new_links(&self, record: &mut Record) -> Result<()> {
        let is_plain =
            |link: &Link| matches!(link.linked_object_identifier, UniqueIdentifier::Text(_));
        let links: Vec<_> = record.attributes.link.iter().cloned().collect();
        if links.iter().all(is_plain) {
            return Ok(());
        }
        record.attributes.link.retain(|_| false);
        for link in links {
            let resolved = self.resolve_links(Attribute::Link(link))?;
            record.attributes.add(resolved)?;
        }
        Ok(())
    }

    /// The objects that match and that the principal may find.
    pub fn locate(&mut self, filter: &Filter, page: Page) -> Result<Located> {
        self.authorise_no_object()?;
        Ok(self
            .tx
            .locate(filter, &policy::scope(self.principal), page, self.now)?)
    }

    /// What kind of object is named, if there is one: this chooses the operation that has to be allowed on it, and is told
    /// to nobody.
    pub(crate) fn type_of(&mut self, id: &UniqueIdentifier) -> Result<Option<ObjectType>> {
        let id = self.resolve(Some(id.clone()))?;
        Ok(self.tx.record(&id)?.map(|record| record.object_type))
    }

    /// Another object that this item needs, if the principal may do an operation of its own on it: a wrapping key.
    pub(crate) fn second_object(
        &mut self,
        id: &UniqueIdentifier,
        operation: OperationCode,
        usage: CryptographicUsageMask,
    ) -> Result<Authorized> {
        self.another_object(id, operation, Access::Use(usage))
    }

    /// Another object that this item needs, if the principal may do an operation of its own on it: a key to be split.
    pub(crate) fn another_object(
        &mut self,
        id: &UniqueIdentifier,
        operation: OperationCode,
        access: Access,
    ) -> Result<Authorized> {
        let id = self.resolve(Some(id.clone()))?;
        let record = self.tx.record(&id)?.ok_or_else(Error::no_such_object)?;
        match policy::decide(self.principal, operation, access, &record) {
            Decision::Allow => {
                lifecycle::on_line(&record)?;
                Ok(Authorized { record })
            }
            Decision::Deny { visible: false } => Err(Error::no_such_object()),
            Decision::Deny { visible: true } => Err(Error::not_permitted()),
        }
    }

    /// A new object's identifier. It begins with the time (RFC 9562 §5.7), so that what is created together stands
    /// together in the store's indexes; 74 bits are random.
    pub(crate) fn new_id(&self) -> ObjectId {
        let (seconds, nanoseconds) = self.service.clock.since_epoch();
        let time = uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanoseconds);
        ObjectId(uuid::Uuid::new_v7(time).to_string())
    }

    /// The record of a new object of the principal's vault.
    pub(crate) fn new_record(
        &self,
        id: ObjectId,
        object_type: ObjectType,
        spec: Option<KeySpec>,
        mut attributes: Attributes,
        custody: Custody,
    ) -> Record {
        // KMIP 1.4 §3.22: an activation date of now or before makes the new object active at once.
        if attributes
            .activation_date
            .is_some_and(|date| date <= self.now)
        {
            attributes.state = Some(State::Active);
        }
        Record {
            id,
            vault: self.principal.vault.clone(),
            owner: self.principal.name.clone(),
            object_type,
            spec,
            attributes,
            custody,
            revision: 0,
        }
    }

    /// Adds a new object when the item commits; it becomes the placeholder.
    pub(crate) fn insert(&mut self, mut record: Record) -> Result<UniqueIdentifier> {
        self.authorise_no_object()?;
        self.resolve_new_links(&mut record)?;
        self.admit(&mut record)?;
        let id = record.id.clone();
        for link in record.attributes.link.iter() {
            self.link_back(&record, link)?;
        }
        self.object = Some(id.0.clone());
        self.effects.accounts |= record.is_account();
        if self.service.subscriptions.is_heard() {
            self.effects.appeared(&record.vault, &id);
        }
        self.tx.insert(record)?;
        self.set_placeholder(Some(id.clone()));
        Ok(UniqueIdentifier::Text(id.0))
    }

    /// Replaces an object's record when the item commits.
    pub fn save(&mut self, mut record: Record) -> Result<()> {
        record.attributes.last_change_date = Some(self.now);
        if self.service.subscriptions.is_heard()
            && let Some(before) = self.tx.record(&record.id)?
        {
            let change = Change::between(&before.attributes, &record);
            self.effects.changed(change);
        }
        self.save_quietly(record)
    }

    /// Replaces a record without counting it as a change of the object.
    pub(crate) fn save_quietly(&mut self, record: Record) -> Result<()> {
        if let Some(before) = self.tx.record(&record.id)? {
            let by_officer = self.principal.officer;
            if record.is_obliterated() {
                marks::check_end(&before, by_officer)?;
            } else {
                marks::check_change(&before.attributes, &record.attributes, by_officer)?;
            }
        }
        self.effects.accounts |= record.is_account();
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
