//! Log and Ping (KMIP 2.1 §6.1.29, §6.1.37).

use super::operation;
use crate::ttlv::structure;

operation! {
    /// Log: a message for the server's log.
    Log since V2_0: LogRequest -> LogResponse;
    /// Ping: whether the server answers.
    Ping since V2_1: PingRequest -> PingResponse;
}

structure! {
    /// Log, request.
    pub struct LogRequest {
        /// What is to be logged.
        log_message: String = LogMessage;
    }
}

structure! {
    /// Log, response.
    pub struct LogResponse {
    }
}

structure! {
    /// Ping, request.
    pub struct PingRequest {
    }
}

structure! {
    /// Ping, response.
    pub struct PingResponse {
    }
}
