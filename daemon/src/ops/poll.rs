//! Poll, Cancel, Process and Query Asynchronous Requests.

use kmip::{
    OperationCode, ResultStatus,
    message::ResponseItem,
    payload::poll::{
        AsynchronousRequest, Cancel, CancelRequest, CancelResponse, Poll, PollRequest,
        PollResponse, Process, ProcessRequest, ProcessResponse, QueryAsynchronousRequests,
        QueryAsynchronousRequestsRequest, QueryAsynchronousRequestsResponse,
    },
    ttlv::Bytes,
};

use super::Handler;
use crate::{
    context::Context,
    error::{Error, Result},
    fault::Fault,
    pending::{Claim, Found, Mark},
    policy::Access,
    service::{Service, canceled},
};

impl Handler for Poll {
    const ACCESS: Access = Access::None;

    fn is_light(service: &Service, _: &PollRequest) -> bool {
        service.conformance.is_none()
    }

    fn handle(context: &mut Context<'_>, request: PollRequest) -> Result<PollResponse> {
        let mark = mark(&request.asynchronous_correlation_value)?;
        // Test cases can neither ask again nor be too late to cancel: what they put aside is done when it is asked for.
        if let Some(tested) = context.service.conformance
            && let pending = &context.service.pending
            && (pending.was_asked_for(context.principal, &mark) || !tested.is_slow)
            && let Claim::Run(chain) = pending.claim(context.principal, &mark, context.now)
        {
            context.service.do_chain(*chain);
        }
        fetch(context, mark)?;
        Ok(PollResponse {})
    }
}

/// Answers with the answer that was waited for, which is forgotten once this one is sent; or that it is not there yet
/// (KMIP 1.4 §4.27).
fn fetch(context: &mut Context<'_>, mark: Mark) -> Result<()> {
    let pending = &context.service.pending;
    let found = pending.find(context.principal, &mark, context.now);
    context.instead = Some(match found.ok_or_else(no_such_request)? {
        Found::Done(answer) => {
            context.effects.fetched(mark);
            answer
        }
        Found::Pending => Box::new(ResponseItem {
            operation: Some(OperationCode::Poll),
            unique_batch_item_id: None,
            result_status: ResultStatus::OperationPending,
            result_reason: None,
            result_message: None,
            asynchronous_correlation_value: Some(Bytes(mark.to_vec())),
            payload: None,
        }),
    });
    Ok(())
}

impl Handler for Cancel {
    const ACCESS: Access = Access::None;

    fn is_light(_: &Service, _: &CancelRequest) -> bool {
        true
    }

    /// A mark that is not known is no failure, but a result of its own (KMIP 1.4 §4.26).
    fn handle(context: &mut Context<'_>, request: CancelRequest) -> Result<CancelResponse> {
        let error = canceled();
        let answer = |operation| ResponseItem {
            operation: Some(operation),
            unique_batch_item_id: None,
            result_status: ResultStatus::OperationFailed,
            result_reason: Some(error.fault.reason_of(Some(operation), context.version)),
            result_message: Some(error.message().to_owned()),
            asynchronous_correlation_value: None,
            payload: None,
        };
        let asked = request.asynchronous_correlation_value;
        // What cannot be one of ours is known as little as any other.
        let mark = mark(&asked).unwrap_or_default();
        let pending = &context.service.pending;
        Ok(CancelResponse {
            cancellation_result: pending.cancel(context.principal, &mark, context.now, answer),
            asynchronous_correlation_value: asked,
        })
    }
}

impl Handler for Process {
    const ACCESS: Access = Access::None;

    fn handle(context: &mut Context<'_>, request: ProcessRequest) -> Result<ProcessResponse> {
        let mark = mark(&request.asynchronous_correlation_value)?;
        let pending = &context.service.pending;
        match pending.claim(context.principal, &mark, context.now) {
            Claim::Unknown => return Err(no_such_request()),
            Claim::Busy => {
                return Err(Error::new(
                    Fault::RequestInProcess,
                    "the request is being done already",
                ));
            }
            Claim::Run(chain) => context.service.do_chain(*chain),
            Claim::Done => {}
        }
        fetch(context, mark)?;
        Ok(ProcessResponse {})
    }
}

impl Handler for QueryAsynchronousRequests {
    const ACCESS: Access = Access::None;

    fn is_light(_: &Service, _: &QueryAsynchronousRequestsRequest) -> bool {
        true
    }

    fn handle(
        context: &mut Context<'_>,
        request: QueryAsynchronousRequestsRequest,
    ) -> Result<QueryAsynchronousRequestsResponse> {
        let values = request.asynchronous_correlation_values;
        let operations = request.operations;
        let listed = context.service.pending.list(context.principal, context.now);
        let asked = listed.into_iter().filter(|own| {
            let mut among = values.iter();
            let of_values = among.all(|values| {
                let values = &values.asynchronous_correlation_value;
                values.iter().any(|value| value.0 == own.mark)
            });
            let of_operations = operations
                .iter()
                .all(|list| list.operation.contains(&own.operation));
            of_values && of_operations
        });
        Ok(QueryAsynchronousRequestsResponse {
            asynchronous_request: asked
                .map(|own| AsynchronousRequest {
                    asynchronous_correlation_value: Bytes(own.mark.to_vec()),
                    operation: own.operation,
                    submission_date: own.submitted.into(),
                    processing_stage: own.stage,
                })
                .collect(),
        })
    }
}

fn mark(value: &Bytes) -> Result<Mark> {
    Mark::try_from(value.0.as_slice()).map_err(|_| no_such_request())
}

fn no_such_request() -> Error {
    Error::new(
        Fault::NoSuchRequest,
        "no request with this correlation value waits for its answer",
    )
}
