//! Validate (KMIP 2.1 §6.1.61).

use super::operation;
use crate::{
    ValidityIndicator,
    attribute::UniqueIdentifier,
    object::Certificate,
    ttlv::{Timestamp, structure},
};

operation! {
    /// Validate: whether a chain of certificates holds.
    Validate since V1_0: ValidateRequest -> ValidateResponse;
}

structure! {
    /// Validate, request.
    pub struct ValidateRequest {
        /// Certificates of the chain by value.
        certificate: Vec<Certificate> = Certificate;
        /// Certificates of the chain that the server has.
        unique_identifier: Vec<UniqueIdentifier> = UniqueIdentifier;
        /// When it is to hold; now when absent.
        validity_date: Option<Timestamp> = ValidityDate;
    }
}

structure! {
    /// Validate, response.
    pub struct ValidateResponse {
        /// Whether it holds.
        validity_indicator: ValidityIndicator = ValidityIndicator;
    }
}
