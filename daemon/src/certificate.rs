//! What the server reads out of a registered certificate (KMIP 2.1 §4.6, §4.62 to §4.64; KMIP 1.0 §3.9 to §3.11).

use kmip::{
    CertificateType, CryptographicAlgorithm, DigitalSignatureAlgorithm,
    attribute::{
        Attributes, CertificateIdentifier, CertificateIssuer, CertificateSubject,
        X509CertificateIdentifier, X509CertificateIssuer, X509CertificateSubject,
    },
    ttlv::Bytes,
};
use x509_parser::{
    certificate::X509Certificate, extensions::GeneralName, oid_registry as oid, prelude::FromDer,
    public_key::PublicKey, x509::X509Name,
};

use crate::{
    authority::extension::{ISSUER_ALTERNATIVE_NAME, SUBJECT_ALTERNATIVE_NAME},
    der,
    error::{Error, Result},
    names::distinguished_name,
    template,
};

/// Signature algorithms of certificates by their object identifiers.
const SIGNATURES: &[(oid::Oid<'static>, DigitalSignatureAlgorithm)] = &[
    (
        oid::OID_PKCS1_SHA1WITHRSA,
        DigitalSignatureAlgorithm::SHA1WithRSAEncryption,
    ),
    (
        oid::OID_PKCS1_SHA224WITHRSA,
        DigitalSignatureAlgorithm::SHA224WithRSAEncryption,
    ),
    (
        oid::OID_PKCS1_SHA256WITHRSA,
        DigitalSignatureAlgorithm::SHA256WithRSAEncryption,
    ),
    (
        oid::OID_PKCS1_SHA384WITHRSA,
        DigitalSignatureAlgorithm::SHA384WithRSAEncryption,
    ),
    (
        oid::OID_PKCS1_SHA512WITHRSA,
        DigitalSignatureAlgorithm::SHA512WithRSAEncryption,
    ),
    (
        oid::OID_PKCS1_RSASSAPSS,
        DigitalSignatureAlgorithm::RSASSAPSS,
    ),
    (
        oid::OID_SIG_ECDSA_WITH_SHA224,
        DigitalSignatureAlgorithm::ECDSAWithSHA224,
    ),
    (
        oid::OID_SIG_ECDSA_WITH_SHA256,
        DigitalSignatureAlgorithm::ECDSAWithSHA256,
    ),
    (
        oid::OID_SIG_ECDSA_WITH_SHA384,
        DigitalSignatureAlgorithm::ECDSAWithSHA384,
    ),
    (
        oid::OID_SIG_ECDSA_WITH_SHA512,
        DigitalSignatureAlgorithm::ECDSAWithSHA512,
    ),
];

/// Sets the attributes of an X.509 certificate from its DER encoding.
pub(crate) fn describe(
    attributes: &mut Attributes,
    certificate_type: CertificateType,
    der: &[u8],
) -> Result<()> {
    attributes.certificate_type = Some(certificate_type);
    attributes.certificate_length = i32::try_from(der.len()).ok();
    match certificate_type {
        CertificateType::X509 => {}
        // What is in a certificate of PGP is between those who use it.
        CertificateType::PGP => return Ok(()),
        _ => {
            return Err(Error::invalid_field(
                "certificates are those of X.509 and PGP",
            ));
        }
    }
    let certificate = parse(der)?;
    identify(attributes, &certificate);
    name_parts(attributes, &certificate);
    let algorithm = &certificate.signature_algorithm.algorithm;
    if let Some((_, name)) = SIGNATURES.iter().find(|(own, _)| own == algorithm) {
        attributes.digital_signature_algorithm.push(*name);
    }
    describe_key(attributes, &certificate);
    Ok(())
}

/// An X.509 certificate, DER.
pub(crate) fn parse(der: &[u8]) -> Result<X509Certificate<'_>> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(Error::invalid_field("the certificate is not DER X.509")),
    }
}

/// What a certificate is found by.
pub(crate) fn identifier(certificate: &X509Certificate<'_>) -> X509CertificateIdentifier {
    X509CertificateIdentifier {
        issuer_distinguished_name: Bytes(certificate.issuer().as_raw().to_vec()),
        certificate_serial_number: Bytes(der::element(der::INTEGER, &[certificate.raw_serial()])),
    }
}

