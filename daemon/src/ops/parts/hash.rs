//! Hash in parts.

use hsm::public::Hasher;
use kmip::{
    Secret,
    mechanism::parameters::Digest,
    payload::hash::{HashRequest, HashResponse},
    ttlv::Bytes,
};

use crate::{
    context::Context,
    error::Result,
    ops::hash::function,
    streams::{Engine, Step, Stream},
};

/// Hash, one part.
pub(in crate::ops) fn hash(
    context: &mut Context<'_>,
    step: Step,
    request: &HashRequest,
) -> Result<HashResponse> {
    let mut part = context.part(step, |context| {
        let hasher = match function(context, request)? {
            Digest::Of(hash) => Hasher::new(hash)?,
            Digest::Old(hash) => Hasher::old(hash)?,
        };
        Ok(Stream::new(None, (), Engine::Digest(hasher)))
    })?;
    part.advance(request.data.as_ref().map_or(&[], Secret::expose))?;
    let digest = part.output()?.data.expose().to_vec();
    let response = HashResponse {
        data: part.is_last.then_some(Bytes(digest)),
        correlation_value: part.correlation(),
    };
    context.keep(part);
    Ok(response)
}
