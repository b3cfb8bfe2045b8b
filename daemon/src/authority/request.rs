//! Certificate requests: PKCS #10, CRMF and PEM, read and their proofs of possession verified.

use hsm::Input;
use kmip::{
    CertificateRequestType,
    mechanism::{Hash, KeySpec, Signing, signature},
};
use rustls::pki_types::{CertificateSigningRequestDer, pem::PemObject};

use super::extension::Extension;
use crate::{
    der::{self, BIT_STRING, Element, INTEGER, OID, SEQUENCE, SET},
    error::{Error, Result},
    fault::Fault,
};

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Requested {
    /// The subject's name, DER.
    pub(crate) subject: Vec<u8>,
    /// The subject's public key, DER SubjectPublicKeyInfo.
    pub(crate) spki: Vec<u8>,
    /// The extensions asked for.
    pub(crate) extensions: Vec<Extension>,
    /// How it is signed.
    pub(crate) signing: Signing,
}

impl Requested {
    /// Reads a request. Whoever made it has the private key: its signature is verified.
    pub(crate) fn read(kind: CertificateRequestType, bytes: &[u8]) -> Result<Self> {
        if bytes.len() > REQUEST_BYTES_MAX {
            return Err(bad("the certificate request is longer than 64 KiB"));
        }
        match kind {
            CertificateRequestType::PKCS10 => pkcs10(bytes),
            CertificateRequestType::PEM => {
                let der = CertificateSigningRequestDer::from_pem_slice(bytes)
                    .map_err(|_| bad("the certificate request is no PEM of a PKCS #10 request"))?;
                pkcs10(&der)
            }
            CertificateRequestType::CRMF => crmf(bytes),
            _ => Err(Error::new(
                Fault::FeatureNotServed,
                "certificate requests are PKCS #10, CRMF or PEM",
            )),
        }
    }

    /// The value of an extension that is asked for.
    pub(crate) fn extension(&self, oid: &[u8]) -> Option<&Extension> {
        self.extensions.iter().find(|own| own.oid == oid)
    }
}

/// PKCS #10 (RFC 2986 §4).
fn pkcs10(der: &[u8]) -> Result<Requested> {
    let unreadable = || bad("the certificate request is no PKCS #10 request");
    let read = || {
        let mut whole = der::only(SEQUENCE, der)?;
        let info = der::take(&mut whole, SEQUENCE)?;
        let algorithm = der::take(&mut whole, SEQUENCE)?;
        let signature = der::whole_bits(der::only(BIT_STRING, whole)?)?;
        let mut fields = info.contents;
        der::take(&mut fields, INTEGER)?;
        let subject = der::take(&mut fields, SEQUENCE)?;
        let spki = der::take(&mut fields, SEQUENCE)?;
        let attributes = match der::take(&mut fields, der::context(0)) {
            Some(attributes) => requested_extensions(attributes.contents)?,
            None => Vec::new(),
        };
        fields
            .is_empty()
            .then_some((info, algorithm, signature, subject, spki, attributes))
    };
    let (info, algorithm, signature, subject, spki, extensions) = read().ok_or_else(unreadable)?;
    let signing = verify(spki.whole, algorithm, info.whole, signature)?;
    Requested::checked(subject.whole, spki.whole, extensions, signing)
}

/// The extensions of the attribute that asks for them (RFC 2985 §5.4.2).
fn requested_extensions(mut attributes: &[u8]) -> Option<Vec<Extension>> {
    let mut found = Vec::new();
    while !attributes.is_empty() {
        let mut attribute = der::take(&mut attributes, SEQUENCE)?.contents;
        let oid = der::take(&mut attribute, OID)?.contents;
        let values = der::only(SET, attribute)?;
        if oid == EXTENSION_REQUEST {
            found.extend(Extension::read_all(der::only(SEQUENCE, values)?)?);
        }
    }
    Some(found)
}

/// CRMF (RFC 4211 §3): one message, whose key proves itself by a signature.
fn crmf(der: &[u8]) -> Result<Requested> {
    let unreadable = || bad("the certificate request is no CRMF of one signed request");
    let read = || {
        let mut message = der::only(SEQUENCE, der::only(SEQUENCE, der)?)?;
        let request = der::take(&mut message, SEQUENCE)?;
        // RFC 4211 §4.1: [1] signature, of what stands before it where it has no input of its own.
        let mut proof = der::take(&mut message, der::context(1))?.contents;
        let algorithm = der::take(&mut proof, SEQUENCE)?;
        let signature = der::whole_bits(der::only(BIT_STRING, proof)?)?;
        let mut fields = request.contents;
        der::take(&mut fields, INTEGER)?;
        let template = der::take(&mut fields, SEQUENCE)?;
        Some((request, algorithm, signature, template.contents))
    };
    let (request, algorithm, signature, template) = read().ok_or_else(unreadable)?;
    let (subject, spki, extensions) = crmf_template(template).ok_or_else(unreadable)?;
    let signing = verify(&spki, algorithm, request.whole, signature)?;
    Requested::checked(&subject, &spki, extensions, signing)
}

