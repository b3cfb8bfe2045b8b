//! The files of a trail: their names, and their lines one after the other.

use std::{
    collections::BTreeMap,
    fs::{File, TryLockError},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use super::{TrailError, record::LINE_BYTES_MAX};

/// The number of a stream's first file.
pub(super) const FIRST: u32 = 1;

/// The name of a stream's file: `dev.000001.jsonl`; what a file name cannot have is written `%2f`.
pub(super) fn file_name(stream: &str, number: u32) -> String {
    let mut name = String::with_capacity(stream.len() + 16);
    for byte in stream.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02x}"));
        }
    }
    name.push_str(&format!(".{number:06}.jsonl"));
    name
}

/// The stream and number that a file name tells.
fn parse_name(name: &str) -> Option<(String, u32)> {
    let (encoded, number) = name.strip_suffix(".jsonl")?.rsplit_once('.')?;
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first == b'%' {
            let (digits, behind) = rest.split_at_checked(2)?;
            bytes.extend(hex::decode(digits).ok()?);
            rest = behind;
        } else {
            bytes.push(*first);
        }
    }
    let stream = String::from_utf8(bytes).ok()?;
    let number = number.parse().ok()?;
    // Only our own spelling is ours: two files are never the same part of a stream.
    (file_name(&stream, number) == name).then_some((stream, number))
}

/// The streams of a directory, each with its files in order.
pub(super) fn list(directory: &Path) -> io::Result<BTreeMap<String, BTreeMap<u32, PathBuf>>> {
    let mut streams: BTreeMap<String, BTreeMap<u32, PathBuf>> = BTreeMap::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if let Some((stream, number)) = entry.file_name().to_str().and_then(parse_name) {
            streams
                .entry(stream)
                .or_default()
                .insert(number, entry.path());
        }
    }
    Ok(streams)
}

/// Makes names in a directory durable.
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// The lines of a file.
pub(super) struct Lines {
    reader: BufReader<File>,
    buffer: Vec<u8>,
    /// Where the next line begins.
    pub(super) offset: u64,
    /// How many lines were read.
    pub(super) number: u64,
}

/// What stands between two ends of lines.
pub(super) struct Line<'a> {
    /// The bytes, without the end.
    pub(super) bytes: &'a [u8],
    /// Whether it has an end, and no more bytes than a record can have.
    pub(super) is_whole: bool,
}

impl Lines {
    /// The lines of a file from an offset.
    pub(super) fn open(path: &Path, offset: u64) -> io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self {
            reader: BufReader::with_capacity(1 << 16, file),
            buffer: Vec::with_capacity(1_024),
            offset,
            number: 0,
        })
    }

    /// The next line, if anything stands there.
    pub(super) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.buffer.clear();
        let bound = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
        let mut bytes_read = (&mut self.reader)
            .take(bound)
            .read_until(b'\n', &mut self.buffer)?;
        if bytes_read == 0 {
            return Ok(None);
        }
        self.number += 1;
        let is_whole = self.buffer.ends_with(b"\n");
        if is_whole {
            self.buffer.pop();
        } else if bytes_read == LINE_BYTES_MAX {
            bytes_read += self.skip_line()?;
        }
        self.offset += u64::try_from(bytes_read).unwrap_or(0);
        Ok(Some(Line {
            bytes: &self.buffer,
            is_whole,
        }))
    }

    /// Leaves the rest of a line that is longer than any record unread.
    fn skip_line(&mut self) -> io::Result<usize> {
        let mut skipped = 0;
        loop {
            let available = self.reader.fill_buf()?;
            let end = available.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(available.len(), |at| at + 1);
            self.reader.consume(taken);
            skipped += taken;
            if end.is_some() || taken == 0 {
                return Ok(skipped);
            }
        }
    }
}

/// The line that ends at an offset, without its end.
pub(super) fn line_before(path: &Path, end: u64) -> io::Result<Option<Vec<u8>>> {
    let mut file = File::open(path)?;
    let bound = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
    let start = end.saturating_sub(bound);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(end - start).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).ok() != Some(end - start) || bytes.pop() != Some(b'\n') {
        return Ok(None);
    }
    let begun = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    Ok(Some(bytes.split_off(begun)))
}

/// Keeps other processes out.
pub(super) fn lock(directory: &Path) -> Result<File, TrailError> {
    let path = directory.join(".lock");
    let told = |why: String| TrailError(format!("{}: {why}", path.display()));
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|error| told(error.to_string()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(told("another process writes this trail".to_owned())),
        Err(TryLockError::Error(error)) => Err(told(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_tell_their_streams() {
        for stream in ["dev", "appliance", "a/../b", "Schlüssel 1", ".", "x.000001"] {
            let name = file_name(stream, 12);
            assert!(!name.contains('/') && !name.starts_with('.'), "{name}");
            assert_eq!(parse_name(&name), Some((stream.to_owned(), 12)));
        }
        for foreign in [
            "dev.1.jsonl",
            "dev.jsonl",
            "%64ev.000001.jsonl",
            "heads.json",
        ] {
            assert_eq!(parse_name(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn lines_longer_than_any_record_are_skipped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let long = "x".repeat(LINE_BYTES_MAX * 40);
        std::fs::write(&path, format!("one\n{long}\nthree\nfour")).unwrap();
        let mut lines = Lines::open(&path, 0).unwrap();
        let mut seen = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            seen.push((line.bytes.len(), line.is_whole));
        }
        assert_eq!(
            seen,
            [(3, true), (LINE_BYTES_MAX, false), (5, true), (4, false)]
        );
        assert_eq!(lines.offset, std::fs::metadata(&path).unwrap().len());
        assert_eq!(line_before(&path, 4).unwrap().unwrap(), b"one");
        assert_eq!(line_before(&path, 3).unwrap(), None);
        assert_eq!(line_before(&path, 1 << 40).unwrap(), None);
    }
}
