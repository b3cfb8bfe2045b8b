//! A disk that does not answer: told, waited for so long and no longer, and gone on with when it does.

use std::{
    fs,
    io::Read,
    path::Path,
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use keyhold::audit::{Durability, FileTrail, Options, Trail};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::harness::event;

/// A pipe in the place of a stream's file: who opens it to write waits until somebody reads, as on a disk that hangs.
fn hang(directory: &Path, stream: &str) -> std::path::PathBuf {
    let path = directory.join(format!("{stream}.000001.jsonl"));
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    path
}

#[test]
fn a_write_that_hangs_keeps_one_and_is_told_to_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        wait_max: Duration::from_millis(200),
        ..Options::default()
    };
    let trail = FileTrail::open(folder.path(), options).unwrap();
    trail
        .append(&event("sound", "pg", 1), Durability::Durable)
        .unwrap();
    let path = hang(folder.path(), "stuck");
    thread::scope(|scope| {
        let (tell, told) = channel();
        let own = &trail;
        scope.spawn(move || {
            // It waits in the kernel, where nobody can call it back.
            let result = own.append(&event("stuck", "pg", 2), Durability::Grouped);
            tell.send(result).unwrap();
        });
        // Until it is there, the trail is as it was.
        while !trail.is_hung() {
            trail.watch();
            thread::yield_now();
        }
        let health = trail.health().unwrap_err();
        assert!(health.0.contains("\"stuck\""), "{health}");
        let refused = trail.append(&event("stuck", "pg", 3), Durability::Grouped);
        assert!(
            refused.unwrap_err().0.contains("does not answer"),
            "at once"
        );
        assert_eq!(
            told.recv_timeout(Duration::ZERO),
            Err(RecvTimeoutError::Timeout)
        );
        let mut read = fs::File::open(&path).unwrap();
        told.recv().unwrap().unwrap();
        let mut line = [0; 8];
        read.read_exact(&mut line).unwrap();
        trail.watch();
        assert!(!trail.is_hung(), "{:?}", trail.health());
        // A pipe is no disk: it cannot be synced, which ends the trail as any failed sync does.
        drop(trail.sync());
    });
}
