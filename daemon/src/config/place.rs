//! Values of the file with their place in it, so that an error can name its line.

use std::{
    net::SocketAddr,
    ops::{Range, RangeInclusive},
    path::{Path, PathBuf},
};

use toml::Spanned;

use super::{error::ConfigError, file::Uid};
use crate::policy::Policy;

/// The file being read.
pub(super) struct Place<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
}

impl Place<'_> {
    /// An error about one value.
    pub(super) fn error<T>(&self, at: &Spanned<T>, key: &str, why: &str) -> ConfigError {
        ConfigError::at_line(self.path, self.line(at.span()), format!("`{key}` {why}"))
    }

    /// An error about the file as a whole.
    pub(super) fn whole(&self, why: &str) -> ConfigError {
        ConfigError::of_file(self.path, why)
    }

    /// The parser's error: its words, our line.
    pub(super) fn unreadable(&self, error: &toml::de::Error) -> ConfigError {
        let why = error
            .message()
            .replace("unknown field", "unknown key")
            .replace("missing field", "missing key")
            .replace("duplicate field", "key given twice:");
        match error.span() {
            Some(span) => ConfigError::at_line(self.path, self.line(span), why),
            None => self.whole(&why),
        }
    }

    fn line(&self, span: Range<usize>) -> usize {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        before.bytes().filter(|byte| *byte == b'\n').count() + 1
    }

    /// A path of the file, which starts at the file's own directory.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        self.path
            .parent()
            .unwrap_or_else(|| Path::new(""))
            .join(path)
    }

    pub(super) fn address(
        &self,
        text: &Spanned<String>,
        key: &str,
    ) -> Result<SocketAddr, ConfigError> {
        text.get_ref().parse().map_err(|_| {
            self.error(
                text,
                key,
                "must be an address and a port, such as \"0.0.0.0:5696\" or \"[::1]:5696\"",
            )
        })
    }

    /// A number within bounds.
    pub(super) fn count(
        &self,
        value: &Spanned<u64>,
        key: &str,
        bounds: RangeInclusive<u64>,
    ) -> Result<usize, ConfigError> {
        let inside = bounds.contains(value.get_ref());
        usize::try_from(*value.get_ref())
            .ok()
            .filter(|_| inside)
            .ok_or_else(|| {
                let why = format!("must be from {} to {}", bounds.start(), bounds.end());
                self.error(value, key, &why)
            })
    }

    /// A user; none for any.
    pub(super) fn uid(&self, uid: &Spanned<Uid>, key: &str) -> Result<Option<u32>, ConfigError> {
        match uid.get_ref() {
            Uid::Number(number) => Ok(Some(*number)),
            Uid::Word(word) if word == "any" => Ok(None),
            Uid::Word(word) if word == "self" => Ok(Some(rustix::process::geteuid().as_raw())),
            Uid::Word(_) => Err(self.error(
                uid,
                key,
                "must be a user's number, \"self\" or \"any\"; `id -u NAME` tells the number",
            )),
        }
    }

    /// A role must be one of the policy's.
    pub(super) fn role(
        &self,
        role: &Spanned<String>,
        key: &str,
        policy: &Policy,
    ) -> Result<(), ConfigError> {
        if policy.role(role.get_ref()).is_some() {
            return Ok(());
        }
        let known = policy.names().collect::<Vec<_>>().join(", ");
        let why = format!(
            "names the role {:?}, but the policy has only: {known}",
            role.get_ref()
        );
        Err(self.error(role, key, &why))
    }
}
