//! The attributes of a new object: what the client asks for, held to the rules, completed with what the server knows.

use hsm::{CustodyMode, Terms};
use kmip::{
    CryptographicAlgorithm, CryptographicUsageMask, KeyFormatType, ObjectType,
    ProtectionStorageMask, RNGAlgorithm, State,
    attribute::{
        ApplicationSpecificInformation, Attribute, AttributeKind, AttributeList, Attributes,
        Digest, RNGParameters, SetBy, UniqueIdentifier, VendorAttribute,
    },
    mechanism::{Hash, KeySpec, parameters},
    ttlv::{Bytes, Interval, Timestamp},
};
use store::{ObjectId, Vault};

use crate::{
    error::{Error, Result},
    fault::Fault,
};

/// Attributes that clients describe a new object with, although the standard says that the server sets them.
const DESCRIBING: &[AttributeKind] = &[
    AttributeKind::ObjectType,
    AttributeKind::CryptographicAlgorithm,
    AttributeKind::CryptographicLength,
    AttributeKind::CryptographicDomainParameters,
    AttributeKind::CertificateType,
    AttributeKind::CertificateLength,
    AttributeKind::DigitalSignatureAlgorithm,
    AttributeKind::KeyFormatType,
    AttributeKind::OpaqueDataType,
    AttributeKind::ProtectionStorageMask,
];

/// How long a client may use what it got before it looks again (KMIP 2.1 §4.30). Leases are advice: nothing ends with them.
pub(crate) const LEASE_TIME: Interval = Interval(3_600);

/// The longest value of a text that becomes an attribute, in bytes.
const TEXT_BYTES_MAX: usize = 8_192;

/// Adds a request's attributes to a new object's record.
pub(crate) fn fold(into: &mut Attributes, list: &AttributeList) -> Result<()> {
    if !list.templates.is_empty() {
        return Err(Error::new(
            Fault::NoSuchObject,
            "there is no such template; this operation takes none",
        ));
    }
    for attribute in list.iter() {
        let attribute = completed(attribute.clone());
        check(&attribute)?;
        let attribute = match attribute {
            // KMIP 1.4 §3.21: the client's count is ignored; it begins as the total.
            Attribute::UsageLimits(mut limits) => {
                limits.usage_limits_count = Some(limits.usage_limits_total);
                Attribute::UsageLimits(limits)
            }
            other => other,
        };
        into.add(attribute)?;
    }
    check_dates(into)
}

/// Whether processing begins no earlier than the object is active, and protecting ends no later (KMIP 2.1 §4.40, §4.41).
pub(crate) fn check_dates(attributes: &Attributes) -> Result<()> {
    let begins = attributes
        .activation_date
        .zip(attributes.process_start_date);
    let ends = attributes
        .protect_stop_date
        .zip(attributes.deactivation_date);
    if [begins, ends]
        .iter()
        .flatten()
        .any(|(first, then)| first > then)
    {
        return Err(Error::new(
            Fault::InvalidAttributeValue,
            "the Process Start Date is not before the Activation Date, nor the Protect Stop Date after the Deactivation Date",
        ));
    }
    Ok(())
}

/// The application namespaces for which the server makes data where the client gives none (KMIP 2.1 §4.3).
pub(crate) const NAMESPACES: &[&str] = &["LIBRARY-LTO", "LIBRARY-LTO4", "keyhold"];

/// The attribute with the data that the server makes for it.
pub(crate) fn completed(attribute: Attribute) -> Attribute {
    match attribute {
        Attribute::ApplicationSpecificInformation(own)
            if own.application_data.is_none()
                && NAMESPACES.contains(&own.application_namespace.as_str()) =>
        {
            Attribute::ApplicationSpecificInformation(ApplicationSpecificInformation {
                application_data: Some(uuid::Uuid::new_v4().simple().to_string()),
                ..own
            })
        }
        other => other,
    }
}

/// Whether clients describe new objects with this attribute that the server sets.
pub(crate) fn describes(kind: AttributeKind) -> bool {
    DESCRIBING.contains(&kind)
}

/// Whether a client may give a new object this attribute.
fn check(attribute: &Attribute) -> Result<()> {
    match (attribute, attribute.kind()) {
        (Attribute::Vendor(vendor), _) => check_vendor(vendor),
        (_, Some(kind)) if kind.rule().set_by == SetBy::Server && !describes(kind) => {
            Err(Error::new(
                Fault::AttributeReadOnly,
                format!("{} is set by the server", kind.rule().name),
            ))
        }
        _ => check_value(attribute),
    }
}

