//! Discover Versions (KMIP 2.1 §6.1.16).

use super::operation;
use crate::{message::ProtocolVersion, ttlv::structure};

operation! {
    /// Discover Versions: which versions both sides speak.
    DiscoverVersions since V1_1: DiscoverVersionsRequest -> DiscoverVersionsResponse;
}

structure! {
    /// Discover Versions, request.
    pub struct DiscoverVersionsRequest {
        /// The client's versions, the preferred one first; all when none is named.
        protocol_version: Vec<ProtocolVersion> = ProtocolVersion;
    }
}

structure! {
    /// Discover Versions, response.
    pub struct DiscoverVersionsResponse {
        /// Those of them that the server speaks.
        protocol_version: Vec<ProtocolVersion> = ProtocolVersion;
    }
}
