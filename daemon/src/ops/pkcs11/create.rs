//! Objects that a caller brings, copies and changes.

use cryptoki_sys as ck;
use kmip::{
    PKCS11ReturnCode as Code,
    attribute::{AttributeList, SingleAttribute},
    payload::{
        attribute::{AddAttribute, AddAttributeRequest, ModifyAttribute, ModifyAttributeRequest},
        register::{Register, RegisterRequest},
    },
};
use pkcs11::{
    Brought, Entry, Rv, Template,
    attribute::{Given, ROWS},
    change, new,
};

use super::{
    Call,
    failure::{Names, Outcome},
    generate::{adopt, checked},
    object::{entries, material, object},
};
use crate::cryptoki::User;

/// `C_CreateObject`.
pub(super) fn create(call: &mut Call<'_, '_>) -> Outcome {
    call.session()?;
    let given = call.arguments.template()?;
    call.arguments.end()?;
    let class = checked(call, &given, |template| {
        Ok(template
            .number(ck::CKA_CLASS)
            .ok_or(Rv::TEMPLATE_INCOMPLETE)?)
    })?;
    register(call, &entries(&given), class)
}

fn register(call: &mut Call<'_, '_>, given: &[Entry<'_>], class: pkcs11::Ulong) -> Outcome {
    let template = Template::read(given)?;
    let brought = Brought::read(&template, class)?;
    let mark = call.mark(template.is_token())?;
    let (mark, now) = (mark.as_deref(), call.context.now);
    let mut attributes = match brought.spec {
        Some(spec) => new::key_attributes_of(&template, class, spec, mark, now),
        None => new::common_attributes(&template, class, mark),
    };
    attributes.extend(brought.attributes);
    let request = RegisterRequest {
        object_type: brought.object_type,
        attributes: AttributeList::from_iter(attributes),
        object: Some(brought.object),
        protection_storage_masks: None,
    };
    let response = call.perform::<Register>(request, Names::Template)?;
    adopt(call, &response.unique_identifier)
}

/// `C_CopyObject`: an object whose value may be told once more, from that value. A key that is locked exists once.
pub(super) fn copy(call: &mut Call<'_, '_>) -> Outcome {
    call.session()?;
    let handle = call.arguments.ulong()?;
    let given = call.arguments.template()?;
    call.arguments.end()?;
    let original = object(call, handle, Code::OBJECTHANDLEINVALID)?;
    let facts = &original.facts;
    let given = entries(&given);
    let template = Template::read(&given)?;
    change::check_copy(facts, &template)?;
    let flag = |kind| template.flag(kind).unwrap_or_else(|| facts.flag(kind));
    call.may_write(flag(ck::CKA_TOKEN), flag(ck::CKA_PRIVATE))?;
    if facts.is_secret() {
        return Err(Code::ACTIONPROHIBITED.into());
    }
    let material = material(call, facts)?;
    let kept = ROWS
        .iter()
        .filter(|row| row.given != Given::Never && !given.iter().any(|own| own.kind == row.kind))
        .filter_map(|row| {
            let own = facts.value(row.kind).filter(|own| !own.is_empty());
            let value = own.or_else(|| material.value(row.kind))?;
            Some(Entry {
                kind: row.kind,
                value,
            })
        });
    let whole: Vec<_> = kept.chain(given.iter().copied()).collect();
    register(call, &whole, facts.class)
}

/// `C_SetAttributeValue`: all that is asked for, or nothing.
pub(super) fn set_attributes(call: &mut Call<'_, '_>) -> Outcome {
    call.session()?;
    let handle = call.arguments.ulong()?;
    let given = call.arguments.template()?;
    call.arguments.end()?;
    let object = object(call, handle, Code::OBJECTHANDLEINVALID)?;
    let given = entries(&given);
    let template = Template::read(&given)?;
    let facts = &object.facts;
    call.may_write(facts.flag(ck::CKA_TOKEN), facts.is_private)?;
    if !facts.flag(ck::CKA_MODIFIABLE) {
        return Err(Code::ACTIONPROHIBITED.into());
    }
    let officer = call.user()? == Some(User::SecurityOfficer);
    let mut changes = Vec::new();
    for (row, value) in template.iter() {
        change::belongs(&object.facts, row)?;
        if object.facts.value(row.kind) != Some(value) {
            change::check(row, value, officer)?;
            changes.extend(change::attribute(&object.facts, row, value));
        }
    }
    for (attribute, exists) in changes {
        let unique_identifier = Some(object.id());
        let new_attribute = SingleAttribute {
            index: None,
            attribute,
        };
        if exists {
            let request = ModifyAttributeRequest {
                unique_identifier,
                current_attribute: None,
                new_attribute,
            };
            call.perform::<ModifyAttribute>(request, Names::Object)?;
        } else {
            let request = AddAttributeRequest {
                unique_identifier,
                new_attribute,
            };
            call.perform::<AddAttribute>(request, Names::Object)?;
        }
    }
    Ok(())
}
