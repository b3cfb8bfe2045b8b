//! RNG Retrieve.

use kmip::{
    Secret,
    payload::rng::{RNGRetrieve, RNGRetrieveRequest, RNGRetrieveResponse},
};

use super::Handler;
use crate::{
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
