//! Set Endpoint Role (KMIP 2.1 §6.1.54).

use super::operation;
use crate::{EndpointRole, ttlv::structure};

operation! {
    /// Set Endpoint Role: who asks and who answers on this connection from now on.
    SetEndpointRole since V2_0: SetEndpointRoleRequest -> SetEndpointRoleResponse;
}

structure! {
    /// Set Endpoint Role, request.
    pub struct SetEndpointRoleRequest {
        /// What the receiver becomes.
        endpoint_role: EndpointRole = EndpointRole;
    }
}

structure! {
    /// Set Endpoint Role, response.
    pub struct SetEndpointRoleResponse {
        /// What the receiver has become.
        endpoint_role: EndpointRole = EndpointRole;
    }
}
