//! Certify and Re-certify.

mod renew;

use kmip::{
    CertificateRequestType, CertificateType, CryptographicUsageMask, LinkType, ObjectType,
    OperationCode, UniqueIdentifierEnumeration,
    attribute::{Attribute, AttributeKind, AttributeList, Link, UniqueIdentifier},
    mechanism::{Hash, Signing},
    object::{Certificate, ManagedObject},
    payload::certify::{Certify, CertifyRequest, CertifyResponse},
    ttlv::{Bytes, Timestamp},
};
use store::{Custody, ObjectId};

use super::{Handler, register::register};
use crate::{
    authority::{
        Authority, CLOCK_SECONDS, Issue, Purpose,
        extension::{
            self, EXTENDED_KEY_USAGE, Extension, KEY_USAGE, SUBJECT_ALTERNATIVE_NAME, is_reserved,
            requested_usage, usage_of_mask,
        },
        request::Requested,
        subject::{self, Wanted},
    },
    context::{Authorized, Context},
    custody::Value,
    error::{Error, Result},
    fault::Fault,
    links::linked,
    policy::Access,
    profile,
    uses::Counted,
    whole,
};

impl Handler for Certify {
    const ACCESS: Access = Access::Create;

    fn handle(context: &mut Context<'_>, request: CertifyRequest) -> Result<CertifyResponse> {
        let mut attributes = request.attributes.clone();
        let wanted = subject::taken(&mut attributes)?;
        let mut attributes = context.with_defaults(attributes, ObjectType::Certificate)?;
        let asked = Asked::of(
            context,
            request.unique_identifier.as_ref(),
            request.certificate_request_type,
            request.certificate_request_value.as_ref(),
        )?;
        let subject = asked.subject(&wanted)?;
        let spki = asked.spki()?;
        let mask = mask(&attributes).or_else(|| asked.mask());
        let certificate = issue(
            context,
            &subject,
            &spki,
            &wanted,
            asked.requested.as_ref(),
            (&attributes, mask),
        )?;
        if let Some(key) = &asked.public_key {
            attributes
                .items
                .push((None, link_to(LinkType::PublicKeyLink, &key.record().id)));
        }
        let unique_identifier = keep(context, certificate, &attributes)?;
        if let Some(key) = &asked.public_key {
            link_keys(context, &key.record().id, &unique_identifier)?;
            context.used(key, Counted::Certify);
        }
        context.note("certified");
        Ok(CertifyResponse { unique_identifier })
    }
}

/// What a client asks a certificate for.
struct Asked {
    public_key: Option<Authorized>,
    requested: Option<Requested>,
}

impl Asked {
    /// The object named, the request brought, or both: then the request must be the key's own.
    fn of(
        context: &mut Context<'_>,
        id: Option<&UniqueIdentifier>,
        kind: Option<CertificateRequestType>,
        value: Option<&Bytes>,
    ) -> Result<Self> {
        let brought = value.map(|value| brought(kind, value)).transpose()?;
        let object = match (id, &brought) {
            (Some(id), _) => Some(named(context, id)?),
            (None, None) => Some(named(context, &PLACEHOLDER)?),
            // What was made before may be the key of the request, or something else.
            (None, Some(_)) => named(context, &PLACEHOLDER)
                .ok()
                .filter(|own| own.record().object_type == ObjectType::PublicKey),
        };
        let Some(object) = object else {
            return Ok(Self {
                public_key: None,
                requested: brought,
            });
        };
        match (object.record().object_type, brought) {
            (ObjectType::PublicKey, requested) => {
                let is_its_own = requested
                    .as_ref()
                    .is_none_or(|own| spki_of(&object).is_some_and(|spki| *spki == own.spki));
                match (is_its_own, id) {
                    (true, _) => Ok(Self {
                        public_key: Some(object),
                        requested,
                    }),
                    (false, None) => Ok(Self {
                        public_key: None,
                        requested,
                    }),
                    (false, Some(_)) => Err(Error::invalid_field(
                        "the certificate request is not that of the public key",
                    )),
                }
            }
            (ObjectType::CertificateRequest, None) => Ok(Self {
                public_key: None,
                requested: Some(kept(context, &object)?),
            }),
            _ => Err(Error::new(
                Fault::WrongObjectType,
                "public keys and certificate requests are certified",
            )),
        }
    }

