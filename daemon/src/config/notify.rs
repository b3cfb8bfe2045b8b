//! The clients that listen, which the daemon connects to.

use std::path::PathBuf;

use kmip::{V1_4, Version};
use rustls::pki_types::ServerName;
use toml::Spanned;

use super::{Tls, error::ConfigError, file, place::Place};

/// A client that listens, which the daemon connects to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notify {
    /// The name it is enrolled by.
    pub client: String,
    /// Its vault.
    pub vault: String,
    /// Where it listens: a host and a port.
    pub address: String,
    /// The name in its certificate.
    pub server_name: ServerName<'static>,
    /// Whose certificates it is believed by.
    pub authorities: Vec<PathBuf>,
    /// What the daemon shows it: a certificate chain and its key.
    pub identity: (PathBuf, PathBuf),
    /// The newest version that is spoken with it.
    pub version: Version,
    /// Whether new objects are put to it.
    pub new_objects: bool,
}

/// Every client of the file that is to be connected to.
pub(super) fn all(
    place: &Place<'_>,
    clients: &[file::Notify],
    tls: Option<&Tls>,
) -> Result<Vec<Notify>, ConfigError> {
    let all = clients.iter().map(|own| one(place, own, tls));
    all.collect()
}

fn one(place: &Place<'_>, own: &file::Notify, tls: Option<&Tls>) -> Result<Notify, ConfigError> {
    let host = host(own.address.get_ref()).ok_or_else(|| {
        place.error(
            &own.address,
            "notify.address",
            "must be a host and a port, such as \"array.example.org:5696\"",
        )
    })?;
    let (name, at, key) = match &own.server_name {
        Some(name) => (name.get_ref().as_str(), name, "notify.server_name"),
        None => (host, &own.address, "notify.address"),
    };
    let server_name = ServerName::try_from(name.to_owned())
        .map_err(|_| place.error(at, key, "must name a host or an address"))?;
    if own.authorities.is_empty() {
        return Err(place.error(
            &own.client,
            "notify",
            "needs `authorities`: whose certificates the client is believed by",
        ));
    }
    Ok(Notify {
        client: own.client.get_ref().clone(),
        vault: own.vault.clone(),
        address: own.address.get_ref().clone(),
        server_name,
        authorities: own
            .authorities
            .iter()
            .map(|own| place.resolve(own))
            .collect(),
        identity: identity(place, own, tls)?,
        version: version(place, own.version.as_ref())?,
        new_objects: own.new_objects,
    })
}

/// The host of `host:port` and `[address]:port`.
fn host(address: &str) -> Option<&str> {
    let (host, port) = address.rsplit_once(':')?;
    port.parse::<u16>().ok().filter(|port| *port > 0)?;
    let bare = host.strip_prefix('[').and_then(|own| own.strip_suffix(']'));
    let host = bare.unwrap_or(host);
    (!host.is_empty()).then_some(host)
}

fn identity(
    place: &Place<'_>,
    own: &file::Notify,
    tls: Option<&Tls>,
) -> Result<(PathBuf, PathBuf), ConfigError> {
    match (&own.certificate, &own.key) {
        (Some(certificate), Some(key)) => Ok((
            place.resolve(certificate.get_ref()),
            place.resolve(key.get_ref()),
        )),
        (Some(alone), None) => Err(place.error(alone, "notify.certificate", "needs `key` beside it")),
        (None, Some(alone)) => Err(place.error(alone, "notify.key", "needs `certificate` beside it")),
        (None, None) => tls
            .and_then(|own| own.identities.first())
            .cloned()
            .ok_or_else(|| {
                let why = "needs `certificate` and `key`, because there is no `[tls]` whose could be shown";
                place.error(&own.client, "notify", why)
            }),
    }
}

fn version(place: &Place<'_>, text: Option<&Spanned<String>>) -> Result<Version, ConfigError> {
    let Some(text) = text else {
        return Ok(V1_4);
    };
    let mut spoken = Version::SPOKEN.iter().copied();
    spoken
        .find(|own| own.to_string() == *text.get_ref())
        .ok_or_else(|| {
            let why = "must be a version of KMIP that is spoken here, such as \"1.4\"";
            place.error(text, "notify.version", why)
        })
}
