//! The configuration as the rest may use it: checked as a whole, complete, secrets loaded.

mod backend;
mod error;
mod file;
mod group;
mod limits;
mod notify;
mod place;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use toml::Spanned;

pub use self::{
    backend::{Backend, Isolation},
    error::ConfigError,
    file::Sync,
    group::Group,
    notify::Notify,
};
use self::{
    file::{File, Pin, Uid},
    place::Place,
};
use crate::{
    files,
    identity::{Admission, Admissions, LocalUser},
    policy::Policy,
    service,
};

/// An appliance's configuration.
pub struct Config {
    /// The file it was read from.
    pub file: PathBuf,
    /// What the command line says instead of the file.
    given: Given,
    /// Where the daemon listens.
    pub server: Server,
    /// Who the daemon is on the network; absent when it does not listen there.
    pub tls: Option<Tls>,
    /// The directory of the appliance's own certificate authority.
    pub authority: Option<PathBuf>,
    /// Where events are kept.
    pub audit: Audit,
    /// Where records are kept.
    pub store: Store,
    /// Users who may administer the appliance through the local socket.
    pub administrators: Vec<u32>,
    /// The HSMs.
    pub backends: Vec<Backend>,
    /// Groups of them.
    pub groups: Vec<Group>,
    /// How principals are told beside the enrolled clients.
    pub admissions: Admissions,
    /// The clients that the daemon connects to.
    pub notify: Vec<Notify>,
    /// The roles.
    pub policy: Policy,
    /// The file they were read from, if they were.
    pub policy_file: Option<PathBuf>,
}

/// Where the daemon listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// KMIP over mutual TLS.
    pub kmip: Vec<SocketAddr>,
    /// KMIP and administration for local users.
    pub socket: PathBuf,
    /// Metrics and health; nowhere when absent.
    pub metrics: Option<SocketAddr>,
    /// Whether operations of drafts are served that may still change.
    pub experimental: bool,
    /// What one client, and all together, may take.
    pub limits: Limits,
}

/// What one client, and all together, may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest message.
    pub frame_bytes_max: usize,
    /// The most connections of the network, and again of the local socket.
    pub connections_max: usize,
    /// The most slow messages served at a time.
    pub workers_max: usize,
    /// The most requests done at a time whose answers come later.
    pub pending_workers_max: usize,
    /// How long a TLS handshake may take.
    pub handshake_max: Duration,
    /// How long a connection may rest between messages.
    pub idle_max: Duration,
    /// How long a message may take to arrive, or a reply to be taken.
    pub stall_max: Duration,
    /// Bounds of what one message may ask for.
    pub service: service::Limits,
}

/// Who the daemon is on the network, and whom it knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Certificate chains and their keys, the preferred first.
    pub identities: Vec<(PathBuf, PathBuf)>,
    /// Authorities whose clients are let in.
    pub client_authorities: Vec<PathBuf>,
    /// Their lists of revoked certificates.
    pub revocation_lists: Vec<PathBuf>,
}

/// Where events are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// The directory.
    pub directory: PathBuf,
    /// When the event of a key's use is on the disk.
    pub sync: Sync,
    /// The file of the key that signs the trail's heads.
    pub key: Option<PathBuf>,
    /// Whether a damaged trail is gone on with.
    pub accept_damage: bool,
}

/// Where records are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// The file.
    pub path: PathBuf,
    /// The most records kept in memory.
    pub cached_records_max: usize,
}

/// Where the daemon listens by the command line; by the file where it says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// KMIP over mutual TLS.
    pub kmip: Option<SocketAddr>,
    /// Metrics and health.
    pub metrics: Option<SocketAddr>,
}

impl Config {
    /// The configuration with what the command line says instead of the file, now and whenever it is read anew.
    #[must_use]
    pub fn with(mut self, given: Given) -> Self {
        if let Some(address) = given.kmip {
            self.server.kmip = vec![address];
        }
        if let Some(address) = given.metrics {
            self.server.metrics = Some(address);
        }
        self.given = given;
        self
    }

