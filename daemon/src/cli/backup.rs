//! `keyhold backup` and `keyhold restore`.

use std::{
    fs,
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use clap::Args;
use serde::Serialize;

use super::{Failure, Output, daemon::Daemon, progress::Progress};
use crate::{
    admin::{
        manifest::{self, Entry, Manifest},
        protocol::{BackupCreate, BackupFacts},
    },
    files,
    lock::DataLock,
};

/// `keyhold backup DIR`.
#[derive(Args)]
pub(super) struct Backup {
    /// A new directory, which the daemon can make
    directory: PathBuf,
    #[command(flatten)]
    daemon: Daemon,
}

impl Backup {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let directory = std::path::absolute(&self.directory)
            .map_err(|error| Failure::failed(format!("{}: {error}", self.directory.display())))?;
        let facts = self.daemon.call(BackupCreate { directory })?;
        if output.is_json() {
            return output.say(&facts, |_| "");
        }
        say(output, &facts.manifest)?;
        output.line(written(&facts))
    }
}

fn written(facts: &BackupFacts) -> String {
    let mut text = format!("\nThe backup is in {}.", facts.directory.display());
    left_out(&mut text, &facts.manifest);
    text
}

/// What whoever restores the backup needs besides.
fn left_out(text: &mut String, manifest: &Manifest) {
    for name in &manifest.left_out {
        text.push_str(&format!(
            "\nNot in it, for it is kept apart from backups: {name}"
        ));
    }
}

fn say(output: &Output, manifest: &Manifest) -> Result<(), Failure> {
    output.list(&manifest.files, &["FILE", "BYTES", "SHA-256"], |entry| {
        vec![
            entry.name.clone(),
            entry.bytes.to_string(),
            entry.sha256.clone(),
        ]
    })
}

/// `keyhold restore DIR --into DIR`.
#[derive(Args)]
pub(super) struct Restore {
    /// The backup
    directory: PathBuf,
    /// The data directory; no daemon may run on it, and nothing in it is overwritten
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
}

/// What was restored.
#[derive(Serialize)]
struct Restored<'a> {
    into: &'a Path,
    manifest: &'a Manifest,
}

impl Restore {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let manifest = self.manifest()?;
        self.check(&manifest)?;
        files::make_folder(&self.into).map_err(|error| failed(&self.into, error))?;
        let _lock = DataLock::take(&self.into).map_err(Failure::failed)?;
        for entry in &manifest.files {
            let target = self.into.join(&entry.name);
            if target.exists() {
                return Err(failed(
                    &target,
                    "is there already, and is not overwritten; move it aside or restore into another directory",
                ));
            }
        }
        for entry in &manifest.files {
            let target = self.into.join(&entry.name);
            self.copy(entry, &target)
                .map_err(|error| failed(&target, error))?;
        }
        let restored = Restored {
            into: &self.into,
            manifest: &manifest,
        };
        if output.is_json() {
            return output.say(&restored, |_| "");
        }
        say(output, &manifest)?;
        let mut text = format!(
            "\nThe state of {} is restored into {}.",
            manifest.time,
            self.into.display()
        );
        left_out(&mut text, &manifest);
        output.line(text)
    }

    fn manifest(&self) -> Result<Manifest, Failure> {
        let path = self.directory.join(manifest::FILE);
        let text = files::read_text(&path).map_err(Failure::failed)?;
        let manifest: Manifest =
            serde_json::from_str(&text).map_err(|error| failed(&path, error))?;
        if manifest.v != 1 {
            return Err(failed(
                &path,
                format!("its format {} is not known here", manifest.v),
            ));
        }
        match manifest
            .files
            .iter()
            .find(|entry| !manifest::is_inside(&entry.name))
        {
            Some(entry) => Err(failed(
                &path,
                format!("it names {:?}, which is no place in a backup", entry.name),
            )),
            None => Ok(manifest),
        }
    }

    /// Whether the backup is whole: before anything is written.
    fn check(&self, manifest: &Manifest) -> Result<(), Failure> {
        let bytes = manifest.files.iter().map(|entry| entry.bytes).sum();
        let mut progress = Progress::new("checking", Some(bytes));
        for entry in &manifest.files {
            let path = self.directory.join(&entry.name);
            let found =
                Entry::of(&self.directory, &entry.name).map_err(|error| failed(&path, error))?;
            if found != *entry {
                return Err(failed(
                    &path,
                    "is not what the manifest describes; the backup is damaged",
                ));
            }
            progress.advance(entry.bytes);
        }
        Ok(())
    }

    fn copy(&self, entry: &Entry, target: &Path) -> io::Result<()> {
        if let Some(folder) = target.parent() {
            files::make_folder(folder)?;
        }
        let mut progress = Progress::new("restoring", Some(entry.bytes));
        let mut from = fs::File::open(self.directory.join(&entry.name))?;
        let mut to = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(target)?;
        let mut chunk = vec![0; 1 << 18];
        loop {
            let count = from.read(&mut chunk)?;
            if count == 0 {
                to.sync_all()?;
                return files::sync_folder_of(target);
            }
            to.write_all(chunk.get(..count).unwrap_or_default())?;
            progress.advance(u64::try_from(count).unwrap_or(0));
        }
    }
}

fn failed(path: &Path, why: impl std::fmt::Display) -> Failure {
    Failure::failed(format!("{}: {why}", path.display()))
}
