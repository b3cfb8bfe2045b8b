//! The TLS configuration of connections that the daemon makes to clients that listen.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs::default_provider,
    sign::SingleCertAndKey,
    version::{TLS12, TLS13},
};

use super::{TlsError, material};
use crate::config;

/// Reads and checks what a client is shown, and whom it is believed by. The files are read for each connection, so that
/// a certificate that was renewed counts from the next one on.
pub fn outgoing(own: &config::Notify) -> Result<Arc<ClientConfig>, TlsError> {
    let provider = Arc::new(default_provider());
    let (certificate, key) = &own.identity;
    let identity = material::identity(certificate, key, &provider)?;
    let mut roots = RootCertStore::empty();
    for path in &own.authorities {
        for authority in material::certificates(path)? {
            roots
                .add(authority)
                .map_err(|error| TlsError::of_file(path, error))?;
        }
    }
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|error| TlsError(format!("TLS cannot be set up: {error}")))?
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity.key)));
    Ok(Arc::new(config))
}
