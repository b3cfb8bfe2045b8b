//! What a module claims, and what came of each trial.

use cryptoki::slot::Slot;
use cryptoki_sys as ck;

use super::names::name;
use crate::{
    Claim, Outcome, Trial,
    module::{
        error::{Cure, Fault, Result},
        raw::Raw,
    },
};

/// The mechanisms of a slot and the trials so far.
pub(super) struct Notes {
    claims: Vec<(ck::CK_MECHANISM_TYPE, Option<Claim>)>,
    disabled: Vec<ck::CK_MECHANISM_TYPE>,
    trials: Vec<Trial>,
}

impl Notes {
    /// Asks a slot for all that it claims.
    pub(super) fn new(raw: &Raw, slot: Slot, disabled: &[ck::CK_MECHANISM_TYPE]) -> Result<Self> {
        let mut claims = Vec::new();
        for number in raw.mechanisms(slot)? {
            let claim = match raw.mechanism_info(slot, number).map_err(Fault::from) {
                Ok(info) => Some(Claim {
                    flags: info.flags,
                    least: info.ulMinKeySize,
                    most: info.ulMaxKeySize,
                }),
                Err(fault) if fault.cure == Cure::Reconnect => return Err(fault),
                // Listed and not described: it is tried all the same.
                Err(_) => None,
            };
            claims.push((number, claim));
        }
        Ok(Self {
            claims,
            disabled: disabled.to_vec(),
            trials: Vec::new(),
        })
    }

    /// Whether a mechanism is listed, and not switched off.
    pub(super) fn has(&self, number: ck::CK_MECHANISM_TYPE) -> bool {
        self.refusal(number).is_none()
    }

    /// Why a mechanism is not even tried.
    pub(super) fn refusal(&self, number: ck::CK_MECHANISM_TYPE) -> Option<Outcome> {
        if !self.claims.iter().any(|(own, _)| *own == number) {
            Some(Outcome::NotClaimed)
        } else if self.disabled.contains(&number) {
            Some(Outcome::SwitchedOff)
        } else {
            None
        }
    }

    /// What is claimed of a mechanism.
    pub(super) fn claim(&self, number: ck::CK_MECHANISM_TYPE) -> Option<Claim> {
        let own = self.claims.iter().find(|(own, _)| *own == number)?;
        own.1
    }

    /// Notes a trial by a mechanism.
    pub(super) fn add(&mut self, what: String, number: ck::CK_MECHANISM_TYPE, outcome: Outcome) {
        let claim = self.claim(number);
        self.trials.push(Trial {
            what,
            by: name(number),
            claim,
            outcome,
        });
    }

    /// Notes a trial by a function alone.
    pub(super) fn add_call(&mut self, what: String, function: &str, outcome: Outcome) {
        let trial = Trial {
            what,
            by: function.to_owned(),
            claim: None,
            outcome,
        };
        if !self.trials.contains(&trial) {
            self.trials.push(trial);
        }
    }

    /// Every trial, and what is listed besides.
    pub(super) fn whole(mut self) -> Vec<Trial> {
        for (number, claim) in std::mem::take(&mut self.claims) {
            let by = name(number);
            if !self.trials.iter().any(|trial| trial.by == by) {
                let is_off = self.disabled.contains(&number);
                self.trials.push(Trial {
                    what: String::new(),
                    by,
                    claim,
                    outcome: if is_off {
                        Outcome::SwitchedOff
                    } else {
                        Outcome::Unused
                    },
                });
            }
        }
        self.trials
    }
}
