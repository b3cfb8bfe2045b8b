//! What is written is kept, whole and in order.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    sync::Mutex,
    time::{Duration, Instant},
};

use keyhold::audit::{Durability, FileTrail, Options, Tail, Trail, last};
use kmip::ttlv::Timestamp;

use super::harness::{append, event, file, lines, open, verify, verify_with, written};

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
fn who_does_not_wait_is_told_once_it_is_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let trail = open(folder.path());
    let told = Mutex::new(BTreeSet::new());
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (trail, told) = (&trail, &told);
            scope.spawn(move || {
                for number in 0..20 {
                    let vault = format!("v{thread}");
                    let event = event(&vault, "pg", 1_700_000_000 + number);
                    trail.append(&event, Durability::Grouped).unwrap();
                    let (tell, heard) = std::sync::mpsc::channel();
                    trail.when_durable(Box::new(move |result| tell.send(result).unwrap()));
                    heard.recv().unwrap().unwrap();
                    let synced = trail.heads().get(&vault).map_or(0, |head| head.seq);
                    assert!(synced > number.unsigned_abs(), "{synced} of {number}");
                    told.lock().unwrap().insert((thread, number));
                }
            });
        }
    });
    assert_eq!(told.into_inner().unwrap().len(), 160);
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
    let told = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for thread in 0..32 {
            let (trail, told) = (&trail, &told);
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
                    if durability == Durability::Durable {
                        let synced = trail.heads()[&vault].seq;
                        told.lock().unwrap().insert(who, synced);
                    }
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
    let told = told.into_inner().unwrap();
    tail.read(|record| {
        let who = record.principal.into_owned();
        let synced = told.get(&who).copied().unwrap_or(u64::MAX);
        assert!(record.seq <= synced, "{who} returned before it was synced");
        assert!(seen.insert(who));
    })
    .unwrap();
    assert_eq!(told.len(), 32 * 15);
    assert_eq!(seen.len(), 32 * 60);
}

#[test]
fn grouped_events_reach_the_disk_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let trail = open(folder.path());
    let event = event("dev", "pg", 0);
    trail.append(&event, Durability::Grouped).unwrap();
    #[expect(
        clippy::disallowed_methods,
        reason = "the trail's own clock stands still"
    )]
    let begun = Instant::now();
    while trail.heads().get("dev").is_none_or(|head| head.seq != 1) {
        assert!(begun.elapsed() < Duration::from_secs(5), "never synced");
        std::thread::sleep(Duration::from_millis(5));
    }
}
