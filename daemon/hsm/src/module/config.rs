//! Which token of which module, and how to use it.

use std::{path::PathBuf, time::Duration};

use cryptoki::slot::TokenInfo;
use kmip::Secret;

/// Which token of which module, and how to use it.
#[derive(Clone)]
pub struct ModuleConfig {
    /// The module's shared object.
    pub path: PathBuf,
    /// The token.
    pub token: TokenName,
    /// The PIN of the token's user; empty for a token with a PIN pad of its own.
    pub pin: Secret,
    /// How many sessions are open at most.
    pub sessions_max: usize,
    /// How long a call waits for a session, and a restart of the module for the others to leave.
    pub wait: Duration,
    /// How many opened exportable keys are kept in memory at most.
    pub cache_keys_max: usize,
    /// How many wrapped keys are session objects at a time, in all sessions together.
    pub unwrapped_keys_max: usize,
    /// Whether locked keys that the token does not keep may be wrapped for another HSM.
    pub keys_may_move: bool,
    /// `CKM_` numbers that are not used although the module lists them.
    pub mechanisms_disabled: Vec<u64>,
}

impl ModuleConfig {
    /// A token with the usual bounds.
    pub fn new(path: impl Into<PathBuf>, token: TokenName, pin: Secret) -> Self {
        Self {
            path: path.into(),
            token,
            pin,
            sessions_max: 16,
            wait: Duration::from_secs(5),
            cache_keys_max: crate::soft::CACHE_KEYS_MAX,
            unwrapped_keys_max: UNWRAPPED_KEYS_MAX,
            keys_may_move: false,
            mechanisms_disabled: Vec::new(),
        }
    }
}

/// Wrapped keys in the sessions of a token when nothing else is said.
const UNWRAPPED_KEYS_MAX: usize = 1024;

/// What a configuration calls a token. Slots are renumbered; these stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenName {
    /// CKA_LABEL of the token, given when it was initialised.
    Label(String),
    /// Its serial number.
    Serial(String),
}

impl TokenName {
    /// Whether a token is the one meant.
    pub(super) fn names(&self, info: &TokenInfo) -> bool {
        match self {
            Self::Label(label) => info.label() == label,
            Self::Serial(serial) => info.serial_number() == serial,
        }
    }
}

impl std::fmt::Display for TokenName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Label(label) => write!(f, "the token \"{label}\""),
            Self::Serial(serial) => write!(f, "the token with serial {serial}"),
        }
    }
}
