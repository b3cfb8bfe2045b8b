//! Opening a stream after a stop: the end that was synced must be there, what a crash left unfinished moves aside.

use std::{
    collections::{BTreeMap, HashMap},
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use kmip::ttlv::Timestamp;

use super::{
    Options, TrailError,
    files::{self, Lines},
    heads::{self, Head, Heads},
    record::{self, Hash, NO_HASH},
    stream::{End, Stream},
};

/// The streams of a directory, and what the trail has to say of some.
pub(super) struct Opened {
    pub(super) streams: HashMap<String, Arc<Stream>>,
    pub(super) notes: Vec<(String, String)>,
}

/// Finds the streams of a directory.
pub(super) fn open(directory: &Path, options: &Options) -> Result<Opened, TrailError> {
    let damaged = |why: String| {
        TrailError(format!(
            "the trail is damaged: {why}. Keep a copy of {0}, look at it with `keyhold audit verify --dir {0}`, and \
             start once with `accept_damage = true` under [audit] to go on in new files",
            directory.display()
        ))
    };
    let told = |error: io::Error| TrailError(format!("{}: {error}", directory.display()));
    let mut files = files::list(directory).map_err(told)?;
    let heads = match heads::read(directory, options.key.as_ref()) {
        Ok(Some((heads, _))) => Ok(heads),
        Ok(None) if files.is_empty() => Ok(Heads::new()),
        Ok(None) => Err(format!("{} is gone", heads::FILE)),
        Err(why) => Err(format!("{}: {why}", heads::FILE)),
    };
    for stream in heads.iter().flat_map(Heads::keys) {
        files.entry(stream.clone()).or_default();
    }
    let mut streams = HashMap::new();
    let mut notes = Vec::new();
    for (name, files) in files {
        let head: Option<&Head> = heads.as_ref().ok().and_then(|heads| heads.get(&name));
        let recovered = heads
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|_| recover(&name, &files, head));
        let found = match recovered {
            Ok(found) => found,
            Err(_) if options.accept_damage => go_on(&name, &files, head).map_err(told)?,
            Err(why) => return Err(damaged(why)),
        };
        notes.extend(found.note.map(|note| (name.clone(), note)));
        let stream = Stream::new(
            &name,
            directory,
            options.file_bytes_max,
            found.end,
            found.synced,
        );
        streams.insert(name, Arc::new(stream));
    }
    Ok(Opened { streams, notes })
}

/// A stream's files by their numbers.
type Files = BTreeMap<u32, PathBuf>;

/// How a stream was found.
struct Found {
    /// Where it goes on.
    end: End,
    /// The last record that is on the disk.
    synced: Option<Head>,
    /// What the trail has to say of it.
    note: Option<String>,
}

/// Finds the end of a stream.
///
/// Everything up to the head was synced, so it is damage when that is not there. Behind it a crash may have left
/// anything: whole records are kept, and the rest is moved aside.
fn recover(name: &str, files: &Files, head: Option<&Head>) -> Result<Found, String> {
    let mut end = begin(name, files, head)?;
    let mut note = None;
    for (number, path) in files.range(end.number..) {
        let told = |error: io::Error| format!("{}: {error}", path.display());
        let bytes = if *number == end.number { end.bytes } else { 0 };
        let mut here = End::at(*number, bytes, end.sequence, end.hash);
        here.time = end.time;
        let is_whole = walk(name, path, &mut here).map_err(told)?;
        if !is_whole {
            let moved = move_aside(path, here.bytes, files.range(number + 1..)).map_err(told)?;
            note = Some(format!(
                "{} bytes of unfinished records behind record {} moved to {}",
                moved.bytes, here.sequence, moved.name
            ));
        }
        // A file without records is left for the next one that begins.
        if here.bytes > bytes {
            File::open(path)
                .and_then(|file| file.sync_data())
                .map_err(told)?;
            end = here;
        }
        if !is_whole {
            break;
        }
    }
    let synced = (end.sequence > 0).then(|| end.head(name));
    Ok(Found { end, synced, note })
}

