//! Test cases in the form of OASIS, played against a daemon: the project's own always, those of the standard from the folder
//! that `KEYHOLD_OASIS_DIR` names, or from `../shared/oasis` beside the project.
//!
//! `KEYHOLD_CASES=substring` plays only cases whose names contain it; `KEYHOLD_CASES_IN=xml` posts all of them over HTTPS in
//! XML, and `json` or `https` in JSON or TTLV. `target/conformance.txt` is the summary.

mod called;
mod case;
mod compare;
mod convert;
mod encodings;
mod known;
mod link;
mod node;
mod objects;
mod play;
mod report;
mod standard;
mod tolerance;
mod transpose;
mod words;
mod xml;

use std::{
    env,
    fmt::Write,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::Mutex,
    thread,
};

use keyhold_tests::{documents::Document, programs::root};

use self::{
    case::{Case, OURS, TRANSPOSED, stem},
    play::{Outcome, group},
    transpose::Transposition,
};

#[test]
fn cases_are_answered_as_they_say() {
    let excuses = Excuses::read();
    let folder = oasis();
    let mut cases = case::of_ours(&root().join("tests/vectors"));
    let mut transposition = Transposition::default();
    if let Some(folder) = &folder {
        let standard = case::of_standard(folder);
        transposition = transpose::all(&standard, |name| excuses.excused.contains_key(name));
        cases.extend(standard);
        cases.append(&mut transposition.cases);
        excuses.are_of(&cases);
    } else {
        println!("no KEYHOLD_OASIS_DIR, and no ../shared/oasis: the project's own cases only");
    }
    let wanted = env::var("KEYHOLD_CASES").ok();
    let is_wanted = |group: &Vec<Case>| {
        let wanted = wanted.as_deref().unwrap_or_default();
        group.iter().any(|case| case.name.contains(wanted))
    };
    let mut groups = case::grouped(cases);
    groups.retain(is_wanted);
    let outcomes = play_all(groups);
    let summary = report::summary(&outcomes);
    let path = report::keep(&summary);
    println!("{summary}\nkept in {}", path.display());
    excuses.judge(&outcomes);
    let families = |takes: fn(&str) -> bool| report::families(&outcomes, takes);
    // The document tells of all cases, so it is compared when all were played.
    if folder.is_some() && wanted.is_none() {
        Document::read("docs/conformance.md")
            .with("tolerances", &report::tolerances())
            .with(
                "families",
                &families(|kind| ![OURS, TRANSPOSED].contains(&kind)),
            )
            .with("transposed families", &families(|kind| kind == TRANSPOSED))
            .with("own families", &families(|kind| kind == OURS))
            .with("untold", &report::untold(&transposition))
            .with("excused", &excuses.told())
            .with("conformance operations", &report::operations(&outcomes))
            .settle();
    }
}

/// The folder with the cases of the standard.
fn oasis() -> Option<PathBuf> {
    match env::var_os("KEYHOLD_OASIS_DIR") {
        Some(named) => {
            let path = PathBuf::from(named);
            assert!(
                path.is_dir(),
                "KEYHOLD_OASIS_DIR is {}, which is no folder",
                path.display()
            );
            Some(path)
        }
        None => {
            let path = root().parent()?.join("shared/oasis");
            path.is_dir().then_some(path)
        }
    }
}

/// As many groups at once as there are processors.
fn play_all(groups: Vec<Vec<Case>>) -> Vec<Outcome> {
    let workers = thread::available_parallelism().map_or(2, usize::from);
    let queue = Mutex::new(groups.into_iter());
    let outcomes = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().next();
                    let Some(cases) = next else { return };
                    let played = catch_unwind(AssertUnwindSafe(|| group(&cases)));
                    let played = played.unwrap_or_else(|_| {
                        let fail = |case| Outcome::of(case, vec!["the player failed".to_owned()]);
                        cases.iter().map(fail).collect()
                    });
                    outcomes.lock().unwrap().extend(played);
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().unwrap();
    outcomes.sort_by(|one, other| (&one.version, &one.name).cmp(&(&other.version, &other.name)));
    outcomes
}

/// Cases that need not pass, each with its reason: `tests/vectors/not_served.toml`.
struct Excuses {
    /// Those that cannot pass.
    excused: toml::Table,
    /// Those that will.
    in_progress: toml::Table,
}

impl Excuses {
    fn read() -> Self {
        let text = fs::read_to_string(root().join("tests/vectors/not_served.toml")).unwrap();
        let table: toml::Table = text.parse().unwrap();
        let part = |name: &str| match table.get(name) {
            Some(toml::Value::Table(part)) => part.clone(),
            _ => toml::Table::new(),
        };
        Self {
            excused: part("excused"),
            in_progress: part("in_progress"),
        }
    }

    /// An excuse for a case that there is not would hide nothing and say something wrong.
    fn are_of(&self, cases: &[Case]) {
        for (name, reason) in self.excused.iter().chain(&self.in_progress) {
            assert!(
                cases.iter().any(|case| case.name == *name),
                "tests/vectors/not_served.toml excuses {name}, and there is no such case"
            );
            assert!(
                reason.as_str().is_some_and(|reason| !reason.is_empty()),
                "tests/vectors/not_served.toml gives no reason for {name}"
            );
        }
    }

    /// For the document.
    fn told(&self) -> String {
        let mut text = String::new();
        for (name, reason) in self.excused.iter().chain(&self.in_progress) {
            let _ = writeln!(text, "- {name}: {}", reason.as_str().unwrap_or_default());
        }
        text
    }

    fn judge(&self, outcomes: &[Outcome]) {
        let mut wrong = Vec::new();
        for outcome in outcomes {
            let is_excused = self.excused.contains_key(&outcome.name);
            // What is being built is missing in every version.
            let mut in_progress = self.in_progress.keys().map(|name| stem(name));
            let is_in_progress = in_progress.any(|name| name == stem(&outcome.name));
            match (outcome.has_passed(), is_excused, is_in_progress) {
                (true, true, _) => wrong.push(format!("{} passes, and is excused", outcome.name)),
                (true, _, true) => println!("{} passes: take it off the list", outcome.name),
                (false, false, false) => {
                    wrong.push(format!(
                        "{}: {}",
                        outcome.name,
                        outcome.failures.join("\n    ")
                    ));
                }
                _ => {}
            }
        }
        assert!(
            wrong.is_empty(),
            "{} cases:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
    }
}
