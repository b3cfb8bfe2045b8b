//! Log and Ping.

use std::borrow::Cow;

use kmip::payload::log::{Log, LogRequest, LogResponse, Ping, PingRequest, PingResponse};

use super::Handler;
use crate::{
    context::Context,
    error::{Error, Result},
    policy::Access,
    service::Service,
};

/// The longest message that is logged, in bytes.
const MESSAGE_BYTES_MAX: usize = 4_096;

impl Handler for Log {
    const ACCESS: Access = Access::None;

    fn is_light(_: &Service, _: &LogRequest) -> bool {
        true
    }

    /// The audit trail is the log: there nobody can change the message, and it says who sent it.
    fn handle(context: &mut Context<'_>, request: LogRequest) -> Result<LogResponse> {
        if request.log_message.len() > MESSAGE_BYTES_MAX {
            return Err(Error::invalid_field("the message is too long"));
        }
        context.note = Some(Cow::Owned(request.log_message));
        Ok(LogResponse {})
    }
}

impl Handler for Ping {
    const ACCESS: Access = Access::None;

    fn is_light(_: &Service, _: &PingRequest) -> bool {
        true
    }

    fn handle(_: &mut Context<'_>, _: PingRequest) -> Result<PingResponse> {
        Ok(PingResponse {})
    }
}
