//! Hash (KMIP 2.1 §6.1.24).

use super::operation;
use crate::{
    Secret,
    attribute::CryptographicParameters,
    ttlv::{Bytes, structure},
};

operation! {
    /// Hash: a digest of data.
    Hash since V1_2: HashRequest -> HashResponse;
}

structure! {
    /// Hash, request.
    #[derive(Default)]
    pub struct HashRequest {
        /// Which hash function.
        cryptographic_parameters: CryptographicParameters = CryptographicParameters;
        /// The data.
        data: Option<Secret> = Data;
        /// The stream that this part belongs to.
        correlation_value: Option<Bytes> = CorrelationValue since V1_3;
        /// Whether this is the first part.
        init_indicator: Option<bool> = InitIndicator since V1_3;
        /// Whether this is the last part.
        final_indicator: Option<bool> = FinalIndicator since V1_3;
    }
}

structure! {
    /// Hash, response.
    pub struct HashResponse {
        /// The digest.
        data: Option<Bytes> = Data;
        /// The stream.
        correlation_value: Option<Bytes> = CorrelationValue since V1_3;
    }
}
