//! The documents: lists in them that tests write, and commands in them that tests run.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::programs::root;

/// A document with lists that follow from tables. Each stands between `<!-- list NAME -->` and `<!-- /list -->`.
pub struct Document {
    path: PathBuf,
    text: String,
}

impl Document {
    /// Reads a document by its path in the project.
    #[must_use]
    pub fn read(relative: &str) -> Self {
        let path = root().join(relative);
        let text =
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { path, text }
    }

    /// Puts a list in its place.
    #[must_use]
    pub fn with(self, name: &str, list: &str) -> Self {
        self.between(&format!("<!-- list {name} -->\n"), "<!-- /list -->", list)
    }

    /// Puts text between two marks.
    #[must_use]
    pub fn between(mut self, begin: &str, end: &str, text: &str) -> Self {
        let (before, rest) = self.split(begin, &self.text);
        let (_, after) = self.split(end, rest);
        self.text = format!("{before}{begin}{text}{end}{after}");
        self
    }

    fn split<'a>(&self, mark: &str, text: &'a str) -> (&'a str, &'a str) {
        text.split_once(mark)
            .unwrap_or_else(|| panic!("{} has no line {mark}", self.path.display()))
    }

    /// Fails the test unless the document says this already; with `UPDATE=1` it is written.
    pub fn settle(self) {
        let written = fs::read_to_string(&self.path).unwrap();
        if written == self.text {
            return;
        }
        if env::var_os("UPDATE").is_some() {
            fs::write(&self.path, &self.text).unwrap();
            return;
        }
        let differs = written
            .lines()
            .zip(self.text.lines())
            .find(|(old, new)| old != new);
        panic!(
            "{} does not say what the tables say; `UPDATE=1 cargo test -p keyhold-tests --test lists` writes it. The \
             first difference: {differs:?}",
            self.path.display()
        );
    }
}

/// A table.
#[must_use]
pub fn table<const N: usize>(
    headings: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(&headings.map(str::to_owned));
    text.push_str(&format!("|{}\n", "---|".repeat(N)));
    for row in rows {
        text.push_str(&line(&row.map(|cell| cell.replace('|', "\\|"))));
    }
    text
}

/// A page's commands as one script of bash with each command on the line where it stands on the page, so that what fails
/// is known by its line. Blocks of Python are programs of their own; blocks in other languages are not run.
#[must_use]
pub fn script(page: &Path) -> String {
    let text =
        fs::read_to_string(page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
    let mut script = String::new();
    let mut language = None;
    for line in text.lines() {
        let command = match (language, line.strip_prefix("```")) {
            (None, Some(begun)) => {
                language = Some(begun);
                if begun == "python" { PYTHON } else { "" }
            }
            (Some(ended), Some("")) => {
                language = None;
                if ended == "python" { PYTHON_END } else { "" }
            }
            (Some("sh" | "python"), _) => line,
            _ => "",
        };
        script.push_str(command);
        script.push('\n');
    }
    assert_eq!(language, None, "{} ends in a block", page.display());
    // The first line of a page is its title, which leaves room for this.
    format!("{TRAP}{script}")
}

const PYTHON: &str = "python3 - <<'END_OF_PYTHON'";
const PYTHON_END: &str = "END_OF_PYTHON";
/// Tells the line of the page, also where a function of the page failed, and ends what the page began, however it ends.
const TRAP: &str = "trap 'at=$LINENO; for up in \"${BASH_LINENO[@]}\"; do [ \"$up\" = 0 ] || at=$up; done; \
                    echo \"failed at line $at\" >&2' ERR; \
                    trap 'kill $(jobs -p) $SSH_AGENT_PID 2>/dev/null || true' EXIT";
