//! Trails to be written and verified.

use std::{
    fs,
    path::{Path, PathBuf},
};

use keyhold::audit::{Durability, Event, FileTrail, Options, Report, Trail, Verification};
use kmip::{Secret, ttlv::Timestamp};

pub(super) fn event<'a>(vault: &'a str, principal: &'a str, time: i64) -> Event<'a> {
    Event {
        time: Timestamp(time),
        vault,
        principal,
        peer: "CN=\"pg\"\n",
        operation: "Create",
        object: Some("0b8e".to_owned()),
        outcome: "Success",
        note: None,
        version: Some(kmip::V2_1),
    }
}

pub(super) fn verify(directory: &Path) -> Report {
    verify_with(directory, None, false)
}

pub(super) fn verify_with(directory: &Path, key: Option<&Secret>, archived: bool) -> Report {
    let verification = Verification {
        directory,
        key,
        archived,
        progress: &|_| {},
    };
    verification.run().unwrap()
}

pub(super) fn open(directory: &Path) -> FileTrail {
    FileTrail::open(directory, Options::default()).unwrap()
}

/// A trail of so many records of the vault `dev`, closed.
pub(super) fn written(records: i64, options: &Options) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let trail = FileTrail::open(folder.path(), options.clone()).unwrap();
    for number in 0..records {
        let durability = if number % 3 == 0 {
            Durability::Durable
        } else {
            Durability::Grouped
        };
        let principal = format!("client {number}");
        let event = event("dev", &principal, 1_700_000_000 + number);
        trail.append(&event, durability).unwrap();
    }
    folder
}

pub(super) fn append(trail: &FileTrail, vault: &str, who: &str, time: i64) {
    let event = event(vault, who, time);
    trail.append(&event, Durability::Durable).unwrap();
}

pub(super) fn file(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("dev.000001.jsonl")
}

pub(super) fn lines(path: &Path) -> Vec<Vec<u8>> {
    let bytes = fs::read(path).unwrap();
    bytes
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect()
}
