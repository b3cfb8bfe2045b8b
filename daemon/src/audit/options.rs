//! How a trail is kept.

use std::time::Duration;

use kmip::Secret;

/// How a trail is kept.
#[derive(Clone)]
pub struct Options {
    /// The size at which a stream goes on in a new file.
    pub file_bytes_max: u64,
    /// Whether every event is on the disk before `append` returns (`audit.sync = "always"`).
    pub always: bool,
    /// The key that signs the heads.
    pub key: Option<Secret>,
    /// Whether a damaged trail is gone on with, in a new file and with a record that says so.
    pub accept_damage: bool,
    /// How long a disk that does not answer keeps anybody waiting, who is told of an error then.
    pub wait_max: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            file_bytes_max: 64 << 20,
            always: false,
            key: None,
            accept_damage: false,
            wait_max: Duration::from_secs(5),
        }
    }
}
