//! New objects: what every kind needs, and those that the caller brings (`C_CreateObject`).

use cryptoki_sys as ck;
use kmip::{
    ResultReason,
    attribute::{Attribute, AttributeList, UniqueIdentifier},
    mechanism::KeySpec,
    payload::register::{Register, RegisterRequest},
    ttlv::Timestamp,
};
use pkcs11::{
    Brought, Entry, Facts, Material, Result, Rv, Template, Ulong,
    attribute::{Kept, flag_bytes},
    new,
};

use super::find::describe;
use crate::{
    error::{Failure, Names},
    log::seconds_since_1970,
    object::Value,
    remote::Again,
    session::Session,
    slot::User,
};

impl Session {
    /// Whether an object of this class may be made here by this template.
    pub(crate) fn may_create(&self, template: &Template<'_>, class: Ulong) -> Result<()> {
        let officer = self.slot.standing().user == Some(User::SecurityOfficer);
        new::check(template, class, officer)?;
        let secret = [ck::CKO_PRIVATE_KEY, ck::CKO_SECRET_KEY].contains(&class);
        let is_private = template.flag(ck::CKA_PRIVATE).unwrap_or(secret);
        self.may_write(template.is_token(), is_private)
    }

    /// The mark of this run on an object that ends with the session.
    pub(crate) fn mark(&self, template: &Template<'_>) -> Result<Option<String>> {
        if template.is_token() {
            return Ok(None);
        }
        let run = self.slot.remote.run();
        run.map(Some)
            .map_err(|failure| failure.seen_by(Names::Session))
    }

    /// The attributes of a new key, by its template.
    pub(crate) fn key_attributes(
        &self,
        template: &Template<'_>,
        class: Ulong,
        spec: KeySpec,
    ) -> Result<Vec<Attribute>> {
        let mark = self.mark(template)?;
        Ok(new::key_attributes_of(
            template,
            class,
            spec,
            mark.as_deref(),
            now(),
        ))
    }

    /// Handles for objects just made at the daemon.
    pub(crate) fn adopt_new(&self, ids: &[String], is_token: &[bool]) -> Result<Vec<Ulong>> {
        let mut found = describe(&self.slot.remote, ids, None)
            .map_err(|failure| failure.seen_by(Names::Template))?;
        ids.iter()
            .zip(is_token)
            .map(|(id, is_token)| {
                let located = found.remove(id).ok_or(Rv::DEVICE_ERROR)?;
                let owner = (!is_token).then_some(self.handle);
                Ok(self.slot.objects.adopt(located.facts, owner).0)
            })
            .collect()
    }

    /// The handle of one object just made at the daemon, by its template.
    pub(crate) fn adopt_one(&self, id: String, template: &Template<'_>) -> Result<Ulong> {
        let handles = self.adopt_new(&[id], &[template.is_token()])?;
        handles.first().copied().ok_or(Rv::DEVICE_ERROR)
    }

    /// `C_CreateObject`.
    pub(crate) fn create_object(&self, entries: &[Entry<'_>]) -> Result<Ulong> {
        let template = Template::read(entries)?;
        let class = template
            .number(ck::CKA_CLASS)
            .ok_or(Rv::TEMPLATE_INCOMPLETE)?;
        let brought = Brought::read(&template, class)?;
        self.may_create(&template, class)?;
        if let Some(handle) = self.keep_here(&template, class, &brought) {
            return Ok(handle);
        }
        let mut attributes = match brought.spec {
            Some(spec) => self.key_attributes(&template, class, spec)?,
            None => new::common_attributes(&template, class, self.mark(&template)?.as_deref()),
        };
        attributes.extend(brought.attributes);
        let request = RegisterRequest {
            object_type: brought.object_type,
            attributes: AttributeList::from_iter(attributes),
            object: Some(brought.object),
            protection_storage_masks: None,
        };
        let response = self
            .slot
            .remote
            .call::<Register>(&request, Again::MustNot)
            .map_err(|failure| match failure {
                // The numbers of a key that is none stand in the template.
                Failure::Refused(Some(ResultReason::CryptographicFailure)) => {
                    Rv::ATTRIBUTE_VALUE_INVALID
                }
                other => self.failed(other, Names::Template),
            })?;
        self.adopt_one(text(response.unique_identifier)?, &template)
    }

    /// A public session object whose work can be done here never goes to the daemon.
    fn keep_here(&self, template: &Template<'_>, class: Ulong, brought: &Brought) -> Option<Ulong> {
        let is_public = matches!(
            class,
            ck::CKO_CERTIFICATE | ck::CKO_PUBLIC_KEY | ck::CKO_DATA
        );
        let works_there = OF_DAEMON
            .iter()
            .any(|kind| template.flag(*kind) == Some(true));
        if template.is_token() || !is_public || works_there {
            return None;
        }
        let material = Material::of_local(&brought.shown, brought.spec);
        let value = Value::from(material);
        if class == ck::CKO_PUBLIC_KEY && value.public.is_none() {
            return None;
        }
        let mut facts = Facts::local(class, brought.spec, Vec::new());
        if class == ck::CKO_PUBLIC_KEY {
            for kind in OF_DAEMON {
                facts.set(kind, flag_bytes(false));
            }
        }
        for (row, value) in template
            .iter()
            .filter(|(row, _)| row.kept != Kept::Material)
        {
            facts.set(row.kind, value.to_vec());
        }
        facts.is_private = template.flag(ck::CKA_PRIVATE).unwrap_or(false);
        facts.set(ck::CKA_PRIVATE, flag_bytes(facts.is_private));
        let (handle, object) = self.slot.objects.insert(facts, Some(self.handle));
        let mut facts = (*object.facts()).clone();
        facts.set(ck::CKA_UNIQUE_ID, format!("session-{handle}").into_bytes());
        object.learn(facts);
        object.keep(value);
        Some(handle)
    }
}

/// When what is made becomes active.
pub(crate) fn now() -> Timestamp {
    Timestamp(seconds_since_1970())
}

/// What only the daemon does with public keys.
const OF_DAEMON: [Ulong; 2] = [ck::CKA_WRAP, ck::CKA_ENCAPSULATE];

/// The identifier that a response names.
pub(crate) fn text(id: UniqueIdentifier) -> Result<String> {
    match id {
        UniqueIdentifier::Text(id) => Ok(id),
        UniqueIdentifier::Enumeration(_)
        | UniqueIdentifier::Integer(_)
        | UniqueIdentifier::Name(_) => Err(Rv::DEVICE_ERROR),
    }
}
