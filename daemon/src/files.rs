//! Files as an appliance keeps them: written whole, and secrets closed to everybody else.

use std::{
    fmt,
    fs::{self, DirBuilder, File, Metadata},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

use kmip::Secret;
use rustix::fs::{Mode, OFlags};
use zeroize::Zeroizing;

/// What is wrong with a file, and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    path: PathBuf,
    why: String,
}

impl FileError {
    pub(crate) fn new(path: &Path, why: impl fmt::Display) -> Self {
        Self {
            path: path.to_owned(),
            why: why.to_string(),
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.why)
    }
}

impl std::error::Error for FileError {}

/// Who may read a file that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Its owner alone.
    Owner,
    /// Everybody.
    Everybody,
}

impl Audience {
    const fn mode(self) -> Mode {
        match self {
            Self::Owner => Mode::RUSR.union(Mode::WUSR),
            Self::Everybody => Mode::RUSR
                .union(Mode::WUSR)
                .union(Mode::RGRP)
                .union(Mode::ROTH),
        }
    }
}

/// Writes a file that is not there yet; durable on return.
pub fn create(path: &Path, contents: &[u8], audience: Audience) -> Result<(), FileError> {
    let written = write(path, contents, audience, OFlags::EXCL);
    let written = written.and_then(|()| sync_folder_of(path));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => FileError::new(path, "exists already, and is not overwritten"),
        _ => FileError::new(path, format!("cannot be written: {error}")),
    })
}

/// Writes a file, in the place of the one that is there if there is one: readers see the old or the new, whole.
pub fn replace(path: &Path, contents: &[u8], audience: Audience) -> Result<(), FileError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let beside = PathBuf::from(name);
    write(&beside, contents, audience, OFlags::TRUNC)
        .and_then(|()| fs::rename(&beside, path))
        .and_then(|()| sync_folder_of(path))
        .map_err(|error| FileError::new(path, format!("cannot be written: {error}")))
}

/// Makes a folder that only its owner may read, and those above it that are not there; durable on return.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        make_folder(above)?;
    }
    DirBuilder::new().mode(0o700).create(folder)?;
    sync_folder_of(folder)
}

/// Waits until the disk knows that a file is where it is: to sync the file alone keeps what is in it.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

fn write(path: &Path, contents: &[u8], audience: Audience, how: OFlags) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | how;
    let mut file = File::from(rustix::fs::open(path, flags, audience.mode())?);
    // The umask of a hardened process closes what is meant for everybody.
    rustix::fs::fchmod(&file, audience.mode())?;
    file.write_all(contents)?;
    file.sync_all()
}

/// Reads a file of text that anybody may know.
pub fn read_text(path: &Path) -> Result<String, FileError> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(TEXT_BYTES_MAX + 1).read_to_string(&mut text))
        .map_err(|error| FileError::new(path, format!("cannot be read: {error}")))?;
    if u64::try_from(text.len()).is_ok_and(|bytes| bytes > TEXT_BYTES_MAX) {
        return Err(FileError::new(
            path,
            "larger than 16 MiB; is it the right file?",
        ));
    }
    Ok(text)
}

/// Whether a file can be read as a secret, without reading it.
pub fn check_secret(path: &Path) -> Result<(), FileError> {
    open_secret(path).map(drop)
}

/// Reads a secret: a regular file, owned by this user or root, and closed to others.
pub fn read_secret(path: &Path) -> Result<Secret, FileError> {
    let cannot = |error: io::Error| cannot_be_read(path, &error);
    let file = open_secret(path)?;
    let mut contents = Zeroizing::new(Vec::with_capacity(SECRET_BYTES_MAX + 1));
    let limit = u64::try_from(SECRET_BYTES_MAX + 1).unwrap_or(u64::MAX);
    file.take(limit)
        .read_to_end(&mut contents)
        .map_err(cannot)?;
    if contents.len() > SECRET_BYTES_MAX {
        return Err(FileError::new(
            path,
            "too long for a secret; is it the right file?",
        ));
    }
    Ok(Secret::from(contents.as_slice()))
}

/// Reads a secret of one line, a PIN or a passphrase, without the end of the line.
pub fn read_secret_line(path: &Path) -> Result<Secret, FileError> {
    let contents = read_secret(path)?;
    let bytes = contents.expose();
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() {
        return Err(FileError::new(
            path,
            "empty; write the secret as its one line",
        ));
    }
    Ok(Secret::from(line))
}

fn open_secret(path: &Path) -> Result<File, FileError> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty())
        .map(File::from)
        .map_err(|error| cannot_be_read(path, &error.into()))?;
    let facts = file.metadata();
    check_private(path, &facts.map_err(|error| cannot_be_read(path, &error))?)?;
    Ok(file)
}

fn cannot_be_read(path: &Path, error: &io::Error) -> FileError {
    FileError::new(path, format!("cannot be read: {error}"))
}

/// Whether a file is somebody else's to read or change.
fn check_private(path: &Path, facts: &Metadata) -> Result<(), FileError> {
    if !facts.is_file() {
        return Err(FileError::new(path, "not a regular file"));
    }
    let me = rustix::process::geteuid().as_raw();
    if facts.uid() != me && facts.uid() != 0 {
        let own = facts.uid();
        return Err(FileError::new(
            path,
            format!("holds a secret but belongs to uid {own}; `chown {me}` it"),
        ));
    }
    // systemd hands credentials over with mode 0440 in a directory of the service's own.
    let in_credentials = credentials_directory().is_some_and(|folder| path.starts_with(folder));
    if facts.mode() & 0o077 != 0 && !in_credentials {
        let mode = facts.mode() & 0o7777;
        return Err(FileError::new(
            path,
            format!("holds a secret but is open to others (mode {mode:04o}); `chmod 600` it"),
        ));
    }
    Ok(())
}

/// Where systemd puts this service's credentials.
#[must_use]
pub fn credentials_directory() -> Option<PathBuf> {
    std::env::var_os(CREDENTIALS_DIRECTORY).map(PathBuf::from)
}

/// The variable in which systemd says so.
pub const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

const TEXT_BYTES_MAX: u64 = 16 * 1024 * 1024;
const SECRET_BYTES_MAX: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_is_refused_when_others_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pin");
        create(&path, b"1234\n", Audience::Owner).unwrap();
        assert_eq!(read_secret_line(&path).unwrap().expose(), b"1234");
        assert!(
            create(&path, b"4321", Audience::Owner).is_err(),
            "nothing is overwritten"
        );
        for open in [0o640, 0o604, 0o620] {
            fs::set_permissions(&path, fs::Permissions::from_mode(open)).unwrap();
            let error = read_secret(&path).err().unwrap().to_string();
            assert!(
                error.contains("pin") && error.contains("chmod 600"),
                "{error}"
            );
        }
        assert!(read_secret(folder.path()).is_err(), "a folder is no secret");
    }

    #[test]
    fn a_file_is_replaced_whole_and_with_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        replace(&path, b"one", Audience::Everybody).unwrap();
        replace(&path, b"two", Audience::Everybody).unwrap();
        assert_eq!(read_text(&path).unwrap(), "two");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o644);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
