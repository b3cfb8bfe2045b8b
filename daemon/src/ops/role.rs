//! Set Endpoint Role: a client that wants to be told turns the roles of its connection.

use kmip::{
    EndpointRole,
    payload::role::{SetEndpointRole, SetEndpointRoleRequest, SetEndpointRoleResponse},
};

use super::Handler;
use crate::{
    context::Context,
    error::{Error, Result},
    policy::Access,
    service::Service,
};

impl Handler for SetEndpointRole {
    const ACCESS: Access = Access::None;

    fn is_light(_: &Service, _: &SetEndpointRoleRequest) -> bool {
        true
    }

    /// The connection itself turns once the answer is sent (KMIP 2.1 §6.1.54).
    fn handle(
        _: &mut Context<'_>,
        request: SetEndpointRoleRequest,
    ) -> Result<SetEndpointRoleResponse> {
        let endpoint_role = request.endpoint_role;
        if EndpointRole::ALL.contains(&endpoint_role) {
            Ok(SetEndpointRoleResponse { endpoint_role })
        } else {
            Err(Error::invalid_field("no such endpoint role"))
        }
    }
}
