//! The end of a trail, for people who watch it.

use std::{
    collections::VecDeque,
    io,
    path::{Path, PathBuf},
};

use super::{
    files::{self, Lines},
    record::{self, Record},
};

/// Follows the files of a trail. Records of one stream come in their order.
pub struct Tail {
    directory: PathBuf,
    stream: Option<String>,
    places: Vec<Place>,
}

/// How far a stream was read.
struct Place {
    stream: String,
    number: u32,
    offset: u64,
}

impl Tail {
    /// Follows all streams of a directory, or one.
    #[must_use]
    pub fn new(directory: &Path, stream: Option<&str>) -> Self {
        Self {
            directory: directory.to_owned(),
            stream: stream.map(str::to_owned),
            places: Vec::new(),
        }
    }

    /// Reads what was appended since the last call. What cannot be read is left out: finding that is verification's.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn read(&mut self, mut each: impl FnMut(Record<'static>)) -> io::Result<()> {
        for (stream, files) in files::list(&self.directory)? {
            if self.stream.as_ref().is_some_and(|only| *only != stream) {
                continue;
            }
            let known = self.places.iter().position(|place| place.stream == stream);
            let (mut number, mut offset) = known
                .and_then(|at| self.places.get(at))
                .map_or((0, 0), |place| (place.number, place.offset));
            for (own, path) in files.range(number..) {
                if *own != number {
                    (number, offset) = (*own, 0);
                }
                offset = read_file(path, offset, &mut each)?;
            }
            let place = Place {
                stream,
                number,
                offset,
            };
            match known.and_then(|at| self.places.get_mut(at)) {
                Some(known) => *known = place,
                None => self.places.push(place),
            }
        }
        Ok(())
    }
}

/// Reads whole lines from an offset and tells where the last ended.
fn read_file(path: &Path, offset: u64, each: &mut impl FnMut(Record<'static>)) -> io::Result<u64> {
    let mut lines = Lines::open(path, offset)?;
    let mut end = offset;
    while let Some(line) = lines.next()? {
        if !line.is_whole {
            break;
        }
        if let Ok(read) = record::read(line.bytes) {
            each(owned(read.record));
        }
        end = lines.offset;
    }
    Ok(end)
}

/// The last `count` records of what a tail has not read yet, by their times.
///
/// # Errors
/// When a file cannot be read.
pub fn last(tail: &mut Tail, count: usize) -> io::Result<Vec<Record<'static>>> {
    let mut streams: Vec<(String, VecDeque<Record<'static>>)> = Vec::new();
    tail.read(|record| {
        let at = streams.iter().position(|(name, _)| *name == record.stream);
        let at = at.unwrap_or_else(|| {
            streams.push((record.stream.clone().into_owned(), VecDeque::new()));
            streams.len() - 1
        });
        if let Some((_, records)) = streams.get_mut(at) {
            records.push_back(record);
            if records.len() > count {
                records.pop_front();
            }
        }
    })?;
    let mut records: Vec<_> = streams
        .into_iter()
        .flat_map(|(_, records)| records)
        .collect();
    records.sort_by(|one, other| one.time.cmp(&other.time));
    Ok(records.split_off(records.len().saturating_sub(count)))
}

fn owned(record: Record<'_>) -> Record<'static> {
    let own = |text: std::borrow::Cow<'_, str>| text.into_owned().into();
    Record {
        v: record.v,
        time: own(record.time),
        stream: own(record.stream),
        principal: own(record.principal),
        peer: own(record.peer),
        operation: own(record.operation),
        object: record.object.map(own),
        outcome: own(record.outcome),
        note: record.note.map(own),
        kmip: record.kmip.map(own),
        seq: record.seq,
        prev: own(record.prev),
        hash: own(record.hash),
    }
}
