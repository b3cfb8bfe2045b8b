//! A process that is killed while it commits: every commit it told of is there, and every other is whole or absent.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Command, Stdio},
    thread,
};

use store::{ObjectId, Options, SqliteStore, Store};

use crate::sample::{change, insert, key};

const FOLDER: &str = "KEYHOLD_TEST_CRASH_FOLDER";

/// The part of the child: commits and tells, until it is killed. Without its folder it has nothing to do.
#[test]
fn child() {
    let Some(folder) = env::var_os(FOLDER) else {
        return;
    };
    let path = PathBuf::from(folder).join("store.db");
    let store = SqliteStore::open(&path, &Options::default()).unwrap();
    thread::scope(|scope| {
        for thread in 0..8 {
            let store = &store;
            scope.spawn(move || {
                for n in 0.. {
                    let (one, two) = (
                        key(&format!("{thread}/{n}/1")),
                        key(&format!("{thread}/{n}/2")),
                    );
                    let mut transaction = store.begin();
                    transaction.insert(one.clone()).unwrap();
                    transaction.insert(two.clone()).unwrap();
                    transaction.commit().unwrap();
                    change(store, &one.id, |record| record.owner = two.id.0.clone()).unwrap();
                    writeln!(std::io::stdout(), "ack {} {}", one.id, two.id).unwrap();
                }
            });
        }
    });
}

#[test]
fn every_acknowledged_commit_survives_a_kill() {
    for acknowledged_min in [1, 50, 400] {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "crash::child", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut acknowledged = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if let Some((_, ids)) = line.split_once("ack ") {
                let (one, two) = ids.split_once(' ').unwrap();
                acknowledged.push((ObjectId(one.to_owned()), ObjectId(two.to_owned())));
            }
            if acknowledged.len() == acknowledged_min {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(acknowledged.len() >= acknowledged_min);

        let path = folder.path().join("store.db");
        let store = SqliteStore::open(&path, &Options::default()).unwrap();
        for (one, two) in &acknowledged {
            let read = store.record(one).unwrap().unwrap();
            assert_eq!((read.revision, &read.owner), (2, &two.0));
            assert_eq!(store.record(two).unwrap().unwrap().revision, 1);
        }
        // Both of a transaction or none, told of or not.
        assert_eq!(store.count().unwrap() % 2, 0);
        insert(&store, &key("after")).unwrap();
    }
}
