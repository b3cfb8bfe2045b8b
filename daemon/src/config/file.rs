//! The configuration file's shape: version 1, every key known, every value with its place in the text.

use serde::Deserialize;
use toml::Spanned;

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) version: Spanned<u32>,
    #[serde(default)]
    pub(super) server: Server,
    pub(super) tls: Option<Tls>,
    pub(super) authority: Option<Authority>,
    #[serde(default)]
    pub(super) audit: Audit,
    #[serde(default)]
    pub(super) store: Store,
    #[serde(default)]
    pub(super) admin: Admin,
    #[serde(default)]
    pub(super) policy: Policy,
    #[serde(default)]
    pub(super) backend: Vec<Backend>,
    #[serde(default)]
    pub(super) local: Vec<Local>,
    #[serde(default)]
    pub(super) admission: Vec<Admission>,
    #[serde(default)]
    pub(super) notify: Vec<Notify>,
}

/// Where the daemon listens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Server {
    pub(super) kmip: Vec<Spanned<String>>,
    pub(super) socket: String,
    pub(super) metrics: Option<Spanned<String>>,
    pub(super) experimental: bool,
    pub(super) limits: Limits,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            kmip: vec![Spanned::new(0..0, "0.0.0.0:5696".to_owned())],
            socket: super::DEFAULT_SOCKET.to_owned(),
            metrics: None,
            experimental: false,
            limits: Limits::default(),
        }
    }
}

/// What one client, and all together, may take.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Limits {
    pub(super) frame_bytes_max: Spanned<u64>,
    pub(super) connections_max: Spanned<u64>,
    pub(super) workers_max: Spanned<u64>,
    pub(super) handshake_seconds_max: Spanned<u64>,
    pub(super) idle_seconds_max: Spanned<u64>,
    pub(super) stall_seconds_max: Spanned<u64>,
    pub(super) batch_items_max: Spanned<u64>,
    pub(super) nesting_max: Spanned<u64>,
    pub(super) locate_items_max: Spanned<u64>,
    pub(super) pending_max: Spanned<u64>,
    pub(super) pending_per_client_max: Spanned<u64>,
    pub(super) pending_bytes_max: Spanned<u64>,
    pub(super) pending_seconds_max: Spanned<u64>,
    pub(super) pending_patience_milliseconds_max: Spanned<u64>,
    pub(super) pending_workers_max: Spanned<u64>,
    pub(super) streams_max: Spanned<u64>,
    pub(super) streams_per_client_max: Spanned<u64>,
    pub(super) stream_held_bytes_max: Spanned<u64>,
    pub(super) streams_per_client_held_bytes_max: Spanned<u64>,
    pub(super) streams_held_bytes_max: Spanned<u64>,
    pub(super) stream_seconds_max: Spanned<u64>,
    pub(super) tickets_max: Spanned<u64>,
    pub(super) tickets_per_vault_max: Spanned<u64>,
    pub(super) ticket_seconds_max: Spanned<u64>,
    pub(super) applications_max: Spanned<u64>,
    pub(super) applications_per_client_max: Spanned<u64>,
    pub(super) application_rest_seconds_max: Spanned<u64>,
    pub(super) notices_max: Spanned<u64>,
    pub(super) notices_bytes_max: Spanned<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        let of = |value| Spanned::new(0..0, value);
        Self {
            frame_bytes_max: of(1024 * 1024),
            connections_max: of(10_000),
            workers_max: of(128),
            handshake_seconds_max: of(5),
            idle_seconds_max: of(3600),
            stall_seconds_max: of(10),
            batch_items_max: of(1_000),
            nesting_max: of(32),
            locate_items_max: of(10_000),
            pending_max: of(1_000),
            pending_per_client_max: of(100),
            pending_bytes_max: of(64 * 1024 * 1024),
            pending_seconds_max: of(3600),
            pending_patience_milliseconds_max: of(2_000),
            pending_workers_max: of(4),
            streams_max: of(1_000),
            streams_per_client_max: of(100),
            stream_held_bytes_max: of(16 * 1024 * 1024),
            streams_per_client_held_bytes_max: of(64 * 1024 * 1024),
            streams_held_bytes_max: of(128 * 1024 * 1024),
            stream_seconds_max: of(600),
            tickets_max: of(65_536),
            tickets_per_vault_max: of(4_096),
            ticket_seconds_max: of(86_400),
            applications_max: of(512),
            applications_per_client_max: of(64),
            application_rest_seconds_max: of(600),
            notices_max: of(1_000),
            notices_bytes_max: of(16 * 1024 * 1024),
        }
    }
}

