//! Derived keys: what templates ask of a base key, as Derive Key takes it.

use cryptoki_sys as ck;
use kmip::{
    ObjectType,
    attribute::{Attribute, AttributeList},
    mechanism::KeySpec,
    payload::derive::DeriveKeyRequest,
    ttlv::Timestamp,
};

use crate::{
    Facts, Result, Rv, Template, Ulong,
    brought::hmac_hash,
    mechanism::{Hkdf, Meaning, Parameter, derivation, hash},
    new::{self, NewSecret},
    size,
};

/// What is derived from.
#[derive(Clone, Copy)]
pub struct Bases<'a> {
    /// The base key.
    pub base: &'a Facts,
    /// The keys that go in besides: the salt of HKDF, or those of a block in their order.
    pub beside: &'a [&'a Facts],
}

/// What is wanted of it.
pub struct Wanted<'a> {
    /// By which template.
    pub template: &'a Template<'a>,
    /// The session that it ends with.
    pub session: Option<&'a str>,
}

/// Why nothing is derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The value to return.
    pub rv: Rv,
    /// Which of the templates is wrong, where one is.
    pub template: Option<usize>,
}

impl From<Rv> for Refused {
    fn from(rv: Rv) -> Self {
        Self { rv, template: None }
    }
}

impl Refused {
    /// For a template that is wrong.
    #[must_use]
    pub const fn by_template(rv: Rv, which: usize) -> Self {
        Self {
            rv,
            template: Some(which),
        }
    }
}

/// The class of what a mechanism derives.
#[must_use]
pub fn class(meaning: Meaning) -> Ulong {
    if meaning == Meaning::HkdfData {
        ck::CKO_DATA
    } else {
        ck::CKO_SECRET_KEY
    }
}

