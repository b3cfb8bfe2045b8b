//! What stands in an object's attributes that has no place of its own in its facts.

use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask, LinkType, ObjectType, State,
    attribute::{Attribute, CryptographicDomainParameters, UniqueIdentifier},
    mechanism::{KeySpec, parameters::key_spec},
};

/// What stood in the attributes that has no place of its own in [`Facts`](super::Facts).
#[derive(Default)]
pub(super) struct Found {
    pub(super) object_type: Option<ObjectType>,
    pub(super) algorithm: Option<CryptographicAlgorithm>,
    pub(super) length: Option<i32>,
    pub(super) domain: Option<CryptographicDomainParameters>,
    pub(super) usage: CryptographicUsageMask,
    pub(super) name: Option<String>,
    pub(super) sensitive: Option<bool>,
    pub(super) extractable: Option<bool>,
    pub(super) always_sensitive: bool,
    pub(super) never_extractable: bool,
    pub(super) links: Vec<(LinkType, String)>,
    pub(super) is_destroyed: bool,
}

impl Found {
    pub(super) fn take(&mut self, attribute: &Attribute) {
        match attribute {
            Attribute::ObjectType(object_type) => self.object_type = Some(*object_type),
            Attribute::State(state) => {
                self.is_destroyed = [State::Destroyed, State::DestroyedCompromised].contains(state);
            }
            Attribute::CryptographicAlgorithm(algorithm) => self.algorithm = Some(*algorithm),
            Attribute::CryptographicLength(length) => self.length = Some(*length),
            Attribute::CryptographicDomainParameters(domain) => self.domain = Some(domain.clone()),
            Attribute::CryptographicUsageMask(usage) => self.usage = *usage,
            Attribute::Name(name) => {
                self.name.get_or_insert_with(|| name.name_value.clone());
            }
            Attribute::Sensitive(sensitive) => self.sensitive = Some(*sensitive),
            Attribute::Extractable(extractable) => self.extractable = Some(*extractable),
            Attribute::AlwaysSensitive(always) => self.always_sensitive = *always,
            Attribute::NeverExtractable(never) => self.never_extractable = *never,
            Attribute::Link(link) => {
                if let UniqueIdentifier::Text(id) = &link.linked_object_identifier {
                    self.links.push((link.link_type, id.clone()));
                }
            }
            _ => {}
        }
    }

    pub(super) fn spec(&self) -> Option<KeySpec> {
        let algorithm = self.algorithm?;
        // Keys that were brought from outside come in lengths that none is generated in.
        if algorithm == CryptographicAlgorithm::RSA {
            let bits = u16::try_from(self.length?).ok()?;
            return Some(KeySpec::Rsa { bits });
        }
        key_spec(algorithm, self.length, self.domain.as_ref()).ok()
    }
}
