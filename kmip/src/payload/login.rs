//! Login, Logout and Delegated Login (KMIP 2.1 §6.1.30, §6.1.31, §6.1.12).

use super::{constraint::ObjectGroups, operation};
use crate::{
    OperationCode,
    attribute::{UniqueIdentifier, UsageLimits},
    message::Ticket,
    ttlv::{Interval, structure},
};

operation! {
    /// Login: a ticket in place of the credential of later requests.
    Login since V2_0: LoginRequest -> LoginResponse;
    /// Logout: the ticket is good no more.
    Logout since V2_0: LogoutRequest -> LogoutResponse;
    /// Delegated Login: a ticket for another, who may do a part of what the client may.
    DelegatedLogin since V2_0: DelegatedLoginRequest -> DelegatedLoginResponse;
}

structure! {
    /// Login, request.
    #[derive(Default)]
    pub struct LoginRequest {
        /// For how long the ticket is to be good.
        lease_time: Option<Interval> = LeaseTime;
        /// For how many requests.
        request_count: Option<i32> = RequestCount;
        /// For how much protection.
        usage_limits: Option<UsageLimits> = UsageLimits;
    }
}

structure! {
    /// Login, response.
    pub struct LoginResponse {
        /// The ticket.
        ticket: Ticket = Ticket;
    }
}

structure! {
    /// Logout, request.
    pub struct LogoutRequest {
        /// The ticket.
        ticket: Ticket = Ticket;
    }
}

structure! {
    /// Logout, response.
    #[derive(Debug, Eq)]
    pub struct LogoutResponse {}
}

structure! {
    /// Delegated Login, request.
    pub struct DelegatedLoginRequest {
        /// For how long the ticket is to be good.
        lease_time: Option<Interval> = LeaseTime;
        /// For how many requests.
        request_count: Option<i32> = RequestCount;
        /// For how much protection.
        usage_limits: Option<UsageLimits> = UsageLimits;
        /// What its bearer may do.
        rights: Rights = Rights;
    }
}

structure! {
    /// Delegated Login, response.
    pub struct DelegatedLoginResponse {
        /// The ticket.
        ticket: Ticket = Ticket;
    }
}

structure! {
    /// Rights (KMIP 2.1 §7.36): what one of them allows is allowed.
    #[derive(Debug, Eq)]
    pub struct Rights {
        /// Each right.
        right: Vec<Right> = Right;
    }
}

structure! {
    /// Right (KMIP 2.1 §7.35): what is absent is not limited.
    #[derive(Debug, Eq, Default)]
    pub struct Right {
        /// For how much protection.
        usage_limits: Option<UsageLimits> = UsageLimits;
        /// By which operations.
        operations: Option<Operations> = Operations;
        /// On which objects.
        objects: Option<Objects> = Objects;
        /// On the members of which groups.
        object_groups: Option<ObjectGroups> = ObjectGroups since V2_1;
    }
}

structure! {
    /// Operations (KMIP 2.1 §7.29).
    #[derive(Debug, Eq)]
    pub struct Operations {
        /// Each operation.
        operation: Vec<OperationCode> = Operation;
    }
}

structure! {
    /// Objects (KMIP 2.1 §7.28).
    #[derive(Debug, Eq)]
    pub struct Objects {
        /// Each object.
        unique_identifier: Vec<UniqueIdentifier> = UniqueIdentifier;
    }
}
