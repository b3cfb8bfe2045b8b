//! Which client certificates are let in: those of a configured authority, and those whose key is enrolled.

use std::{collections::HashSet, fmt, sync::Arc};

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerMisbehaved,
    SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key},
    pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use store::Client;
use webpki::RawPublicKeyEntity;
use x509_parser::certificate::X509Certificate;

use super::facts;
use crate::directory::Directory;

/// The verifier of one configuration.
pub(super) struct Verifier {
    pub(super) directory: Arc<Directory>,
    /// Verifies paths to the configured authorities, with their revocation lists; absent when none is configured.
    pub(super) by_path: Option<Arc<dyn ClientCertVerifier>>,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
    /// The serial numbers, in lower-case hexadecimal, on any configured revocation list.
    pub(super) revoked_serials: HashSet<String>,
    /// The configured revocation lists, DER.
    pub(super) revocation_lists: Vec<Vec<u8>>,
    /// When the first of the revocation lists must have been replaced, in seconds; for ever when there are none.
    pub(super) lists_end: u64,
}

impl Verifier {
    /// Verifies a presented chain. Only its first certificate is ever an identity (and no address in it is ever
    /// fetched).
    pub(super) fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        if intermediates.len() > INTERMEDIATES_MAX {
            return Err(CertificateError::UnknownIssuer.into());
        }
        let certificate = facts::parse(end_entity)?;
        let client = self.enrolled(&certificate)?;
        let by_path = match &self.by_path {
            Some(verifier) => verifier.verify_client_cert(end_entity, intermediates, now),
            None => Err(CertificateError::UnknownIssuer.into()),
        };
        match (by_path, client) {
            (Ok(_), _) => Ok(()),
            (Err(error), Some(client)) if may_be_pinned(&error) => {
                self.pinned(&certificate, &client, now)
            }
            (Err(error), _) => Err(error),
        }
    }

    /// What of [`Self::verify`] can have changed since a session's first handshake under the same configuration: dates
    /// and enrolment. A resumed session presents no certificate, and brings those of its first handshake.
    pub(super) fn verify_again(
        &self,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        if now.as_secs() > self.lists_end {
            return Err(CertificateError::ExpiredRevocationList.into());
        }
        for (at, own) in chain.iter().enumerate() {
            let certificate = facts::parse(own)?;
            facts::check_dates(&certificate, now)?;
            if at == 0 {
                self.enrolled(&certificate)?;
            }
        }
        Ok(())
    }

    /// The client enrolled with a certificate's key; a revoked one is refused.
    fn enrolled(
        &self,
        certificate: &X509Certificate<'_>,
    ) -> Result<Option<Arc<Client>>, CertificateError> {
        match self.directory.client_by_key(&facts::key_of(certificate)) {
            Some(client) if client.revoked.is_some() => Err(CertificateError::Revoked),
            found => Ok(found),
        }
    }

    /// A certificate that no path leads to, but whose key an administrator enrolled: self-signed, as many appliances
    /// make them. Who has the key could sign itself a new certificate, so the enrolment's own end holds too, and a list
    /// that revokes the enrolled certificate revokes its successors.
    fn pinned(
        &self,
        certificate: &X509Certificate<'_>,
        client: &Client,
        now: UnixTime,
    ) -> Result<(), Error> {
        facts::check_dates(certificate, now)?;
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        if now > client.expires.0 {
            return Err(CertificateError::Expired.into());
        }
        // Short serial numbers are counted, not drawn, and mean nothing beyond their own issuer.
        let serial = client.serial.to_ascii_lowercase();
        let serial = serial.trim_start_matches("00");
        if serial.len() >= SERIAL_DIGITS_MIN && self.revoked_serials.contains(serial) {
            return Err(CertificateError::Revoked.into());
        }
        Ok(())
    }
}

/// Whether a path failed for want of an issuer or for the certificate's form, and not for what it says.
fn may_be_pinned(error: &Error) -> bool {
    match error {
        Error::InvalidCertificate(reason) => !matches!(
            reason,
            CertificateError::BadEncoding
                | CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::ExpiredRevocationList
                | CertificateError::ExpiredRevocationListContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. }
                | CertificateError::Revoked
                | CertificateError::UnknownRevocationStatus
        ),
        _ => false,
    }
}

impl ClientCertVerifier for Verifier {
    /// None, which invites every certificate: Java offers only certificates whose issuer is hinted, and an enrolled one
    /// may have any.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.verify(end_entity, intermediates, now)
            .map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let certificate = facts::parse(cert)?;
        let spki = SubjectPublicKeyInfoDer::from(certificate.public_key().raw);
        let key = RawPublicKeyEntity::try_from(&spki).map_err(|_| CertificateError::BadEncoding)?;
        let algorithms = self
            .algorithms
            .mapping
            .iter()
            .find(|(scheme, _)| *scheme == dss.scheme)
            .map(|(_, algorithms)| *algorithms)
            .ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
        // In TLS 1.2 a scheme names no curve, so several algorithms may fit it.
        algorithms
            .iter()
            .any(|algorithm| {
                key.verify_signature(*algorithm, message, dss.signature())
                    .is_ok()
            })
            .then(HandshakeSignatureValid::assertion)
            .ok_or_else(|| CertificateError::BadSignature.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        // From the key itself, because the library parses no certificate of version 1.
        let certificate = facts::parse(cert)?;
        let spki = SubjectPublicKeyInfoDer::from(certificate.public_key().raw);
        verify_tls13_signature_with_raw_key(message, &spki, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier")
    }
}

/// A chain has at most four certificates, the client's own included.
const INTERMEDIATES_MAX: usize = 3;
/// Serial numbers of eight bytes and more are drawn at random.
const SERIAL_DIGITS_MIN: usize = 16;