/// Subject, public key and extensions of a CertTemplate (RFC 4211 §5).
fn crmf_template(mut template: &[u8]) -> Option<(Vec<u8>, Vec<u8>, Vec<Extension>)> {
    let (mut subject, mut spki, mut extensions) = (None, None, Vec::new());
    while !template.is_empty() {
        let (field, behind) = der::split(template)?;
        template = behind;
        match field.tag {
            // A name is a choice, and so its tag is explicit.
            0xA5 => subject = Some(field.contents.to_vec()),
            0xA6 => spki = Some(der::element(SEQUENCE, &[field.contents])),
            0xA9 => extensions = Extension::read_all(field.contents)?,
            _ => {}
        }
    }
    Some((subject?, spki?, extensions))
}

impl Requested {
    fn checked(
        subject: &[u8],
        spki: &[u8],
        extensions: Vec<Extension>,
        signing: Signing,
    ) -> Result<Self> {
        if !super::subject::is_name(subject) {
            return Err(bad("the subject of the certificate request is no name"));
        }
        Ok(Self {
            subject: subject.to_vec(),
            spki: spki.to_vec(),
            extensions,
            signing,
        })
    }
}

/// Verifies a proof of possession and tells how it was made.
fn verify(
    spki: &[u8],
    algorithm: Element<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<Signing> {
    let wrong = || bad("the signature of the certificate request is not that of its key");
    let spec = hsm::public::spec(spki).map_err(|error| {
        bad("the certificate request has a key that is not served").because(error)
    })?;
    let signing = signing(algorithm.contents).ok_or_else(|| {
        bad("the certificate request is signed with an algorithm that is not served")
    })?;
    let halves = match (spec, signing) {
        (KeySpec::Ec(curve), Signing::Ecdsa(_)) => {
            signature::from_der(signature, curve.field_bytes()).ok_or_else(wrong)?
        }
        _ => signature.to_vec(),
    };
    match hsm::public::verify(spki, signing, Input::Message(message), &halves) {
        Ok(true) => Ok(signing),
        Ok(false) => Err(wrong()),
        Err(error) => Err(wrong().because(error)),
    }
}

/// The mechanism of an AlgorithmIdentifier.
fn signing(mut algorithm: &[u8]) -> Option<Signing> {
    let oid = der::take(&mut algorithm, OID)?.contents;
    if oid == RSASSA_PSS {
        return pss(der::only(SEQUENCE, algorithm)?);
    }
    if oid == ED25519 {
        return Some(Signing::Eddsa);
    }
    if let Some(last) = oid.strip_prefix(PKCS1) {
        let hash = match last {
            [5] => Hash::Sha1,
            [14] => Hash::Sha224,
            [11] => Hash::Sha256,
            [12] => Hash::Sha384,
            [13] => Hash::Sha512,
            _ => return None,
        };
        return Some(Signing::RsaPkcs1(Some(hash)));
    }
    let hash = match oid.strip_prefix(ECDSA)? {
        [1] => Hash::Sha1,
        [3, 1] => Hash::Sha224,
        [3, 2] => Hash::Sha256,
        [3, 3] => Hash::Sha384,
        [3, 4] => Hash::Sha512,
        _ => return None,
    };
    Some(Signing::Ecdsa(Some(hash)))
}

/// RSASSA-PSS-params (RFC 4055 §3.1).
fn pss(mut parameters: &[u8]) -> Option<Signing> {
    let (mut hash, mut mask_hash, mut salt_bytes) = (Hash::Sha1, Hash::Sha1, 20);
    while !parameters.is_empty() {
        let (field, behind) = der::split(parameters)?;
        parameters = behind;
        match field.tag {
            0xA0 => hash = hash_of(der::only(SEQUENCE, field.contents)?)?,
            0xA1 => {
                let mut generator = der::only(SEQUENCE, field.contents)?;
                let oid = der::take(&mut generator, OID)?.contents;
                if oid.strip_prefix(PKCS1) != Some(&[8]) {
                    return None;
                }
                mask_hash = hash_of(der::only(SEQUENCE, generator)?)?;
            }
            0xA2 => {
                salt_bytes = match der::only(INTEGER, field.contents)? {
                    [short @ 0..=0x7F] => u16::from(*short),
                    [high @ 0..=0x7F, low] => u16::from_be_bytes([*high, *low]),
                    _ => return None,
                };
            }
            _ => {}
        }
    }
    Some(Signing::RsaPss {
        hash,
        mask_hash,
        salt_bytes,
    })
}

fn hash_of(mut algorithm: &[u8]) -> Option<Hash> {
    let oid = der::take(&mut algorithm, OID)?.contents;
    if oid == SHA1 {
        return Some(Hash::Sha1);
    }
    match oid.strip_prefix(SHA2)? {
        [1] => Some(Hash::Sha256),
        [2] => Some(Hash::Sha384),
        [3] => Some(Hash::Sha512),
        [4] => Some(Hash::Sha224),
        _ => None,
    }
}

fn bad(message: &'static str) -> Error {
    Error::new(Fault::BadCertificateRequest, message)
}

const REQUEST_BYTES_MAX: usize = 65_536;
/// 1.2.840.113549.1.9.14.
const EXTENSION_REQUEST: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 14];
/// 1.2.840.113549.1.1.
const PKCS1: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1];
const RSASSA_PSS: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 10];
/// 1.2.840.10045.4.
const ECDSA: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 4];
const ED25519: &[u8] = &[0x2B, 0x65, 0x70];
const SHA1: &[u8] = &[0x2B, 0x0E, 3, 2, 0x1A];
/// 2.16.840.1.101.3.4.2.
const SHA2: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2];
