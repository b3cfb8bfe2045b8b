//! What `dev` and `init` make: keys, certificates and files that are not there yet.

use std::{
    fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use aws_lc_rs::rand;
use hsm::soft::{Master, MasterSource};
use kmip::{Secret, ttlv::Timestamp};
use rustls::pki_types::{CertificateDer, pem::PemObject};

use super::Failure;
use crate::{
    clock::Clock,
    files::{self, Audience},
    hosts,
    pki::{self, Authority, Issued},
    tls,
};

/// A directory for this user alone, made when it is not there.
pub(super) fn directory(path: &Path) -> Result<(), Failure> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| Failure::failed(format!("{}: {error}", path.display())))
}

/// The master key of an embedded HSM.
pub(super) fn master(source: &MasterSource, path: &Path) -> Result<(), Failure> {
    if path.exists() {
        return Ok(());
    }
    hosts::start_engine().map_err(Failure::failed)?;
    Master::create(source).map(drop).map_err(Failure::failed)
}

/// The key that signs the audit trail's heads.
pub(super) fn audit_key(path: &Path) -> Result<(), Failure> {
    if path.exists() {
        return Ok(());
    }
    let mut bytes = zeroize::Zeroizing::new([0; 32]);
    rand::fill(bytes.as_mut_slice()).map_err(|_| Failure::failed("no random bytes"))?;
    files::create(path, bytes.as_slice(), Audience::Owner).map_err(Failure::failed)
}

/// The authority of a directory.
pub(super) fn authority(
    directory: &Path,
    name: &str,
    now: Timestamp,
) -> Result<Authority, Failure> {
    if directory.join(pki::CERTIFICATE_FILE).exists() {
        Authority::load(directory).map_err(Failure::failed)
    } else {
        Authority::create(directory, name, now).map_err(Failure::failed)
    }
}

/// A certificate and its key in files, issued when they are not there or soon end; whether they were.
pub(super) fn certificate(
    certificate: &Path,
    key: &Path,
    now: Timestamp,
    issue: impl FnOnce() -> Result<Issued, pki::PkiError>,
) -> Result<Option<Issued>, Failure> {
    if key.exists() && ends(certificate).is_some_and(|end| end > now.0 + RENEWED_BEFORE_SECONDS) {
        return Ok(None);
    }
    let issued = issue().map_err(Failure::failed)?;
    files::replace(key, issued.key_pem.expose(), Audience::Owner).map_err(Failure::failed)?;
    files::replace(
        certificate,
        issued.certificate_pem.as_bytes(),
        Audience::Everybody,
    )
    .map_err(Failure::failed)?;
    Ok(Some(issued))
}

/// When the certificate in a file ends, if there is one.
fn ends(path: &Path) -> Option<i64> {
    let text = files::read_text(path).ok()?;
    let der = CertificateDer::from_pem_slice(text.as_bytes()).ok()?;
    tls::certificate_facts(&der).ok().map(|own| own.ends.0)
}

/// A file with these contents, unless there is one.
pub(super) fn file(path: &Path, contents: &[u8], audience: Audience) -> Result<(), Failure> {
    if path.exists() {
        return Ok(());
    }
    files::create(path, contents, audience).map_err(Failure::failed)
}

/// A secret given on the command line.
pub(super) fn secret(text: &str) -> Secret {
    Secret::from(text.as_bytes())
}

/// A path that does not depend on where the reader stands.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path)
        .map_err(|error| Failure::failed(format!("{}: {error}", path.display())))
}

/// The time, before there is an appliance that tells it.
pub(super) fn now() -> Timestamp {
    Clock::system(Timestamp(0)).now()
}

/// Thirty days.
const RENEWED_BEFORE_SECONDS: i64 = 30 * 24 * 3600;
