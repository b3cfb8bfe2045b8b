//! Hash.

use kmip::{
    mechanism::parameters::{self, Digest},
    payload::hash::{Hash, HashRequest, HashResponse},
    ttlv::Bytes,
};

use super::{Handler, needed, parts};
use crate::{
    context::Context,
    error::{Error, Result},
    fault::Fault,
    policy::Access,
    profile,
    service::Service,
    streams::Step,
};

impl Handler for Hash {
    const ACCESS: Access = Access::None;

    fn is_light(_: &Service, request: &HashRequest) -> bool {
        Step::is_whole(request) && super::is_short(request.data.as_ref())
    }

    fn handle(context: &mut Context<'_>, request: HashRequest) -> Result<HashResponse> {
        let step = Step::of(&request)?;
        if !matches!(step, Step::Whole) {
            return parts::hash(context, step, &request);
        }
        let function = function(context, &request)?;
        let data = needed(request.data, "Data is missing")?;
        let digest = match function {
            Digest::Of(hash) => hsm::public::hash(hash, data.expose())?,
            Digest::Old(hash) => hsm::public::old_hash(hash, data.expose())?,
        };
        Ok(HashResponse {
            data: Some(Bytes(digest)),
            correlation_value: None,
        })
    }
}

/// The hash function asked for, if the vault serves it.
pub(super) fn function(context: &Context<'_>, request: &HashRequest) -> Result<Digest> {
    let algorithm = request
        .cryptographic_parameters
        .hashing_algorithm
        .ok_or_else(|| Error::new(Fault::BadParameters, "no hashing algorithm is named"))?;
    let function = parameters::digest(algorithm)?;
    if matches!(function, Digest::Old(_)) {
        profile::check_old_hash(context.vault()?.as_ref())?;
    }
    Ok(function)
}
