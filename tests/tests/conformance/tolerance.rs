//! What the profiles let a server vary, by name; whatever is not here must be as the case has it.
//!
//! The numbers are those of "Variable items" and what follows them in KMIP Profiles 2.1 §4.1.1.1 and in the profiles of the
//! other versions.

use super::{
    node::{Node, Value},
    words::{WORDS, plain},
};

/// A permitted variation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Tolerance {
    /// 1 to 3, 10: identifiers of objects.
    Identifier,
    /// 5: Asynchronous Correlation Value.
    AsynchronousCorrelation,
    /// 6: Time Stamp.
    TimeStamp,
    /// 7: key material that the server generated, or wrapped with what it generated.
    KeyMaterial,
    /// 8: output of cryptography that no client can foresee.
    CryptographicOutput,
    /// 9: dates that no request fixed.
    Date,
    /// 11, 13: the digests of objects: their hash function and value.
    Digest,
    /// 12: the key format of what the server generated.
    KeyFormat,
    /// 14, 15: extensions and application namespaces of the server.
    Extension,
    /// 16, 17: more object types and operations, and more profiles.
    MoreServed,
    /// 19 to 21: more attributes than the case lists.
    MoreAttributes,
    /// 22: message extensions that are not critical.
    MessageExtension,
    /// 23: Template-Attribute in responses.
    TemplateAttribute,
    /// 24: an Attribute Index of 0, from 1.1 on.
    AttributeIndex,
    /// 25: Result Message, its presence and its words.
    ResultMessage,
    /// 26: more versions in Discover Versions that was asked for all.
    MoreVersions,
    /// 27: Vendor Identification, and Server Information with it.
    Vendor,
    /// The random generator's parameters, which describe the server.
    Generator,
    /// Correlation values of header and response, which the peers choose (KMIP 1.4 §6.19).
    Correlation,
    /// The order of what has none: attributes, and in 1.x what Locate found.
    Order,
}

impl Tolerance {
    pub(crate) const ALL: &'static [(Self, &'static str)] = &[
        (
            Self::Identifier,
            "identifiers of objects (items 1 to 3 and 10); once said they must stay the same",
        ),
        (
            Self::AsynchronousCorrelation,
            "Asynchronous Correlation Value (5)",
        ),
        (
            Self::TimeStamp,
            "Time Stamp (6); it must be within a minute of the test's clock",
        ),
        (
            Self::KeyMaterial,
            "key material that the server generated, or wrapped under what it generated (7)",
        ),
        (
            Self::CryptographicOutput,
            "output of cryptography with a generated key or with random parts (8)",
        ),
        (
            Self::Date,
            "dates that no request of the case fixed (9); those relative to now must be within a minute",
        ),
        (
            Self::Digest,
            "hash function and value of an object's Digest (11, 13)",
        ),
        (
            Self::KeyFormat,
            "the key format of what the server generated (12)",
        ),
        (
            Self::Extension,
            "extensions and application namespaces that Query tells (14, 15)",
        ),
        (
            Self::MoreServed,
            "more object types, operations and profiles than the case lists (16, 17); none may be missing",
        ),
        (
            Self::MoreAttributes,
            "more attributes than the case lists where it asked for all, and in what the server tells unasked (19 to 21)",
        ),
        (
            Self::MessageExtension,
            "message extensions that are not critical (22)",
        ),
        (
            Self::TemplateAttribute,
            "Template-Attribute in responses, where it is optional (23)",
        ),
        (
            Self::AttributeIndex,
            "an Attribute Index of 0 there or not, from 1.1 on (24)",
        ),
        (
            Self::ResultMessage,
            "Result Message, its presence and its words (25)",
        ),
        (
            Self::MoreVersions,
            "more versions in Discover Versions that was asked for all (26)",
        ),
        (
            Self::Vendor,
            "Vendor Identification and Server Information, also that of C_GetInfo (27)",
        ),
        (
            Self::Generator,
            "parameters of the random generator, which describe the server",
        ),
        (
            Self::Correlation,
            "correlation values of client and server in headers",
        ),
        (
            Self::Order,
            "the order of attributes, and in 1.x of what Locate found",
        ),
    ];
}

