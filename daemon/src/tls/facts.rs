//! What identity takes from a certificate: its key, its names, its dates.

use std::net::IpAddr;

use aws_lc_rs::digest;
use rustls::{CertificateError, pki_types::UnixTime};
use x509_parser::{
    certificate::X509Certificate,
    extensions::{GeneralName, ParsedExtension},
    prelude::FromDer,
};

use crate::{identity::CertificateFacts, names::distinguished_name};

/// Parses one certificate, with nothing behind it.
pub(super) fn parse(der: &[u8]) -> Result<X509Certificate<'_>, CertificateError> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(CertificateError::BadEncoding),
    }
}

/// SHA-256 of the SubjectPublicKeyInfo, which is what a client is known by.
pub(super) fn key_of(certificate: &X509Certificate<'_>) -> [u8; 32] {
    sha256(certificate.public_key().raw)
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

/// What identity needs of a certificate that was verified.
pub(super) fn facts(certificate: &X509Certificate<'_>) -> CertificateFacts {
    CertificateFacts {
        sha256: sha256(certificate.as_raw()),
        spki_sha256: key_of(certificate),
        subject: distinguished_name(certificate.subject()),
        issuer: distinguished_name(certificate.issuer()),
        alternative_names: alternative_names(certificate),
    }
}

/// Whether a certificate is good at this time.
pub(super) fn check_dates(
    certificate: &X509Certificate<'_>,
    now: UnixTime,
) -> Result<(), CertificateError> {
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let validity = certificate.validity();
    if now < validity.not_before.timestamp() {
        Err(CertificateError::NotValidYet)
    } else if now > validity.not_after.timestamp() {
        Err(CertificateError::Expired)
    } else {
        Ok(())
    }
}

/// A serial number without the zero that DER puts before a high bit.
pub(super) fn trimmed(serial: &[u8]) -> &[u8] {
    let start = serial.iter().take_while(|byte| **byte == 0).count();
    serial.get(start..).unwrap_or_default()
}

fn alternative_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for extension in certificate.extensions() {
        let ParsedExtension::SubjectAlternativeName(own) = extension.parsed_extension() else {
            continue;
        };
        names.extend(own.general_names.iter().filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(format!("DNS:{name}")),
            GeneralName::URI(uri) => Some(format!("URI:{uri}")),
            GeneralName::RFC822Name(address) => Some(format!("email:{address}")),
            GeneralName::IPAddress(bytes) => address(bytes).map(|own| format!("IP:{own}")),
            _ => None,
        }));
    }
    names
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes)
        .map(IpAddr::from)
        .or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    use super::*;

    #[test]
    fn names_are_told_as_rfc_4514_writes_them() {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![
            "db1.example".to_owned(),
            "10.0.0.1".to_owned(),
            "::1".to_owned(),
        ])
        .unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        let own = &mut params.distinguished_name;
        own.push(DnType::OrganizationName, "A+B, \"Ltd\"");
        own.push(DnType::CommonName, "#1 käse\u{1} ");
        own.push(DnType::CustomDnType(vec![2, 5, 4, 5]), "7");
        let uri = "spiffe://example/db".try_into().unwrap();
        params.subject_alt_names.push(SanType::URI(uri));
        params
            .subject_alt_names
            .push(SanType::Rfc822Name("a@b.example".try_into().unwrap()));
        let certificate = params.self_signed(&key).unwrap();
        let parsed = parse(certificate.der()).unwrap();
        let facts = facts(&parsed);
        assert_eq!(
            facts.subject,
            "2.5.4.5=#37,CN=\\#1 käse\\01\\ ,O=A\\+B\\, \\\"Ltd\\\""
        );
        assert_eq!(facts.issuer, facts.subject);
        assert_eq!(
            facts.alternative_names,
            [
                "DNS:db1.example",
                "IP:10.0.0.1",
                "IP:::1",
                "URI:spiffe://example/db",
                "email:a@b.example"
            ]
        );
        let mut longer = certificate.der().to_vec();
        longer.push(0);
        assert!(parse(&longer).is_err(), "nothing may follow a certificate");
    }
}
