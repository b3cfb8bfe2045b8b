//! Obliterate (KMIP 3.0 §6.1).

use super::operation;
use crate::{attribute::UniqueIdentifier, ttlv::structure};

operation! {
    /// Obliterate: an object goes with all that is known of it.
    Obliterate since V3_0: ObliterateRequest -> ObliterateResponse;
}

structure! {
    /// Obliterate, request.
    pub struct ObliterateRequest {
        /// The object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}

structure! {
    /// Obliterate, response.
    #[derive(Debug, Eq)]
    pub struct ObliterateResponse {}
}
