//! Known answers (FIPS 140-3 IG 10.3.A): each algorithm of each library computes what it must, before it is used.
//!
//! The table is as [`super::engine`]'s: an algorithm that two libraries compute stands there twice.

mod pairs;
mod secrets;

use std::sync::LazyLock;

use crate::{Error, Outcome, Result, Trial};

/// An answer that is known.
#[derive(Clone, Copy)]
pub(crate) struct KnownAnswer {
    what: &'static str,
    by: &'static str,
    test: Test,
    /// The answer, or its beginning, in hexadecimal digits.
    answer: &'static str,
}

/// How an answer is come by.
#[derive(Clone, Copy)]
enum Test {
    /// It is computed, and comes out the same each time.
    Computes(fn() -> Result<Vec<u8>>),
    /// It is a signature, which is verified; another is made and verified too.
    Verifies(fn(&[u8]) -> Result<bool>),
}

/// Known answers, in parts.
pub(crate) type Table = &'static [&'static [KnownAnswer]];

/// Those of every algorithm.
pub(crate) const TABLE: Table = &[secrets::TABLE, pairs::TABLE];

/// Tries a table.
pub(crate) fn run(table: Table) -> Vec<Trial> {
    let rows = table.iter().flat_map(|part| part.iter());
    rows.map(KnownAnswer::trial).collect()
}

/// The trials of this process, which are done once, before the first use.
pub(crate) fn first() -> &'static [Trial] {
    static FIRST: LazyLock<Vec<Trial>> = LazyLock::new(|| run(TABLE));
    &FIRST
}

/// What is wrong in trials, if anything is.
pub(crate) fn passing(trials: &[Trial]) -> Result<()> {
    match trials.iter().find(|own| own.outcome.is_broken_promise()) {
        None => Ok(()),
        Some(own) => Err(Error::Broken(format!(
            "{} by {}: {}",
            own.what, own.by, own.outcome
        ))),
    }
}

impl KnownAnswer {
    fn trial(&self) -> Trial {
        let outcome = match self.is_right() {
            Ok(true) => Outcome::Works,
            Ok(false) => Outcome::WrongAnswer,
            Err(error) => Outcome::Fails(error.to_string()),
        };
        Trial {
            what: self.what.to_owned(),
            by: self.by.to_owned(),
            claim: None,
            outcome,
        }
    }

    fn is_right(&self) -> Result<bool> {
        let answer = digits(self.answer)?;
        match self.test {
            Test::Computes(compute) => {
                Ok(answer.len() >= ANSWER_BYTES_MIN && compute()?.starts_with(&answer))
            }
            Test::Verifies(verify) => verify(&answer),
        }
    }
}

/// Bytes from hexadecimal digits.
fn digits(text: &str) -> Result<Vec<u8>> {
    let pair = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(pair).collect();
    bytes.ok_or(Error::BadInput("no hexadecimal digits"))
}

/// Fewer bytes of an answer could be right by chance.
const ANSWER_BYTES_MIN: usize = 8;

const AWS_LC: &str = "AWS-LC";
const OPENSSL: &str = "OpenSSL";
const KEYHOLD: &str = "AWS-LC, by Keyhold";

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A table of which one answer is not so.
    pub(in crate::soft) const BROKEN: Table = &[&[KnownAnswer {
        answer: "00112233445566778899aabbccddeeff",
        ..secrets::TABLE[0]
    }]];

    #[test]
    fn every_answer_is_as_it_is_known() {
        assert_eq!(passing(first()), Ok(()));
        assert!(first().len() > 50);
    }

    #[test]
    fn an_answer_with_one_wrong_digit_is_noticed_whichever_it_is() {
        for row in TABLE.iter().flat_map(|part| part.iter()) {
            let last = if row.answer.ends_with('0') { '1' } else { '0' };
            let kept = &row.answer[..row.answer.len() - 1];
            let wrong = KnownAnswer {
                answer: Box::leak(format!("{kept}{last}").into_boxed_str()),
                ..*row
            };
            let outcome = wrong.trial().outcome;
            assert!(outcome.is_broken_promise(), "{} {outcome}", row.what);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let failed = passing(&run(BROKEN));
        assert!(
            matches!(&failed, Err(Error::Broken(why)) if why.contains(secrets::TABLE[0].what)),
            "{failed:?}"
        );
    }
}
