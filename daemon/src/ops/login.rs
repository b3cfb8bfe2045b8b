//! Login, Logout and Delegated Login.

use kmip::payload::login::{
    DelegatedLogin, DelegatedLoginRequest, DelegatedLoginResponse, Login, LoginRequest,
    LoginResponse, Logout, LogoutRequest, LogoutResponse,
};

use super::Handler;
use crate::{context::Context, error::Result, identity::Terms, policy::Access, service::Service};

impl Handler for Login {
    const ACCESS: Access = Access::None;

    fn is_light(_: &Service, _: &LoginRequest) -> bool {
        true
    }

    fn handle(context: &mut Context<'_>, request: LoginRequest) -> Result<LoginResponse> {
        let ticket = issue(
            context,
            Terms {
                lease_time: request.lease_time,
                request_count: request.request_count,
                usage_limits: request.usage_limits,
                rights: None,
            },
        )?;
        Ok(LoginResponse { ticket })
    }
}

impl Handler for DelegatedLogin {
    const ACCESS: Access = Access::None;

    fn is_light(_: &Service, _: &DelegatedLoginRequest) -> bool {
        true
    }

    fn handle(
        context: &mut Context<'_>,
        request: DelegatedLoginRequest,
    ) -> Result<DelegatedLoginResponse> {
        let ticket = issue(
            context,
            Terms {
                lease_time: request.lease_time,
                request_count: request.request_count,
                usage_limits: request.usage_limits,
                rights: Some(request.rights),
            },
        )?;
        Ok(DelegatedLoginResponse { ticket })
    }
}

impl Handler for Logout {
    const ACCESS: Access = Access::None;

    fn is_light(_: &Service, _: &LogoutRequest) -> bool {
        true
    }

    fn handle(context: &mut Context<'_>, request: LogoutRequest) -> Result<LogoutResponse> {
        let vault = &context.principal.vault;
        context
            .service
            .tickets
            .end(&request.ticket, vault, context.now)?;
        Ok(LogoutResponse {})
    }
}

fn issue(context: &Context<'_>, terms: Terms) -> Result<kmip::message::Ticket> {
    let who = context.principal;
    context.service.tickets.issue(
        who.origin.clone(),
        &who.vault,
        terms,
        who.ticket.clone(),
        context.now,
    )
}