    /// The same file as it is by now, under the same command line.
    pub fn read_anew(&self) -> Result<Self, ConfigError> {
        Ok(Self::load(&self.file)?.with(self.given))
    }

    /// Reads and checks a configuration; nothing of it is used unless all of it is good.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = files::read_text(path).map_err(ConfigError::from)?;
        Self::parse(path, &text)
    }

    /// Checks a configuration's text. Relative paths in it start at its file's directory.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let place = Place { path, text };
        let file: File = toml::from_str(text).map_err(|error| place.unreadable(&error))?;
        if *file.version.get_ref() != 1 {
            return Err(place.error(
                &file.version,
                "version",
                "is not known; this program reads version 1",
            ));
        }
        let server = server(&place, &file.server)?;
        let tls = file.tls.as_ref().map(|own| tls(&place, own)).transpose()?;
        if tls.is_none() && !server.kmip.is_empty() {
            return Err(place.whole(
                "`[tls]` is missing: give the server's certificate, its key and the authorities of its clients, \
                 or say `kmip = []` under `[server]` to serve local users only",
            ));
        }
        let policy = policy(&place, &file.policy)?;
        let backends = backend::all(&place, &file.backend)?;
        let notify = notify::all(&place, &file.notify, tls.as_ref())?;
        let admissions = Admissions {
            local_users: local_users(&place, &file.local, &policy)?,
            certificates: certificates(&place, &file.admission, &policy)?,
        };
        Ok(Self {
            file: path.to_owned(),
            given: Given::default(),
            server,
            tls,
            authority: file.authority.map(|own| place.resolve(&own.directory)),
            audit: Audit {
                directory: place.resolve(&file.audit.directory),
                sync: file.audit.sync,
                key: file.audit.key_file.as_deref().map(|own| place.resolve(own)),
                accept_damage: file.audit.accept_damage,
            },
            store: Store {
                path: place.resolve(&file.store.path),
                cached_records_max: place.count(
                    &file.store.cached_records_max,
                    "store.cached_records_max",
                    1..=100_000_000,
                )?,
            },
            administrators: administrators(&place, &file.admin.uids)?,
            groups: group::all(&place, &file.backend, &backends)?,
            backends,
            admissions,
            notify,
            policy,
            policy_file: file.policy.file.as_deref().map(|path| place.resolve(path)),
        })
    }
}

fn server(place: &Place<'_>, file: &file::Server) -> Result<Server, ConfigError> {
    let kmip = file
        .kmip
        .iter()
        .map(|text| place.address(text, "server.kmip"))
        .collect::<Result<_, _>>()?;
    let metrics = match &file.metrics {
        None => Some(SocketAddr::from(([127, 0, 0, 1], METRICS_PORT))),
        Some(text) if text.get_ref() == "off" => None,
        Some(text) => Some(place.address(text, "server.metrics")?),
    };
    let limits = &file.limits;
    let seconds = |value, key| {
        place
            .count(value, key, 1..=7 * 24 * 3600)
            .map(limits::to_duration)
    };
    Ok(Server {
        kmip,
        socket: place.resolve(&file.socket),
        metrics,
        experimental: file.experimental,
        limits: Limits {
            frame_bytes_max: place.count(
                &limits.frame_bytes_max,
                "server.limits.frame_bytes_max",
                1024..=64 * 1024 * 1024,
            )?,
            connections_max: place.count(
                &limits.connections_max,
                "server.limits.connections_max",
                1..=1_000_000,
            )?,
            workers_max: place.count(&limits.workers_max, "server.limits.workers_max", 1..=4096)?,
            pending_workers_max: place.count(
                &limits.pending_workers_max,
                "server.limits.pending_workers_max",
                1..=1024,
            )?,
            handshake_max: seconds(
                &limits.handshake_seconds_max,
                "server.limits.handshake_seconds_max",
            )?,
            idle_max: seconds(&limits.idle_seconds_max, "server.limits.idle_seconds_max")?,
            stall_max: seconds(&limits.stall_seconds_max, "server.limits.stall_seconds_max")?,
            service: limits::service(place, limits)?,
        },
    })
}

