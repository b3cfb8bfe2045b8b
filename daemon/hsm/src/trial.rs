//! What an HSM claims against what it does: a trial for each thing that it could be asked for.

use std::fmt::{self, Display, Formatter};

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// What was tried, as capabilities are named: `sign ecdsa sha256`. Empty for a mechanism that is not made use of.
    pub what: String,
    /// The mechanism it was tried by, as PKCS #11 names it; or the library of the embedded HSM.
    pub by: String,
    /// What the module says of the mechanism.
    pub claim: Option<Claim>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What a module says of a mechanism (`CK_MECHANISM_INFO`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What it is for, `CKF_`.
    pub flags: u64,
    /// The shortest key, in whatever the mechanism counts keys.
    pub least: u64,
    /// The longest key.
    pub most: u64,
}

/// What came of a trial. Only what works, or what each new key shows anew, is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The answer was right.
    Works,
    /// There was an answer, and it was wrong.
    WrongAnswer,
    /// It is claimed, and refused: with what words.
    Fails(String),
    /// The module does not claim it.
    NotClaimed,
    /// The configuration switches it off.
    SwitchedOff,
    /// It takes long, so each new key is tested instead.
    EachKey,
    /// Nothing here makes use of it.
    Unused,
}

impl Claim {
    /// Its flags in words.
    #[must_use]
    pub fn uses(&self) -> Vec<&'static str> {
        let set = FLAGS.iter().filter(|(flag, _)| self.flags & flag != 0);
        set.map(|(_, name)| *name).collect()
    }
}

impl Outcome {
    /// Whether something was claimed that is not so.
    #[must_use]
    pub const fn is_broken_promise(&self) -> bool {
        matches!(self, Self::WrongAnswer | Self::Fails(_))
    }

    /// The outcome without its words.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::WrongAnswer => "wrong answer",
            Self::Fails(_) => "claimed and fails",
            Self::NotClaimed => "not claimed",
            Self::SwitchedOff => "switched off",
            Self::EachKey => "tested with each new key",
            Self::Unused => "not used",
        }
    }
}

impl Display for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Fails(words) => write!(f, " ({words})"),
            _ => Ok(()),
        }
    }
}

/// PKCS #11 v3.1 §3.5, the flags of `CK_MECHANISM_INFO`.
const FLAGS: &[(u64, &str)] = &[
    (0x1, "hardware"),
    (0x100, "encrypt"),
    (0x200, "decrypt"),
    (0x400, "digest"),
    (0x800, "sign"),
    (0x1000, "sign-recover"),
    (0x2000, "verify"),
    (0x4000, "verify-recover"),
    (0x8000, "generate"),
    (0x1_0000, "generate-pair"),
    (0x2_0000, "wrap"),
    (0x4_0000, "unwrap"),
    (0x8_0000, "derive"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_and_claims_are_said_in_words() {
        let claim = Claim {
            flags: 0x2801,
            least: 0,
            most: 0,
        };
        assert_eq!(claim.uses(), ["hardware", "sign", "verify"]);
        let fails = Outcome::Fails("C_SignInit: MechanismInvalid".into());
        assert_eq!(
            fails.to_string(),
            "claimed and fails (C_SignInit: MechanismInvalid)"
        );
        assert!(fails.is_broken_promise() && !Outcome::NotClaimed.is_broken_promise());
    }
}
