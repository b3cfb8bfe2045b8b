//! What is wrong with a configuration: in which file, on which line, at which key.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use crate::files::FileError;

/// Why a configuration is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    path: Option<PathBuf>,
    line: Option<usize>,
    why: String,
}

impl ConfigError {
    pub(super) fn at_line(path: &Path, line: usize, why: impl fmt::Display) -> Self {
        Self {
            path: Some(path.to_owned()),
            line: Some(line),
            why: why.to_string(),
        }
    }

    pub(super) fn of_file(path: &Path, why: impl fmt::Display) -> Self {
        Self {
            path: Some(path.to_owned()),
            line: None,
            why: why.to_string(),
        }
    }
}

impl From<FileError> for ConfigError {
    /// The file's error names its file itself.
    fn from(error: FileError) -> Self {
        Self {
            path: None,
            line: None,
            why: error.to_string(),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "{}:", path.display())?;
        }
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        if self.path.is_some() {
            f.write_str(" ")?;
        }
        f.write_str(&self.why)
    }
}

impl std::error::Error for ConfigError {}
