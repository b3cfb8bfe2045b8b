//! Poll, Cancel, Process and Query Asynchronous Requests (KMIP 2.1 §6.1.38, §6.1.5, §6.1.39, §6.1.41).

use super::operation;
use crate::{
    CancellationResult, OperationCode, ProcessingStage,
    ttlv::{Bytes, TimestampExtended, structure},
};

operation! {
    /// Poll: the answer to a request that was pending, or that it still is.
    Poll since V1_0: PollRequest -> PollResponse;
    /// Cancel: give up a request that is pending.
    Cancel since V1_0: CancelRequest -> CancelResponse;
    /// Query Asynchronous Requests: what is pending, and what waits to be polled.
    QueryAsynchronousRequests since V2_1: QueryAsynchronousRequestsRequest -> QueryAsynchronousRequestsResponse;
    /// Process: do a request now that is pending.
    Process since V2_1: ProcessRequest -> ProcessResponse;
}

structure! {
    /// Poll, request.
    pub struct PollRequest {
        /// Which request.
        asynchronous_correlation_value: Bytes = AsynchronousCorrelationValue;
    }
}

structure! {
    /// Poll, response: none of its own, for what comes is the answer of the operation polled.
    pub struct PollResponse {}
}

structure! {
    /// Cancel, request.
    pub struct CancelRequest {
        /// Which request.
        asynchronous_correlation_value: Bytes = AsynchronousCorrelationValue;
    }
}

structure! {
    /// Cancel, response.
    pub struct CancelResponse {
        /// Which request.
        asynchronous_correlation_value: Bytes = AsynchronousCorrelationValue;
        /// What came of it.
        cancellation_result: CancellationResult = CancellationResult;
    }
}

structure! {
    /// Query Asynchronous Requests, request.
    #[derive(Default)]
    pub struct QueryAsynchronousRequestsRequest {
        /// Of these only.
        asynchronous_correlation_values: Option<AsynchronousCorrelationValues> = AsynchronousCorrelationValues;
        /// Of these operations only.
        operations: Option<Operations> = Operations;
    }
}

structure! {
    /// Query Asynchronous Requests, response.
    pub struct QueryAsynchronousRequestsResponse {
        /// The requests.
        asynchronous_request: Vec<AsynchronousRequest> = AsynchronousRequest;
    }
}

structure! {
    /// Process, request.
    pub struct ProcessRequest {
        /// Which request.
        asynchronous_correlation_value: Bytes = AsynchronousCorrelationValue;
    }
}

structure! {
    /// Process, response: as that of Poll.
    pub struct ProcessResponse {}
}

structure! {
    /// Asynchronous Correlation Values (KMIP 2.1 §7.1).
    pub struct AsynchronousCorrelationValues {
        /// The values.
        asynchronous_correlation_value: Vec<Bytes> = AsynchronousCorrelationValue;
    }
}

structure! {
    /// Operations (KMIP 2.1 §7.25).
    pub struct Operations {
        /// The operations.
        operation: Vec<OperationCode> = Operation;
    }
}

structure! {
    /// Asynchronous Request (KMIP 2.1 §7.2).
    pub struct AsynchronousRequest {
        /// The mark of the request.
        asynchronous_correlation_value: Bytes = AsynchronousCorrelationValue;
        /// What it does.
        operation: OperationCode = Operation;
        /// When it came.
        submission_date: TimestampExtended = SubmissionDate;
        /// How far it is.
        processing_stage: ProcessingStage = ProcessingStage;
    }
}
