//! Verification: reads a trail without its daemon, and names what was changed, removed, moved or cut off.

use std::{collections::BTreeMap, io, path::Path};

use kmip::Secret;
use serde::Serialize;

use super::{
    files::{self, Lines},
    heads::{self, Head, Heads, Signature},
    record::{self, Hash, NO_HASH, Read},
};

/// How many findings a stream may have before the rest are only counted.
const FINDINGS_MAX: usize = 1_000;

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file.
    pub file: String,
    /// The line in it, from 1; 0 for the file as a whole.
    pub line: u64,
    /// The number of the record.
    pub sequence: Option<u64>,
    /// What is wrong.
    pub problem: String,
}

/// A stream that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StreamReport {
    /// Its name.
    pub stream: String,
    /// How many records there are.
    pub records: u64,
    /// The first record's number and time.
    pub first: Option<(u64, String)>,
    /// The last record's number and time.
    pub last: Option<(u64, String)>,
    /// The last record's hash.
    pub head: String,
    /// Bytes of a record at the end that a crash, or a running daemon, has not finished.
    pub unfinished_bytes: u64,
}

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The streams.
    pub streams: Vec<StreamReport>,
    /// Whether the heads are signed: `absent`, `unchecked` or `valid`.
    pub signature: &'static str,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// Findings beyond the first thousand of a stream.
    pub findings_more: u64,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }
}

/// A verification to be made.
pub struct Verification<'a> {
    /// The directory of the trail.
    pub directory: &'a Path,
    /// The key of the heads' signature, if they have one.
    pub key: Option<&'a Secret>,
    /// Whether old files may have been archived elsewhere: a stream may begin with any record.
    pub archived: bool,
    /// Is told how many bytes were read since it was told last.
    pub progress: &'a dyn Fn(u64),
}

impl Verification<'_> {
    /// How many bytes there are to read.
    pub fn bytes(&self) -> io::Result<u64> {
        let streams = files::list(self.directory)?;
        let paths = streams.values().flat_map(BTreeMap::values);
        paths.map(|path| Ok(path.metadata()?.len())).sum()
    }

    /// Reads it all.
    pub fn run(&self) -> io::Result<Report> {
        let mut report = Report::default();
        // The heads first: what a running daemon appends meanwhile stands behind them.
        let heads = self.heads(&mut report);
        let mut streams = files::list(self.directory)?;
        if report.signature == "missing" && !streams.is_empty() {
            report.findings.push(Finding {
                file: heads::FILE.to_owned(),
                line: 0,
                sequence: None,
                problem: "it is missing, so that a missing end of a stream cannot be seen"
                    .to_owned(),
            });
        }
        for name in heads.keys() {
            streams.entry(name.clone()).or_default();
        }
        for (name, files) in &streams {
            let mut walk = Walk::new(self, name, heads.get(name));
            for path in files.values() {
                walk.file(path)?;
            }
            walk.end();
            report.streams.push(walk.stream);
            report.findings.extend(walk.findings);
            report.findings_more += walk.findings_more;
        }
        Ok(report)
    }

    fn heads(&self, report: &mut Report) -> Heads {
        match heads::read(self.directory, self.key) {
            Ok(Some((heads, signature))) => {
                report.signature = match signature {
                    Signature::Absent => "absent",
                    Signature::Unchecked => "unchecked",
                    Signature::Valid => "valid",
                };
                heads
            }
            Ok(None) => {
                report.signature = "missing";
                Heads::new()
            }
            Err(problem) => {
                report.signature = "unreadable";
                report.findings.push(Finding {
                    file: heads::FILE.to_owned(),
                    line: 0,
                    sequence: None,
                    problem,
                });
                Heads::new()
            }
        }
    }
}

/// A stream being read.
struct Walk<'a> {
    verification: &'a Verification<'a>,
    head: Option<&'a Head>,
    stream: StreamReport,
    findings: Vec<Finding>,
    findings_more: u64,
    /// The number of the next record.
    expected: u64,
    /// What the next record may state as the hash before it; anything, where that is not known.
    previous: Option<[Hash; 2]>,
    /// The latest time so far, and that of the last record.
    time: String,
    last_time: String,
    last: Option<(u64, Hash)>,
    head_seen: bool,
    /// The file and line being read.
    file: String,
    line: u64,
    /// Where the last whole line ended.
    offset: u64,
}

impl<'a> Walk<'a> {
    fn new(verification: &'a Verification<'a>, name: &str, head: Option<&'a Head>) -> Self {
        Self {
            verification,
            head,
            stream: StreamReport {
                stream: name.to_owned(),
                ..StreamReport::default()
            },
            findings: Vec::new(),
            findings_more: 0,
            expected: 1,
            previous: Some([NO_HASH; 2]),
            time: String::new(),
            last_time: String::new(),
            last: None,
            head_seen: false,
            file: String::new(),
            line: 0,
            offset: 0,
        }
    }

