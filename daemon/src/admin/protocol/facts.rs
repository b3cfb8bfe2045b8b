//! What is answered at the admin socket.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::{Class, Custody, InitToken, Profile, SecretText};
use crate::{admin::manifest::Manifest, audit::Head, authority::Purpose};

/// A vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VaultFacts {
    /// Its name.
    pub name: String,
    /// Its HSM.
    pub backend: String,
    /// Where its new locked keys are kept.
    pub custody: Custody,
    /// Its keys' class where a request does not say.
    pub class: Class,
    /// What it serves.
    pub profile: Profile,
    /// When it was made.
    pub created: String,
    /// Whether it has a user PIN.
    pub has_user_pin: bool,
    /// Whether it has a security officer's PIN.
    pub has_so_pin: bool,
    /// Its PKCS#11 token's label.
    pub token_label: String,
    /// Whether a security officer may initialize it anew.
    pub init_token: InitToken,
    /// How many clients are enrolled and not revoked.
    pub clients: usize,
    /// How many objects it has; told by `vault.show` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objects: Option<u64>,
}

/// A move of a vault into another HSM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveFacts {
    /// The vault.
    pub name: String,
    /// The HSM it goes to.
    pub to: String,
    /// How many objects were moved since it was begun, or gone on with.
    pub moved: u64,
    /// How many are left.
    pub left: u64,
    /// How many of them are keys that leave as they are; told by `vault.move.check` alone, as what follows.
    pub exported: u64,
    /// How many are locked keys, which leave wrapped.
    pub wrapped: u64,
    /// How many are data.
    pub sealed: u64,
    /// How many are locked keys of the HSM itself that become objects of it.
    pub housed: u64,
    /// How many cannot be moved.
    pub obstacles_count: u64,
    /// The first of them.
    pub obstacles: Vec<MoveObstacle>,
    /// How many are moved, and do less there.
    pub losses_count: u64,
    /// The first of them.
    pub losses: Vec<MoveObstacle>,
}

/// An object that cannot be moved, or not with all that it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveObstacle {
    /// Its identifier.
    pub object: String,
    /// Its first name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Why.
    pub why: String,
}

/// A client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientFacts {
    /// Its name.
    pub name: String,
    /// The vault it works in.
    pub vault: String,
    /// Its role there.
    pub role: String,
    /// SHA-256 of its public key, its identity.
    pub key_sha256: String,
    /// The serial number of its certificate.
    pub serial: String,
    /// When it was enrolled.
    pub issued: String,
    /// When its certificate ends.
    pub expires: String,
    /// When it was revoked, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked: Option<String>,
}

/// A client with its new certificate.
#[derive(Serialize, Deserialize)]
pub struct ClientIssued {
    /// The client.
    pub client: ClientFacts,
    /// Its certificate in PEM.
    pub certificate: String,
    /// Its private key in PEM; kept nowhere else.
    pub key: SecretText,
    /// The authority's certificate in PEM.
    pub authority: String,
}

/// A user of a vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserFacts {
    /// Its name.
    pub name: String,
    /// Its vault.
    pub vault: String,
    /// Its role there.
    pub role: String,
    /// Its Unique Identifier.
    pub id: String,
    /// When it was made.
    pub created: String,
    /// The kinds of its credentials.
    pub credentials: Vec<String>,
}

/// A key or another object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFacts {
    /// Its identifier.
    pub id: String,
    /// Its names.
    pub names: Vec<String>,
    /// What it is.
    pub object_type: String,
    /// Its algorithm and length.
    pub algorithm: String,
    /// Its state.
    pub state: String,
    /// Its class, of a secret or private key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// What it is for.
    pub usage: Vec<String>,
    /// When it was made.
    pub created: String,
}

/// A transport key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransportFacts {
    /// Its private half, which unwraps.
    pub key: KeyFacts,
    /// The hash functions of RSAES-OAEP with which it unwraps, the best first.
    pub hashes: Vec<String>,
    /// Its public half in PEM.
    pub public: String,
}

/// A key of an HSM that Keyhold did not make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignFacts {
    /// Its CKA_ID, in hexadecimal digits.
    pub id: String,
    /// Its label.
    pub label: String,
    /// What kind of key it is; empty where none is served.
    pub kind: String,
    /// What it may be used for.
    pub usage: Vec<String>,
    /// Whether it can be neither read nor taken out now.
    pub is_locked: bool,
    /// Whether it has never been readable.
    pub was_always_sensitive: bool,
    /// Whether it could never be taken out.
    pub was_never_extractable: bool,
    /// What stands in the way of its adoption.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// Some of a vault's objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPage {
    /// How many there are in all.
    pub total: u64,
    /// Those asked for.
    pub keys: Vec<KeyFacts>,
}

/// A key with all its attributes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyDetails {
    /// What is most asked for.
    pub key: KeyFacts,
    /// Each attribute's name and value.
    pub attributes: Vec<(String, String)>,
}

/// A configuration that was read anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReloadFacts {
    /// The tables of the configuration that were changed and count from the next start on only.
    pub later: Vec<String>,
}

/// How the appliance is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusFacts {
    /// The program's version.
    pub version: String,
    /// The process.
    pub pid: u32,
    /// For how long it runs.
    pub uptime_seconds: u64,
    /// How many vaults there are.
    pub vaults: usize,
    /// How many clients are enrolled and not revoked.
    pub clients: usize,
    /// How many objects there are, destroyed ones included.
    pub objects: u64,
    /// What the appliance needs, and whether it works.
    pub parts: Vec<PartFacts>,
    /// The clients that listen, or are to.
    pub listeners: Vec<ListenerFacts>,
    /// The last record of each audit stream that is on the disk.
    pub audit_heads: BTreeMap<String, Head>,
}

/// Something that the appliance needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartFacts {
    /// `store`, `audit`, or `hsm NAME`.
    pub part: String,
    /// What is wrong with it; nothing when it works.
    pub problem: Option<String>,
    /// Of an HSM: in which memory its process keeps secrets: `memfd_secret`, `locked`, `unlocked` or `ordinary`.
    pub memory: Option<String>,
}

/// A backup that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupFacts {
    /// Where.
    pub directory: PathBuf,
    /// What.
    pub manifest: Manifest,
}

/// A vault's certificate authority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaFacts {
    /// The vault.
    pub vault: String,
    /// Its name.
    pub subject: String,
    /// The kind of its key, which is locked in the vault's HSM.
    pub key: String,
    /// Its serial number in hexadecimal.
    pub serial: String,
    /// From when its certificate is good.
    pub begins: String,
    /// Until when.
    pub ends: String,
    /// For how many days certificates are good that it issues.
    pub issue_days: u32,
    /// What they may be for.
    pub purposes: Vec<Purpose>,
    /// Its certificate in PEM.
    pub certificate: String,
}

/// A client that listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerFacts {
    /// Its name.
    pub client: String,
    /// Its vault.
    pub vault: String,
    /// Whether it is connected now.
    pub is_connected: bool,
    /// The version that is spoken with it.
    pub version: String,
    /// How many messages wait for it.
    pub waiting: usize,
}

/// What became of an object that was given to a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutFacts {
    /// Its identifier.
    pub id: String,
    /// The client.
    pub client: String,
    /// How many of the client's connections have taken it.
    pub taken: usize,
    /// For how many it waits, because the client does not answer or is not connected.
    pub waiting: usize,
}
