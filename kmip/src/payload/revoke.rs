//! Revoke (KMIP 2.1 §6.1.48).

use super::operation;
use crate::{
    attribute::{RevocationReason, UniqueIdentifier},
    ttlv::{Timestamp, structure},
};

operation! {
    /// Revoke: Active becomes Deactivated, or any state Compromised.
    Revoke since V1_0: RevokeRequest -> RevokeResponse;
}

structure! {
    /// Revoke, request.
    pub struct RevokeRequest {
        /// The object; the placeholder when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        /// Why; until 2.1 it must be said.
        revocation_reason: Option<RevocationReason> = RevocationReason;
        /// When it was compromised, if it was.
        compromise_occurrence_date: Option<Timestamp> = CompromiseOccurrenceDate;
    }
}

structure! {
    /// Revoke, response.
    pub struct RevokeResponse {
        /// The object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}
