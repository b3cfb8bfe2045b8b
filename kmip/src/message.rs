//! Messages: headers, batch items, credentials; the version is read before anything else (KMIP 2.1 §8, §9).

use crate::{
    AsynchronousIndicator, AttestationType, BatchErrorContinuationOption, CredentialType,
    Ephemeral, OperationCode, Result, ResultReason, ResultStatus, Secret, Tag, Version,
    error::{DecodeError, DecodeErrorKind},
    ttlv::{
        Bytes, Field, Item, ItemType, Reader, Timestamp, Value, Writer, read_once, structure,
        structure_passes_over,
    },
};

structure! {
    /// Protocol Version (KMIP 2.1 §9.16).
    #[derive(Debug, Eq)]
    pub struct ProtocolVersion {
        /// The major part.
        protocol_version_major: i32 = ProtocolVersionMajor;
        /// The minor part.
        protocol_version_minor: i32 = ProtocolVersionMinor;
    }
}

impl From<Version> for ProtocolVersion {
    fn from(version: Version) -> Self {
        Self {
            protocol_version_major: version.major.into(),
            protocol_version_minor: version.minor.into(),
        }
    }
}

impl ProtocolVersion {
    /// The version, if this build speaks it.
    #[must_use]
    pub fn spoken(&self) -> Option<Version> {
        Version::SPOKEN
            .iter()
            .copied()
            .find(|version| Self::from(*version) == *self)
    }
}

structure! {
    /// Nonce (KMIP 2.1 §9.14).
    pub struct Nonce {
        /// Which nonce.
        nonce_id: Bytes = NonceID;
        /// The nonce.
        nonce_value: Bytes = NonceValue;
    }
}

structure! {
    /// Authentication (KMIP 2.1 §9.4).
    pub struct Authentication {
        /// The credentials, of which all must hold.
        credential: Vec<Credential> = Credential;
    }
}

/// Credential (KMIP 2.1 §9.10).
#[derive(Clone, PartialEq)]
pub enum Credential {
    /// Username and Password.
    UsernameAndPassword(UsernameAndPassword),
    /// A type that is not served: refused when it is used.
    NotServed(CredentialType),
}

structure! {
    /// The Username and Password Credential (KMIP 2.1 §9.10).
    pub struct UsernameAndPassword {
        /// The user.
        username: String = Username;
        /// The password.
        password: Option<Password> = Password;
    }
}

/// A password: a Text String that is kept as a secret.
#[derive(Clone, PartialEq)]
pub struct Password(pub Secret);

impl Value for Password {
    fn read(item: Item<'_>) -> Result<Self> {
        item.text().map(|text| Self(Secret::from(text.as_bytes())))
    }

    fn write(&self, tag: Tag, writer: &mut Writer) {
        writer.item(tag, ItemType::TextString, self.0.expose());
    }
}

impl Value for Credential {
    fn read(item: Item<'_>) -> Result<Self> {
        let mut reader = item.structure()?;
        let (mut credential_type, mut value) = (None, None);
        while let Some(inner) = reader.next_item()? {
            let accepted = match inner.tag {
                Tag::CredentialType => read_once(&mut credential_type, inner, Value::read),
                Tag::CredentialValue => read_once(&mut value, inner, Ok),
                _ => structure_passes_over(inner),
            };
            accepted.map_err(|error| error.within(item.tag))?;
        }
        let missing = |tag| DecodeError::at(tag, DecodeErrorKind::Missing).within(item.tag);
        let credential_type = credential_type.ok_or_else(|| missing(Tag::CredentialType))?;
        let value = value.ok_or_else(|| missing(Tag::CredentialValue))?;
        if credential_type == CredentialType::UsernameAndPassword {
            UsernameAndPassword::read(value).map(Self::UsernameAndPassword)
        } else {
            Ok(Self::NotServed(credential_type))
        }
    }

    fn write(&self, tag: Tag, writer: &mut Writer) {
        writer.structure(tag, |writer| match self {
            Self::UsernameAndPassword(value) => {
                CredentialType::UsernameAndPassword.write(Tag::CredentialType, writer);
                value.write(Tag::CredentialValue, writer);
            }
            Self::NotServed(credential_type) => credential_type.write(Tag::CredentialType, writer),
        });
    }
}

structure! {
    /// Message Extension (KMIP 2.1 §9.13).
    pub struct MessageExtension {
        /// Whose extension.
        vendor_identification: String = VendorIdentification;
        /// Whether a server that does not know it must refuse the item.
        criticality_indicator: bool = CriticalityIndicator;
        /// The extension's own fields.
        vendor_extension: crate::ttlv::AnyValue = VendorExtension;
    }
}

