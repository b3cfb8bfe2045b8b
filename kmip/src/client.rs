//! A blocking typed client over anything that reads and writes.

use std::io::{self, Read, Write};

use crate::{
    BatchErrorContinuationOption, Buffer, DecodeError, OperationCode, ResultReason, ResultStatus,
    Tag, Version,
    message::{
        Authentication, Call, Credential, Outgoing, OutgoingItem, RequestHeader, Response,
        ResponseItem, write_request,
    },
    payload::Operation,
    ttlv::{Frame, Reader, Structure, Writer, frame},
};

/// What the first read of a response takes.
const FIRST_READ_BYTES: usize = 2048;

/// Why a call brought no response payload.
#[derive(Debug)]
pub enum CallError {
    /// The connection failed; whether the request was executed is known only when nothing of it was sent.
    Io(io::Error),
    /// The response cannot be read.
    Unreadable(DecodeError),
    /// The bytes received are no KMIP response, or one larger than the limit.
    NotKmip,
    /// The server refused.
    Refused {
        /// Its reason.
        reason: Option<ResultReason>,
        /// Its words.
        message: Option<String>,
    },
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the connection failed: {error}"),
            Self::Unreadable(error) => write!(f, "the response cannot be read: {error}"),
            Self::NotKmip => f.write_str("the peer does not speak KMIP"),
            Self::Refused { reason, message } => {
                let reason = reason
                    .and_then(ResultReason::name)
                    .unwrap_or("without a reason");
                write!(f, "refused: {reason}")?;
                message
                    .as_ref()
                    .map_or(Ok(()), |message| write!(f, " ({message})"))
            }
        }
    }
}

impl std::error::Error for CallError {}

impl From<io::Error> for CallError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<DecodeError> for CallError {
    fn from(error: DecodeError) -> Self {
        Self::Unreadable(error)
    }
}

/// One connection to a server, used by one caller at a time.
pub struct Client<S> {
    stream: S,
    version: Version,
    authentication: Option<Authentication>,
    response_bytes_max: usize,
}

impl<S: Read + Write> Client<S> {
    /// A client that writes messages of one version and takes responses of at most `response_bytes_max` bytes.
    pub const fn new(stream: S, version: Version, response_bytes_max: usize) -> Self {
        Self {
            stream,
            version,
            authentication: None,
            response_bytes_max,
        }
    }

    /// Sends a credential in each request from now on, or none.
    pub fn set_credential(&mut self, credential: Option<Credential>) {
        self.authentication = credential.map(|credential| Authentication {
            credential: vec![credential],
        });
    }

    /// The stream, for its settings.
    pub const fn stream(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Calls one operation.
    pub fn call<O: Operation>(&mut self, request: &O::Request) -> Result<O::Response, CallError> {
        let response = self.exchange(&[Call::<O>(request)], None)?;
        let response = Response::borrowed(&response)?;
        let item = response.items.last().ok_or(CallError::NotKmip)?;
        incoming::<O>(item, self.version)
    }

    /// Sends a batch whose first failure stops it, and returns the items answered.
    pub fn send(&mut self, items: &[OutgoingItem]) -> Result<Vec<ResponseItem>, CallError> {
        Ok(Response::read(&self.exchange(items, None)?)?.items)
    }

    /// Sends a batch that goes on after a failure, and returns one answer for each item.
    pub fn send_all(&mut self, items: &[OutgoingItem]) -> Result<Vec<ResponseItem>, CallError> {
        let goes_on = Some(BatchErrorContinuationOption::Continue);
        let answers = Response::read(&self.exchange(items, goes_on)?)?.items;
        // A server that does not go on would leave items without an answer, which no caller could tell apart.
        match &answers[..] {
            // The whole message was refused, as of somebody who is not known.
            [all] if items.len() > 1 && all.result_status != ResultStatus::Success => {
                Err(refused(all))
            }
            _ if answers.len() == items.len() => Ok(answers),
            _ => Err(CallError::NotKmip),
        }
    }

    /// Sends a batch of which everything is done or nothing is, and returns the items answered: where one failed, that is
    /// the last.
    pub fn send_together(
        &mut self,
        items: &[OutgoingItem],
    ) -> Result<Vec<ResponseItem>, CallError> {
        let undo = Some(BatchErrorContinuationOption::Undo);
        Ok(Response::read(&self.exchange(items, undo)?)?.items)
    }

    /// Sends a request, and returns the response message.
    fn exchange(
        &mut self,
        items: &[impl Outgoing],
        continuation: Option<BatchErrorContinuationOption>,
    ) -> Result<Buffer, CallError> {
        // Lent to the header and taken back: a password is not copied for each request.
        let header = RequestHeader {
            authentication: self.authentication.take(),
            batch_error_continuation_option: continuation,
            ..RequestHeader::plain(self.version, items.len())
        };
        let request = write_request(&header, items, self.version);
        self.authentication = header.authentication;
        self.stream.write_all(request.bytes())?;
        self.stream.flush()?;
        self.receive()
    }

    fn receive(&mut self) -> Result<Buffer, CallError> {
        // Most responses come whole with the first read. Nothing but the response is expected, so nothing after it is
        // taken for the next one.
        let mut message = Buffer::from(vec![0; FIRST_READ_BYTES]);
        let mut filled = 0;
        loop {
            let room = message.as_mut_slice().get_mut(filled..);
            let count = self.read_some(room.unwrap_or_default())?;
            filled += count;
            match frame(
                message.get(..filled).unwrap_or_default(),
                self.response_bytes_max,
            ) {
                Frame::Whole(whole) if whole == filled => {
                    message.truncate(whole);
                    return Ok(message);
                }
                Frame::Partial(whole) => {
                    let missing = whole.saturating_sub(message.len());
                    message.fill(0, missing);
                }
                Frame::Whole(_) | Frame::TooLarge(_) | Frame::Foreign => {
                    return Err(CallError::NotKmip);
                }
            }
        }
    }

    fn read_some(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.stream.read(into) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => return outcome,
            }
        }
    }
}

/// An item that calls an operation.
pub fn outgoing<O: Operation>(request: &O::Request, version: Version) -> OutgoingItem {
    let mut writer = Writer::new(version);
    request.write_fields(&mut writer);
    OutgoingItem {
        operation: O::CODE,
        payload: writer.into_bytes(),
    }
}

fn refused<P>(item: &ResponseItem<P>) -> CallError {
    CallError::Refused {
        reason: item.result_reason,
        message: item.result_message.clone(),
    }
}

/// The payload of an item that answers an operation.
pub fn incoming<O: Operation>(
    item: &ResponseItem<impl AsRef<[u8]>>,
    version: Version,
) -> Result<O::Response, CallError> {
    if item.result_status != ResultStatus::Success {
        return Err(refused(item));
    }
    if item
        .operation
        .is_some_and(|operation: OperationCode| operation != O::CODE)
    {
        return Err(CallError::NotKmip);
    }
    let payload = item.payload.as_ref().map_or(&[][..], AsRef::as_ref);
    Ok(O::Response::read_fields(Reader::new(
        payload,
        Tag::ResponsePayload,
        version,
    ))?)
}
