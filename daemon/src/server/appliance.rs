//! The parts of an appliance, opened in the order in which they need each other.

use std::{
    collections::BTreeMap, fmt, fs, os::unix::fs::DirBuilderExt, path::Path, sync::Arc,
    time::Duration,
};

use hsm::{Hsm, group::Group};
use store::{SqliteStore, Store};

use super::reload::Askers;
use crate::{
    admin::{self, Admin},
    audit::{self, FileTrail, Trail},
    clock::Clock,
    config::{Config, Sync},
    conformance::Conformance,
    directory::Directory,
    files, harden,
    hosts::{open_backend, open_group, start_engine},
    listener::Passed,
    lock::{DataLock, HsmLock},
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
    /// Administrators who wait for the configuration to be read anew.
    pub(super) askers: Askers,
    backends: BTreeMap<String, Arc<dyn Hsm>>,
    _locks: (DataLock, Arc<HsmLock>),
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
        let directory = data_directory(&config)?;
        let lock = DataLock::take(directory)?;
        let hsm_lock = Arc::new(HsmLock::take(directory, HSM_LOCK_WAIT)?);
        let (backends, groups) = backends(&config, &hsm_lock)?;
        let trail = Arc::new(trail(&config)?);
        let clock = Arc::new(Clock::system(trail.last_time()));
        let options = store::Options {
            cached_records_max: config.store.cached_records_max,
            ..store::Options::default()
        };
        let store = Arc::new(SqliteStore::open(&config.store.path, &options)?);
        let directory = Arc::new(Directory::load(store.clone())?);
        check_vaults(&directory, &backends, &config)?;
        let service = Arc::new(Service::new(Parts {
            store: store.clone(),
            directory: directory.clone(),
            backends: backends.clone(),
            groups,
            trail: trail.clone(),
            clock: clock.clone(),
            policy: config.policy.clone(),
            admissions: config.admissions.clone(),
            limits: config.server.limits.service,
            conformance,
            experimental: config.server.experimental,
        }));
        let (askers, reloader) = Askers::new();
        let (own, events, time) = (service.clone(), trail.clone(), clock.clone());
        let admin = admin::Parts::of(&config, own, events, time, reloader)?;
        Ok(Self {
            config,
            service,
            admin: Arc::new(Admin::new(admin)),
            directory,
            store,
            trail,
            clock,
            passed,
            askers,
            backends,
            _locks: (lock, hsm_lock),
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

/// How long the HSMs' processes of a daemon that was killed may take to end: opening a slow HSM is what lasts.
const HSM_LOCK_WAIT: Duration = Duration::from_secs(30);

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

/// HSMs by their names, and those of them that are groups.
type Backends = (BTreeMap<String, Arc<dyn Hsm>>, BTreeMap<String, Arc<Group>>);

/// Every HSM of a configuration, open. The members of a group are in it, and nowhere else.
fn backends(config: &Config, lock: &Arc<HsmLock>) -> Result<Backends, ServerError> {
    start_engine()?;
    let trouble = |name: &str, error: hsm::Error| ServerError(format!("backend {name:?}: {error}"));
    let mut all = BTreeMap::new();
    let mut groups = BTreeMap::new();
    for own in &config.backends {
        if config.group_of(&own.name).is_none() {
            let hsm = open_backend(own, Some(lock)).map_err(|error| trouble(&own.name, error))?;
            all.insert(own.name.clone(), hsm);
        }
    }
    for own in &config.groups {
        let group = open_group(&own.name, config.members(own), lock)
            .map_err(|error| trouble(&own.name, error))?;
        let hsm: Arc<dyn Hsm> = group.clone();
        all.insert(own.name.clone(), hsm);
        groups.insert(own.name.clone(), group);
    }
    Ok((all, groups))
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
    config: &Config,
) -> Result<(), ServerError> {
    let lost = directory
        .vaults()
        .into_iter()
        .find(|vault| !backends.contains_key(&vault.backend));
    let Some(vault) = lost else { return Ok(()) };
    let (name, backend) = (&vault.name, &vault.backend);
    Err(ServerError(match config.group_of(backend) {
        None => format!(
            "the vault {name:?} is on the backend {backend:?}, which the configuration does not name; add its `[[backend]]`"
        ),
        Some(group) => format!(
            "the vault {name:?} is on the backend {backend:?}, which is a member of the group {:?} and serves by that \
             alone; give the member another name, beside {backend:?} on the same HSM, and move the vault: \
             `keyhold vault move {name} --to {}`",
            group.name, group.name
        ),
    }))
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
