//! The lines of the admin socket: the one that asks, and the one that answers.

use serde::{Deserialize, Serialize};

/// The longest line that is asked.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// The line that asks: `{"command":"vault.list","arguments":{}}`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call<C> {
    /// The command's name.
    pub command: String,
    /// The command.
    pub arguments: C,
}

/// The line that answers: `{"done":…}` or `{"refused":{"fault":…,"message":…}}`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer<R> {
    /// It is done.
    Done(R),
    /// It is not.
    Refused(Refused),
}

/// Why a command was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The fault's name, as in the trail.
    pub fault: String,
    /// What happened, for people.
    pub message: String,
}
