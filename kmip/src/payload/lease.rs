//! Obtain Lease and Get Usage Allocation (KMIP 2.1 §6.1.35, §6.1.23).

use super::operation;
use crate::{
    attribute::UniqueIdentifier,
    ttlv::{Interval, Timestamp, structure},
};

operation! {
    /// Obtain Lease: for how long what a client knows of an object holds.
    ObtainLease since V1_0: ObtainLeaseRequest -> ObtainLeaseResponse;
    /// Get Usage Allocation: a part of the usage limits, for use outside of the server.
    GetUsageAllocation since V1_0: GetUsageAllocationRequest -> GetUsageAllocationResponse;
}

structure! {
    /// Obtain Lease, request.
    pub struct ObtainLeaseRequest {
        /// The object; the placeholder when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
    }
}

structure! {
    /// Obtain Lease, response.
    pub struct ObtainLeaseResponse {
        /// The object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        /// For how long; 0 means without limit.
        lease_time: Interval = LeaseTime;
        /// When the object was changed last, so that the client may tell what it knows from what is.
        last_change_date: Timestamp = LastChangeDate;
    }
}

structure! {
    /// Get Usage Allocation, request.
    pub struct GetUsageAllocationRequest {
        /// The object; the placeholder when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        /// How much, in the unit of the object's usage limits.
        usage_limits_count: i64 = UsageLimitsCount;
    }
}

structure! {
    /// Get Usage Allocation, response.
    pub struct GetUsageAllocationResponse {
        /// The object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
    }
}
