//! Under what conditions keys live.

use kmip::CryptographicUsageMask;

/// Under what conditions a key lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The object's identifier: the token object's CKA_ID, and bound into a sealed key.
    pub id: Vec<u8>,
    /// A name for people, CKA_LABEL in a module.
    pub label: String,
    /// Whether the material may ever leave: `false` makes a locked key.
    pub exportable: bool,
    /// What the key is for; becomes the CKA_ usage flags of a module.
    pub usage: CryptographicUsageMask,
    /// Where a locked key is kept, if the HSM keeps keys itself.
    pub custody: CustodyMode,
}

/// Where an HSM that keeps keys itself keeps a locked one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CustodyMode {
    /// In the HSM, as an object of its own.
    #[default]
    Resident,
    /// In its reference, wrapped under a key that is in the HSM, and unwrapped there when it is used: an HSM with room for a
    /// hundred keys serves a million.
    Wrapped,
}
