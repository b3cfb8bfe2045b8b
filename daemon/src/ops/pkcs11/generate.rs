//! New keys: what a template asks for, and how it is made.

use cryptoki_sys as ck;
use kmip::{
    ObjectType, PKCS11ReturnCode as Code,
    attribute::{AttributeList, UniqueIdentifier},
    payload::create::{Create, CreateKeyPair, CreateKeyPairRequest, CreateRequest},
};
use pkcs11::{
    Template, Ulong,
    mechanism::{self, Parameter, Row, Shape},
    new::{self, NewSecret, marks_of_generation, pair, pair_attributes, spec_attributes},
};
use store::ObjectId;

use super::{
    Call,
    failure::{Failure, Names, Outcome},
    object::entries,
};
use crate::{
    cryptoki::{Entry, User, read},
    error::Error,
    fault::Fault,
};

type Result<T> = std::result::Result<T, Failure>;

/// A template for a new object, as far as this way has a say, and the session that asks.
pub(super) fn checked(
    call: &Call<'_, '_>,
    template: &[Entry],
    class: impl FnOnce(&Template<'_>) -> Result<Ulong>,
) -> Result<Ulong> {
    let template = Template::read(&entries(template))?;
    let class = class(&template)?;
    let officer = call.user()? == Some(User::SecurityOfficer);
    new::check(&template, class, officer)?;
    let hidden = [ck::CKO_PRIVATE_KEY, ck::CKO_SECRET_KEY].contains(&class);
    let is_private = template.flag(ck::CKA_PRIVATE).unwrap_or(hidden);
    call.may_write(template.is_token(), is_private)?;
    Ok(class)
}

/// A key's own template makes no trusted keys for whoever has set it.
pub(super) fn refuse_trust(template: &Template<'_>) -> Outcome {
    match template.flag(ck::CKA_TRUSTED) {
        Some(true) => Err(Code::ATTRIBUTEREADONLY.into()),
        _ => Ok(()),
    }
}

/// The mechanism and its parameter, which come next.
pub(super) fn mechanism(
    call: &mut Call<'_, '_>,
    function: Ulong,
) -> Result<(&'static Row, Parameter)> {
    mechanism_by(call, function, read)
}

/// The same, whose parameter is read in this way.
pub(super) fn mechanism_by(
    call: &mut Call<'_, '_>,
    function: Ulong,
    read: impl FnOnce(Shape, Option<&[u8]>) -> Option<Parameter>,
) -> Result<(&'static Row, Parameter)> {
    let (kind, parameter) = call.arguments.mechanism()?;
    let row = mechanism::row(kind, function)?;
    let parameter = read(row.shape, parameter).ok_or(Code::MECHANISMPARAMINVALID)?;
    Ok((row, parameter))
}

/// Tells the handle of a new object.
pub(super) fn adopt(call: &mut Call<'_, '_>, id: &UniqueIdentifier) -> Outcome {
    let handle = handle(call, id)?;
    call.output.ulong(handle);
    Ok(())
}

/// The handle of a new object. One that is marked ends with the session. Where there is no room for another handle, the
/// object is not made.
pub(super) fn handle(call: &mut Call<'_, '_>, id: &UniqueIdentifier) -> Result<Ulong> {
    let limits = call.context.service.applications.limits;
    let UniqueIdentifier::Text(id) = id else {
        return Err(Code::DEVICEERROR.into());
    };
    let record = call.context.tx.record(&ObjectId(id.clone()));
    let record = record.map_err(|error| Failure::Refused(error.into(), Names::Session))?;
    let ends = record.is_some_and(|own| own.session_run().is_some());
    let session = call.origin.filter(|_| ends).map(|(session, _)| session);
    let handle = call.application(|own| {
        let handle = own.handle(id, &limits)?;
        if let Some(session) = session {
            own.own(id, session);
        }
        Some(handle)
    })?;
    handle.ok_or_else(|| {
        let error = Error::new(Fault::Busy, "the application has too many handles");
        Failure::Denied(error, Code::DEVICEMEMORY)
    })
}

pub(super) fn generate_key(call: &mut Call<'_, '_>) -> Outcome {
    call.session()?;
    let (row, _) = mechanism(call, ck::CKF_GENERATE)?;
    let given = call.arguments.template()?;
    call.arguments.end()?;
    let class = checked(call, &given, |_| Ok(ck::CKO_SECRET_KEY))?;
    let template = Template::read(&entries(&given))?;
    let new = NewSecret::generated(row, &template)?;
    let said = new.said();
    let template = template.with(&said)?;
    let mut attributes = new.attributes();
    attributes.extend(marks_of_generation(row.kind));
    let mark = call.mark(template.is_token())?;
    let now = call.context.now;
    attributes.extend(new::key_attributes_of(
        &template,
        class,
        new.spec,
        mark.as_deref(),
        now,
    ));
    let request = CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: AttributeList::from_iter(attributes),
        protection_storage_masks: None,
    };
    let response = call.perform::<Create>(request, Names::Template)?;
    adopt(call, &response.unique_identifier)
}

pub(super) fn generate_key_pair(call: &mut Call<'_, '_>) -> Outcome {
    call.session()?;
    let (row, _) = mechanism(call, ck::CKF_GENERATE_KEY_PAIR)?;
    let (public, private) = (call.arguments.template()?, call.arguments.template()?);
    call.arguments.end()?;
    checked(call, &public, |_| Ok(ck::CKO_PUBLIC_KEY))?;
    checked(call, &private, |_| Ok(ck::CKO_PRIVATE_KEY))?;
    let (public, private) = (entries(&public), entries(&private));
    let (public, private) = (Template::read(&public)?, Template::read(&private)?);
    let (spec, _) = pair(row.meaning, &public, &private)?;
    let now = call.context.now;
    let marks = (
        call.mark(public.is_token())?,
        call.mark(private.is_token())?,
    );
    let marks = (marks.0.as_deref(), marks.1.as_deref());
    let (of_public, of_private) = pair_attributes((&public, &private), spec, row.kind, marks, now);
    let request = CreateKeyPairRequest {
        common_attributes: AttributeList::from_iter(spec_attributes(spec)),
        private_key_attributes: AttributeList::from_iter(of_private),
        public_key_attributes: AttributeList::from_iter(of_public),
        common_protection_storage_masks: None,
        private_protection_storage_masks: None,
        public_protection_storage_masks: None,
    };
    let response = call.perform::<CreateKeyPair>(request, Names::Template)?;
    // The order of the function's own parameters: the public key comes first.
    adopt(call, &response.public_key_unique_identifier)?;
    adopt(call, &response.private_key_unique_identifier)
}
