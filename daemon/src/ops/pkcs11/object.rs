//! Objects: found, described, destroyed.

use std::collections::{HashSet, VecDeque};

use cryptoki_sys as ck;
use kmip::{
    PKCS11ReturnCode as Code, RevocationReasonCode, State, V2_1,
    attribute::{Attribute, RevocationReason, UniqueIdentifier},
    mechanism::KeySpec,
    payload::{
        destroy::{Destroy, DestroyRequest},
        get::{Get, GetRequest},
        get_attributes::{GetAttributes, GetAttributesRequest},
        locate::{Locate, LocateRequest},
        revoke::{Revoke, RevokeRequest},
    },
    ttlv::Timestamp,
};
use pkcs11::{
    Facts, Material, Search, UNAVAILABLE, Ulong, facts::id_of_bytes, material::format_wanted,
    mechanism::Row, pages,
};
use store::{ObjectId, Record};

use super::{
    Call,
    failure::{Failure, Names, Outcome},
    feature,
};
use crate::cryptoki::Entry;

type Result<T> = std::result::Result<T, Failure>;

/// The entries of a template that have a value.
pub(super) fn entries(template: &[Entry]) -> Vec<pkcs11::Entry<'_>> {
    let given = template.iter().filter_map(|entry| {
        let value = entry.value.as_deref()?;
        Some(pkcs11::Entry {
            kind: entry.kind,
            value,
        })
    });
    given.collect()
}

/// What is known of an object without its value.
fn facts(record: &Record, now: Timestamp) -> Option<Facts> {
    let mut attributes = record.attributes.clone();
    attributes.state = record.state_at(now);
    Facts::of(&record.id.0, &attributes.each(V2_1)).filter(|_| !record.is_destroyed())
}

/// An object that a call names.
pub(super) struct Object {
    pub(super) facts: Facts,
}

impl Object {
    pub(super) fn id(&self) -> UniqueIdentifier {
        UniqueIdentifier::from(self.facts.id.as_str())
    }

    /// A key that a mechanism takes, that may be used so, and that is as long as the mechanism wants it.
    pub(super) fn fits(&self, row: &Row, usage: Ulong) -> Outcome {
        self.may(row, usage)?;
        self.is_as_long(row)
    }

    /// A key that a mechanism takes, and that may be used so.
    pub(super) fn may(&self, row: &Row, usage: Ulong) -> Outcome {
        self.is_of(row, usage)?;
        if self.facts.flag(usage) {
            Ok(())
        } else {
            Err(Code::KEYFUNCTIONNOTPERMITTED.into())
        }
    }

    /// A key that is as long as the mechanism wants it.
    pub(super) fn is_as_long(&self, row: &Row) -> Outcome {
        if self.facts.spec.is_some_and(|spec| row.fits(spec)) {
            Ok(())
        } else {
            Err(Code::KEYSIZERANGE.into())
        }
    }

    /// The kind of a key that a mechanism takes, whatever it may be used for.
    pub(super) fn is_of(&self, row: &Row, usage: Ulong) -> Result<KeySpec> {
        let spec = self.facts.spec.ok_or(Code::KEYTYPEINCONSISTENT)?;
        if !row.meaning.takes(spec, self.facts.key_type) || self.facts.value(usage).is_none() {
            return Err(Code::KEYTYPEINCONSISTENT.into());
        }
        // PKCS #11 3.1 §4.9: a key that names its mechanisms takes no others.
        if self.facts.allows(row.kind) {
            Ok(spec)
        } else {
            Err(Code::MECHANISMINVALID.into())
        }
    }
}

/// An object by its handle, as the caller may read it.
pub(super) fn object(call: &mut Call<'_, '_>, handle: Ulong, code: Code) -> Result<Object> {
    if let Some(facts) = feature::named(handle) {
        return Ok(Object { facts });
    }
    let id = call.object(handle, code)?;
    let request = GetAttributesRequest {
        unique_identifier: Some(id.as_str().into()),
        attribute_reference: Vec::new(),
    };
    let response = call.perform::<GetAttributes>(request, Names::Object)?;
    let facts = Facts::of(&id, &response.attributes).ok_or(code)?;
    Ok(Object { facts })
}

/// A key by its handle: what it is, whoever asks; what is done with it is held to the policy of that.
pub(super) fn key(call: &mut Call<'_, '_>, handle: Ulong, code: Code) -> Result<Object> {
    let id = call.object(handle, code)?;
    known(call, id, code)
}

/// A key by its identifier.
pub(super) fn known(call: &mut Call<'_, '_>, id: String, code: Code) -> Result<Object> {
    let record = call
        .context
        .tx
        .record(&ObjectId(id))
        .map_err(|error| Failure::Refused(error.into(), Names::Key))?;
    let record = record.filter(|record| record.vault == call.context.principal.vault);
    let facts = record.and_then(|record| facts(&record, call.context.now));
    Ok(Object {
        facts: facts.ok_or(code)?,
    })
}

