//! A small secret file: written once and whole, read only when nobody else could have.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read, Write},
    os::unix::fs::MetadataExt,
    path::Path,
};

use rustix::fs::{Mode, OFlags};
use zeroize::Zeroizing;

use super::super::rng;
use crate::{Error, Result};

/// Creates a file with these contents, durable when this returns. Fails when there is one already.
pub(super) fn create(path: &Path, contents: &[u8]) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut random = [0; 8];
    rng::fill(&mut random)?;
    let temporary = folder.join(format!(".master-{:016x}", u64::from_be_bytes(random)));
    let written = write_new(&temporary, contents)
        // Unlike a rename, a link never replaces what is there.
        .and_then(|()| fs::hard_link(&temporary, path));
    let removed = match &written {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        _ => fs::remove_file(&temporary),
    };
    written
        .and(removed)
        .and_then(|()| File::open(folder)?.sync_all())
        .map_err(|error| {
            Error::Unavailable(match error.kind() {
                ErrorKind::AlreadyExists => format!(
                    "{}: exists already, and a master is never overwritten: what it sealed would be lost; load it, or choose another path",
                    path.display()
                ),
                _ => format!("{}: cannot create the master: {error}", path.display()),
            })
        })
}

fn write_new(path: &Path, contents: &[u8]) -> std::io::Result<()> {
    let mut file = File::from(rustix::fs::open(
        path,
        OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC,
        Mode::RUSR | Mode::WUSR,
    )?);
    file.write_all(contents)?;
    file.sync_all()
}

/// Reads a file that is ours alone: a regular file, no link, owned by this user, closed to all others.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let refuse = |why: String| Error::Unavailable(format!("{}: {why}", path.display()));
    let cannot = |error: std::io::Error| {
        refuse(match error.kind() {
            ErrorKind::NotFound => {
                "there is no master; create one with `keyhold init`, or restore it from a backup"
                    .to_owned()
            }
            _ => format!("cannot read the master: {error}"),
        })
    };
    let file = rustix::fs::open(
        path,
        OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .map(File::from)
    .map_err(|error| cannot(error.into()))?;
    let facts = file.metadata().map_err(cannot)?;
    if !facts.is_file() {
        return Err(refuse("not a regular file".to_owned()));
    }
    let me = rustix::process::geteuid().as_raw();
    if facts.uid() != me {
        return Err(refuse(format!(
            "owned by uid {}, not by uid {me} as which this runs; `chown {me}` it",
            facts.uid()
        )));
    }
    if facts.mode() & 0o077 != 0 {
        return Err(refuse(format!(
            "open to others (mode {:04o}); `chmod 600` it, and think about who may have read it",
            facts.mode() & 0o7777
        )));
    }
    let mut contents = Zeroizing::new(Vec::with_capacity(FILE_BYTES_MAX + 1));
    let limit = u64::try_from(FILE_BYTES_MAX + 1).unwrap_or(u64::MAX);
    file.take(limit)
        .read_to_end(&mut contents)
        .map_err(cannot)?;
    if contents.len() > FILE_BYTES_MAX {
        return Err(refuse("too long for a master; check the path".to_owned()));
    }
    Ok(contents)
}

const FILE_BYTES_MAX: usize = 1024;
