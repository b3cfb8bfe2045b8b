//! Attributes of keys in words for people.

use kmip::{
    CryptographicUsageMask as Usage, ObjectType, V2_1,
    attribute::{Attribute, AttributeList, Attributes, UniqueIdentifier, VendorAttribute},
    mechanism::parameters,
    ttlv::Timestamp,
};

use crate::{
    admin::protocol::{Class, KeyDetails, KeyFacts},
    audit::rfc3339,
};

/// The attributes of a message as a record. What it says twice against the rules counts once.
pub(super) fn collect(list: AttributeList) -> Attributes {
    let mut attributes = Attributes::default();
    for (_, attribute) in list.items {
        let _ = attributes.add(attribute);
    }
    attributes
}

pub(super) fn facts(attributes: &Attributes) -> KeyFacts {
    let has_class = matches!(
        attributes.object_type,
        Some(ObjectType::SymmetricKey | ObjectType::PrivateKey | ObjectType::SecretData)
    );
    KeyFacts {
        id: match &attributes.unique_identifier {
            Some(UniqueIdentifier::Text(id)) => id.clone(),
            _ => String::new(),
        },
        names: names(attributes),
        object_type: attributes
            .object_type
            .map(|own| shown(&own))
            .unwrap_or_default(),
        algorithm: kind(attributes),
        state: attributes.state.map(|own| shown(&own)).unwrap_or_default(),
        class: has_class.then_some(match attributes.extractable {
            Some(false) => Class::Locked,
            _ => Class::Releasable,
        }),
        usage: attributes
            .cryptographic_usage_mask
            .map(usage)
            .unwrap_or_default(),
        created: attributes.initial_date.map(rfc3339).unwrap_or_default(),
    }
}

/// The kind of key as `key create --type` takes it, or what the attributes say of one that is not served as a key.
fn kind(attributes: &Attributes) -> String {
    let Some(algorithm) = attributes.cryptographic_algorithm else {
        return String::new();
    };
    let domain = attributes.cryptographic_domain_parameters.as_ref();
    match parameters::key_spec(algorithm, attributes.cryptographic_length, domain) {
        Ok(spec) => spec.to_string(),
        Err(_) => {
            let length = attributes.cryptographic_length.unwrap_or_default();
            format!("{}-{length}", shown(&algorithm))
        }
    }
}

/// The names; the label of a key that only PKCS#11 has named, where names need not be unique.
fn names(attributes: &Attributes) -> Vec<String> {
    let own: Vec<_> = attributes
        .name
        .iter()
        .map(|name| name.name_value.clone())
        .collect();
    if !own.is_empty() {
        return own;
    }
    attributes
        .vendor_of(VendorAttribute::CLIENT, "pkcs11-label")
        .filter_map(|(_, label)| String::from_utf8(label.value.body.clone()).ok())
        .collect()
}

pub(super) fn details(attributes: &Attributes) -> KeyDetails {
    let list = attributes.each(V2_1);
    KeyDetails {
        key: facts(attributes),
        attributes: list.iter().map(named).collect(),
    }
}

/// An attribute's name and value.
fn named(attribute: &Attribute) -> (String, String) {
    let name = match (attribute, attribute.kind()) {
        (Attribute::Vendor(vendor), _) => vendor.v1_name(),
        (_, Some(kind)) => kind.rule().name.to_owned(),
        (_, None) => String::new(),
    };
    let value = match attribute {
        Attribute::Name(name) => name.name_value.clone(),
        Attribute::UniqueIdentifier(UniqueIdentifier::Text(id)) => id.clone(),
        Attribute::CryptographicUsageMask(mask) => usage(*mask).join(", "),
        Attribute::Link(link) => match &link.linked_object_identifier {
            UniqueIdentifier::Text(id) => format!("{}: {id}", shown(&link.link_type)),
            other => format!("{}: {other:?}", shown(&link.link_type)),
        },
        Attribute::Digest(digest) => {
            let value = digest.digest_value.as_ref();
            let value = value.map(|own| hex::encode(&own.0)).unwrap_or_default();
            format!("{}: {value}", shown(&digest.hashing_algorithm))
        }
        Attribute::ShortUniqueIdentifier(id) => hex::encode(&id.0),
        other => date(other).map_or_else(|| inner(&format!("{other:?}")), rfc3339),
    };
    (name, value)
}

/// The value of an attribute that is a date.
const fn date(attribute: &Attribute) -> Option<Timestamp> {
    match attribute {
        Attribute::InitialDate(date)
        | Attribute::ActivationDate(date)
        | Attribute::ProcessStartDate(date)
        | Attribute::ProtectStopDate(date)
        | Attribute::DeactivationDate(date)
        | Attribute::DestroyDate(date)
        | Attribute::CompromiseOccurrenceDate(date)
        | Attribute::CompromiseDate(date)
        | Attribute::ArchiveDate(date)
        | Attribute::LastChangeDate(date)
        | Attribute::OriginalCreationDate(date) => Some(*date),
        _ => None,
    }
}

/// `Kind(value)` without its kind, and a structure as its fields that are there.
fn inner(debug: &str) -> String {
    let value = debug
        .split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'))
        .unwrap_or(debug);
    let Some(fields) = value
        .split_once(" { ")
        .and_then(|(_, rest)| rest.strip_suffix(" }"))
    else {
        return value.to_owned();
    };
    let given = fields
        .split(", ")
        .filter(|field| !field.ends_with(": None"));
    given.collect::<Vec<_>>().join(", ")
}

fn shown(value: &impl std::fmt::Debug) -> String {
    format!("{value:?}")
}

pub(super) fn usage(mask: Usage) -> Vec<String> {
    Usage::ALL
        .iter()
        .filter(|(bit, ..)| mask.contains(*bit))
        .map(|(_, _, full, _)| kebab(full))
        .collect()
}

/// A name of the standard as a word of the command line: `Wrap Key` is `wrap-key`.
pub(super) fn kebab(name: &str) -> String {
    name.chars()
        .filter(|letter| !matches!(letter, '(' | ')'))
        .map(|letter| match letter {
            ' ' => '-',
            other => other.to_ascii_lowercase(),
        })
        .collect()
}
