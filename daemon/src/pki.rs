//! The appliance's own certificate authority: server and client certificates, and the list of revoked ones.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use aws_lc_rs::{digest, rand};
use kmip::{Secret, ttlv::Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, PublicKeyData,
    RevocationReason, RevokedCertParams, SanType, SerialNumber,
};
use time::{Duration, OffsetDateTime};

use crate::files::{self, Audience, FileError};

/// A certificate authority whose key is a file, `ca.key` beside `ca.pem`, closed to all but its owner.
///
/// Whoever has the file can make clients, but not vaults: a client counts only once it is enrolled.
pub struct Authority {
    directory: PathBuf,
    certificate_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, just made.
pub struct Issued {
    /// The certificate.
    pub certificate_pem: String,
    /// Its private key, PKCS #8 in PEM.
    pub key_pem: Secret,
    /// SHA-256 of its SubjectPublicKeyInfo: the identity to enrol.
    pub spki_sha256: [u8; 32],
    /// Its serial number in lower-case hexadecimal.
    pub serial: String,
    /// When it ends.
    pub expires: Timestamp,
}

/// A certificate that no longer counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Its serial number in hexadecimal.
    pub serial: String,
    /// When it was revoked.
    pub time: Timestamp,
}

impl Authority {
    /// Makes an authority and keeps it in a directory. An existing one is never overwritten.
    pub fn create(directory: &Path, name: &str, now: Timestamp) -> Result<Self, PkiError> {
        let key = KeyPair::generate().map_err(PkiError::from)?;
        let mut params = subject(name, now, AUTHORITY_DAYS)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate_pem = params.self_signed(&key)?.pem();
        let key_pem = Secret::new(key.serialize_pem().into_bytes());
        let path = directory.join(CERTIFICATE_FILE);
        if path.exists() {
            return Err(FileError::new(&path, "exists already, and is not overwritten").into());
        }
        // A key without its certificate is what an interrupted first try left, and nobody trusts it.
        files::replace(&directory.join(KEY_FILE), key_pem.expose(), Audience::Owner)?;
        files::create(&path, certificate_pem.as_bytes(), Audience::Everybody)?;
        Ok(Self {
            directory: directory.to_owned(),
            certificate_pem,
            issuer: Issuer::new(params, key),
        })
    }

    /// Loads the authority that a directory keeps.
    pub fn load(directory: &Path) -> Result<Self, PkiError> {
        let certificate_pem = files::read_text(&directory.join(CERTIFICATE_FILE))?;
        let path = directory.join(KEY_FILE);
        let key_pem = files::read_secret(&path)?;
        let key = std::str::from_utf8(key_pem.expose())
            .map_err(|_| FileError::new(&path, "not PEM"))
            .and_then(|text| {
                KeyPair::from_pem(text).map_err(|error| FileError::new(&path, error))
            })?;
        let issuer = Issuer::from_ca_cert_pem(&certificate_pem, key)
            .map_err(|error| FileError::new(&directory.join(CERTIFICATE_FILE), error))?;
        Ok(Self {
            directory: directory.to_owned(),
            certificate_pem,
            issuer,
        })
    }

    /// The authority's own certificate, for those who are to trust it.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// A server's certificate for these host names and addresses.
    pub fn issue_server(&self, names: &[String], now: Timestamp) -> Result<Issued, PkiError> {
        let common = names.first().map_or("keyhold", String::as_str);
        let mut params = subject(common, now, SERVER_DAYS)?;
        params.subject_alt_names = CertificateParams::new(names)?.subject_alt_names;
        // Clients that listen are connected to, and are shown the same certificate.
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        self.issue(params)
    }

    /// A client's certificate. Its name is for people; its key is what it is known by.
    pub fn issue_client(&self, name: &str, days: u32, now: Timestamp) -> Result<Issued, PkiError> {
        let mut params = subject(name, now, days)?;
        let uri = format!("urn:keyhold:client:{}", percent_encoded(name));
        params.subject_alt_names = vec![SanType::URI(uri.as_str().try_into()?)];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(params)
    }

    fn issue(&self, mut params: CertificateParams) -> Result<Issued, PkiError> {
        let key = KeyPair::generate()?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let expires = Timestamp(params.not_after.unix_timestamp());
        let serial = params
            .serial_number
            .as_ref()
            .map(SerialNumber::to_bytes)
            .unwrap_or_default();
        let certificate = params.signed_by(&key, &self.issuer)?;
        let mut spki_sha256 = [0; 32];
        spki_sha256.copy_from_slice(
            digest::digest(&digest::SHA256, &key.subject_public_key_info()).as_ref(),
        );
        Ok(Issued {
            certificate_pem: certificate.pem(),
            key_pem: Secret::new(key.serialize_pem().into_bytes()),
            spki_sha256,
            serial: hex::encode(serial),
            expires,
        })
    }

