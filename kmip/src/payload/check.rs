//! Check (KMIP 2.1 §6.1.7).

use super::operation;
use crate::{
    CryptographicUsageMask,
    attribute::UniqueIdentifier,
    ttlv::{Interval, structure},
};

operation! {
    /// Check: whether an object may be used so.
    Check since V1_0: CheckRequest -> CheckResponse;
}

structure! {
    /// Check, request.
    #[derive(Debug, Default)]
    pub struct CheckRequest {
        /// The object; the placeholder when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        /// How much is to be protected.
        usage_limits_count: Option<i64> = UsageLimitsCount;
        /// What it is to be used for.
        cryptographic_usage_mask: Option<CryptographicUsageMask> = CryptographicUsageMask;
        /// For how long.
        lease_time: Option<Interval> = LeaseTime;
    }
}

structure! {
    /// Check, response: the object where it may be used, else what of the request was refused.
    #[derive(Debug, Default)]
    pub struct CheckResponse {
        /// The object, if it may be used so.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        /// The usage that is refused.
        usage_limits_count: Option<i64> = UsageLimitsCount;
        /// The purposes that are refused.
        cryptographic_usage_mask: Option<CryptographicUsageMask> = CryptographicUsageMask;
        /// The lease that is refused.
        lease_time: Option<Interval> = LeaseTime;
    }
}
