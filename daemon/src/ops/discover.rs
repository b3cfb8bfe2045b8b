//! Discover Versions.

use kmip::{
    Version,
    payload::discover::{DiscoverVersions, DiscoverVersionsRequest, DiscoverVersionsResponse},
};

use super::Handler;
use crate::{context::Context, error::Result, policy::Access, service::Service};

impl Handler for DiscoverVersions {
    const ACCESS: Access = Access::None;

    fn is_light(_: &Service, _: &DiscoverVersionsRequest) -> bool {
        true
    }

    fn handle(
        _: &mut Context<'_>,
        request: DiscoverVersionsRequest,
    ) -> Result<DiscoverVersionsResponse> {
        // KMIP 2.1 §6.1.16: the versions of the client's list that are spoken here, in the client's order; all of ours
        // when it names none.
        let protocol_version = if request.protocol_version.is_empty() {
            Version::SPOKEN
                .iter()
                .map(|version| (*version).into())
                .collect()
        } else {
            request
                .protocol_version
                .into_iter()
                .filter(|asked| asked.spoken().is_some())
                .collect()
        };
        Ok(DiscoverVersionsResponse { protocol_version })
    }
}
