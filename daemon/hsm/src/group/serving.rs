//! Which member of a group answers a call, and which one else.

use std::sync::{Arc, atomic::Ordering};

use super::{
    Group,
    member::{Member, is_gone},
    reference::Copies,
};
use crate::{Error, Hsm, KeyRef, Result};

impl Group {
    /// The members, the least busy first.
    pub(super) fn in_turn(&self) -> Vec<&Arc<Member>> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let count = self.members.len().max(1);
        let mut all: Vec<_> = (0..count)
            .filter_map(|place| self.members.get((turn.wrapping_add(place)) % count))
            .collect();
        // Those that are as busy stay in their order.
        all.sort_by_key(|own| own.in_flight());
        all
    }

    /// A call that any member answers alike: of those that have what it is about the least busy one does, and another if
    /// that is gone or has lost it.
    pub(super) fn with_any<T>(
        &self,
        copies: &Copies<'_>,
        work: impl Fn(&Arc<Member>, &dyn Hsm, &[u8]) -> Result<T>,
    ) -> Result<T> {
        self.first_good(copies, |_| false, work)
    }

    /// The same with a key.
    pub(super) fn with_key<T>(
        &self,
        copies: &Copies<'_>,
        work: impl Fn(&dyn Hsm, &KeyRef) -> Result<T>,
    ) -> Result<T> {
        self.with_any(copies, |_, hsm, own| work(hsm, &KeyRef(own.to_vec())))
    }

    /// The same, where what fails is no fault of what was asked: another member may do it rightly.
    pub(super) fn by_any<T>(
        &self,
        copies: &Copies<'_>,
        work: impl Fn(&dyn Hsm, &KeyRef) -> Result<T>,
    ) -> Result<T> {
        let is_own_fault = |error: &Error| matches!(error, Error::Failed(_));
        self.first_good(copies, is_own_fault, |_, hsm, own| {
            work(hsm, &KeyRef(own.to_vec()))
        })
    }

    fn first_good<T>(
        &self,
        copies: &Copies<'_>,
        is_own_fault: impl Fn(&Error) -> bool,
        work: impl Fn(&Arc<Member>, &dyn Hsm, &[u8]) -> Result<T>,
    ) -> Result<T> {
        let (mut lacking, mut lacked, mut gone) = (Vec::new(), Error::KeyNotFound, None);
        let mut failed = None;
        for member in self.in_turn() {
            let Some(own) = copies.of(&member.name) else {
                lacking.push(member);
                continue;
            };
            match member.call(|hsm| work(member, hsm, own)) {
                Err(error) if is_gone(&error) => gone = Some(error),
                Err(error @ (Error::KeyNotFound | Error::Corrupt)) => {
                    lacking.push(member);
                    lacked = error;
                }
                Err(error) if is_own_fault(&error) => failed = Some(error),
                outcome => {
                    if outcome.is_ok() {
                        lacking.iter().for_each(|own| own.note_lack());
                    }
                    return outcome;
                }
            }
        }
        // Who does not answer may be the one that has it.
        Err(failed.or(gone).unwrap_or(lacked))
    }

    /// The same with nothing in particular.
    pub(super) fn with_none<T>(&self, work: impl Fn(&dyn Hsm) -> Result<T>) -> Result<T> {
        let mut gone = None;
        for member in self.in_turn() {
            match member.call(&work) {
                Err(error) if is_gone(&error) => gone = Some(error),
                outcome => return outcome,
            }
        }
        Err(gone.unwrap_or(Error::Unsupported))
    }

    /// Something that is done in every member, or is still to be done.
    pub(super) fn each(&self, work: impl Fn(&dyn Hsm) -> Result<()>) -> Result<()> {
        let mut failed = Ok(());
        for member in &self.members {
            let outcome = member.call(&work);
            failed = failed.and(outcome);
        }
        failed
    }

    /// The least busy of those that are in.
    pub(super) fn least_busy(&self) -> Result<&Arc<Member>> {
        let all = self.in_turn();
        let found = all.iter().find(|own| own.is_in()).copied();
        found.ok_or_else(|| {
            let first = all.first().map(|own| own.unavailable());
            first.unwrap_or(Error::Unsupported)
        })
    }
}
