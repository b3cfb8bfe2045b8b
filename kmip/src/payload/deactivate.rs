//! Deactivate (KMIP 3.0 §6.1).

use super::operation;
use crate::{
    attribute::{DeactivationReason, UniqueIdentifier},
    ttlv::{Timestamp, structure},
};

operation! {
    /// Deactivate: Active becomes Deactivated, now or at a date.
    Deactivate since V3_0: DeactivateRequest -> DeactivateResponse;
}

structure! {
    /// Deactivate, request.
    pub struct DeactivateRequest {
        /// The object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        /// Why.
        deactivation_reason: Option<DeactivationReason> = DeactivationReason;
        /// When; now when absent.
        deactivation_date: Option<Timestamp> = DeactivationDate;
    }
}

structure! {
    /// Deactivate, response.
    pub struct DeactivateResponse {
        /// The object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}
