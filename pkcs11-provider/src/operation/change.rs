//! Changes: attributes of objects, and their end.

use cryptoki_sys as ck;
use kmip::{
    attribute::SingleAttribute,
    client::outgoing,
    message::OutgoingItem,
    payload::attribute::{
        AddAttribute, AddAttributeRequest, ModifyAttribute, ModifyAttributeRequest,
    },
};
use pkcs11::{
    Entry, Facts, Result, Rv, Template, Ulong,
    attribute::{Kept, Row},
    change,
};

use crate::{
    error::{Failure, Names},
    object::destroy,
    remote::{Again, VERSION},
    session::Session,
    slot::User,
};

/// The request that gives an object's attribute another value; `None` where it is not kept at the daemon.
pub(crate) fn change_item(facts: &Facts, row: &Row, value: &[u8]) -> Option<OutgoingItem> {
    let (attribute, exists) = change::attribute(facts, row, value)?;
    let id = Some(facts.id.as_str().into());
    let new = SingleAttribute {
        index: None,
        attribute,
    };
    Some(if exists {
        outgoing::<ModifyAttribute>(
            &ModifyAttributeRequest {
                unique_identifier: id,
                current_attribute: None,
                new_attribute: new,
            },
            VERSION,
        )
    } else {
        outgoing::<AddAttribute>(
            &AddAttributeRequest {
                unique_identifier: id,
                new_attribute: new,
            },
            VERSION,
        )
    })
}

impl Session {
    /// `C_SetAttributeValue`: all of the template in one round trip, or nothing that this side can tell is wrong.
    pub(crate) fn set_attributes(&self, handle: Ulong, entries: &[Entry<'_>]) -> Result<()> {
        let object = self.object(handle, Rv::OBJECT_HANDLE_INVALID)?;
        let template = Template::read(entries)?;
        let mut facts = (*object.facts()).clone();
        self.may_write(facts.flag(ck::CKA_TOKEN), facts.is_private)?;
        if !facts.flag(ck::CKA_MODIFIABLE) {
            return Err(Rv::ACTION_PROHIBITED);
        }
        let officer = self.slot.standing().user == Some(User::SecurityOfficer);
        let mut items = Vec::new();
        for (row, value) in template.iter() {
            change::belongs(&facts, row)?;
            if facts.value(row.kind) == Some(value) {
                continue;
            }
            change::check(row, value, officer)?;
            if !facts.id.is_empty() && !object.is_alias {
                items.extend(change_item(&facts, row, value));
            }
        }
        if !items.is_empty() {
            self.send_changes(&items)?;
        }
        for (row, value) in template.iter() {
            // What was so already is not kept at the daemon for having been said again.
            if facts.value(row.kind) == Some(value) {
                continue;
            }
            facts.set(row.kind, value.to_vec());
            if let Kept::Vendor(name) = row.kept
                && !facts.vendor.contains(&name)
            {
                facts.vendor.push(name);
            }
        }
        object.learn(facts);
        Ok(())
    }

    /// Sends changes of one object, all of which must be taken.
    pub(crate) fn send_changes(&self, items: &[OutgoingItem]) -> Result<()> {
        let failed = |failure| self.failed(failure, Names::Object);
        let answers = self
            .slot
            .remote
            .batch(items, Again::MustNot)
            .map_err(failed)?;
        for answer in &answers {
            if answer.result_status != kmip::ResultStatus::Success {
                return Err(failed(Failure::Refused(answer.result_reason)));
            }
        }
        Ok(())
    }

    /// `C_DestroyObject`: first the object, then its handle.
    pub(crate) fn destroy_object(&self, handle: Ulong) -> Result<()> {
        let object = self.object(handle, Rv::OBJECT_HANDLE_INVALID)?;
        let facts = object.facts();
        self.may_write(facts.flag(ck::CKA_TOKEN), facts.is_private)?;
        if !facts.flag(ck::CKA_DESTROYABLE) {
            return Err(Rv::ACTION_PROHIBITED);
        }
        if !object.is_alias && !facts.id.is_empty() {
            destroy(&self.slot.remote, &self.slot.remote.identity(), &facts.id)
                .map_err(|failure| self.failed(failure, Names::Ending))?;
        }
        self.slot.objects.remove(handle);
        Ok(())
    }
}
