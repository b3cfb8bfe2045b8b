//! What came of a suite's tests, held against the list of what may not pass.

use std::{collections::BTreeMap, fmt::Write};

/// What came of one test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It passed.
    Passed,
    /// It was left out by the suite, which says why.
    Skipped(String),
    /// It failed, with what it said.
    Failed(String),
}

/// A test that may not pass, and why.
pub(crate) struct Exception {
    /// The test's name in its suite; with a star at its end, of all whose names begin so.
    test: &'static str,
    /// Whether the suite leaves it out; else it fails.
    skipped: bool,
    /// Why this is right.
    reason: &'static str,
}

impl Exception {
    /// A test that the suite leaves out.
    pub(crate) const fn skipped(test: &'static str, reason: &'static str) -> Self {
        Self {
            test,
            skipped: true,
            reason,
        }
    }

    /// A test that fails.
    pub(crate) const fn failing(test: &'static str, reason: &'static str) -> Self {
        Self {
            test,
            skipped: false,
            reason,
        }
    }

    fn is_of(&self, test: &str) -> bool {
        match self.test.strip_suffix('*') {
            Some(beginning) => test.starts_with(beginning),
            None => test == self.test,
        }
    }
}

/// The outcomes of a suite's tests by their names.
#[derive(Default)]
pub(crate) struct Tally(BTreeMap<String, Outcome>);

impl Tally {
    /// Notes what came of a test.
    pub(crate) fn note(&mut self, test: impl Into<String>, outcome: Outcome) {
        let earlier = self.0.insert(test.into(), outcome);
        assert!(earlier.is_none(), "a test ran twice: {earlier:?}");
    }

    fn count(&self, wanted: fn(&Outcome) -> bool) -> usize {
        self.0.values().filter(|outcome| wanted(outcome)).count()
    }

    /// Fails unless exactly the exceptions did not pass, and so many did.
    pub(crate) fn check(&self, suite: &str, passed: usize, exceptions: &[Exception]) {
        let mut wrong = String::new();
        for (test, outcome) in &self.0 {
            let excused = exceptions.iter().find(|exception| exception.is_of(test));
            let (what, said) = match (outcome, excused) {
                (Outcome::Passed, None) => continue,
                (Outcome::Passed, Some(_)) => ("passes and is excused; forget it there", ""),
                (Outcome::Skipped(_), Some(exception)) if exception.skipped => continue,
                (Outcome::Failed(_), Some(exception)) if !exception.skipped => continue,
                (Outcome::Skipped(why), _) => ("was left out", why.as_str()),
                (Outcome::Failed(said), _) => ("failed", said.as_str()),
            };
            writeln!(wrong, "{test} {what}: {said}").unwrap();
        }
        for exception in exceptions {
            assert!(!exception.reason.is_empty());
            if !self.0.keys().any(|test| exception.is_of(test)) {
                writeln!(
                    wrong,
                    "{} is excused and there is no such test",
                    exception.test
                )
                .unwrap();
            }
        }
        let counts = [
            self.count(|outcome| *outcome == Outcome::Passed),
            self.count(|outcome| matches!(outcome, Outcome::Failed(_))),
            self.count(|outcome| matches!(outcome, Outcome::Skipped(_))),
        ];
        let [own, failed, skipped] = counts;
        let line = format!("{suite}: {own} passed, {failed} failed, {skipped} left out");
        println!("{line}");
        assert!(wrong.is_empty(), "{line}\n{wrong}");
        assert_eq!(own, passed, "{line}");
    }
}
