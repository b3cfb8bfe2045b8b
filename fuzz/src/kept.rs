//! The committed corpus: a file a target, a line an input, as a name and its bytes in hexadecimal.

use std::{fs, io, path::PathBuf};

use super::Target;

impl Target {
    /// Where its inputs are kept, beside this folder.
    #[must_use]
    pub fn kept_path(&self, fuzz_folder: &str) -> PathBuf {
        PathBuf::from(format!("{fuzz_folder}/regressions/{}.txt", self.name))
    }

    /// The kept inputs with their names; libFuzzer's own have a digest for a name.
    pub fn kept(&self, fuzz_folder: &str) -> io::Result<Vec<(String, Vec<u8>)>> {
        let lines = fs::read_to_string(self.kept_path(fuzz_folder))?;
        lines
            .lines()
            .map(|line| {
                let (name, hex) = line.split_once(' ').unwrap_or((line, ""));
                let bytes = (0..hex.len()).step_by(2).map(|at| {
                    let byte = hex.get(at..at + 2).map(|two| u8::from_str_radix(two, 16));
                    byte.and_then(Result::ok).ok_or(io::ErrorKind::InvalidData)
                });
                Ok((name.to_owned(), bytes.collect::<Result<_, _>>()?))
            })
            .collect()
    }
}
