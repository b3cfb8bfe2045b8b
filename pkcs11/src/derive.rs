//! Derived keys: what a template asks of a base key, as Derive Key takes it.

use cryptoki_sys as ck;
use kmip::{
    ObjectType, attribute::AttributeList, mechanism::KeySpec, payload::derive::DeriveKeyRequest,
    ttlv::Timestamp,
};

use crate::{
    Facts, Result, Rv, Template,
    brought::hmac_hash,
    mechanism::{Meaning, Parameter, derivation, hash},
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
    if meaning != Meaning::Agree && frees(base, template) {
        return Err(Rv::TEMPLATE_INCONSISTENT);
    }
    let new = NewSecret::described(template, usual_bytes(&parameter, spec, template))?;
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

/// Whether a template wants what leaves more freely than its base. What two agree on may, unless the daemon knows better.
fn frees(base: &Facts, template: &Template<'_>) -> bool {
    let shown = template.flag(ck::CKA_SENSITIVE) == Some(false) && base.flag(ck::CKA_SENSITIVE);
    let leaves = template.flag(ck::CKA_EXTRACTABLE) == Some(true);
    shown || (leaves && !base.flag(ck::CKA_EXTRACTABLE))
}

/// How long a derived key is where its template is silent: an agreed secret as the curve's numbers are; what HKDF makes as
/// its hash function's digest, where the key may be of any length.
fn usual_bytes(parameter: &Parameter, spec: KeySpec, template: &Template<'_>) -> Option<usize> {
    let key_type = template.number(ck::CKA_KEY_TYPE);
    match (parameter, spec) {
        (Parameter::Hkdf(how), _) if key_type.is_none_or(|own| hmac_hash(own).is_some()) => {
            Some(hash(how.hash).ok()?.digest_bytes())
        }
        (_, KeySpec::Ec(curve)) => Some(curve.field_bytes()),
        _ => None,
    }
}
