//! Whom a certificate is for, where attributes say it (KMIP 2.1 §4.6, §4.64; KMIP 1.0 §3.10).

use std::net::IpAddr;

use kmip::attribute::{Attribute, AttributeList};
use x509_parser::{prelude::FromDer, x509::X509Name};

use crate::{
    der::{self, OID, SEQUENCE, SET},
    error::{Error, Result},
    fault::Fault,
    names,
};

/// What attributes say of a certificate's subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Its name, DER.
    pub(crate) subject: Option<Vec<u8>>,
    /// Its other names, each a GeneralName, DER.
    pub(crate) alternative_names: Vec<Vec<u8>>,
}

/// Whether bytes are a name of X.509.
pub(crate) fn is_name(der: &[u8]) -> bool {
    let whole = || {
        let mut parts = der::only(SEQUENCE, der)?;
        while !parts.is_empty() {
            let mut part = der::take(&mut parts, SET)?.contents;
            while !part.is_empty() {
                let mut attribute = der::take(&mut part, SEQUENCE)?.contents;
                der::take(&mut attribute, OID)?;
                let (_, rest) = der::split(attribute)?;
                rest.is_empty().then_some(())?;
            }
        }
        Some(())
    };
    whole().is_some() && X509Name::from_der(der).is_ok_and(|(rest, _)| rest.is_empty())
}

/// Takes what describes a subject out of the attributes of a new certificate: the server sets these of the certificate
/// that it makes, and a client says with them what it should make.
pub(crate) fn taken(list: &mut AttributeList) -> Result<Wanted> {
    let mut wanted = Wanted::default();
    let mut parts = Vec::new();
    let unfit = || {
        Error::new(
            Fault::InvalidAttributeValue,
            "the subject is no name of X.509",
        )
    };
    for (_, attribute) in &list.items {
        match attribute {
            Attribute::X509CertificateSubject(own) => {
                if let Some(name) = &own.subject_distinguished_name {
                    if !is_name(&name.0) {
                        return Err(unfit());
                    }
                    wanted.subject = Some(name.0.clone());
                }
                for name in &own.subject_alternative_name {
                    let (_, rest) = der::split(&name.0).ok_or_else(unfit)?;
                    if !rest.is_empty() {
                        return Err(unfit());
                    }
                    wanted.alternative_names.push(name.0.clone());
                }
            }
            Attribute::CertificateSubject(own) => {
                if let Some(name) = &own.certificate_subject_distinguished_name {
                    let name = names::encoded(name).ok_or_else(unfit)?;
                    wanted.subject.get_or_insert(name);
                }
                let others = &own.certificate_subject_alternative_name;
                wanted
                    .alternative_names
                    .extend(others.iter().map(|name| general_name(name)));
            }
            other => parts.extend(part(other)),
        }
    }
    if wanted.subject.is_none() && !parts.is_empty() {
        parts.sort_by_key(|(place, _)| *place);
        let relative: Vec<u8> = parts
            .iter()
            .filter_map(|(place, value)| names::relative(PARTS.get(*place)?, value))
            .flatten()
            .collect();
        wanted.subject = Some(der::element(SEQUENCE, &[&relative]));
    }
    list.items
        .retain(|(_, attribute)| !describes_subject(attribute));
    Ok(wanted)
}

fn describes_subject(attribute: &Attribute) -> bool {
    matches!(
        attribute,
        Attribute::X509CertificateSubject(_) | Attribute::CertificateSubject(_)
    ) || part(attribute).is_some()
}

/// The parts of a name, the widest first, as names are written.
const PARTS: [&str; 12] = [
    "C",
    "DC",
    "ST",
    "L",
    "O",
    "OU",
    "CN",
    "UID",
    "emailAddress",
    "serialNumber",
    "title",
    "dnQualifier",
];

/// Which part of a name an attribute holds.
fn part(attribute: &Attribute) -> Option<(usize, String)> {
    let (place, value) = match attribute {
        Attribute::CertificateSubjectC(value) => (0, value),
        Attribute::CertificateSubjectDC(value) => (1, value),
        Attribute::CertificateSubjectST(value) => (2, value),
        Attribute::CertificateSubjectL(value) => (3, value),
        Attribute::CertificateSubjectO(value) => (4, value),
        Attribute::CertificateSubjectOU(value) => (5, value),
        Attribute::CertificateSubjectCN(value) => (6, value),
        Attribute::CertificateSubjectUID(value) => (7, value),
        Attribute::CertificateSubjectEmail(value) => (8, value),
        Attribute::CertificateSubjectSerialNumber(value) => (9, value),
        Attribute::CertificateSubjectTitle(value) => (10, value),
        Attribute::CertificateSubjectDNQualifier(value) => (11, value),
        _ => return None,
    };
    Some((place, value.clone()))
}

/// The name of a subject that nobody named.
pub(crate) fn common_name(name: &str) -> Vec<u8> {
    let own = names::relative("CN", name).unwrap_or_default();
    der::element(SEQUENCE, &[&own])
}

/// A GeneralName of its text: an address, a URI, an address of mail, or the name of a host (RFC 5280 §4.2.1.6).
fn general_name(text: &str) -> Vec<u8> {
    const MAIL: u8 = 0x81;
    const HOST: u8 = 0x82;
    const URI: u8 = 0x86;
    const ADDRESS: u8 = 0x87;
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => der::element(ADDRESS, &[&address.octets()]),
        Ok(IpAddr::V6(address)) => der::element(ADDRESS, &[&address.octets()]),
        Err(_) if text.contains("://") || text.starts_with("urn:") => {
            der::element(URI, &[text.as_bytes()])
        }
        Err(_) if text.contains('@') => der::element(MAIL, &[text.as_bytes()]),
        Err(_) => der::element(HOST, &[text.as_bytes()]),
    }
}
