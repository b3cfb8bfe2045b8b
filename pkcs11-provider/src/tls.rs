//! What a connection over TLS needs of the files that the configuration names; files that were renewed are read again.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use rustls::{
    ClientConfig, RootCertStore,
    client::Resumption,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use crate::{config::Files, error::is_lack_of_room, log::Log};

/// What tells one content of a file from the next: device, number, size, and when it was written.
type Stamp = (u64, u64, u64, i64, i64);

/// What was read last. Nothing is read before the first connection, so that loading the module touches no secret.
#[derive(Default)]
pub(crate) struct Identity(Mutex<Option<Loaded>>);

struct Loaded {
    stamps: [Option<Stamp>; 3],
    config: Arc<ClientConfig>,
}

impl Identity {
    /// What was read, for another process: without the sessions that TLS would resume. What another thread is just reading
    /// is read again.
    pub(crate) fn forked(&self) -> Self {
        let loaded = self.0.try_lock().ok();
        let copy = loaded.as_deref().and_then(Option::as_ref).map(|loaded| {
            let mut config = (*loaded.config).clone();
            config.resumption = Resumption::default();
            Loaded {
                stamps: loaded.stamps,
                config: Arc::new(config),
            }
        });
        Self(Mutex::new(copy))
    }

    /// The configuration of the files as they are now; the last good one while they cannot be used, as while a renewal
    /// has replaced the certificate and not yet the key.
    pub(crate) fn current(&self, files: &Files, log: &Log) -> io::Result<Arc<ClientConfig>> {
        let mut loaded = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The stamps are taken before the contents, so that what changes in between is noticed the next time.
        let stamps = [&files.ca, &files.certificate, &files.key].map(|path| stamp(path));
        if let Some(loaded) = &*loaded
            && loaded.stamps == stamps
        {
            return Ok(Arc::clone(&loaded.config));
        }
        match (load(files), &*loaded) {
            (Ok(config), _) => {
                *loaded = Some(Loaded {
                    stamps,
                    config: Arc::clone(&config),
                });
                Ok(config)
            }
            (Err(error), Some(last)) => {
                log.line(format_args!(
                    "{error}; what was read before stays in use until this is mended"
                ));
                Ok(Arc::clone(&last.config))
            }
            (Err(error), None) => Err(error),
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let file = fs::metadata(path).ok()?;
    let (seconds, nanoseconds) = (file.mtime(), file.mtime_nsec());
    Some((file.dev(), file.ino(), file.size(), seconds, nanoseconds))
}

/// The error with the file's name.
fn named(path: &Path, error: &dyn std::fmt::Display) -> io::Error {
    io::Error::other(format!("{}: {error}", path.display()))
}

fn contents(path: &Path) -> io::Result<Vec<u8>> {
    fs::read(path).map_err(|error| {
        // This one stays what it was, for whoever asks.
        if is_lack_of_room(&error) {
            error
        } else {
            named(path, &error)
        }
    })
}

fn certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let chain = CertificateDer::pem_slice_iter(&contents(path)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| named(path, &error))?;
    if chain.is_empty() {
        return Err(named(path, &"holds no certificate"));
    }
    Ok(chain)
}

fn load(files: &Files) -> io::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    for root in certificates(&files.ca)? {
        roots.add(root).map_err(|error| named(&files.ca, &error))?;
    }
    let pem = zeroize::Zeroizing::new(contents(&files.key)?);
    let private = PrivateKeyDer::from_pem_slice(&pem).map_err(|error| named(&files.key, &error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    // A key that is not the certificate's is refused here.
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_client_auth_cert(certificates(&files.certificate)?, private)
        .map_err(|error| named(&files.certificate, &error))?;
    Ok(Arc::new(config))
}
