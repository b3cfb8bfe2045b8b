//! Activate (KMIP 2.1 §6.1.1).

use super::operation;
use crate::{attribute::UniqueIdentifier, ttlv::structure};

operation! {
    /// Activate: Pre-Active becomes Active.
    Activate since V1_0: ActivateRequest -> ActivateResponse;
}

structure! {
    /// Activate, request.
    pub struct ActivateRequest {
        /// The object; the placeholder when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
    }
}

structure! {
    /// Activate, response.
    pub struct ActivateResponse {
        /// The object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}
