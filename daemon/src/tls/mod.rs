//! The TLS configuration of the network face, and the identity of whom it let in.

mod facts;
mod material;
mod outgoing;
mod trust;
mod verifier;

use std::{fmt, path::Path, sync::Arc};

use arc_swap::ArcSwap;
use kmip::ttlv::Timestamp;
use rustls::{
    CipherSuite, HandshakeKind, ServerConfig, ServerConnection,
    crypto::aws_lc_rs::{Ticketer, default_provider},
    pki_types::UnixTime,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};

pub use self::outgoing::outgoing;
pub(crate) use self::trust::Trust;
use self::verifier::Verifier;
use crate::{
    config,
    directory::Directory,
    identity::{CertificateFacts, Peer},
};

/// What the network face presents and demands; replaced as a whole by a reload.
pub struct Tls {
    now: ArcSwap<Terms>,
}

/// One configuration. A connection keeps the one that it began with, and is held to the next.
pub struct Terms {
    /// For the handshake.
    pub server: Arc<ServerConfig>,
    /// When the first of the server's certificates ends, in seconds since 1970.
    pub server_ends: i64,
    verifier: Arc<Verifier>,
}

impl Tls {
    /// Reads and checks certificates, keys and revocation lists.
    pub fn load(config: &config::Tls, directory: &Arc<Directory>) -> Result<Self, TlsError> {
        let terms = Terms::load(config, directory)?;
        Ok(Self {
            now: ArcSwap::from_pointee(terms),
        })
    }

    /// Puts other terms in place. Tickets of before are worth nothing then, so that everybody is verified anew.
    pub fn replace(&self, terms: Terms) {
        self.now.store(Arc::new(terms));
    }

    /// Whether these are the terms by now.
    fn has(&self, terms: &Arc<Terms>) -> bool {
        Arc::ptr_eq(&self.now.load(), terms)
    }

    /// The terms of a new connection.
    #[must_use]
    pub fn terms(&self) -> Arc<Terms> {
        self.now.load_full()
    }
}

impl Terms {
    /// Reads and checks certificates, keys and revocation lists.
    pub fn load(config: &config::Tls, directory: &Arc<Directory>) -> Result<Self, TlsError> {
        let provider = Arc::new(default_provider());
        let identities = config
            .identities
            .iter()
            .map(|(certificate, key)| material::identity(certificate, key, &provider))
            .collect::<Result<Vec<_>, _>>()?;
        let server_ends = identities.iter().map(|own| own.ends).min().unwrap_or(0);
        let verifier = Arc::new(material::verifier(config, directory, &provider)?);
        let broken = |error: rustls::Error| TlsError(format!("TLS cannot be set up: {error}"));
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(broken)?
            .with_client_cert_verifier(verifier.clone())
            .with_cert_resolver(Arc::new(Identities(
                identities.into_iter().map(|own| own.key).collect(),
            )));
        // A new connection per operation is what half of the clients do. Each configuration has ticket keys of its own,
        // and there is no early data: a request must not be replayed.
        server.ticketer = Ticketer::new().map_err(broken)?;
        server.send_tls13_tickets = 1;
        server.max_early_data_size = 0;
        Ok(Self {
            server: Arc::new(server),
            server_ends,
            verifier,
        })
    }

    /// The configured revocation lists, DER.
    #[must_use]
    pub fn revocation_lists(&self) -> &[Vec<u8>] {
        &self.verifier.revocation_lists
    }

    /// Who is on the other side of a finished handshake, resumed or not.
    pub fn peer(&self, connection: &ServerConnection) -> Result<Peer, rustls::Error> {
        let chain = connection.peer_certificates().unwrap_or_default();
        let first = chain
            .first()
            .ok_or(rustls::Error::NoCertificatesPresented)?;
        if connection.handshake_kind() == Some(HandshakeKind::Resumed) {
            self.verifier.verify_again(chain, now())?;
        }
        Ok(Peer::Certificate(facts::facts(&facts::parse(first)?)))
    }
}

/// What an administrator needs to know of a certificate to enrol it.
pub struct Enrolment {
    /// What identity takes from it.
    pub identity: CertificateFacts,
    /// Its serial number in lower-case hexadecimal, without leading zeros.
    pub serial: String,
    /// When it begins.
    pub begins: Timestamp,
    /// When it ends.
    pub ends: Timestamp,
}

/// Reads a certificate in DER, with no judgement of it.
pub fn certificate_facts(der: &[u8]) -> Result<Enrolment, TlsError> {
    let certificate =
        facts::parse(der).map_err(|error| TlsError(format!("not a certificate: {error:?}")))?;
    Ok(Enrolment {
        identity: facts::facts(&certificate),
        serial: hex::encode(facts::trimmed(certificate.raw_serial())),
        begins: Timestamp(certificate.validity().not_before.timestamp()),
        ends: Timestamp(certificate.validity().not_after.timestamp()),
    })
}

/// The server's certificates, the preferred first.
#[derive(Debug)]
struct Identities(Vec<Arc<CertifiedKey>>);

impl ResolvesServerCert for Identities {
    /// The first that the client can verify and has a cipher suite for.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0
            .iter()
            .find(|own| {
                own.key.choose_scheme(hello.signature_schemes()).is_some()
                    && has_suite(hello.cipher_suites(), own)
            })
            .cloned()
    }
}

/// A suite of TLS 1.3 goes with every certificate; those of TLS 1.2 name the kind of its key.
fn has_suite(offered: &[CipherSuite], own: &CertifiedKey) -> bool {
    use CipherSuite as Suite;
    let any = [
        Suite::TLS13_AES_128_GCM_SHA256,
        Suite::TLS13_AES_256_GCM_SHA384,
        Suite::TLS13_CHACHA20_POLY1305_SHA256,
    ];
    let rsa = [
        Suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        Suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        Suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ];
    let ecdsa = [
        Suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        Suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        Suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ];
    let fitting = match own.key.algorithm() {
        rustls::SignatureAlgorithm::RSA => rsa,
        _ => ecdsa,
    };
    offered
        .iter()
        .any(|suite| any.contains(suite) || fitting.contains(suite))
}

/// Why a handshake failed, as a metric's label: few words, and nothing that the peer chose.
#[must_use]
pub fn reason(error: &rustls::Error) -> &'static str {
    use rustls::CertificateError as Bad;
    match error {
        rustls::Error::NoCertificatesPresented => "no_certificate",
        rustls::Error::InvalidCertificate(bad) => match bad {
            Bad::Expired | Bad::ExpiredContext { .. } => "expired",
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => "not_yet_valid",
            Bad::Revoked => "revoked",
            Bad::UnknownRevocationStatus
            | Bad::ExpiredRevocationList
            | Bad::ExpiredRevocationListContext { .. } => "revocation_unknown",
            Bad::UnknownIssuer => "unknown_issuer",
            _ => "bad_certificate",
        },
        rustls::Error::AlertReceived(_) => "refused_by_client",
        rustls::Error::PeerIncompatible(_) => "incompatible",
        _ => "protocol",
    }
}

/// Why TLS cannot be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsError(String);

impl TlsError {
    fn of_file(path: &Path, why: impl fmt::Display) -> Self {
        Self(format!("{}: {why}", path.display()))
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TlsError {}

impl From<crate::files::FileError> for TlsError {
    fn from(error: crate::files::FileError) -> Self {
        Self(error.to_string())
    }
}

/// The time, for what is checked when a configuration is read.
fn now() -> UnixTime {
    UnixTime::now()
}