fn tls(place: &Place<'_>, file: &file::Tls) -> Result<Tls, ConfigError> {
    let paths = |own: &[Spanned<String>]| {
        own.iter()
            .map(|path| place.resolve(path.get_ref()))
            .collect::<Vec<_>>()
    };
    let mut identities = vec![(
        place.resolve(file.certificate.get_ref()),
        place.resolve(file.key.get_ref()),
    )];
    match (&file.rsa_certificate, &file.rsa_key) {
        (None, None) => {}
        (Some(certificate), Some(key)) => identities.push((
            place.resolve(certificate.get_ref()),
            place.resolve(key.get_ref()),
        )),
        (Some(alone), None) => {
            return Err(place.error(alone, "tls.rsa_certificate", "needs `rsa_key` beside it"));
        }
        (None, Some(alone)) => {
            return Err(place.error(alone, "tls.rsa_key", "needs `rsa_certificate` beside it"));
        }
    }
    Ok(Tls {
        identities,
        client_authorities: paths(&file.client_authorities),
        revocation_lists: paths(&file.revocation_lists),
    })
}

fn policy(place: &Place<'_>, file: &file::Policy) -> Result<Policy, ConfigError> {
    let Some(path) = file.file.as_deref().map(|path| place.resolve(path)) else {
        return Ok(Policy::default());
    };
    let text = files::read_text(&path).map_err(ConfigError::from)?;
    Policy::parse(&text).map_err(|error| ConfigError::of_file(&path, error))
}

fn administrators(place: &Place<'_>, uids: &[Spanned<Uid>]) -> Result<Vec<u32>, ConfigError> {
    uids.iter()
        .map(|own| {
            place.uid(own, "admin.uids")?.ok_or_else(|| {
                place.error(
                    own,
                    "admin.uids",
                    "cannot be \"any\": name the administrators",
                )
            })
        })
        .collect()
}

fn local_users(
    place: &Place<'_>,
    users: &[file::Local],
    policy: &Policy,
) -> Result<Vec<LocalUser>, ConfigError> {
    users
        .iter()
        .map(|own| {
            place.role(&own.role, "local.role", policy)?;
            Ok(LocalUser {
                uid: place.uid(&own.uid, "local.uid")?,
                vault: own.vault.clone(),
                role: own.role.get_ref().clone(),
                pin_required: own.pin == Pin::Required,
            })
        })
        .collect()
}

fn certificates(
    place: &Place<'_>,
    rules: &[file::Admission],
    policy: &Policy,
) -> Result<Vec<Admission>, ConfigError> {
    rules
        .iter()
        .map(|own| {
            place.role(&own.role, "admission.role", policy)?;
            let name = own.alternative_name.get_ref();
            let is_known = ["DNS:", "URI:", "email:", "IP:"].iter().any(|kind| {
                name.starts_with(kind) && name.len() > kind.len() && name != &format!("{kind}*")
            });
            if !is_known {
                return Err(place.error(
                    &own.alternative_name,
                    "admission.alternative_name",
                    "must begin with DNS:, URI:, email: or IP: and say more than `*`",
                ));
            }
            Ok(Admission {
                issuer: own.issuer.clone(),
                alternative_name: name.clone(),
                vault: own.vault.clone(),
                role: own.role.get_ref().clone(),
            })
        })
        .collect()
}

/// Where an appliance's configuration is when nothing else is said.
pub const DEFAULT_FILE: &str = "/etc/keyhold/keyhold.toml";
/// Where an appliance's local socket is when nothing else is said.
pub const DEFAULT_SOCKET: &str = "/run/keyhold/keyhold.sock";
/// The port of metrics and health.
const METRICS_PORT: u16 = 9464;

#[cfg(test)]
mod tests;
