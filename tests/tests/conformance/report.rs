//! What came of the cases: a summary for people, and the tables of the document.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write,
    fs,
    path::PathBuf,
};

use super::{play::Outcome, tolerance::Tolerance, transpose::Transposition};

/// Versions, with how many cases passed of how many.
type Counts = BTreeMap<String, (usize, usize)>;

/// The summary: counts by version and kind, and each case that fails with why.
pub(crate) fn summary(outcomes: &[Outcome]) -> String {
    let mut text = String::new();
    let mut counts: BTreeMap<(String, String), (usize, usize)> = BTreeMap::new();
    for outcome in outcomes {
        let key = (outcome.version.clone(), outcome.kind.clone());
        let count = counts.entry(key).or_default();
        count.0 += usize::from(outcome.has_passed());
        count.1 += 1;
    }
    for ((version, kind), (passed, all)) in &counts {
        let _ = writeln!(text, "KMIP {version:<4} {kind:<10} {passed:>4} of {all:>4}");
    }
    let failed: Vec<_> = outcomes.iter().filter(|own| !own.has_passed()).collect();
    let _ = writeln!(
        text,
        "{} of {} pass",
        outcomes.len() - failed.len(),
        outcomes.len()
    );
    for outcome in failed {
        let _ = writeln!(text, "\n{}", outcome.name);
        for failure in &outcome.failures {
            let _ = writeln!(text, "  {failure}");
        }
    }
    text
}

/// Keeps the summary where a person finds it.
pub(crate) fn keep(summary: &str) -> PathBuf {
    let program = env::current_exe().unwrap();
    let path = program.ancestors().nth(3).unwrap().join("conformance.txt");
    fs::write(&path, summary).unwrap();
    path
}

/// By family, how many cases of some kinds passed in each version.
pub(crate) fn families(outcomes: &[Outcome], takes: impl Fn(&str) -> bool) -> String {
    let mut rows: BTreeMap<&str, Counts> = BTreeMap::new();
    let mut versions = BTreeSet::new();
    for outcome in outcomes {
        if !takes(&outcome.kind) {
            continue;
        }
        versions.insert(outcome.version.clone());
        let count = rows
            .entry(&outcome.family)
            .or_default()
            .entry(outcome.version.clone())
            .or_default();
        count.0 += usize::from(outcome.has_passed());
        count.1 += 1;
    }
    let heads: Vec<_> = versions.iter().map(String::as_str).collect();
    let mut text = format!(
        "| family | {} |\n|---|{}\n",
        heads.join(" | "),
        "---|".repeat(heads.len())
    );
    let mut total = Counts::new();
    for (family, counts) in &rows {
        let cells: Vec<_> = versions
            .iter()
            .map(|version| cell(counts.get(version)))
            .collect();
        let _ = writeln!(text, "| {family} | {} |", cells.join(" | "));
        for (version, (passed, all)) in counts {
            let sum = total.entry(version.clone()).or_default();
            sum.0 += passed;
            sum.1 += all;
        }
    }
    let cells: Vec<_> = versions
        .iter()
        .map(|version| cell(total.get(version)))
        .collect();
    let _ = writeln!(text, "| **all** | {} |", cells.join(" | "));
    text
}

fn cell(count: Option<&(usize, usize)>) -> String {
    count.map_or_else(String::new, |(passed, all)| format!("{passed}/{all}"))
}

/// By operation, how many requests were answered as the cases have it, in each version.
pub(crate) fn operations(outcomes: &[Outcome]) -> String {
    let mut rows: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    let mut versions = BTreeSet::new();
    for outcome in outcomes {
        versions.insert(outcome.version.as_str());
        for (operation, count) in &outcome.operations {
            *rows
                .entry(operation)
                .or_default()
                .entry(&outcome.version)
                .or_default() += count;
        }
    }
    let heads: Vec<_> = versions.iter().copied().collect();
    let mut text = format!(
        "| operation | {} |\n|---|{}\n",
        heads.join(" | "),
        "---:|".repeat(heads.len())
    );
    for (operation, counts) in rows {
        let cells: Vec<_> = versions
            .iter()
            .map(|version| {
                counts
                    .get(version)
                    .map_or_else(String::new, ToString::to_string)
            })
            .collect();
        let _ = writeln!(text, "| {operation} | {} |", cells.join(" | "));
    }
    text
}

/// Why cases cannot be told in other versions: by version and reason, how many.
pub(crate) fn untold(transposition: &Transposition) -> String {
    let mut versions = BTreeMap::<_, Vec<_>>::new();
    for ((version, reason), names) in &transposition.untold {
        let told = format!("{reason} ({})", names.len());
        versions.entry(version).or_default().push(told);
    }
    let mut text = String::new();
    for (version, reasons) in versions.into_iter().rev() {
        let _ = writeln!(text, "- {version}: {}", reasons.join("; "));
    }
    text
}

/// The permitted variations.
pub(crate) fn tolerances() -> String {
    let mut text = String::new();
    for (tolerance, words) in Tolerance::ALL {
        let _ = writeln!(text, "- `{tolerance:?}`: {words}");
    }
    text
}