/// Asynchronous Indicator: a Boolean in 1.x, an enumeration in 2.x (KMIP 2.1 §9.2, KMIP 1.4 §6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asynchrony(pub AsynchronousIndicator);

impl Value for Asynchrony {
    fn read(item: Item<'_>) -> Result<Self> {
        if item.item_type == ItemType::Boolean {
            let indicator = if item.boolean()? {
                AsynchronousIndicator::Optional
            } else {
                AsynchronousIndicator::Prohibited
            };
            return Ok(Self(indicator));
        }
        AsynchronousIndicator::read(item).map(Self)
    }

    fn write(&self, tag: Tag, writer: &mut Writer) {
        if writer.version().is_2() {
            self.0.write(tag, writer);
        } else {
            writer.boolean(tag, self.0 != AsynchronousIndicator::Prohibited);
        }
    }
}

structure! {
    /// Request Header (KMIP 2.1 §8.2).
    pub struct RequestHeader {
        /// The version of the message.
        protocol_version: ProtocolVersion = ProtocolVersion;
        /// The longest response the client takes, in bytes.
        maximum_response_size: Option<i32> = MaximumResponseSize;
        /// The client's own mark for its log.
        client_correlation_value: Option<String> = ClientCorrelationValue since V1_4;
        /// The mark of an earlier response.
        server_correlation_value: Option<String> = ServerCorrelationValue since V1_4;
        /// Whether the server may answer later.
        asynchronous_indicator: Option<Asynchrony> = AsynchronousIndicator;
        /// Whether the client can attest.
        attestation_capable_indicator: Option<bool> = AttestationCapableIndicator since V1_2;
        /// How it can attest.
        attestation_type: Vec<AttestationType> = AttestationType since V1_2;
        /// Who asks, beside the certificate.
        authentication: Option<Authentication> = Authentication;
        /// What to do after an item failed.
        batch_error_continuation_option: Option<BatchErrorContinuationOption> = BatchErrorContinuationOption;
        /// Whether the items are to be done in their order.
        batch_order_option: Option<bool> = BatchOrderOption;
        /// The client's time.
        time_stamp: Option<Timestamp> = TimeStamp;
        /// How many items follow.
        batch_count: i32 = BatchCount;
    }
}

structure! {
    /// Response Header (KMIP 2.1 §8.3).
    pub struct ResponseHeader {
        /// The version of the message, the request's.
        protocol_version: ProtocolVersion = ProtocolVersion;
        /// The server's time.
        time_stamp: Timestamp = TimeStamp;
        /// A nonce for an attestation.
        nonce: Option<Nonce> = Nonce since V1_2;
        /// How the client may attest.
        attestation_type: Vec<AttestationType> = AttestationType since V1_2;
        /// The client's mark, repeated.
        client_correlation_value: Option<String> = ClientCorrelationValue since V1_4;
        /// The server's mark in its log.
        server_correlation_value: Option<String> = ServerCorrelationValue since V1_4;
        /// How many items follow.
        batch_count: i32 = BatchCount;
    }
}

/// A request borrowed from its bytes: payloads stay unread until a route reads them.
pub struct Request<'a> {
    /// The version spoken.
    pub version: Version,
    /// The header.
    pub header: RequestHeader,
    /// The items in their order.
    pub items: Vec<RequestItem<'a>>,
}

/// One operation of a request.
pub struct RequestItem<'a> {
    /// Which operation.
    pub operation: OperationCode,
    /// Whether the attributes that change are to be forgotten again (2.1).
    pub ephemeral: Option<Ephemeral>,
    /// The client's mark, echoed.
    pub unique_batch_item_id: Option<Bytes>,
    /// The operation's own fields, unread.
    pub payload: Reader<'a>,
    /// Extensions.
    pub message_extension: Vec<MessageExtension>,
}

/// Why a request cannot be served at all.
pub enum RequestError {
    /// The bytes are no request; the version is known when the header could be read so far.
    Unreadable(DecodeError, Option<Version>),
    /// The version is not spoken here.
    VersionNotSpoken(ProtocolVersion),
}

impl<'a> Request<'a> {
    /// Reads the envelope of a whole message, of at most `items_max` items.
    pub fn read(bytes: &'a [u8], items_max: usize) -> std::result::Result<Self, RequestError> {
        let unversioned = |error| RequestError::Unreadable(error, None);
        let wanted = protocol_version(bytes).map_err(unversioned)?;
        let version = wanted
            .spoken()
            .ok_or(RequestError::VersionNotSpoken(wanted))?;
        Self::read_as(bytes, version, items_max)
            .map_err(|error| RequestError::Unreadable(error, Some(version)))
    }

