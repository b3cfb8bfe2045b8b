//! The SQLite store's file: what is refused, what happens on a full disk, what a backup is.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use kmip::attribute::Attribute;
use store::{Error, Options, SqliteStore, Store};

use crate::sample::{insert, key, locate, named, with};

fn open(path: &Path) -> store::Result<SqliteStore> {
    SqliteStore::open(path, &Options::default())
}

fn refusal(path: &Path) -> String {
    match open(path) {
        Err(Error::NotOurs(text)) => text,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("{} was opened", path.display()),
    }
}

#[test]
fn a_store_is_there_when_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let record = key("k");
    insert(&open(&path).unwrap(), &record).unwrap();
    assert!(
        !folder.path().join("store.db-wal").exists(),
        "the log was left"
    );
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let store = open(&path).unwrap();
    assert_eq!(
        store.record(&record.id).unwrap().unwrap().attributes,
        record.attributes
    );
    assert_eq!(named(&store, "k"), [record.id]);
}

#[test]
fn a_store_belongs_to_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).unwrap();
    let Err(Error::Unavailable(text)) = open(&path) else {
        panic!("the store was opened twice");
    };
    assert!(
        text.contains("store.db is open in another process"),
        "{text}"
    );
    insert(&store, &key("k")).unwrap();
    drop(store);
    open(&path).unwrap();
}

#[test]
fn foreign_files_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text");
    fs::write(&text, "certainly no database\n".repeat(400)).unwrap();
    assert!(refusal(&text).contains("text is no SQLite database"));

    let other = folder.path().join("other.db");
    let connection = rusqlite::Connection::open(&other).unwrap();
    connection.execute_batch("CREATE TABLE mine (a)").unwrap();
    connection.close().unwrap();
    assert!(refusal(&other).contains("other.db is a database of another program"));

    let newer = folder.path().join("newer.db");
    drop(open(&newer).unwrap());
    let connection = rusqlite::Connection::open(&newer).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    connection.close().unwrap();
    assert!(refusal(&newer).contains("newer.db has schema 99 of a newer program"));

    for path in [&text, &other, &newer] {
        let before = fs::read(path).unwrap();
        refusal(path);
        assert_eq!(fs::read(path).unwrap(), before);
    }
    let Err(Error::Unavailable(text)) = open(&folder.path().join("none/store.db")) else {
        panic!("a store in no folder");
    };
    assert!(text.contains("none/store.db"), "{text}");
}

#[test]
fn a_file_cut_short_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).unwrap();
    for n in 0..50 {
        insert(&store, &key(&format!("k{n}"))).unwrap();
    }
    drop(store);
    let whole = fs::read(&path).unwrap();
    for length in [
        10,
        50,
        100,
        2_000,
        4_096,
        8_192,
        whole.len() / 2,
        whole.len() - 1,
    ] {
        fs::write(&path, &whole[..length]).unwrap();
        let text = refusal(&path);
        assert!(text.contains("store.db is"), "{length}: {text}");
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(open(&path).unwrap().count(), Ok(50));
}

#[test]
fn a_full_store_refuses_commits_and_serves_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let small = Options {
        pages_max: Some(60),
        ..Options::default()
    };
    let store = SqliteStore::open(&path, &small).unwrap();
    let kept = fill(&store);
    assert!(kept > 10, "{kept} records");
    assert_eq!(locate(&store, &with(vec![])).total, Some(kept));
    assert_eq!(store.count(), Ok(kept));
    drop(store);
    let store = open(&path).unwrap();
    assert_eq!(store.count(), Ok(kept));
    insert(&store, &key("more")).unwrap();
}

/// Inserts until the store is full, and tells how many were kept.
fn fill(store: &SqliteStore) -> u64 {
    for n in 0..100_000 {
        match insert(store, &key(&format!("k{n}"))) {
            Ok(()) => {}
            Err(Error::Unavailable(text)) => {
                assert!(text.contains("full"), "{text}");
                assert_eq!(named(store, &format!("k{n}")), []);
                return n;
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the store is never full");
}

/// A file system of its own, taken down in the end.
struct Mount(tempfile::TempDir);

impl Mount {
    /// Needs the right to mount; `None` without it.
    fn new(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={size}");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder.path())
            .output();
        mounted
            .is_ok_and(|output| output.status.success())
            .then_some(Self(folder))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn commits_succeed_again_when_the_disk_has_space() {
    let Some(mount) = Mount::new("2M") else {
        // Only root has such a disk; the test above needs none.
        return;
    };
    let ballast = mount.0.path().join("ballast");
    fs::write(&ballast, vec![1; 600 << 10]).unwrap();
    let store = open(&mount.0.path().join("store.db")).unwrap();
    let kept = fill(&store);
    assert_eq!(store.count(), Ok(kept));
    fs::remove_file(&ballast).unwrap();
    insert(&store, &key("more")).unwrap();
    assert_eq!(store.count(), Ok(kept + 1));
}

#[test]
fn a_backup_is_a_store_as_of_one_moment_and_never_overwrites() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).unwrap();
    let mut transaction = store.begin();
    for n in 0..4_000 {
        transaction.insert(key(&n.to_string())).unwrap();
    }
    transaction.commit().unwrap();
    let to = folder.path().join("copy.db");
    let is_done = AtomicBool::new(false);
    let steps = thread::scope(|scope| {
        scope.spawn(|| {
            let mut n = 0;
            while !is_done.load(Ordering::Relaxed) {
                let mut transaction = store.begin();
                transaction.insert(key(&format!("{n}/1"))).unwrap();
                transaction.insert(key(&format!("{n}/2"))).unwrap();
                transaction.commit().unwrap();
                n += 1;
            }
        });
        let mut steps = Vec::new();
        let copied = store.backup_with(&to, &mut |pages, all| steps.push((pages, all)));
        is_done.store(true, Ordering::Relaxed);
        copied.unwrap();
        steps
    });
    assert!(steps.len() > 1, "{steps:?}");
    assert!(steps.is_sorted() && steps.last().is_some_and(|(pages, all)| pages == all));
    let Err(Error::Unavailable(text)) = store.backup(&to) else {
        panic!("a backup was overwritten");
    };
    assert!(text.contains("copy.db"), "{text}");

    let copy = open(&to).unwrap();
    let records = copy.count().unwrap();
    assert!(
        records >= 4_000 && records.is_multiple_of(2),
        "{records} records"
    );
    assert_eq!(
        fs::metadata(&to).unwrap().permissions().mode() & 0o777,
        0o600
    );
    insert(&copy, &key("in the copy")).unwrap();
}

#[test]
fn what_was_stored_is_found_again_by_every_attribute() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).unwrap();
    let mut transaction = store.begin();
    for n in 0..2_500 {
        let mut record = key(&format!("key {n}"));
        record.attributes.sensitive = Some(n % 5 == 0);
        transaction.insert(record).unwrap();
    }
    transaction.commit().unwrap();
    drop(store);
    let store = open(&path).unwrap();
    let mut later = key("later");
    later.attributes.sensitive = Some(true);
    insert(&store, &later).unwrap();
    let sensitive = with(vec![Attribute::Sensitive(true)]);
    let located = locate(&store, &sensitive);
    assert_eq!(located.total, Some(501));
    assert_eq!(located.ids.first(), Some(&later.id));
}