/// `C_FindObjectsInit`: what the vault has is asked for by an index where there is one; the rest is compared here.
pub(super) fn find_init(call: &mut Call<'_, '_>) -> Outcome {
    let (handle, mut session) = call.session()?;
    let template = call.arguments.template()?;
    call.arguments.end()?;
    if session.found.is_some() {
        return Err(Code::OPERATIONACTIVE.into());
    }
    session.found = Some(match feature::found(&template) {
        Some(features) => features.into(),
        None => handles(call, &template)?,
    });
    call.put_back(handle, session);
    Ok(())
}

/// The handles of what matches a template in the vault.
fn handles(call: &mut Call<'_, '_>, template: &[Entry]) -> Result<VecDeque<Ulong>> {
    let limits = call.context.service.applications.limits;
    let mut found = VecDeque::new();
    for id in located(call, template)? {
        let own = call.application(|own| own.handle(&id, &limits))?;
        found.push_back(own.ok_or(Code::DEVICEMEMORY)?);
    }
    Ok(found)
}

/// The identifiers of what matches a template.
fn located(call: &mut Call<'_, '_>, template: &[Entry]) -> Result<Vec<String>> {
    let entries = entries(template);
    let class = entries.iter().find(|entry| entry.kind == ck::CKA_CLASS);
    if class.is_some_and(|entry| pkcs11::attribute::number(entry.value).is_none()) {
        return Err(Code::ATTRIBUTEVALUEINVALID.into());
    }
    let Some(search) = Search::read(&entries).filter(|own| !own.is_of_unknown_class()) else {
        return Ok(Vec::new());
    };
    let run = call.application(|own| own.run.clone())?;
    let own_id = search.value(ck::CKA_ID).and_then(id_of_bytes);
    let mut ids = Vec::new();
    for id in candidates(call, &search)? {
        let Some(record) = call
            .context
            .tx
            .record(&ObjectId(id.clone()))
            .map_err(|error| Failure::Refused(error.into(), Names::Session))?
        else {
            continue;
        };
        let is_own = own_id.as_deref() == Some(id.as_str());
        let own = facts(&record, call.context.now);
        // An object of a session is its own application's.
        let is_visible = |own: &Facts| own.session.as_ref().is_none_or(|own| *own == run);
        let matches = own.filter(is_visible).is_some_and(|own| {
            template.iter().all(|entry| {
                let given = entry.value.as_deref().map_or(&[][..], Vec::as_slice);
                own.value(entry.kind) == Some(given) || (entry.kind == ck::CKA_ID && is_own)
            })
        });
        if matches {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// The identifiers of what may match, by as many Locates as there are pages of what the daemon has indexed. What is not told
/// to the end fails: an application would take what is left out for something that is not there.
fn candidates(call: &mut Call<'_, '_>, search: &Search<'_>) -> Result<Vec<String>> {
    let (mut queries, by_id) = search.queries();
    if let Some(id) = by_id {
        let half = known(call, id.clone(), Code::OBJECTHANDLEINVALID).ok();
        // Both halves of a pair have the identifier that comes of the private one's.
        let half = half.and_then(|own| own.facts.other_half);
        let own = [id].into_iter().chain(half);
        let own = own.map(|id| vec![Attribute::UniqueIdentifier(id.as_str().into())]);
        queries.extend(own);
    }
    let (mut ids, mut noted) = (Vec::new(), HashSet::new());
    for query in queries {
        let mut page = |offset: usize| {
            let request = LocateRequest {
                offset_items: i32::try_from(offset).ok(),
                attributes: query.iter().cloned().collect(),
                ..LocateRequest::default()
            };
            call.perform::<Locate>(request, Names::Session)
        };
        let first = page(0)?;
        let found = pages::all(first, page)?;
        ids.extend(found.into_iter().filter(|id| noted.insert(id.clone())));
    }
    Ok(ids)
}

pub(super) fn find(call: &mut Call<'_, '_>) -> Outcome {
    let (handle, mut session) = call.session()?;
    let most = call.arguments.count_or_number()?;
    let found = session
        .found
        .as_mut()
        .ok_or(Code::OPERATIONNOTINITIALIZED)?;
    let told = found.drain(..most.min(found.len())).collect::<Vec<_>>();
    call.output.count(told.len());
    for handle in told {
        call.output.ulong(handle);
    }
    call.put_back(handle, session);
    Ok(())
}

pub(super) fn find_final(call: &mut Call<'_, '_>) -> Outcome {
    let (handle, mut session) = call.session()?;
    call.arguments.end()?;
    session.found.take().ok_or(Code::OPERATIONNOTINITIALIZED)?;
    call.put_back(handle, session);
    Ok(())
}

/// `C_GetAttributeValue`: each value, or none of one that is not told, is too long, or does not exist.
pub(super) fn attribute_value(call: &mut Call<'_, '_>) -> Outcome {
    call.session()?;
    let handle = call.arguments.ulong()?;
    let template = call.arguments.template()?;
    call.arguments.end()?;
    let object = object(call, handle, Code::OBJECTHANDLEINVALID)?;
    let facts = &object.facts;
    let in_value = |entry: &Entry| {
        facts.value(entry.kind).is_none()
            && facts.has_in_value(entry.kind)
            && !facts.hides(entry.kind)
    };
    let material = if template.iter().any(in_value) {
        material(call, facts)?
    } else {
        Material::default()
    };
    let mut code = Code::OK;
    call.output.count(template.len());
    for entry in &template {
        let value = facts.value(entry.kind);
        let value = value.or_else(|| material.value(entry.kind));
        let is_short = match (entry.length, value) {
            (Some(length), Some(value)) => length < value.len(),
            _ => false,
        };
        let own = match value {
            Some(_) if is_short => Code::BUFFERTOOSMALL,
            Some(_) => Code::OK,
            None if facts.hides(entry.kind) && facts.has_in_value(entry.kind) => {
                Code::ATTRIBUTESENSITIVE
            }
            None => Code::ATTRIBUTETYPEINVALID,
        };
        call.output
            .attribute(entry.kind, value.filter(|_| own == Code::OK));
        if own != Code::OK {
            code = own;
        }
    }
    if code == Code::OK {
        Ok(())
    } else {
        Err(code.into())
    }
}

/// What stands in an object's value, which is released like any other; of a private key also its public half's.
pub(super) fn material(call: &mut Call<'_, '_>, facts: &Facts) -> Result<Material> {
    let mut all = Material::of_public(facts.value(ck::CKA_PUBLIC_KEY_INFO), facts.spec);
    let half = facts
        .other_half
        .as_deref()
        .filter(|_| facts.class == ck::CKO_PRIVATE_KEY && all.is_empty());
    if let Some(half) = half {
        all.merge(released(call, half, ck::CKO_PUBLIC_KEY, facts)?);
    }
    if !facts.is_secret() {
        all.merge(released(call, &facts.id, facts.class, facts)?);
    }
    Ok(all)
}

fn released(call: &mut Call<'_, '_>, id: &str, class: Ulong, facts: &Facts) -> Result<Material> {
    let request = GetRequest {
        unique_identifier: Some(id.into()),
        key_format_type: format_wanted(class),
        ..GetRequest::default()
    };
    let response = call.perform::<Get>(request, Names::Object)?;
    Ok(Material::of(&response.object, facts))
}

/// `C_GetObjectSize`: what an object takes in an HSM is not told.
pub(super) fn size(call: &mut Call<'_, '_>) -> Outcome {
    call.session()?;
    let handle = call.arguments.ulong()?;
    call.arguments.end()?;
    object(call, handle, Code::OBJECTHANDLEINVALID)?;
    call.output.ulong(UNAVAILABLE);
    Ok(())
}

/// `C_DestroyObject`: what is active is revoked before.
pub(super) fn destroy(call: &mut Call<'_, '_>) -> Outcome {
    call.session()?;
    let object = call.arguments.ulong()?;
    call.arguments.end()?;
    if feature::named(object).is_some() {
        return Err(Code::ACTIONPROHIBITED.into());
    }
    let id = call.object(object, Code::OBJECTHANDLEINVALID)?;
    let unique_identifier = Some(UniqueIdentifier::from(id.as_str()));
    let record = call
        .context
        .tx
        .record(&ObjectId(id))
        .map_err(|error| Failure::Refused(error.into(), Names::Object))?;
    let known = record.as_deref();
    let known = known.and_then(|record| facts(record, call.context.now));
    let known = known.ok_or(Code::OBJECTHANDLEINVALID)?;
    call.may_write(known.flag(ck::CKA_TOKEN), known.is_private)?;
    if !known.flag(ck::CKA_DESTROYABLE) {
        return Err(Code::ACTIONPROHIBITED.into());
    }
    let state = record.and_then(|record| record.state_at(call.context.now));
    if state == Some(State::Active) {
        revoke(call, unique_identifier.clone())?;
        call.context.note = Some("C_DestroyObject, revoked before".into());
    }
    let request = DestroyRequest { unique_identifier };
    call.perform::<Destroy>(request, Names::Object)?;
    call.application(|own| own.forget(object))
}

/// Ends a key that has no handle and was for one call.
pub(super) fn end(call: &mut Call<'_, '_>, key: &Object) -> Outcome {
    revoke(call, Some(key.id()))?;
    let unique_identifier = Some(key.id());
    call.perform::<Destroy>(DestroyRequest { unique_identifier }, Names::Object)?;
    Ok(())
}

fn revoke(call: &mut Call<'_, '_>, unique_identifier: Option<UniqueIdentifier>) -> Outcome {
    let request = RevokeRequest {
        unique_identifier,
        revocation_reason: Some(RevocationReason {
            revocation_reason_code: RevocationReasonCode::CessationOfOperation,
            revocation_message: None,
        }),
        compromise_occurrence_date: None,
    };
    call.perform::<Revoke>(request, Names::Object)?;
    Ok(())
}