/// The algorithm and length are those of the key inside, also of one that is too weak to be served as a key.
fn describe_key(attributes: &mut Attributes, certificate: &X509Certificate<'_>) {
    if let Ok(PublicKey::RSA(key)) = certificate.public_key().parsed() {
        attributes.cryptographic_algorithm = Some(CryptographicAlgorithm::RSA);
        attributes.cryptographic_length = i32::try_from(key.key_size()).ok();
    } else if let Ok(spec) = hsm::public::spec(certificate.public_key().raw) {
        template::describe(attributes, spec);
        attributes.cryptographic_domain_parameters = None;
    }
}

fn identify(attributes: &mut Attributes, certificate: &X509Certificate<'_>) {
    let (subject, issuer) = (certificate.subject(), certificate.issuer());
    attributes.x_509_certificate_identifier = Some(identifier(certificate));
    attributes.x_509_certificate_subject = Some(X509CertificateSubject {
        subject_distinguished_name: Some(Bytes(subject.as_raw().to_vec())),
        subject_alternative_name: general_names(certificate, SUBJECT_ALTERNATIVE_NAME),
    });
    attributes.x_509_certificate_issuer = Some(X509CertificateIssuer {
        issuer_distinguished_name: Bytes(issuer.as_raw().to_vec()),
        issuer_alternative_name: general_names(certificate, ISSUER_ALTERNATIVE_NAME),
    });
    attributes.certificate_identifier = Some(CertificateIdentifier {
        issuer: distinguished_name(issuer),
        serial_number: Some(hex::encode(certificate.raw_serial())),
    });
    attributes.certificate_subject = Some(CertificateSubject {
        certificate_subject_distinguished_name: Some(distinguished_name(subject)),
        certificate_subject_alternative_name: alternative_names(certificate),
    });
    attributes.certificate_issuer = Some(CertificateIssuer {
        certificate_issuer_distinguished_name: distinguished_name(issuer),
        certificate_issuer_alternative_name: Vec::new(),
    });
}

/// Each name of an extension, DER.
fn general_names(certificate: &X509Certificate<'_>, oid: &[u8]) -> Vec<Bytes> {
    let mut extensions = certificate.extensions().iter();
    let extension = extensions.find(|own| own.oid.as_bytes() == oid);
    let mut names = extension
        .and_then(|own| der::only(der::SEQUENCE, own.value))
        .unwrap_or_default();
    let mut all = Vec::new();
    while let Some((name, rest)) = der::split(names) {
        all.push(Bytes(name.whole.to_vec()));
        names = rest;
    }
    all
}

fn alternative_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    let names = extension
        .value
        .general_names
        .iter()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name) => {
                Some((*name).to_owned())
            }
            _ => None,
        });
    names.collect()
}

/// The parts of both names as attributes of their own (KMIP 2.1 §4.6).
fn name_parts(attributes: &mut Attributes, certificate: &X509Certificate<'_>) {
    let part = |name: &X509Name<'_>, wanted: &oid::Oid<'static>| -> Vec<String> {
        let values = name
            .iter_attributes()
            .filter(|part| part.attr_type() == wanted);
        values
            .filter_map(|part| part.as_str().ok().map(str::to_owned))
            .collect()
    };
    macro_rules! parts {
        ($($oid:ident => $subject:ident, $issuer:ident;)*) => {$(
            for value in part(certificate.subject(), &oid::$oid) {
                attributes.$subject.push(value);
            }
            for value in part(certificate.issuer(), &oid::$oid) {
                attributes.$issuer.push(value);
            }
        )*};
    }
    parts! {
        OID_X509_COMMON_NAME => certificate_subject_cn, certificate_issuer_cn;
        OID_X509_ORGANIZATION_NAME => certificate_subject_o, certificate_issuer_o;
        OID_X509_ORGANIZATIONAL_UNIT => certificate_subject_ou, certificate_issuer_ou;
        OID_PKCS9_EMAIL_ADDRESS => certificate_subject_email, certificate_issuer_email;
        OID_X509_COUNTRY_NAME => certificate_subject_c, certificate_issuer_c;
        OID_X509_STATE_OR_PROVINCE_NAME => certificate_subject_st, certificate_issuer_st;
        OID_X509_LOCALITY_NAME => certificate_subject_l, certificate_issuer_l;
        OID_USERID => certificate_subject_uid, certificate_issuer_uid;
        OID_X509_SERIALNUMBER => certificate_subject_serial_number, certificate_issuer_serial_number;
        OID_X509_TITLE => certificate_subject_title, certificate_issuer_title;
        OID_DOMAIN_COMPONENT => certificate_subject_dc, certificate_issuer_dc;
        OID_X509_DN_QUALIFIER => certificate_subject_dn_qualifier, certificate_issuer_dn_qualifier;
    }
}
