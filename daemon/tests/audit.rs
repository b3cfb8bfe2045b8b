//! The audit trail on the disk: nothing changes, vanishes or moves unseen, and nothing acknowledged is lost.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use keyhold::audit::{
    Durability, Event, FileTrail, Options, Report, Tail, Trail, TrailError, Verification, last,
};
use kmip::{Secret, ttlv::Timestamp};

fn event<'a>(vault: &'a str, principal: &'a str, time: i64) -> Event<'a> {
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

fn verify(directory: &Path) -> Report {
    verify_with(directory, None, false)
}

fn verify_with(directory: &Path, key: Option<&Secret>, archived: bool) -> Report {
    let verification = Verification {
        directory,
        key,
        archived,
        progress: &|_| {},
    };
    verification.run().unwrap()
}

fn open(directory: &Path) -> FileTrail {
    FileTrail::open(directory, Options::default()).unwrap()
}

/// A trail of so many records of the vault `dev`, closed.
fn written(records: i64, options: &Options) -> tempfile::TempDir {
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

fn append(trail: &FileTrail, vault: &str, who: &str, time: i64) {
    let event = event(vault, who, time);
    trail.append(&event, Durability::Durable).unwrap();
}

fn file(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("dev.000001.jsonl")
}

fn lines(path: &Path) -> Vec<Vec<u8>> {
    let bytes = fs::read(path).unwrap();
    bytes
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect()
}

#[test]
fn a_sound_trail_verifies_and_tells_its_streams() {
    let folder = written(5, &Options::default());
    let trail = open(folder.path());
    assert_eq!(trail.last_time(), Timestamp(1_700_000_004));
    append(&trail, "", "nobody", 5);
    append(&trail, "dev", "again", 7);
    assert_eq!(trail.last_time(), Timestamp(1_700_000_004), "never earlier");
    drop(trail);
    let report = verify(folder.path());
    assert!(report.is_sound(), "{report:?}");
    let streams: Vec<_> = report
        .streams
        .iter()
        .map(|own| (own.stream.as_str(), own.records))
        .collect();
    assert_eq!(streams, [("appliance", 1), ("dev", 6)]);
    assert_eq!(report.signature, "absent");
    let mut tail = Tail::new(folder.path(), Some("dev"));
    let records = last(&mut tail, 2).unwrap();
    let principals: Vec<_> = records.iter().map(|own| own.principal.as_ref()).collect();
    assert_eq!(principals.len(), 2);
    assert!(principals.contains(&"client 4"), "{principals:?}");
}

#[test]
fn each_flipped_byte_names_a_record() {
    let folder = written(4, &Options::default());
    let path = file(&folder);
    let whole = fs::read(&path).unwrap();
    let mut line = 1;
    for at in 0..whole.len() {
        let mask = [0x01, 0x20, 0xff][at % 3];
        let mut damaged = whole.clone();
        damaged[at] ^= mask;
        fs::write(&path, &damaged).unwrap();
        let report = verify(folder.path());
        let first = report.findings.first();
        let first = first.unwrap_or_else(|| panic!("byte {at} ^ {mask:x}"));
        assert_eq!(first.file, "dev.000001.jsonl");
        let named = (first.line, first.sequence);
        assert_eq!(named, (line, Some(line)), "byte {at}: {report:?}");
        line += u64::from(whole[at] == b'\n');
    }
}

#[test]
fn each_removed_repeated_swapped_or_cut_record_is_named() {
    let folder = written(6, &Options::default());
    let path = file(&folder);
    let whole = lines(&path);
    let problem = |lines: &[Vec<u8>]| {
        fs::write(&path, lines.concat()).unwrap();
        let report = verify(folder.path());
        let first = report.findings.first().expect("nothing was found");
        (first.line, first.sequence.unwrap(), first.problem.clone())
    };
    for at in 0..whole.len() {
        let number = u64::try_from(at).unwrap() + 1;
        let mut removed = whole.clone();
        removed.remove(at);
        let (line, sequence, why) = problem(&removed);
        assert_eq!(line, number);
        let named = if at == 5 { number } else { number + 1 };
        assert_eq!(sequence, named, "{why}");
        let missing = format!("record {number} is missing");
        assert!(why.contains(&missing), "{why}");

        let mut twice = whole.clone();
        twice.insert(at, whole[at].clone());
        let (line, sequence, why) = problem(&twice);
        assert_eq!((line, sequence), (number + 1, number), "{why}");

        let (_, sequence, why) = problem(&whole[..at]);
        assert_eq!(sequence, number);
        assert!(why.contains("missing at the end"), "{why}");
    }
    for at in 0..whole.len() - 1 {
        let mut swapped = whole.clone();
        swapped.swap(at, at + 1);
        let (line, _, why) = problem(&swapped);
        assert_eq!(line, u64::try_from(at).unwrap() + 1, "{why}");
    }
    fs::write(&path, whole.concat()).unwrap();
    assert!(verify(folder.path()).is_sound());
    fs::remove_file(&path).unwrap();
    assert!(!verify(folder.path()).is_sound(), "the file is gone");
}

#[test]
fn records_of_another_trail_do_not_pass() {
    let folder = written(4, &Options::default());
    let other = tempfile::tempdir().unwrap();
    let trail = open(other.path());
    for number in 0..4 {
        append(&trail, "dev", "forger", number);
    }
    drop(trail);
    let path = file(&folder);
    let mut mixed = lines(&path);
    mixed[2] = lines(&file(&other))[2].clone();
    fs::write(&path, mixed.concat()).unwrap();
    let report = verify(folder.path());
    assert_eq!(report.findings[0].line, 3, "{report:?}");
    assert!(report.findings[0].problem.contains("does not follow"));
    // A whole forged file chains in itself; the heads know the true one.
    fs::copy(file(&other), &path).unwrap();
    let report = verify(folder.path());
    assert_eq!(report.findings[0].sequence, Some(4), "{report:?}");
}

#[test]
fn heads_are_guarded() {
    let key = Secret::from(&[9; 32][..]);
    let options = Options {
        key: Some(key.clone()),
        ..Options::default()
    };
    let folder = written(3, &options);
    let heads = folder.path().join("heads.json");
    let with_key = || verify_with(folder.path(), Some(&key), false);
    assert_eq!(with_key().signature, "valid");
    assert_eq!(verify(folder.path()).signature, "unchecked");
    let text = fs::read_to_string(&heads).unwrap();
    fs::write(&heads, text.replace("\"seq\": 3", "\"seq\": 2")).unwrap();
    assert!(!with_key().is_sound());
    fs::remove_file(&heads).unwrap();
    let report = verify(folder.path());
    assert_eq!(report.findings[0].file, "heads.json");
    let refused = FileTrail::open(folder.path(), options).err().unwrap();
    assert!(refused.0.contains("heads.json is gone"), "{refused}");
}

#[test]
fn a_torn_tail_moves_aside_and_is_recorded() {
    let folder = written(3, &Options::default());
    let path = file(&folder);
    let torn = b"{\"v\":1,\"time\":\"2026";
    let mut appended = fs::OpenOptions::new().append(true).open(&path).unwrap();
    appended.write_all(torn).unwrap();
    let report = verify(folder.path());
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.streams[0].unfinished_bytes, 19);
    for round in 1..=2 {
        let trail = open(folder.path());
        append(&trail, "dev", "after", 1_800_000_000);
        drop(trail);
        assert!(verify(folder.path()).is_sound());
        assert_eq!(lines(&path).len(), 4 + round, "recorded once");
    }
    let kept = fs::read(folder.path().join("dev.000001.jsonl.1.torn")).unwrap();
    assert_eq!(kept, torn);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("AuditRecovery"), "{text}");
    let note = "19 bytes of unfinished records behind record 3";
    assert!(text.contains(note), "{text}");
}

