//! Random bytes, made by the daemon; and seeds, which it gets.

use kmip::{
    payload::rng::{RNGRetrieve, RNGRetrieveRequest, RNGSeed, RNGSeedRequest},
    ttlv::Bytes,
};
use pkcs11::{Result, Rv};

use crate::{
    error::{Failure, Names},
    remote::Again,
    session::Session,
};

/// The most bytes asked for in one round trip.
const BYTES_PER_TRIP: usize = 4096;

impl Session {
    /// `C_SeedRandom`: the daemon takes the seed, and decides by itself what it makes of it (KMIP 2.1 §6.1.50).
    pub(crate) fn seed_random(&self, seed: &[u8]) -> Result<()> {
        for part in seed.chunks(BYTES_PER_TRIP) {
            let request = RNGSeedRequest {
                data: Bytes(part.to_vec()),
            };
            self.slot
                .remote
                .call::<RNGSeed>(&request, Again::May)
                .map_err(|failure| match failure {
                    Failure::Refused(_) => Rv::RANDOM_SEED_NOT_SUPPORTED,
                    other => other.seen_by(Names::Session),
                })?;
        }
        Ok(())
    }

    /// `C_GenerateRandom`.
    pub(crate) fn generate_random(&self, into: &mut [u8]) -> Result<()> {
        for part in into.chunks_mut(BYTES_PER_TRIP) {
            let request = RNGRetrieveRequest {
                data_length: i32::try_from(part.len()).map_err(|_| Rv::ARGUMENTS_BAD)?,
            };
            let response = self
                .slot
                .remote
                .call::<RNGRetrieve>(&request, Again::May)
                .map_err(|failure| failure.seen_by(Names::Session))?;
            let bytes = response.data.expose();
            if bytes.len() != part.len() {
                return Err(Rv::DEVICE_ERROR);
            }
            part.copy_from_slice(bytes);
        }
        Ok(())
    }
}
