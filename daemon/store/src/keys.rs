//! Search keys: by what an attribute of many values is found, the same for what is stored and for what is asked.

use kmip::{
    Tag,
    attribute::{
        ApplicationSpecificInformation, Attribute, AttributeKind, Name, UniqueIdentifier,
        UsageLimits,
    },
};
use rusqlite::types::{ToSql, ToSqlOutput};

use crate::{ObjectId, Record, USUAL_POLICY, fields};

/// Longer keys are cut: an index is no place for essays.
const KEY_BYTES_MAX: usize = 128;

/// The kind of a digest's key.
pub(crate) const DIGEST: i64 = Tag::Digest.0 as i64;

/// Stands between texts in a key, because it never stands in UTF-8.
pub(crate) const SEPARATOR: u8 = 0xFF;

/// A search key. If an asked attribute matches a stored one and has a key, the stored one has the same key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SearchKey {
    /// The attribute's tag; that of Attribute for vendors' attributes.
    pub(crate) kind: i64,
    /// The key.
    pub(crate) value: KeyValue,
    /// Whether equal keys also mean a match, so that nothing remains to be compared.
    pub(crate) is_whole: bool,
}

/// The value of a key: numbers for ranges, else bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum KeyValue {
    Number(i64),
    Bytes(Vec<u8>),
}

impl ToSql for KeyValue {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Number(number) => number.to_sql(),
            Self::Bytes(bytes) => bytes.to_sql(),
        }
    }
}

/// A name in its vault, which at most one object that is not destroyed has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NameKey {
    pub(crate) vault: String,
    pub(crate) value: String,
    pub(crate) name_type: u32,
}

impl NameKey {
    pub(crate) fn new(vault: &str, name: &Name) -> Self {
        Self {
            vault: vault.to_owned(),
            value: name.name_value.clone(),
            name_type: name.name_type.0,
        }
    }
}

