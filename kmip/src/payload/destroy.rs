//! Destroy (KMIP 2.1 §6.1.15).

use super::operation;
use crate::{attribute::UniqueIdentifier, ttlv::structure};

operation! {
    /// Destroy: the material goes, the attributes stay.
    Destroy since V1_0: DestroyRequest -> DestroyResponse;
}

structure! {
    /// Destroy, request.
    pub struct DestroyRequest {
        /// The object; the placeholder when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
    }
}

structure! {
    /// Destroy, response.
    pub struct DestroyResponse {
        /// The object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}
