//! One daemon at a time on one data directory, and on its HSMs.

use std::{
    fmt,
    fs::File,
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    process::Stdio,
    thread::sleep,
    time::Duration,
};

use rustix::fs::{FlockOperation, Mode, OFlags, flock};

/// Held as long as the data is in use; the kernel lets it go when the process ends, however it ends.
pub struct DataLock {
    _file: File,
}

impl DataLock {
    /// Takes the lock of a directory, or says who has it.
    pub fn take(directory: &Path) -> Result<Self, LockError> {
        let path = directory.join(LOCK_FILE);
        let mut file = open(&path, OFlags::RDWR)?;
        if !is_taken(&file) {
            let mut pid = String::new();
            // Who cannot be read is told without a number.
            let _ = file.read_to_string(&mut pid);
            let who = match pid.trim() {
                "" => "another keyhold".to_owned(),
                pid => format!("another keyhold, process {pid},"),
            };
            return Err(LockError {
                path,
                why: format!("{who} is running on this data; stop it first"),
            });
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        written.map_err(|error| LockError::broken(&path, &error))?;
        Ok(Self { _file: file })
    }
}

/// Held by a daemon and by each process of its HSMs. One that outlives its daemon may still be making a key, which the next
/// daemon would not see in the token, and so not know to be one too many.
#[derive(Debug)]
pub(crate) struct HsmLock {
    file: File,
}

impl HsmLock {
    /// Takes the lock of a directory once the processes of the daemon before have ended, which they do by themselves.
    pub(crate) fn take(directory: &Path, wait: Duration) -> Result<Self, LockError> {
        let path = directory.join(HSM_LOCK_FILE);
        // What a module prints is not written to it.
        let file = open(&path, OFlags::RDONLY)?;
        let looks = wait.as_millis() / PULSE.as_millis();
        for look in 0..=looks {
            if is_taken(&file) {
                return Ok(Self { file });
            }
            if look == 0 {
                tracing::info!("waiting for the HSM's process of a keyhold that ended");
            }
            if look < looks {
                sleep(PULSE);
            }
        }
        Err(LockError {
            path,
            why: "an HSM's process of a keyhold that ended still runs; end it, `pgrep -af hsm-host` shows it"
                .to_owned(),
        })
    }

    /// The same for another process, as an output that it leaves alone.
    pub(crate) fn share(&self) -> io::Result<Stdio> {
        self.file.try_clone().map(Stdio::from)
    }
}

fn open(path: &Path, access: OFlags) -> Result<File, LockError> {
    let flags = access | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)
        .map(File::from)
        .map_err(|error| LockError::broken(path, &error.into()))
}

fn is_taken(file: &File) -> bool {
    flock(file, FlockOperation::NonBlockingLockExclusive).is_ok()
}

/// Why the data is not ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockError {
    path: PathBuf,
    why: String,
}

impl LockError {
    fn broken(path: &Path, error: &io::Error) -> Self {
        Self {
            path: path.to_owned(),
            why: error.to_string(),
        }
    }
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.why)
    }
}

impl std::error::Error for LockError {}

const LOCK_FILE: &str = "keyhold.lock";

const HSM_LOCK_FILE: &str = "hsm.lock";

/// Between two looks whether a lock is free.
const PULSE: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_holder_who_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataLock::take(folder.path()).unwrap();
        let error = DataLock::take(folder.path()).err().unwrap().to_string();
        let own = std::process::id().to_string();
        assert!(error.contains(&own) && error.contains(LOCK_FILE), "{error}");
        drop(first);
        DataLock::take(folder.path()).unwrap();
    }

    #[test]
    fn hsms_are_waited_for_as_long_as_a_process_has_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let first = HsmLock::take(folder.path(), Duration::ZERO).unwrap();
        let mut other = std::process::Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(first.share().unwrap())
            .spawn()
            .unwrap();
        drop(first);
        let error = HsmLock::take(folder.path(), Duration::ZERO).unwrap_err();
        assert!(error.to_string().contains(HSM_LOCK_FILE), "{error}");
        drop(other.stdin.take());
        HsmLock::take(folder.path(), Duration::from_secs(60)).unwrap();
        other.wait().unwrap();
    }
}