    fn file(&mut self, path: &Path) -> io::Result<()> {
        self.unfinished_before();
        let name = path.file_name().unwrap_or_default();
        self.file = name.to_string_lossy().into_owned();
        self.line = 0;
        let mut lines = Lines::open(path, 0)?;
        let mut told = 0;
        loop {
            let begun = lines.offset;
            let Some(line) = lines.next()? else {
                break;
            };
            let (bytes, is_whole) = (line.bytes, line.is_whole);
            self.line += 1;
            if is_whole {
                self.unfinished_before();
                let end = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                self.offset = begun.saturating_add(end).saturating_add(1);
                self.record(bytes);
            } else {
                self.stream.unfinished_bytes = lines.offset - begun;
            }
            if lines.offset - told > 1 << 20 {
                (self.verification.progress)(lines.offset - told);
                told = lines.offset;
            }
        }
        (self.verification.progress)(lines.offset - told);
        Ok(())
    }

    /// Only the very end of a stream may be unfinished.
    fn unfinished_before(&mut self) {
        if std::mem::take(&mut self.stream.unfinished_bytes) > 0 {
            self.find(
                Some(self.expected),
                "it is unfinished or longer than any record".to_owned(),
            );
            self.expected += 1;
            self.previous = None;
        }
    }

    fn record(&mut self, bytes: &[u8]) {
        self.stream.records += 1;
        let read = match record::read(bytes) {
            Ok(read) => read,
            Err(why) => {
                self.find(Some(self.expected), format!("it cannot be read: {why}"));
                self.expected += 1;
                self.previous = None;
                return;
            }
        };
        let sequence = read.record.seq;
        let problem = self.problem(&read);
        let is_out_of_order = read.is_intact() && sequence < self.expected;
        let at = if read.is_intact() {
            sequence
        } else {
            self.expected
        };
        if let Some(problem) = problem {
            self.find(Some(at), problem);
        }
        if is_out_of_order {
            return;
        }
        if self.time.as_str() < read.record.time.as_ref() {
            self.time.clear();
            self.time.push_str(&read.record.time);
        }
        self.meet_head(&read, at);
        self.expected = at.saturating_add(1);
        self.previous = Some([read.stated, read.computed]);
        let time = read.record.time.as_ref();
        self.stream
            .first
            .get_or_insert_with(|| (at, time.to_owned()));
        self.last = Some((at, read.stated));
        self.last_time.clear();
        self.last_time.push_str(time);
    }

    /// What is wrong with a record, if anything.
    fn problem(&self, read: &Read<'_>) -> Option<String> {
        let (sequence, expected) = (read.record.seq, self.expected);
        if !read.is_intact() {
            return Some("it was changed: its contents do not have its hash".to_owned());
        }
        if read.record.stream != self.stream.stream {
            return Some(format!("it belongs to the stream {:?}", read.record.stream));
        }
        let begins_archived = self.verification.archived && self.stream.first.is_none();
        if sequence > expected && !begins_archived {
            let missing = numbers(expected, sequence - 1);
            return Some(format!("{missing} missing before it"));
        }
        if sequence < expected {
            return Some("it is out of order, or there twice".to_owned());
        }
        let follows = begins_archived
            || self
                .previous
                .is_none_or(|previous| previous.contains(&read.previous));
        (!follows).then(|| "it does not follow the record before it, which is another".to_owned())
    }

    /// Compares the record that the heads name.
    fn meet_head(&mut self, read: &Read<'_>, sequence: u64) {
        let Some(head) = self.head.filter(|head| head.seq == sequence) else {
            return;
        };
        self.head_seen = true;
        if head.hash() != Some(read.stated) {
            self.find(
                Some(sequence),
                format!("it is not the record that {} names", heads::FILE),
            );
        } else if head.file != self.file || head.end != self.offset || head.time != self.time {
            self.find(
                Some(sequence),
                format!("{} tells another place or time of it", heads::FILE),
            );
        }
    }

    /// Sees whether the end is there.
    fn end(&mut self) {
        if let Some((sequence, hash)) = self.last {
            self.stream.head = hex::encode(hash);
            self.stream.last = Some((sequence, std::mem::take(&mut self.last_time)));
        }
        let Some(head) = self.head.filter(|_| !self.head_seen) else {
            return;
        };
        if self.expected > head.seq {
            return self.find(Some(head.seq), "it is missing".to_owned());
        }
        if self.file.is_empty() {
            self.file.clone_from(&head.file);
        }
        if self.stream.unfinished_bytes == 0 {
            self.line += 1;
        }
        let missing = numbers(self.expected, head.seq);
        self.find(
            Some(self.expected),
            format!("{missing} missing at the end, which {} knows", heads::FILE),
        );
    }

    fn find(&mut self, sequence: Option<u64>, problem: String) {
        if self.findings.len() == FINDINGS_MAX {
            self.findings_more += 1;
            return;
        }
        self.findings.push(Finding {
            file: self.file.clone(),
            line: self.line,
            sequence,
            problem,
        });
    }
}

fn numbers(from: u64, to: u64) -> String {
    if from == to {
        format!("record {from} is")
    } else {
        format!("records {from} to {to} are")
    }
}
