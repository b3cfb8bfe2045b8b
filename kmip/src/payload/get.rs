//! Get (KMIP 2.1 §6.1.19).

use super::operation;
use crate::{
    KeyCompressionType, KeyFormatType, KeyWrapType, ObjectType,
    attribute::UniqueIdentifier,
    object::{KeyWrappingSpecification, ManagedObject},
    ttlv::structure,
};

operation! {
    /// Get: an object's value.
    Get since V1_0: GetRequest -> GetResponse;
}

structure! {
    /// Get, request.
    #[derive(Default)]
    pub struct GetRequest {
        /// The object; the placeholder when absent.
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        /// In which format.
        key_format_type: Option<KeyFormatType> = KeyFormatType;
        /// Wrapped as registered, or not.
        key_wrap_type: Option<KeyWrapType> = KeyWrapType since V1_4;
        /// How to compress a point.
        key_compression_type: Option<KeyCompressionType> = KeyCompressionType;
        /// How to wrap the key.
        key_wrapping_specification: Option<KeyWrappingSpecification> = KeyWrappingSpecification;
    }
}

structure! {
    /// Get, response.
    pub struct GetResponse {
        /// What it is.
        object_type: ObjectType = ObjectType;
        /// The object.
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        /// Its value, under the tag of its own kind.
        object: ManagedObject = SymmetricKey;
    }
}
