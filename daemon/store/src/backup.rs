//! Consistent copies of the database, made while it is in use.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use rusqlite::{
    Connection,
    backup::{Backup, StepResult},
};

use crate::{Error, Result};

/// The copy advances by this many pages between reports: a MiB.
const STEP_PAGES: i32 = 256;

/// Copies what is committed now to a new file that only its owner reads, telling the pages done and those in all.
/// The file is whole when this returns; after an error there is none.
pub(crate) fn copy(from: &Connection, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
    let failed = |error: std::io::Error| Error::Unavailable(format!("{}: {error}", to.display()));
    create_private(to).map_err(failed)?;
    let copied = copy_pages(from, to, progress).and_then(|()| sync_folder(to).map_err(failed));
    if copied.is_err() {
        // The first error is the one to tell; what is left is no store and is refused as one.
        let _ = fs::remove_file(to);
    }
    copied
}

fn copy_pages(from: &Connection, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
    // The open snapshot keeps the source as it is now; without it, every commit would start the copy over.
    let snapshot = from.unchecked_transaction()?;
    snapshot.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let mut target = Connection::open(to)?;
    let backup = Backup::new(from, &mut target)?;
    loop {
        let step = backup.step(STEP_PAGES)?;
        let pages = backup.progress();
        let all = u64::try_from(pages.pagecount).unwrap_or_default();
        let remaining = u64::try_from(pages.remaining).unwrap_or_default();
        progress(all.saturating_sub(remaining), all);
        if step == StepResult::Done {
            break;
        }
    }
    drop(backup);
    target.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// Makes an empty file that only its owner reads; an error when there is one already.
pub(crate) fn create_private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Makes a new file's name as durable as the file.
pub(crate) fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}
