//! Hash.

use kmip::{
    mechanism::parameters::{self, Digest},
    payload::hash::{Hash, HashRequest, HashResponse},
    ttlv::Bytes,
};

use super::{Handler, needed, refuse_streams};
use crate::{
    context::Context,
    error::{Error, Result},
    fault::Fault,
    policy::Access,
    profile,
    service::Service,
};

impl Handler for Hash {
    const ACCESS: Access = Access::None;

    fn is_light(_: &Service, request: &HashRequest) -> bool {
        super::is_short(request.data.as_ref())
    }

    fn handle(context: &mut Context<'_>, request: HashRequest) -> Result<HashResponse> {
        refuse_streams(
            request.correlation_value.as_ref(),
            request.init_indicator,
            request.final_indicator,
        )?;
        let data = needed(request.data, "Data is missing")?;
        let algorithm = request
            .cryptographic_parameters
            .hashing_algorithm
            .ok_or_else(|| Error::new(Fault::BadParameters, "no hashing algorithm is named"))?;
        let digest = match parameters::digest(algorithm)? {
            Digest::Of(hash) => hsm::public::hash(hash, data.expose())?,
            Digest::Old(hash) => {
                profile::check_old_hash(context.vault()?.as_ref())?;
                hsm::public::old_hash(hash, data.expose())?
            }
        };
        Ok(HashResponse {
            data: Some(Bytes(digest)),
            correlation_value: None,
        })
    }
}
