//! Headers of requests and responses (KMIP 2.1 §8, §9).

use super::{Authentication, ProtocolVersion};
use crate::{
    AsynchronousIndicator, AttestationType, BatchErrorContinuationOption, Result, Secret, Tag,
    Version,
    ttlv::{AnyValue, Bytes, Item, ItemType, Timestamp, Value, Writer, structure},
};

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
    /// Message Extension (KMIP 2.1 §9.13).
    pub struct MessageExtension {
        /// Whose extension.
        vendor_identification: String = VendorIdentification;
        /// Whether a server that does not know it must refuse the item.
        criticality_indicator: bool = CriticalityIndicator;
        /// The extension's own fields.
        vendor_extension: AnyValue = VendorExtension;
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
    /// Request Header (KMIP 2.1 §8.2). In 3.0 nothing says how many items follow.
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
        batch_order_option: Option<bool> = BatchOrderOption until V3_0;
        /// The client's time.
        time_stamp: Option<Timestamp> = TimeStamp;
        /// How many items follow.
        batch_count: i32 = BatchCount until V3_0;
    }
}

impl RequestHeader {
    /// A header that says nothing but what it must: the version, how many items follow, and that their order counts.
    #[must_use]
    pub fn plain(version: Version, items: usize) -> Self {
        Self {
            protocol_version: version.into(),
            maximum_response_size: None,
            client_correlation_value: None,
            server_correlation_value: None,
            asynchronous_indicator: None,
            attestation_capable_indicator: None,
            attestation_type: Vec::new(),
            authentication: None,
            batch_error_continuation_option: None,
            batch_order_option: (items > 1).then_some(true),
            time_stamp: None,
            batch_count: i32::try_from(items).unwrap_or(i32::MAX),
        }
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
        nonce: Option<Box<Nonce>> = Nonce since V1_2;
        /// The proof of the server to a client that hashed its password.
        server_hashed_password: Option<Secret> = ServerHashedPassword since V2_0;
        /// How the client may attest.
        attestation_type: Vec<AttestationType> = AttestationType since V1_2;
        /// The client's mark, repeated.
        client_correlation_value: Option<String> = ClientCorrelationValue since V1_4;
        /// The server's mark in its log.
        server_correlation_value: Option<String> = ServerCorrelationValue since V1_4;
        /// How many items follow.
        batch_count: i32 = BatchCount until V3_0;
    }
}

impl ResponseHeader {
    /// A header that says nothing but what it must: the version, the server's time, and how many items follow.
    #[must_use]
    pub fn plain(version: Version, now: Timestamp, items: usize) -> Self {
        Self {
            protocol_version: version.into(),
            time_stamp: now,
            nonce: None,
            server_hashed_password: None,
            attestation_type: Vec::new(),
            client_correlation_value: None,
            server_correlation_value: None,
            batch_count: i32::try_from(items).unwrap_or(i32::MAX),
        }
    }
}