    /// Reads the envelope by the rules of a version, whatever its header says.
    pub fn read_as(bytes: &'a [u8], version: Version, items_max: usize) -> Result<Self> {
        let mut reader = message(bytes, Tag::RequestMessage, version)?;
        let (mut header, mut items) = (None, Vec::new());
        while let Some(item) = reader.next_item()? {
            match item.tag {
                Tag::RequestHeader => read_once(&mut header, item, RequestHeader::read)?,
                Tag::BatchItem if items.len() < items_max => items.push(RequestItem::read(item)?),
                Tag::BatchItem => return Err(item.error(DecodeErrorKind::TooMany)),
                _ => structure_passes_over(item)?,
            }
        }
        let header =
            header.ok_or_else(|| DecodeError::at(Tag::RequestHeader, DecodeErrorKind::Missing))?;
        if usize::try_from(header.batch_count).ok() != Some(items.len()) {
            let differs = DecodeErrorKind::ValueInvalid("must be the number of items that follow");
            return Err(DecodeError::at(Tag::BatchCount, differs));
        }
        Ok(Self {
            version,
            header,
            items,
        })
    }
}

impl<'a> RequestItem<'a> {
    fn read(item: Item<'a>) -> Result<Self> {
        let mut reader = item.structure()?;
        let (mut operation, mut id, mut payload) = (None, None, None);
        let (mut ephemeral, mut extensions) = (None, Vec::new());
        while let Some(inner) = reader.next_item()? {
            let accepted = match inner.tag {
                Tag::Operation => read_once(&mut operation, inner, Value::read),
                Tag::Ephemeral => read_once(&mut ephemeral, inner, Value::read),
                Tag::UniqueBatchItemID => read_once(&mut id, inner, Value::read),
                Tag::RequestPayload => read_once(&mut payload, inner, |inner| inner.structure()),
                Tag::MessageExtension => Vec::accept(&mut extensions, inner),
                _ => structure_passes_over(inner),
            };
            accepted.map_err(|error| error.within(item.tag))?;
        }
        let missing = |tag| DecodeError::at(tag, DecodeErrorKind::Missing).within(item.tag);
        Ok(Self {
            operation: operation.ok_or_else(|| missing(Tag::Operation))?,
            ephemeral,
            unique_batch_item_id: id,
            payload: payload.ok_or_else(|| missing(Tag::RequestPayload))?,
            message_extension: extensions,
        })
    }
}

/// One item of a response.
pub struct ResponseItem {
    /// The operation answered; absent only where the request could not be read so far.
    pub operation: Option<OperationCode>,
    /// The client's mark, echoed.
    pub unique_batch_item_id: Option<Bytes>,
    /// How it went.
    pub result_status: ResultStatus,
    /// Why it failed.
    pub result_reason: Option<ResultReason>,
    /// Why it failed, in words that are safe to show.
    pub result_message: Option<String>,
    /// The mark of a result that comes later.
    pub asynchronous_correlation_value: Option<Bytes>,
    /// The encoded items of the payload.
    pub payload: Option<zeroize::Zeroizing<Vec<u8>>>,
}

/// Encodes a whole response message.
#[must_use]
pub fn write_response(header: &ResponseHeader, items: &[ResponseItem], version: Version) -> Writer {
    let mut writer = Writer::new(version);
    writer.structure(Tag::ResponseMessage, |writer| {
        header.write(Tag::ResponseHeader, writer);
        for item in items {
            writer.structure(Tag::BatchItem, |writer| item.write_fields(writer));
        }
    });
    writer
}

impl ResponseItem {
    fn write_fields(&self, writer: &mut Writer) {
        self.operation.write_field(Tag::Operation, None, writer);
        self.unique_batch_item_id
            .write_field(Tag::UniqueBatchItemID, None, writer);
        self.result_status.write(Tag::ResultStatus, writer);
        self.result_reason
            .write_field(Tag::ResultReason, None, writer);
        self.result_message
            .write_field(Tag::ResultMessage, None, writer);
        self.asynchronous_correlation_value.write_field(
            Tag::AsynchronousCorrelationValue,
            None,
            writer,
        );
        if let Some(payload) = &self.payload {
            writer.structure(Tag::ResponsePayload, |writer| writer.encoded(payload));
        }
    }

