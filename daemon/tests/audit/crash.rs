//! What a kill or a full disk leaves behind.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use keyhold::audit::{Durability, FileTrail, Options, Tail, Trail, TrailError};

use super::harness::{append, event, file, open, verify};

/// Runs one test of this file again as a child, in a role of its own.
fn child(test: &str, role: &Path, prelude: &str) -> Child {
    let program = std::env::current_exe().unwrap();
    let script = format!("{prelude} exec \"$0\" --exact crash::{test} --nocapture");
    Command::new("sh")
        .args(["-c", &script])
        .arg(program)
        .env("KEYHOLD_TEST_CHILD", role)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

fn role() -> Option<PathBuf> {
    std::env::var_os("KEYHOLD_TEST_CHILD").map(PathBuf::from)
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    if let Some(directory) = role() {
        append_until_killed(&directory);
    }
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeSet::new();
    for round in 0..3 {
        let mut child = child("what_was_acknowledged_survives_a_kill", folder.path(), "");
        let output = BufReader::new(child.stdout.take().unwrap());
        let enough = 300 + round * 77;
        let mut seen = 0;
        for line in output.lines() {
            if let Some(who) = line.unwrap().strip_prefix("acknowledged ") {
                acknowledged.insert(who.to_owned());
                seen += 1;
            }
            if seen == enough {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(seen >= enough, "the child ended by itself after {seen}");
        drop(open(folder.path()));
        let report = verify(folder.path());
        assert!(report.is_sound(), "{report:?}");
    }
    let mut kept = BTreeSet::new();
    Tail::new(folder.path(), None)
        .read(|record| kept.extend([record.principal.into_owned()]))
        .unwrap();
    let lost: Vec<_> = acknowledged.difference(&kept).collect();
    assert!(lost.is_empty(), "{lost:?} of {}", acknowledged.len());
}

fn append_until_killed(directory: &Path) -> ! {
    let options = Options {
        file_bytes_max: 30_000,
        ..Options::default()
    };
    let trail = FileTrail::open(directory, options).unwrap();
    let own = std::process::id();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let trail = &trail;
            scope.spawn(move || {
                for number in 0.. {
                    let who = format!("{own}/{thread}/{number}");
                    let vault = if thread == 0 { "" } else { "dev" };
                    append(trail, vault, &who, number);
                    // One write for each line, so that a kill tears none.
                    let line = format!("acknowledged {who}\n");
                    std::io::stdout().write_all(line.as_bytes()).unwrap();
                }
            });
        }
    });
    unreachable!("the threads append for ever")
}

#[test]
fn a_full_disk_refuses_whole_records_and_recovers() {
    if let Some(directory) = role() {
        return fill_up(&directory);
    }
    let folder = tempfile::tempdir().unwrap();
    // The signal of a file that grows too large is ignored, so that the write fails as on a full disk: after a part.
    let child = child(
        "a_full_disk_refuses_whole_records_and_recovers",
        folder.path(),
        "trap '' XFSZ; ulimit -S -f 8;",
    );
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("met the limit and came back"), "{text}");
    let report = verify(folder.path());
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.streams[0].unfinished_bytes, 0);
    let text = fs::read_to_string(file(&folder)).unwrap();
    assert!(!text.contains("refused") && text.contains("recovered"));
}

fn fill_up(directory: &Path) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let trail = open(directory);
    let mut appended = 0;
    let refused: TrailError = loop {
        let event = event("dev", "pg", appended);
        match trail.append(&event, Durability::Grouped) {
            Ok(()) => appended += 1,
            Err(error) => break error,
        }
        assert!(appended < 1_000, "the limit was never met");
    };
    assert!(appended > 3, "{refused}");
    assert!(refused.0.contains("File too large"), "{refused}");
    for _ in 0..3 {
        let event = event("dev", "refused", 0);
        trail.append(&event, Durability::Durable).unwrap_err();
    }
    trail.health().unwrap_err();
    let limit = Rlimit {
        current: getrlimit(Resource::Fsize).maximum,
        ..getrlimit(Resource::Fsize)
    };
    setrlimit(Resource::Fsize, limit).unwrap();
    trail.health().unwrap();
    append(&trail, "dev", "recovered", 0);
    std::io::stdout()
        .write_all(b"met the limit and came back\n")
        .unwrap();
}
