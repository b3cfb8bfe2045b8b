//! The memory of a process, as whoever may look into it reads it.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use crate::programs::{peer, succeed};

const CHUNK_BYTES: usize = 1 << 20;

/// Whether this process may look into another's memory at all.
#[must_use]
pub fn is_readable() -> bool {
    rustix::process::geteuid().is_root()
}

/// Shows each mapping of a process that can be read, piece by piece; pieces overlap by so many bytes.
pub fn each_piece(process: u32, overlap: usize, mut look: impl FnMut(&str, &[u8])) {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let memory = File::open(format!("/proc/{process}/mem")).unwrap();
    let readable = |line: &&str| line.split(' ').nth(1).unwrap().starts_with('r');
    for line in maps.lines().filter(readable) {
        each_piece_of(&memory, line, overlap, &mut look);
    }
}

fn each_piece_of(memory: &File, line: &str, overlap: usize, look: &mut impl FnMut(&str, &[u8])) {
    let (range, _) = line.split_once(' ').unwrap();
    let (start, end) = range.split_once('-').unwrap();
    let number = |text| u64::from_str_radix(text, 16).unwrap();
    let (mut at, end) = (number(start), number(end));
    let mut piece = vec![0; CHUNK_BYTES + overlap];
    while at < end {
        let length = (end - at).min(u64::try_from(piece.len()).unwrap());
        let part = &mut piece[..usize::try_from(length).unwrap()];
        // What the kernel itself cannot read is no place for anybody to look at.
        if memory.read_exact_at(part, at).is_ok() {
            look(line, part);
        }
        at += u64::try_from(CHUNK_BYTES).unwrap();
    }
}

/// Writes the core image of a process as gdb's `gcore` does; none where there is no gdb.
#[must_use]
pub fn core_image(process: u32, folder: &Path) -> Option<PathBuf> {
    if !Path::new("/usr/bin/gdb").exists() {
        return None;
    }
    let image = folder.join(format!("core-{process}"));
    let mut gdb = peer("gdb");
    // Its symbols are of no interest, and there are many.
    gdb.args([
        "--batch",
        "--nx",
        "--readnever",
        "--pid",
        &process.to_string(),
    ]);
    gdb.args(["-iex", "set debuginfod enabled off"]);
    gdb.args(["-iex", "set auto-solib-add off"]);
    // What the process asked the kernel to leave out as well: the image is all that anybody could get.
    gdb.args(["-ex", "set use-coredump-filter off"]);
    gdb.args(["-ex", "set dump-excluded-mappings on"]);
    gdb.args(["-ex", &format!("generate-core-file {}", image.display())]);
    succeed(&mut gdb);
    assert!(image.is_file(), "gdb wrote no core image of {process}");
    Some(image)
}

/// Turns a bit of these bytes wherever they stand in memory that a process can write to; says how often that is.
pub fn strike(process: u32, wanted: &[u8]) -> usize {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let memory = File::options()
        .read(true)
        .write(true)
        .open(format!("/proc/{process}/mem"))
        .unwrap();
    let mut struck = 0;
    for line in maps.lines() {
        let (range, rest) = line.split_once(' ').unwrap();
        let (start, end) = range.split_once('-').unwrap();
        let [start, end] = [start, end].map(|text| u64::from_str_radix(text, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
        if !rest.starts_with("rw") || memory.read_exact_at(&mut bytes, start).is_err() {
            continue;
        }
        let mut from = 0;
        while let Some(at) = find(&bytes[from..], wanted) {
            let middle = from + at + wanted.len() / 2;
            let place = start + u64::try_from(middle).unwrap();
            memory.write_all_at(&[bytes[middle] ^ 1], place).unwrap();
            struck += 1;
            from += at + wanted.len();
        }
    }
    struck
}

/// The mappings in which bytes stand.
#[must_use]
pub fn places(process: u32, wanted: &[u8]) -> Vec<String> {
    let mut places = Vec::new();
    each_piece(process, wanted.len(), |line, piece| {
        let is_new = places.last().is_none_or(|last| last != line);
        if is_new && find(piece, wanted).is_some() {
            places.push(line.to_owned());
        }
    });
    places
}

fn find(piece: &[u8], wanted: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = piece[from..].iter().position(|byte| *byte == wanted[0]) {
        if piece[from + at..].starts_with(wanted) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}