    fn read(item: Item<'_>) -> Result<Self> {
        let (mut operation, mut id, mut status) = (None, None, None);
        let (mut reason, mut message, mut correlation, mut payload) = (None, None, None, None);
        let mut reader = item.structure()?;
        while let Some(inner) = reader.next_item()? {
            let accepted = match inner.tag {
                Tag::Operation => read_once(&mut operation, inner, Value::read),
                Tag::UniqueBatchItemID => read_once(&mut id, inner, Value::read),
                Tag::ResultStatus => read_once(&mut status, inner, Value::read),
                Tag::ResultReason => read_once(&mut reason, inner, Value::read),
                Tag::ResultMessage => read_once(&mut message, inner, Value::read),
                Tag::AsynchronousCorrelationValue => {
                    read_once(&mut correlation, inner, Value::read)
                }
                Tag::ResponsePayload => read_once(&mut payload, inner, |inner| {
                    Ok(inner.structure()?.rest().to_vec().into())
                }),
                Tag::MessageExtension => Ok(()),
                _ => structure_passes_over(inner),
            };
            accepted.map_err(|error| error.within(item.tag))?;
        }
        let missing =
            || DecodeError::at(Tag::ResultStatus, DecodeErrorKind::Missing).within(item.tag);
        Ok(Self {
            operation,
            unique_batch_item_id: id,
            result_status: status.ok_or_else(missing)?,
            result_reason: reason,
            result_message: message,
            asynchronous_correlation_value: correlation,
            payload,
        })
    }
}

/// A whole response, as a client reads it.
pub struct Response {
    /// The version it is in.
    pub version: Version,
    /// The header.
    pub header: ResponseHeader,
    /// The items.
    pub items: Vec<ResponseItem>,
}

impl Response {
    /// Reads a response message.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let wanted = protocol_version(bytes)?;
        let not_spoken = || {
            DecodeError::at(
                Tag::ProtocolVersion,
                DecodeErrorKind::ValueInvalid("is not a version spoken here"),
            )
        };
        let version = wanted.spoken().ok_or_else(not_spoken)?;
        let mut reader = message(bytes, Tag::ResponseMessage, version)?;
        let (mut header, mut items) = (None, Vec::new());
        while let Some(item) = reader.next_item()? {
            match item.tag {
                Tag::ResponseHeader => read_once(&mut header, item, ResponseHeader::read)?,
                Tag::BatchItem => items.push(ResponseItem::read(item)?),
                _ => structure_passes_over(item)?,
            }
        }
        let header =
            header.ok_or_else(|| DecodeError::at(Tag::ResponseHeader, DecodeErrorKind::Missing))?;
        Ok(Self {
            version,
            header,
            items,
        })
    }
}

/// One operation of a request that a client writes.
pub struct OutgoingItem {
    /// Which operation.
    pub operation: OperationCode,
    /// The encoded items of the payload.
    pub payload: zeroize::Zeroizing<Vec<u8>>,
}

/// Encodes a whole request message; items of a batch are marked by their position.
#[must_use]
pub fn write_request(header: &RequestHeader, items: &[OutgoingItem], version: Version) -> Writer {
    let mut writer = Writer::new(version);
    writer.structure(Tag::RequestMessage, |writer| {
        header.write(Tag::RequestHeader, writer);
        for (position, item) in items.iter().enumerate() {
            writer.structure(Tag::BatchItem, |writer| {
                item.operation.write(Tag::Operation, writer);
                if items.len() > 1 {
                    writer.byte_string(Tag::UniqueBatchItemID, &position.to_be_bytes());
                }
                writer.structure(Tag::RequestPayload, |writer| writer.encoded(&item.payload));
            });
        }
    });
    writer
}

/// The version that a message's header names, read before anything else and by no version's rules.
fn protocol_version(bytes: &[u8]) -> Result<ProtocolVersion> {
    let mut outer = Reader::new(bytes, Tag::RequestMessage, crate::V1_0);
    let whole = outer
        .next_item()?
        .ok_or_else(|| DecodeError::at(Tag::RequestMessage, DecodeErrorKind::Truncated))?;
    let is_header = |tag| matches!(tag, Tag::RequestHeader | Tag::ResponseHeader);
    let header = find(whole.structure()?, is_header)?;
    let missing = |tag| DecodeError::at(tag, DecodeErrorKind::Missing);
    let header = header.ok_or_else(|| missing(Tag::RequestHeader))?;
    let version = find(header.structure()?, |tag| tag == Tag::ProtocolVersion)?;
    ProtocolVersion::read(version.ok_or_else(|| missing(Tag::ProtocolVersion))?)
}

/// The first item whose tag is wanted.
fn find(mut reader: Reader<'_>, is_wanted: impl Fn(Tag) -> bool) -> Result<Option<Item<'_>>> {
    while let Some(item) = reader.next_item()? {
        if is_wanted(item.tag) {
            return Ok(Some(item));
        }
    }
    Ok(None)
}

/// The items of the one message that the bytes hold, and nothing behind it.
fn message(bytes: &[u8], tag: Tag, version: Version) -> Result<Reader<'_>> {
    let mut outer = Reader::new(bytes, tag, version);
    let whole = outer
        .next_item()?
        .ok_or_else(|| DecodeError::at(tag, DecodeErrorKind::Truncated))?;
    if whole.tag != tag || !outer.is_empty() {
        return Err(whole.error(DecodeErrorKind::Unexpected));
    }
    whole.structure()
}