    /// Writes the list of all revoked certificates into `ca.crl`, for servers other than this one: the appliance itself
    /// refuses a revoked client by its enrolment at once.
    pub fn write_revocations(
        &self,
        revoked: &[Revocation],
        now: Timestamp,
    ) -> Result<PathBuf, PkiError> {
        let revoked_certs = revoked
            .iter()
            .map(|one| {
                let serial = hex::decode(&one.serial).map_err(|error| {
                    PkiError(format!("serial number {:?}: {error}", one.serial))
                })?;
                Ok(RevokedCertParams {
                    serial_number: SerialNumber::from_slice(&serial),
                    revocation_time: date(one.time)?,
                    reason_code: Some(RevocationReason::Unspecified),
                    invalidity_date: None,
                })
            })
            .collect::<Result<_, PkiError>>()?;
        let this_update = date(now)?;
        let list = CertificateRevocationListParams {
            this_update,
            next_update: later(this_update, REVOCATION_DAYS)?,
            // The time in seconds grows from list to list, and needs no file of its own.
            crl_number: SerialNumber::from(u64::try_from(now.0).unwrap_or(0)),
            issuing_distribution_point: None,
            revoked_certs,
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let path = self.directory.join(REVOCATION_FILE);
        let text = list.signed_by(&self.issuer)?.pem()?;
        files::replace(&path, text.as_bytes(), Audience::Everybody)?;
        Ok(path)
    }
}

/// A certificate's subject, serial number and dates.
fn subject(name: &str, now: Timestamp, days: u32) -> Result<CertificateParams, PkiError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let mut serial = [0; 16];
    rand::fill(&mut serial).map_err(|_| PkiError("no random bytes".to_owned()))?;
    // RFC 5280 §4.1.2.2: positive; and without leading zeros, so that it is the same in every spelling.
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x3F) | 0x40;
    }
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    let start = date(now)?;
    // Clocks of clients may be behind ours.
    params.not_before = start
        .checked_sub(Duration::minutes(5))
        .ok_or_else(beyond_calendar)?;
    params.not_after = later(start, days)?;
    Ok(params)
}

fn date(time: Timestamp) -> Result<OffsetDateTime, PkiError> {
    OffsetDateTime::from_unix_timestamp(time.0).map_err(|_| beyond_calendar())
}

fn later(start: OffsetDateTime, days: u32) -> Result<OffsetDateTime, PkiError> {
    start
        .checked_add(Duration::days(i64::from(days)))
        .filter(|end| end.year() < 9999)
        .ok_or_else(beyond_calendar)
}

fn beyond_calendar() -> PkiError {
    PkiError("the certificate would end beyond the calendar; ask for fewer days".to_owned())
}

/// A name inside a URI (RFC 3986 §2.3).
fn percent_encoded(name: &str) -> String {
    name.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// Why a certificate was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PkiError(String);

impl fmt::Display for PkiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PkiError {}

impl From<rcgen::Error> for PkiError {
    fn from(error: rcgen::Error) -> Self {
        Self(format!("the certificate cannot be made: {error}"))
    }
}

impl From<FileError> for PkiError {
    fn from(error: FileError) -> Self {
        Self(error.to_string())
    }
}

/// The authority's certificate in its directory.
pub const CERTIFICATE_FILE: &str = "ca.pem";
/// The authority's key in its directory.
pub const KEY_FILE: &str = "ca.key";
/// The list of revoked certificates in its directory.
pub const REVOCATION_FILE: &str = "ca.crl";
/// For how many days a client's certificate is good when nothing else is said.
pub const CLIENT_DAYS: u32 = 365;

const AUTHORITY_DAYS: u32 = 3650;
const SERVER_DAYS: u32 = 825;
const REVOCATION_DAYS: u32 = 30;

#[cfg(test)]
mod tests {
    use rustls::pki_types::{CertificateDer, pem::PemObject};

    use super::*;
    use crate::tls::certificate_facts;

    #[test]
    fn an_authority_is_kept_and_issues_what_it_says() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp(1_800_000_000);
        let made = Authority::create(folder.path(), "Test", now).unwrap();
        assert!(Authority::create(folder.path(), "Other", now).is_err());
        let kept = Authority::load(folder.path()).unwrap();
        assert_eq!(kept.certificate_pem(), made.certificate_pem());
        let issued = kept.issue_client("käse 1", 30, now).unwrap();
        assert_eq!(issued.expires, Timestamp(now.0 + 30 * 24 * 3600));
        let der = CertificateDer::from_pem_slice(issued.certificate_pem.as_bytes()).unwrap();
        let facts = certificate_facts(&der).unwrap();
        assert_eq!(facts.identity.spki_sha256, issued.spki_sha256);
        assert_eq!(facts.identity.issuer, "CN=Test");
        assert_eq!(facts.identity.subject, "CN=käse 1");
        assert_eq!(
            facts.identity.alternative_names,
            ["URI:urn:keyhold:client:k%C3%A4se%201"]
        );
        assert_eq!((facts.serial, facts.ends), (issued.serial, issued.expires));
        assert!(
            kept.issue_client("x", u32::MAX, now).is_err(),
            "beyond the calendar"
        );
        assert!(kept.issue_client("x", 1, Timestamp(i64::MAX)).is_err());
    }
}
