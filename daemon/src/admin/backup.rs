//! A backup: a consistent copy of the records, and the files without which they cannot be read.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use super::{
    Admin, Deed, Execute, invalid,
    manifest::{self, Entry, Manifest},
    protocol::{BackupCreate, BackupFacts},
};
use crate::{
    audit::rfc3339,
    error::{Error, Result},
    fault::Fault,
    files::{self, Audience},
};

impl Execute for BackupCreate {
    fn prepare(self, admin: &Admin, _: u32) -> Result<Deed<'_, BackupFacts>> {
        let directory = self.directory;
        if !directory.is_absolute() {
            return Err(invalid("the directory of a backup is an absolute path"));
        }
        if directory.exists() {
            let message = format!(
                "{} is there already; a backup has a directory of its own",
                directory.display()
            );
            return Err(Error::new(Fault::NameTaken, message));
        }
        let note = Some(directory.display().to_string());
        let act = move || {
            let failed =
                |why: String| Error::new(Fault::Internal, format!("no backup was written: {why}"));
            DirBuilder::new()
                .mode(0o700)
                .create(&directory)
                .and_then(|()| files::sync_folder_of(&directory))
                .map_err(|error| failed(format!("{}: {error}", directory.display())))?;
            admin.write_backup(&directory).map_err(|why| {
                // An unfinished backup must not be taken for one.
                let _ = fs::remove_dir_all(&directory);
                failed(why)
            })
        };
        Ok(Deed {
            note,
            lets_others_pass: true,
            ..Deed::new(act)
        })
    }
}

impl Admin {
    fn write_backup(&self, directory: &Path) -> std::result::Result<BackupFacts, String> {
        let told = |error: io::Error| format!("{}: {error}", directory.display());
        let belongings = (self.parts.belongings)()?;
        let store_file = &self.parts.store_file;
        self.parts
            .service
            .store
            .backup(&directory.join(store_file))
            .map_err(|error| error.to_string())?;
        let mut entries = vec![Entry::of(directory, store_file).map_err(told)?];
        for file in belongings.files {
            if file.is_optional && !file.path.exists() {
                continue;
            }
            let target = directory.join(&file.name);
            if let Some(folder) = target.parent() {
                files::make_folder(folder).map_err(told)?;
            }
            copy(&file.path, &target)
                .map_err(|error| format!("{}: {error}", file.path.display()))?;
            entries.push(Entry::of(directory, &file.name).map_err(told)?);
        }
        let manifest = Manifest {
            v: 1,
            keyhold: env!("CARGO_PKG_VERSION").to_owned(),
            time: rfc3339(self.parts.clock.now()),
            files: entries,
            left_out: belongings.left_out,
        };
        let text = serde_json::to_vec_pretty(&manifest).map_err(|error| error.to_string())?;
        files::create(&directory.join(manifest::FILE), &text, Audience::Owner)
            .map_err(|error| error.to_string())?;
        Ok(BackupFacts {
            directory: directory.to_owned(),
            manifest,
        })
    }
}

/// Copies a file to where nobody else reads it, and nothing is yet.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut from = File::open(from)?;
    let mut how = OpenOptions::new();
    let mut target = how.write(true).create_new(true).mode(0o600).open(to)?;
    io::copy(&mut from, &mut target)?;
    target.sync_all()?;
    files::sync_folder_of(to)
}
