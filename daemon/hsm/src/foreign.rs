//! Keys that others made in an HSM, and that Keyhold may adopt.

use kmip::{CryptographicUsageMask, mechanism::KeySpec};

use crate::KeyRef;

/// A key of an HSM that Keyhold did not make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// Its CKA_ID.
    pub id: Vec<u8>,
    /// Its CKA_LABEL.
    pub label: String,
    /// What kind of key it is, if it is of one that is served.
    pub spec: Option<KeySpec>,
    /// Whether it is a generic secret, for HMAC with any hash function, and its kind the one that its length suggests.
    pub is_generic: bool,
    /// What it may be used for.
    pub usage: CryptographicUsageMask,
    /// Whether it can be neither read nor taken out of the HSM now.
    pub is_locked: bool,
    /// Whether it has never been readable (CKA_ALWAYS_SENSITIVE).
    pub was_always_sensitive: bool,
    /// Whether it could never be taken out (CKA_NEVER_EXTRACTABLE).
    pub was_never_extractable: bool,
    /// Its public half, DER SubjectPublicKeyInfo.
    pub public: Option<Vec<u8>>,
    /// What it will be known by; nothing where something stands in the way.
    pub key: Option<KeyRef>,
    /// What stands in the way of its adoption.
    pub trouble: Option<String>,
}
