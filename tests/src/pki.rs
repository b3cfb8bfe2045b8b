//! Certificates, good and bad, and TLS clients that show them.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use time::{Duration, OffsetDateTime};

/// A certificate chain and its key, PEM.
#[derive(Clone)]
pub struct Identity {
    /// The chain.
    pub chain: String,
    /// The key.
    pub key: String,
}

impl Identity {
    /// Reads both from files.
    #[must_use]
    pub fn read(chain: &Path, key: &Path) -> Self {
        Self {
            chain: fs::read_to_string(chain).unwrap(),
            key: fs::read_to_string(key).unwrap(),
        }
    }

    fn der(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let chain = CertificateDer::pem_slice_iter(self.chain.as_bytes());
        let chain = chain.map(|certificate| certificate.unwrap()).collect();
        (
            chain,
            PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap(),
        )
    }

    /// Writes both into a folder.
    pub fn write(&self, folder: &Path, name: &str) -> (PathBuf, PathBuf) {
        let (chain, key) = (
            folder.join(format!("{name}.pem")),
            folder.join(format!("{name}.key")),
        );
        fs::write(&chain, &self.chain).unwrap();
        fs::write(&key, &self.key).unwrap();
        (chain, key)
    }
}

/// A client's configuration of TLS.
#[must_use]
pub fn client_config(authority: &Path, identity: Option<&Identity>) -> Arc<ClientConfig> {
    client_config_of(authority, identity, rustls::ALL_VERSIONS)
}

/// A client's configuration of some versions of TLS.
#[must_use]
pub fn client_config_of(
    authority: &Path,
    identity: Option<&Identity>,
    versions: &[&'static SupportedProtocolVersion],
) -> Arc<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots(authority));
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some(own) => {
            let (chain, key) = own.der();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    Arc::new(config)
}

/// A server's configuration of TLS, which lets in whom an authority has signed.
#[must_use]
pub fn server_config(authority: &Path, identity: &Identity) -> Arc<ServerConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let roots = Arc::new(roots(authority));
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider.clone());
    let (chain, key) = identity.der();
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(rustls::ALL_VERSIONS)
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(chain, key)
        .unwrap();
    Arc::new(config)
}

fn roots(authority: &Path) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(authority).unwrap() {
        roots.add(certificate.unwrap()).unwrap();
    }
    roots
}

fn client_parameters(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::new([name.to_owned()]).unwrap();
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    parameters
}

/// A client's certificate that nobody but itself signed.
#[must_use]
pub fn self_signed(name: &str) -> Identity {
    let key = KeyPair::generate().unwrap();
    Identity {
        chain: client_parameters(name).self_signed(&key).unwrap().pem(),
        key: key.serialize_pem(),
    }
}

/// A client's certificate of an authority that is not the appliance's, but bears its name.
#[must_use]
pub fn foreign(name: &str) -> Identity {
    let mut parameters = CertificateParams::new([]).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    Identity {
        chain: client_parameters(name)
            .signed_by(&key, &issuer)
            .unwrap()
            .pem(),
        key: key.serialize_pem(),
    }
}

/// A client's certificate of the appliance's own authority that was over yesterday.
#[must_use]
pub fn expired(authority: &Path, authority_key: &Path, name: &str) -> Identity {
    let mut parameters = client_parameters(name);
    parameters.not_before = OffsetDateTime::now_utc() - Duration::days(30);
    parameters.not_after = OffsetDateTime::now_utc() - Duration::days(1);
    signed(authority, authority_key, &parameters)
}

/// A good client's certificate of the appliance's own authority, of which the appliance does not know.
#[must_use]
pub fn unenrolled(authority: &Path, authority_key: &Path, name: &str) -> Identity {
    let mut parameters = client_parameters(name);
    parameters.not_before = OffsetDateTime::now_utc() - Duration::days(1);
    parameters.not_after = OffsetDateTime::now_utc() + Duration::days(30);
    signed(authority, authority_key, &parameters)
}

/// A server's certificate of the appliance's own authority.
#[must_use]
pub fn server(authority: &Path, authority_key: &Path, name: &str) -> Identity {
    let mut parameters = CertificateParams::new([name.to_owned()]).unwrap();
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    signed(authority, authority_key, &parameters)
}

fn signed(authority: &Path, authority_key: &Path, parameters: &CertificateParams) -> Identity {
    let pem = fs::read_to_string(authority).unwrap();
    let key = KeyPair::from_pem(&fs::read_to_string(authority_key).unwrap()).unwrap();
    let issuer = rcgen::Issuer::from_ca_cert_pem(&pem, key).unwrap();
    let own = KeyPair::generate().unwrap();
    Identity {
        chain: parameters.signed_by(&own, &issuer).unwrap().pem(),
        key: own.serialize_pem(),
    }
}