    /// The subject: the request's has precedence (KMIP 1.4 §4.7), then what attributes say.
    fn subject(&self, wanted: &Wanted) -> Result<Vec<u8>> {
        let requested = self.requested.as_ref().map(|own| &own.subject);
        if let Some(subject) = requested.filter(|subject| !is_empty(subject)) {
            return Ok(subject.clone());
        }
        if let Some(subject) = wanted.subject.as_ref().or(requested) {
            return Ok(subject.clone());
        }
        let key = self.public_key.as_ref().map(Authorized::record);
        let name = key.map(|own| {
            let name = own.attributes.name.first();
            name.map_or(own.id.0.as_str(), |name| name.name_value.as_str())
        });
        name.map(subject::common_name)
            .ok_or_else(|| Error::new(Fault::MissingData, "there is nothing to certify"))
    }

    fn spki(&self) -> Result<Vec<u8>> {
        let requested = self.requested.as_ref().map(|own| &own.spki);
        requested
            .or_else(|| self.public_key.as_ref().and_then(spki_of))
            .cloned()
            .ok_or_else(|| Error::new(Fault::MissingData, "there is nothing to certify"))
    }

    fn mask(&self) -> Option<CryptographicUsageMask> {
        let key = self.public_key.as_ref()?;
        key.record().attributes.cryptographic_usage_mask
    }
}

const PLACEHOLDER: UniqueIdentifier =
    UniqueIdentifier::Enumeration(UniqueIdentifierEnumeration::IDPlaceholder);

/// An object that a certificate is asked for.
fn named(context: &mut Context<'_>, id: &UniqueIdentifier) -> Result<Authorized> {
    context.another_object(id, OperationCode::GetAttributes, Access::Read)
}

fn spki_of(key: &Authorized) -> Option<&Vec<u8>> {
    match &key.record().custody {
        Custody::Public(spki) => Some(spki),
        _ => None,
    }
}

/// A request by value; one without its type is PEM or DER as it looks.
fn brought(kind: Option<CertificateRequestType>, value: &Bytes) -> Result<Requested> {
    let looks = if value.0.starts_with(b"-----") {
        CertificateRequestType::PEM
    } else {
        CertificateRequestType::PKCS10
    };
    Requested::read(kind.unwrap_or(looks), &value.0)
}

/// A request that is an object.
fn kept(context: &Context<'_>, object: &Authorized) -> Result<Requested> {
    let Value::Bytes(bytes) = context.value(object.record())? else {
        return Err(Error::internal("a certificate request is stored as a key"));
    };
    match whole::decoded(&bytes)? {
        ManagedObject::CertificateRequest(own) => Requested::read(
            own.certificate_request_type,
            &own.certificate_request_value.0,
        ),
        _ => Err(Error::internal(
            "a certificate request is stored as something else",
        )),
    }
}

fn is_empty(name: &[u8]) -> bool {
    matches!(name, [0x30, 0])
}

/// The usage mask that attributes name.
fn mask(attributes: &AttributeList) -> Option<CryptographicUsageMask> {
    attributes.iter().find_map(|attribute| match attribute {
        Attribute::CryptographicUsageMask(mask) => Some(*mask),
        _ => None,
    })
}

fn date(attributes: &AttributeList, kind: AttributeKind) -> Option<Timestamp> {
    attributes.iter().find_map(|attribute| match attribute {
        Attribute::ActivationDate(date) if kind == AttributeKind::ActivationDate => Some(*date),
        Attribute::DeactivationDate(date) if kind == AttributeKind::DeactivationDate => Some(*date),
        _ => None,
    })
}

/// A certificate that the vault's authority signs.
fn issue(
    context: &mut Context<'_>,
    subject: &[u8],
    spki: &[u8],
    wanted: &Wanted,
    requested: Option<&Requested>,
    (attributes, mask): (&AttributeList, Option<CryptographicUsageMask>),
) -> Result<Vec<u8>> {
    let authority = context.authority()?;
    check_profile(context, spki, requested, mask)?;
    let mut extensions = vec![
        Extension::basic_constraints(false),
        Extension::key_usage(usage(requested, mask)?),
    ];
    let purposes = purposes(&authority, requested)?;
    if !purposes.is_empty() {
        extensions.push(Extension::extended_key_usage(&purposes));
    }
    let asked = requested.and_then(|own| own.extension(SUBJECT_ALTERNATIVE_NAME));
    if let Some(asked) = asked {
        extensions.push(Extension {
            is_critical: is_empty(subject),
            ..asked.clone()
        });
    } else if !wanted.alternative_names.is_empty() {
        let names = &wanted.alternative_names;
        extensions.push(Extension::alternative_names(names, is_empty(subject)));
    } else if is_empty(subject) {
        return Err(Error::new(
            Fault::MissingData,
            "the certificate would have no subject",
        ));
    }
    // A certificate is good while its object is meant to be active.
    let begins = date(attributes, AttributeKind::ActivationDate)
        .filter(|begins| *begins > context.now)
        .unwrap_or_else(|| Timestamp(context.now.0.saturating_sub(CLOCK_SECONDS)));
    let issue = Issue {
        subject,
        spki,
        begins,
        ends: date(attributes, AttributeKind::DeactivationDate),
        extensions,
    };
    authority.issue(context, &issue)
}