/// The questions for what is derived from a key, one for each template, by templates that such objects can have.
///
/// # Errors
/// What is wrong with a template or the mechanism's parameter.
pub fn requests(
    bases: Bases<'_>,
    meaning: Meaning,
    parameter: Parameter,
    wanted: &[Wanted<'_>],
    now: Timestamp,
) -> std::result::Result<Vec<DeriveKeyRequest>, Refused> {
    let spec = bases.base.spec.ok_or(Rv::KEY_TYPE_INCONSISTENT)?;
    let described = wanted.iter().enumerate().map(|(which, wanted)| {
        New::described(bases, (meaning, &parameter, spec), wanted, now)
            .map_err(|rv| Refused::by_template(rv, which))
    });
    let all = described.collect::<std::result::Result<Vec<_>, _>>()?;
    let lengths: Vec<usize> = all.iter().map(|new| new.bytes).collect();
    let how = derivation(meaning, parameter, spec, &lengths)?;
    let names: Vec<_> = bases.all().map(|own| own.id.as_str().into()).collect();
    let mut skipped = 0;
    let requests = all.into_iter().map(|new| {
        let mut parameters = how.parameters.clone();
        parameters.skipped_bytes = i32::try_from(skipped).ok().filter(|bytes| *bytes > 0);
        // PKCS #11 3.2 §6.42.8: no key is made of a part of what another is made of.
        skipped += new.bytes.next_multiple_of(how.segment_bytes);
        DeriveKeyRequest {
            object_type: new.object_type,
            unique_identifier: names.clone(),
            derivation_method: how.method,
            derivation_parameters: parameters,
            attributes: AttributeList::from_iter(new.attributes),
        }
    });
    Ok(requests.collect())
}

/// An object to be derived.
struct New {
    object_type: ObjectType,
    bytes: usize,
    attributes: Vec<Attribute>,
}

impl New {
    fn described(
        bases: Bases<'_>,
        (meaning, parameter, spec): (Meaning, &Parameter, KeySpec),
        wanted: &Wanted<'_>,
        now: Timestamp,
    ) -> Result<Self> {
        let template = wanted.template;
        if let Some(bytes) = extracted_bytes(parameter) {
            template.agrees(ck::CKA_VALUE_LEN, crate::ulong(bytes))?;
        }
        if meaning == Meaning::HkdfData {
            return Self::data(bases, parameter, wanted);
        }
        if meaning != Meaning::Agree && bases.all().any(|base| frees(base, template)) {
            return Err(Rv::TEMPLATE_INCONSISTENT);
        }
        let new = NewSecret::described(template, usual_bytes(parameter, spec, template))?;
        let mut attributes = new.attributes();
        let class = ck::CKO_SECRET_KEY;
        let own = new::key_attributes_of(template, class, new.spec, wanted.session, now);
        attributes.extend(own);
        Ok(Self {
            object_type: ObjectType::SymmetricKey,
            bytes: new.spec.secret_bytes(),
            attributes,
        })
    }

    /// Data, which anybody reads who is logged in: so it comes only of what may be read itself.
    fn data(bases: Bases<'_>, parameter: &Parameter, wanted: &Wanted<'_>) -> Result<Self> {
        if bases.all().any(Facts::is_secret) {
            return Err(Rv::KEY_FUNCTION_NOT_PERMITTED);
        }
        let template = wanted.template;
        template.lacks(&[ck::CKA_VALUE])?;
        let asked = template.number(ck::CKA_VALUE_LEN).map(size);
        let bytes = asked
            .or_else(|| extracted_bytes(parameter))
            .ok_or(Rv::TEMPLATE_INCOMPLETE)?;
        let bits = bytes
            .checked_mul(8)
            .and_then(|bits| i32::try_from(bits).ok());
        let bits = bits.ok_or(Rv::ATTRIBUTE_VALUE_INVALID)?;
        // Hidden before a login unless the template says otherwise, as keys are.
        let mut attributes = new::common_attributes(template, ck::CKO_SECRET_KEY, wanted.session);
        attributes.extend([
            Attribute::CryptographicLength(bits),
            Attribute::Sensitive(false),
            Attribute::Extractable(true),
        ]);
        Ok(Self {
            object_type: ObjectType::SecretData,
            bytes,
            attributes,
        })
    }
}

impl<'a> Bases<'a> {
    fn all(self) -> impl Iterator<Item = &'a Facts> {
        [self.base].into_iter().chain(self.beside.iter().copied())
    }
}

/// Whether a template wants what leaves more freely than its base. What two agree on may, unless the daemon knows better.
fn frees(base: &Facts, template: &Template<'_>) -> bool {
    let shown = template.flag(ck::CKA_SENSITIVE) == Some(false) && base.flag(ck::CKA_SENSITIVE);
    let leaves = template.flag(ck::CKA_EXTRACTABLE) == Some(true);
    shown || (leaves && !base.flag(ck::CKA_EXTRACTABLE))
}

/// How long a derived key is where its template is silent: an agreed secret as the curve's numbers are; what HKDF makes as
/// its hash function's digest, where the key may be of any length or nothing else is extracted.
fn usual_bytes(parameter: &Parameter, spec: KeySpec, template: &Template<'_>) -> Option<usize> {
    let key_type = template.number(ck::CKA_KEY_TYPE);
    let is_of_any_length = key_type.is_none_or(|own| hmac_hash(own).is_some());
    match (parameter, spec) {
        (Parameter::Hkdf(how), _) if is_of_any_length => Some(hash(how.hash).ok()?.digest_bytes()),
        (Parameter::Hkdf(_), _) => extracted_bytes(parameter),
        (_, KeySpec::Ec(curve)) => Some(curve.field_bytes()),
        _ => None,
    }
}

/// How long that is what HKDF extracts and does not expand.
fn extracted_bytes(parameter: &Parameter) -> Option<usize> {
    match parameter {
        Parameter::Hkdf(Hkdf {
            extracts: true,
            expands: false,
            hash: own,
            ..
        }) => Some(hash(*own).ok()?.digest_bytes()),
        _ => None,
    }
}