#[test]
fn a_damaged_trail_is_opened_only_when_that_is_accepted() {
    let folder = written(3, &Options::default());
    let path = file(&folder);
    let cut = lines(&path)[..2].concat();
    fs::write(&path, &cut).unwrap();
    let refused = FileTrail::open(folder.path(), Options::default());
    let refused = refused.err().unwrap().0;
    assert!(refused.contains("record 3"), "{refused}");
    assert!(refused.contains("accept_damage"), "{refused}");
    assert_eq!(fs::read(&path).unwrap(), cut, "nothing was touched");
    let accepting = Options {
        accept_damage: true,
        ..Options::default()
    };
    let trail = FileTrail::open(folder.path(), accepting).unwrap();
    append(&trail, "dev", "after", 0);
    drop(trail);
    assert_eq!(fs::read(&path).unwrap(), cut, "the evidence stays");
    let report = verify(folder.path());
    assert_eq!(report.findings.len(), 1, "{report:?}");
    let why = &report.findings[0].problem;
    assert!(why.contains("record 3 is missing"), "{why}");
    drop(open(folder.path()));
    fs::remove_file(&path).unwrap();
    let report = verify_with(folder.path(), None, true);
    assert!(report.is_sound(), "archived: {report:?}");
}

#[test]
fn a_trail_goes_on_in_new_files() {
    let options = Options {
        file_bytes_max: 1_500,
        ..Options::default()
    };
    let folder = written(40, &options);
    let report = verify(folder.path());
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.streams[0].records, 40);
    let files = fs::read_dir(folder.path())
        .unwrap()
        .filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_str().unwrap().ends_with(".jsonl")
        })
        .count();
    assert!(files > 8, "{files} files");
    let trail = FileTrail::open(folder.path(), options).unwrap();
    append(&trail, "dev", "after", 0);
    drop(trail);
    assert_eq!(verify(folder.path()).streams[0].records, 41);
    fs::remove_file(folder.path().join("dev.000003.jsonl")).unwrap();
    let report = verify(folder.path());
    assert_eq!(report.findings[0].file, "dev.000004.jsonl");
    let why = &report.findings[0].problem;
    assert!(why.contains("missing before it"), "{why}");
}

