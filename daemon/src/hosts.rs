//! HSMs opened: each in a process of its own, started from this program, or in the daemon's where the configuration says so.

use std::{
    collections::BTreeMap,
    io,
    num::NonZeroUsize,
    os::{
        fd::OwnedFd,
        unix::{net::UnixStream, process::CommandExt},
    },
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread::available_parallelism,
};

use hsm::{
    Hsm,
    group::{self, Group, Opener},
    host::{Event, HelperTerms, Opening, RemoteHsm, SecretFile},
    soft::{SECURE_HEAP_BYTES, SecureHeap},
};

use kmip::Secret;

use crate::{
    config::{Backend, Isolation},
    confine::Confinement,
    files,
    lock::HsmLock,
    telemetry,
};

/// The calls that one HSM answers at a time; more wait for one of them.
const CALLS_MAX: usize = 64;

/// Starts what the embedded HSM and the modules' wrapping need in this process.
pub(crate) fn start_engine() -> Result<(), hsm::Error> {
    match hsm::soft::start(SECURE_HEAP_BYTES)? {
        SecureHeap::Secret => tracing::debug!("private keys are in memory of memfd_secret"),
        SecureHeap::Locked => tracing::info!(
            "the system has no memfd_secret; private keys are in memory that is locked and not dumped"
        ),
        SecureHeap::Unlocked => tracing::warn!(
            "the memory of private keys cannot be locked and may be swapped out; raise LimitMEMLOCK= of the unit, \
             or `ulimit -l`, to 64 MiB"
        ),
        SecureHeap::Absent => tracing::warn!("private keys are in ordinary memory"),
    }
    Ok(())
}

/// Opens an HSM in this process, which reads the secrets that this takes.
pub(crate) fn open(opening: &Opening) -> Result<Box<dyn Hsm>, hsm::Error> {
    opening.open(&read)
}

/// Reads what opens an HSM.
pub(crate) fn read(file: SecretFile<'_>) -> Result<Secret, hsm::Error> {
    let secret = match file {
        SecretFile::Line(path) => files::read_secret_line(path),
        SecretFile::Whole(path) => files::read_secret(path),
    };
    secret.map_err(|error| hsm::Error::Unavailable(error.to_string()))
}

/// Opens one HSM, and tells of what it claims and does not do. Its process has the lock that a daemon gives it.
pub(crate) fn open_backend(
    backend: &Backend,
    lock: Option<&Arc<HsmLock>>,
) -> Result<Arc<dyn Hsm>, hsm::Error> {
    let hsm = reach(backend, lock.cloned())?;
    let mut broken: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for trial in &hsm.capabilities().trials {
        if trial.outcome.is_broken_promise() {
            let key = (&trial.by, trial.outcome.to_string());
            broken.entry(key).or_default().push(&trial.what);
        }
    }
    for ((mechanism, outcome), what) in broken {
        tracing::warn!(
            backend = backend.name,
            mechanism,
            outcome,
            what = what.join("; "),
            "the HSM does not do what it claims, and this is not served"
        );
    }
    Ok(hsm)
}

/// Opens the members of a group, or those that can be opened now.
pub(crate) fn open_group<'a>(
    name: &str,
    members: impl Iterator<Item = &'a Backend>,
    lock: &Arc<HsmLock>,
) -> Result<Arc<Group>, hsm::Error> {
    let openers = members.map(|own| {
        let (own, lock) = (own.clone(), Arc::clone(lock));
        let name = own.name.clone();
        let opener: Opener = Box::new(move || open_backend(&own, Some(&lock)));
        (name, opener)
    });
    join(name, openers.collect())
}

/// Makes HSMs the members of a group.
pub(crate) fn join(name: &str, members: Vec<(String, Opener)>) -> Result<Arc<Group>, hsm::Error> {
    let name = name.to_owned();
    let tell: group::Tell = Arc::new(move |member, event| tell_of_member(&name, member, event));
    Ok(Arc::new(Group::open(members, &tell)?))
}

fn tell_of_member(group: &str, member: &str, event: group::Event<'_>) {
    use group::Event;
    match event {
        Event::LeftOut(why) => {
            tracing::error!(group, member, why, "a member of the group is left out");
        }
        Event::TakenBack => tracing::info!(group, member, "a member of the group is taken back"),
        Event::Lacks => tracing::warn!(
            group,
            member,
            "a member of the group has not all that another has; see `keyhold group drift`"
        ),
    }
    telemetry::group_member(group, member, event);
}

fn reach(backend: &Backend, lock: Option<Arc<HsmLock>>) -> Result<Arc<dyn Hsm>, hsm::Error> {
    let Some(Isolation { wait, confinement }) = backend.isolation.clone() else {
        return Ok(open(&backend.opening)?.into());
    };
    let is_module = matches!(*backend.opening, Opening::Module { .. });
    let (name, told) = (backend.name.clone(), backend.name.clone());
    let terms = HelperTerms {
        start: Box::new(move || start(&name, &confinement, is_module, lock.as_deref())),
        opening: Arc::clone(&backend.opening),
        wait,
        channels_max: CALLS_MAX,
        slow_max: if is_module {
            CALLS_MAX / 2
        } else {
            available_parallelism().map_or(1, NonZeroUsize::get)
        },
        tell: Box::new(move |event| tell(&told, event)),
    };
    Ok(Arc::new(RemoteHsm::open(terms)?))
}

/// This program once more, with nothing but a socket, the log and the lock. It is in a group of its own, so that what is
/// typed at the daemon's terminal does not end it in the middle of a call.
fn start(
    name: &str,
    confinement: &Confinement,
    is_module: bool,
    lock: Option<&HsmLock>,
) -> io::Result<(UnixStream, Option<Child>)> {
    let (near, far) = UnixStream::pair()?;
    // The program that runs, even when another version has taken its place on the disk.
    let program = Path::new("/proc/self/exe");
    let mut command = Command::new(program);
    command
        .arg("hsm-host")
        .args(confinement.arguments())
        .arg(name)
        .stdin(Stdio::from(OwnedFd::from(far)))
        .stdout(lock.map_or_else(|| Ok(Stdio::null()), HsmLock::share)?)
        .process_group(0);
    if !is_module {
        // Modules find their own configuration by the environment; keys need none.
        let kept = ["KEYHOLD_LOG", files::CREDENTIALS_DIRECTORY];
        let kept = kept.map(|name| Some((name, std::env::var_os(name)?)));
        command.env_clear();
        command.envs(kept.into_iter().flatten());
    }
    Ok((near, Some(command.spawn()?)))
}

fn tell(backend: &str, event: Event<'_>) {
    match event {
        Event::Started => tracing::info!(backend, "the HSM's process runs"),
        Event::NotStarted(why) => {
            tracing::error!(
                backend,
                why,
                "the HSM's process does not start; trying again"
            );
        }
        Event::Hung => {
            tracing::error!(
                backend,
                "the HSM's process did not answer in time and was killed"
            );
        }
        Event::Ended(status) => {
            tracing::error!(backend, status, "the HSM's process ended; starting another");
        }
    }
    telemetry::hsm_process(backend, event);
}
