//! This program as the process of an HSM, and HSMs in processes of their own.

use std::{
    fs,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use hsm::{
    host::{self, HelperTerms, Opening, RemoteHsm, SecretFile},
    soft,
};
use kmip::Secret;

/// What this program is called as an HSM's process.
const HOST: &str = "hsm-host";

/// Begins the program; whether it was an HSM's process, whose work is done by now.
pub(crate) fn was_host() -> bool {
    soft::start(soft::SECURE_HEAP_BYTES).unwrap();
    if std::env::args().nth(1).as_deref() != Some(HOST) {
        return false;
    }
    let control = std::io::stdin().as_fd().try_clone_to_owned().unwrap();
    let control = UnixStream::from(control);
    if let Some(opening) = host::asked(&control).unwrap() {
        host::serve(&control, opening.open(&read)).unwrap();
    }
    true
}

/// A secret that a file has.
pub(crate) fn read(file: SecretFile<'_>) -> hsm::Result<Secret> {
    let (SecretFile::Line(path) | SecretFile::Whole(path)) = file;
    Ok(Secret::from(fs::read(path).unwrap()))
}

/// An HSM in a process of its own, which finds SoftHSM2's configuration there, and the number of that process.
pub(crate) fn isolated(opening: Arc<Opening>, softhsm: Option<&Path>) -> (RemoteHsm, u32) {
    let process = Arc::new(AtomicU32::new(0));
    let started = Arc::clone(&process);
    let softhsm = softhsm.map(Path::to_owned);
    let hsm = RemoteHsm::open(HelperTerms {
        start: Box::new(move || {
            let (near, far) = UnixStream::pair()?;
            let mut host = Command::new("/proc/self/exe");
            host.arg(HOST).stdin(Stdio::from(OwnedFd::from(far)));
            if let Some(softhsm) = &softhsm {
                host.env("SOFTHSM2_CONF", softhsm);
            }
            let child: Child = host.spawn()?;
            started.store(child.id(), Ordering::Relaxed);
            Ok((near, Some(child)))
        }),
        opening,
        wait: Duration::from_secs(60),
        channels_max: 64,
        slow_max: 64,
        tell: Box::new(|_| ()),
    });
    (hsm.unwrap(), process.load(Ordering::Relaxed))
}
