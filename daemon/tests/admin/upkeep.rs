//! Status and backups.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use keyhold::admin::{
    manifest::Entry,
    protocol::{BackupCreate, Class, Status},
};
use store::{SqliteStore, Store};

use super::harness::appliance;

#[test]
fn the_status_tells_what_works() {
    let own = appliance();
    own.vault("dev", Class::Releasable);
    own.ask(own.key("disk", "aes-256")).unwrap();
    let status = own.ask(Status {}).unwrap();
    assert_eq!((status.vaults, status.clients, status.objects), (1, 0, 1));
    let parts: Vec<_> = status.parts.iter().map(|part| part.part.as_str()).collect();
    assert_eq!(parts, ["store", "audit", "hsm embedded"]);
    assert!(
        status.parts.iter().all(|part| part.problem.is_none()),
        "{status:?}"
    );
    assert_eq!(status.pid, std::process::id());
    assert!(status.audit_heads.contains_key("dev"), "{status:?}");
}

#[test]
fn backups_are_whole_and_private() {
    let own = appliance();
    own.vault("dev", Class::Releasable);
    own.ask(own.key("disk", "aes-256")).unwrap();
    let directory = own.folder.path().join("backup");
    let backup = |directory: &Path| {
        own.ask(BackupCreate {
            directory: directory.to_owned(),
        })
    };
    let facts = backup(&directory).unwrap();
    let names: Vec<_> = facts
        .manifest
        .files
        .iter()
        .map(|entry| entry.name.as_str())
        .collect();
    assert_eq!(names, ["keyhold.db", "keys/master.key"]);
    for entry in &facts.manifest.files {
        assert_eq!(Entry::of(&directory, &entry.name).unwrap(), *entry);
        let mode = fs::metadata(directory.join(&entry.name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{}", entry.name);
    }
    let copy =
        SqliteStore::open(&directory.join("keyhold.db"), &store::Options::default()).unwrap();
    assert_eq!(copy.count().unwrap(), 1);
    drop(copy);
    assert_eq!(backup(&directory).unwrap_err().fault, "NameTaken");
    assert_eq!(
        backup(Path::new("relative")).unwrap_err().fault,
        "InvalidField"
    );
    fs::remove_file(own.folder.path().join("master.key")).unwrap();
    let failed = own.folder.path().join("failed");
    let refused = backup(&failed).unwrap_err();
    assert!(refused.message.contains("master.key"), "{refused:?}");
    assert!(!failed.exists(), "nothing unfinished stays");
    assert_eq!(own.count("appliance", "backup.create", "NotCommitted"), 1);
}
