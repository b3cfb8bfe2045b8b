//! What a backup holds, with the digests by which it is known to be whole.

use std::{
    fs::File,
    io::{self, Read},
    path::{Component, Path},
};

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

/// The name of the manifest in a backup.
pub const FILE: &str = "manifest.json";

/// The list of a backup's files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the format: 1.
    pub v: u32,
    /// The version of the program that wrote it.
    pub keyhold: String,
    /// When, RFC 3339.
    pub time: String,
    /// The files, by their names in the data directory.
    pub files: Vec<Entry>,
    /// Files that are not in it and are needed: they are to be kept apart.
    pub left_out: Vec<String>,
}

/// One file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name in the data directory.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
}

impl Entry {
    /// Describes a file of a directory.
    pub fn of(directory: &Path, name: &str) -> io::Result<Self> {
        let mut file = File::open(directory.join(name))?;
        let mut digest = Context::new(&SHA256);
        let mut chunk = vec![0; 1 << 16];
        let mut bytes = 0;
        loop {
            let count = file.read(&mut chunk)?;
            if count == 0 {
                break;
            }
            digest.update(chunk.get(..count).unwrap_or_default());
            bytes += u64::try_from(count).unwrap_or(0);
        }
        Ok(Self {
            name: name.to_owned(),
            bytes,
            sha256: hex::encode(digest.finish()),
        })
    }
}

/// Whether a name stays inside of the directory that it is meant for.
#[must_use]
pub fn is_inside(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    !name.is_empty() && name != FILE && parts.all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_not_inside() {
        for name in ["keyhold.db", "clients/dev.pem"] {
            assert!(is_inside(name), "{name}");
        }
        for name in ["", "/etc/passwd", "../x", "a/../../b", "manifest.json"] {
            assert!(!is_inside(name), "{name}");
        }
    }
}
