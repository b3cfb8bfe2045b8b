//! One stream: its open file, its place in the chain, and whole lines or none.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_lc_rs::digest;
use kmip::ttlv::Timestamp;

use super::{
    files,
    heads::Head,
    record::{self, Hash},
    turn::{Hung, Taken, Turn},
};

/// A stream that records are appended to.
pub(super) struct Stream {
    pub(super) name: String,
    directory: PathBuf,
    file_bytes_max: u64,
    end: Turn<End>,
    /// The last record that is on the disk.
    synced: Mutex<Option<Head>>,
}

/// Where a stream ends.
pub(super) struct End {
    /// The number of the file that is appended to.
    pub(super) number: u32,
    /// Its length, whole lines only.
    pub(super) bytes: u64,
    /// The last record's number; 0 before the first.
    pub(super) sequence: u64,
    /// Its hash.
    pub(super) hash: Hash,
    /// The latest time of a record.
    pub(super) time: Timestamp,
    /// The open file, once something was appended.
    file: Option<Arc<File>>,
    /// Files that were left for the next one and are not synced yet.
    left: Vec<Arc<File>>,
    /// Whether the directory has a name that is not durable yet.
    named: bool,
    /// Whether something was appended since the last sync.
    changed: bool,
    /// Whether a part of a line stands behind the whole ones.
    ragged: bool,
}

impl End {
    /// The end of a stream whose next record stands behind what is told.
    pub(super) const fn at(number: u32, bytes: u64, sequence: u64, hash: Hash) -> Self {
        Self {
            number,
            bytes,
            sequence,
            hash,
            time: Timestamp(0),
            file: None,
            left: Vec::new(),
            named: false,
            changed: false,
            ragged: false,
        }
    }

    /// The end of a stream without records.
    pub(super) const fn empty() -> Self {
        Self::at(files::FIRST, 0, 0, record::NO_HASH)
    }

    /// The last record, of a stream with this name.
    pub(super) fn head(&self, name: &str) -> Head {
        Head {
            seq: self.sequence,
            hash: hex::encode(self.hash),
            file: files::file_name(name, self.number),
            end: self.bytes,
            time: record::rfc3339(self.time),
        }
    }
}

impl Stream {
    pub(super) fn new(
        name: &str,
        directory: &Path,
        file_bytes_max: u64,
        end: End,
        synced: Option<Head>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            directory: directory.to_owned(),
            file_bytes_max,
            end: Turn::new(end),
            synced: Mutex::new(synced),
        }
    }

    /// The end of the stream, for one who appends; waited for so long at most.
    pub(super) fn turn(&self, wait_max: Duration) -> Result<Taken<'_, End>, Hung> {
        self.end.take(wait_max)
    }

    /// Whether somebody has waited in vain for the one who appends.
    pub(super) fn is_hung(&self) -> bool {
        self.end.is_hung()
    }

    /// Appends the line that [`record::begin`] began, whole or not at all. Of the first since the last sync it tells
    /// `changed` while the stream is locked: whoever appends next and syncs must find the stream among the changed.
    pub(super) fn append(
        &self,
        end: &mut End,
        line: &mut Vec<u8>,
        so_far: digest::Context,
        time: Timestamp,
        changed: impl FnOnce(),
    ) -> io::Result<()> {
        let sequence = end.sequence + 1;
        let hash = record::end(line, so_far, sequence, &end.hash);
        let bytes = u64::try_from(line.len()).map_err(io::Error::other)?;
        self.make_room(end, bytes)?;
        write_whole(end, line)?;
        end.bytes += bytes;
        end.sequence = sequence;
        end.hash = hash;
        end.time = end.time.max(time);
        if !std::mem::replace(&mut end.changed, true) {
            changed();
        }
        Ok(())
    }

    /// Sees to an open file that has room for so many bytes.
    fn make_room(&self, end: &mut End, bytes: u64) -> io::Result<()> {
        if end.bytes > 0 && end.bytes.saturating_add(bytes) > self.file_bytes_max {
            let next = end.number + 1;
            let file = self.open_file(next, true)?;
            end.left.extend(end.file.replace(Arc::new(file)));
            end.number = next;
            end.bytes = 0;
            end.named = true;
        } else if end.file.is_none() {
            end.file = Some(Arc::new(self.open_file(end.number, end.bytes == 0)?));
            end.named = end.bytes == 0;
        }
        Ok(())
    }

    fn open_file(&self, number: u32, is_new: bool) -> io::Result<File> {
        let path = self.directory.join(files::file_name(&self.name, number));
        let mut options = OpenOptions::new();
        options.append(true).mode(0o600).create(is_new);
        let file = options.open(&path)?;
        if is_new && file.metadata()?.len() > 0 {
            let name = path.display();
            return Err(io::Error::other(format!("{name} is there already")));
        }
        Ok(file)
    }

    /// Puts everything appended before this call on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        let mut end = self.end.take_patiently();
        if !std::mem::take(&mut end.changed) {
            return Ok(());
        }
        let left = std::mem::take(&mut end.left);
        let named = std::mem::take(&mut end.named);
        let file = end.file.clone();
        let head = end.head(&self.name);
        drop(end);
        for file in left.iter().chain(file.as_ref()) {
            file.sync_data()?;
        }
        if named {
            files::sync_directory(&self.directory)?;
        }
        *self.synced.lock().unwrap_or_else(PoisonError::into_inner) = Some(head);
        Ok(())
    }

    /// The last record that is on the disk.
    pub(super) fn synced(&self) -> Option<Head> {
        self.synced
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The latest time of a record.
    pub(super) fn time(&self) -> Timestamp {
        self.end.take_patiently().time
    }
}

/// Appends all bytes or, when the disk is full, none: what was written of them is cut off again, at the latest before
/// the next line.
fn write_whole(end: &mut End, bytes: &[u8]) -> io::Result<()> {
    let Some(mut file) = end.file.as_deref() else {
        return Err(io::Error::other("the file is not open"));
    };
    if end.ragged {
        file.set_len(end.bytes)?;
    }
    let result = file.write_all(bytes);
    end.ragged = result.is_err() && file.set_len(end.bytes).is_err();
    result
}