/// What the comparison of one item knows of the exchange.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// Whether the server generated the objects that the item used or returns.
    pub(crate) is_generated: bool,
    /// Whether the mechanism has random parts.
    pub(crate) is_random: bool,
    /// Dates that requests of the case fixed.
    pub(crate) fixed_dates: Vec<i64>,
    /// Whether the request named the attributes that it wants.
    pub(crate) names_attributes: bool,
    /// Whether the request named versions.
    pub(crate) names_versions: bool,
    /// Whether the request is the PKCS #11 call that asks who made the library.
    pub(crate) asks_who: bool,
    /// The operation.
    pub(crate) operation: String,
    /// The minor version, of 1.x.
    pub(crate) is_1_0: bool,
    /// Whether the version is one of 1.x.
    pub(crate) is_1: bool,
}

/// Whether a leaf may differ: by its name, or by that of the 1.x attribute it is the value of.
pub(crate) fn leaf(path: &[String], actual: &Node, facts: &Facts) -> Option<Tolerance> {
    let name = path.last().map(String::as_str).unwrap_or_default();
    let has = |part: &str| path.iter().any(|own| own == part);
    if has("ServerInformation") {
        return Some(Tolerance::Vendor);
    }
    if path.iter().any(|own| is_generator(own)) {
        return Some(Tolerance::Generator);
    }
    if has("ExtensionInformation") {
        return Some(Tolerance::Extension);
    }
    if has("Digest") {
        return Some(Tolerance::Digest);
    }
    let is_date = matches!(actual.value, Value::DateTime(_));
    Some(match name {
        "UniqueIdentifier"
        | "PrivateKeyUniqueIdentifier"
        | "PublicKeyUniqueIdentifier"
        | "LinkedObjectIdentifier"
        | "ShortUniqueIdentifier" => Tolerance::Identifier,
        "AsynchronousCorrelationValue" => Tolerance::AsynchronousCorrelation,
        "TimeStamp" => Tolerance::TimeStamp,
        "KeyMaterial" | "KeyValue" | "CertificateValue" if facts.is_generated => {
            Tolerance::KeyMaterial
        }
        _ if facts.is_generated && has("KeyMaterial") => Tolerance::KeyMaterial,
        "KeyMaterial" if facts.is_random => Tolerance::KeyMaterial,
        "Data" | "SignatureData" | "MACData" | "IVCounterNonce" | "AuthenticatedEncryptionTag"
            if facts.is_generated || facts.is_random =>
        {
            Tolerance::CryptographicOutput
        }
        "KeyFormatType" if facts.is_generated => Tolerance::KeyFormat,
        "ApplicationNamespace" if facts.operation == "Query" => Tolerance::Extension,
        "ResultMessage" => Tolerance::ResultMessage,
        "VendorIdentification" if !has("Attribute") => Tolerance::Vendor,
        // What C_GetInfo says is who made the library (PKCS #11 3.1 §3.1).
        "PKCS_11OutputParameters" if facts.asks_who => Tolerance::Vendor,
        "ServerCorrelationValue" | "ClientCorrelationValue" => Tolerance::Correlation,
        _ if is_date && DATES.contains(&plain(name).as_str()) => Tolerance::Date,
        _ => return None,
    })
}

fn is_generator(name: &str) -> bool {
    ["RNGParameters", "RandomNumberGenerator"].contains(&name)
}

/// Dates of the list (9) in the spelling without spaces.
const DATES: &[&str] = &[
    "activationdate",
    "archivedate",
    "compromisedate",
    "compromiseoccurrencedate",
    "deactivationdate",
    "destroydate",
    "initialdate",
    "lastchangedate",
    "protectstopdate",
    "processstartdate",
    "validitydate",
    "originalcreationdate",
];

/// Whether an expected item may be absent.
pub(crate) fn absent(path: &[String], value: &str, facts: &Facts) -> Option<Tolerance> {
    let name = path.last().map(String::as_str).unwrap_or_default();
    let is_told = facts.operation == "Query";
    if path.iter().any(|own| is_generator(own)) && (is_told || !is_generator(name)) {
        return Some(Tolerance::Generator);
    }
    Some(match name {
        "ResultMessage" => Tolerance::ResultMessage,
        "AttributeIndex" if value == "0" && !facts.is_1_0 => Tolerance::AttributeIndex,
        "TemplateAttribute" | "PrivateKeyTemplateAttribute" | "PublicKeyTemplateAttribute" => {
            Tolerance::TemplateAttribute
        }
        "VendorIdentification" | "ServerInformation" if facts.operation == "Query" => {
            Tolerance::Vendor
        }
        "ExtensionInformation" | "ApplicationNamespace" if facts.operation == "Query" => {
            Tolerance::Extension
        }
        "ServerCorrelationValue" | "ClientCorrelationValue" => Tolerance::Correlation,
        _ => return None,
    })
}

