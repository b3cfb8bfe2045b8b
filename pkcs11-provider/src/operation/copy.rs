//! Copies: a further handle of a key, a session object that becomes the token's, or a second public object.

use std::sync::Arc;

use cryptoki_sys as ck;
use kmip::{
    attribute::AttributeReference,
    client::outgoing,
    message::OutgoingItem,
    payload::attribute::{DeleteAttribute, DeleteAttributeRequest},
};
use pkcs11::{
    Entry, Result, Rv, Template, Ulong,
    attribute::{Given, Kept, ROWS, SESSION, VENDOR, row},
    change,
};

use super::{change::change_item, find::outcome};
use crate::{
    error::Names,
    object::Object,
    remote::{Again, VERSION},
    session::Session,
};

impl Session {
    /// `C_CopyObject`.
    pub(crate) fn copy_object(&self, handle: Ulong, entries: &[Entry<'_>]) -> Result<Ulong> {
        let object = self.object(handle, Rv::OBJECT_HANDLE_INVALID)?;
        let template = Template::read(entries)?;
        let facts = object.facts();
        change::check_copy(&facts, &template)?;
        let of_token = template
            .flag(ck::CKA_TOKEN)
            .unwrap_or_else(|| facts.flag(ck::CKA_TOKEN));
        let is_private = template.flag(ck::CKA_PRIVATE).unwrap_or(facts.is_private);
        self.may_write(of_token, is_private)?;
        let is_public = matches!(
            facts.class,
            ck::CKO_CERTIFICATE | ck::CKO_PUBLIC_KEY | ck::CKO_DATA
        );
        if !of_token && !facts.id.is_empty() {
            return Ok(self.further_handle(&object, &template));
        }
        if of_token && object.owner.is_some() && !object.is_alias && !facts.id.is_empty() {
            return self.become_token_object(handle, &object, &template);
        }
        if is_public {
            return self.second_object(&object, entries);
        }
        // A key that is locked into an HSM exists once.
        Err(Rv::ACTION_PROHIBITED)
    }

    /// A session object that is the same key: what differs is known here only.
    fn further_handle(&self, object: &Arc<Object>, template: &Template<'_>) -> Ulong {
        let mut facts = (*object.facts()).clone();
        for (row, value) in template.iter() {
            facts.set(row.kind, value.to_vec());
        }
        facts.is_private = facts.flag(ck::CKA_PRIVATE);
        facts.set(ck::CKA_TOKEN, pkcs11::attribute::flag_bytes(false));
        self.slot.objects.insert(facts, Some(self.handle)).0
    }

    /// The daemon's object loses the mark of the session and stays; the old handle becomes a second one of it.
    fn become_token_object(
        &self,
        handle: Ulong,
        object: &Arc<Object>,
        template: &Template<'_>,
    ) -> Result<Ulong> {
        let facts = object.facts();
        let unmark = DeleteAttributeRequest {
            unique_identifier: Some(facts.id.as_str().into()),
            current_attribute: None,
            attribute_reference: Some(AttributeReference::Vendor {
                vendor_identification: VENDOR.to_owned(),
                attribute_name: SESSION.to_owned(),
            }),
            attribute_index: None,
        };
        // What the template asks for comes first: should it be refused, the object is the session's as before.
        let changes: Vec<_> = template
            .iter()
            .filter(|(row, value)| facts.value(row.kind) != Some(value))
            .filter_map(|(row, value)| change_item(&facts, row, value))
            .collect();
        if !changes.is_empty() {
            self.send_changes(&changes)?;
        }
        let mut items = vec![outgoing::<DeleteAttribute>(&unmark, VERSION)];
        items.extend(self.public_half_item(object)?);
        let failed = |failure: crate::error::Failure| failure.seen_by(Names::Object);
        let answers = self
            .slot
            .remote
            .batch(&items, Again::MustNot)
            .map_err(failed)?;
        outcome::<DeleteAttribute>(answers.first()).map_err(failed)?;
        self.slot.objects.become_alias(handle);
        let handles = self.adopt_new(std::slice::from_ref(&facts.id), &[true])?;
        handles.first().copied().ok_or(Rv::DEVICE_ERROR)
    }

    /// The public half to go with a private key: Java keeps the one and lets the other end with the session.
    fn public_half_item(&self, object: &Arc<Object>) -> Result<Option<OutgoingItem>> {
        let facts = object.facts();
        if facts.class != ck::CKO_PRIVATE_KEY {
            return Ok(None);
        }
        let value = object.value(&self.slot.remote)?;
        Ok(value
            .material
            .value(ck::CKA_PUBLIC_KEY_INFO)
            .zip(row(ck::CKA_PUBLIC_KEY_INFO))
            .and_then(|(value, row)| change_item(&facts, row, value)))
    }

    /// A public object once more, from its value.
    fn second_object(&self, object: &Arc<Object>, entries: &[Entry<'_>]) -> Result<Ulong> {
        let values: Vec<(Ulong, Vec<u8>)> = ROWS
            .iter()
            .filter(|row| row.given != Given::Never)
            .filter(|row| !entries.iter().any(|entry| entry.kind == row.kind))
            .filter_map(|row| {
                let value = object.attribute(row.kind, &self.slot.remote).ok()?;
                Some((row.kind, value.into_owned()))
            })
            .filter(|(kind, value)| !value.is_empty() || is_material(*kind))
            .collect();
        let whole: Vec<Entry<'_>> = values
            .iter()
            .map(|(kind, value)| Entry { kind: *kind, value })
            .chain(entries.iter().copied())
            .collect();
        self.create_object(&whole)
    }
}

fn is_material(kind: Ulong) -> bool {
    row(kind).is_some_and(|row| row.kept == Kept::Material)
}