/// A strict vault certifies what it would take as a key, and believes no signature of SHA-1.
fn check_profile(
    context: &Context<'_>,
    spki: &[u8],
    requested: Option<&Requested>,
    mask: Option<CryptographicUsageMask>,
) -> Result<()> {
    let vault = context.vault()?;
    profile::check_new_key(&vault, hsm::public::spec(spki)?, mask.unwrap_or_default())?;
    match requested.map(|own| own.signing) {
        Some(Signing::RsaPkcs1(Some(Hash::Sha1)) | Signing::Ecdsa(Some(Hash::Sha1)))
            if vault.strict =>
        {
            Err(Error::new(
                Fault::BadCertificateRequest,
                "the vault's strict profile takes no request that is signed with SHA-1",
            ))
        }
        _ => Ok(()),
    }
}

/// Key Usage: what the mask allows, else what the request asks for, else signing.
fn usage(requested: Option<&Requested>, mask: Option<CryptographicUsageMask>) -> Result<u8> {
    let asked = requested
        .and_then(|own| own.extension(KEY_USAGE))
        .and_then(|own| requested_usage(&own.value));
    let usage = match mask.map(usage_of_mask).filter(|bits| *bits != 0) {
        Some(bits) => bits,
        None => asked.unwrap_or(extension::SIGNING_USAGE),
    };
    if is_reserved(usage) {
        return Err(Error::invalid_field(
            "certificates are issued to keys that sign no certificates",
        ));
    }
    Ok(usage)
}

/// What the certificate is for: what the request asks for where the authority allows it, else all that it allows.
fn purposes(authority: &Authority, requested: Option<&Requested>) -> Result<Vec<Purpose>> {
    let Some(asked) = requested.and_then(|own| own.extension(EXTENDED_KEY_USAGE)) else {
        return Ok(authority.purposes.clone());
    };
    let asked = Purpose::read_all(&asked.value).unwrap_or_default();
    let is_allowed = !asked.is_empty() && asked.iter().all(|own| authority.purposes.contains(own));
    if is_allowed {
        return Ok(asked);
    }
    Err(Error::invalid_field(
        "the certificate request asks for purposes that the vault's authority does not certify",
    ))
}

/// Keeps a certificate as an object.
fn keep(
    context: &mut Context<'_>,
    certificate: Vec<u8>,
    attributes: &AttributeList,
) -> Result<UniqueIdentifier> {
    let object = ManagedObject::Certificate(Certificate {
        certificate_type: CertificateType::X509,
        certificate_value: Bytes(certificate),
    });
    register(context, object, attributes)
}

fn link_to(link_type: LinkType, to: &ObjectId) -> Attribute {
    Attribute::Link(Link {
        link_type,
        linked_object_identifier: UniqueIdentifier::Text(to.0.clone()),
    })
}

/// Lets a public key, and the private key that belongs to it, point to their certificate.
fn link_keys(
    context: &mut Context<'_>,
    public_key: &ObjectId,
    certificate: &UniqueIdentifier,
) -> Result<()> {
    let vault = context.principal.vault.clone();
    let mut ids = vec![public_key.clone()];
    while let Some(id) = ids.pop() {
        let Some(record) = context.tx.record(&id)? else {
            continue;
        };
        if record.vault != vault || record.is_destroyed() {
            continue;
        }
        if record.object_type == ObjectType::PublicKey {
            ids.extend(linked(&record.attributes, LinkType::PrivateKeyLink));
        }
        let mut record = (*record).clone();
        let links = &mut record.attributes.link;
        links.retain(|link| link.link_type != LinkType::CertificateLink);
        links.push(Link {
            link_type: LinkType::CertificateLink,
            linked_object_identifier: certificate.clone(),
        });
        context.save(record)?;
    }
    Ok(())
}
