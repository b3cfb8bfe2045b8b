//! Whether the members of a group have the same, and how what one of them lacks is made again.

use std::sync::Arc;

use kmip::{CryptographicUsageMask as Usage, Secret, mechanism::KeySpec};

use super::{
    Group,
    adoption::by_use,
    making::kept,
    member::{Member, is_gone},
    reference::Copies,
};
use crate::{Error, Hsm, KeyRef, Result, Sealed, Terms};

/// What a member has, beside the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The same as most.
    Same,
    /// Nothing, or what it cannot use.
    Lacking,
    /// Something else than others have.
    Other,
    /// It cannot be asked, and why.
    Away(String),
}

/// What came of asking a member.
enum Answer<T> {
    /// It has something, and said what, if it can.
    Has(Option<T>),
    Lacks,
    Away(String),
}

impl Group {
    /// What each member has of a key, which is of such a kind and may be used so.
    pub fn compare_key(
        &self,
        key: &KeyRef,
        how: (Option<KeySpec>, Usage),
        challenge: &[u8; 16],
    ) -> Result<Vec<Standing>> {
        let copies = self.copies(key)?;
        let ask = |member: &Arc<Member>, own: &[u8]| {
            let own = KeyRef(own.to_vec());
            let answer = member.call(|hsm| hsm.answer(&own, challenge))?;
            match answer {
                Some(answer) => Ok(Some(Secret::new(answer))),
                None => self.by_use_of(member, &own, how, challenge),
            }
        };
        self.compare(&copies, ask)
    }

    /// What a secret key that a token keeps as an object of its own makes of a challenge, by what it may be used for. Where it
    /// refuses to, nobody knows more than that it is there.
    fn by_use_of(
        &self,
        member: &Arc<Member>,
        key: &KeyRef,
        (spec, usage): (Option<KeySpec>, Usage),
        challenge: &[u8; 16],
    ) -> Result<Option<Secret>> {
        let Some(spec) = spec.filter(|spec| !spec.is_asymmetric()) else {
            return Ok(None);
        };
        let how = (spec, usage, self.capabilities());
        match member.call(|hsm| by_use(hsm, key, how, challenge)) {
            Err(error) if is_gone(&error) || error == Error::KeyNotFound => Err(error),
            other => Ok(other.unwrap_or_default()),
        }
    }

    /// What each member has of sealed data.
    pub fn compare_sealed(&self, sealed: &Sealed, label: &[u8]) -> Result<Vec<Standing>> {
        let copies = Copies::decode(&sealed.0).ok_or(Error::Corrupt)?;
        let ask = |member: &Arc<Member>, own: &[u8]| {
            let own = Sealed(own.to_vec());
            member.call(|hsm| hsm.open(&own, label)).map(Some)
        };
        self.compare(&copies, ask)
    }

    fn compare<T: PartialEq>(
        &self,
        copies: &Copies<'_>,
        ask: impl Fn(&Arc<Member>, &[u8]) -> Result<Option<T>>,
    ) -> Result<Vec<Standing>> {
        let mut answers = Vec::new();
        for member in &self.members {
            answers.push(match copies.of(&member.name) {
                None => Answer::Lacks,
                Some(own) => match ask(member, own) {
                    Ok(answer) => Answer::Has(answer),
                    Err(Error::KeyNotFound | Error::Corrupt) => Answer::Lacks,
                    Err(error) if is_gone(&error) => Answer::Away(error.to_string()),
                    // It has it, and what it has is broken.
                    Err(Error::Failed(_) | Error::BadKey(_)) => Answer::Lacks,
                    Err(other) => return Err(other),
                },
            });
        }
        Ok(standings(&answers))
    }

    /// Makes in members what they lack of a key, from one that has it: the reference that names all.
    pub fn mend_key(
        &self,
        key: &KeyRef,
        from: usize,
        to: &[usize],
        spec: KeySpec,
        terms: &Terms,
    ) -> Result<KeyRef> {
        let copies = self.copies(key)?;
        let terms = Terms {
            exportable: copies.exportable,
            ..kept(terms)
        };
        let mended = self.mend(&copies, from, to, |from, own, to| {
            let own = KeyRef(own.to_vec());
            let made = self.copy((from, &own), to, spec, &terms);
            made.map(|made| made.0)
        });
        mended.map(KeyRef)
    }

