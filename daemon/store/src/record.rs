//! Records: what the store knows of an object, a vault and a client.

use std::fmt;

use kmip::{
    ObjectType, State, StorageStatusMask,
    attribute::{Attributes, VendorAttribute},
    mechanism::KeySpec,
    ttlv::Timestamp,
};

use crate::facets;

/// An object's Unique Identifier: a UUID in text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId(pub String);

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An object: its attributes and where its value is.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The identifier, unique in the store.
    pub id: ObjectId,
    /// The vault it belongs to, for ever.
    pub vault: String,
    /// The principal that made it.
    pub owner: String,
    /// What it is.
    pub object_type: ObjectType,
    /// What kind of key it is, if it is a key.
    pub spec: Option<KeySpec>,
    /// Its attributes. State holds as of the last change; [`Record::state_at`] tells it for a time.
    pub attributes: Attributes,
    /// Where its value is.
    pub custody: Custody,
    /// Counts the changes: 0 of a record never stored, 1 once inserted, one more with each update.
    pub revision: u64,
}

impl Record {
    /// Whether it says who may ask: an account, or a certificate that is a credential.
    #[must_use]
    pub const fn is_account(&self) -> bool {
        is_account(self.object_type) || self.attributes.credential_type.is_some()
    }

    /// The state at a time: dates act by themselves (KMIP 2.1 §4.57, transitions 4 and 6).
    #[must_use]
    pub fn state_at(&self, now: Timestamp) -> Option<State> {
        let attributes = &self.attributes;
        facets::state_at(
            attributes.state,
            attributes.activation_date,
            attributes.deactivation_date,
            now,
        )
    }

    /// Whether the value is gone; such an object keeps its attributes and frees its names.
    #[must_use]
    pub fn is_destroyed(&self) -> bool {
        matches!(self.custody, Custody::Gone | Custody::Doomed { .. })
    }

    /// When the server is to rotate the object by itself: one interval after the last time, while it is the latest of
    /// its generations and active (KMIP 2.1 §4.50, §4.53).
    #[must_use]
    pub fn rotation_due(&self) -> Option<Timestamp> {
        let own = &self.attributes;
        let is_rotated = matches!(
            self.object_type,
            ObjectType::SymmetricKey | ObjectType::PrivateKey
        ) && own.rotate_automatic == Some(true)
            && own.rotate_latest != Some(false)
            && matches!(self.custody, Custody::Hsm { .. });
        let interval = own.rotate_interval.filter(|interval| interval.0 > 0)?;
        let last = own.rotate_date.or(own.initial_date)?;
        let due = last.0.saturating_add(i64::from(interval.0));
        let due = match own.state? {
            State::Active => due,
            // It is active only once it is activated, or from its date on.
            State::PreActive => due.max(own.activation_date?.0),
            _ => return None,
        };
        let is_in_time = own.deactivation_date.is_none_or(|end| due < end.0);
        (is_rotated && is_in_time).then_some(Timestamp(due))
    }

    /// The run of a program that the object ends with, while it is there: it was made in a session of PKCS #11, and never
    /// became the token's.
    #[must_use]
    pub fn session_run(&self) -> Option<&str> {
        let (vendor, name) = (VendorAttribute::CLIENT, VendorAttribute::SESSION);
        let mut marks = self.attributes.vendor_of(vendor, name);
        let (_, mark) = marks.next().filter(|_| !self.is_destroyed())?;
        std::str::from_utf8(&mark.value.body).ok()
    }

    /// Whether nothing is known of the object any more but that its identifier was used (KMIP 3.0, Obliterate).
    #[must_use]
    pub fn is_obliterated(&self) -> bool {
        self.is_destroyed() && self.attributes == Attributes::default()
    }

    /// Where the object is stored, as Locate asks for it: one bit.
    #[must_use]
    pub fn storage_status(&self) -> StorageStatusMask {
        if self.is_obliterated() {
            // Nowhere: no search finds it.
            StorageStatusMask(0)
        } else if self.is_destroyed() {
            StorageStatusMask::DestroyedStorage
        } else if self.custody == Custody::Archived {
            StorageStatusMask::ArchivalStorage
        } else {
            StorageStatusMask::OnLineStorage
        }
    }
}

