//! Archive and Recover (KMIP 2.1 §6.1.4, §6.1.45).

use super::operation;
use crate::{attribute::UniqueIdentifier, ttlv::structure};

operation! {
    /// Archive: the value leaves what is on-line.
    Archive since V1_0: ArchiveRequest -> ArchiveResponse;
    /// Recover: the value comes back.
    Recover since V1_0: RecoverRequest -> RecoverResponse;
}

structure! {
    /// Archive, request.
    pub struct ArchiveRequest {
        /// The object; the placeholder when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
    }
}

structure! {
    /// Archive, response.
    pub struct ArchiveResponse {
        /// The object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}

structure! {
    /// Recover, request.
    pub struct RecoverRequest {
        /// The object; the placeholder when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
    }
}

structure! {
    /// Recover, response.
    pub struct RecoverResponse {
        /// The object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}
