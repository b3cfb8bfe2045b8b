//! RNG Retrieve and RNG Seed.

use kmip::{
    Secret,
    payload::rng::{
        RNGRetrieve, RNGRetrieveRequest, RNGRetrieveResponse, RNGSeed, RNGSeedRequest,
        RNGSeedResponse,
    },
};

use super::Handler;
use crate::{
    conformance::Seeding,
    context::Context,
    error::{Error, Result},
    policy::Access,
};

impl Handler for RNGRetrieve {
    const ACCESS: Access = Access::None;

    fn handle(
        context: &mut Context<'_>,
        request: RNGRetrieveRequest,
    ) -> Result<RNGRetrieveResponse> {
        let length = usize::try_from(request.data_length)
            .ok()
            .filter(|length| *length <= context.service.limits.random_bytes_max)
            .ok_or_else(|| {
                Error::invalid_field(
                    "Data Length is negative, or more than one request may ask for",
                )
            })?;
        let mut bytes = vec![0; length];
        let backend = context.vault()?.backend.clone();
        context.backend(&backend)?.random(&mut bytes)?;
        Ok(RNGRetrieveResponse {
            data: Secret::new(bytes),
        })
    }
}

impl Handler for RNGSeed {
    const ACCESS: Access = Access::None;

    /// Clients have no say in the entropy of a server that is not tested, and are told that none of their bytes were
    /// used, as KMIP 2.1 §6.1.50 has it.
    fn handle(context: &mut Context<'_>, request: RNGSeedRequest) -> Result<RNGSeedResponse> {
        let seeding = context.service.conformance.map(|own| own.seeding);
        let offered = request.data.0.as_slice();
        let used = match seeding.unwrap_or_default() {
            Seeding::Whole => offered,
            Seeding::Partial => offered.get(..PARTIAL_BYTES).unwrap_or(offered),
            Seeding::None => &[],
            Seeding::Denied => return Err(Error::not_permitted()),
        };
        if !used.is_empty() {
            let backend = context.vault()?.backend.clone();
            context.backend(&backend)?.seed(used)?;
        }
        let data_length = i32::try_from(used.len())
            .map_err(|_| Error::invalid_field("Data is longer than its length can say"))?;
        Ok(RNGSeedResponse { data_length })
    }
}

const PARTIAL_BYTES: usize = 16;