/// Whether a client may set this vendor attribute.
pub(crate) fn check_vendor(vendor: &VendorAttribute) -> Result<()> {
    if vendor.vendor_identification == VendorAttribute::SERVER {
        return Err(Error::new(
            Fault::AttributeReadOnly,
            "attributes of the vendor \"y\" are the server's",
        ));
    }
    if vendor.attribute_name.len() + vendor.vendor_identification.len() > 512
        || vendor.value.body.len() > 65_536
    {
        return Err(Error::new(
            Fault::InvalidAttributeValue,
            "the vendor attribute is too long",
        ));
    }
    Ok(())
}

/// Whether a client's value of an attribute makes sense by itself.
pub(crate) fn check_value(attribute: &Attribute) -> Result<()> {
    let text = match attribute {
        Attribute::Name(name) if name.name_value.is_empty() => {
            return Err(Error::new(
                Fault::InvalidAttributeValue,
                "a name is not empty",
            ));
        }
        Attribute::Name(name) => name.name_value.as_str(),
        Attribute::ObjectGroup(group) => group,
        Attribute::Description(text)
        | Attribute::Comment(text)
        | Attribute::ContactInformation(text) => text,
        Attribute::ApplicationSpecificInformation(information)
            if information.application_data.is_none() =>
        {
            // KMIP 2.1 §4.3: the server makes data only for namespaces that it lists in Query.
            return Err(Error::new(
                Fault::NamespaceNotServed,
                "the server makes no data for this namespace",
            ));
        }
        Attribute::UsageLimits(limits) if limits.usage_limits_total < 0 => {
            return Err(Error::new(
                Fault::InvalidAttributeValue,
                "usage limits are not negative",
            ));
        }
        _ => "",
    };
    if text.len() > TEXT_BYTES_MAX {
        return Err(Error::new(
            Fault::InvalidAttributeValue,
            "the text is too long",
        ));
    }
    Ok(())
}

/// The kind of key that the attributes describe.
pub(crate) fn key_spec(attributes: &Attributes) -> Result<KeySpec> {
    let algorithm = attributes
        .cryptographic_algorithm
        .ok_or_else(|| Error::new(Fault::MissingData, "Cryptographic Algorithm is missing"))?;
    let domain = attributes.cryptographic_domain_parameters.as_ref();
    parameters::key_spec(algorithm, attributes.cryptographic_length, domain).map_err(|unfit| {
        match unfit {
            parameters::Unfit::Bad(message) | parameters::Unfit::TagLength(message) => {
                Error::new(Fault::InvalidAttributeValue, message)
            }
            parameters::Unfit::Unsupported(message) => {
                Error::new(Fault::UnsupportedAlgorithm, message)
            }
        }
    })
}

/// Says what kind of key the object is, in attributes.
pub(crate) fn describe(attributes: &mut Attributes, spec: KeySpec) {
    let (algorithm, length, domain) =
        parameters::key_attributes(spec, attributes.cryptographic_algorithm);
    attributes.cryptographic_algorithm = Some(algorithm);
    attributes.cryptographic_length = Some(length);
    if attributes.nist_security_category.is_none() {
        attributes.nist_security_category = spec.nist_security_category();
    }
    if let Some(domain) = domain {
        let own = attributes
            .cryptographic_domain_parameters
            .get_or_insert_with(|| domain.clone());
        own.recommended_curve = domain.recommended_curve;
    }
}

/// The usage mask, which a key must have (KMIP 2.1 §6.1.8).
pub(crate) fn usage(attributes: &Attributes) -> Result<CryptographicUsageMask> {
    attributes
        .cryptographic_usage_mask
        .ok_or_else(|| Error::new(Fault::MissingData, "Cryptographic Usage Mask is missing"))
}

/// Decides whether the value may leave, by the request and the vault's default, and says so in attributes.
pub(crate) fn decide_class(attributes: &mut Attributes, vault: &Vault) {
    let sensitive = attributes.sensitive.unwrap_or(vault.locked_by_default);
    let extractable = attributes.extractable.unwrap_or(!vault.locked_by_default);
    attributes.sensitive = Some(sensitive);
    attributes.always_sensitive = Some(sensitive);
    attributes.extractable = Some(extractable);
    attributes.never_extractable = Some(!extractable);
}