/// Whether objects of a kind say who may ask: users, groups and credentials (KMIP 3.0 §2). Of the other kinds, a
/// certificate may be a credential too: [`Record::is_account`] knows.
#[must_use]
pub const fn is_account(object_type: ObjectType) -> bool {
    matches!(
        object_type,
        ObjectType::User
            | ObjectType::Group
            | ObjectType::PasswordCredential
            | ObjectType::DeviceCredential
            | ObjectType::OneTimePasswordCredential
            | ObjectType::HashedPasswordCredential
    )
}

/// Where an object's value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Custody {
    /// In an HSM: a key that only the backend can use.
    Hsm {
        /// The backend's configured name.
        backend: String,
        /// The backend's own reference.
        key: Vec<u8>,
    },
    /// Sealed by an HSM, here: secret data, opaque objects.
    Sealed {
        /// The backend that sealed it.
        backend: String,
        /// The sealed bytes.
        sealed: Vec<u8>,
    },
    /// Sealed by an HSM as it came: a value that is wrapped or encrypted, and is kept without being opened.
    Unopened {
        /// The backend that sealed it.
        backend: String,
        /// The sealed bytes.
        sealed: Vec<u8>,
    },
    /// Here in the clear: certificates and public keys, DER.
    Public(Vec<u8>),
    /// Destroyed, but the backend still owes the deletion.
    Doomed {
        /// The backend's configured name.
        backend: String,
        /// The backend's own reference.
        key: Vec<u8>,
    },
    /// Destroyed.
    Gone,
    /// Registered without a value, which is kept elsewhere: what was registered, where attributes do not say it.
    Absent(Vec<u8>),
    /// In the archive, apart from the records ([`crate::Transaction::archived`]).
    Archived,
}

/// A key that an HSM was about to make, and of which the record is perhaps not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The object whose key it is to be.
    pub object: ObjectId,
    /// The backend's configured name.
    pub backend: String,
    /// What kind of key.
    pub spec: KeySpec,
}

/// What a vault asks of its new objects: structures of the protocol in their encoding of KMIP 2.1, opaque to the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The items of Constraints.
    pub constraints: Option<Vec<u8>>,
    /// The items of Defaults Information.
    pub defaults: Option<Vec<u8>>,
}

/// What a vault is as a PKCS#11 token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Token {
    /// The label that the security officer gave it; the vault's name where there is none.
    pub label: Option<String>,
    /// Whether a security officer may initialize it anew, which destroys its objects.
    pub may_be_initialized: bool,
}

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vault {
    /// Its name, which is also its PKCS#11 token's label until another was given: 1 to 32 bytes.
    pub name: String,
    /// The configured name of its HSM.
    pub backend: String,
    /// Whether keys are locked where the request does not say.
    pub locked_by_default: bool,
    /// Whether new locked keys are kept in the store, wrapped, where the HSM would keep them itself.
    pub wrapped: bool,
    /// Whether only approved algorithms and sizes are served.
    pub strict: bool,
    /// When it was made.
    pub created: Timestamp,
    /// The verifier of the PKCS#11 user's PIN; without one nobody logs in by PIN.
    pub user_pin: Option<String>,
    /// The verifier of the security officer's PIN.
    pub so_pin: Option<String>,
    /// What it is as a PKCS#11 token.
    pub token: Token,
    /// What it asks of its new objects.
    pub rules: Rules,
}

/// A client certificate that is enrolled in a vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its name, unique in the vault.
    pub name: String,
    /// The vault it works in.
    pub vault: String,
    /// Its role in the vault's policy.
    pub role: String,
    /// SHA-256 of the certificate's SubjectPublicKeyInfo, which is its identity.
    pub spki_sha256: [u8; 32],
    /// The serial number of the certificate issued, in hexadecimal.
    pub serial: String,
    /// When the certificate was issued.
    pub issued: Timestamp,
    /// When the certificate ends.
    pub expires: Timestamp,
    /// When it was revoked, if it was.
    pub revoked: Option<Timestamp>,
    /// The certificate that it has had made in the place of this one, until it first comes with it.
    pub successor: Option<Successor>,
}

/// A certificate that a client is to have in the place of the one that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Successor {
    /// SHA-256 of its SubjectPublicKeyInfo.
    pub spki_sha256: [u8; 32],
    /// Its serial number, in hexadecimal.
    pub serial: String,
    /// When it was issued.
    pub issued: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
}