/// Whether an item that is not expected may be there.
pub(crate) fn extra(
    path: &[String],
    parent: &str,
    actual: &Node,
    facts: &Facts,
) -> Option<Tolerance> {
    let name = actual.name();
    if path.iter().any(|own| is_generator(own)) {
        return Some(Tolerance::Generator);
    }
    if path.iter().any(|own| own == "ServerInformation") {
        return Some(Tolerance::Vendor);
    }
    Some(match (parent, name.as_str()) {
        ("BatchItem", "ResultMessage") => Tolerance::ResultMessage,
        ("BatchItem", "MessageExtension") if !is_critical(actual) => Tolerance::MessageExtension,
        ("Attribute", "AttributeIndex") if actual.value == Value::Integer(0) && !facts.is_1_0 => {
            Tolerance::AttributeIndex
        }
        ("ResponseHeader", "ServerCorrelationValue" | "ClientCorrelationValue") => {
            Tolerance::Correlation
        }
        (
            "ResponsePayload",
            "TemplateAttribute" | "PrivateKeyTemplateAttribute" | "PublicKeyTemplateAttribute",
        ) => Tolerance::TemplateAttribute,
        ("ResponsePayload", "Operation" | "ObjectType" | "ProfileInformation")
            if facts.operation == "Query" =>
        {
            Tolerance::MoreServed
        }
        ("ResponsePayload", "ExtensionInformation" | "ApplicationNamespace")
            if facts.operation == "Query" =>
        {
            Tolerance::Extension
        }
        ("ResponsePayload", "ProtocolVersion")
            if facts.operation == "DiscoverVersions" && !facts.names_versions =>
        {
            Tolerance::MoreVersions
        }
        ("ResponsePayload", "Attribute" | "AttributeName" | "AttributeReference")
            if LISTS_ATTRIBUTES.contains(&facts.operation.as_str()) && !facts.names_attributes =>
        {
            Tolerance::MoreAttributes
        }
        ("Attributes", _)
            if LISTS_ATTRIBUTES.contains(&facts.operation.as_str()) && !facts.names_attributes =>
        {
            Tolerance::MoreAttributes
        }
        // What the server tells unasked: all attributes of an object, or those that have changed with the one told.
        ("RequestPayload", "Attribute" | "Attributes") | ("Attributes", _)
            if ["Put", "Notify"].contains(&facts.operation.as_str()) =>
        {
            Tolerance::MoreAttributes
        }
        _ => return None,
    })
}

/// Operations whose responses tell attributes of objects.
const LISTS_ATTRIBUTES: &[&str] = &["GetAttributes", "GetAttributeList", "Export"];

/// Whether the items of this name are a set within their parent.
pub(crate) fn is_set(parent: &str, name: &str, facts: &Facts) -> bool {
    match parent {
        "Attributes"
        | "TemplateAttribute"
        | "PrivateKeyTemplateAttribute"
        | "PublicKeyTemplateAttribute"
        | "CommonTemplateAttribute" => true,
        "RequestPayload" => name == "Attribute",
        "ResponsePayload" => match name {
            "Attribute" | "AttributeName" | "AttributeReference" => true,
            "Operation"
            | "ObjectType"
            | "ExtensionInformation"
            | "ApplicationNamespace"
            | "RNGParameters"
            | "ProfileInformation"
            | "ValidationInformation"
            | "CapabilityInformation"
            | "ClientRegistrationMethod"
            | "AttestationType" => facts.operation == "Query",
            // From 2.0 on, what was made last comes first (KMIP 2.0 §6.1.27).
            "UniqueIdentifier" => facts.operation == "Locate" && facts.is_1,
            _ => false,
        },
        _ => false,
    }
}

fn is_critical(extension: &Node) -> bool {
    extension
        .child("CriticalityIndicator")
        .is_some_and(|own| own.value == Value::Boolean(true))
}

/// Words of mechanisms with random parts, in the spelling without punctuation.
pub(crate) fn is_random_word(word: &str) -> bool {
    let word = plain(word);
    ["oaep", "pss", "ecdsa", "rsassapss", "dsa", "ec"].contains(&word.as_str())
        || word.contains("rsassapss")
        || word.starts_with("dsawith")
        || word.starts_with("ecdsawith")
}

/// The name of a 1.x attribute as its 2.x tag has it, for paths.
pub(crate) fn attribute_name(name: &str) -> String {
    WORDS
        .tag(name)
        .map_or_else(|| name.to_owned(), |tag| WORDS.name(tag))
}