/// Goes on with a stream that is damaged, in a new file: what is there stays as it is.
fn go_on(name: &str, files: &Files, head: Option<&Head>) -> io::Result<Found> {
    let mut sequence = head.map_or(0, |head| head.seq);
    let mut hash = head.and_then(Head::hash).unwrap_or(NO_HASH);
    let mut time = head.and_then(|head| record::seconds(&head.time));
    for path in files.values() {
        let mut lines = Lines::open(path, 0)?;
        while let Some(line) = lines.next()? {
            let Ok(read) = record::read(line.bytes) else {
                continue;
            };
            if read.is_intact() && read.record.stream == name && read.record.seq > sequence {
                sequence = read.record.seq;
                hash = read.stated;
            }
            time = time.max(record::seconds(&read.record.time));
        }
    }
    let last = files.keys().next_back();
    let number = last.map_or(files::FIRST, |last| last + 1);
    let mut end = End::at(number, 0, sequence, hash);
    end.time = time.unwrap_or_default();
    let note = format!("the damaged trail goes on in file {number}; what is there stays as it is");
    Ok(Found {
        end,
        synced: None,
        note: Some(note),
    })
}

/// The place from which the files are read: behind the head, or the beginning of a stream that has none.
fn begin(name: &str, files: &Files, head: Option<&Head>) -> Result<End, String> {
    let Some(head) = head else {
        // The heads have a stream within moments of its first record.
        return match files.keys().next() {
            Some(&files::FIRST) => Ok(End::empty()),
            _ => Err(format!(
                "the heads do not know the stream {name:?}, which has old files"
            )),
        };
    };
    let missing = |why: &str| {
        format!(
            "{}: record {} of the stream {name:?}, which was on the disk, {why}",
            head.file, head.seq
        )
    };
    let (number, path) = files
        .iter()
        .find(|(number, _)| files::file_name(name, **number) == head.file)
        .ok_or_else(|| missing("is gone with its file"))?;
    let line = files::line_before(path, head.end)
        .map_err(|error| missing(&format!("cannot be read: {error}")))?
        .ok_or_else(|| missing("is not there"))?;
    let hash = head.hash().ok_or_else(|| missing("has no hash"))?;
    let read = record::read(&line).map_err(|why| missing(&format!("cannot be read: {why}")))?;
    if !read.is_intact() || read.stated != hash || read.record.seq != head.seq {
        return Err(missing("is another"));
    }
    let mut end = End::at(*number, head.end, head.seq, hash);
    end.time = record::seconds(&head.time).unwrap_or_default();
    Ok(end)
}

/// Goes over a file's whole records from `end` on. Tells whether nothing else stands in it.
fn walk(name: &str, path: &Path, end: &mut End) -> io::Result<bool> {
    let mut lines = Lines::open(path, end.bytes)?;
    loop {
        let Some(line) = lines.next()? else {
            return Ok(true);
        };
        let Some((hash, time)) = line
            .is_whole
            .then(|| follows(name, line.bytes, end.sequence, &end.hash))
            .flatten()
        else {
            return Ok(false);
        };
        end.sequence += 1;
        end.hash = hash;
        end.time = end.time.max(time);
        end.bytes = lines.offset;
    }
}

/// The hash and time of a line, if it is the record that follows.
fn follows(name: &str, line: &[u8], sequence: u64, hash: &Hash) -> Option<(Hash, Timestamp)> {
    let read = record::read(line).ok()?;
    let follows = read.is_intact()
        && read.record.stream == name
        && read.record.seq == sequence + 1
        && read.previous == *hash;
    follows.then_some((read.stated, record::seconds(&read.record.time)?))
}

struct Moved {
    name: String,
    bytes: u64,
}

/// Moves what stands behind an offset, and all later files, to names that end with `.torn`.
fn move_aside<'a>(
    path: &Path,
    from: u64,
    later: impl Iterator<Item = (&'a u32, &'a PathBuf)>,
) -> io::Result<Moved> {
    for (_, path) in later {
        let (torn, _) = create_torn(path)?;
        fs::rename(path, torn)?;
    }
    let mut source = File::open(path)?;
    io::Seek::seek(&mut source, io::SeekFrom::Start(from))?;
    let (torn, mut target) = create_torn(path)?;
    let bytes = io::copy(&mut source, &mut target)?;
    target.sync_all()?;
    let directory = path.parent().unwrap_or_else(|| Path::new("."));
    files::sync_directory(directory)?;
    let file = OpenOptions::new().write(true).open(path)?;
    file.set_len(from)?;
    file.sync_all()?;
    let name = torn.file_name().unwrap_or_default();
    Ok(Moved {
        name: name.to_string_lossy().into_owned(),
        bytes,
    })
}

/// A new file beside another: nothing that was moved aside before is written over.
fn create_torn(path: &Path) -> io::Result<(PathBuf, File)> {
    let mut count: u32 = 1;
    loop {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{count}.torn"));
        match File::create_new(&name) {
            Ok(file) => return Ok((name.into(), file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => count += 1,
            Err(error) => return Err(error),
        }
    }
}
