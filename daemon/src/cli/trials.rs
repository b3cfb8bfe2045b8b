//! What `keyhold check` says of an HSM's trials: what is claimed against what is done.

use std::collections::BTreeMap;

use hsm::{Outcome, Trial};
use serde::Serialize;

/// A trial as machines read it.
#[derive(Serialize)]
pub(super) struct Row {
    mechanism: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    claims: Option<Claims>,
    what: String,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// What a module says of a mechanism.
#[derive(Serialize)]
struct Claims {
    uses: Vec<&'static str>,
    least: u64,
    most: u64,
}

impl Row {
    pub(super) fn new(trial: &Trial) -> Self {
        Self {
            mechanism: trial.by.clone(),
            claims: trial.claim.map(|claim| Claims {
                uses: claim.uses(),
                least: claim.least,
                most: claim.most,
            }),
            what: trial.what.clone(),
            outcome: trial.outcome.name(),
            why: match &trial.outcome {
                Outcome::Fails(why) => Some(why.clone()),
                _ => None,
            },
        }
    }

    fn claimed(&self) -> String {
        let Some(claims) = &self.claims else {
            return String::new();
        };
        let uses = claims.uses.join(", ");
        match (claims.least, claims.most) {
            (0, 0) => uses,
            (least, most) => format!("{uses}; keys {least} to {most}"),
        }
    }

    fn outcome(&self) -> String {
        match &self.why {
            Some(why) => format!("{} ({why})", self.outcome),
            None => self.outcome.to_owned(),
        }
    }
}

/// The headings of [`lines`].
pub(super) const HEADINGS: [&str; 4] = ["MECHANISM", "CLAIMS", "DOES", "WITH"];

/// Trials for people: those of one mechanism with one outcome are one line.
pub(super) fn lines(rows: &[Row]) -> Vec<[String; 4]> {
    let mut order = Vec::new();
    let mut lines: BTreeMap<(String, String), (String, Vec<&str>)> = BTreeMap::new();
    for row in rows {
        let key = (row.mechanism.clone(), row.outcome());
        if !lines.contains_key(&key) {
            order.push(key.clone());
        }
        let (_, what) = lines
            .entry(key)
            .or_insert_with(|| (row.claimed(), Vec::new()));
        if !row.what.is_empty() && !what.contains(&row.what.as_str()) {
            what.push(&row.what);
        }
    }
    let line = |key: (String, String)| {
        let (claimed, what) = lines.get(&key)?;
        let (mechanism, outcome) = key;
        Some([mechanism, claimed.clone(), outcome, what.join("; ")])
    };
    order.into_iter().filter_map(line).collect()
}