/// The names that a record holds against others, sorted, each once: none once it is destroyed.
pub(crate) fn names(record: &Record) -> Vec<NameKey> {
    if record.is_destroyed() {
        return Vec::new();
    }
    let names = record.attributes.name.iter();
    let mut names: Vec<_> = names
        .map(|name| NameKey::new(&record.vault, name))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Every search key of a record but those of its digests, sorted, each once.
pub(crate) fn search_keys(record: &Record) -> Vec<SearchKey> {
    let mut keys = Vec::new();
    let attributes = &record.attributes;
    attributes.visit(is_key, &mut |_, attribute| {
        if !needs_none(record, &attribute) {
            keys.extend(search_key(&attribute));
        }
    });
    for (_, vendor) in &attributes.vendor {
        keys.extend(search_key(&Attribute::Vendor(vendor.clone())));
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Whether an object is found without a key for this: in [`crate::digests`], by its identifier, or among all the others,
/// which have it too.
fn needs_none(record: &Record, attribute: &Attribute) -> bool {
    match attribute {
        Attribute::Digest(_) => true,
        Attribute::ShortUniqueIdentifier(short) => long_of(&short.0).as_ref() == Some(&record.id),
        asked => is_of_all(asked),
    }
}

/// Whether nearly every object has this: the policy that the server gives to what comes without one.
fn is_of_all(attribute: &Attribute) -> bool {
    matches!(attribute, Attribute::OperationPolicyName(policy) if policy == USUAL_POLICY)
}

/// The Unique Identifier of which this is the short form, where it is a UUID (KMIP 2.1 §4.56).
pub(crate) fn long_of(short: &[u8]) -> Option<ObjectId> {
    let uuid = uuid::Uuid::from_slice(short).ok()?;
    Some(ObjectId(uuid.to_string()))
}

/// By what a record's digests are found, sorted, each once.
pub(crate) fn digests(record: &Record) -> Vec<KeyValue> {
    let digests = record.attributes.digest.iter();
    let keys = digests.filter_map(|digest| search_key(&Attribute::Digest(digest.clone())));
    let mut values: Vec<_> = keys.map(|key| key.value).collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// The tag under which a kind's keys stand.
pub(crate) fn kind_number(kind: Option<AttributeKind>) -> i64 {
    i64::from(kind.map_or(Tag::Attribute, AttributeKind::tag).0)
}

/// The search key, if the attribute is of a kind with many values and has the field that is the key.
pub(crate) fn search_key(attribute: &Attribute) -> Option<SearchKey> {
    use Attribute as A;
    let (bytes, is_whole) = match attribute {
        A::Name(name) => (typed(name.name_type.0, &name.name_value), true),
        A::AlternativeName(name) => (
            typed(name.alternative_name_type.0, &name.alternative_name_value),
            true,
        ),
        A::RotateName(name) => (
            typed(name.rotate_name_type.0, &name.rotate_name_value),
            true,
        ),
        A::KeyValueLocation(location) => (
            typed(
                location.key_value_location_type.0,
                &location.key_value_location_value,
            ),
            true,
        ),
        A::Link(link) => match &link.linked_object_identifier {
            UniqueIdentifier::Text(id) => (typed(link.link_type.0, id), true),
            // The separator stands in no identifier.
            UniqueIdentifier::Name(name) => {
                let target = [&[SEPARATOR], name.as_bytes()].concat();
                (
                    [&link.link_type.0.to_be_bytes(), &target[..]].concat(),
                    true,
                )
            }
            UniqueIdentifier::Enumeration(_) | UniqueIdentifier::Integer(_) => return None,
        },
        A::ApplicationSpecificInformation(own) => (
            namespaced(own.application_data.as_deref().unwrap_or_default(), own),
            // Nothing and an empty text are not the same, but have the same key.
            own.application_data
                .as_ref()
                .is_some_and(|data| !data.is_empty()),
        ),
        A::ShortUniqueIdentifier(id) => (id.0.clone(), true),
        A::Digest(digest) => (digest.digest_value.as_ref()?.0.clone(), false),
        A::X509CertificateIdentifier(own) => (own.certificate_serial_number.0.clone(), false),
        A::X509CertificateSubject(own) => {
            (own.subject_distinguished_name.as_ref()?.0.clone(), false)
        }
        A::X509CertificateIssuer(own) => (own.issuer_distinguished_name.0.clone(), false),
        A::CertificateIdentifier(own) => (own.serial_number.clone()?.into_bytes(), false),
        A::CertificateSubject(own) => {
            let name = own.certificate_subject_distinguished_name.clone()?;
            (name.into_bytes(), false)
        }
        A::CertificateIssuer(own) => {
            let name = own.certificate_issuer_distinguished_name.clone();
            (name.into_bytes(), false)
        }
        A::Vendor(vendor) => {
            let mut bytes = joined(&[&vendor.vendor_identification, &vendor.attribute_name]);
            bytes.extend([SEPARATOR, vendor.value.item_type as u8]);
            bytes.extend_from_slice(&vendor.value.body);
            (bytes, true)
        }
        other => return number_key(other).or_else(|| text_key(other)),
    };
    Some(key(attribute, bytes, is_whole))
}

/// Whether instances of an attribute of this kind have search keys: all that many values tell apart. The others are
/// facets.
pub(crate) const fn is_key(kind: AttributeKind) -> bool {
    use AttributeKind as K;
    let is_key = matches!(
        kind,
        K::ActivationDate
            | K::AlternativeName
            | K::ApplicationSpecificInformation
            | K::ArchiveDate
            | K::Comment
            | K::CompromiseDate
            | K::CompromiseOccurrenceDate
            | K::ContactInformation
            | K::DeactivationDate
            | K::Description
            | K::DestroyDate
            | K::Digest
            | K::InitialDate
            | K::KeyValueLocation
            | K::LastChangeDate
            | K::Link
            | K::Name
            | K::ObjectGroup
            | K::OperationPolicyName
            | K::OriginalCreationDate
            | K::PKCS12FriendlyName
            | K::ProcessStartDate
            | K::ProtectStopDate
            | K::RotateDate
            | K::RotateGeneration
            | K::RotateName
            | K::ShortUniqueIdentifier
            | K::UsageLimits
    );
    is_key || is_of_certificate(kind)
}

/// Whether an attribute is read out of a certificate, which many others do not share.
const fn is_of_certificate(kind: AttributeKind) -> bool {
    use AttributeKind as K;
    matches!(
        kind,
        K::CertificateIdentifier
            | K::CertificateIssuer
            | K::CertificateIssuerC
            | K::CertificateIssuerCN
            | K::CertificateIssuerDC
            | K::CertificateIssuerDNQualifier
            | K::CertificateIssuerEmail
            | K::CertificateIssuerL
            | K::CertificateIssuerO
            | K::CertificateIssuerOU
            | K::CertificateIssuerST
            | K::CertificateIssuerSerialNumber
            | K::CertificateIssuerTitle
            | K::CertificateIssuerUID
            | K::CertificateLength
            | K::CertificateSubject
            | K::CertificateSubjectC
            | K::CertificateSubjectCN
            | K::CertificateSubjectDC
            | K::CertificateSubjectDNQualifier
            | K::CertificateSubjectEmail
            | K::CertificateSubjectL
            | K::CertificateSubjectO
            | K::CertificateSubjectOU
            | K::CertificateSubjectST
            | K::CertificateSubjectSerialNumber
            | K::CertificateSubjectTitle
            | K::CertificateSubjectUID
            | K::X509CertificateIdentifier
            | K::X509CertificateIssuer
            | K::X509CertificateSubject
    )
}

/// The key of a date, a count or a length.
fn number_key(attribute: &Attribute) -> Option<SearchKey> {
    let (number, is_whole) = match attribute {
        Attribute::CertificateLength(number) | Attribute::RotateGeneration(number) => {
            (i64::from(*number), true)
        }
        Attribute::UsageLimits(limits) => (usage_left(limits), false),
        _ => (fields::date(attribute)?.1.0, true),
    };
    Some(SearchKey {
        kind: kind_number(attribute.kind()),
        value: KeyValue::Number(number),
        is_whole,
    })
}

/// What is left of the usage limits; a count not yet made is less than any other, as in [`fields::has`].
fn usage_left(limits: &UsageLimits) -> i64 {
    limits.usage_limits_count.unwrap_or(i64::MIN)
}

/// The keys among which every match of what is asked has one, from the first to the last, and whether each of these
/// is a match. Dates are asked as ranges of their own.
pub(crate) fn asked_range(asked: &Attribute) -> Option<(SearchKey, KeyValue)> {
    match asked {
        _ if is_of_all(asked) => None,
        Attribute::UsageLimits(_) => {
            let key = search_key(asked)?;
            Some((key, KeyValue::Number(i64::MAX)))
        }
        // Of a namespace alone, its data may be any: the keys that begin with it.
        Attribute::ApplicationSpecificInformation(own) if own.application_data.is_none() => {
            let last = [namespaced("", own), vec![SEPARATOR]].concat();
            Some((search_key(asked)?, KeyValue::Bytes(cut(last))))
        }
        _ => {
            let key = search_key(asked)?;
            let last = key.value.clone();
            Some((key, last))
        }
    }
}

/// The key of an attribute that is a text.
fn text_key(attribute: &Attribute) -> Option<SearchKey> {
    use Attribute as A;
    match attribute {
        A::OperationPolicyName(text)
        | A::ObjectGroup(text)
        | A::ContactInformation(text)
        | A::PKCS12FriendlyName(text)
        | A::Description(text)
        | A::Comment(text)
        | A::CertificateSubjectCN(text)
        | A::CertificateSubjectO(text)
        | A::CertificateSubjectOU(text)
        | A::CertificateSubjectEmail(text)
        | A::CertificateSubjectC(text)
        | A::CertificateSubjectST(text)
        | A::CertificateSubjectL(text)
        | A::CertificateSubjectUID(text)
        | A::CertificateSubjectSerialNumber(text)
        | A::CertificateSubjectTitle(text)
        | A::CertificateSubjectDC(text)
        | A::CertificateSubjectDNQualifier(text)
        | A::CertificateIssuerCN(text)
        | A::CertificateIssuerO(text)
        | A::CertificateIssuerOU(text)
        | A::CertificateIssuerEmail(text)
        | A::CertificateIssuerC(text)
        | A::CertificateIssuerST(text)
        | A::CertificateIssuerL(text)
        | A::CertificateIssuerUID(text)
        | A::CertificateIssuerSerialNumber(text)
        | A::CertificateIssuerTitle(text)
        | A::CertificateIssuerDC(text)
        | A::CertificateIssuerDNQualifier(text) => {
            Some(key(attribute, text.clone().into_bytes(), true))
        }
        _ => None,
    }
}

fn key(attribute: &Attribute, bytes: Vec<u8>, is_whole: bool) -> SearchKey {
    let is_cut = bytes.len() > KEY_BYTES_MAX;
    SearchKey {
        kind: kind_number(attribute.kind()),
        value: KeyValue::Bytes(cut(bytes)),
        is_whole: is_whole && !is_cut,
    }
}

fn cut(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(KEY_BYTES_MAX);
    bytes
}

/// Data behind its namespace.
fn namespaced(data: &str, own: &ApplicationSpecificInformation) -> Vec<u8> {
    let namespace = own.application_namespace.as_bytes();
    [namespace, &[SEPARATOR], data.as_bytes()].concat()
}

/// A text behind the number of its type.
fn typed(number: u32, text: &str) -> Vec<u8> {
    [&number.to_be_bytes(), text.as_bytes()].concat()
}

fn joined(texts: &[&String]) -> Vec<u8> {
    let texts: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
    texts.join(&SEPARATOR)
}
