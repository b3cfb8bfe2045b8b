//! The parts of an appliance, opened in the order in which they need each other.

use std::{collections::BTreeMap, fmt, fs, os::unix::fs::DirBuilderExt, path::Path, sync::Arc};

use hsm::Hsm;
use store::{SqliteStore, Store};

use crate::{
    admin::{self, Admin},
    audit::{self, FileTrail, Trail},
    clock::Clock,
    config::{Config, Sync},
    conformance::Conformance,
    directory::Directory,
    files, harden,
    hosts::{open_backend, start_engine},
    listener::Passed,
    lock::DataLock,
    probes::Health,
    service::{Parts, Service},
    tls::Tls,
};

/// An appliance that is open and does not listen yet.
pub struct Appliance {
    /// What it was opened from.
    pub config: Config,
    /// What answers messages.
    pub service: Arc<Service>,
    /// What answers administrators.
    pub admin: Arc<Admin>,
    /// The vaults and clients.
    pub directory: Arc<Directory>,
    /// The records.
    pub store: Arc<SqliteStore>,
    /// The events.
    pub trail: Arc<FileTrail>,
    /// The time.
    pub clock: Arc<Clock>,
    pub(super) passed: Passed,
    backends: BTreeMap<String, Arc<dyn Hsm>>,
    _lock: DataLock,
}

impl Appliance {
    /// Hardens the process and opens every part of the appliance, or none; a server under test is told so here.
    pub fn open(config: Config, conformance: Option<Conformance>) -> Result<Self, ServerError> {
        // First, while there are no other threads: what is read from the environment, and modules that start their own.
        let passed = Passed::take()?;
        if let Err(error) = harden::process() {
            tracing::warn!(%error, "the process cannot be hardened");
        }
        if let Err(error) = harden::raise_descriptors() {
            tracing::warn!(%error, "the number of open descriptors cannot be raised");
        }
        let lock = DataLock::take(data_directory(&config)?)?;
        let backends = backends(&config)?;
        let trail = Arc::new(trail(&config)?);
        let clock = Arc::new(Clock::system(trail.last_time()));
        let options = store::Options {
            cached_records_max: config.store.cached_records_max,
            ..store::Options::default()
        };
        let store = Arc::new(SqliteStore::open(&config.store.path, &options)?);
        let directory = Arc::new(Directory::load(store.clone())?);
        check_vaults(&directory, &backends)?;
        let service = Arc::new(Service::new(Parts {
            store: store.clone(),
            directory: directory.clone(),
            backends: backends.clone(),
            trail: trail.clone(),
            clock: clock.clone(),
            policy: config.policy.clone(),
            admissions: config.admissions.clone(),
            limits: config.server.limits.service,
            conformance,
            experimental: config.server.experimental,
        }));
        let admin = admin::Parts::of(&config, service.clone(), trail.clone(), clock.clone())?;
        Ok(Self {
            config,
            service,
            admin: Arc::new(Admin::new(admin)),
            directory,
            store,
            trail,
            clock,
            passed,
            backends,
            _lock: lock,
        })
    }

    /// Tells the service which revocation lists are configured.
    pub(super) fn believe_revocations(&self, tls: Option<&Tls>) {
        let lists = tls.map(|tls| tls.terms().revocation_lists().to_vec());
        self.service.believe_revocations(lists.unwrap_or_default());
    }

    /// Asks every part how it is.
    pub(super) fn health(&self) -> Vec<Health> {
        let said = |part: &str, trouble: Option<String>| Health {
            part: part.to_owned(),
            trouble,
        };
        let mut all = vec![
            said("store", told(self.store.health())),
            said("audit", told(self.trail.health())),
        ];
        for (name, hsm) in &self.backends {
            all.push(said(&format!("hsm/{name}"), told(hsm.health())));
        }
        all
    }
}

fn told<E: fmt::Display>(health: Result<(), E>) -> Option<String> {
    health.err().map(|error| error.to_string())
}

/// The directory that one daemon at a time may use.
fn data_directory(config: &Config) -> Result<&Path, ServerError> {
    let directory = config
        .store
        .path
        .parent()
        .filter(|own| !own.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."));
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| ServerError(format!("{}: {error}", directory.display())))?;
    Ok(directory)
}

/// Every HSM of a configuration, open.
fn backends(config: &Config) -> Result<BTreeMap<String, Arc<dyn Hsm>>, ServerError> {
    start_engine()?;
    config
        .backends
        .iter()
        .map(|own| {
            let hsm = open_backend(own)
                .map_err(|error| ServerError(format!("backend {:?}: {error}", own.name)))?;
            Ok((own.name.clone(), hsm))
        })
        .collect()
}

fn trail(config: &Config) -> Result<FileTrail, ServerError> {
    let key = config
        .audit
        .key
        .as_deref()
        .map(files::read_secret)
        .transpose()?;
    let options = audit::Options {
        always: config.audit.sync == Sync::Always,
        key,
        accept_damage: config.audit.accept_damage,
        ..audit::Options::default()
    };
    Ok(FileTrail::open(&config.audit.directory, options)?)
}

/// A vault whose HSM is not configured could serve nothing, and would say so only when it is used.
fn check_vaults(
    directory: &Directory,
    backends: &BTreeMap<String, Arc<dyn Hsm>>,
) -> Result<(), ServerError> {
    let lost = directory
        .vaults()
        .into_iter()
        .find(|vault| !backends.contains_key(&vault.backend));
    match lost {
        None => Ok(()),
        Some(vault) => Err(ServerError(format!(
            "the vault {:?} is on the backend {:?}, which the configuration does not name; add its `[[backend]]`",
            vault.name, vault.backend
        ))),
    }
}

/// Why the appliance does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerError(pub(super) String);

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ServerError {}

/// Each of these errors says by itself what happened and where.
macro_rules! from {
    ($($error:ty),* $(,)?) => {
        $(impl From<$error> for ServerError {
            fn from(error: $error) -> Self {
                Self(error.to_string())
            }
        })*
    };
}
from!(
    audit::TrailError,
    crate::config::ConfigError,
    files::FileError,
    crate::listener::ListenError,
    crate::lock::LockError,
    crate::pki::PkiError,
    crate::tls::TlsError,
    hsm::Error,
    store::Error,
);