/// Who the daemon is on the network, and whom it knows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tls {
    pub(super) certificate: Spanned<String>,
    pub(super) key: Spanned<String>,
    pub(super) rsa_certificate: Option<Spanned<String>>,
    pub(super) rsa_key: Option<Spanned<String>>,
    pub(super) client_authorities: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) revocation_lists: Vec<Spanned<String>>,
}

/// The appliance's own certificate authority.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Authority {
    pub(super) directory: String,
}

/// Where events are kept.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Audit {
    pub(super) directory: String,
    pub(super) sync: Sync,
    pub(super) key_file: Option<String>,
    pub(super) accept_damage: bool,
}

impl Default for Audit {
    fn default() -> Self {
        Self {
            directory: "/var/lib/keyhold/audit".to_owned(),
            sync: Sync::Grouped,
            key_file: None,
            accept_damage: false,
        }
    }
}

/// When the event of a key's use is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sync {
    /// Within 100 ms of the reply.
    Grouped,
    /// Before the reply.
    Always,
}

/// Where records are kept.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Store {
    pub(super) path: String,
    pub(super) cached_records_max: Spanned<u64>,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            path: "/var/lib/keyhold/keyhold.db".to_owned(),
            cached_records_max: Spanned::new(0..0, 100_000),
        }
    }
}

/// Who may administer the appliance through the local socket.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Admin {
    pub(super) uids: Vec<Spanned<Uid>>,
}

impl Default for Admin {
    fn default() -> Self {
        Self {
            uids: vec![Spanned::new(0..0, Uid::Number(0))],
        }
    }
}

/// A user: a number, `any`, or `self`, which is the one the daemon runs as.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Uid {
    Number(u32),
    Word(String),
}

/// Where the roles are written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Policy {
    pub(super) file: Option<String>,
}

/// One HSM. Which keys stand here depends on its kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Backend {
    pub(super) name: Spanned<String>,
    pub(super) kind: Spanned<Kind>,
    pub(super) master: Option<Spanned<String>>,
    pub(super) passphrase_file: Option<Spanned<String>>,
    pub(super) passphrase_credential: Option<Spanned<String>>,
    pub(super) credential: Option<Spanned<String>>,
    pub(super) path: Option<Spanned<String>>,
    pub(super) token: Option<Spanned<String>>,
    pub(super) serial: Option<Spanned<String>>,
    pub(super) pin_file: Option<Spanned<String>>,
    pub(super) pin_credential: Option<Spanned<String>>,
    pub(super) sessions_max: Option<Spanned<u64>>,
    pub(super) mechanisms_disabled: Option<Spanned<Vec<u64>>>,
    pub(super) cache_keys_max: Option<Spanned<u64>>,
    pub(super) unwrapped_keys_max: Option<Spanned<u64>>,
    pub(super) keys_may_move: Option<Spanned<bool>>,
    pub(super) verify_signatures: Option<Spanned<bool>>,
    pub(super) isolated: Option<Spanned<bool>>,
    pub(super) wait_seconds: Option<Spanned<u64>>,
    pub(super) network: Option<Spanned<bool>>,
    pub(super) writable: Option<Spanned<Vec<String>>>,
    pub(super) members: Option<Spanned<Vec<Spanned<String>>>>,
}

/// What an HSM is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Embedded,
    Module,
    Group,
}

/// A user of the local socket.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Local {
    pub(super) uid: Spanned<Uid>,
    pub(super) vault: String,
    pub(super) role: Spanned<String>,
    #[serde(default = "required")]
    pub(super) pin: Pin,
}

const fn required() -> Pin {
    Pin::Required
}

/// Whether the vault's PIN is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Pin {
    Required,
    None,
}

/// Certificates that count without being enrolled.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Admission {
    pub(super) issuer: String,
    pub(super) alternative_name: Spanned<String>,
    pub(super) vault: String,
    pub(super) role: Spanned<String>,
}

/// A client that listens, which the daemon connects to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Notify {
    pub(super) client: Spanned<String>,
    pub(super) vault: String,
    pub(super) address: Spanned<String>,
    pub(super) server_name: Option<Spanned<String>>,
    pub(super) authorities: Vec<String>,
    pub(super) certificate: Option<Spanned<String>>,
    pub(super) key: Option<Spanned<String>>,
    pub(super) version: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) new_objects: bool,
}
