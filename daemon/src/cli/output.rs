//! What commands say: tables or JSON on standard output, and failures on standard error.

use std::{
    fmt::Display,
    io::{self, Write},
    process::ExitCode,
};

use comfy_table::{Table, presets::NOTHING};
use serde::Serialize;

use crate::audit;

/// Where a command's answer goes, and in which form.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    /// Standard output, for machines or for people.
    #[must_use]
    pub const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether the answer is for machines.
    #[must_use]
    pub const fn is_json(self) -> bool {
        self.json
    }

    /// Says a value: as JSON to machines, in words to people.
    pub fn say<T: Serialize, W: Display>(
        self,
        value: &T,
        words: impl FnOnce(&T) -> W,
    ) -> Result<(), Failure> {
        if self.json {
            let text = serde_json::to_string(value).map_err(Failure::failed)?;
            self.line(text)
        } else {
            self.line(words(value))
        }
    }

    /// Says many values: as a JSON array to machines, as a table to people.
    pub fn list<T: Serialize>(
        self,
        values: &[T],
        headings: &[&str],
        row: impl Fn(&T) -> Vec<String>,
    ) -> Result<(), Failure> {
        self.say(&values, |values| {
            let mut table = Table::new();
            table
                .load_style(NOTHING)
                .set_header(headings.iter().copied());
            for value in *values {
                table.add_row(row(value).iter().map(|cell| printable(cell)));
            }
            table.trim_fmt()
        })
    }

    /// One line, flushed, so that a program that waits for it sees it.
    pub fn line(self, text: impl Display) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        match writeln!(out, "{text}").and_then(|()| out.flush()) {
            // Who reads has seen enough: `keyhold key list | head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => {
                written.map_err(|error| Failure::failed(format!("standard output: {error}")))
            }
        }
    }

    /// Why the command ended, on standard error.
    pub fn failure(self, failure: &Failure) {
        let text = if self.json {
            serde_json::json!({ "error": failure.message() }).to_string()
        } else {
            format!("keyhold: {}", failure.message())
        };
        // Nobody is left to tell when standard error is closed; the exit code still says it.
        let _ = writeln!(io::stderr(), "{text}");
    }
}

/// What is told of one thing, a line each; what is empty is left out.
pub(super) fn rows(rows: &[(&str, String)]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    for (what, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        table.add_row([printable(what), printable(value)]);
    }
    table.trim_fmt()
}

/// A text of somebody else's as a terminal may see it: it cannot move the cursor or turn the writing round.
pub(super) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if audit::is_unsafe_to_show(letter) {
            shown.extend(letter.escape_unicode());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Why a command did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It was refused, or failed: exit code 1.
    Failed(String),
    /// It was used wrongly: exit code 2.
    Usage(String),
}

impl Failure {
    /// It was refused, or failed.
    pub fn failed(why: impl Display) -> Self {
        Self::Failed(why.to_string())
    }

    /// It was used wrongly.
    pub fn usage(why: impl Display) -> Self {
        Self::Usage(why.to_string())
    }

    /// What happened, for people.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Failed(why) | Self::Usage(why) => why,
        }
    }

    /// What the shell is told.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Failed(_) => ExitCode::from(1),
            Self::Usage(_) => ExitCode::from(2),
        }
    }
}
