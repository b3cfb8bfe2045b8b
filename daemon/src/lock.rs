//! One daemon at a time on one data directory.

use std::{
    fmt,
    fs::File,
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
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
        let broken = |error: std::io::Error| LockError {
            path: path.clone(),
            why: error.to_string(),
        };
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = rustix::fs::open(&path, flags, Mode::RUSR | Mode::WUSR)
            .map(File::from)
            .map_err(|error| broken(error.into()))?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
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
        written.map_err(broken)?;
        Ok(Self { _file: file })
    }
}

/// Why the data is not ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockError {
    path: PathBuf,
    why: String,
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.why)
    }
}

impl std::error::Error for LockError {}

const LOCK_FILE: &str = "keyhold.lock";

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
}
