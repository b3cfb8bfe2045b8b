//! The files of the TLS configuration, checked before any of them is used.

use std::{collections::HashSet, path::Path, sync::Arc};

use rustls::{
    RootCertStore,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
    sign::CertifiedKey,
};
use x509_parser::{prelude::FromDer, revocation_list::CertificateRevocationList};

use super::{TlsError, facts, now, verifier::Verifier};
use crate::{config, directory::Directory, files};

/// A certificate chain with its key.
pub(super) struct Identity {
    pub(super) key: Arc<CertifiedKey>,
    /// When the first certificate ends, in seconds since 1970.
    pub(super) ends: i64,
}

/// Reads one of the server's identities.
pub(super) fn identity(
    certificate: &Path,
    key: &Path,
    provider: &CryptoProvider,
) -> Result<Identity, TlsError> {
    let chain = certificates(certificate)?;
    let first = chain
        .first()
        .ok_or_else(|| TlsError::of_file(certificate, "holds no certificate"))?;
    let parsed = facts::parse(first)
        .map_err(|error| TlsError::of_file(certificate, format!("not a certificate: {error:?}")))?;
    facts::check_dates(&parsed, now()).map_err(|error| {
        TlsError::of_file(
            certificate,
            format!("the server's certificate is not valid now ({error:?}); issue a new one"),
        )
    })?;
    let ends = parsed.validity().not_after.timestamp();
    let pem = files::read_secret(key)?;
    let key_der = PrivateKeyDer::from_pem_slice(pem.expose())
        .map_err(|error| TlsError::of_file(key, format!("holds no private key in PEM: {error}")))?;
    let key = CertifiedKey::from_der(chain, key_der, provider).map_err(|error| {
        TlsError::of_file(
            key,
            format!("does not fit {}: {error}", certificate.display()),
        )
    })?;
    Ok(Identity {
        key: Arc::new(key),
        ends,
    })
}

/// Reads the authorities of clients and their revocation lists.
pub(super) fn verifier(
    config: &config::Tls,
    directory: &Arc<Directory>,
    provider: &Arc<CryptoProvider>,
) -> Result<Verifier, TlsError> {
    let mut roots = RootCertStore::empty();
    let mut lacking = Vec::new();
    for path in &config.client_authorities {
        for authority in certificates(path)? {
            let parsed = facts::parse(&authority).map_err(|error| {
                TlsError::of_file(path, format!("not a certificate: {error:?}"))
            })?;
            lacking.push((path, parsed.subject().as_raw().to_vec()));
            roots
                .add(authority)
                .map_err(|error| TlsError::of_file(path, error))?;
        }
    }
    let mut lists = Lists::default();
    for path in &config.revocation_lists {
        lists.read(path)?;
    }
    lacking.retain(|(_, subject)| !lists.issuers.contains(subject));
    if let (Some((path, _)), false) = (lacking.first(), lists.ders.is_empty()) {
        return Err(TlsError::of_file(
            path,
            "no revocation list of this authority is given, so all of its clients would be refused; \
             add its list, or give no lists at all",
        ));
    }
    let revocation_lists = lists.ders.iter().map(|der| der.to_vec()).collect();
    let by_path = if roots.is_empty() {
        None
    } else {
        let builder =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                .with_crls(lists.ders)
                .enforce_revocation_expiration();
        Some(builder.build().map_err(|error| {
            TlsError(format!("client certificates cannot be verified: {error}"))
        })?)
    };
    Ok(Verifier {
        directory: directory.clone(),
        by_path,
        algorithms: provider.signature_verification_algorithms,
        revoked_serials: lists.serials,
        revocation_lists,
        lists_end: lists.end,
    })
}

/// The certificates of a file, of which there must be one.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = files::read_text(path)?;
    let all = CertificateDer::pem_slice_iter(text.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| TlsError::of_file(path, error))?;
    if all.is_empty() {
        return Err(TlsError::of_file(path, "holds no certificate in PEM"));
    }
    Ok(all)
}

/// The revocation lists of a configuration.
struct Lists {
    ders: Vec<CertificateRevocationListDer<'static>>,
    issuers: HashSet<Vec<u8>>,
    serials: HashSet<String>,
    end: u64,
}

impl Default for Lists {
    fn default() -> Self {
        Self {
            ders: Vec::new(),
            issuers: HashSet::new(),
            serials: HashSet::new(),
            end: u64::MAX,
        }
    }
}

impl Lists {
    fn read(&mut self, path: &Path) -> Result<(), TlsError> {
        let text = files::read_text(path)?;
        let all = CertificateRevocationListDer::pem_slice_iter(text.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| TlsError::of_file(path, error))?;
        if all.is_empty() {
            return Err(TlsError::of_file(path, "holds no revocation list in PEM"));
        }
        for der in all {
            let (_, list) = CertificateRevocationList::from_der(&der)
                .map_err(|_| TlsError::of_file(path, "not a revocation list"))?;
            let next = list
                .next_update()
                .ok_or_else(|| TlsError::of_file(path, "has no date of the next update"))?;
            let end = u64::try_from(next.timestamp()).unwrap_or(0);
            if end < now().as_secs() {
                return Err(TlsError::of_file(
                    path,
                    format!("is out of date since {next}; fetch a new one"),
                ));
            }
            self.end = self.end.min(end);
            self.issuers.insert(list.issuer().as_raw().to_vec());
            self.serials.extend(
                list.iter_revoked_certificates()
                    .map(|own| hex::encode(facts::trimmed(own.raw_serial()))),
            );
            self.ders.push(der);
        }
        Ok(())
    }
}
