//! Derived keys: what a template asks of a base key, as Derive Key takes it.

use cryptoki_sys as ck;
use kmip::{
    ObjectType, attribute::AttributeList, mechanism::KeySpec, payload::derive::DeriveKeyRequest,
    ttlv::Timestamp,
};

use crate::{
    Facts, Result, Rv, Template,
    mechanism::{Meaning, Parameter, derivation},
    new::{self, NewSecret},
};

/// The question for a key derived from another, by a template that a secret key can have.
///
/// # Errors
/// What is wrong with the template or the mechanism's parameter.
pub fn request(
    base: &Facts,
    meaning: Meaning,
    parameter: Parameter,
    template: &Template<'_>,
    session: Option<&str>,
    now: Timestamp,
) -> Result<DeriveKeyRequest> {
    let spec = base.spec.ok_or(Rv::KEY_TYPE_INCONSISTENT)?;
    // An agreed secret is as long as the curve's numbers where nobody asks for another length.
    let whole = match spec {
        KeySpec::Ec(curve) => Some(curve.field_bytes()),
        _ => None,
    };
    let new = NewSecret::described(template, whole)?;
    let how = derivation(meaning, parameter, spec, new.spec.secret_bytes())?;
    let mut attributes = new.attributes();
    let own = new::key_attributes_of(template, ck::CKO_SECRET_KEY, new.spec, session, now);
    attributes.extend(own);
    Ok(DeriveKeyRequest {
        object_type: ObjectType::SymmetricKey,
        unique_identifier: vec![base.id.as_str().into()],
        derivation_method: how.method,
        derivation_parameters: how.parameters,
        attributes: AttributeList::from_iter(attributes),
    })
}
