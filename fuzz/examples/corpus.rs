//! Fills the corpora that libFuzzer starts from, and keeps the best of what it found as lines of text.

use std::{collections::BTreeMap, error::Error, fmt::Write, fs, path::Path};

use targets::{TARGETS, Target};

#[path = "../../kmip/tests/captures.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "the tests of the codec use all of it"
)]
mod captures;
#[path = "../../kmip/tests/samples/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "the tests of the codec use all of it"
)]
mod samples;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The longest input that is fuzzed.
const BYTES_MAX: usize = 4096;
/// The longest found input that is kept, and how many are kept of each target; a file of them has less than 1 MiB.
const KEPT_BYTES_MAX: usize = 1024;
const KEPT_MAX: usize = 300;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["fill", folder] => TARGETS.iter().try_for_each(|target| fill(target, folder)),
        ["keep", folder] => TARGETS.iter().try_for_each(|target| keep(target, folder)),
        _ => Err("say `fill FOLDER` or `keep FOLDER`".into()),
    }
}

/// Writes the seeds and the kept inputs of a target into its folder.
fn fill(target: &Target, folder: &str) -> Result<()> {
    let folder = Path::new(folder).join(target.name);
    fs::create_dir_all(&folder)?;
    let kept = target.kept(env!("CARGO_MANIFEST_DIR"))?;
    let seeds = samples::seeds(target.name, target.text);
    for (name, bytes) in kept.into_iter().chain(seeds) {
        if bytes.len() <= BYTES_MAX {
            fs::write(folder.join(name), bytes)?;
        }
    }
    Ok(())
}

/// Keeps what was named by hand, and of what libFuzzer found in a target's folder some of each length.
fn keep(target: &Target, folder: &str) -> Result<()> {
    let own = env!("CARGO_MANIFEST_DIR");
    let mut kept: BTreeMap<String, Vec<u8>> = target.kept(own)?.into_iter().collect();
    kept.retain(|name, _| !is_digest(name));
    let found = found(&Path::new(folder).join(target.name))?;
    let chosen =
        (0..KEPT_MAX.min(found.len())).map(|at| at * found.len() / KEPT_MAX.min(found.len()));
    kept.extend(chosen.filter_map(|at| found.get(at).cloned()));
    let mut lines = String::new();
    for (name, bytes) in kept {
        writeln!(lines, "{name} {}", hex::encode(bytes))?;
    }
    fs::write(target.kept_path(own), lines)?;
    Ok(())
}

/// What libFuzzer found, the shortest first, without what is too long to be kept.
fn found(folder: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(name) = name.filter(|name| is_digest(name)) {
            found.push((name.to_owned(), fs::read(&path)?));
        }
    }
    found.retain(|(_, bytes)| bytes.len() <= KEPT_BYTES_MAX);
    found.sort_by_key(|(name, bytes)| (bytes.len(), name.clone()));
    Ok(found)
}

/// libFuzzer names what it finds by its SHA-1.
fn is_digest(name: &str) -> bool {
    name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}