/// Says that a certificate or a public key is no secret, unless the client wants it kept as one.
pub(crate) fn decide_public(attributes: &mut Attributes) {
    let sensitive = attributes.sensitive.unwrap_or(false);
    let extractable = attributes.extractable.unwrap_or(true);
    attributes.sensitive = Some(sensitive);
    attributes.always_sensitive = Some(sensitive);
    attributes.extractable = Some(extractable);
    attributes.never_extractable = Some(!extractable);
}

/// The terms under which the vault's HSM is to keep the key.
pub(crate) fn terms(vault: &Vault, id: &ObjectId, attributes: &Attributes) -> Terms {
    let label = attributes
        .name
        .first()
        .map_or_else(|| id.0.clone(), |name| name.name_value.clone());
    Terms {
        id: id.0.clone().into_bytes(),
        label,
        exportable: attributes.extractable.unwrap_or(false),
        usage: attributes.cryptographic_usage_mask.unwrap_or_default(),
        custody: custody(vault),
    }
}

/// How the vault's HSM is to keep locked keys.
pub(crate) const fn custody(vault: &Vault) -> CustodyMode {
    if vault.wrapped {
        CustodyMode::Wrapped
    } else {
        CustodyMode::Resident
    }
}

/// Completes a new object's attributes with those that the server sets (KMIP 2.1 §4).
pub(crate) fn complete(
    attributes: &mut Attributes,
    id: &ObjectId,
    object_type: ObjectType,
    now: Timestamp,
) {
    attributes.unique_identifier = Some(UniqueIdentifier::Text(id.0.clone()));
    attributes.short_unique_identifier = Some(Bytes(short(id)));
    attributes.object_type = Some(object_type);
    attributes.state = Some(State::PreActive);
    attributes.initial_date = Some(now);
    attributes.last_change_date = Some(now);
    attributes.fresh = Some(attributes.fresh.unwrap_or(true));
    attributes.lease_time = Some(LEASE_TIME);
    attributes.protection_storage_mask = Some(ProtectionStorageMask::Software);
    // KMIP 1.4 §3.18: what comes without a policy has the server's, and clients of 1.x look for its name.
    if attributes.operation_policy_name.is_none() && object_type != ObjectType::Template {
        attributes.operation_policy_name = Some(store::USUAL_POLICY.to_owned());
    }
}

/// Says that the server made the key, and how.
pub(crate) fn generated(attributes: &mut Attributes, format: KeyFormatType, now: Timestamp) {
    attributes.key_format_type = Some(format);
    attributes.original_creation_date = Some(now);
    attributes.random_number_generator = Some(generator());
}

/// The generator behind every key of the server: the libraries' CTR_DRBG with AES-256 (NIST SP 800-90A).
pub(crate) fn generator() -> RNGParameters {
    RNGParameters {
        rng_algorithm: RNGAlgorithm::DRBG,
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(256),
        hashing_algorithm: None,
        drbg_algorithm: None,
        recommended_curve: None,
        fips186_variation: None,
        prediction_resistance: None,
    }
}

/// The digest of an object's value in a format.
pub(crate) fn digest(value: &[u8], format: Option<KeyFormatType>) -> Result<Digest> {
    Ok(Digest {
        hashing_algorithm: parameters::hashing_algorithm(Hash::Sha256),
        digest_value: Some(Bytes(hsm::public::hash(Hash::Sha256, value)?)),
        key_format_type: format,
    })
}

/// The digest that an HSM tells of a secret or private key ([`hsm::Material::digest`]), whose Key Format Type is known.
pub(crate) fn key_digest(spec: KeySpec, sha256: Vec<u8>, format: Option<KeyFormatType>) -> Digest {
    Digest {
        hashing_algorithm: parameters::hashing_algorithm(Hash::Sha256),
        digest_value: Some(Bytes(sha256)),
        key_format_type: match spec {
            KeySpec::Rsa { .. } => Some(KeyFormatType::PKCS1),
            _ if spec.is_asymmetric() => Some(KeyFormatType::PKCS8),
            _ => format,
        },
    }
}

/// Sixteen bytes of the UUID.
fn short(id: &ObjectId) -> Vec<u8> {
    match uuid::Uuid::parse_str(&id.0) {
        Ok(uuid) => uuid.as_bytes().to_vec(),
        // Another server made it; half of a hash is as hard to meet again as a UUID.
        Err(_) => hsm::public::hash(Hash::Sha256, id.0.as_bytes())
            .map(|hash| hash.into_iter().take(16).collect())
            .unwrap_or_default(),
    }
}
