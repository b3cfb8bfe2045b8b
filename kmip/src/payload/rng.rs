//! RNG Retrieve and RNG Seed (KMIP 2.1 §6.1.49, §6.1.50).

use super::operation;
use crate::{
    Secret,
    ttlv::{Bytes, structure},
};

operation! {
    /// RNG Retrieve: random bytes.
    RNGRetrieve since V1_2: RNGRetrieveRequest -> RNGRetrieveResponse;
    /// RNG Seed: bytes that the client offers to the generator.
    RNGSeed since V1_2: RNGSeedRequest -> RNGSeedResponse;
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

structure! {
    /// RNG Seed, request.
    pub struct RNGSeedRequest {
        /// Bytes for the generator.
        data: Bytes = Data;
    }
}

structure! {
    /// RNG Seed, response.
    pub struct RNGSeedResponse {
        /// How many of them were used.
        data_length: i32 = DataLength;
    }
}
