//! The envelope of a response: its header, its items, and whether they fit the client's limit.

use kmip::{
    AsynchronousIndicator, BatchErrorContinuationOption, Buffer, OperationCode, ResultStatus, V1_0,
    Version,
    message::{RequestHeader, RequestItem, ResponseHeader, ResponseItem, write_response},
    text::Encoding,
    ttlv::{Bytes, Timestamp},
};

use crate::{
    error::{Error, Result},
    fault::Fault,
};

/// Room that the client leaves for the response.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    /// The bytes of the message so far.
    used: usize,
    bytes_max: usize,
    /// The text that the response will be written as, if it will.
    text: Option<Encoding>,
    version: Version,
}

impl Sizes {
    /// The room of an answer that is sent another time.
    pub(super) const UNLIMITED: Self = Self {
        used: 0,
        bytes_max: usize::MAX,
        text: None,
        version: V1_0,
    };

    /// The room that a request leaves, with the header of the response already in it.
    pub(super) fn of(
        request: &RequestHeader,
        version: Version,
        now: Timestamp,
        text: Option<Encoding>,
    ) -> Self {
        match request
            .maximum_response_size
            .and_then(|bytes| usize::try_from(bytes).ok())
        {
            None => Self::UNLIMITED,
            Some(bytes_max) => {
                let head = header(Some(request), version, now, 0);
                Self {
                    used: message_bytes(&head, &[], version, text),
                    bytes_max,
                    text,
                    version,
                }
            }
        }
    }

    /// Takes the room of an answer.
    pub(super) fn take(&mut self, answer: &ResponseItem) {
        if self.bytes_max < usize::MAX {
            self.used = self.used.saturating_add(self.bytes_of(answer));
        }
    }

    fn has_room_for(&self, answer: &ResponseItem) -> bool {
        self.bytes_max == usize::MAX
            || self.used.saturating_add(self.bytes_of(answer)) <= self.bytes_max
    }

    /// How many bytes an answer adds to its message.
    fn bytes_of(&self, answer: &ResponseItem) -> usize {
        if self.text.is_none() {
            return encoded_bytes(answer);
        }
        let head = header(None, self.version, Timestamp(0), 1);
        let of = |items: &[ResponseItem]| message_bytes(&head, items, self.version, self.text);
        // The second of two, because in JSON a comma stands between them.
        let two = of(&[answer.clone(), answer.clone()]);
        two.saturating_sub(of(std::slice::from_ref(answer)))
    }
}

/// The bytes of a whole message as it is sent.
fn message_bytes(
    header: &ResponseHeader,
    items: &[ResponseItem],
    version: Version,
    text: Option<Encoding>,
) -> usize {
    let message = write_response(header, items, version);
    match text {
        None => message.bytes().len(),
        // What cannot be written as a text does not fit anywhere.
        Some(text) => text
            .write(message.bytes())
            .map_or(usize::MAX, |text| text.len()),
    }
}

/// Checks that the answer fits before anything is committed, because a Create that was done cannot be taken back.
pub(super) fn fits(answer: ResponseItem, sizes: Sizes) -> Result<ResponseItem> {
    if !sizes.has_room_for(&answer) {
        return Err(Error::new(
            Fault::TooLarge,
            "the response is longer than the maximum response size",
        ));
    }
    Ok(answer)
}

fn encoded_bytes(item: &ResponseItem) -> usize {
    let padded = |bytes: usize| 8 + bytes.next_multiple_of(8);
    let operation = 16;
    let status = 16;
    let reason = if item.result_reason.is_some() { 16 } else { 0 };
    8 + operation
        + status
        + reason
        + item
            .asynchronous_correlation_value
            .as_ref()
            .map_or(0, |mark| padded(mark.0.len()))
        + item
            .unique_batch_item_id
            .as_ref()
            .map_or(0, |id| padded(id.0.len()))
        + item
            .result_message
            .as_ref()
            .map_or(0, |message| padded(message.len()))
        + item
            .payload
            .as_ref()
            .map_or(0, |payload| padded(payload.len()))
}

pub(super) fn header(
    request: Option<&RequestHeader>,
    version: Version,
    now: Timestamp,
    count: usize,
) -> ResponseHeader {
    ResponseHeader {
        client_correlation_value: request
            .and_then(|request| request.client_correlation_value.clone()),
        ..ResponseHeader::plain(version, now, count)
    }
}

pub(super) fn success(item: &RequestItem<'_>, payload: Buffer) -> ResponseItem {
    ResponseItem {
        operation: Some(item.operation),
        unique_batch_item_id: item.unique_batch_item_id.clone(),
        result_status: ResultStatus::Success,
        result_reason: None,
        result_message: None,
        asynchronous_correlation_value: None,
        payload: Some(payload),
    }
}

pub(super) fn failure(
    operation: Option<OperationCode>,
    unique_batch_item_id: Option<Bytes>,
    error: &Error,
    version: Version,
) -> ResponseItem {
    ResponseItem {
        operation,
        unique_batch_item_id,
        result_status: ResultStatus::OperationFailed,
        result_reason: Some(error.fault.reason_of(operation, version)),
        result_message: Some(error.message().to_owned()),
        asynchronous_correlation_value: None,
        payload: error.payload().map(|payload| payload.to_vec().into()),
    }
}

/// Header fields whose value is not known fail the whole message: a guess at what the client means could do harm
/// (KMIP 2.1 §9.2, §9.6).
pub(super) fn check_header(header: &RequestHeader) -> Result<()> {
    let asynchronous = header.asynchronous_indicator.map(|indicator| indicator.0);
    if asynchronous.is_some_and(|own| !AsynchronousIndicator::ALL.contains(&own)) {
        return Err(Error::invalid_field("no such asynchronous indicator"));
    }
    let option = header.batch_error_continuation_option;
    if option.is_some_and(|own| !BatchErrorContinuationOption::ALL.contains(&own)) {
        return Err(Error::invalid_field(
            "no such batch error continuation option",
        ));
    }
    Ok(())
}