    /// Makes in members what they lack of sealed data, from one that has it.
    pub fn mend_sealed(
        &self,
        sealed: &Sealed,
        from: usize,
        to: &[usize],
        label: &[u8],
    ) -> Result<Sealed> {
        let copies = Copies::decode(&sealed.0).ok_or(Error::Corrupt)?;
        let mended = self.mend(&copies, from, to, |from, own, to| {
            let made = self.reseal((from, &Sealed(own.to_vec())), to, label);
            made.map(|made| made.0)
        });
        mended.map(Sealed)
    }

    fn mend(
        &self,
        copies: &Copies<'_>,
        from: usize,
        to: &[usize],
        copy: impl Fn(&Arc<Member>, &[u8], &Arc<Member>) -> Result<Vec<u8>>,
    ) -> Result<Vec<u8>> {
        let source = self.members.get(from).ok_or(Error::KeyNotFound)?;
        let own = copies.of(&source.name).ok_or(Error::KeyNotFound)?;
        let mut made = Vec::new();
        for (place, member) in self.members.iter().enumerate() {
            if to.contains(&place) {
                made.push((member.name.as_str(), copy(source, own, member)?));
            } else if let Some(own) = copies.of(&member.name) {
                made.push((member.name.as_str(), own.to_vec()));
            }
        }
        let all = made.iter().map(|(name, own)| (*name, own.as_slice()));
        let exportable = copies.exportable;
        let all = all.collect();
        Copies { exportable, all }.encode()
    }
}

/// What answers say of members: what most of them have is taken for right, and nothing where as many have something else.
fn standings<T: PartialEq>(answers: &[Answer<T>]) -> Vec<Standing> {
    let said: Vec<&T> = answers
        .iter()
        .filter_map(|own| match own {
            Answer::Has(said) => said.as_ref(),
            _ => None,
        })
        .collect();
    let votes = |of: &T| said.iter().filter(|own| **own == of).count();
    let most = said.iter().map(|own| votes(own)).max().unwrap_or_default();
    let mut winners = said.iter().filter(|own| votes(own) == most);
    let right = winners
        .next()
        .filter(|first| winners.all(|own| own == *first));
    let standing = |own: &Answer<T>| match own {
        Answer::Lacks => Standing::Lacking,
        Answer::Away(why) => Standing::Away(why.clone()),
        Answer::Has(None) => Standing::Same,
        Answer::Has(Some(said)) if right.is_some_and(|right| *right == said) => Standing::Same,
        Answer::Has(Some(_)) => Standing::Other,
    };
    answers.iter().map(standing).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(answers: &[&str]) -> Vec<Standing> {
        let answer = |own: &&str| match *own {
            "?" => Answer::Has(None),
            "-" => Answer::Lacks,
            "away" => Answer::Away(String::new()),
            said => Answer::Has(Some(said.to_owned())),
        };
        let answers: Vec<_> = answers.iter().map(answer).collect();
        standings(&answers)
    }

    #[test]
    fn what_most_have_is_right() {
        use Standing::{Lacking, Other, Same};
        assert_eq!(of(&["a", "a", "b"]), [Same, Same, Other]);
        assert_eq!(of(&["b", "a", "-", "a"]), [Other, Same, Lacking, Same]);
        assert_eq!(of(&["a", "-"]), [Same, Lacking]);
        assert_eq!(of(&["?", "a"]), [Same, Same]);
        assert_eq!(of(&["away", "a"]), [Standing::Away(String::new()), Same]);
    }

    #[test]
    fn where_as_many_have_something_else_nothing_is_right() {
        use Standing::{Lacking, Other, Same};
        assert_eq!(of(&["a", "b"]), [Other, Other]);
        assert_eq!(of(&["a", "b", "-"]), [Other, Other, Lacking]);
        assert_eq!(of(&["a", "a", "b", "b"]), [Other, Other, Other, Other]);
        assert_eq!(of(&["?", "?"]), [Same, Same]);
        assert_eq!(of(&["-", "-"]), [Lacking, Lacking]);
    }
}
