//! Random bytes, made by the daemon.

use kmip::payload::rng::{RNGRetrieve, RNGRetrieveRequest};
use pkcs11::{Result, Rv};

use crate::{error::Names, remote::Again, session::Session};

/// The most bytes asked for in one round trip.
const BYTES_PER_TRIP: usize = 4096;

impl Session {
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
