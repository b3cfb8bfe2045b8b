//! RNG Retrieve (KMIP 2.1 §6.1.49).

use super::operation;
use crate::{Secret, ttlv::structure};

operation! {
    /// RNG Retrieve: random bytes.
    RNGRetrieve since V1_2: RNGRetrieveRequest -> RNGRetrieveResponse;
}

structure! {
    /// RNG Retrieve, request.
    pub struct RNGRetrieveRequest {
        /// How many bytes.
        data_length: i32 = DataLength;
    }
}

structure! {
    /// RNG Retrieve, response.
    pub struct RNGRetrieveResponse {
        /// The bytes.
        data: Secret = Data;
    }
}
