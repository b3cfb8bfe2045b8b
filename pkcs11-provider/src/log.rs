//! The module's own log: a file when one is configured, otherwise nothing; never the host's output, never a secret.

use std::{
    fmt::{self, Write as _},
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use rustix::fs::{FlockOperation, OFlags, flock};

/// The longest line, without its end; what is longer is cut.
const LINE_BYTES_MAX: usize = 1024;

/// A log that has grown to this is set aside as `FILE.1`, in the place of the one before it.
const FILE_BYTES_MAX: u64 = 8 << 20;

/// Where the module writes what an operator may want to know. No descriptor is kept: hosts close those that they do not
/// know, and one of theirs would then have the number.
#[derive(Default)]
pub(crate) struct Log(Option<PathBuf>);

impl Log {
    /// A log that appends to a file.
    pub(crate) fn to(path: &Path) -> Self {
        Self(Some(path.to_owned()))
    }

    /// Writes one line; what cannot be written is lost, for a host must not fail for its log.
    pub(crate) fn line(&self, what: fmt::Arguments<'_>) {
        if let Some(path) = &self.0 {
            drop(append(path, &line(what)));
        }
    }
}

/// One line, whatever the text holds.
fn line(what: fmt::Arguments<'_>) -> String {
    let mut line = String::with_capacity(160);
    let pid = rustix::process::getpid();
    // A string takes everything.
    let _ = write!(line, "{} {pid} {what}", seconds_since_1970());
    let cut = (0..=LINE_BYTES_MAX)
        .rev()
        .find(|at| line.is_char_boundary(*at));
    if line.len() > LINE_BYTES_MAX {
        line.truncate(cut.unwrap_or(0));
    }
    let mut line: String = line
        .chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect();
    line.push('\n');
    line
}

/// Appends in one write, which the system does not mix with those of other processes and threads.
fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = open(path)?;
    let about = file.metadata()?;
    if about.is_file() && about.size() >= FILE_BYTES_MAX {
        set_aside(path, &file, about.ino())?;
        file = open(path)?;
    }
    file.write_all(line.as_bytes())
}

fn open(path: &Path) -> io::Result<File> {
    // A pipe that nobody reads must not hold the host up, nor a terminal become its own.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
}

/// Renames a log that is full. Of several that find it full, one does it.
fn set_aside(path: &Path, full: &File, number: u64) -> io::Result<()> {
    flock(full, FlockOperation::NonBlockingLockExclusive)?;
    if fs::metadata(path)?.ino() == number {
        let mut aside = path.as_os_str().to_owned();
        aside.push(".1");
        fs::rename(path, aside)?;
    }
    Ok(())
}

/// The clock, for the log and for the dates of new objects.
#[expect(
    clippy::disallowed_methods,
    reason = "the provider has no Context; this is its one look at the clock"
)]
pub(crate) fn seconds_since_1970() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_and_is_bounded() {
        let text = line(format_args!("a\nb\r\u{1b}[31m{}", "ü".repeat(2000)));
        assert_eq!(text.matches('\n').count(), 1);
        assert!(text.ends_with('\n') && text.len() <= LINE_BYTES_MAX + 1);
        assert!(!text.trim_end().chars().any(char::is_control));
    }

    #[test]
    fn a_log_that_is_full_is_set_aside_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let log = Log::to(&path);
        log.line(format_args!("the first"));
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(FILE_BYTES_MAX)
            .unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let log = &log;
                scope.spawn(move || log.line(format_args!("thread {thread}")));
            }
        });
        let aside = fs::metadata(folder.path().join("log.1")).unwrap();
        assert!(aside.size() >= FILE_BYTES_MAX);
        assert!(fs::metadata(&path).unwrap().size() < 1000);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_cannot_be_written_holds_nobody_up() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RWXU,
            0,
        )
        .unwrap();
        Log::to(&pipe).line(format_args!("nobody reads"));
        Log::to(&folder.path().join("none/log")).line(format_args!("nowhere"));
        Log::to(Path::new("/dev/full")).line(format_args!("no room"));
    }
}
