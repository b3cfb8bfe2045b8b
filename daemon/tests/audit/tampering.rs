//! What is changed, removed, moved or cut off is named.

use std::fs;

use keyhold::audit::{FileTrail, Options};
use kmip::Secret;

use super::harness::{append, file, lines, open, verify, verify_with, written};

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