#[test]
fn only_one_process_writes_a_trail() {
    let folder = tempfile::tempdir().unwrap();
    let trail = open(folder.path());
    let refused = FileTrail::open(folder.path(), Options::default());
    let refused = refused.err().unwrap();
    assert!(refused.0.contains("another process"), "{refused}");
    drop(trail);
    drop(open(folder.path()));
}

#[test]
fn threads_share_streams_and_files() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        file_bytes_max: 20_000,
        ..Options::default()
    };
    let trail = FileTrail::open(folder.path(), options).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..32 {
            let trail = &trail;
            scope.spawn(move || {
                let vault = format!("vault-{}", thread % 3);
                for number in 0..60 {
                    let durability = if (thread + number) % 4 == 0 {
                        Durability::Durable
                    } else {
                        Durability::Grouped
                    };
                    let who = format!("{thread}/{number}");
                    let event = event(&vault, &who, number);
                    trail.append(&event, durability).unwrap();
                }
            });
        }
    });
    drop(trail);
    let report = verify(folder.path());
    assert!(report.is_sound(), "{report:?}");
    let records: u64 = report.streams.iter().map(|stream| stream.records).sum();
    assert_eq!(records, 32 * 60);
    let mut tail = Tail::new(folder.path(), None);
    let mut seen = BTreeSet::new();
    tail.read(|record| assert!(seen.insert(record.principal.into_owned())))
        .unwrap();
    assert_eq!(seen.len(), 32 * 60);
}

#[test]
fn grouped_events_reach_the_disk_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let trail = open(folder.path());
    let event = event("dev", "pg", 0);
    trail.append(&event, Durability::Grouped).unwrap();
    let begun = Instant::now();
    while trail.heads().get("dev").is_none_or(|head| head.seq != 1) {
        assert!(begun.elapsed() < Duration::from_secs(5), "never synced");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Runs one test of this file again as a child, in a role of its own.
fn child(test: &str, role: &Path, prelude: &str) -> Child {
    let program = std::env::current_exe().unwrap();
    let script = format!("{prelude} exec \"$0\" --exact {test} --nocapture");
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
    println!("met the limit and came back");
}
