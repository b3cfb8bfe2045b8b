//! `keyhold audit`: the trail verified and watched, from its files.

use std::{
    cell::RefCell,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, Subcommand};

use super::{
    Failure, Output,
    daemon::{DEFAULT_AUDIT, Places},
    printable,
    progress::Progress,
};
use crate::{
    audit::{Record, Report, Tail as Follow, Verification, last},
    config::DEFAULT_FILE,
    files,
};

/// `keyhold audit …`.
#[derive(Args)]
pub(super) struct Audit {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Verify that nothing was changed, removed, moved or cut off
    Verify(Verify),
    /// Show the last records
    Tail(Tail),
}

/// Which trail.
#[derive(Args)]
struct Trail {
    /// The directory of the trail, or of a `keyhold dev`
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The appliance's configuration
    #[arg(long, value_name = "FILE", env = "KEYHOLD_CONFIG")]
    config: Option<PathBuf>,
}

#[derive(Args)]
struct Verify {
    #[command(flatten)]
    trail: Trail,
    /// The key of the heads' signature [default: the configuration's]
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Old files are archived elsewhere: begin with the oldest that is there
    #[arg(long)]
    archived: bool,
}

#[derive(Args)]
struct Tail {
    #[command(flatten)]
    trail: Trail,
    /// So many records
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 20)]
    lines: usize,
    /// Go on with what is appended, until interrupted
    #[arg(short, long)]
    follow: bool,
    /// Of this vault only, or `appliance`
    #[arg(long, value_name = "NAME")]
    vault: Option<String>,
}

impl Audit {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        match self.action {
            Action::Verify(own) => own.run(output),
            Action::Tail(own) => own.run(output),
        }
    }
}

impl Trail {
    /// The trail's directory, and the key file that the configuration names.
    fn find(&self) -> Result<(PathBuf, Option<PathBuf>), Failure> {
        let of = |config: &Path| Places::read(config).map(|own| (own.audit, own.audit_key));
        if let Some(dir) = &self.dir {
            let config = dir.join("keyhold.toml");
            return match config.is_file() {
                true => of(&config),
                false => Ok((dir.clone(), None)),
            };
        }
        match &self.config {
            Some(config) => of(config),
            None if Path::new(DEFAULT_FILE).is_file() => of(Path::new(DEFAULT_FILE)),
            None => Ok((DEFAULT_AUDIT.into(), None)),
        }
    }
}

impl Verify {
    fn run(self, output: &Output) -> Result<(), Failure> {
        let (directory, configured) = self.trail.find()?;
        let key_file = self.key_file.or(configured);
        let key = key_file
            .as_deref()
            .map(files::read_secret)
            .transpose()
            .map_err(Failure::failed)?;
        let told = |error| Failure::failed(format!("{}: {error}", directory.display()));
        let mut verification = Verification {
            directory: &directory,
            key: key.as_ref(),
            archived: self.archived,
            progress: &|_| {},
        };
        let bytes = verification.bytes().map_err(told)?;
        let progress = RefCell::new(Progress::new("verifying", Some(bytes)));
        let advance = |bytes| progress.borrow_mut().advance(bytes);
        verification.progress = &advance;
        let report = verification.run().map_err(told)?;
        drop(progress);
        say(output, &report)?;
        if report.is_sound() {
            return Ok(());
        }
        let count = u64::try_from(report.findings.len()).unwrap_or(u64::MAX);
        Err(Failure::failed(format!(
            "{}: the trail is not sound: {} findings",
            directory.display(),
            count.saturating_add(report.findings_more)
        )))
    }
}

fn say(output: &Output, report: &Report) -> Result<(), Failure> {
    if output.is_json() {
        return output.say(report, |_| "");
    }
    let end = |end: &Option<(u64, String)>| match end {
        Some((number, time)) => format!("{number} {time}"),
        None => String::new(),
    };
    let headings = ["STREAM", "RECORDS", "FIRST", "LAST", "HEAD", "UNFINISHED"];
    output.list(&report.streams, &headings, |stream| {
        let unfinished = match stream.unfinished_bytes {
            0 => String::new(),
            bytes => format!("{bytes} bytes"),
        };
        vec![
            stream.stream.clone(),
            stream.records.to_string(),
            end(&stream.first),
            end(&stream.last),
            stream.head.clone(),
            unfinished,
        ]
    })?;
    if report.signature == "unchecked" {
        output.line(
            "\nThe heads are signed; give the key with --key-file or --config to check that too.",
        )?;
    }
    if report.findings.is_empty() {
        return Ok(());
    }
    output.line("")?;
    let headings = ["FILE", "LINE", "RECORD", "FINDING"];
    output.list(&report.findings, &headings, |finding| {
        vec![
            finding.file.clone(),
            finding.line.to_string(),
            finding
                .sequence
                .map(|own| own.to_string())
                .unwrap_or_default(),
            finding.problem.clone(),
        ]
    })?;
    match report.findings_more {
        0 => Ok(()),
        more => output.line(format!("and {more} more")),
    }
}

impl Tail {
    fn run(self, output: &Output) -> Result<(), Failure> {
        let (directory, _) = self.trail.find()?;
        let told = |error| Failure::failed(format!("{}: {error}", directory.display()));
        let mut tail = Follow::new(&directory, self.vault.as_deref());
        let records = last(&mut tail, self.lines).map_err(told)?;
        if output.is_json() {
            for record in &records {
                output.say(record, |_| "")?;
            }
        } else {
            output.list(&records, &HEADINGS, columns)?;
        }
        if !self.follow {
            return Ok(());
        }
        loop {
            std::thread::sleep(Duration::from_millis(200));
            let mut appended = Vec::new();
            tail.read(|record| appended.push(record)).map_err(told)?;
            for record in &appended {
                output.say(record, |record| printable(&columns(record).join("  ")))?;
            }
        }
    }
}

const HEADINGS: [&str; 9] = [
    "TIME",
    "STREAM",
    "SEQ",
    "PRINCIPAL",
    "PEER",
    "OPERATION",
    "OBJECT",
    "OUTCOME",
    "NOTE",
];

fn columns(record: &Record<'static>) -> Vec<String> {
    let or_nothing = |text: &Option<std::borrow::Cow<'static, str>>| {
        text.clone().unwrap_or_default().into_owned()
    };
    vec![
        record.time.clone().into_owned(),
        record.stream.clone().into_owned(),
        record.seq.to_string(),
        record.principal.clone().into_owned(),
        record.peer.clone().into_owned(),
        record.operation.clone().into_owned(),
        or_nothing(&record.object),
        record.outcome.clone().into_owned(),
        or_nothing(&record.note),
    ]
}
